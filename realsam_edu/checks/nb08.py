"""Checks of notebook 08: gain, diversity, feeling, the rate penalty, and its three exercises."""

import math
from statistics import NormalDist

import torch
import torch.nn.functional as F

from ..model import environment
from ..model.environment import MEMORY, Environment, set_stress
from ..model.output import rate_penalty
from ..model.v4 import V4, V4Config
from ..neurons.lif import LIFState, detach_state
from ..runtime.settings import seed_all
from .feedback import call_student, expect, expect_tensor, feedback, same_numbers

SMALL_V4 = V4Config(vocab=19, embed=8, hidden=12, depth=2)


@feedback
def check_diversity(fn) -> str:
    """Check `fn(neurons, sigma)` against `environment.draw_diversity`: same seed, same numbers."""
    for sigma in (0.0, 0.3, 1.0):
        seed_all(6)
        right = environment.draw_diversity(5000, sigma)
        seed_all(6)
        mine = expect_tensor(call_student(fn, 5000, sigma), right, "The diversity")
        expect((mine > 0).all(), "A diversity has to be positive: take the exponential.")
        expect(
            not same_numbers(mine, right * math.exp(0.5 * sigma**2)) or sigma == 0,
            "The mean is not 1: subtract σ²/2 before the exponential.",
        )
        expect(same_numbers(mine, right), f"For σ = {sigma} the numbers differ.")
    return "positive, mean 1, and all ones for σ = 0."


@feedback
def check_gain(fn) -> str:
    """Check `fn(stress, diversity)` against `environment.gain`."""
    stress, diversity = torch.tensor([0.0, 0.25, 1.0]), torch.tensor([0.5, 1.0, 2.0, 0.1])
    right = environment.gain(stress, diversity)
    mine = expect_tensor(call_student(fn, stress, diversity), right, "The gain")
    expect((mine[0] == 1).all(), f"Without stress every gain is 1; got {mine[0].tolist()}.")
    expect(same_numbers(mine, right), f"Expected {right.tolist()}, got {mine.tolist()}.")
    return "one row per text, 1 without stress."


def _stressed_state() -> tuple:
    layer = LIFState(torch.zeros(2, 3), torch.ones(2, 3))
    return layer, Environment(torch.tensor([0.8, 0.1]))


@feedback
def check_update_stress(fn) -> str:
    """Check `fn(state, surprise, tokens, vocab)` against `environment.update_stress`."""
    state, vocab = _stressed_state(), 50
    for nats, tokens in ((1.0, 1), (2.5, 64), (99.0, 64), (torch.tensor([0.5, 3.0]), 300)):
        surprise = torch.as_tensor(nats).requires_grad_()
        right = environment.update_stress(state, surprise, tokens, vocab)[-1].stress
        mine = call_student(fn, state, surprise, tokens, vocab)
        expect(
            isinstance(mine, tuple) and isinstance(mine[-1], Environment),
            "Return the whole state, with an `Environment` at its end.",
        )
        expect(mine[0] is state[0], "The populations' states have to come back untouched.")
        stress = expect_tensor(mine[-1].stress, right, "The stress")
        expect(
            not stress.requires_grad,
            "The stress carries a gradient; detach the surprise, or training learns to be calm.",
        )
        expect((stress <= 1).all(), "Stress left [0, 1]: clamp the level.")
        expect(
            same_numbers(stress, right),
            f"After {tokens} tokens expected {right.tolist()}, got {stress.tolist()}.",
        )
    expect(
        call_student(fn, state[:1], torch.tensor(1.0), 1, vocab) == state[:1],
        "A state without an environment comes back as it is.",
    )
    return "moves towards the surprise, stays in [0, 1], sends no gradient."


@feedback
def check_rate_penalty(fn) -> str:
    """Check `fn(rates, target)` against `output.rate_penalty`, values and gradients."""
    few = torch.cat([torch.ones(10), torch.zeros(90)])
    for rates in ([few], [torch.full((7,), 0.1)], [torch.rand(5), torch.rand(8)]):
        leaves = [rate.clone().requires_grad_() for rate in rates]
        right, mine = rate_penalty(leaves, 0.1), call_student(fn, leaves, 0.1)
        expect_tensor(mine, right, "The penalty")
        mean = (torch.cat(leaves).mean() / 0.1 - 1.0) ** 2
        expect(
            not (same_numbers(mine, mean) and not same_numbers(mine, right)),
            "This looks at the mean rate; a tenth of the neurons firing always would satisfy it.",
        )
        expect(same_numbers(mine, right, atol=1e-5), f"Expected {right:.4f}, got {mine:.4f}.")
        grads = (torch.autograd.grad(penalty, leaves) for penalty in (right, mine))
        expect(all(map(same_numbers, *grads)), "The value is right, its gradient is not.")
    return "silence costs 1, a tenth always on costs 9, everyone at the target nothing."


# ---------------------------------------------------------------- exercises


@feedback
def check_sigma(fn) -> str:
    """Check `fn(share, stress, factor) -> sigma`: the smallest one that does it."""
    for share, stress, factor in ((0.05, 0.5, 2.0), (0.10, 1.0, 2.5), (0.02, 0.25, 1.5)):
        sigma = float(call_student(fn, share, stress, factor))
        given = f"For a share of {share:.0%}, stress {stress:g} and a gain of {factor:g}"
        z, wanted = NormalDist().inv_cdf(1 - share), (factor - 1) / stress
        right = z - math.sqrt(z * z - 2 * math.log(wanted))
        expect(sigma > 0, f"{given} σ is {sigma:g}; it has to be positive.")
        expect(
            not math.isclose(sigma, math.log(wanted) / z, rel_tol=1e-3),
            f"{given}: that σ belongs to a distribution of median 1; ours has mean 1, so its "
            "logarithm is centred on −σ²/2.",
        )
        expect(
            not math.isclose(sigma, z + math.sqrt(z * z - 2 * math.log(wanted)), rel_tol=1e-3),
            f"{given}: that is the larger root; a smaller σ does it too.",
        )
        reached = 1 - NormalDist(-(sigma**2) / 2, sigma).cdf(math.log(wanted))
        expect(
            math.isclose(sigma, right, rel_tol=0.02),  # two digits, or found by drawing
            f"{given}: with σ = {sigma:.3f} a share of {reached:.1%} reaches it.",
        )
    return "exactly that share of the neurons reaches the gain."


@feedback
def check_reading(fn) -> str:
    """Check `fn(model, inputs, targets, state) -> (loss, state)`: read first, feel afterwards."""
    seed_all(7)
    model = V4(SMALL_V4)
    tokens = torch.randint(SMALL_V4.vocab, (3, 31))
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    state = set_stress(detach_state(model(inputs).state), 0.4)
    loss, after = call_student(fn, model, inputs, targets, state)
    right = model(inputs, targets, state)
    expect(
        same_numbers(loss, right.loss),
        "The loss differs from that of a model that reads under the stress of before. Was this "
        "window's loss felt before it was read?",
    )
    expect(loss.requires_grad, "The loss has to keep its gradient: it is what the model learns by.")
    _check_after(after, right, state, targets)
    return "the answer never reaches the window that it belongs to."


def _surprise_of_each(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean surprise of each text (B,) from (B, T, V) and (B, T)."""
    return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none").mean(1)


def _check_after(after, right, state, targets) -> None:
    """Check the state that comes out of a window: where it is, what it feels, no history."""
    expect(
        isinstance(after, tuple) and isinstance(after[-1], Environment),
        "Return the state as `update_stress` returns it.",
    )
    expect(
        same_numbers(after[0].mem, right.state[0].mem),
        "The membranes are not those after the window; carry `out.state` on.",
    )
    stress = after[-1].stress
    levels = right.loss, _surprise_of_each(right.logits, targets)  # one for all, or text by text
    wanted, each = (
        environment.update_stress(right.state, level, 30, SMALL_V4.vocab)[-1].stress
        for level in levels
    )
    expect(
        not same_numbers(stress, state[-1].stress),
        "The stress has not moved: feel this window's loss, for the next window.",
    )
    expect(
        same_numbers(stress, wanted) or same_numbers(stress, each),
        f"The stress is {stress[0]:.4f}, expected {wanted[0]:.4f}; a window of 30 tokens counts "
        f"as 30 of the {MEMORY:g}.",
    )
    expect(
        not any(part.requires_grad for layer in after for part in layer),
        "The state still has its history; detach it.",
    )


@feedback
def check_work(fn) -> str:
    """Check `fn(config) -> (weights, kept)`: matrix weights met per token, numbers of the state."""
    for config in (SMALL_V4, V4Config(vocab=64, embed=24, hidden=32, depth=5)):
        weights, kept = call_student(fn, config)
        model = V4(config)
        right = sum(p.numel() for p in model.parameters() if p.ndim == 2)
        v, e, n, depth = config.vocab, config.embed, config.hidden, config.depth
        named = {
            right - depth * n * n: "one of the three matrices of a block is missing: "
            "recurrence, `fc_out`, gate.",
            right + v * e: "the tied table was counted twice; the encoder only looks a row up.",
            right - v * e: "the readout compares with all V rows of the table: V·E.",
        }
        expect(weights not in named, f"Weights: {named.get(weights)}")
        expect(weights == right, f"Weights: {weights:,} for {config}; expected {right:,}.")
        held = sum(part.numel() for layer in model.zero_state(1) for part in layer)
        expect(kept != held - 1, "Kept: the stress is part of the state too.")
        expect(kept != depth * n + 1, "Kept: every neuron keeps its membrane and its last spike.")
        expect(kept == held, f"Kept: {kept:,} for {config}; expected {held:,}.")
    return "the same for token 10 and token 100,000; no T appears."
