"""The table of tokens of a rival, at the place where Sam has his encoder."""

import torch
from torch import nn

from ...model.residual import TABLE


class TokenTable(nn.Module):
    """One row of real numbers per token.

    It starts as small as Sam's, and the optimiser finds it at `encoder.table`, as it finds his.
    """

    def __init__(self, vocab: int, embed: int):
        super().__init__()
        self.table = nn.Embedding(vocab, embed)
        nn.init.normal_(self.table.weight, std=TABLE)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the rows of `tokens`, its shape plus (E,)."""
        return self.table(tokens)
