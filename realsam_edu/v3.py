"""V3 (deprecated): thresholds that move until every neuron fires one time in ten.

    θᵢ ← θᵢ + η·(rᵢ − r*)        (Eq. 5)

A neuron that fires too often becomes harder to excite, a silent one easier. Cells do something
like it (homeostatic plasticity, Turrigiano 2008, doi 10.1016/j.cell.2008.10.008); here the word is
an analogy. It was given up for V4's penalty on the firing rate, which reaches the same rates
through the weights; notebook 07 measures both. Six blocks, whose spikes also gate what they add.
"""

from dataclasses import dataclass

import torch
from torch import nn

from .blocks import TABLE, Output, ResidualBlock, TiedReadout, firing_rates, next_token_loss
from .encoder import SpikeEncoder
from .neurons import LIFState, zero_state
from .surrogate import SLOPE


@dataclass(frozen=True)
class V3Config:
    """Sizes and constants of V3."""

    vocab: int = 4096  # tokens V
    embed: int = 256  # encoder neurons E
    hidden: int = 512  # neurons per block N, width of the stream
    depth: int = 6  # blocks L
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in steps
    tau_max: float = 2.0
    dropout: float = 0.0  # share of neurons not heard by fc_out and gate, in training
    eta: float = 0.02  # step η of the thresholds
    target_rate: float = 0.10  # r*


@torch.no_grad()
def homeostasis(thr: torch.Tensor, rate: torch.Tensor, eta: float, target_rate: float):
    """Return the thresholds (N,) after one step of Eq. 5, from the rates (N,) just seen."""
    return thr + eta * (rate - target_rate)


class V3(nn.Module):
    """Six gated blocks with homeostatic thresholds; `forward` follows the common contract."""

    def __init__(self, config: V3Config):
        super().__init__()
        self.config, tau = config, (config.tau_min, config.tau_max)
        self.encoder = SpikeEncoder(config.vocab, config.embed, scale=TABLE)
        self.projection = nn.Linear(config.embed, config.hidden, bias=False)
        self.blocks = nn.ModuleList(
            ResidualBlock(
                config.hidden, config.slope, tau, config.depth, gated=True, dropout=config.dropout
            )
            for _ in range(config.depth)
        )
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)

    def zero_state(self, batch: int) -> tuple[LIFState, ...]:
        """Return the silent state of all blocks for `batch` texts."""
        return tuple(zero_state(batch, self.config.hidden, self.readout.bias) for _ in self.blocks)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) and score each next one; in training, move the thresholds."""
        config = self.config
        state = state if state is not None else self.zero_state(len(tokens))
        x = self.projection(self.encoder(tokens.t()))  # (T, B, N): time first inside
        after, rates = [], []
        for block, past in zip(self.blocks, state, strict=True):
            x, spk, present = block(x, past)
            after.append(present)
            rates.append(firing_rates(spk))
            if self.training:  # a new tensor: the backward pass still needs the old thresholds
                rate = rates[-1].detach()
                block.lif.thr = homeostasis(block.lif.thr, rate, config.eta, config.target_rate)
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), tuple(after), rates)

    def step(self, token: torch.Tensor, state: tuple[LIFState, ...]):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state
