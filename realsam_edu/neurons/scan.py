"""A recurrent LIF population over a whole sequence: the readable loop, and a choice of faster ones.

`reference_scan` is `rlif_step` in a Python loop; autograd records every step. `scan_fused` computes
the same numbers with a backward pass written by hand, and `scan_triton` does so in two GPU kernels.
`lif_scan` chooses; `forced_scan` or REALSAM_SCAN=reference|fused|triton forces one. Tensors are
time first, (T, B, N), because a loop then reads one contiguous slab per step.
"""

import functools
from contextlib import contextmanager
from contextvars import ContextVar

import torch

from ..runtime.errors import RealSamError
from ..runtime.settings import wanted_scan
from .lif import LIFState, rlif_step, zero_state
from .scan_fused import fused_scan
from .scan_triton import triton_scan, why_not_triton
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
_FORCED: ContextVar[str | None] = ContextVar("forced scan", default=None)


@contextmanager
def forced_scan(path: str | None):
    """Let every layer run over `path` inside the block; None leaves the choice as it is.

    Raises:
        RealSamError: there is no such path.
    """
    if path is not None and path not in _PATHS:
        raise RealSamError(f"There is no scan '{path}'; choose one of {', '.join(_PATHS)}.")
    token = _FORCED.set(_FORCED.get() if path is None else path)
    try:
        yield
    finally:
        _FORCED.reset(token)


@functools.cache
def _wanted() -> str | None:
    """What REALSAM_SCAN asks for, read once and not for every layer of every step."""
    return wanted_scan(tuple(_PATHS))


def asked_scan() -> str | None:
    """Return the path that `forced_scan`, or else REALSAM_SCAN, asks for; None if neither does."""
    return _FORCED.get() or _wanted()


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
    path = asked_scan()
    if path is None:
        path = "triton" if cur.is_cuda and why_not_triton(cur) is None else "fused"
    return _PATHS[path](cur, w_rec, beta, thr, slope, state)
