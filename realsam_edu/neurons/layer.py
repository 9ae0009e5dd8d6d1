"""A layer of recurrent LIF neurons with weights and leaks of its own; notebook 03 builds it."""

import math

import torch
from torch import nn

from .lif import LIFState, rlif_step
from .scan import lif_scan
from .surrogate import SLOPE


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
