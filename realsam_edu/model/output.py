"""What every version returns, and the two parts of its loss: next token, firing rate."""

from typing import NamedTuple

import torch
import torch.nn.functional as F


class Output(NamedTuple):
    """What every version returns from a forward pass."""

    logits: torch.Tensor  # (B, T, V) scores of the next token
    loss: torch.Tensor | None  # mean cross-entropy in nats per token, if targets were given
    state: tuple  # what the next call continues from
    rates: list[torch.Tensor]  # per layer (N,), share of steps in which each neuron fired


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


def rate_penalty(rates: list[torch.Tensor], target: float) -> torch.Tensor:
    """Return the mean of (r/r* − 1)² over all neurons.

    Two-sided and per neuron: silence costs 1, and a tenth of the neurons firing always costs more
    than all of them firing a tenth of the time, which costs nothing.
    """
    return torch.cat([(rate / target - 1.0) ** 2 for rate in rates]).mean()
