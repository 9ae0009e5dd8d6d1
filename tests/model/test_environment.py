"""The environment: gains, diversity, and a stress that follows surprise and stays in its bounds."""

import math

import pytest
import torch

from realsam_edu.model.environment import (
    MEMORY,
    Environment,
    draw_diversity,
    gain,
    read,
    set_stress,
    update_stress,
)
from realsam_edu.model.versions import MODELS
from realsam_edu.neurons.lif import LIFState, detach_state, zero_state
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all

V = 100


def state_of(*stress: float) -> tuple:
    return zero_state(len(stress), 4, torch.zeros(1)), Environment(torch.tensor(stress))


def test_gain_is_one_without_stress_and_grows_with_it():
    diversity = draw_diversity(50, 0.5)
    gains = gain(torch.tensor([0.0, 0.3, 1.0]), diversity)
    assert gains.shape == (3, 50)
    assert (gains[0] == 1).all()
    torch.testing.assert_close(gains[1], 1 + 0.3 * diversity)
    assert (gains[2] > gains[1]).all()


def test_diversity_is_lognormal_of_mean_one():
    seed_all(0)
    for sigma in (0.2, 0.5, 1.0):
        diversity = draw_diversity(200_000, sigma)
        assert (diversity > 0).all()
        assert diversity.mean().item() == pytest.approx(1, abs=0.01)
        assert diversity.median().item() == pytest.approx(math.exp(-(sigma**2) / 2), rel=0.01)
        assert diversity.log().std().item() == pytest.approx(sigma, rel=0.01)


def test_no_spread_is_a_uniform_population_and_draws_as_much_chance():
    seed_all(1)
    assert (draw_diversity(9, 0.0) == 1).all()
    after = torch.rand(1)
    seed_all(1)
    draw_diversity(9, 0.5)
    assert torch.equal(torch.rand(1), after)  # so an ablation starts from the same weights


def test_stress_moves_towards_surprise():
    high, low = torch.tensor(0.9 * math.log(V)), torch.tensor(0.1 * math.log(V))
    state = state_of(0.5)
    rise, fall = (update_stress(state, nats, 64, V)[-1].stress.item() for nats in (high, low))
    assert fall < 0.5 < rise
    for _ in range(60):
        state = update_stress(state, low, 64, V)
    assert state[-1].stress.item() == pytest.approx(0.1, abs=1e-4)


def test_many_tokens_move_stress_as_often_as_one():
    nats, state = torch.tensor(1.0), state_of(0.8)
    once = update_stress(state, nats, 50, V)
    for _ in range(50):
        state = update_stress(state, nats, 1, V)
    torch.testing.assert_close(state[-1].stress, once[-1].stress)
    kept = math.exp(-50 / MEMORY)
    expected = kept * 0.8 + (1 - kept) / math.log(V)
    assert once[-1].stress.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("nats", [0.0, 1.0, 1e9, math.inf, -1.0])
def test_stress_stays_between_zero_and_one(nats):
    for start in (0.0, 1.0):
        stress = update_stress(state_of(start), torch.tensor(nats), 10_000, V)[-1].stress
        assert 0 <= stress.item() <= 1


def test_every_text_has_its_own_stress():
    state = update_stress(state_of(0.5, 0.5), torch.tensor([0.0, math.log(V)]), 64, V)
    assert state[-1].stress[0] < 0.5 < state[-1].stress[1]


def test_stress_sends_no_gradient_and_leaves_the_rest_alone():
    surprise, state = torch.tensor(1.0, requires_grad=True), state_of(0.5)
    after = update_stress(state, surprise, 64, V)
    assert not after[-1].stress.requires_grad
    assert after[0] is state[0]
    assert state[-1].stress.item() == 0.5  # the old state is as it was


def test_without_an_environment_nothing_is_felt():
    state = (LIFState(torch.zeros(1, 3), torch.zeros(1, 3)),)
    assert update_stress(state, torch.tensor(3.0), 64, V) is state


def test_stress_is_kept_in_the_dtype_of_the_state():
    state = (state_of(0.5)[0], Environment(torch.tensor([0.5], dtype=torch.float64)))
    assert update_stress(state, torch.tensor(1.0), 64, V)[-1].stress.dtype == torch.float64


def test_hold_sets_all_texts_and_detach_keeps_the_kind():
    state = set_stress(state_of(0.1, 0.9), 0.25)
    assert state[-1].stress.tolist() == [0.25, 0.25]
    assert isinstance(detach_state(state)[-1], Environment)


@pytest.mark.parametrize("stress", [-0.01, 1.01, math.nan])
def test_hold_refuses_what_is_out_of_range(stress):
    with pytest.raises(RealSamError, match="between 0 and 1"):
        set_stress(state_of(0.5), stress)


def test_hold_refuses_a_model_without_environment():
    with pytest.raises(RealSamError, match="Only V4"):
        set_stress((LIFState(torch.zeros(1, 3), torch.zeros(1, 3)),), 0.5)


def small(version):
    seed_all(0)
    model, config = MODELS[version]
    return model(config(vocab=V, embed=12, hidden=20)).double().eval()


@torch.no_grad()
def test_a_window_is_read_under_the_stress_of_before_and_then_felt():
    model, tokens = small("v4"), torch.randint(V, (2, 9))
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    before = set_stress(model.zero_state(2), 0.3)
    wanted = model(inputs, targets, before)
    out = read(model, inputs, targets, before)
    assert torch.equal(out.loss, wanted.loss) and torch.equal(out.logits, wanted.logits)
    felt = update_stress(wanted.state, wanted.loss, 8, V)[-1].stress
    assert torch.equal(out.state[-1].stress, felt)
    others = read(model, inputs, targets, before, lambda surprise: 0 * surprise)  # met nothing new
    assert (others.state[-1].stress < felt).all() and torch.equal(others.loss, wanted.loss)


@torch.no_grad()
def test_a_prompt_is_surprising_by_what_follows_within_it():
    model, tokens = small("v4"), torch.randint(V, (1, 9))
    loss = model(tokens[:, :-1], tokens[:, 1:]).loss
    felt = update_stress(model.zero_state(1), loss, 9, V)[-1].stress
    out = read(model, tokens)
    assert out.loss is None
    torch.testing.assert_close(out.state[-1].stress, felt)
    assert read(model, tokens[:, :1]).state[-1].stress.item() == 1.0  # nothing followed


@torch.no_grad()
def test_who_has_no_environment_just_reads():
    model, tokens = small("v2"), torch.randint(V, (2, 9))
    out = read(model, tokens, tokens, None, lambda surprise: pytest.fail("nobody feels"))
    wanted = model(tokens, tokens)
    for part, his in zip(out.state, wanted.state, strict=True):
        assert all(map(torch.equal, part, his))
