"""Writing and recording."""

from itertools import islice

import numpy as np
import pytest
import torch

from realsam_edu.generate import generate, sample, stream
from realsam_edu.runtime import RealSamError, seed_all
from realsam_edu.tokenizer import CharTokenizer
from realsam_edu.trace import trace, trace_generation
from realsam_edu.v1 import V1, V1Config

CHARS = CharTokenizer("abcdefgh")


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


def test_sample_follows_the_distribution():
    logits = torch.tensor([[0.0, 1.0, 2.0]]).expand(20_000, 3)
    rng = torch.Generator().manual_seed(0)
    share = sample(logits, 1.0, None, rng).bincount() / 20_000
    torch.testing.assert_close(share, logits[0].softmax(-1), atol=0.02, rtol=0)
    assert sample(logits, 1.0, 2, rng).bincount()[0] == 0
    assert sample(logits[:5], 0.0, None, rng).tolist() == [2] * 5


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


def test_trace_tells_the_truth(model):
    recorded = trace(model, CHARS, "abcdefghabcdefgh", top_k=3)
    assert recorded.spk.shape == recorded.mem.shape == (2, 16, 24)
    assert np.array_equal(recorded.spk == 1, recorded.mem > recorded.thr[:, None])
    assert recorded.top_p.shape == (16, 3)
    assert (np.diff(recorded.top_p, axis=1) <= 0).all()
    with torch.no_grad():
        probs = model(CHARS.encode(recorded.text)[None]).logits[0].softmax(-1)
    np.testing.assert_allclose(recorded.top_p[:, 0], probs.amax(-1).numpy(), atol=1e-5)
    assert recorded.top_chars[5][0] == CHARS.chars[int(probs[5].argmax())]


def test_trace_generation_continues_the_prompt(model):
    recorded = trace_generation(model, CHARS, "abc", n=10, seed=3)
    assert recorded.text == "abc" + generate(model, CHARS, "abc", 10, seed=3)
    assert recorded.prompt_len == 3
    assert 0 < recorded.rate < 1
