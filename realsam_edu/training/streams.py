"""What is read when: the order of the text and the learning rate of a training without phases.

The text is a circle; `batch_size` readers start at equal distances and each reads `seq_len` tokens
a step, for ever, keeping its state. `curriculum.Course` is the other kind of lesson.
"""

import hashlib
import math

import torch

from ..runtime.errors import RealSamError


def learning_rate(step: int, config) -> float:
    """Return the learning rate of `step`: linear warm-up, then half a cosine down to zero."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.lr * 0.5 * (1.0 + math.cos(math.pi * done))


def chunk(tokens, starts: torch.Tensor, length: int) -> torch.Tensor:
    """Return `length` tokens from each of `starts` (B,) on the circular text, (B, length) int64."""
    at = (starts[:, None] + torch.arange(length)) % len(tokens)
    return tokens[at]


def windows(tokens: torch.Tensor, step: int, config):
    """Return inputs and targets of `step`, (B, T) each, from readers on the circular text."""
    n, b, t = len(tokens), config.batch_size, config.seq_len
    part = chunk(tokens, torch.arange(b) * n // b + step * t, t + 1)
    return part[:, :-1], part[:, 1:]


def fingerprint(tokens: torch.Tensor) -> str:
    """Return twelve digits that tell one text from another."""
    return hashlib.sha256(tokens.numpy().tobytes()).hexdigest()[:12]


class Reader:
    """A lesson of one text and no phases.

    Every lesson has `phase` (a name, or None), `seq_len`, `readers`, `val_tokens` (what to validate
    on now), `table` (one row per phase that has ended), `crowds` (the readers of every phase) and
    the methods below.

    Raises:
        RealSamError: the text is shorter than one step of one reader.
    """

    phase = None

    def __init__(self, tokens: torch.Tensor, val_tokens: torch.Tensor, config):
        if len(tokens) <= config.seq_len:
            raise RealSamError(
                f"The training text has {len(tokens)} tokens, one step needs more than "
                f"{config.seq_len}; use a longer text or a smaller seq_len."
            )
        self.tokens, self.val_tokens, self.config = tokens, val_tokens, config
        self.seq_len, self.readers = config.seq_len, config.batch_size
        self.crowds, self.table = [config.batch_size], []

    def batch(self, number: int):
        """Return inputs and targets, (B, T) each, of the batch with this number."""
        return windows(self.tokens, number, self.config)

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of an optimiser step."""
        return learning_rate(step, self.config)

    def observe(self, entry: dict) -> bool:
        """Take note of a validation; return True if a new phase begins, with silent readers."""
        return False

    def identity(self) -> dict:
        """Return what tells this lesson from another."""
        return {"text": fingerprint(self.tokens)}

    def state_dict(self) -> dict:
        """Return what has to be remembered over an interruption; JSON."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Go on from what `state_dict` returned."""
