"""Writing: sampling, steppers, stress while reading and writing."""

import sys
from itertools import islice

import pytest
import torch
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.generation.event_step import EventStep
from realsam_edu.generation.generate import (
    DenseStep,
    generate,
    read_prompt,
    stepper,
    stream,
    write,
)
from realsam_edu.model import environment
from realsam_edu.model.environment import set_stress, update_stress
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import BPETokenizer, CharTokenizer

CHARS = CharTokenizer("abcdefgh")
writing = sys.modules[generate.__module__]


@pytest.fixture(scope="module")
def model():
    seed_all(0)
    return V1(V1Config(vocab=8, embed=16, hidden=24)).eval()


def test_same_seed_same_text(model):
    text = generate(model, CHARS, "abc", 50, seed=4)
    assert len(text) == 50
    assert text == generate(model, CHARS, "abc", 50, seed=4)
    assert text != generate(model, CHARS, "abc", 50, seed=5)
    assert generate(model, CHARS, "abc", 9, temperature=0) == generate(
        model, CHARS, "abc", 9, temperature=0, seed=7
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": "abz"}, "'z'"),
        ({"prompt": "a", "temperature": -0.5}, "Temperature"),
        ({"prompt": "a", "top_k": 0}, "top-k"),
    ],
)
def test_bad_requests(model, settings, says):
    with pytest.raises(RealSamError, match=says):
        next(stream(model, CHARS, **settings))


def test_state_does_not_grow(model):
    with torch.no_grad():
        _, state = model.step(torch.tensor([0]), model.zero_state(1))
        size = sum(t.numel() for layer in state for t in layer)
        for _ in range(50):
            _, state = model.step(torch.tensor([1]), state)
    assert size == sum(t.numel() for layer in state for t in layer) == 2 * 2 * 24
    assert len(list(islice(stream(model, CHARS, "a"), 30))) == 30


def v4(**changes) -> V4:
    seed_all(0)
    sizes = {"vocab": 17, "embed": 12, "hidden": 20, "depth": 2}
    return V4(V4Config(**sizes | changes)).double().eval()


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
def test_events_write_what_the_dense_step_writes(monkeypatch, version):
    """In float64, where no membrane comes as near to its threshold as a rounding error."""
    made = checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")
    model, prompt = made.model.double(), "ROMEO:" if version == "v1" else "Once there was a dog. It"
    start = writing.opening(made.tokenizer, prompt)[None]
    styles = [(0, None, None), (0.8, 40, None)]
    styles += [(1.0, None, 0.2)] if version == "v4" else []
    for temperature, top_k, stress in styles:
        texts = []
        for kind in (EventStep, DenseStep):
            monkeypatch.setattr(writing, "stepper", kind)
            state = None if stress is None else set_stress(model.zero_state(1), stress)
            pieces = write(model, *read_prompt(model, start, state), temperature, top_k, 3, stress)
            texts.append(list(islice(pieces, 150)))
        assert texts[0] == texts[1]


def test_who_steps(model):
    assert isinstance(stepper(model), EventStep)
    assert isinstance(stepper(V1(V1Config(8, 16, 24)).to("meta")), DenseStep)

    class Mine(V1):
        def step(self, token, state):
            return torch.eye(8)[(token + 1) % 8] * 100, state

    mine = Mine(model.config).eval()
    first = generate(mine, CHARS, "a", 1, temperature=0)
    assert (
        generate(mine, CHARS, "a", 4, temperature=0)
        == "abcdefghabcdefgh"[CHARS.chars.index(first) :][:4]
    )


@pytest.mark.parametrize("kind", [EventStep, DenseStep])
def test_writing_feels_its_own_surprise_unless_stress_is_held(monkeypatch, kind):
    model, made = v4(), []
    monkeypatch.setattr(writing, "stepper", lambda model: made.append(kind(model)) or made[-1])
    logits, state = read_prompt(model, torch.tensor([[3, 1, 4, 1, 5]]))
    with torch.no_grad():
        wanted, scores = state, logits
        for token in islice(write(model, logits, state), 30):
            assert made[-1].state[-1].stress.item() == pytest.approx(wanted[-1].stress.item())
            surprise = -scores[0].log_softmax(-1)[token]
            wanted = update_stress(wanted, surprise, 1, 17)
            scores, wanted = model.step(torch.tensor([token]), wanted)
    assert wanted[-1].stress < state[-1].stress
    for _ in islice(write(model, logits, state, stress=0.3), 10):
        assert made[-1].state[-1].stress.item() == 0.3


def test_reading_scores_its_text_only_where_somebody_feels_it(model, monkeypatch):
    asked = []
    monkeypatch.setattr(
        environment, "next_token_loss", lambda *a: asked.append(a) or torch.tensor(1.0)
    )
    logits, _ = read_prompt(model, CHARS.encode("abcd")[None])
    assert not asked
    assert torch.equal(logits, model(CHARS.encode("abcd")[None]).logits[:, -1])
    read_prompt(v4(), torch.tensor([[3]]))
    assert not asked  # nothing followed
    read_prompt(v4(), torch.tensor([[3, 1]]))
    assert len(asked) == 1


def test_reading_moves_the_stress_by_the_mean_surprise():
    model, tokens = v4(), torch.tensor([[3, 1, 4, 1, 5]])
    with torch.no_grad():
        out = model(tokens[:, :-1], tokens[:, 1:])
    wanted = update_stress(out.state, out.loss, 5, 17)[-1].stress
    torch.testing.assert_close(read_prompt(model, tokens)[1][-1].stress, wanted)


# ---------------------------------------------------------------- windows, stops, long prompts


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
@pytest.mark.parametrize("window", [1, 4, 7])
def test_a_prompt_in_windows_leaves_what_one_window_leaves(monkeypatch, version, window):
    made = checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")
    model, stress = made.model.double(), 0.3 if version == "v4" else None
    text = "ROMEO:\nWhat is it?" if version == "v1" else "Once there was a dog. It ran to the park"
    tokens = writing.opening(made.tokenizer, text)[None]
    whole = read_prompt(model, tokens, stress=stress)
    monkeypatch.setattr(writing, "WINDOW", window)
    scores, state = read_prompt(model, tokens, stress=stress)
    torch.testing.assert_close(scores, whole[0], atol=1e-9, rtol=0)
    for mine, other in zip(state, whole[1], strict=True):
        for a, b in zip(mine, other, strict=True):
            torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_a_window_is_read_under_the_stress_that_the_last_one_left(monkeypatch):
    model, tokens = v4(), torch.tensor([[3, 1, 4, 1, 5, 9, 2]])
    monkeypatch.setattr(writing, "WINDOW", 3)
    seen = []
    logits, state = read_prompt(model, tokens, on_step=lambda *given: seen.append(given))
    wanted = model.zero_state(1)
    for start, (heard, scores, told) in zip((0, 3, 6), seen, strict=True):
        part = tokens[:, start : start + 3]
        assert torch.equal(heard, part[0])
        assert torch.equal(told[-1].stress, wanted[-1].stress)  # the stress it was read under
        out = environment.read(model, part, state=wanted)
        assert torch.equal(scores, out.logits[0])
        wanted = out.state
    assert torch.equal(logits, out.logits[:, -1])
    assert torch.equal(state[-1].stress, wanted[-1].stress)


def test_the_scores_of_a_long_prompt_are_never_all_there_at_once(model, monkeypatch):
    asked, forward = [], model.forward

    def watched(tokens, targets=None, state=None):
        asked.append(tokens.shape[1])
        return forward(tokens, targets, state)

    monkeypatch.setattr(model, "forward", watched)
    read_prompt(model, torch.randint(8, (1, 1000)))
    assert max(asked) == writing.WINDOW and sum(asked) == 1000


def scripted(monkeypatch, tokens) -> None:
    """Let the next drawn tokens be these."""
    drawn = iter(tokens)
    monkeypatch.setattr(writing, "sample_token", lambda *_: torch.tensor([next(drawn)]))


def test_where_writing_stops(monkeypatch):
    words = BPETokenizer.train(["the dog and the cat. "] * 20, 280)
    seed_all(0)
    small = V4(V4Config(vocab=words.vocab_size, embed=12, hidden=20, depth=2)).eval()
    the = words.encode("the").tolist()
    for stop, written in (("text", "the<|user|>the<|sam|>the"), ("turn", "the")):
        scripted(monkeypatch, [*the, words.USER, *the, words.SAM, *the, words.END, *the])
        assert generate(small, words, "the", 50, stop=stop) == written
    scripted(monkeypatch, [*the, words.END, *the])
    assert generate(small, words, "the", 50, stop="turn") == "the"
    with pytest.raises(RealSamError, match="choose one of text, turn"):
        generate(small, words, "the", 5, stop="never")


def test_a_model_of_characters_knows_no_turns(model):
    with pytest.raises(RealSamError, match="knows no turns"):
        generate(model, CHARS, "a", 5, stop="turn")


def test_the_penalty_looks_back_on_the_prompt_and_on_what_was_written(model, monkeypatch):
    seen, draw = [], writing.sample_token

    def watched(logits, sampling, rng, recent):
        seen.append(list(recent))
        return draw(logits, sampling, rng, recent)

    monkeypatch.setattr(writing, "sample_token", watched)
    text = generate(model, CHARS, "abc" * 30, 10, repetition_penalty=1.5)
    everything = CHARS.encode("abc" * 30 + text).tolist()
    assert seen[0] == everything[:90][-64:]
    assert seen[9] == everything[:99][-64:]


def test_wrong_settings_are_refused_before_a_prompt_is_read(model, monkeypatch):
    monkeypatch.setattr(writing, "read_prompt", lambda *_: pytest.fail("it was read"))
    for wrong in ({"top_p": 2}, {"temperature": -1}, {"repetition_penalty": 0}, {"stop": "x"}):
        with pytest.raises(RealSamError):
            generate(model, CHARS, "a", **wrong)


def test_characters_come_whole():
    words = BPETokenizer.train(["the dog. "] * 20, 270)
    text = "😀é the ✓"
    told = list(writing.pieces(words, words.encode(text).tolist()))
    assert "".join(told) == text and "\ufffd" not in "".join(told) and told[0] == "😀"
