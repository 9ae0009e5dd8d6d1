"""Text in windows: a circle that several streams read side by side, each going on where it stopped.

The streams start at equal distances and read `seq_len` tokens a step, for ever; the model keeps
their state. Notebook 03 explains why.
"""

import hashlib

import torch


def chunk(tokens, starts: torch.Tensor, length: int) -> torch.Tensor:
    """Return `length` tokens from each of `starts` (B,) on the circular text, (B, length) int64."""
    at = (starts[:, None] + torch.arange(length)) % len(tokens)  # (B, length)
    return tokens[at]


def streams(tokens, count: int, read: int, length: int) -> torch.Tensor:
    """Return the next `length` tokens of `count` streams that have read `read` tokens each.

    (count, length) int64: the streams start at equal distances on the circular text.
    """
    return chunk(tokens, torch.arange(count) * len(tokens) // count + read, length)


def windows(tokens, step: int, config):
    """Return inputs and targets of `step`, (B, T) each: of every stream the next T tokens."""
    b, t = config.batch_size, config.seq_len
    part = streams(tokens, b, step * t, t + 1)  # (B, T+1)
    return part[:, :-1], part[:, 1:]


def fingerprint(tokens: torch.Tensor) -> str:
    """Return twelve digits that tell one text from another."""
    return hashlib.sha256(tokens[:].numpy().tobytes()).hexdigest()[:12]  # or `Tokens` on disk
