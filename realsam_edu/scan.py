"""A recurrent LIF layer over a whole sequence: the readable loop, and the same loop done well.

`reference_scan` is `rlif_step` in a Python loop; autograd records every step. `fused_scan` computes
the same numbers with one autograd function for the layer: the forward loop keeps only what the
backward needs, the backward is written by hand (backpropagation through time, one reversed loop)
and collects ∂W_rec in a single product after the loop. `lif_scan` chooses between them;
`REALSAM_SCAN=reference|fused` forces one. Tensors are time first, (T, B, N), because the loop then
reads one contiguous slab per step.
"""

import math

import torch
from torch import nn

from .neurons import LIFState, rlif_step, zero_state
from .runtime import scan_path
from .surrogate import SLOPE


def reference_scan(cur, w_rec, beta, thr, slope=SLOPE, state=None):
    """Run `rlif_step` over time; see `lif_scan` for shapes. Slow, and plainly right."""
    spk, mem = state if state is not None else zero_state(cur.shape[1], cur.shape[2], cur)
    spk_rec, mem_rec = [], []
    for cur_t in cur:  # (B, N)
        spk, mem = rlif_step(cur_t, spk, mem, w_rec, beta, thr, slope)
        spk_rec.append(spk)
        mem_rec.append(mem)
    if not spk_rec:  # an empty sequence changes nothing
        return cur.clone(), cur.clone(), LIFState(spk, mem)
    return torch.stack(spk_rec), torch.stack(mem_rec), LIFState(spk, mem)


def _product_dtype(like: torch.Tensor) -> torch.dtype:
    """The dtype of matrix products: that of `like`, or autocast's where it is switched on."""
    device = like.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else like.dtype


class _FusedScan(torch.autograd.Function):
    """The recurrent LIF loop with its backward pass written by hand; beta and thr are (N,)."""

    @staticmethod
    def forward(ctx, cur, w_rec, beta, thr, slope, dtype, spk0, mem0):
        steps = cur.shape[0]
        spk_rec = cur.new_empty(steps + 1, *cur.shape[1:], dtype=dtype)  # (T+1, B, N)
        mem_rec = cur.new_empty(steps + 1, *cur.shape[1:])  # row 0 is the past
        spk_rec[0], mem_rec[0] = spk0, mem0
        w_in = w_rec.t().to(dtype)  # (N, N); spikes, 0 and 1, are exact in any dtype
        rec = cur.new_empty(cur.shape[1:], dtype=dtype)  # (B, N)
        wide = torch.empty_like(cur[0])  # (B, N), the same widened: mixed sums are slow
        reset = (mem0 - thr > 0).to(cur.dtype)  # (B, N)
        for t in range(steps):
            torch.mm(spk_rec[t], w_in, out=rec)
            mem = torch.addcmul(cur[t], mem_rec[t], beta, out=mem_rec[t + 1])  # (B, N)
            mem.add_(wide.copy_(rec)).addcmul_(reset, thr, value=-1)
            torch.gt(mem, thr, out=reset)
            spk_rec[t + 1] = reset
        ctx.save_for_backward(spk_rec, mem_rec, w_rec, beta, thr)
        ctx.slope = slope
        ctx.set_materialize_grads(False)  # nobody asks for ∂L/∂U: then there is none to add
        return spk_rec[1:], mem_rec[1:]

    @staticmethod
    def backward(ctx, grad_spk, grad_mem):
        spk_rec, mem_rec, w_rec, beta, thr = ctx.saved_tensors
        w = w_rec.to(spk_rec.dtype)
        d_mem = torch.empty_like(mem_rec[1:])  # (T, B, N), ∂L/∂U[t], also ∂L/∂I[t]
        rounded = torch.empty_like(spk_rec[1:])  # the same in the dtype of the products
        d_thr = torch.zeros_like(d_mem[0]) if ctx.needs_input_grad[3] else None
        rec = torch.empty_like(rounded[0])  # (B, N), what S[t] caused in step t+1
        wide = torch.zeros_like(d_mem[0])  # (B, N), the same widened
        d_spk, hill, leak = torch.zeros_like(d_mem[0]), torch.empty_like(d_mem[0]), None
        for t in range(len(d_mem) - 1, -1, -1):  # slab by slab, so that all of it stays in cache
            torch.sub(mem_rec[t + 1], thr, out=hill)
            hill.abs_().mul_(ctx.slope).add_(1.0).pow_(-2)  # Eq. 3
            if grad_spk is not None:
                d_spk.copy_(grad_spk[t])
            torch.mul(wide.add_(d_spk), hill, out=d_mem[t])
            if d_thr is not None:  # a higher threshold: S[t] less likely, the last reset deeper
                d_thr.sub_(d_mem[t])
            if grad_mem is not None:
                d_mem[t].add_(grad_mem[t])
            if leak is not None:
                d_mem[t].addcmul_(leak, beta)
            leak = d_mem[t]
            if d_thr is not None:
                d_thr.addcmul_(leak, (mem_rec[t] - thr > 0).to(leak.dtype), value=-1)
            rounded[t] = leak
            wide.copy_(torch.mm(rounded[t], w, out=rec))
        d_w = rounded.flatten(0, 1).t() @ spk_rec[:-1].flatten(0, 1)  # every ∂W_rec[t] at once
        d_beta = torch.stack([(d * past).sum(0) for d, past in zip(d_mem, mem_rec, strict=False)])
        d_thr = None if d_thr is None else d_thr.sum(0)
        state_grads = wide, leak * beta
        return d_mem, d_w.to(w_rec.dtype), d_beta.sum(0), d_thr, None, None, *state_grads


def fused_scan(cur, w_rec, beta, thr, slope=SLOPE, state=None):
    """Same numbers as `reference_scan`, in less time; see `lif_scan`."""
    dtype = _product_dtype(cur)
    cur = cur.to(torch.promote_types(cur.dtype, torch.float32))  # membranes never in half precision
    state = state if state is not None else zero_state(cur.shape[1], cur.shape[2], cur)
    if cur.shape[0] == 0:
        return cur.clone(), cur.clone(), LIFState(*state)
    neurons = cur.shape[2]
    beta = torch.as_tensor(beta, dtype=cur.dtype, device=cur.device).expand(neurons)
    thr = torch.as_tensor(thr, dtype=cur.dtype, device=cur.device).expand(neurons)
    spk_rec, mem_rec = _FusedScan.apply(cur, w_rec, beta, thr, slope, dtype, *state)
    return spk_rec, mem_rec, LIFState(spk_rec[-1], mem_rec[-1])


_PATHS = {"reference": reference_scan, "fused": fused_scan}


def lif_scan(cur, w_rec, beta, thr, slope: float = SLOPE, state: LIFState | None = None):
    """Run a recurrent LIF layer over T time steps (Eq. 1 to 3, W_rec·S[t−1] added to I[t]).

    Args:
        cur: feed-forward current, (T, B, N).
        w_rec: recurrent weights, (N, N); row i holds the weights into neuron i.
        beta: leak in [0, 1], a number or (N,).
        thr: threshold, a number or (N,).
        slope: slope k of the surrogate gradient.
        state: spikes and membranes of the step before, each (B, N); None is silence.

    Returns:
        `(spk_rec, mem_rec, state)`: recordings (T, B, N) and the state after the last step.

    Raises:
        RealSamError: `REALSAM_SCAN` names a path that does not exist.
    """
    return _PATHS[scan_path(tuple(_PATHS), default="fused")](cur, w_rec, beta, thr, slope, state)


class RecurrentLIF(nn.Module):
    """A layer of N recurrent LIF neurons with its own learnable leaks.

    The time constants start log-uniform between `tau[0]` and `tau[1]` steps, since a population of
    unequal neurons learns temporal tasks better (Perez-Nieves et al. 2021,
    doi 10.1038/s41467-021-26022-3). Recurrent weights start orthogonal, scaled by `gain`.
    """

    def __init__(self, neurons: int, slope: float = SLOPE, tau=(0.2, 2.0), gain: float = 0.1):
        super().__init__()
        self.slope = slope
        self.w_rec = nn.Parameter(nn.init.orthogonal_(torch.empty(neurons, neurons), gain))
        taus = torch.empty(neurons).uniform_(math.log(tau[0]), math.log(tau[1])).exp()
        self.beta_logit = nn.Parameter(torch.logit(torch.exp(-1.0 / taus)))  # (N,)
        self.register_buffer("thr", torch.ones(neurons))  # (N,)

    @property
    def beta(self) -> torch.Tensor:
        """The leak of each neuron, (N,), kept between 0 and 1 by a sigmoid."""
        return torch.sigmoid(self.beta_logit)

    def forward(self, cur: torch.Tensor, state: LIFState | None = None):
        """Run over a sequence, (T, B, N); returns what `lif_scan` returns."""
        return lif_scan(cur, self.w_rec, self.beta, self.thr, self.slope, state)

    def step(self, cur: torch.Tensor, state: LIFState) -> LIFState:
        """Run one step, (B, N); returns the new state."""
        return LIFState(*rlif_step(cur, *state, self.w_rec, self.beta, self.thr, self.slope))
