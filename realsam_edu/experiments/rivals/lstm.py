"""An LSTM between Sam's table and Sam's tied readout: the recurrent rival that does not spike.

The layers are torch's own (Hochreiter and Schmidhuber 1997, doi 10.1162/neco.1997.9.8.1735).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from ...model.output import Output, next_token_loss
from ...model.residual import TiedReadout
from .size import matrices, of_equal_parameters
from .table import TokenTable


@dataclass(frozen=True)
class LSTMConfig:
    """Sizes of the LSTM."""

    vocab: int  # tokens V
    embed: int  # numbers per token E
    hidden: int  # cells per layer N
    depth: int  # layers L


class LSTMState(NamedTuple):
    """What a layer remembers from one token to the next."""

    h: torch.Tensor  # (B, N) what it puts out
    c: torch.Tensor  # (B, N) its cells


class LSTMModel(nn.Module):
    """A language model of LSTM layers; `forward` follows the common contract."""

    def __init__(self, config: LSTMConfig):
        super().__init__()
        self.config = config
        self.encoder = TokenTable(config.vocab, config.embed)
        self.lstm = nn.LSTM(config.embed, config.hidden, config.depth)
        self.readout = TiedReadout(config.hidden, config.embed, config.vocab)

    def zero_state(self, batch: int) -> tuple[LSTMState, ...]:
        """Return the empty memory of all layers for `batch` texts."""
        shape, like = (batch, self.config.hidden), self.readout.bias
        return tuple(
            LSTMState(like.new_zeros(shape), like.new_zeros(shape))
            for _ in range(self.config.depth)
        )

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T) on from `state`, and score each next one."""
        past = None if state is None else tuple(map(torch.stack, zip(*state, strict=True)))
        x, present = self.lstm(self.encoder(tokens.t()), past)  # (T, B, N), 2 × (L, B, N)
        logits = self.readout(x, self.encoder.table.weight).transpose(0, 1)  # (B, T, V)
        state = tuple(LSTMState(h, c) for h, c in zip(*present, strict=True))
        return Output(logits, next_token_loss(logits, targets), state, [])

    def step(self, token: torch.Tensor, state: tuple[LSTMState, ...]):
        """Read one token per text, (B,); return `(logits (B, V), state)`. Constant work."""
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token; gates and norms are left out."""
        return matrices(self.lstm, self.readout, self.encoder)


def lstm_of_equal_width(model: nn.Module) -> LSTMModel:
    """Return an LSTM with the embedding, width and depth of V4; it has more parameters."""
    config = model.config
    return LSTMModel(LSTMConfig(config.vocab, config.embed, config.hidden, config.depth))


def lstm_of_equal_parameters(model: nn.Module) -> LSTMModel:
    """Return an LSTM of two layers, wide enough to have as many parameters as V4."""
    vocab, embed = model.config.vocab, model.config.embed
    return of_equal_parameters(lambda width: LSTMModel(LSTMConfig(vocab, embed, width, 2)), model)
