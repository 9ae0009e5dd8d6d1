"""The recurrent LIF loop done well: the numbers of `scan.reference_scan`, in less time.

One autograd function for the layer. What does not have to be done one step at a time is done for
all steps at once, before the loop (the surrogate's hill) or after it (∂W_rec, ∂β, ∂θ). What is left
per step are a product and a few sums on slabs (B, N), written where they belong; nothing is
allocated. The backward is backpropagation through time by hand. Notebook 04 builds this file step
by step; `scan_triton` puts two GPU kernels in the place of the two loops.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .lif import LIFState, zero_state
from .surrogate import SLOPE


def product_dtype(like: torch.Tensor) -> torch.dtype:
    """Return the dtype of matrix products: that of `like`, or autocast's where it is on."""
    device = like.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return like.dtype


FEWEST = 8  # texts that are worth a thread of their own


def _groups(like: Tensor) -> int:
    """Return into how many equal groups the texts of (T, B, N) are cut: one per thread on a CPU.

    A float32 product of 32 texts takes two threads a sixth less time as two products of 16; one in
    bfloat16 is faster whole.
    """
    batch, most = like.shape[1], 1
    if like.device.type == "cpu" and like.dtype.itemsize >= 4:
        most = min(torch.get_num_threads(), batch // FEWEST)
    return next((groups for groups in range(most, 1, -1) if batch % groups == 0), 1)


def _slabs(x: Tensor | None, groups: int) -> tuple[Tensor, ...] | None:
    """Return (T, B, N) as T slabs (groups, B / groups, N)."""
    return None if x is None else x.unflatten(1, (groups, -1)).unbind()


def _forward_loop(cur, spk, mem, w_in, beta, thr) -> None:
    """Fill slabs 1 to T of `spk` and `mem`, (T+1, B, N); slab 0 is the past."""
    narrow, groups = spk.dtype != mem.dtype, _groups(spk)
    cur, spk, mem = (_slabs(x, groups) for x in (cur, spk, mem))
    rec, reset = torch.empty_like(spk[0]), (mem[0] > thr).to(mem[0].dtype)  # (B, N) in groups
    w_in = w_in.expand(groups, -1, -1)
    for t, cur_t in enumerate(cur):
        now = torch.bmm(spk[t], w_in, out=rec if narrow else mem[t + 1])
        if narrow:  # sums of two dtypes would be slow
            now = mem[t + 1].copy_(now)
        now.add_(cur_t).addcmul_(mem[t], beta).addcmul_(reset, thr, value=-1)  # Eq. 1
        reset = torch.gt(now, thr, out=reset if narrow else spk[t + 1])  # Eq. 2
        if narrow:
            spk[t + 1].copy_(reset)


def _backward_loop(grad_spk, grad_mem, mem, d_mem, factor, w, beta, thr, slope) -> None:
    """Fill slabs T−1 to 0 of `d_mem`, (T+1, B, N); slab T is the future, zero.

    `factor` takes `d_mem` in the dtype of products; `grad_spk` or `grad_mem` may be None.
    """
    narrow, groups = factor.dtype != d_mem.dtype, _groups(factor)
    hill = torch.sub(mem[1:], thr).abs_().mul_(slope).add_(1.0).square_().reciprocal_()  # Eq. 3
    everything = grad_spk, grad_mem, hill, d_mem, factor
    grad_spk, grad_mem, hill, d_mem, factor = (_slabs(x, groups) for x in everything)
    rec, w = torch.empty_like(factor[0]), w.expand(groups, -1, -1)
    for t in range(len(hill) - 1, -1, -1):
        now = torch.bmm(factor[t + 1], w, out=rec if narrow else d_mem[t])  # caused by S[t]
        if narrow:
            now = d_mem[t].copy_(now)
        if grad_spk is not None:
            now.add_(grad_spk[t])
        now.mul_(hill[t]).addcmul_(d_mem[t + 1], beta)
        if grad_mem is not None:
            now.add_(grad_mem[t])
        if narrow:
            factor[t].copy_(now)


class Loops(NamedTuple):
    """The two loops over time, as `_forward_loop` and `_backward_loop` describe them."""

    forward: callable
    backward: callable


class _Scan(torch.autograd.Function):
    """The recurrent LIF layer with its backward pass written by hand; beta and thr are (N,)."""

    @staticmethod
    def forward(ctx, cur, w_rec, beta, thr, slope, dtype, loops, spk0, mem0):
        steps, batch, neurons = cur.shape
        spk_rec = cur.new_empty(steps + 1, batch, neurons, dtype=dtype)
        mem_rec = cur.new_empty(steps + 1, batch, neurons)  # slab 0 is the past
        spk_rec[0], mem_rec[0] = spk0, mem0
        w_in = w_rec.t().to(dtype)  # (N, N); spikes, 0 and 1, are exact in any dtype
        w_in = w_in.contiguous() if steps > 1 else w_in  # a copy that one step would not repay
        loops.forward(cur, spk_rec, mem_rec, w_in, beta, thr)
        ctx.save_for_backward(spk_rec, mem_rec, w_rec, beta, thr)
        ctx.slope, ctx.loops = slope, loops
        ctx.set_materialize_grads(False)  # nobody asks for ∂L/∂U: then there is none to add
        return spk_rec[1:], mem_rec[1:]

    @staticmethod
    def backward(ctx, grad_spk, grad_mem):
        spk_rec, mem_rec, w_rec, beta, thr = ctx.saved_tensors
        d_mem = torch.empty_like(mem_rec)  # (T+1, B, N): ∂L/∂U[t], which is also ∂L/∂I[t]
        d_mem[-1] = 0.0
        w, factor = w_rec.to(spk_rec.dtype), d_mem.to(spk_rec.dtype)  # themselves in float32
        ctx.loops.backward(grad_spk, grad_mem, mem_rec, d_mem, factor, w, beta, thr, ctx.slope)
        d_cur = d_mem[:-1]
        d_w = factor[:-1].flatten(0, 1).t() @ spk_rec[:-1].flatten(0, 1)  # every ∂W_rec[t] at once
        d_beta = (d_cur * mem_rec[:-1]).sum((0, 1))
        d_thr = None
        if ctx.needs_input_grad[3]:  # a higher threshold: spikes less likely, resets deeper
            reset = (mem_rec[:-1] > thr).to(d_cur.dtype)
            d_thr = (beta * d_mem[1:] - d_cur * (1.0 + reset)).sum((0, 1))
            d_thr = d_thr if grad_mem is None else d_thr + grad_mem.sum((0, 1))
        past = (factor[0] @ w).to(d_mem.dtype), d_mem[0] * beta
        return d_cur, d_w.to(w_rec.dtype), d_beta, d_thr, None, None, None, *past


def scan_with(loops: Loops, cur, w_rec, beta, thr, slope=SLOPE, state=None):
    """Do what `scan.lif_scan` does, over these loops."""
    dtype = product_dtype(cur)
    cur = cur.to(torch.promote_types(cur.dtype, torch.float32))  # membranes never in half precision
    state = state if state is not None else zero_state(cur.shape[1], cur.shape[2], cur)
    if cur.shape[0] == 0:
        return cur.clone(), cur.clone(), LIFState(*state)
    beta, thr = (
        torch.as_tensor(value, dtype=cur.dtype, device=cur.device).expand(cur.shape[2])
        for value in (beta, thr)
    )
    spk_rec, mem_rec = _Scan.apply(cur, w_rec, beta, thr, slope, dtype, loops, *state)
    return spk_rec, mem_rec, LIFState(spk_rec[-1], mem_rec[-1])


def fused_scan(cur, w_rec, beta, thr, slope=SLOPE, state=None):
    """Same numbers as `reference_scan`, in less time; see `scan.lif_scan`."""
    loops = Loops(_forward_loop, _backward_loop)
    return scan_with(loops, cur, w_rec, beta, thr, slope, state)
