"""Checks of notebook 04: the loop and its backward by hand, ∂θ, and counting operations."""

import torch

from ..inside.energy import training_multiply_adds
from ..model.v2 import V2, V2Config
from ..neurons.lif import LIFState
from ..neurons.scan import reference_scan
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

CLOSE = 1e-10  # of float64 numbers that were added up in another order
SLOPE = 2.0


def _layer_in_float64() -> tuple:
    """Currents (T, B, N), w_rec (N, N), β (N,), θ (N,), spikes and membranes (B, N) of the past."""
    rng = torch.Generator().manual_seed(5)
    cur = torch.randn(12, 3, 6, generator=rng, dtype=torch.float64)
    w_rec = 0.5 * torch.randn(6, 6, generator=rng, dtype=torch.float64)
    beta, thr = torch.rand(2, 6, generator=rng, dtype=torch.float64).add(0.2).mul(0.7)
    mem = 2 * torch.randn(3, 6, generator=rng, dtype=torch.float64)
    return cur, w_rec, beta, thr, (mem > thr).to(mem.dtype), mem


def _recorded() -> tuple:
    """What arrives from the loss, and the recordings (T+1, B, N) whose slab 0 is the past."""
    cur, w_rec, beta, thr, spk, mem = _layer_in_float64()
    spk_rec, mem_rec, _ = reference_scan(cur, w_rec, beta, thr, SLOPE, LIFState(spk, mem))
    rng = torch.Generator().manual_seed(6)
    grad_spk, grad_mem = torch.randn(2, *cur.shape, generator=rng, dtype=cur.dtype)
    return grad_spk, grad_mem, torch.cat([spk[None], spk_rec]), torch.cat([mem[None], mem_rec])


def _autograd(scan, grad_spk, grad_mem) -> tuple:
    """Gradients of cur, w_rec, beta and of the past, through `scan` and autograd."""
    cur, w_rec, beta, thr, spk, mem = (part.clone() for part in _layer_in_float64())
    leaves = [part.requires_grad_() for part in (cur, w_rec, beta, spk, mem)]
    recorded = scan(cur, w_rec, beta, thr, SLOPE, LIFState(spk, mem))[:2]
    return torch.autograd.grad(recorded, leaves, (grad_spk, grad_mem))


# ---------------------------------------------------------------- what the notebook defines


@feedback
def check_forward(fn) -> str:
    """Check `fn(cur, w_rec, beta, thr, spk, mem)`: recordings (T+1, B, N), slab 0 the past."""
    right = _recorded()[2:]
    mine = call_student(fn, *_layer_in_float64())
    for got, want, name in zip(mine, right, ("spikes", "membranes"), strict=True):
        expect_tensor(got, want, f"The recording of {name}")
        expect(same_numbers(got, want, CLOSE), f"The {name} differ from the package's.")
    return "12 steps, the same spikes and membranes."


@feedback
def check_backward(fn) -> str:
    """Check `fn(grad_spk, grad_mem, spk_rec, mem_rec, w_rec, beta, thr, slope)`.

    It returns the gradients of cur, w_rec, beta and of the spikes and membranes of the past.
    """
    grad_spk, grad_mem, *recorded = _recorded()
    _, w_rec, beta, thr, _, _ = _layer_in_float64()
    given = grad_spk, grad_mem, *recorded, w_rec, beta, thr, SLOPE
    mine = call_student(fn, *given)
    right = _autograd(reference_scan, grad_spk, grad_mem)
    names = ("current", "recurrent weights", "leaks", "past spikes", "past membranes")
    expect(
        isinstance(mine, tuple) and len(mine) == len(right),
        "Return five things: the gradients of cur, w_rec, beta, and of the past's spk and mem.",
    )
    for got, want, name in zip(mine, right, names, strict=True):
        expect_tensor(got, want, f"The gradient of the {name}")
    _explain_current(mine[0], right[0], given)
    _explain_weights(mine[1], right[1], mine[0], recorded[0])
    for got, want, name in zip(mine[2:], right[2:], names[2:], strict=True):
        expect(torch.allclose(got, want, atol=CLOSE), f"The gradient of the {name} differs.")
    return "every gradient equals autograd's through the loop, to 1e-10."


def _back(
    grad_spk, grad_mem, _, mem_rec, w_rec, beta, thr, slope, leak=1, turned=0, late=1, hill=1
):
    """Run the recursion for ∂L/∂U[t], right or with one mistake; returns (T, B, N)."""
    later, errors = torch.zeros_like(mem_rec[0]), []
    for t in reversed(range(len(grad_spk))):
        slope_here = surrogate_grad(mem_rec[t + late] - thr, slope) if hill else 1.0
        heard = grad_spk[t] + later @ (w_rec.t() if turned else w_rec)
        later = slope_here * heard + leak * beta * later + grad_mem[t]
        errors.append(later)
    return torch.stack(errors[::-1])


def _explain_current(mine, right, given) -> None:
    if torch.allclose(mine, right, atol=CLOSE):
        return
    grad_spk, grad_mem, *rest = given
    mistakes = [
        (_back(*given, leak=0), "the leak is forgotten: U[t] also lives on in β·U[t+1]."),
        (
            _back(*given, turned=1),
            "W_rec is transposed: S[t] hears from δ[t+1] @ W_rec.",
        ),
        (_back(*given, late=0), "the hill is a step too early: step t left U[t] in slab t + 1."),
        (_back(*given, hill=0), "an error passes a spike only times the hill of Eq. 3."),
        (_back(grad_spk, 0 * grad_mem, *rest), "`grad_mem` is left out."),
        (_back(0 * grad_spk, grad_mem, *rest), "`grad_spk` is left out."),
        (right.flip(0), "the time runs backward: turn the list round before stacking it."),
    ]
    expect_no_mistake(mine, mistakes, "Gradient of the current", CLOSE)
    apart = (mine - right).abs().amax((1, 2))  # (T,)
    last = int((apart > CLOSE).nonzero().max())
    raise WrongAnswer(
        f"The gradient of the current differs from step {last} backward; what is later is right."
    )


def _explain_weights(mine, right, d_cur, spk_rec) -> None:
    if torch.allclose(mine, right, atol=CLOSE):
        return
    now = torch.einsum("tbn,tbm->nm", d_cur, spk_rec[1:])
    mistakes = [
        (right.t(), "it is transposed: row i holds the weights *into* neuron i."),
        (now, "W_rec carries the spikes of the step *before*: slab t, not t + 1."),
    ]
    expect_no_mistake(mine, mistakes, "Gradient of W_rec", CLOSE)
    raise WrongAnswer("The gradient of the recurrent weights differs.")


@feedback
def check_hand_scan(fn) -> str:
    """Check `fn(cur, w_rec, beta, thr, slope, state)`: values, state, gradients in float64."""
    cur, w_rec, beta, thr, spk, mem = _layer_in_float64()
    for state in (None, LIFState(spk, mem)):
        right = reference_scan(cur, w_rec, beta, thr, SLOPE, state)
        mine = call_student(fn, cur, w_rec, beta, thr, SLOPE, state)
        for got, want in zip((*mine[:2], *mine[2]), (*right[:2], *right[2]), strict=True):
            expect_tensor(got, want, "A recording or state")
            expect(same_numbers(got, want, CLOSE), "Recordings or state differ.")
    grads = _recorded()[:2]
    for got, want in zip(_autograd(fn, *grads), _autograd(reference_scan, *grads), strict=True):
        expect(torch.allclose(got, want, atol=CLOSE), "A gradient differs from autograd's.")
    return "recordings, state and all gradients."


# ---------------------------------------------------------------- exercises


@feedback
def check_thr_grad(fn) -> str:
    """Check `fn(d_mem, mem_rec, beta, thr)`: ∂L/∂θ (N,), if the loss hears spikes only.

    d_mem (T+1, B, N) holds ∂L/∂U[t] in slab t, and zeros behind the end; mem_rec the membranes,
    slab 0 the past.
    """
    cur, w_rec, beta, thr, spk, mem = _layer_in_float64()
    grad_spk, _, *recorded = _recorded()
    errors = _back(grad_spk, 0 * grad_spk, *recorded, w_rec, beta, thr, SLOPE)
    d_mem, mem_rec = torch.cat([errors, torch.zeros_like(errors[:1])]), recorded[1]
    leaf = thr.clone().requires_grad_()
    spk_rec, _, _ = reference_scan(cur, w_rec, beta, leaf, SLOPE, LIFState(spk, mem))
    (right,) = torch.autograd.grad(spk_rec, leaf, grad_spk)
    mine = expect_tensor(call_student(fn, d_mem, mem_rec, beta, thr), right, "The gradient")
    reset = (mem_rec[:-1] > thr).to(errors.dtype)
    through_spike = beta * d_mem[1:] - errors  # −hill·(what arrived at the spike)
    mistakes = [
        (-right, "the sign is turned: a higher threshold makes spikes less likely."),
        (through_spike.sum((0, 1)), "the reset is missing: Eq. 1 subtracts θ·S[t−1]."),
        (-(errors * reset).sum((0, 1)), "the spike is missing: Eq. 2 compares U with θ."),
        (
            -(errors * (1 + reset)).sum((0, 1)),
            "δ[t] also holds what came along the leak, β·δ[t+1]; that did not pass the spike.",
        ),
        (
            (through_spike - errors * (mem_rec[1:] > thr)).sum((0, 1)),
            "the reset of step t is of the spike before it: slab t of `mem_rec`.",
        ),
    ]
    if not torch.allclose(mine, right, atol=CLOSE):
        expect_no_mistake(mine, mistakes, atol=CLOSE)
        raise WrongAnswer(f"Got {mine.tolist()}, expected {right.tolist()}.")
    return "∂L/∂θ equals autograd's through the loop."


@feedback
def check_multiply_adds(fn) -> str:
    """Check `fn(config)`: multiply-adds of V2's weights for one token, from its sizes."""
    for config in (V2Config(vocab=40, embed=6, hidden=10, depth=4), V2Config(depth=3)):
        mine, right = int(call_student(fn, config)), training_multiply_adds(V2(config))
        e, n, v, layers = config.embed, config.hidden, config.vocab, config.depth
        mistakes = {
            2 * right: "that counts operations; a multiply-add is one here.",
            right - layers * n * n: "a block has two matrices: W_rec and fc_out.",
            right + layers * n * n: "that is V4: V2's blocks have no gate.",
            right - v * e: "the table meets every token once, in the readout.",
            right + v * e: "looking up a row of the table multiplies nothing.",
            right - e * n: "both the projection and the head have E·N weights.",
            right - 2 * (layers - 1) * n * n: "there are `depth` blocks.",
        }
        if mine != right:
            sentence = mistakes.get(mine, "count every matrix that meets every token.")
            raise WrongAnswer(f"Got {mine:,}, expected {right:,}: {sentence}")
    return "the same as counting the modules."
