"""Dropout for spiking layers: whom it silences stays silent for the whole window."""

import torch
from torch import nn


class LockedDropout(nn.Module):
    """Silence a random `share` of the neurons of each text for the whole window, in training.

    One mask (B, N) serves all T steps, so that a silenced neuron stays silent (dropout for
    recurrent networks, Gal and Ghahramani 2016, arXiv:1512.05287).
    """

    draw = staticmethod(torch.rand)  # who trains in several processes replaces it

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return spikes (T, B, N) with some neurons silenced and the others made up for it."""
        if not self.training or self.share == 0.0:
            return x
        keep = self.draw(x.shape[1:], device=x.device) >= self.share  # (B, N)
        return x * (keep / (1.0 - self.share)).to(x.dtype)
