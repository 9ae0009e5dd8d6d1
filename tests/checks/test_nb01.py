"""The checks of notebook 01 accept the right answer and name the plausible wrong ones."""

import math

import pytest
import torch
from checks.answers import fails, is_not_started, passes, step

from realsam_edu.checks import nb01 as checks
from realsam_edu.neurons import lif_step
from realsam_edu.neurons.surrogate import spike


def lif_variant(reset=None, fire=None, leak=None, cur_scale=None):
    """Return `lif_step` with one part exchanged."""

    def fn(cur, mem, beta, thr=1.0, slope=2.0):
        taken = reset(mem, beta, thr) if reset else step(mem - thr) * thr
        mem = (leak or (lambda m, b: b * m))(mem, beta)
        mem = mem + cur * (cur_scale(beta) if cur_scale else 1) - taken
        return (fire or spike)(mem - thr), mem

    return fn


def same_step(cur, mem, beta, thr):
    mem = beta * mem + cur
    spk = spike(mem - thr)
    return spk, mem - thr * spk.detach()


def old_membrane(cur, mem, beta, thr):
    spk = spike(mem - thr)
    return spk, beta * mem + cur - thr * spk.detach()


def at_least(cur, mem, beta, thr):
    mem = beta * mem + cur - thr * (mem >= thr).float()
    return (mem >= thr).float(), mem


def to_zero(cur, mem, beta, thr):
    mem = beta * mem * (1 - step(mem - thr)) + cur
    return spike(mem - thr), mem


def reset_twice(cur, mem, beta, thr):
    spk, new = lif_step(cur, mem, beta, thr)
    return spk, new - 0.5 * thr * spk


def attached(cur, mem, beta, thr):
    mem = beta * mem + cur - spike(mem - thr) * thr
    return spike(mem - thr), mem


def in_place(cur, mem, beta, thr):
    reset = step(mem - thr)
    mem.mul_(beta).add_(cur).sub_(reset * thr)
    return spike(mem - thr), mem


def detached_membrane(cur, mem, beta, thr):
    return lif_step(cur, mem.detach(), beta, thr)


def steep(cur, mem, beta, thr):
    return lif_step(cur, mem, beta, thr, 25.0)


def leaking_state():
    kept = []

    def fn(cur, mem, beta, thr):
        spk, new = lif_step(cur, kept[-1] if kept else mem, beta, thr)
        kept.append(new)
        return spk, new

    return fn


WRONG_STEPS = [
    (lif_variant(reset=lambda m, b, t: 0), "never reset"),
    (lif_variant(reset=lambda m, b, t: b * t * step(m - t)), "β·θ|first|First"),
    (lif_variant(reset=lambda m, b, t: step(m - t)), "subtracts 1"),
    (lif_variant(leak=lambda m, b: m), "nothing leaks"),
    (lif_variant(cur_scale=lambda b: 1 - b), "scaled by 1 − β"),
    (same_step, "in the step of the spike"),
    (old_membrane, "tests the old membrane"),
    (at_least, "not ≥"),
    (to_zero, "goes to zero"),
    (reset_twice, "First difference at step"),
    (attached, "detach it"),
    (in_place, "in place"),
    (detached_membrane, "no longer depends"),
    (steep, "surrogate of Eq. 3"),
    (leaking_state(), "state of its own"),
    (lambda c, m, b, t: lif_step(c, m, b, t)[::-1], "swapped"),
    (lambda c, m, b, t: lif_step(c, m, b, t)[1], "two things"),
    (lambda c, m, b, t: lif_step(c[0], m[0], b, t), "shape"),
    (lambda c, m, b, t: None, "return"),
]


def test_check_lif_step_accepts(capsys):
    passes(checks.check_lif_step, lif_step, capsys)


def test_check_lif_step_accepts_a_plain_comparison(capsys):
    """Notebook 01 has not met the surrogate: a spike without any gradient is right there."""

    def plain(cur, mem, beta, thr=1.0):
        mem = beta * mem + cur - step(mem - thr) * thr
        return (mem > thr).float(), mem

    passes(checks.check_lif_step, plain, capsys)


@pytest.mark.parametrize(("fn", "message"), WRONG_STEPS, ids=[m for _, m in WRONG_STEPS])
def test_check_lif_step_rejects(fn, message):
    fails(checks.check_lif_step, fn, message)


def test_the_beta_reset_is_named():
    fails(checks.check_lif_step, WRONG_STEPS[1][0], "subtracts β·θ")


# ---------------------------------------------------------------- exercises


def zero_reset(cur, mem, beta, thr=1.0):
    mem = beta * mem + cur
    spk = (mem > thr).float()
    return spk, mem * (1 - spk)


def period(cur, beta, thr=1.0):
    missing = 1 - thr * (1 - beta) / cur
    return math.inf if missing <= 0 else math.floor(math.log(missing) / math.log(beta)) + 1


def ceiling(cur, beta, thr=1.0):
    """Ignores that the comparison is strict."""
    missing = 1 - thr * (1 - beta) / cur
    return math.inf if missing <= 0 else math.ceil(math.log(missing) / math.log(beta))


def never_below_only(cur, beta, thr=1.0):
    """Has no logarithm for the neuron that just never fires."""
    missing = 1 - thr * (1 - beta) / cur
    return math.inf if missing < 0 else math.floor(math.log(missing) / math.log(beta)) + 1


def simulated(cur, b, t=1.0):
    mem, steps = 0.0, 0
    while mem <= t and steps < 1000:
        mem, steps = b * mem + cur, steps + 1
    return steps if mem > t else math.inf


def other_style(cur, beta, thr=1.0):
    """Compares first, and uses another logarithm."""
    if cur <= thr * (1 - beta):
        return float("inf")
    return int(math.log(1 - thr * (1 - beta) / cur, beta)) + 1


RIGHT = [
    (checks.check_period, other_style),
    (checks.check_half_life, lambda h: 0.5 ** (1 / h)),
    (checks.check_zero_reset, zero_reset),
    (checks.check_period, period),
]
WRONG = [
    (checks.check_half_life, lambda h: math.exp(-1 / h), "1/e"),
    (checks.check_half_life, lambda h: 1 - 0.5 / h, "left after"),
    (checks.check_half_life, lambda h: 2.0 ** (1 / h), "between 0 and 1"),
    (checks.check_zero_reset, lif_step, "still subtracts"),
    (checks.check_zero_reset, same_step, "empty it"),
    (checks.check_zero_reset, to_zero, "empty it"),
    (
        checks.check_zero_reset,
        lambda c, m, b, t: (zero_reset(c, m, b, t)[0], 0 * m),
        "without a spike",
    ),
    (
        checks.check_zero_reset,
        lambda c, m, b, t: (torch.zeros_like(m), b * m + c),
        "no neuron fired",
    ),
    (checks.check_period, lambda c, b, t=1.0: period(c, b, t) - 1, "not"),
    (
        checks.check_period,
        lambda c, b, t=1.0: 14 if c < 0.2 * t else period(c, b, t),
        "spike comes|never fires",
    ),
    (checks.check_period, lambda c, b, t=1.0: period(c, b, 1.0), "spike comes"),
    (checks.check_period, ceiling, "strict"),
    (checks.check_period, never_below_only, "ends in"),
    (checks.check_period, simulated, "steps through time"),
]


@pytest.mark.parametrize(("check", "fn"), RIGHT, ids=[c.__name__ for c, _ in RIGHT])
def test_exercise_check_accepts(check, fn, capsys):
    passes(check, fn, capsys)


@pytest.mark.parametrize(("check", "fn", "message"), WRONG)
def test_exercise_check_rejects(check, fn, message):
    fails(check, fn, message)


@pytest.mark.parametrize("check", [*(check for check, _ in RIGHT), checks.check_lif_step])
def test_a_stub_is_not_started(check, capsys):
    is_not_started(check, capsys)
