"""One time step of a leaky integrate-and-fire (LIF) neuron, with and without recurrence.

    U[t] = β·U[t−1] + I[t] − θ·S[t−1]        (Eq. 1)
    S[t] = Θ(U[t] − θ),  strictly above      (Eq. 2)

Pure functions: the state goes in, the state comes out, nothing is kept in between. Their values
equal `snntorch.Leaky` and `snntorch.RLeaky` bit for bit in float32 on a CPU
(`reset_mechanism="subtract"`, `reset_delay=True`); `tests/test_parity_snntorch.py` holds them to
it. Notebook 01 builds `lif_step`, notebook 03 uses the recurrent one. The neuron model is that of
Eshraghian et al. 2023, doi 10.1109/JPROC.2023.3308088.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .surrogate import SLOPE, spike


class LIFState(NamedTuple):
    """What a layer of LIF neurons remembers from one time step to the next."""

    spk: torch.Tensor  # (B, N) spikes of the last step, 0 or 1
    mem: torch.Tensor  # (B, N) membrane of the last step, in units of current


def zero_state(batch: int, neurons: int, like: torch.Tensor) -> LIFState:
    """Return a silent layer at rest: zeros of shape (B, N), dtype and device of `like`."""
    return LIFState(like.new_zeros(batch, neurons), like.new_zeros(batch, neurons))


def lif_step(cur, mem, beta, thr=1.0, slope: float = SLOPE):
    """Advance LIF neurons by one time step (Eq. 1 and 2).

    Args:
        cur: input current I[t], (B, N).
        mem: membrane U[t−1], (B, N).
        beta: leak β in [0, 1], a number or (N,). The time constant is −1/ln β steps.
        thr: threshold θ, a number or (N,).
        slope: slope k of the surrogate gradient (Eq. 3).

    Returns:
        `(spk, mem)`: spikes S[t] in {0, 1} and membrane U[t], both (B, N).
    """
    reset = (mem - thr > 0).to(mem.dtype)  # S[t−1]; a comparison carries no gradient: detached
    mem = beta * mem + cur - reset * thr  # Eq. 1
    return spike(mem - thr, slope), mem  # Eq. 2


def rlif_step(cur, spk, mem, w_rec, beta, thr=1.0, slope: float = SLOPE):
    """Advance a recurrent LIF layer by one step: Eq. 1 with W_rec·S[t−1] added to the current.

    Args:
        cur: feed-forward current, (B, N).
        spk: spikes S[t−1], (B, N).
        mem: membrane U[t−1], (B, N).
        w_rec: recurrent weights, (N, N); row i holds the weights into neuron i.
        beta, thr, slope: as in `lif_step`.

    Returns:
        `(spk, mem)` of step t, both (B, N).
    """
    reset = (mem - thr > 0).to(mem.dtype)  # S[t−1], detached
    mem = beta * mem + cur + F.linear(spk, w_rec) - reset * thr  # Eq. 1, in snnTorch's order
    return spike(mem - thr, slope), mem


def detach_state(state: tuple) -> tuple:
    """Return the same state with its history cut off: truncated backpropagation through time."""
    return tuple(type(part)(*(value.detach() for value in part)) for part in state)
