"""Checks of notebook 07: moving thresholds, their step, a penalty in their place."""

import torch

from ..model.homeostasis import homeostasis, regulate
from ..model.output import rate_penalty
from ..model.v3 import V3, V3Config
from ..runtime.settings import seed_all
from .feedback import (
    WrongAnswer,
    call_student,
    expect,
    expect_no_mistake,
    expect_tensor,
    feedback,
    same_numbers,
)

# ---------------------------------------------------------------- what the notebook defines


@feedback
def check_homeostasis(fn) -> str:
    """Check `fn(thr, rate, eta, target_rate)`: θᵢ + η(rᵢ − r*), a new tensor, no gradient."""
    rng = torch.Generator().manual_seed(3)
    thr, rate = 0.5 + torch.rand(9, generator=rng), torch.rand(9, generator=rng)
    for eta, target in ((0.02, 0.10), (1.5, 0.25)):
        before = thr.clone()
        mine = call_student(fn, before, rate.clone().requires_grad_(), eta, target)
        mine = expect_tensor(mine, thr, "The result")
        expect(
            torch.equal(before, thr),
            "The old thresholds were changed in place; the backward pass still needs them. "
            "Return a new tensor.",
        )
        expect(not mine.requires_grad, "No gradient may pass: the rule knows nothing of the loss.")
        _explain_step(mine, thr, rate, eta, target)
    return "one step of Eq. 5, a new tensor, no gradient."


def _explain_step(mine, thr, rate, eta, target):
    right = homeostasis(thr, rate, eta, target)
    if same_numbers(mine, right):
        return
    mistakes = [
        (thr - eta * (rate - target), "the sign is turned: who fires too often must get harder."),
        (thr + eta * (rate.mean() - target), "every neuron follows its own rate, not the mean."),
        (thr + rate - target, "`eta` is ignored."),
        (thr + eta * rate, "the target rate is ignored."),
    ]
    expect_no_mistake(mine, mistakes, f"At η = {eta}, r* = {target}")
    raise WrongAnswer(f"Expected {right[0]:.4f} for the first threshold, got {mine[0]:.4f}.")


# ---------------------------------------------------------------- exercises


def _curves():
    """Two falling curves with r(θ), r'(θ) known: a logistic one, and one steep on the left."""
    thr = torch.linspace(0.0, 4.0, 401)  # (401,)
    logistic = torch.sigmoid(3.0 * (1.0 - thr))
    exponential = 0.5 * torch.exp(-thr)
    uneven = torch.linspace(0.0, 2.0, 401) ** 2  # (401,)
    return [
        (thr, logistic, 0.10, 3.0 * 0.1 * 0.9),
        (thr, logistic, 0.30, 3.0 * 0.3 * 0.7),
        (thr, exponential, 0.20, 0.20),
        (uneven, torch.sigmoid(3.0 * (1.0 - uneven)), 0.10, 3.0 * 0.1 * 0.9),
    ]


def _slope_at(target: float, rate: torch.Tensor, gap: float) -> float:
    """Return the slope at the target if all thresholds of the rates (n,) were `gap` apart."""
    at = int((rate - target).abs().argmin())
    return torch.gradient(rate, spacing=gap)[0][at].abs().item()


@feedback
def check_largest_eta(fn) -> str:
    """Check `fn(thr, rate, target)`: 2/|r'(θ*)| from a measured curve, thr and rate (n,)."""
    for thr, rate, target, steep in _curves():
        mine = float(call_student(fn, thr, rate, target))
        slopes = torch.gradient(rate, spacing=(thr,))[0].abs()  # (n,)
        wrong = {
            1 / steep: "that η jumps onto the target in one step; twice as much is still stable.",
            -2 / steep: "the slope is negative, its size is what counts.",
            steep / 2: "it is the other way up: a steep curve needs a small η.",
            2 / slopes.max().item(): "take the slope where the curve meets r*, not the steepest.",
            2 / slopes.mean().item(): "take the slope where the curve meets r*, not the mean one.",
        }
        even = "these thresholds are not evenly spaced; divide by the distance of the two you take."
        for gap in (thr[1] - thr[0], (thr[-1] - thr[0]) / (len(thr) - 1)):
            wrong[2 / _slope_at(target, rate, gap.item())] = even
        if abs(mine - 2 / steep) < 0.03 * 2 / steep:
            continue
        for value, sentence in wrong.items():
            expect(abs(mine - value) > 0.02 * abs(value), f"At r* = {target}: {sentence}")
        raise WrongAnswer(f"At r* = {target}: expected about {2 / steep:.2f}, got {mine:.2f}.")
    return "the limit of stability, read off where the curve meets r*."


@feedback
def check_penalty(fn) -> str:
    """Check `fn(rate, target)`: mean over the neurons of (r/r* − 1)², two-sided and per neuron."""
    rng = torch.Generator().manual_seed(4)
    extremes = torch.tensor([1.0] * 10 + [0.0] * 90)
    for rate, target in ((extremes, 0.10), (torch.rand(50, generator=rng), 0.25)):
        mine = call_student(fn, rate, target)
        expect(isinstance(mine, torch.Tensor) and mine.ndim == 0, "Return one number, a tensor ().")
        x = rate / target - 1
        _explain_penalty(mine, rate, target, x)
    given = torch.tensor([0.0, 0.05, 0.1, 0.4], requires_grad=True)
    (grad,) = torch.autograd.grad(call_student(fn, given, 0.10), given)
    expect(
        (grad.sign() == torch.tensor([-1.0, -1.0, 0.0, 1.0])).all(),
        f"For rates {given.tolist()} and r* = 0.1 the gradient is {grad.tolist()}: silent neurons "
        "have to be pushed up, loud ones down.",
    )
    return "silence and shouting both cost, neuron by neuron."


def _explain_penalty(mine, rate, target, x):
    if same_numbers(mine, rate_penalty([rate], target)):
        return
    mistakes = [
        (x.mean() ** 2, "this is the penalty on the MEAN rate; square first, average then."),
        (x.square().sum(), "average over the neurons; a sum grows with the layer."),
        (x.clamp(min=0).square().mean(), "it is one-sided: silence has to cost, too."),
        (x.abs().mean(), "square the deviation."),
        ((rate - target).square().mean(), "divide the rate by r*, then silence costs 1."),
    ]
    expect_no_mistake(mine, mistakes)
    raise WrongAnswer(f"Expected {rate_penalty([rate], target):.3f}, got {mine:.3f}.")


@feedback
def check_freeze(fn) -> str:
    """Check `fn(model)`: a V3 that goes on learning while its thresholds stand still."""
    seed_all(0)
    model, tokens = V3(V3Config(vocab=13, embed=8, hidden=12, depth=2)).train(), torch.arange(12)
    tokens = (tokens * 5 % 13).view(2, 6)
    regulate(model, model(tokens).rates)  # the thresholds have moved once
    moved = [block.lif.thr.clone() for block in model.blocks]
    result = call_student(fn, model)
    expect(isinstance(result, V3), "Return the model.")
    expect(
        result.training,
        "The model is out of training mode: now dropout is off as well. Stop the thresholds only.",
    )
    for block, thr in zip(result.blocks, moved, strict=True):
        expect(
            torch.equal(block.lif.thr, thr),
            "The thresholds are not those that were reached; freezing keeps them as they are.",
        )
    out = result(tokens, tokens)
    regulate(result, out.rates)
    out.loss.backward()
    for block, thr in zip(result.blocks, moved, strict=True):
        expect(torch.equal(block.lif.thr, thr), "A step of training still moves them.")
    learning = [p for p in result.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    expect(len(learning) == len(list(result.parameters())), "Some weights have stopped learning.")
    return "the thresholds stand still, the weights go on learning."
