"""V2: words instead of letters, and depth: three residual blocks with LayerNorm, a tied readout.

    token ─▶ encoder ─▶ spikes ─▶ projection ─▶ x ─┬─▶ LayerNorm ─▶ LIF ⟲ ─▶ spikes ─▶ fc_out ─┐
                                                   └──────────────────── + ◀──────────────────┘ ×3
    next token ◀── table of the encoder ◀── head ◀── LayerNorm ◀── x

Notebook 05 builds it.
"""

from dataclasses import dataclass

import torch

from ..neurons.lif import LIFState
from .output import Output
from .residual import BlockParts, ResidualConfig, ResidualNet
from .wiring import Wiring


@dataclass(frozen=True)
class V2Config(ResidualConfig):
    """Sizes and constants of V2: three blocks."""

    depth: int = 3  # blocks L


class ResidualBlock(BlockParts):
    """LayerNorm, a recurrent population, and the way of its spikes back into the stream."""

    def __init__(self, config: ResidualConfig):
        super().__init__(config, gated=False)

    def forward(self, x: torch.Tensor, past: LIFState):
        """Pass the stream on: `(x, spk, state)`, stream and spikes (T, B, N), new state."""
        spk, _, state = self.lif(self.norm(x), past)
        return x + self.fc_out(self.dropout(spk)), spk, state


class V2(ResidualNet):
    """Residual blocks of recurrent LIF neurons; `forward` follows the common contract."""

    def __init__(self, config: V2Config):
        super().__init__(config, ResidualBlock)

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
