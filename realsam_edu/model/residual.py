"""The body that V2 to V4 have in common: a stream of real numbers, spiking blocks beside it.

A deep spiking network has a residual stream: real numbers that run from the first block to the
readout, to which every block adds. Weights, though, meet spikes only. A block normalises the
stream into a current, lets its neurons fire, and adds what their spikes cause:

    current = LayerNorm(x)    spk = LIF(current + W_rec·spk[t−1])    x ← x + fc_out(spk)

The stream adds before the spike, not after it (the membrane shortcut of Hu et al. 2021, MS-ResNet,
arXiv:2112.08954). Here are the parts; what a version does with them, its block and the loop over
its blocks, stands in its own file. Notebook 05 builds it.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ..neurons.layer import RecurrentLIF
from ..neurons.lif import zero_state
from ..neurons.surrogate import SLOPE
from .dropout import LockedDropout
from .encoder import SpikeEncoder
from .output import Output, firing_rates, next_token_loss
from .wiring import Population, Readout, Synapses, Wiring

STREAM = "stream"  # the name of these real numbers in `wiring`, (N,)
TABLE = 0.05  # size of the encoder's table at birth where a readout shares it


@dataclass(frozen=True)
class ResidualConfig:
    """Sizes and constants that V2, V3 and V4 have in common."""

    vocab: int = 4096  # tokens V
    embed: int = 256  # encoder neurons E
    hidden: int = 512  # neurons per block N, width of the stream
    depth: int = 6  # blocks L
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in steps
    tau_max: float = 2.0
    dropout: float = 0.0  # share of neurons not heard by fc_out and gate, in training


class BlockParts(nn.Module):
    """What a block is made of; its version's file says in `forward` what happens in it.

    `fc_out` starts so that each of L blocks adds 1/√L of what it would add alone.

    Args:
        config: sizes and constants.
        gated: let the spikes also decide how much of each number enters (V3 and V4).
    """

    def __init__(self, config: ResidualConfig, gated: bool):
        super().__init__()
        neurons, tau = config.hidden, (config.tau_min, config.tau_max)
        self.norm = nn.LayerNorm(neurons)  # holds the current near the threshold
        self.lif = RecurrentLIF(neurons, config.slope, tau)
        self.dropout = LockedDropout(config.dropout)
        self.fc_out = nn.Linear(neurons, neurons, bias=False)
        self.gate = nn.Linear(neurons, neurons) if gated else None
        nn.init.normal_(self.fc_out.weight, std=1.0 / math.sqrt(0.1 * neurons * config.depth))


class TiedReadout(nn.Module):
    """Scores of the next token: the stream, shrunk to E numbers, compared with every token's row.

    The rows are those of the encoder's table (weight tying, Press and Wolf 2017, arXiv:1608.05859);
    a learned scale and one bias per token make up for the size of the table. Scale and table start
    so that the first logits differ by about a quarter of a nat.
    """

    def __init__(self, neurons: int, embed: int, vocab: int):
        super().__init__()
        self.norm = nn.LayerNorm(neurons)
        self.head = nn.Linear(neurons, embed, bias=False)
        self.scale = nn.Parameter(torch.tensor(0.4 / (TABLE * math.sqrt(embed))))
        self.bias = nn.Parameter(torch.zeros(vocab))

    def forward(self, x: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        """Return logits (…, V) for the stream `x` (…, N) and the encoder's `table` (V, E)."""
        return F.linear(self.head(self.norm(x)) * self.scale, table, self.bias)


class ResidualNet(nn.Module):
    """Encoder, projection, blocks and tied readout; a version adds its own `forward`.

    Args:
        config: sizes and constants.
        block: class of the version's blocks, called with `config`.
    """

    def __init__(self, config: ResidualConfig, block: type[BlockParts]):
        super().__init__()
        self.config = config
        self.encoder = SpikeEncoder(config.vocab, config.embed, scale=TABLE)
        self.projection = nn.Linear(config.embed, config.hidden, bias=False)
        self.blocks = nn.ModuleList(block(config) for _ in range(config.depth))
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)

    def zero_state(self, batch: int) -> tuple:
        """Return the silent state of all blocks for `batch` texts."""
        return tuple(zero_state(batch, self.config.hidden, self.readout.bias) for _ in self.blocks)

    def enter(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the stream before the first block, (T, B, N), for `tokens` (B, T)."""
        return self.projection(self.encoder(tokens.t()))  # time first inside

    def leave(self, x: torch.Tensor, targets, spk_recs: list, state: tuple) -> Output:
        """Score each next token.

        Args:
            x: the stream behind the last block, (T, B, N).
            targets: (B, T) int64, or None.
            spk_recs: spikes of every block, (T, B, N) each.
            state: what the next call continues from.
        """
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        rates = [firing_rates(spk) for spk in spk_recs]
        return Output(logits, next_token_loss(logits, targets), state, rates)

    def step(self, token: torch.Tensor, state: tuple):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state

    def describe(self, diversity=None) -> Wiring:
        """Describe a step for `wiring()`; `diversity` (L, N) where gains turn the currents up."""
        populations = []
        for i, block in enumerate(self.blocks):
            added = (Synapses(STREAM, block.fc_out.weight, block.gate),)
            row = None if diversity is None else diversity[i]
            part = Population(f"block {i + 1}", STREAM, block.norm, block.lif, added, row)
            populations.append(part)
        out, inputs = self.readout, {STREAM: self.projection.weight}  # (N, E)
        readout = Readout(STREAM, out.norm, out.head.weight, out.scale)
        return Wiring(self.encoder.table.weight, inputs, tuple(populations), out.bias, readout)
