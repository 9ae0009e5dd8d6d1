"""V2: words instead of letters, and depth: three residual blocks with LayerNorm, a tied readout.

    token ─▶ encoder ─▶ spikes ─▶ projection ─▶ x ─┬─▶ LayerNorm ─▶ LIF ⟲ ─▶ spikes ─▶ fc_out ─┐
                                                   └──────────────────── + ◀──────────────────┘ ×3
    next token ◀── table of the encoder ◀── head ◀── LayerNorm ◀── x

Notebook 05 builds it.
"""

from dataclasses import dataclass

from .blocks import Output, ResidualConfig, ResidualNet


@dataclass(frozen=True)
class V2Config(ResidualConfig):
    """Sizes and constants of V2: three blocks."""

    depth: int = 3  # blocks L


class V2(ResidualNet):
    """Residual blocks of recurrent LIF neurons; `forward` follows the common contract."""

    def __init__(self, config: V2Config):
        super().__init__(config, gated=False)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) and score each next one; see `V1.forward` for the contract."""
        return self.read(tokens, targets, state or self.zero_state(len(tokens)))
