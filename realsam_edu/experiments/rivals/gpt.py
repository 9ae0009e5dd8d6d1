"""A transformer of Sam's size: the rival that looks back instead of remembering.

The usual small one (pre-LayerNorm, learned positions, tied table; Radford et al. 2019, GPT-2). Its
memory holds a key and a value of every token read, so it grows with the text; Sam's does not.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ...model.output import Output, next_token_loss
from .size import matrices, of_equal_parameters
from .table import TokenTable


@dataclass(frozen=True)
class GPTConfig:
    """Sizes of the transformer."""

    vocab: int  # tokens V
    width: int  # numbers per token W
    heads: int  # H, of D = W / H numbers each
    inner: int  # width inside the two layers behind the attention
    depth: int  # blocks L
    context: int  # positions it knows


class Memory(NamedTuple):
    """What a block remembers of the tokens read so far, oldest first."""

    keys: torch.Tensor  # (B, H, tokens, D)
    values: torch.Tensor  # (B, H, tokens, D)

    def extended(self, keys: torch.Tensor, values: torch.Tensor) -> "Memory":
        """Return the memory with the keys and values (B, H, T, D) of T more tokens."""
        if not self.keys.shape[2]:
            return Memory(keys, values)
        return Memory(torch.cat([self.keys, keys], 2), torch.cat([self.values, values], 2))


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

    def forward(self, x: torch.Tensor, past):
        """Pass the stream (B, T, W) on; return it, and `past` extended by its T tokens."""
        parts = self.qkv(self.norm_1(x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # (B, H, T, D) each
        present = past.extended(key, value)
        new, known = x.shape[1], present.keys.shape[2]
        seen = None  # whom each token may look at; one token looks at all that is known
        if 1 < new < known:
            seen = torch.ones(new, known, dtype=torch.bool, device=x.device).tril(known - new)
        causal = new == known
        heard = F.scaled_dot_product_attention(query, *present, attn_mask=seen, is_causal=causal)
        x = x + self.out(heard.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm_2(x)))), present


class GPTModel(nn.Module):
    """A decoder-only transformer; `forward` follows the common contract.

    It knows `context` positions, so it reads a text in stretches of so many tokens and begins each
    with an empty memory, however the text is cut into calls.
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config, width = config, config.width
        self.encoder = TokenTable(config.vocab, width)
        self.positions = nn.Embedding(config.context, width)
        self.blocks = nn.ModuleList(
            GPTBlock(width, config.heads, config.inner) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)

    def zero_state(self, batch: int) -> tuple[Memory, ...]:
        """Return the empty memory of all blocks for `batch` texts."""
        config = self.config
        empty = self.norm.bias.new_empty(batch, config.heads, 0, config.width // config.heads)
        return (Memory(empty, empty),) * config.depth

    def read(self, tokens: torch.Tensor, pasts, position: int):
        """Read tokens (B, T) of one stretch; return `(logits (B, T, V), what all blocks remember)`.

        Args:
            tokens: T of them, at most what the context has left.
            pasts: of every block, a `Memory` or what extends itself as one.
            position: place of the first token in the stretch, below the context.
        """
        table, presents = self.encoder.table.weight, []
        x = self.encoder(tokens) + self.positions.weight[position : position + tokens.shape[1]]
        for block, past in zip(self.blocks, pasts, strict=True):
            x, present = block(x, past)  # (B, T, W)
            presents.append(present)
        return F.linear(self.norm(x), table), tuple(presents)

    def forward(self, tokens, targets=None, state=None) -> Output:
        """Read `tokens` (B, T), T ≥ 1, on from `state`, and score each next one."""
        state, scored, done = state or self.zero_state(len(tokens)), [], 0
        while done < tokens.shape[1]:
            known = state[0].keys.shape[2]
            if known == self.config.context:
                state, known = self.zero_state(len(tokens)), 0
            stretch = tokens[:, done : done + self.config.context - known]
            logits, state = self.read(stretch, state, known)
            scored.append(logits)
            done += stretch.shape[1]
        logits = scored[0] if len(scored) == 1 else torch.cat(scored, 1)  # (B, T, V)
        return Output(logits, next_token_loss(logits, targets), state, [])

    def step(self, token: torch.Tensor, state: tuple[Memory, ...]):
        """Read one token per text, (B,); return `(logits (B, V), state)`.

        The work grows with the tokens remembered, at most `context`.
        """
        out = self(token[:, None], state=state)
        return out.logits[:, 0], out.state

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all weights for one token; attention scores are left out."""
        return matrices(self.blocks, self.encoder)


def gpt_of_equal_parameters(model: nn.Module, context: int) -> GPTModel:
    """Return a transformer of V4's depth with as many parameters: its inner layers make up."""
    config = model.config

    def make(inner: int) -> GPTModel:
        heads = max(config.embed // 64, 1)
        sizes = GPTConfig(config.vocab, config.embed, heads, inner, config.depth, context)
        return GPTModel(sizes)

    return of_equal_parameters(make, model)
