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
from realsam_edu.text.tokenizer import CharTokenizer

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
