"""Checks of notebook 01: the leaky neuron, its half-life, another reset, its period."""

import math

import torch

from ..neurons.lif import lif_step
from ..neurons.surrogate import surrogate_grad
from .feedback import WrongAnswer, call_student, expect, expect_pair, feedback, same_numbers

# ---------------------------------------------------------------- what the notebook defines


def _variant(new, fires, after=lambda u, s: u):
    """A step: membrane `new(cur, mem)`, spikes `fires(new, mem)`, then `after(new, spk)`."""

    def step(cur, mem):
        u = new(cur, mem)
        s = fires(u, mem)
        return s, after(u, s)

    return step


def _mistaken_steps(beta, thr):
    """Plausible wrong LIF steps: the sentence that names the mistake -> `step(cur, mem)`."""

    def above(x):
        return (x > thr).float()

    def eq1(c, m):
        return beta * m + c - thr * above(m)

    def fire(u, m):
        return above(u)

    def no_reset(c, m):
        return beta * m + c

    new = {
        "the membrane is never reset after a spike; subtract θ·S[t−1].": no_reset,
        "the reset subtracts β·θ; Eq. 1 subtracts the whole θ.": (
            lambda c, m: beta * m + c - beta * thr * above(m)
        ),
        "the reset subtracts 1; it must subtract the threshold of each neuron.": (
            lambda c, m: beta * m + c - above(m)
        ),
        "the reset goes to zero; here it subtracts θ.": lambda c, m: beta * m * (1 - above(m)) + c,
        "nothing leaks; multiply the old membrane by β.": lambda c, m: m + c - thr * above(m),
        "the input is scaled by 1 − β; Eq. 1 adds it as it is.": lambda c, m: eq1(c, m) - beta * c,
    }
    at_least = _variant(
        lambda c, m: no_reset(c, m) - thr * (m >= thr), lambda u, m: 1.0 * (u >= thr)
    )
    return {sentence: _variant(one, fire) for sentence, one in new.items()} | {
        "the reset comes in the step of the spike; here it comes one step later.": _variant(
            no_reset, fire, lambda u, s: u - thr * s
        ),
        "the spike tests the old membrane; test the new one.": _variant(eq1, lambda u, m: above(m)),
        "a membrane exactly at its threshold must not fire: use >, not ≥.": at_least,
    }


def _lif_trace(step, cur, beta, thr):
    """Run `step` over `cur`, (T, B, N); return its spikes and membranes, (T, B, N) each."""
    mem, spikes, membranes = torch.zeros(cur.shape[1:]), [], []
    for cur_t in cur:  # (B, N)
        spk, mem = step(cur_t, mem)
        spikes.append(spk)
        membranes.append(mem)
    return torch.stack(spikes), torch.stack(membranes)  # (T, B, N) each


def _lif_case():
    """Currents (T, B, N), β (N,), θ (N,); neuron 0 lands exactly on its threshold."""
    rng = torch.Generator().manual_seed(1)
    cur = torch.rand(40, 2, 4, generator=rng) * 0.8
    cur[:, :, 0] = 0.5  # β = 0.5 climbs 0.5, 0.75, 0.875 …
    cur[2, :, 0] = 0.625  # … and reaches exactly 1.0 at step 2
    return cur, torch.tensor([0.5, 0.7, 0.9, 0.97]), torch.tensor([1.0, 0.8, 1.5, 1.2])


@feedback
def check_lif_step(fn) -> str:
    """Check `fn(cur, mem, beta, thr, ...)` against `neurons.lif_step` over 40 steps."""
    cur, beta, thr = _lif_case()
    _check_pure(fn, cur, beta, thr)
    right = _lif_trace(lambda c, m: lif_step(c, m, beta, thr), cur, beta, thr)
    mine = _lif_trace(
        lambda c, m: expect_pair(call_student(fn, c, m, beta, thr), m), cur, beta, thr
    )
    if not (torch.equal(mine[0], right[0]) and same_numbers(mine[1], right[1])):
        raise WrongAnswer(_explain_trace(mine, right, cur, beta, thr))
    _check_lif_gradient(fn, cur, beta, thr)
    return "40 steps, 8 neurons: the same spikes and the same membranes."


def _explain_trace(mine, right, cur, beta, thr) -> str:
    """Name the mistake whose membranes equal `mine`, or the first step that differs."""
    for sentence, step in _mistaken_steps(beta, thr).items():
        spk, mem = _lif_trace(step, cur, beta, thr)
        if torch.equal(mine[0], spk) and same_numbers(mine[1], mem):
            return f"Not the neuron of Eq. 1 and 2: {sentence}"
    if same_numbers(mine[0][0], right[1][0]) and same_numbers(mine[1][0], right[0][0]):
        return "The two results are swapped: return `spk, mem`, in this order."
    off = ~torch.isclose(mine[1], right[1], atol=1e-6) | (mine[0] != right[0])  # (T, B, N)
    t, b, n = off.nonzero()[0].tolist()
    return (
        f"First difference at step {t}, neuron {n} (β = {beta[n]:g}, θ = {thr[n]:g}): "
        f"spike {mine[0][t, b, n]:g} and membrane {mine[1][t, b, n]:.4f}, "
        f"expected {right[0][t, b, n]:g} and {right[1][t, b, n]:.4f}."
    )


def _check_pure(fn, cur, beta, thr):
    mem = torch.full_like(cur[0], 1.3)
    kept, first = mem.clone(), call_student(fn, cur[0], mem, beta, thr)
    expect(torch.equal(mem, kept), "The step changed `mem` in place; build a new tensor instead.")
    first, again = expect_pair(first, mem), expect_pair(fn(cur[0], mem, beta, thr), mem)
    expect(
        all(torch.equal(a, b) for a, b in zip(first, again, strict=True)),
        "The same call gave two answers: the step keeps a state of its own. Only arguments count.",
    )


def _check_lif_gradient(fn, cur, beta, thr):
    """Without a gradient through the reset, ∂U[t]/∂U[t−1] is β, whatever fired."""
    mem = torch.tensor([[0.2, 0.7, 1.4, 1.3], [1.1, 0.9, 1.6, 0.1]], requires_grad=True)
    spk, new = fn(cur[0], mem, beta, thr)
    expect(new.requires_grad, "The new membrane no longer depends on the old one for autograd.")
    (leak,) = torch.autograd.grad(new.sum(), mem, retain_graph=True)
    expect(
        same_numbers(leak, beta.expand_as(mem)),
        "The gradient flows through the reset as well; detach it, then ∂U[t]/∂U[t−1] = β.",
    )
    if spk.requires_grad:  # a plain comparison is allowed: notebook 01 has no surrogate yet
        (mine,) = torch.autograd.grad(spk.sum(), mem)
        right = beta * surrogate_grad(new.detach() - thr)
        expect(same_numbers(mine, right), "The spike's gradient is not the surrogate of Eq. 3.")


# ---------------------------------------------------------------- exercises


@feedback
def check_half_life(fn) -> str:
    """Check `fn(steps) -> beta`: after `steps` steps half of the membrane is left."""
    for steps in (1, 2, 7, 20, 100.0):
        beta = float(call_student(fn, steps))
        left = beta**steps if beta > 0 else math.nan
        expect(
            0 < beta < 1, f"For a half-life of {steps:g}, β = {beta:.4f} is not between 0 and 1."
        )
        expect(
            not math.isclose(left, math.exp(-1), rel_tol=1e-3),
            "That β leaves 1/e after the given time: it is the time constant, not the half-life.",
        )
        expect(
            math.isclose(left, 0.5, rel_tol=1e-4),
            f"With β = {beta:.4f}, {left:.3f} of it is left after {steps:g} steps, not 0.5.",
        )
    return "half of the membrane is left after one half-life."


@feedback
def check_zero_reset(fn) -> str:
    """Check `fn(cur, mem, beta, thr)`: a LIF step that empties the membrane in the spike's step."""
    cur, beta, thr = _lif_case()

    def right_step(c, m):
        m = beta * m + c
        s = (m > thr).float()
        return s, m * (1 - s)

    right = _lif_trace(right_step, cur, beta, thr)
    mine = _lif_trace(
        lambda c, m: expect_pair(call_student(fn, c, m, beta, thr), m), cur, beta, thr
    )
    if torch.equal(mine[0], right[0]) and same_numbers(mine[1], right[1]):
        return "whenever it fires, the membrane is empty at the end of the step."
    fired = mine[0] > 0
    expect(fired[mine[1] == 0].all(), "Some membranes were emptied without a spike.")
    expect(fired.any(), "Over 40 steps no neuron fired.")
    subtract = _lif_trace(lambda c, m: lif_step(c, m, beta, thr), cur, beta, thr)
    expect(
        not same_numbers(mine[1], subtract[1]),
        "This still subtracts θ one step later, as `lif_step`.",
    )
    expect(
        not (mine[1][fired] > 0).any(),
        f"After a spike the membrane is {mine[1][fired][0]:.3f}; empty it in the same step.",
    )
    raise WrongAnswer(_explain_trace(mine, right, cur, beta, thr))


class _Leak(float):
    """A β that notices when it is multiplied again and again, as a simulation does."""

    def __new__(cls, value: float):
        self = super().__new__(cls, value)
        self.products = 0
        return self

    def __mul__(self, other):
        self.products += 1
        expect(self.products < 10, "This steps through time; solve the geometric series instead.")
        return float(self) * other

    __rmul__ = __mul__


@feedback
def check_period(fn) -> str:
    """Check `fn(cur, beta, thr) -> steps`: from an empty membrane to the spike, or infinity."""
    cases = [
        (0.21, 0.8, 1.0),
        (0.15, 0.9, 1.0),
        (1.5, 0.9, 1.0),
        (0.3, 0.5, 0.4),
        (0.5, 0.5, 0.75),  # after two steps the membrane stands exactly at the threshold
        (0.05, 0.99, 2.0),
    ]
    for cur, beta, thr in cases:
        given = f"I = {cur:g}, β = {beta:g}, θ = {thr:g}"
        steps, mem, right = call_student(fn, cur, _Leak(beta), thr), 0.0, 0
        while mem <= thr:
            mem, right = beta * mem + cur, right + 1
        tie = " At the threshold it does not fire yet: the comparison is strict." * (thr == 0.75)
        sentence = f"For {given} the spike comes after {right} steps, not {steps}.{tie}"
        expect(steps == right, sentence)
    for cur, beta, thr in [(0.19, 0.8, 1.0), (0.05, 0.9, 1.0), (0.5, 0.5, 1.0)]:
        given = f"I = {cur:g}, β = {beta:g}, θ = {thr:g}"
        never = f"For {given} it never fires: return math.inf"
        try:
            steps = call_student(fn, cur, _Leak(beta), thr)
        except (ValueError, ZeroDivisionError) as error:
            raise WrongAnswer(f"{never}; your formula ends in '{error}'.") from None
        expect(steps == math.inf, f"{never}, not {steps}.")
    return "the period, without simulating a single step."
