"""From spans to tags and back: BIO sequences that are always valid, offsets that are exact.

The first word of a span of type X is tagged B-X, its other words I-X, all other words O (Ramshaw
and Marcus 1995, arXiv:cmp-lg/9505040). I-X may only follow B-X or I-X. Whatever the scores, the
likeliest *valid* sequence is found (Viterbi 1967, doi 10.1109/TIT.1967.1054010).
"""

from typing import NamedTuple

import numpy as np

from .labelled import Span
from .labels import TYPES
from .words import Word

OUTSIDE = 0  # the tag O; B of type k is 1 + 2k, I is 2 + 2k
TAGS = ("O", *(f"{part}-{name}" for name in TYPES for part in "BI"))


class Found(NamedTuple):
    """Characters `start` to `end` (exclusive) are private, with this probability."""

    start: int
    end: int
    type: str
    score: float


def tags_of(found: list[Word], spans: tuple[Span, ...]) -> list[int]:
    """Return the tag of each word; a word that a span touches belongs to it."""
    tags, waiting, open_span = [], list(reversed(spans)), None
    for word in found:
        while waiting and waiting[-1].end <= word.start:
            waiting.pop()
        span = waiting[-1] if waiting and waiting[-1].start < word.end else None
        if span is None:
            tags.append(OUTSIDE)
        else:
            tags.append(1 + 2 * TYPES.index(span.type) + (span is open_span))
        open_span = span
    return tags


def private_scores(log_probs: np.ndarray, threshold: float) -> np.ndarray:
    """Return scores of tags for `best_path` from their logarithmic probabilities, (…, K) each.

    A word is private where everything but O is together likelier than `threshold`; which type it
    has is another question. So the likeliest type gets the score of all of them together.
    """
    scores = log_probs.copy()
    types = scores[..., 1:]  # (…, K − 1)
    private = np.log(-np.expm1(np.minimum(scores[..., 0], -1e-7)))  # ln(1 − P(O))
    types += (private - types.max(-1))[..., None]
    scores[..., OUTSIDE] += np.log(threshold / (1.0 - threshold))
    return scores


def best_path(scores: np.ndarray) -> np.ndarray:
    """Return the valid sequence of tags with the highest sum of scores, (T, B) from (T, B, K).

    O and B may follow anything, so all of them have the same best predecessor; I has two.
    """
    steps, batch, _ = scores.shape
    rows = np.arange(batch)
    before = np.zeros((steps, batch), dtype=np.int64)  # best predecessor of O and B
    stays = np.zeros((steps, batch, scores.shape[2] // 2), dtype=bool)  # I after I, not after B
    total = scores[0].copy()  # (B, K)
    total[:, 2::2] = -np.inf  # nothing begins inside
    for t in range(1, steps):
        before[t] = total.argmax(1)
        best = total[rows, before[t]]
        stays[t] = total[:, 2::2] > total[:, 1::2]
        inside = np.maximum(total[:, 1::2], total[:, 2::2])  # (B, types)
        total = best[:, None] + scores[t]
        total[:, 2::2] = inside + scores[t, :, 2::2]
    path = np.zeros((steps, batch), dtype=np.int64)
    tag = total.argmax(1)
    for t in range(steps - 1, -1, -1):
        path[t] = tag
        inside = (tag > 0) & (tag % 2 == 0)
        kind = np.maximum(tag - 1, 0) // 2
        tag = np.where(inside, tag - ~stays[t, rows, kind], before[t])
    return path


def spans_of(found: list[Word], tags: np.ndarray, private: np.ndarray) -> list[Found]:
    """Return the spans of a tagged text; white space at their ends is not part of them.

    Args:
        found: its words.
        tags: a valid sequence, (T,).
        private: probability of each word to be private, (T,).
    """
    groups: list[list[int]] = []
    for i, tag in enumerate(tags):
        if tag % 2:
            groups.append([i])
        elif tag != OUTSIDE:
            groups[-1].append(i)
    spans = []
    for group in groups:
        full = [i for i in group if not found[i].text.isspace()]
        if full:
            start, end = found[full[0]].start, found[full[-1]].end
            name = TYPES[(tags[group[0]] - 1) // 2]
            spans.append(Found(start, end, name, float(private[full].mean())))
    return spans
