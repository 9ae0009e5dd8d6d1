"""Checks of notebook 02: spike, straight-through threshold, and exercises on gradients."""

import torch

from ..neurons.lif import lif_step
from ..neurons.surrogate import surrogate_grad
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


def _gradient(fn, x: torch.Tensor, upstream: torch.Tensor, what: str) -> torch.Tensor:
    """Return the gradient that `upstream` sends through `fn` to `x`."""
    x = x.clone().requires_grad_()
    y = call_student(fn, x)
    expect(y.requires_grad, f"{what} cut the gradient: its output no longer depends on its input.")
    return torch.autograd.grad(y, x, upstream)[0]


def _check_step(out, x):
    expect(not out[x == 0].any(), "At x = 0 it must stay silent: the test is strict, x > 0.")
    right = (x > 0).float()
    expect(
        torch.equal(out, right),
        f"Forward: for x = {x.tolist()} expected {right.tolist()}, got {out.tolist()}.",
    )


@feedback
def check_spike(fn) -> str:
    """Check `fn(x, slope)`: strict step forward, 1/(1+slope·|x|)² backward."""
    x = torch.tensor([-2.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 2.0])
    upstream = torch.tensor([1.0, -2.0, 3.0, 0.5, 1.0, 2.0, -1.0])
    out = expect_tensor(call_student(fn, x, 2.0), x, "The spike")
    _check_step(out, x)
    for slope in (1.0, 5.0):
        mine = _gradient(lambda v, k=slope: fn(v, k), x, upstream, "The spike")
        _explain_hill(mine, x, upstream, slope)
    return "a strict step forward, the fast sigmoid's slope backward."


def _explain_hill(mine, x, upstream, slope):
    hill = surrogate_grad(x, slope)
    if same_numbers(mine, upstream * hill):
        return
    mistakes = [
        (hill, "the gradient from above was dropped; multiply `grad` by the hill."),
        (upstream, "the gradient passes unchanged; multiply it by 1/(1 + slope·|x|)²."),
        (0 * x, "the gradient is zero everywhere; that is the true one, which cannot learn."),
        (upstream / (1 + slope * x.abs()), "the bracket 1 + slope·|x| must be squared."),
        (upstream * surrogate_grad(x, 1.0), "`slope` is ignored."),
        (upstream / (1 + slope * x) ** 2, "|x| is meant; without it the hill is lopsided."),
    ]
    expect_no_mistake(mine, mistakes, "Backward")
    i = int((mine - upstream * hill).abs().argmax())
    raise WrongAnswer(
        f"Backward: at x = {x[i]:g}, slope = {slope:g}, got {mine[i] / upstream[i]:.4f} times "
        f"the gradient from above; expected {hill[i]:.4f}."
    )


@feedback
def check_ste_threshold(fn) -> str:
    """Check `fn(x)`: strict step forward; backward the gradient unchanged inside |x| ≤ 1."""
    x = torch.tensor([-3.0, -1.0, -0.4, 0.0, 0.4, 1.0, 1.1, 3.0])
    upstream = torch.tensor([1.0, -2.0, 3.0, 0.5, -1.0, 2.0, 4.0, 1.0])
    out = expect_tensor(call_student(fn, x), x, "The output")
    _check_step(out, x)
    mine, inside = _gradient(fn, x, upstream, "The threshold"), (x.abs() <= 1).float()
    right = upstream * inside
    mistakes = [
        (0 * x, "the gradient is zero everywhere; hand it through."),
        (upstream, "the gradient passes where |x| > 1 too; settled bits would drift for ever."),
        (inside, "the gradient from above was dropped; multiply it by the window."),
        (torch.where(x.abs() == 1, 0.0, right), "the window |x| ≤ 1 includes its edges."),
    ]
    expect_no_mistake(mine, mistakes, "Backward")
    expect(
        same_numbers(mine, right),
        f"Backward: for x = {x.tolist()} got {mine.tolist()}, expected {right.tolist()}.",
    )
    return "a strict step forward, the gradient handed straight through inside |x| ≤ 1."


# ---------------------------------------------------------------- exercises


@feedback
def check_bits_needed(fn) -> str:
    """Check `fn(symbols)`: the fewest encoder neurons that can give every symbol its own code."""
    for symbols, right in ((1, 0), (2, 1), (3, 2), (27, 5), (64, 6), (65, 7), (4096, 12)):
        mine = call_student(fn, symbols)
        expect(mine == right, f"{symbols} symbols need {right} binary neurons, not {mine}.")
    return "enough codes for every symbol, and not one neuron more."


@feedback
def check_triangle(fn) -> str:
    """Check `fn(x, slope)`: max(0, 1 − slope·|x|)."""
    x = torch.linspace(-2, 2, 41)
    for slope in (0.5, 1.0, 4.0):
        mine = expect_tensor(call_student(fn, x, slope), x, "The triangle")
        expect(
            (mine >= 0).all(),
            f"For slope {slope:g} it is negative at x = {x[mine.argmin()]:.2f}; cut it at zero.",
        )
        right = (1 - slope * x.abs()).clamp(min=0)
        expect(
            same_numbers(mine, right),
            f"For slope {slope:g} the foot of the triangle lies at ±{1 / slope:g}, its peak is 1.",
        )
    return "peak 1 at the threshold, feet at ±1/slope."


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
        expect(
            steps == 1 or not same_numbers(mine, grad),
            "Nothing came back from later steps: add β times the gradient of step t + 1.",
        )
        expect(
            same_numbers(mine, right),
            f"Step {int((mine - right).abs().argmax())} differs: {mine.tolist()[:4]} …, "
            f"expected {right.tolist()[:4]} …. Walk from the last step to the first.",
        )
    return "equal to what autograd found, in one reversed loop."
