"""The event-driven step against the dense one: same spikes, same scores, same text, no memory."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from project import ROOT
from torch import nn
from torch.profiler import profile

from realsam_edu import checkpoint
from realsam_edu.generation.event_step import EventStep, runs_event_driven
from realsam_edu.model.environment import set_stress, update_stress
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.model.v3 import V3, V3Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.model.wiring import SCORES, Synapses
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all

SIZES = {"vocab": 17, "embed": 12, "hidden": 20}
TIE = 1e-4  # membranes nearer to their threshold than this may fall on either side in float32
VERSIONS = ("v1", "v2", "v3", "v4")
each_version = pytest.mark.parametrize("version", VERSIONS)


def small(version: str, **changes):
    """Return a small model in float64 with thresholds and norms that are not all alike."""
    classes = {"v1": (V1, V1Config), "v2": (V2, V2Config), "v3": (V3, V3Config)}
    model_class, config = classes.get(version, (V4, V4Config))
    seed_all(0)
    depth = {} if version == "v1" else {"depth": 3}
    model = model_class(config(**SIZES | depth | changes)).double().eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "norm" in name or "bias" in name:
                value.add_(0.1 * torch.randn_like(value))
        for name, thr in model.named_buffers():
            if name.endswith("thr"):
                thr.add_(0.2 * torch.rand_like(thr))
    return model


@pytest.fixture(scope="module")
def trained():
    """Return the committed models, each loaded once."""
    folder = ROOT / "data" / "checkpoints"
    return {v: checkpoint.load(folder / f"{v}.safetensors").model for v in VERSIONS}


def tokens(n: int, vocab: int = 17) -> list[int]:
    return torch.randint(vocab, (n,), generator=torch.Generator().manual_seed(3)).tolist()


def populations(state: tuple) -> list[LIFState]:
    return [part for part in state if isinstance(part, LIFState)]


@torch.no_grad()
def assert_equal_walk(model, n: int, state=None, atol: float = 1e-9) -> float:
    """Walk both steps through a text drawn from the model, feeling; return the mean rate."""
    state = state or model.zero_state(1)
    events, vocab, token, rates = EventStep(model), model.config.vocab, 5, []
    events.load(state)
    rng = torch.Generator().manual_seed(0)
    for _ in range(n):
        dense, state = model.step(torch.tensor([token]), state)
        torch.testing.assert_close(events.step(token), dense[0], atol=atol, rtol=0)
        for mine, his in zip(populations(events.state), populations(state), strict=True):
            assert torch.equal(mine.spk, his.spk)
            torch.testing.assert_close(mine.mem, his.mem, atol=atol, rtol=0)
            rates.append(his.spk.mean())
        token = int(torch.multinomial(dense[0].softmax(-1), 1, generator=rng))
        surprise = -dense[0].log_softmax(-1)[token]
        state = update_stress(state, surprise, 1, vocab)
        events.update_stress(surprise)
        for mine, his in zip(events.state, state, strict=True):
            assert type(mine) is type(his)
            torch.testing.assert_close(mine[-1], his[-1], atol=atol, rtol=0)
    return float(torch.stack(rates).mean())


@each_version
def test_a_trained_model_in_float64_spikes_the_same(trained, version):
    rate = assert_equal_walk(copy.deepcopy(trained[version]).double(), 300)
    assert 0.03 < rate < 0.3


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        ("v1", {}),
        ("v2", {"depth": 1}),
        ("v3", {}),
        ("v4", {}),
        ("v4", {"stress": False}),
        ("v4", {"diversity": 0.0}),
        ("v4", {"hidden": 9, "embed": 31}),
    ],
)
def test_any_small_model_spikes_the_same(version, changes):
    assert 0.01 < assert_equal_walk(small(version, **changes), 300) < 0.6


class Tomorrow(V4):
    """A version that nobody has written yet: its last spikes also speak for themselves."""

    def __init__(self, config):
        super().__init__(config)
        self.direct = nn.Linear(config.hidden, config.vocab, bias=False)

    def step(self, token, state):
        logits, state = super().step(token, state)
        return logits + self.direct(state[-2].spk), state

    def wiring(self):
        wired = self.describe(self.diversity)
        first, *rest, last = wired.populations
        said = (*last.synapses, Synapses(SCORES, self.direct.weight))
        ends = replace(first, diversity=None), replace(last, synapses=said)
        return replace(wired, populations=(ends[0], *rest, ends[1]))


def test_a_version_of_tomorrow_needs_nothing_but_its_wiring():
    seed_all(0)
    model = Tomorrow(V4Config(**SIZES, depth=3)).double().eval()
    model.diversity[0] = 0.0  # the first block hears no stress, and the wiring says so
    assert_equal_walk(model, 100)
    with torch.no_grad():
        model.direct.weight.mul_(2)
    assert_equal_walk(model, 20)


@pytest.mark.parametrize("stress", [0.0, 0.4])
def test_a_held_stress_is_heard(stress):
    model = small("v4")
    assert_equal_walk(model, 50, set_stress(model.zero_state(1), stress))


@each_version
@torch.no_grad()
def test_float32_differs_at_ties_only(trained, version):
    """Both steps start from the same state each time, so that a tie does not echo."""
    model = trained[version]
    events, state, ties = EventStep(model), model.zero_state(1), 0
    text = tokens(300, model.config.vocab)
    for token in text:
        events.load(state)
        dense, state = model.step(torch.tensor([token]), state)
        scores = events.step(token)
        layers = zip(populations(events.state), populations(state), _thresholds(model), strict=True)
        for mine, his, thr in layers:
            split = mine.spk != his.spk
            if split.any():  # what follows in this step has other inputs
                assert (his.mem[0] - thr)[split[0]].abs().max() < TIE
                ties += 1
                break
            torch.testing.assert_close(mine.mem, his.mem, atol=TIE, rtol=0)
        else:
            torch.testing.assert_close(scores, dense[0], atol=1e-3, rtol=0)
    assert ties <= 0.02 * len(text)


def _thresholds(model) -> list[torch.Tensor]:
    return [thr for name, thr in model.named_buffers() if name.endswith("thr")]


@each_version
def test_a_state_taken_out_and_put_back_goes_on_the_same(version):
    model = small(version)
    first, second, text = EventStep(model), EventStep(model), tokens(80)
    for token in text[:40]:
        first.step(token)
    saved = first.state
    copied = [[value.clone() for value in part] for part in saved]
    second.load(saved)
    for token in text[40:]:
        assert torch.equal(first.step(token), second.step(token))
    for part, before in zip(saved, copied, strict=True):  # stepping on left it alone
        assert all(map(torch.equal, part, before))


@each_version
@torch.no_grad()
def test_the_dense_model_goes_on_from_its_state(version):
    model, text = small(version), tokens(80)
    events, state = EventStep(model), model.zero_state(1)
    for token in text[:40]:
        events.step(token)
        _, state = model.step(torch.tensor([token]), state)
    handed = events.state
    for token in text[40:]:
        wanted, state = model.step(torch.tensor([token]), state)
        scores, handed = model.step(torch.tensor([token]), handed)
        torch.testing.assert_close(scores, wanted, atol=1e-9, rtol=0)


@torch.no_grad()
def test_thresholds_that_moved_after_the_state_was_taken():
    """Then the last spikes and the pending resets are not the same neurons."""
    model = small("v3")
    _, state = model.step(torch.tensor([1]), model.zero_state(1))
    for block in model.blocks:
        block.lif.thr = block.lif.thr + 0.5 * torch.randn_like(block.lif.thr)
    due = [
        (part.mem[0] > thr).double() for part, thr in zip(state, _thresholds(model), strict=True)
    ]
    assert any(not torch.equal(part.spk[0], d) for part, d in zip(state, due, strict=True))
    assert_equal_walk(model, 100, state)


@each_version
@torch.no_grad()
def test_a_changed_weight_counts_once_it_is_rebuilt(version):
    model = small(version)
    events, before = EventStep(model), EventStep(model)
    wanted = [before.step(token).clone() for token in tokens(20)]
    for value in (*model.parameters(), *model.buffers()):
        value.mul_(1.1)
    for token, scores in zip(tokens(20), wanted, strict=True):
        assert torch.equal(events.step(token), scores)
    assert_equal_walk(model, 20)
    assert not torch.allclose(EventStep(model).step(tokens(1)[0]), wanted[0])


@each_version
def test_half_precision_is_widened(version):
    half = small(version).to(torch.bfloat16)
    events, wide = EventStep(half), EventStep(copy.deepcopy(half).float())
    for token in tokens(20):
        assert torch.equal(events.step(token), wide.step(token))
    events.load(half.zero_state(1))
    assert events.step(3).dtype == torch.float32
    assert half.readout.bias.dtype == torch.bfloat16


def allocations(action, folder) -> int:
    """Count the tensor memory that `action` asks for, one by one; what is given back counts too."""
    with profile(profile_memory=True) as record:
        action()
    record.export_chrome_trace(str(folder / "trace.json"))
    moments = json.loads((folder / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    return sum(e.get("name") == "[memory]" and e["args"]["Bytes"] > 0 for e in moments)


@pytest.mark.parametrize("threads", [1, 2])
@each_version
def test_a_step_allocates_no_tensor_memory(trained, version, threads, tmp_path):
    model, before = trained[version], torch.get_num_threads()
    events, text = EventStep(model), tokens(60, model.config.vocab)
    torch.set_num_threads(threads)
    try:
        assert allocations(lambda: [events.step(token) for token in text], tmp_path) == 0
        assert allocations(lambda: torch.zeros(3) + torch.zeros(3), tmp_path) == 3  # it can count
    finally:
        torch.set_num_threads(before)


def test_the_scores_stand_in_one_buffer():
    events = EventStep(small("v4"))
    places = {events.step(token).data_ptr() for token in tokens(5)}
    assert len(places) == 1 and events.step(0).shape == (17,)


@each_version
def test_silence_is_possible(version):
    model = small(version)
    for name, thr in model.named_buffers():
        if name.endswith("thr"):
            thr.fill_(1e3)
    events = EventStep(model)
    events.step(2)
    assert all(part.spk.sum() == 0 for part in populations(events.state))
    assert_equal_walk(model, 5)


def test_what_it_does_not_run():
    class Mine(V2):
        pass

    model = Mine(V2Config(**SIZES))
    assert not runs_event_driven(model)
    assert not runs_event_driven(small("v1").to("meta"))
    with pytest.raises(RealSamError, match=r"model\.step"):
        EventStep(model)
    with pytest.raises(RealSamError, match="3 texts"):
        EventStep(small("v1")).load(small("v1").zero_state(3))
