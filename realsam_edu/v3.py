"""V3 (deprecated): thresholds that move until every neuron fires one time in ten.

    θᵢ ← θᵢ + η·(rᵢ − r*)        (Eq. 5)

A neuron that fires too often becomes harder to excite, a silent one easier. Cells do something
like it (homeostatic plasticity, Turrigiano 2008, doi 10.1016/j.cell.2008.10.008); here the word is
an analogy. It was given up for V4's penalty on the firing rate, which reaches the same rates
through the weights; notebook 07 measures both. Six blocks, whose spikes also gate what they add.
"""

from dataclasses import dataclass

import torch

from .blocks import Output, ResidualConfig, ResidualNet


@dataclass(frozen=True)
class V3Config(ResidualConfig):
    """Sizes and constants of V3."""

    eta: float = 0.02  # step η of the thresholds
    target_rate: float = 0.10  # r*


@torch.no_grad()
def homeostasis(thr: torch.Tensor, rate: torch.Tensor, eta: float, target_rate: float):
    """Return the thresholds (N,) after one step of Eq. 5, from the rates (N,) just seen."""
    return thr + eta * (rate - target_rate)


def regulate(blocks, rates: list[torch.Tensor], eta: float, target_rate: float) -> None:
    """Move the thresholds of all blocks by one step of Eq. 5.

    Each gets a new tensor, since the backward pass still needs the old thresholds.
    """
    for block, rate in zip(blocks, rates, strict=True):
        block.lif.thr = homeostasis(block.lif.thr, rate, eta, target_rate)


class V3(ResidualNet):
    """Six gated blocks with homeostatic thresholds; `forward` follows the common contract."""

    def __init__(self, config: V3Config):
        super().__init__(config, gated=True)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) and score each next one; in training, move the thresholds."""
        out = self.read(tokens, targets, state or self.zero_state(len(tokens)))
        if self.training:
            regulate(self.blocks, out.rates, self.config.eta, self.config.target_rate)
        return out
