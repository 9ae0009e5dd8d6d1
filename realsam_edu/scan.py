"""A recurrent LIF layer over a whole sequence: the readable loop, and a choice of faster ones.

`reference_scan` is `rlif_step` in a Python loop; autograd records every step. `scan_fused` computes
the same numbers with a backward pass written by hand, and `scan_triton` does so in two GPU kernels.
`lif_scan` chooses; `REALSAM_SCAN=reference|fused|triton` forces one. Tensors are time first,
(T, B, N), because a loop then reads one contiguous slab per step.
"""

import math

import torch
from torch import nn

from .neurons import LIFState, rlif_step, zero_state
from .runtime import scan_path
from .scan_fused import fused_scan
from .scan_triton import triton_scan, why_not
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


_PATHS = {"reference": reference_scan, "fused": fused_scan, "triton": triton_scan}


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
        RealSamError: `REALSAM_SCAN` names a path that does not exist, or cannot run here.
    """
    best = "triton" if cur.is_cuda and why_not(cur) is None else "fused"
    return _PATHS[scan_path(tuple(_PATHS), default=best)](cur, w_rec, beta, thr, slope, state)


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
