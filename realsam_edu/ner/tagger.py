"""The tagger: V4's blocks, half of them reading from the end.

    pieces of a word ─▶ x ─▶ block ▶ ─▶ block ◀ ─▶ block ▶ ─▶ block ◀ ─▶ LayerNorm ─▶ tags

Whether "May" is a month or a woman is told by the words around it, on both sides, so every second
block reads the text from its last word to its first (as in Schuster and Paliwal 1997,
doi 10.1109/78.650093). Each piece of a word is an input neuron that fires, and what reaches the
stream is the sum of their rows; no weight meets anything but spikes before the last layer. There is
no stress: a text to be searched is no surprise, and every gain is 1. Notebook 11 builds it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ..model.output import firing_rates
from ..model.v4 import EnvironmentBlock
from ..neurons.lif import zero_state
from ..neurons.surrogate import SLOPE
from ..runtime.errors import RealSamError

UNSEEN = -100  # the tag of what is no word: filling


@dataclass(frozen=True)
class TaggerConfig:
    """Sizes and constants of the tagger."""

    tags: int  # K
    rows: int = 16_384  # input neurons
    hidden: int = 256  # neurons per block N, width of the stream
    depth: int = 4  # blocks, every second one reads from the end
    slope: float = SLOPE  # surrogate slope k
    tau_min: float = 0.2  # time constants start log-uniform between these, in words
    tau_max: float = 4.0
    dropout: float = 0.1  # share of neurons not heard by fc_out and gate, in training

    def __post_init__(self):
        for name in ("hidden", "depth"):
            if getattr(self, name) < 1:
                raise RealSamError(f"{name} is {getattr(self, name)}; it has to be at least 1.")


class Tags(NamedTuple):
    """What a tagger returns from a forward pass."""

    logits: torch.Tensor  # (B, T, K) scores of the tags of each word
    loss: torch.Tensor | None  # mean cross-entropy in nats per word, if targets were given
    rates: list[torch.Tensor]  # per block (N,), share of steps in which each neuron fired
    spikes: list[torch.Tensor]  # per block (B, T, N), in the order of the text


class PieceEncoder(nn.Module):
    """Input neurons: the rows of those that fire are added up.

    Args:
        rows: how many there are; number 0 never fires.
        width: numbers that each adds to.
    """

    def __init__(self, rows: int, width: int):
        super().__init__()
        self.table = nn.EmbeddingBag(rows, width, mode="sum", padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0] = 0.0

    def forward(self, fired: torch.Tensor) -> torch.Tensor:
        """Return the sums, (T, B, N), for the input neurons `fired` (B, T, pieces)."""
        fired = fired.transpose(0, 1)  # time first inside
        return self.table(fired.flatten(0, 1)).unflatten(0, fired.shape[:2])


class TagReadout(nn.Module):
    """A score for each tag, read off the normalised stream."""

    def __init__(self, width: int, tags: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, tags)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores (…, K) for the stream `x` (…, N)."""
        return self.head(self.norm(x))


def tag_loss(logits: torch.Tensor, targets: torch.Tensor | None) -> torch.Tensor | None:
    """Return the mean cross-entropy of (B, T, K) against (B, T), filling left out."""
    if targets is None:
        return None
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=UNSEEN)


class _Turned(torch.autograd.Function):
    """Each text read from its end; turned twice it is as before, and so is its gradient."""

    @staticmethod
    def forward(ctx, x, order):
        ctx.save_for_backward(order)
        return x.gather(0, order.expand_as(x))

    @staticmethod
    def backward(ctx, grad):
        (order,) = ctx.saved_tensors
        return grad.gather(0, order.expand_as(grad)), None


def turned(x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return `x` (T, B, N) with the first `lengths` (B,) steps of each text in reverse.

    What fills up stays behind the text, so a text is read alike however much fills up.
    """
    steps = torch.arange(len(x), device=x.device)[:, None]  # (T, 1)
    order = torch.where(steps < lengths, lengths - 1 - steps, steps)  # (T, B)
    return _Turned.apply(x, order[..., None])


class Tagger(nn.Module):
    """Blocks that read in both directions, and a score for each tag of each word."""

    kind = "spikes"

    def __init__(self, config: TaggerConfig):
        super().__init__()
        self.config = config
        self.encoder = PieceEncoder(config.rows, config.hidden)
        self.blocks = nn.ModuleList(EnvironmentBlock(config) for _ in range(config.depth))
        self.readout = TagReadout(config.hidden, config.tags)

    def forward(self, fired, lengths, targets=None) -> Tags:
        """Read whole texts.

        Args:
            fired: input neurons of each word, (B, T, pieces) int.
            lengths: words of each text, (B,); what comes behind is filling.
            targets: tag of each word, (B, T) int64, `UNSEEN` for filling; None gives no loss.
        """
        x = self.encoder(fired)  # (T, B, N)
        calm, recorded = x.new_ones(1, 1), []
        for i, block in enumerate(self.blocks):
            if i % 2:
                x = turned(x, lengths)
            x, spk, _ = block(x, zero_state(x.shape[1], x.shape[2], x), calm)
            if i % 2:
                x, spk = turned(x, lengths), turned(spk, lengths)
            recorded.append(spk)
        real = torch.arange(len(x), device=x.device)[:, None, None] < lengths[:, None]  # (T, B, 1)
        share = real.sum() / real.numel()
        rates = [firing_rates(spk * real) / share for spk in recorded]
        logits = self.readout(x).transpose(0, 1)  # (B, T, K)
        return Tags(logits, tag_loss(logits, targets), rates, [s.transpose(0, 1) for s in recorded])
