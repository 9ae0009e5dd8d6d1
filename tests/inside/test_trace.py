"""The recorder against the run it watched: no spike, no membrane, no token differs."""

import sys
from functools import cache
from itertools import islice

import numpy as np
import pytest
import torch
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.generation import generate as generate_text
from realsam_edu.generation.event_step import EventStep
from realsam_edu.generation.generate import DenseStep, opening, read_prompt, write
from realsam_edu.inside.trace import START, Recorder, trace, trace_generation
from realsam_edu.model.environment import Environment, set_stress
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.neurons.layer import RecurrentLIF
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import CharTokenizer

CHARS = CharTokenizer("abcdefgh")
writing = sys.modules[generate_text.__module__]
VERSIONS = ("v1", "v2", "v3", "v4")
PROMPTS = (
    "Once upon a time, there was a little dog. One day,",
    "Once upon a time, there was a girl named Lily. She found a key in the garden. She",
    "Once upon a time, Tom and his mom went to the park. They saw a big tree. Tom",
)
WRITTEN = 40
DRAWN = 0.8


@cache
def committed(version: str) -> checkpoint.Checkpoint:
    return checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")


@pytest.fixture
def small():
    seed_all(0)
    return V1(V1Config(vocab=8, embed=16, hidden=24)).eval()


def layers(state: tuple) -> list[LIFState]:
    return [part for part in state if isinstance(part, LIFState)]


class Watched(EventStep):
    """An independent observer: it keeps what stands in the stepper itself after every step."""

    runs = []

    def __init__(self, model):
        super().__init__(model)
        self.seen = []
        self.runs.append(self)

    def step(self, token: int) -> torch.Tensor:
        scores = super().step(token)
        spk = torch.stack([population.fired.clone() for population in self.populations])  # (L, N)
        mem = torch.stack([population.mem.clone() for population in self.populations])
        felt = [float(part.stress) for part in self.state if isinstance(part, Environment)]
        self.seen.append((token, spk, mem, felt))
        return scores


@torch.no_grad()
def writer(made, prompt: str, temperature: float, stress: float | None, monkeypatch):
    """Run `read_prompt` and `write` alone; return the prompt, what its pass held, and the steps."""
    model, heard, state = made.model, [], None
    lifs = [part for part in model.modules() if isinstance(part, RecurrentLIF)]
    hooks = [lif.register_forward_hook(lambda _, __, out: heard.append(out)) for lif in lifs]
    given = opening(made.tokenizer, prompt)  # (T,)
    if stress is not None:
        state = set_stress(model.zero_state(1), stress)
    logits, state = read_prompt(model, given[None], state)
    for hook in hooks:
        hook.remove()
    monkeypatch.setattr(writing, "stepper", Watched)
    tokens = list(islice(write(model, logits, state, temperature, None, 3, stress), WRITTEN + 1))
    return given.tolist(), heard, Watched.runs[-1].seen, tokens


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize(
    ("version", "stress"), [*((version, None) for version in VERSIONS), ("v4", 0.0), ("v4", 0.6)]
)
@pytest.mark.parametrize("temperature", [0.0, DRAWN])
def test_the_recording_is_the_run_that_wrote(version, stress, prompt, temperature, monkeypatch):
    made = committed(version)
    with monkeypatch.context() as patch:
        given, heard, seen, tokens = writer(made, prompt, temperature, stress, patch)
    recorded = trace_generation(
        made.model, made.tokenizer, prompt, WRITTEN, temperature, 3, stress=stress
    )
    steps = len(recorded.chars)
    assert given + [token for token, *_ in seen] == given + tokens[:WRITTEN]
    assert recorded.prompt_len == len(given) < steps - 3 <= len(given) + WRITTEN
    for part, mine in enumerate((recorded.spk, recorded.mem)):  # (L, T, N)
        read = torch.stack([population[part][:, 0] for population in heard])
        stepped = torch.stack([step[1 + part] for step in seen], 1)
        assert np.array_equal(mine, torch.cat([read, stepped], 1)[:, :steps].numpy())
    shown = [made.tokenizer.decode([token]) for token in given + tokens]
    assert [char.replace(START, "<|endoftext|>") for char in recorded.chars] == shown[:steps]
    if temperature == 0:  # the favourite is what comes
        assert recorded.top_ids[len(given) - 1 :, 0].tolist() == tokens[: steps - len(given) + 1]
    if version == "v4":
        first = 1.0 if stress is None else stress
        felt = [first] * len(given) + [step[3][0] for step in seen]
        np.testing.assert_array_equal(recorded.stress, np.float32(felt[:steps]))
    else:
        assert recorded.stress is None


@pytest.mark.parametrize("version", VERSIONS)
def test_spikes_are_membranes_above_thresholds(version):
    made = committed(version)
    recorded = trace_generation(made.model, made.tokenizer, "Once", 20, seed=1)
    assert np.array_equal(recorded.spk == 1, recorded.mem > recorded.thr[:, None])
    assert 0.02 < recorded.rate < 0.3
    assert recorded.text == "Once" + generate_text(made.model, made.tokenizer, "Once", 20, seed=1)


def test_a_text_may_begin_with_nothing_but_its_mark():
    made = committed("v2")
    recorded = trace_generation(made.model, made.tokenizer, "", 5, seed=1)
    assert recorded.chars[0] == START and recorded.prompt_len == 1
    assert recorded.text == generate_text(made.model, made.tokenizer, "", 5, seed=1)
    assert trace(made.model, made.tokenizer, "").spk.shape == (3, 1, 512)


def test_a_story_that_ends_is_recorded_to_its_last_token():
    made = committed("v2")
    prompt = "They were happy. The end"
    recorded = trace_generation(made.model, made.tokenizer, prompt, 200, 0.0)
    written = generate_text(made.model, made.tokenizer, prompt, 200, 0.0)
    assert recorded.text == prompt + written and len(recorded.chars) < 200
    assert recorded.top_chars[-1][0] == START  # what it expected, and why it stopped


@pytest.mark.parametrize("n", [0, 1, 7])
def test_as_many_pieces_as_asked_for(small, n):
    recorded = trace_generation(small, CHARS, "abc", n, seed=3)
    assert recorded.text == "abc" + generate_text(small, CHARS, "abc", n, seed=3)
    assert recorded.prompt_len == 3 and recorded.spk.shape == (2, 3 + n, 24)
    assert len(recorded.top_ids) == len(recorded.top_p) == len(recorded.top_chars) == 3 + n


@pytest.mark.parametrize("kind", [EventStep, DenseStep])
def test_watching_changes_nothing(kind, monkeypatch):
    """Neither the tokens nor the states; and a `DenseStep`, heard by hooks, is not noted twice."""
    monkeypatch.setattr(writing, "stepper", kind)
    made = committed("v4")
    start = opening(made.tokenizer, PROMPTS[0])[None]
    alone = list(islice(write(made.model, *read_prompt(made.model, start)), 20))
    with Recorder(made.model).listening() as recorder:
        ready = read_prompt(made.model, start, on_step=recorder.on_step)
        run = write(made.model, *ready, on_step=recorder.on_step)
        assert list(islice(run, 20)) == alone
    assert recorder.tokens == start[0].tolist() + alone[:-1]
    assert not any(part._forward_hooks for part in made.model.modules())


def test_reading_is_recorded_as_it_was_read(small):
    recorded = trace(small, CHARS, "abcdefghabcdefgh", top_k=3)
    assert recorded.spk.shape == recorded.mem.shape == (2, 16, 24)
    assert recorded.prompt_len == 16
    assert np.array_equal(recorded.spk == 1, recorded.mem > recorded.thr[:, None])
    assert recorded.top_p.shape == (16, 3)
    assert (np.diff(recorded.top_p, axis=1) <= 0).all()
    with torch.no_grad():
        probs = small(CHARS.encode(recorded.text)[None]).logits[0].softmax(-1)
    np.testing.assert_allclose(recorded.top_p[:, 0], probs.amax(-1).numpy(), atol=1e-5)
    assert recorded.top_chars[5][0] == CHARS.chars[int(probs[5].argmax())]


def test_a_window_that_was_not_heard_cannot_be_recorded(small):
    with pytest.raises(RealSamError, match="RecurrentLIF"):
        read_prompt(small, CHARS.encode("abc")[None], on_step=Recorder(small).on_step)


def test_a_text_longer_than_a_window_is_recorded_whole(small, monkeypatch):
    text = "abcdefgh" * 5
    whole = trace(small, CHARS, text)
    monkeypatch.setattr(writing, "WINDOW", 13)  # the last window has one character
    parts = trace(small, CHARS, text)
    assert parts.chars == whole.chars == list(text)
    assert np.array_equal(parts.spk, whole.spk)
    np.testing.assert_allclose(parts.mem, whole.mem, atol=1e-5)
    np.testing.assert_allclose(parts.top_p, whole.top_p, atol=1e-5)
