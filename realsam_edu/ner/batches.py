"""What the tagger learns from: endless synthetic texts, in rows of equally many words.

Texts are short; a row holds as many whole ones as fit, so that little is filling, and so that the
tagger also meets texts that follow each other. Seed and number of a batch decide what is in it.
"""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from .decode import tags_of
from .labelled import Example, Span
from .tagger import UNSEEN
from .words import LOOKS, PIECES, fired_by, words

SEEDS = 10**6  # batches of a training, at most, before it meets those of the next seed
BETWEEN = ("\n", "\n", "\n\n", " ")  # what may stand between two texts of a row
FORGOTTEN = 0.3  # share of words that are shown without their first piece, the word itself
DISGUISED = 0.1  # share of words, among those, that are shown by their looks alone


class Batch(NamedTuple):
    """Rows of words, as the tagger takes them."""

    fired: torch.Tensor  # (B, T, PIECES) int32, input neurons of each word
    lengths: torch.Tensor  # (B,) words of each row
    targets: torch.Tensor  # (B, T) int64, tags


class Reading:
    """The batches of a training, by number.

    Args:
        source: takes a seed, returns endless examples.
        shape: rows B and words T of a batch.
        rows: input neurons of the tagger.
        seed: of the training.
    """

    def __init__(self, source: Callable[[int], Iterator[Example]], shape, rows: int, seed: int):
        self.source, self.shape, self.rows, self.seed = source, shape, rows, seed

    def batch(self, number: int) -> Batch:
        """Return the batch of this number; its words and tags stand side by side."""
        seed = SEEDS * self.seed + number
        rng = random.Random(seed)
        texts = list(islice(_joined(self.source(seed), self.shape[1], rng), self.shape[0]))
        fired = np.zeros((*self.shape, PIECES), dtype=np.int32)
        targets = np.full(self.shape, UNSEEN, dtype=np.int64)
        for i, (found, tags) in enumerate(texts):
            fired[i, : len(found)] = fired_by(found, self.rows)
            targets[i, : len(tags)] = tags
        luck = np.random.default_rng(seed).random(self.shape)
        fired[luck < FORGOTTEN, 0] = 0
        fired[luck < DISGUISED, 1 + LOOKS :] = 0
        lengths = torch.tensor([len(tags) for _, tags in texts])
        return Batch(torch.from_numpy(fired), lengths, torch.from_numpy(targets))


def _joined(examples: Iterator[Example], length: int, rng: random.Random):
    """Yield rows of at most `length` words, as (words, tags)."""
    row, tags = [], []
    for example in examples:
        between = rng.choice(BETWEEN)
        found = list(words(between + example.text))
        moved = tuple(
            Span(s.start + len(between), s.end + len(between), s.type) for s in example.spans
        )
        own = tags_of(found, moved)
        if row and len(row) + len(own) > length:
            yield row, tags
            row, tags = [], []
        if not row:  # the first text of a row
            found = list(words(example.text))
            own = tags_of(found, example.spans)
        row += found[:length]
        tags += own[:length]
