"""Each check lets the right function through and catches the plausible wrong ones, by name."""

import math

import pytest
import torch

from realsam_edu.checks import feedback as checks
from realsam_edu.checks import nb01 as exercises
from realsam_edu.model import encoder
from realsam_edu.neurons import lif as neurons
from realsam_edu.neurons import surrogate
from realsam_edu.neurons.surrogate import surrogate_grad


def step(x):
    return (x > 0).float()


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


def passes(check, fn, capsys):
    assert check(fn) is True
    assert capsys.readouterr().out.startswith("✓ ")


def fails(check, fn, message):
    with pytest.raises(AssertionError, match=message):
        check(fn)


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


# ---------------------------------------------------------------- LIF step


def lif_variant(reset=None, fire=None, leak=None, cur_scale=None):
    """Return `lif_step` with one part exchanged."""

    def fn(cur, mem, beta, thr=1.0, slope=2.0):
        taken = reset(mem, beta, thr) if reset else step(mem - thr) * thr
        mem = (leak or (lambda m, b: b * m))(mem, beta)
        mem = mem + cur * (cur_scale(beta) if cur_scale else 1) - taken
        return (fire or surrogate.spike)(mem - thr), mem

    return fn


def same_step(cur, mem, beta, thr):
    mem = beta * mem + cur
    spk = surrogate.spike(mem - thr)
    return spk, mem - thr * spk.detach()


def old_membrane(cur, mem, beta, thr):
    spk = surrogate.spike(mem - thr)
    return spk, beta * mem + cur - thr * spk.detach()


def at_least(cur, mem, beta, thr):
    mem = beta * mem + cur - thr * (mem >= thr).float()
    return (mem >= thr).float(), mem


def to_zero(cur, mem, beta, thr):
    mem = beta * mem * (1 - step(mem - thr)) + cur
    return surrogate.spike(mem - thr), mem


def reset_twice(cur, mem, beta, thr):
    spk, new = neurons.lif_step(cur, mem, beta, thr)
    return spk, new - 0.5 * thr * spk


def attached(cur, mem, beta, thr):
    mem = beta * mem + cur - surrogate.spike(mem - thr) * thr
    return surrogate.spike(mem - thr), mem


def in_place(cur, mem, beta, thr):
    reset = step(mem - thr)
    mem.mul_(beta).add_(cur).sub_(reset * thr)
    return surrogate.spike(mem - thr), mem


def detached_membrane(cur, mem, beta, thr):
    return neurons.lif_step(cur, mem.detach(), beta, thr)


def steep(cur, mem, beta, thr):
    return neurons.lif_step(cur, mem, beta, thr, 25.0)


def leaking_state():
    kept = []

    def fn(cur, mem, beta, thr):
        spk, new = neurons.lif_step(cur, kept[-1] if kept else mem, beta, thr)
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
    (lambda c, m, b, t: neurons.lif_step(c, m, b, t)[::-1], "swapped"),
    (lambda c, m, b, t: neurons.lif_step(c, m, b, t)[1], "two things"),
    (lambda c, m, b, t: neurons.lif_step(c[0], m[0], b, t), "shape"),
    (lambda c, m, b, t: None, "return"),
]


def test_check_lif_step_accepts(capsys):
    passes(checks.check_lif_step, neurons.lif_step, capsys)


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


# ---------------------------------------------------------------- small exercises


def zero_reset(cur, mem, beta, thr=1.0):
    mem = beta * mem + cur
    spk = (mem > thr).float()
    return spk, mem * (1 - spk)


def period(cur, beta, thr=1.0):
    missing = 1 - thr * (1 - beta) / cur
    return math.inf if missing <= 0 else math.floor(math.log(missing) / math.log(beta)) + 1


def backward_through_time(grad, beta):
    total = grad.clone()
    for t in range(len(grad) - 2, -1, -1):
        total[t] += beta * total[t + 1]
    return total


def triangle(x, slope):
    return (1 - slope * x.abs()).clamp(min=0)


def bits_needed(symbols):
    return math.ceil(math.log2(symbols))


RIGHT = [
    (exercises.check_half_life, lambda h: 0.5 ** (1 / h)),
    (exercises.check_zero_reset, zero_reset),
    (exercises.check_period, period),
    (exercises.check_triangle, triangle),
    (exercises.check_bits_needed, bits_needed),
    (exercises.check_backward_through_time, backward_through_time),
]
WRONG = [
    (exercises.check_half_life, lambda h: math.exp(-1 / h), "1/e"),
    (exercises.check_half_life, lambda h: 1 - 0.5 / h, "left after"),
    (exercises.check_half_life, lambda h: 2.0 ** (1 / h), "between 0 and 1"),
    (exercises.check_zero_reset, neurons.lif_step, "still subtracts"),
    (exercises.check_zero_reset, same_step, "empty it"),
    (exercises.check_zero_reset, to_zero, "empty it"),
    (
        exercises.check_zero_reset,
        lambda c, m, b, t: (zero_reset(c, m, b, t)[0], 0 * m),
        "without a spike",
    ),
    (
        exercises.check_zero_reset,
        lambda c, m, b, t: (torch.zeros_like(m), b * m + c),
        "no neuron fired",
    ),
    (exercises.check_period, lambda c, b, t=1.0: period(c, b, t) - 1, "not"),
    (
        exercises.check_period,
        lambda c, b, t=1.0: 14 if c < 0.2 * t else period(c, b, t),
        "spike comes|never fires",
    ),
    (exercises.check_period, lambda c, b, t=1.0: period(c, b, 1.0), "spike comes"),
    (exercises.check_triangle, lambda x, k: 1 - k * x.abs(), "negative"),
    (exercises.check_triangle, lambda x, k: (1 - x.abs()).clamp(min=0), "foot"),
    (exercises.check_triangle, surrogate_grad, "foot"),
    (exercises.check_bits_needed, lambda n: math.floor(math.log2(n)), "need"),
    (exercises.check_bits_needed, lambda n: math.floor(math.log2(n)) + 1, "need"),
    (exercises.check_backward_through_time, lambda g, b: g, "Nothing came back"),
    (exercises.check_backward_through_time, lambda g, b: backward_through_time(g, 1.0), "differs"),
    (exercises.check_backward_through_time, lambda g, b: g.flip(0).cumsum(0).flip(0), "differs"),
]


@pytest.mark.parametrize(("check", "fn"), RIGHT, ids=[c.__name__ for c, _ in RIGHT])
def test_exercise_check_accepts(check, fn, capsys):
    passes(check, fn, capsys)


@pytest.mark.parametrize(("check", "fn", "message"), WRONG)
def test_exercise_check_rejects(check, fn, message):
    fails(check, fn, message)


EVERY = [*(c for c, _ in RIGHT), checks.check_spike, checks.check_lif_step]


@pytest.mark.parametrize("check", EVERY)
def test_a_stub_is_not_started(check, capsys):
    assert check(lambda *args: ...) is False
    assert "not started" in capsys.readouterr().out
