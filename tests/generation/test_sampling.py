"""Drawing: the order of the rules, their ranges, and what each does to a distribution."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from realsam_edu.generation.sampling import (
    RECENT,
    Sampling,
    distribution,
    nucleus,
    penalised,
    sample_token,
    seeded,
)
from realsam_edu.runtime.errors import RealSamError

LOGITS = torch.tensor([[0.0, 1.0, 2.0]])


def test_draws_follow_the_distribution():
    logits, rng = LOGITS.expand(20_000, 3), seeded(0)
    share = sample_token(logits, Sampling(1.0), rng).bincount() / 20_000
    torch.testing.assert_close(share, LOGITS[0].softmax(-1), atol=0.02, rtol=0)
    assert sample_token(logits, Sampling(1.0, top_k=2), rng).bincount()[0] == 0
    assert sample_token(logits, Sampling(1.0, top_p=0.7), rng).unique().tolist() == [1, 2]
    assert sample_token(logits, Sampling(1.0, top_p=0.6), rng).unique().tolist() == [2]
    assert sample_token(logits[:5], Sampling(0.0), rng).tolist() == [2] * 5


def test_the_numbers_of_before_are_the_numbers_of_today():
    """Without new rules: scores over temperature, softmax, one draw of torch's own."""
    logits = torch.randn(7, 40, generator=seeded(1))
    for temperature, top_k in ((0.8, None), (1.3, 5), (0.2, 40), (1.0, 400)):
        scores = logits / temperature
        kth = scores.topk(min(top_k or 40, 40)).values[:, -1:]
        p = scores.masked_fill(scores < kth, -torch.inf).softmax(-1)
        wanted = torch.multinomial(p, 1, generator=seeded(3))[:, 0]
        assert torch.equal(sample_token(logits, Sampling(temperature, top_k), seeded(3)), wanted)


@given(
    st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30),
    st.floats(0.05, 1.0, exclude_max=True),
)
def test_the_nucleus_is_the_smallest_set_that_is_enough(scores, top_p):
    p = torch.tensor([scores]).softmax(-1)
    kept = nucleus(p, top_p)[0].double()
    left = kept[kept > 0]
    assert torch.equal(left, p[0].double()[kept > 0])
    whole = p.double().sum().item()  # of numbers in float32: not quite 1
    assert left.sum() >= min(top_p, whole) - 1e-9
    assert left.sum() - left.min() < top_p  # without its least likely it would not be enough
    assert left.min() >= p[0][kept == 0].max() if (kept == 0).any() else True


def test_a_nucleus_of_equals_takes_the_first():
    assert nucleus(torch.full((1, 4), 0.25), 0.5).tolist() == [[0.25, 0.25, 0.0, 0.0]]
    assert nucleus(torch.tensor([[0.1, 0.9]]), 1e-9).count_nonzero() == 1


def test_the_penalty_is_that_of_the_paper():
    scores = torch.tensor([[2.0, -2.0, 0.0, 3.0]])
    assert penalised(scores, [0, 1, 1, 2], 2.0).tolist() == [[1.0, -4.0, 0.0, 3.0]]
    assert scores.tolist() == [[2.0, -2.0, 0.0, 3.0]]  # a stepper's buffer is left alone
    assert penalised(scores, [], 2.0) is scores and penalised(scores, [0], 1.0) is scores


def test_the_order_is_penalty_temperature_top_k_top_p():
    logits = torch.tensor([[4.0, 3.0, 2.0, 1.0]])
    p = distribution(logits, Sampling(0.5, 2, 0.6, 2.0), recent=[0])
    assert p.tolist() == [[0.0, 1.0, 0.0, 0.0]]  # 2, 3, 2, 1; then 4, 6, 4, 2; ties at k stay
    wide = distribution(logits, Sampling(2.0, top_p=0.6))
    kept = torch.tensor([2.0, 1.5]).softmax(-1)  # at temperature 1 the first alone would do
    torch.testing.assert_close(wide, torch.cat([kept, torch.zeros(2)])[None])
    assert distribution(logits, Sampling(1.0, top_p=0.6)).tolist() == [[1.0, 0.0, 0.0, 0.0]]
    assert sample_token(logits, Sampling(0.0, repetition_penalty=2.0), None, [0]).tolist() == [1]


@pytest.mark.parametrize("temperature", [1e-320, 1e-45, 1e-38, 1e-12])
def test_a_tiny_temperature_means_the_likeliest(temperature):
    logits = torch.tensor([[0.0, 5.0, -3.0, 4.9]])
    p = distribution(logits, Sampling(temperature))
    assert p.tolist() == [[0.0, 1.0, 0.0, 0.0]]
    assert sample_token(logits, Sampling(temperature), seeded(0)).tolist() == [1]


def test_any_distribution_adds_up_to_one():
    logits = 8 * torch.randn(5, 300, generator=seeded(2))
    for temperature in (0.0, 1e-30, 0.7, 1.0, 40.0, 1e300):
        for top_k in (None, 1, 7, 10_000):
            for top_p in (None, 1e-6, 0.5, 1.0):
                p = distribution(logits, Sampling(temperature, top_k, top_p, 1.3), range(RECENT))
                torch.testing.assert_close(p.sum(-1), torch.ones(5))
                assert (p >= 0).all()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        *(
            ({"temperature": t}, "Temperature must be")
            for t in (-0.5, math.nan, math.inf, -math.inf)
        ),
        *(({"top_k": k}, "top-k") for k in (0, -3)),
        *(({"top_p": p}, "Top-p must be") for p in (0, -0.1, 1.01, 2, math.nan, math.inf)),
        *(
            ({"repetition_penalty": p}, "penalty must be")
            for p in (0, 0.99, -1, math.nan, math.inf)
        ),
    ],
)
def test_what_is_refused(setting, says):
    with pytest.raises(RealSamError, match=says) as error:
        Sampling(**setting)
    assert str(error.value).count("\n") == 0 and str(error.value).endswith(".")


@pytest.mark.parametrize("seed", [-1, 2**63, 10**30])
def test_a_seed_that_cannot_be_kept_is_refused(seed):
    with pytest.raises(RealSamError, match="seed must be"):
        seeded(seed)
    assert seeded(2**63 - 1).initial_seed() == 2**63 - 1


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_told(broken):
    with pytest.raises(RealSamError, match="no numbers"):
        sample_token(torch.tensor([[1.0, broken]]), Sampling(), seeded(0))
