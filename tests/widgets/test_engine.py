"""Sam in the page equals PyTorch: the same spikes, scores and text from the same int8 weights.

Both sides compute in double precision. There a sum of `scale · q` has no rounding error, whatever
its order, and the rest differs in the sixteenth digit, so no membrane falls on the other side of
its threshold, whatever the prompt; in float32 some would.
"""

import base64
import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from engine_host import EngineError, NodeHost, PageHost, module
from project import ROOT
from torch import nn

from realsam_edu import checkpoint
from realsam_edu.generation import browser
from realsam_edu.generation.generate import WINDOW, generate, opening, read_prompt
from realsam_edu.inside import energy
from realsam_edu.model.environment import Environment, set_stress, update_stress
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.model.v3 import V3, V3Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.model.wiring import SCORES, Synapses, wiring
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import CharTokenizer
from realsam_edu.training.evaluate import evaluate

CLOSE = 1e-3  # logits, at every step; what is asked for
PROMPTS = {
    "v1": ["ROMEO:", "First Citizen:\nBefore we proceed", "O"],
    "v4": [
        "Once upon a time, there was a little dog. One day,",
        "Tim and Sue went to the park. They saw a big red",
        "",
    ],
}


@cache
def loaded(version: str) -> checkpoint.Checkpoint:
    return checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")


@cache
def packed(version: str) -> bytes:
    return browser.pack(*vars(loaded(version)).values())


@cache
def dequantised(version: str) -> torch.nn.Module:
    return browser.dequantised(loaded(version).model).double()


@pytest.fixture(scope="module")
def in_node(node, tmp_path_factory):
    host = NodeHost(node, tmp_path_factory.mktemp("engine"))
    yield host
    host.close()


@pytest.fixture(scope="module")
def in_page(chromium):
    host = PageHost(chromium)
    yield host
    host.close()


@pytest.fixture(scope="module", params=["in_node", "in_page"])
def engine(request):
    """The engine in node, then in Chromium."""
    return request.getfixturevalue(request.param)


@torch.no_grad()
def walk(model, tokenizer, prompt: str, n: int, held=None, forced=None) -> dict:
    """Read a prompt, then take the likeliest token `n` times, without end, as PyTorch does it."""
    state = model.zero_state(1) if held is None else set_stress(model.zero_state(1), held)
    noted = {"scores": [], "spikes": [], "stress": [], "tokens": []}
    logits, state = read_prompt(model, opening(tokenizer, prompt)[None], state)
    feels = isinstance(state[-1], Environment) and held is None
    state = state if held is None else set_stress(state, held)
    for k in range(n + 1):
        noted["scores"].append(logits[0])
        noted["spikes"].append(torch.cat([part.spk[0] for part in state if hasattr(part, "spk")]))
        noted["stress"].append(state[-1].stress.item() if hasattr(state[-1], "stress") else 0.0)
        if k == n:
            break
        token = logits.argmax(-1) if forced is None else torch.tensor([forced[k]])
        noted["tokens"].append(int(token))
        if feels:
            vocab = logits.shape[-1]
            state = update_stress(state, F.cross_entropy(logits, token), 1, vocab)
        logits, state = model.step(token, state)
    return noted | {name: torch.stack(noted[name]).numpy() for name in ("scores", "spikes")}


wanted = cache(lambda version, *rest: walk(dequantised(version), loaded(version).tokenizer, *rest))


def unpacked(text: str, dtype, width: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype).reshape(-1, width)


def assert_equal(said: dict, want: dict) -> float:
    """Same tokens, same spikes, same stress, same scores; return how far apart these are."""
    scores = unpacked(said["scores"], np.float64, want["scores"].shape[1])
    spikes = unpacked(said["spikes"], np.uint8, want["spikes"].shape[1])
    apart = np.abs(scores - want["scores"]).max(1)
    assert (apart < CLOSE).all(), f"scores differ by {apart.max()} from step {apart.argmax()} on"
    assert said["tokens"] == want["tokens"]
    assert np.array_equal(spikes, want["spikes"])
    assert np.allclose(said["stress"], want["stress"], atol=1e-12, rtol=0)
    return apart.max()


# ------------------------------------------------------------------ the same Sam


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize(("version", "held"), [("v1", None), ("v4", None), ("v4", 0.3)])
def test_500_tokens_are_those_of_pytorch(in_node, version, held, which):
    prompt = PROMPTS[version][which]
    in_node.open(packed(version))
    said = in_node("walk", prompt=prompt, n=500, held=held)
    assert assert_equal(said, wanted(version, prompt, 500, held)) < 1e-9
    if held is not None:
        assert set(said["stress"]) == {held}
    elif version == "v4":
        assert said["stress"][0] > said["stress"][-1] > 0


@pytest.mark.browser
@pytest.mark.parametrize(("version", "held"), [("v1", None), ("v4", None), ("v4", 0.3)])
def test_500_tokens_are_those_of_pytorch_in_chromium(in_page, version, held):
    prompt = PROMPTS[version][0]
    in_page.open(packed(version))
    said = in_page("walk", prompt=prompt, n=500, held=held)
    assert assert_equal(said, wanted(version, prompt, 500, held)) < 1e-9


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_60_tokens_of_the_other_versions(in_node, version):
    prompt = PROMPTS["v4"][0]
    in_node.open(packed(version))
    assert_equal(in_node("walk", prompt=prompt, n=60), wanted(version, prompt, 60))


def test_the_text_is_what_python_writes(engine):
    """`generate` with the same weights, to the end of the text that Sam decides on."""
    prompt, tokenizer = PROMPTS["v4"][0], loaded("v4").tokenizer
    engine.open(packed("v4"))
    drawn = engine("write", prompt=prompt, n=80, temperature=0)
    ends = [*(step["ended"] for step in drawn), True].index(True)
    written = "".join(step["text"] for step in drawn[:ends])
    assert written == generate(dequantised("v4"), tokenizer, prompt, 80, temperature=0)
    assert ends > 5 and all(0 < step["probability"] <= 1 for step in drawn)


def test_how_a_prompt_is_read_does_not_matter(engine):
    engine.open(packed("v4"))
    prompt = PROMPTS["v4"][0] * 60  # more than a window of tokens
    at_once, slowly = (engine("write", prompt=prompt, n=20, pieces=p, seed=3) for p in (None, 7))
    assert at_once == slowly
    assert engine("write", prompt=prompt, n=20, seed=4) != at_once


def test_a_long_prompt_is_felt_in_the_same_windows(in_node):
    prompt = PROMPTS["v4"][0] * 45
    assert len(opening(loaded("v4").tokenizer, prompt)) > 2 * WINDOW + 5
    in_node.open(packed("v4"))
    assert_equal(in_node("walk", prompt=prompt, n=5), wanted("v4", prompt, 5))


# ------------------------------------------------------------------ any wiring


class Tomorrow(V4):
    """A version that nobody has written yet: its last spikes also speak for themselves."""

    def __init__(self, config):
        super().__init__(config)
        self.direct = nn.Linear(config.hidden, config.vocab, bias=False)

    def forward(self, tokens, targets=None, state=None):  # a token at a time
        out = super().forward(tokens, targets, state)
        return out._replace(logits=out.logits + self.direct(out.state[-2].spk)[:, None])

    def wiring(self):
        wired = self.describe(self.diversity)
        first, *rest, last = wired.populations
        said = (*last.synapses, Synapses(SCORES, self.direct.weight))
        ends = replace(first, diversity=None), replace(last, synapses=said)
        return replace(wired, populations=(ends[0], *rest, ends[1]))


LETTERS = CharTokenizer("abcdefghijklmnopq")
SIZES = {"vocab": 17, "embed": 13, "hidden": 21, "depth": 3}


def small(version=V4, config=V4Config, **changes):
    """Return a small model whose norms, biases and thresholds are not all alike."""
    seed_all(1)
    depth = {} if version is V1 else {"depth": 3}
    sizes = {name: SIZES[name] for name in ("vocab", "embed", "hidden")} | depth | changes
    model = version(config(**sizes)).eval()
    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            if "norm" in name or "bias" in name or name.endswith("thr"):
                value.add_(0.2 * torch.rand_like(value))
    return model


@pytest.mark.parametrize(
    ("version", "config", "changes"),
    [
        (V1, V1Config, {}),
        (V2, V2Config, {}),
        (V3, V3Config, {"hidden": 9, "embed": 31}),
        (V4, V4Config, {}),
        (V4, V4Config, {"stress": False}),
        (Tomorrow, V4Config, {}),
    ],
)
def test_any_wiring_spikes_the_same(in_node, version, config, changes):
    model = small(version, config, **changes)
    if version is Tomorrow:
        model.diversity[0] = 0.0  # the first block hears no stress, and the wiring says so
    in_node.open(browser.pack(model, LETTERS, {}))
    said = in_node("walk", prompt="d", n=200)
    want = walk(browser.dequantised(model).double(), LETTERS, "d", 200)
    assert_equal(said, want)
    assert 0.01 < want["spikes"].mean() < 0.7


def test_what_a_page_is_told(engine):
    for version in ("v1", "v4"):
        said, wired = engine.open(packed(version)), wiring(dequantised(version))
        assert said["name"] == version and said["held"] is None
        assert said["feels"] == (version == "v4") and said["stress"] == float(said["feels"])
        card = loaded(version).card
        val = card["results"]["val"]["nats_per_token"]
        assert said["card"]["val_nats_per_token"] == val
        assert said["card"]["parameters"] == card["parameters"]
        assert said["card"]["corpus"] == card["corpus"]["name"]
        assert said["card"]["tokenizer"]["vocab"] == len(wired.table)
        assert [part["name"] for part in said["populations"]] == [p.name for p in wired.populations]
        assert said["sizes"] == energy.sizes(dequantised(version))


# ------------------------------------------------------------------ surgery, state, loss


@pytest.mark.parametrize("held", [None, 0.5])
def test_a_saved_state_goes_on_to_the_identical_scores(engine, held):
    engine.open(packed("v4"))
    first, second = engine("saved", prompt=PROMPTS["v4"][0], n=30, held=held)
    assert first == second and len({row[0] for row in first}) > 5


def test_a_state_does_not_grow(in_node):
    in_node.open(packed("v1"))
    in_node("write", prompt="A", n=10)
    short = in_node("sizeOfState")
    in_node("write", prompt="A" * 500, n=500)
    assert in_node("sizeOfState") < 1.1 * short


def test_the_state_of_another_model_is_refused(in_node):
    model = small()
    in_node.open(browser.pack(model, LETTERS, {}))
    layers = [{"mem": [0] * 21, "fired": [0] * 21}] * 3
    state = {"name": "v1", "layers": layers, "stress": 0, "held": None, "scores": [0] * 17}
    with pytest.raises(EngineError, match="saved by another Sam"):
        in_node("restore", state=state)
    with pytest.raises(EngineError, match="saved by another Sam"):
        in_node("restore", state=state | {"name": "v4", "layers": layers[:2]})
    in_node("restore", state=state | {"name": "v4"})


@torch.no_grad()
def operated(model, clamps):
    """A model that holds some neurons: under a threshold that is out of reach either way."""
    model = copy.deepcopy(model)
    for layer, neurons, value in clamps:
        lif = wiring(model).populations[layer].lif
        lif.thr[neurons] = -1e6 if value else 1e6
    return model


@pytest.mark.parametrize(
    "clamps",
    [
        [(0, 5, 1), (0, 6, 0), (2, 100, 1), (5, 7, 0)],
        [(3, None, 0)],
        [(1, None, 1), (2, None, 0), (2, 9, 1)],
    ],
)
def test_held_neurons_are_held_and_the_rest_answers_as_in_pytorch(in_node, clamps):
    """All of a layer may fire at once, and the sums of bytes are still exact."""
    in_node.open(packed("v4"))
    prompt, free = PROMPTS["v4"][1], wanted("v4", PROMPTS["v4"][1], 60)
    surgeon = [(layer, slice(None) if n is None else n, v) for layer, n, v in clamps]
    model = operated(dequantised("v4"), surgeon)
    want = walk(model, loaded("v4").tokenizer, prompt, 60, None, free["tokens"])
    said = in_node("walk", prompt=prompt, n=60, forced=free["tokens"], clamps=clamps)
    assert_equal(said, want)
    spikes = unpacked(said["spikes"], np.uint8, 3072).reshape(-1, 6, 512)
    for layer, neurons, value in surgeon[:2] if len(clamps) == 4 else surgeon[-1:]:
        assert (spikes[:, layer, neurons] == value).all()
    assert np.abs(want["scores"] - free["scores"]).max() > 0.01
    again = in_node("walk", prompt=prompt, n=60, forced=free["tokens"])
    assert_equal(again, free)  # freed, he is the one he was


def test_the_loss_is_that_of_evaluate(engine):
    for version in ("v1", "v4"):
        said = engine.open(packed(version))
        tokens = torch.tensor(said["heldOut"])
        assert torch.equal(tokens, browser.held_out(loaded(version).tokenizer))
        assert 200 <= len(tokens) <= 401
        want = evaluate(dequantised(version), tokens)["nats_per_token"]
        answer = engine("loss")
        assert answer["nats"] == pytest.approx(want, abs=1e-9) and answer["kept"]
    held = engine("loss", held=0.0)
    assert abs(held["nats"] - want) > 1e-4 and held["kept"]
    few = torch.arange(3, 73)
    want = evaluate(dequantised("v4"), few)["nats_per_token"]
    assert engine("loss", tokens=few.tolist())["nats"] == pytest.approx(want, abs=1e-9)


def test_the_held_out_play_was_not_learnt_from():
    corpus, _ = browser.HELD_OUT["characters"]
    path = ROOT / "data" / "cache" / "tinyshakespeare.txt"
    assert corpus == "shakespeare" and loaded("v1").card["corpus"]["name"] == "tiny_shakespeare"
    text = loaded("v1").tokenizer.decode(browser.held_out(loaded("v1").tokenizer))
    assert text.startswith("ORLANDO:")  # As You Like It is none of the plays of Tiny Shakespeare
    if path.exists():
        assert "ORLANDO:" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("token", "no token 17"),
        ("half", "no token 0.5"),
        ("layer", "no layer 99"),
        ("neuron", "no neuron 1000000; its neurons are 0 to 20"),
        ("value", "cannot be held at 2"),
        ("held", "Stress is 2"),
        ("nan", "Stress is NaN"),
        ("empty", "prompt is empty"),
    ],
)
def test_misuse_is_told(in_node, code, words):
    in_node.open(browser.pack(small(), LETTERS, {}))
    with pytest.raises(EngineError, match=words):
        in_node("misuse", code=code)


def test_stress_is_for_those_who_feel_it(in_node):
    in_node.open(browser.pack(small(V2, V2Config), LETTERS, {}))
    with pytest.raises(EngineError, match="Only V4"):
        in_node("write", prompt="a", n=1, held=0.5)


# ------------------------------------------------------------------ files that are no good


def resealed(data: bytes, at: int, value: bytes) -> bytes:
    changed = bytearray(data)
    changed[at : at + len(value)] = value
    return bytes(changed)


def test_a_file_that_is_no_good_is_refused_in_a_sentence(engine):
    good = browser.pack(small(), LETTERS, {})
    engine.open(good, shift=3)  # wherever it lies in memory
    foreign = "not a Sam"
    wrong = [
        (b"", foreign),
        (b"{}", foreign),
        (b"<!doctype html><title>404</title>" * 9, foreign),
        (good[:5], "cut short"),
        (good[:20], "cut short"),
        (good[:-1], f"{len(good) - 1} of {len(good)} bytes"),
        (good[: len(good) // 2], "cut short"),
        (good + b"\0", "damaged"),
        (resealed(good, 8, b"\2"), "format 2 and this page reads 1"),
        *(
            (resealed(good, at, bytes([good[at] ^ 64])), "damaged")
            for at in (21, 40, len(good) - 1)
        ),
    ]
    for data, words in wrong:
        with pytest.raises(EngineError, match=words):
            engine.open(data)


def test_what_cannot_be_packed():
    class Mine(V2):
        pass

    with pytest.raises(RealSamError, match="does not say how it is wired"):
        browser.pack(Mine(V2Config(vocab=17)), LETTERS, {})
    with pytest.raises(RealSamError, match="has 3 tokens and the model 17"):
        browser.pack(small(), CharTokenizer("abc"), {})
    model = small()
    with torch.no_grad():
        model.projection.weight[0, 0] = torch.nan
    for sent in (lambda: browser.pack(model, LETTERS, {}), lambda: browser.dequantised(model)):
        with pytest.raises(RealSamError, match="no numbers"):
            sent()
    with pytest.raises(RealSamError, match="none of the characters"):
        browser.pack(small(), CharTokenizer("0123456789+=/*%#@"), {})


# ------------------------------------------------------------------ bytes for weights


def test_bytes_and_scales():
    weight = torch.randn(7, 30) * torch.logspace(-6, 3, 7)[:, None]
    weight[3] = 0
    q, scale = browser.quantise(weight)
    assert q.dtype == np.int8 and scale.dtype == np.float32 and (scale > 0).all()
    back = q.astype(np.float64) * scale[:, None].astype(np.float64)
    assert (np.abs(back - weight.double().numpy()) <= 0.501 * scale[:, None]).all()
    assert np.array_equal(back, back.astype(np.float32))  # no digit is lost in float32
    assert np.abs(q).max(1).tolist() == [127, 127, 127, 0, 127, 127, 127]


def test_the_encoder_fires_as_before():
    for version in ("v1", "v4"):
        before, after = (wiring(m).table for m in (loaded(version).model, dequantised(version)))
        assert torch.equal(before > 0, after > 0)
        plain, _ = browser.quantise(before)
        assert not np.array_equal(plain > 0, (before > 0).numpy())  # rounding alone loses some


def test_the_file_is_as_small_as_it_may_be():
    for version, most in (("v1", 1.2e6), ("v4", 6.6e6)):
        assert loaded(version).card["parameters"] < len(packed(version)) < most


# ------------------------------------------------------------------ the tests can fail


PLANTED = {
    "no reset": ("- reset;", ";"),
    "fires at the threshold, late": ("+(mem[i] > thr[i])", "+(mem[i] > 1.05 * thr[i])"),
    "no recurrence": ("+ added[i] * scale[i] -", "-"),
    "no gate": ("if (bias) caused /=", "if (false) caused /="),
    "deaf to stress": ("1 + stress * diversity[i]", "1"),
    "feels too fast": (
        "-tokens / this.environment.memory",
        "-2 * tokens / this.environment.memory",
    ),
    "forgets the window": ("if (t) sam.feel(this.nats / t, t + 1);", ""),
    "a spike is lost": ("for (; k < count; k++)", "for (; k + 1 < count; k++)"),
    "no bias": ("this.said.set(this.bias);", "this.said.fill(0);"),
    "another epsilon": ("spread / n + this.eps", "spread / n + 0.01"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(node, tmp_path, fault):
    before, after = PLANTED[fault]
    code = module()
    assert code.count(before) == 1, before
    host = NodeHost(node, tmp_path, code.replace(before, after))
    try:
        model = small()
        host.open(browser.pack(model, LETTERS, {}))
        said = host("walk", prompt="daddcab", n=60)
        want = walk(browser.dequantised(model).double(), LETTERS, "daddcab", 60)
        with pytest.raises(AssertionError):
            assert_equal(said, want)
    finally:
        host.close()
