"""Networks that do not spike, of Sam's size: an LSTM and a transformer, for `realsam bench`.

They share Sam's tokens, its tied table and, where the name says so, its number of parameters. The
LSTM is torch's own; the transformer is the usual small one and has a cache of keys and values made
once, so that writing with it is as quick as such a model allows.
"""

import bisect

import torch
import torch.nn.functional as F
from torch import nn

from ...model.output import Output, next_token_loss
from ...model.residual import TABLE, TiedReadout


def _token_table(vocab: int, embed: int) -> nn.ModuleDict:
    """A table of tokens where `recipe.make_optimizer` looks for it: `encoder.table`."""
    table = nn.Embedding(vocab, embed)
    nn.init.normal_(table.weight, std=TABLE)
    return nn.ModuleDict({"table": table})


class LSTMModel(nn.Module):
    """A language model of LSTM layers between Sam's table and Sam's tied readout."""

    def __init__(self, vocab: int, embed: int, hidden: int, layers: int):
        super().__init__()
        self.encoder = _token_table(vocab, embed)
        self.lstm = nn.LSTM(embed, hidden, layers)
        self.readout = TiedReadout(hidden, embed, vocab)

    def forward(self, tokens, targets=None) -> Output:
        """Read `tokens` (B, T) from silence."""
        table = self.encoder.table
        x, state = self.lstm(table(tokens.t()))  # (T, B, N): time first, as in Sam
        logits = self.readout(x, table.weight).transpose(0, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), state, [])

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token."""
        return matrices(self.lstm, self.readout.head, self.encoder.table)


class Cache:
    """Room for the keys and values of `length` tokens of one text, made once."""

    def __init__(self, model: "GPTModel", length: int):
        block = model.blocks[0]
        shape = len(model.blocks), 1, block.heads, length, block.qkv.in_features // block.heads
        self.keys = torch.zeros(shape, device=model.positions.weight.device)
        self.values = torch.zeros_like(self.keys)

    def bytes_at(self, tokens: int) -> int:
        """Return how many bytes hold the keys and values of so many tokens."""
        return 2 * self.keys[..., :tokens, :].numel() * self.keys.element_size()


class GPTBlock(nn.Module):
    """LayerNorm, causal attention, LayerNorm, two layers with a GELU between, on a stream."""

    def __init__(self, width: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x, room=None, position: int = 0):
        """Pass on (B, T, W); with `room`, its keys and values (1, H, length, D), T is 1."""
        parts = self.qkv(self.norm_1(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, H, T, D) each
        if room is not None:
            for kept, new in zip(room, (key, value), strict=True):
                kept[:, :, position] = new[:, :, 0]
            key, value = (kept[:, :, : position + 1] for kept in room)
        heard = F.scaled_dot_product_attention(query, key, value, is_causal=room is None)
        x = x + self.out(heard.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


class GPTModel(nn.Module):
    """A decoder-only transformer (pre-LayerNorm, learned positions, tied table)."""

    def __init__(self, vocab: int, width: int, heads: int, inner: int, layers: int, context: int):
        super().__init__()
        self.encoder = _token_table(vocab, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(GPTBlock(width, heads, inner) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens, targets=None) -> Output:
        """Read `tokens` (B, T), T at most the context."""
        table = self.encoder.table
        x = table(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.norm(x), table.weight)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), (), [])

    def step(self, token, cache: Cache, position: int) -> torch.Tensor:
        """Read one token (1,) at `position`; return logits (1, V).

        Positions after the context repeat from the first: enough to time a step, not to write.
        """
        table = self.encoder.table
        x = table(token)[:, None] + self.positions.weight[position % len(self.positions.weight)]
        for block, *room in zip(self.blocks, cache.keys, cache.values, strict=True):
            x = block(x, room, position)
        return F.linear(self.norm(x), table.weight)[:, 0]

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token."""
        return matrices(self.blocks, self.encoder.table)


def count(model: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def matrices(*parts: nn.Module) -> int:
    """Return the number of weights in all matrices of these parts."""
    return sum(p.numel() for part in parts for p in part.parameters() if p.ndim == 2)


def _closest(make, target: int) -> int:
    """Return the multiple of 8 for which `make` gives a model of nearest to `target` parameters."""
    widths = range(8, 8192, 8)

    def size(width: int) -> int:
        with torch.device("meta"):  # counts without making anything
            return count(make(width))

    place = bisect.bisect_left(widths, target, key=size)
    return min(widths[max(place - 1, 0) : place + 1], key=lambda width: abs(size(width) - target))


def lstm_of_equal_width(model) -> LSTMModel:
    """Return an LSTM model with the embedding, width and depth of V4; it has more parameters."""
    config = model.config
    return LSTMModel(config.vocab, config.embed, config.hidden, config.depth)


def lstm_of_equal_parameters(model) -> LSTMModel:
    """Return an LSTM model of two layers, wide enough to have as many parameters as V4."""
    config = model.config

    def make(width: int) -> LSTMModel:
        return LSTMModel(config.vocab, config.embed, width, 2)

    return make(_closest(make, count(model)))


def gpt_of_equal_parameters(model, context: int) -> GPTModel:
    """Return a transformer of V4's depth with as many parameters: its inner layers make up."""
    config = model.config

    def make(inner: int) -> GPTModel:
        heads = max(config.embed // 64, 1)
        return GPTModel(config.vocab, config.embed, heads, inner, config.depth, context)

    return make(_closest(make, count(model)))
