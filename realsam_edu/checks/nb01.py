"""Checks of the exercises in notebooks 01 and 02. How they speak is told in `checks`."""

import math

import torch

from ..neurons.lif import lif_step
from .feedback import (
    call_student,
    expect_pair,
    expect_tensor,
    explain_trace,
    feedback,
    lif_case,
    lif_trace,
    same_numbers,
)


@feedback
def check_half_life(fn) -> str:
    """Check `fn(steps) -> beta`: after `steps` steps half of the membrane is left."""
    for steps in (1, 2, 7, 20, 100.0):
        beta = float(call_student(fn, steps))
        left = beta**steps if beta > 0 else math.nan
        assert 0 < beta < 1, f"For a half-life of {steps:g}, β = {beta:.4f} is not between 0 and 1."
        assert not math.isclose(left, math.exp(-1), rel_tol=1e-3), (
            "That β leaves 1/e after the given time: it is the time constant, not the half-life."
        )
        assert math.isclose(left, 0.5, rel_tol=1e-4), (
            f"With β = {beta:.4f}, {left:.3f} of it is left after {steps:g} steps, not 0.5."
        )
    return "half of the membrane is left after one half-life."


@feedback
def check_zero_reset(fn) -> str:
    """Check `fn(cur, mem, beta, thr)`: a LIF step that empties the membrane in the spike's step."""
    cur, beta, thr = lif_case()

    def right_step(c, m):
        m = beta * m + c
        s = (m > thr).float()
        return s, m * (1 - s)

    right = lif_trace(right_step, cur, beta, thr)
    mine = lif_trace(lambda c, m: expect_pair(call_student(fn, c, m, beta, thr), m), cur, beta, thr)
    if torch.equal(mine[0], right[0]) and same_numbers(mine[1], right[1]):
        return "whenever it fires, the membrane is empty at the end of the step."
    fired = mine[0] > 0
    assert fired[mine[1] == 0].all(), "Some membranes were emptied without a spike."
    assert fired.any(), "Over 40 steps no neuron fired."
    subtract = lif_trace(lambda c, m: lif_step(c, m, beta, thr), cur, beta, thr)
    assert not same_numbers(mine[1], subtract[1]), (
        "This still subtracts θ one step later, as `lif_step`."
    )
    assert not (mine[1][fired] > 0).any(), (
        f"After a spike the membrane is {mine[1][fired][0]:.3f}; empty it in the same step."
    )
    raise AssertionError(explain_trace(mine, right, cur, beta, thr))


@feedback
def check_period(fn) -> str:
    """Check `fn(cur, beta, thr) -> steps`: from an empty membrane to the spike, or infinity."""
    cases = [
        (0.21, 0.8, 1.0),
        (0.15, 0.9, 1.0),
        (1.5, 0.9, 1.0),
        (0.3, 0.5, 0.4),
        (0.05, 0.99, 2.0),
    ]
    for cur, beta, thr in cases:
        given = f"I = {cur:g}, β = {beta:g}, θ = {thr:g}"
        steps, mem, right = call_student(fn, cur, beta, thr), 0.0, 0
        while mem <= thr:
            mem, right = beta * mem + cur, right + 1
        assert steps == right, f"For {given} the spike comes after {right} steps, not {steps}."
    for cur, beta, thr in [(0.19, 0.8, 1.0), (0.05, 0.9, 1.0)]:
        given = f"I = {cur:g}, β = {beta:g}, θ = {thr:g}"
        steps = call_student(fn, cur, beta, thr)
        assert steps == math.inf, f"For {given} it never fires: return math.inf, not {steps}."
    return "the period, without simulating a single step."


@feedback
def check_triangle(fn) -> str:
    """Check `fn(x, slope)`: max(0, 1 − slope·|x|)."""
    x = torch.linspace(-2, 2, 41)
    for slope in (0.5, 1.0, 4.0):
        mine = expect_tensor(call_student(fn, x, slope), x, "The triangle")
        assert (mine >= 0).all(), (
            f"For slope {slope:g} it is negative at x = {x[mine.argmin()]:.2f}; cut it at zero."
        )
        right = (1 - slope * x.abs()).clamp(min=0)
        assert same_numbers(mine, right), (
            f"For slope {slope:g} the foot of the triangle lies at ±{1 / slope:g}, its peak is 1."
        )
    return "peak 1 at the threshold, feet at ±1/slope."


@feedback
def check_bits_needed(fn) -> str:
    """Check `fn(symbols)`: the fewest encoder neurons that can give every symbol its own code."""
    for symbols, right in ((1, 0), (2, 1), (3, 2), (27, 5), (64, 6), (65, 7), (4096, 12)):
        mine = call_student(fn, symbols)
        assert mine == right, f"{symbols} symbols need {right} binary neurons, not {mine}."
    return "enough codes for every symbol, and not one neuron more."


@feedback
def check_backward_through_time(fn) -> str:
    """Check `fn(grad, beta)`: ∂L/∂I[t] from ∂L/∂U[t] at every step, reset detached."""
    for steps, beta in ((1, 0.5), (12, 0.9), (30, 0.7)):
        cur = torch.rand(steps, generator=torch.Generator().manual_seed(steps)).requires_grad_()
        grad = torch.randn(steps, generator=torch.Generator().manual_seed(7))
        mem, rec = torch.zeros(()), []
        for cur_t in cur:
            _, mem = lif_step(cur_t, mem, beta)
            rec.append(mem)
        (right,) = torch.autograd.grad(torch.stack(rec), cur, grad)
        mine = expect_tensor(call_student(fn, grad.clone(), beta), right, "The result")
        assert steps == 1 or not same_numbers(mine, grad), (
            "Nothing came back from later steps: add β times the gradient of step t + 1."
        )
        assert same_numbers(mine, right), (
            f"Step {int((mine - right).abs().argmax())} differs: {mine.tolist()[:4]} …, "
            f"expected {right.tolist()[:4]} …. Walk from the last step to the first."
        )
    return "equal to what autograd found, in one reversed loop."
