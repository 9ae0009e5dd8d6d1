"""The checks of notebook 02 accept the right answer and name the plausible wrong ones."""

import math

import pytest
import torch
from checks.answers import fails, is_not_started, passes, step

from realsam_edu.checks import nb02 as checks
from realsam_edu.model import encoder
from realsam_edu.neurons import surrogate
from realsam_edu.neurons.surrogate import surrogate_grad


class _Hill(torch.autograd.Function):
    """Any forward, any backward: `forward(x)` and `backward(grad, x)` are handed in."""

    @staticmethod
    def forward(ctx, x, forward, backward):
        ctx.save_for_backward(x)
        ctx.hill = backward
        return forward(x)

    @staticmethod
    def backward(ctx, grad):
        return ctx.hill(grad, *ctx.saved_tensors), None, None


# ---------------------------------------------------------------- spike

WRONG_SPIKES = {
    "strict": (lambda x: (x >= 0).float(), lambda g, x, k: g * surrogate_grad(x, k)),
    "Forward": (torch.sign, lambda g, x, k: g * surrogate_grad(x, k)),
    "gradient from above was dropped": (step, lambda g, x, k: surrogate_grad(x, k)),
    "passes unchanged": (step, lambda g, x, k: g),
    "zero everywhere": (step, lambda g, x, k: torch.zeros_like(g)),
    "squared": (step, lambda g, x, k: g / (1 + k * x.abs())),
    "ignored": (step, lambda g, x, k: g * surrogate_grad(x, 1.0)),
    "lopsided": (step, lambda g, x, k: g / (1 + k * x) ** 2),
    "times the gradient from above": (step, lambda g, x, k: g * torch.exp(-k * x.abs())),
}


def test_check_spike_accepts(capsys):
    passes(checks.check_spike, surrogate.spike, capsys)


@pytest.mark.parametrize("message", WRONG_SPIKES)
def test_check_spike_rejects(message):
    forward, backward = WRONG_SPIKES[message]

    def wrong(x, k=2.0):
        return _Hill.apply(x, forward, lambda grad, v: backward(grad, v, k))

    fails(checks.check_spike, wrong, message)


def test_check_spike_rejects_a_cut_gradient_and_a_forgotten_return():
    fails(checks.check_spike, lambda x, k: step(x), "cut the gradient")
    fails(checks.check_spike, lambda x, k: None, "return")
    fails(checks.check_spike, lambda x, k: surrogate.spike(x[:2], k), "shape")


# ---------------------------------------------------------------- straight through

WRONG_STE = {
    "strict": (lambda x: (x >= 0).float(), lambda g, x: g * (x.abs() <= 1)),
    "Forward": (torch.sign, lambda g, x: g * (x.abs() <= 1)),
    "zero everywhere": (step, lambda g, x: torch.zeros_like(g)),
    r"\|x\| > 1 too": (step, lambda g, x: g),
    "dropped": (step, lambda g, x: (x.abs() <= 1).float()),
    "edges": (step, lambda g, x: g * (x.abs() < 1)),
    "Backward: for x": (step, lambda g, x: g * surrogate_grad(x)),
}


def test_check_ste_threshold_accepts(capsys):
    passes(checks.check_ste_threshold, encoder.ste_threshold, capsys)


@pytest.mark.parametrize("message", WRONG_STE)
def test_check_ste_threshold_rejects(message):
    forward, backward = WRONG_STE[message]
    fails(checks.check_ste_threshold, lambda x: _Hill.apply(x, forward, backward), message)


# ---------------------------------------------------------------- exercises


def triangle(x, slope):
    return (1 - slope * x.abs()).clamp(min=0)


def bits_needed(symbols):
    return math.ceil(math.log2(symbols))


def backward_through_time(grad, beta):
    total = grad.clone()
    for t in range(len(grad) - 2, -1, -1):
        total[t] += beta * total[t + 1]
    return total


RIGHT = [
    (checks.check_triangle, triangle),
    (checks.check_bits_needed, bits_needed),
    (checks.check_backward_through_time, backward_through_time),
]
WRONG = [
    (checks.check_triangle, lambda x, k: 1 - k * x.abs(), "negative"),
    (checks.check_triangle, lambda x, k: (1 - x.abs()).clamp(min=0), "foot"),
    (checks.check_triangle, surrogate_grad, "foot"),
    (checks.check_bits_needed, lambda n: math.floor(math.log2(n)), "need"),
    (checks.check_bits_needed, lambda n: math.floor(math.log2(n)) + 1, "need"),
    (checks.check_backward_through_time, lambda g, b: g, "Nothing came back"),
    (checks.check_backward_through_time, lambda g, b: backward_through_time(g, 1.0), "differs"),
    (checks.check_backward_through_time, lambda g, b: g.flip(0).cumsum(0).flip(0), "differs"),
]


@pytest.mark.parametrize(("check", "fn"), RIGHT, ids=[c.__name__ for c, _ in RIGHT])
def test_exercise_check_accepts(check, fn, capsys):
    passes(check, fn, capsys)


@pytest.mark.parametrize(("check", "fn", "message"), WRONG)
def test_exercise_check_rejects(check, fn, message):
    fails(check, fn, message)


@pytest.mark.parametrize(
    "check", [*(check for check, _ in RIGHT), checks.check_spike, checks.check_ste_threshold]
)
def test_a_stub_is_not_started(check, capsys):
    is_not_started(check, capsys)
