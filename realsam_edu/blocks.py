"""The parts that V1 to V4 are composed of.

A deep spiking network has a residual stream: real numbers that run from the first block to the
readout, to which every block adds. Weights, though, meet spikes only. A block normalises the
stream into a current, lets its neurons fire, and adds what their spikes cause:

    current = LayerNorm(x)    spk = LIF(current + W_rec·spk[t−1])    x ← x + fc_out(spk)

The stream adds before the spike, not after it (the membrane shortcut of Hu et al. 2021, MS-ResNet,
arXiv:2112.08954). Notebook 05 builds it.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from .neurons import LIFState
from .scan import RecurrentLIF


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
    keep = torch.rand(x.shape[1:], device=x.device) >= share  # (B, N)
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
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def firing_rates(spk: torch.Tensor) -> torch.Tensor:
    """Return the share of steps in which each neuron fired, (N,), from spikes (T, B, N)."""
    return spk.mean((0, 1), dtype=torch.float32)
