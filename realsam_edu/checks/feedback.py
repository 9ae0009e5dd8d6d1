"""Immediate feedback in the notebooks: give a check your function, and it says what differs.

Every check compares with the package on fixed inputs. It prints one line starting with ✓ and
returns True, or raises `AssertionError` with a sentence on the first difference and, where the
numbers give it away, on the usual cause. A function that still returns `...` is an exercise not
yet begun: its check says so and returns False, so that an untouched notebook runs to its end.
"""

import functools

import torch

from ..neurons.lif import lif_step
from ..neurons.surrogate import surrogate_grad


class _NotStarted(Exception):
    """The function under test returned the dots of its stub."""


def feedback(check):
    """Make `check(fn)` report the stub politely and print ✓ with its verdict otherwise."""

    @functools.wraps(check)
    def wrapper(fn, *args, **kwargs) -> bool:
        name = getattr(fn, "__name__", "your function")
        try:
            verdict = check(fn, *args, **kwargs)
        except _NotStarted:
            print(f"… {name}: not started. Replace the dots, run the cell, then this check again.")
            return False
        print(f"✓ {name}: {verdict}")
        return True

    return wrapper


def call_student(fn, *args, **kwargs):
    """Call `fn`; turn stubs and missing returns into something readable."""
    result = fn(*args, **kwargs)
    parts = result if isinstance(result, tuple) else (result,)
    if any(part is ... for part in parts):
        raise _NotStarted
    assert not any(part is None for part in parts), (
        "The function returned None. Is a `return` missing?"
    )
    return result


def same_numbers(mine, right, atol=1e-6) -> bool:
    """Return whether two tensors agree in shape and, within rounding, in value."""
    return mine.shape == right.shape and torch.allclose(mine, right, atol=atol, rtol=1e-5)


def expect_tensor(value, like: torch.Tensor, what: str) -> torch.Tensor:
    """Return `value` if it is a tensor shaped like `like`; say what it is if not."""
    assert isinstance(value, torch.Tensor), f"{what} is a {type(value).__name__}, not a tensor."
    assert value.shape == like.shape, (
        f"{what} has shape {tuple(value.shape)}; expected {tuple(like.shape)}."
    )
    return value


def _grad(fn, x: torch.Tensor, upstream: torch.Tensor, what: str) -> torch.Tensor:
    """Return the gradient that `upstream` sends through `fn` to `x`."""
    x = x.clone().requires_grad_()
    y = call_student(fn, x)
    assert y.requires_grad, f"{what} cut the gradient: its output no longer depends on its input."
    return torch.autograd.grad(y, x, upstream)[0]


def _check_step(out, x):
    assert not out[x == 0].any(), "At x = 0 it must stay silent: the test is strict, x > 0."
    right = (x > 0).float()
    assert torch.equal(out, right), (
        f"Forward: for x = {x.tolist()} expected {right.tolist()}, got {out.tolist()}."
    )


# ---------------------------------------------------------------- the spike (notebook 02)


@feedback
def check_spike(fn) -> str:
    """Check `fn(x, slope)`: strict step forward, 1/(1+slope·|x|)² backward."""
    x = torch.tensor([-2.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 2.0])
    upstream = torch.tensor([1.0, -2.0, 3.0, 0.5, 1.0, 2.0, -1.0])
    out = expect_tensor(call_student(fn, x, 2.0), x, "The spike")
    _check_step(out, x)
    for slope in (1.0, 5.0):
        mine = _grad(lambda v, k=slope: fn(v, k), x, upstream, "The spike")
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
    for wrong, sentence in mistakes:
        assert not same_numbers(mine, wrong), f"Backward: {sentence}"
    i = int((mine - upstream * hill).abs().argmax())
    raise AssertionError(
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
    mine, inside = _grad(fn, x, upstream, "The threshold"), (x.abs() <= 1).float()
    right = upstream * inside
    mistakes = [
        (0 * x, "the gradient is zero everywhere; hand it through."),
        (upstream, "the gradient passes where |x| > 1 too; settled bits would drift for ever."),
        (inside, "the gradient from above was dropped; multiply it by the window."),
        (torch.where(x.abs() == 1, 0.0, right), "the window |x| ≤ 1 includes its edges."),
    ]
    for wrong, sentence in mistakes:
        assert not same_numbers(mine, wrong), f"Backward: {sentence}"
    assert same_numbers(mine, right), (
        f"Backward: for x = {x.tolist()} got {mine.tolist()}, expected {right.tolist()}."
    )
    return "a strict step forward, the gradient handed straight through inside |x| ≤ 1."


# ---------------------------------------------------------------- one neuron (notebook 01)


def _mistaken_steps(beta, thr):
    """Plausible wrong LIF steps: the sentence that names the mistake -> `step(cur, mem)`."""

    def fire(x):
        return (x > 0).float()

    def eq1(c, m):
        return beta * m + c - thr * fire(m - thr)

    def variant(new, fires=lambda u, m: fire(u - thr), after=lambda u, s: u):
        def step(cur, mem):
            u = new(cur, mem)
            s = fires(u, mem)
            return s, after(u, s)

        return step

    return {
        "the membrane is never reset after a spike; subtract θ·S[t−1].": variant(
            lambda c, m: beta * m + c
        ),
        "the reset subtracts β·θ; Eq. 1 subtracts the whole θ.": variant(
            lambda c, m: beta * m + c - beta * thr * fire(m - thr)
        ),
        "the reset comes in the step of the spike; here it comes one step later.": variant(
            lambda c, m: beta * m + c, after=lambda u, s: u - thr * s
        ),
        "the reset subtracts 1; it must subtract the threshold of each neuron.": variant(
            lambda c, m: beta * m + c - fire(m - thr)
        ),
        "the spike tests the old membrane; test the new one.": variant(
            eq1, lambda u, m: fire(m - thr)
        ),
        "a membrane exactly at its threshold must not fire: use >, not ≥.": variant(
            lambda c, m: beta * m + c - thr * (m >= thr), lambda u, m: (u >= thr).float()
        ),
        "the reset goes to zero; here it subtracts θ.": variant(
            lambda c, m: beta * m * (1 - fire(m - thr)) + c
        ),
        "nothing leaks; multiply the old membrane by β.": variant(
            lambda c, m: m + c - thr * fire(m - thr)
        ),
        "the input is scaled by 1 − β; Eq. 1 adds it as it is.": variant(
            lambda c, m: eq1(c, m) - beta * c
        ),
    }


def lif_trace(step, cur, beta, thr):
    """Run `step` over `cur`, (T, B, N); return its spikes and membranes, (T, B, N) each."""
    mem, spikes, membranes = torch.zeros(cur.shape[1:]), [], []
    for cur_t in cur:  # (B, N)
        spk, mem = step(cur_t, mem)
        spikes.append(spk)
        membranes.append(mem)
    return torch.stack(spikes), torch.stack(membranes)  # (T, B, N) each


def lif_case():
    """Currents (T, B, N), β (N,), θ (N,); neuron 0 lands exactly on its threshold."""
    rng = torch.Generator().manual_seed(1)
    cur = torch.rand(40, 2, 4, generator=rng) * 0.8
    cur[:, :, 0] = 0.5  # β = 0.5 climbs 0.5, 0.75, 0.875 …
    cur[2, :, 0] = 0.625  # … and reaches exactly 1.0 at step 2
    return cur, torch.tensor([0.5, 0.7, 0.9, 0.97]), torch.tensor([1.0, 0.8, 1.5, 1.2])


@feedback
def check_lif_step(fn) -> str:
    """Check `fn(cur, mem, beta, thr, ...)` against `neurons.lif_step` over 40 steps."""
    cur, beta, thr = lif_case()
    _check_pure(fn, cur, beta, thr)
    right = lif_trace(lambda c, m: lif_step(c, m, beta, thr), cur, beta, thr)
    mine = lif_trace(lambda c, m: expect_pair(call_student(fn, c, m, beta, thr), m), cur, beta, thr)
    if not (torch.equal(mine[0], right[0]) and same_numbers(mine[1], right[1])):
        raise AssertionError(explain_trace(mine, right, cur, beta, thr))
    _check_lif_gradient(fn, cur, beta, thr)
    return "40 steps, 8 neurons: the same spikes and the same membranes."


def expect_pair(result, like):
    """Return `(spk, mem)` if `result` is a pair of tensors shaped like `like`."""
    assert isinstance(result, tuple) and len(result) == 2, "Return two things: `return spk, mem`."
    spk, mem = result
    return expect_tensor(spk, like, "The spikes"), expect_tensor(mem, like, "The membrane")


def explain_trace(mine, right, cur, beta, thr) -> str:
    """Name the mistake whose membranes equal `mine`, or the first step that differs."""
    for sentence, step in _mistaken_steps(beta, thr).items():
        spk, mem = lif_trace(step, cur, beta, thr)
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
    assert torch.equal(mem, kept), "The step changed `mem` in place; build a new tensor instead."
    first, again = expect_pair(first, mem), expect_pair(fn(cur[0], mem, beta, thr), mem)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True)), (
        "The same call gave two answers: the step keeps a state of its own. Only arguments count."
    )


def _check_lif_gradient(fn, cur, beta, thr):
    """Without a gradient through the reset, ∂U[t]/∂U[t−1] is β, whatever fired."""
    mem = torch.tensor([[0.2, 0.7, 1.4, 1.3], [1.1, 0.9, 1.6, 0.1]], requires_grad=True)
    spk, new = fn(cur[0], mem, beta, thr)
    assert new.requires_grad, "The new membrane no longer depends on the old one for autograd."
    (leak,) = torch.autograd.grad(new.sum(), mem, retain_graph=True)
    assert same_numbers(leak, beta.expand_as(mem)), (
        "The gradient flows through the reset as well; detach it, then ∂U[t]/∂U[t−1] = β."
    )
    if spk.requires_grad:  # a plain comparison is allowed: notebook 01 has no surrogate yet
        (mine,) = torch.autograd.grad(spk.sum(), mem)
        right = beta * surrogate_grad(new.detach() - thr)
        assert same_numbers(mine, right), "The spike's gradient is not the surrogate of Eq. 3."
