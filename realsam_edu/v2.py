"""V2: words instead of letters, and depth: three residual blocks with LayerNorm, a tied readout.

    token ─▶ encoder ─▶ spikes ─▶ projection ─▶ x ─┬─▶ LayerNorm ─▶ LIF ⟲ ─▶ spikes ─▶ fc_out ─┐
                                                   └──────────────────── + ◀──────────────────┘ ×3
    next token ◀── table of the encoder ◀── head ◀── LayerNorm ◀── x

Notebook 05 builds it.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .blocks import TABLE, Output, ResidualBlock, TiedReadout, firing_rates, next_token_loss
from .encoder import SpikeEncoder
from .neurons import LIFState, zero_state
from .surrogate import SLOPE


@dataclass(frozen=True)
class V2Config:
    """Sizes and constants of V2."""

    vocab: int = 4096  # tokens V
    embed: int = 256  # encoder neurons E
    hidden: int = 512  # neurons per block N, width of the stream
    depth: int = 3  # blocks L
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in steps
    tau_max: float = 2.0
    dropout: float = 0.0  # share of neurons not heard by fc_out, in training


class V2(nn.Module):
    """Residual blocks of recurrent LIF neurons; `forward` follows the common contract."""

    def __init__(self, config: V2Config):
        super().__init__()
        self.config, tau = config, (config.tau_min, config.tau_max)
        self.encoder = SpikeEncoder(config.vocab, config.embed, scale=TABLE)
        self.projection = nn.Linear(config.embed, config.hidden, bias=False)
        self.blocks = nn.ModuleList(
            ResidualBlock(
                config.hidden, config.slope, tau, config.depth, gated=False, dropout=config.dropout
            )
            for _ in range(config.depth)
        )
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)

    def zero_state(self, batch: int) -> tuple[LIFState, ...]:
        """Return the silent state of all blocks for `batch` texts."""
        return tuple(zero_state(batch, self.config.hidden, self.readout.bias) for _ in self.blocks)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) and score each next one; see `V1.forward` for the contract."""
        state = state if state is not None else self.zero_state(len(tokens))
        x = self.projection(self.encoder(tokens.t()))  # (T, B, N): time first inside
        after, rates = [], []
        for block, past in zip(self.blocks, state, strict=True):
            x, spk, present = block(x, past)
            after.append(present)
            rates.append(firing_rates(spk))
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), tuple(after), rates)

    def step(self, token: torch.Tensor, state: tuple[LIFState, ...]):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state
