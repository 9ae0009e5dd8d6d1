"""V3 (deprecated): thresholds that move until every neuron fires one time in ten.

Six blocks, whose spikes also gate what they add, and the rule of `homeostasis`, which the training
loop applies after every batch. It was given up for V4's penalty on the firing rate, which reaches
the same rates through the weights; notebook 07 measures both.
"""

from dataclasses import dataclass

import torch

from ..neurons.lif import LIFState
from .output import Output
from .residual import BlockParts, ResidualConfig, ResidualNet
from .wiring import Wiring


@dataclass(frozen=True)
class V3Config(ResidualConfig):
    """Sizes and constants of V3."""

    eta: float = 0.02  # step η of the thresholds (Eq. 5)
    target_rate: float = 0.10  # r*


class GatedBlock(BlockParts):
    """V2's block, whose spikes also decide how much of each number enters the stream."""

    def __init__(self, config: ResidualConfig):
        super().__init__(config, gated=True)

    def forward(self, x: torch.Tensor, past: LIFState):
        """Pass the stream on: `(x, spk, state)`, stream and spikes (T, B, N), new state."""
        spk, _, state = self.lif(self.norm(x), past)
        heard = self.dropout(spk)
        return x + self.fc_out(heard) * torch.sigmoid(self.gate(heard)), spk, state


class V3(ResidualNet):
    """Deprecated: six gated blocks with moving thresholds; `forward` follows the contract."""

    def __init__(self, config: V3Config):
        super().__init__(config, GatedBlock)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) and score each next one; see `V1.forward` for the contract."""
        pasts = state or self.zero_state(len(tokens))
        x, spk_recs, after = self.enter(tokens), [], []  # x: (T, B, N)
        for block, past in zip(self.blocks, pasts, strict=True):
            x, spk, present = block(x, past)
            spk_recs.append(spk)
            after.append(present)
        return self.leave(x, targets, spk_recs, tuple(after))

    def wiring(self) -> Wiring:
        """Describe a step."""
        return self.describe()
