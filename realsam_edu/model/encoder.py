"""From a token to spikes: an embedding, a threshold, and a gradient that looks the other way.

Each token has a row of real numbers; where the row is positive the encoder neuron fires. The
threshold would stop the gradient, so the backward pass hands it straight through, as if the
threshold were not there (the straight-through estimator, Bengio, Léonard and Courville 2013,
arXiv:1308.3432). Notebook 02 builds it.
"""

import torch
from torch import nn


class _StraightThrough(torch.autograd.Function):
    """Step forward, identity backward inside |x| ≤ 1, nothing outside."""

    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1)


def ste_threshold(x: torch.Tensor) -> torch.Tensor:
    """Return 1 where `x` > 0, else 0; the gradient passes unchanged where |x| ≤ 1.

    Cutting the gradient off outside [−1, 1] keeps a bit that is already firmly on or off from
    drifting further away for ever.
    """
    return _StraightThrough.apply(x)


class SpikeEncoder(nn.Module):
    """Turn token numbers into binary spike vectors, one learned pattern per token.

    Args:
        vocab: number of tokens V.
        embed: number of encoder neurons E.
        rate: share of encoder neurons that fire for a token before training.
        scale: size of the table's numbers at birth. The threshold sees their sign only, but a small
            table learns in fewer steps, and a readout that shares it sees their size.
    """

    def __init__(self, vocab: int, embed: int, rate: float = 0.25, scale: float = 1.0):
        super().__init__()
        self.table = nn.Embedding(vocab, embed)
        shift = torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor(1.0 - rate))
        nn.init.normal_(self.table.weight, mean=-shift.item() * scale, std=scale)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return spikes in {0, 1}, shape of `tokens` plus (E,)."""
        return ste_threshold(self.table(tokens))
