"""The parts that V1 to V4 are composed of.

A deep spiking network has a residual stream: real numbers that run from the first block to the
readout, to which every block adds. Weights, though, meet spikes only. A block normalises the
stream into a current, lets its neurons fire, and adds what their spikes cause:

    current = LayerNorm(x)    spk = LIF(current + W_rec·spk[t−1])    x ← x + fc_out(spk)

The stream adds before the spike, not after it (the membrane shortcut of Hu et al. 2021, MS-ResNet,
arXiv:2112.08954). Notebook 05 builds it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from .distributed import rows, shared_mean, world
from .encoder import SpikeEncoder
from .neurons import LIFState, zero_state
from .scan import RecurrentLIF
from .surrogate import SLOPE


class Output(NamedTuple):
    """What every version returns from a forward pass."""

    logits: torch.Tensor  # (B, T, V) scores of the next token
    loss: torch.Tensor | None  # mean cross-entropy in nats per token, if targets were given
    state: tuple  # what the next call continues from
    rates: list[torch.Tensor]  # per layer (N,), share of steps in which each neuron fired


def hush(x: torch.Tensor, share: float, training: bool) -> torch.Tensor:
    """Silence a random `share` of the neurons of each text for the whole window, in training.

    `x` is (T, B, N); one mask (B, N) serves all T steps, so that a silenced neuron stays silent
    (dropout for recurrent networks, Gal and Ghahramani 2016, arXiv:1512.05287).
    """
    if not training or share == 0.0:
        return x
    _, readers, neurons = x.shape
    drawn = torch.rand(world() * readers, neurons, device=x.device)  # of all processes' readers
    keep = rows(drawn) >= share  # (B, N)
    return x * (keep / (1.0 - share)).to(x.dtype)


TABLE = 0.05  # size of the encoder's table at birth where a readout shares it


class ResidualBlock(nn.Module):
    """LayerNorm, a recurrent population, and the way of its spikes back into the stream.

    Args:
        neurons: N, also the width of the stream.
        slope: surrogate slope k.
        tau: range of the time constants at birth, in steps.
        depth: number of blocks of the model; each adds 1/√depth of what it would add alone.
        gated: let the spikes also decide how much of each number enters (V3 and V4).
        dropout: share of neurons not heard by `fc_out`, in training.
    """

    def __init__(self, neurons, slope, tau, depth: int, gated: bool, dropout: float = 0.0):
        super().__init__()
        self.norm = nn.LayerNorm(neurons)  # holds the current near the threshold
        self.lif = RecurrentLIF(neurons, slope, tau)
        self.fc_out = nn.Linear(neurons, neurons, bias=False)
        self.gate = nn.Linear(neurons, neurons) if gated else None
        self.dropout = dropout
        nn.init.normal_(self.fc_out.weight, std=1.0 / math.sqrt(0.1 * neurons * depth))

    def forward(self, x: torch.Tensor, past: LIFState, gain: torch.Tensor | None = None):
        """Pass the stream on.

        Args:
            x: residual stream, (T, B, N).
            past: state of the population.
            gain: factor on the feed-forward current, (B, N), or None for 1.

        Returns:
            `(x, spk, state)`: stream and spikes (T, B, N), new state.
        """
        cur = self.norm(x)
        spk, _, state = self.lif(cur if gain is None else cur * gain, past)
        heard = hush(spk, self.dropout, self.training)
        added = self.fc_out(heard)
        if self.gate is not None:
            added = added * torch.sigmoid(self.gate(heard))
        return x + added, spk, state


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


def next_token_loss(logits: torch.Tensor, targets: torch.Tensor | None) -> torch.Tensor | None:
    """Return the mean cross-entropy of (B, T, V) against (B, T), in nats per token."""
    if targets is None:
        return None
    if not logits.is_contiguous():  # time first in memory: read in that order nothing is copied
        logits, targets = logits.transpose(0, 1), targets.t()
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def firing_rates(spk: torch.Tensor) -> torch.Tensor:
    """Return the share of steps in which each neuron fired, (N,), from spikes (T, B, N)."""
    return spk.sum((0, 1), dtype=torch.float32) / spk[..., 0].numel()  # its gradient is no copy


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


class ResidualNet(nn.Module):
    """Encoder, projection, blocks and tied readout: the body that V2, V3 and V4 have in common.

    A version adds its own `forward`, which calls `read`.
    """

    def __init__(self, config: ResidualConfig, gated: bool):
        super().__init__()
        self.config, tau = config, (config.tau_min, config.tau_max)
        self.encoder = SpikeEncoder(config.vocab, config.embed, scale=TABLE)
        self.projection = nn.Linear(config.embed, config.hidden, bias=False)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.hidden, config.slope, tau, config.depth, gated, config.dropout)
            for _ in range(config.depth)
        )
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)

    def zero_state(self, batch: int) -> tuple:
        """Return the silent state of all blocks for `batch` texts."""
        return tuple(zero_state(batch, self.config.hidden, self.readout.bias) for _ in self.blocks)

    def read(self, tokens, targets, pasts, gains=None) -> Output:
        """Pass `tokens` (B, T) through all blocks and score each next one.

        Args:
            tokens, targets: (B, T) int64; targets may be None.
            pasts: one `LIFState` per block.
            gains: one gain (B, N) per block, or None for 1.
        """
        x = self.projection(self.encoder(tokens.t()))  # (T, B, N): time first inside
        gains = gains if gains is not None else [None] * len(self.blocks)
        after, rates = [], []
        for block, past, gain in zip(self.blocks, pasts, gains, strict=True):
            x, spk, present = block(x, past, gain)
            after.append(present)
            rates.append(firing_rates(spk))
        rates = shared_mean(rates) if self.training else rates
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), tuple(after), rates)

    def step(self, token: torch.Tensor, state: tuple):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state
