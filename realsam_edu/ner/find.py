"""Finding private data in texts of any length: windows over the words, never the whole text.

The words are read in windows that overlap: a middle, and a context on both sides. A span belongs
to the window in whose middle it begins, so that nothing is lost or found twice at a border. Where
the windows lie depends on the text alone, not on the pieces in which it arrives.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from ..runtime.errors import RealSamError
from .decode import Found, best_path, private_scores, spans_of
from .words import PIECES, REACH, Word, fired_by, words

MIDDLE = 192  # words of a window in which a span may begin
CONTEXT = 32  # words before and behind
SIDE_BY_SIDE = 32  # windows read at once
THRESHOLD = 0.5  # probability above which a word is private
NOWHERE = -1e9  # score of what cannot be


class Window(NamedTuple):
    """Some words of a text, and which of them are its middle."""

    words: list[Word]
    first: int
    last: int  # exclusive


class Passage(NamedTuple):
    """Consecutive characters of a text, with the spans in them; no span goes over its borders."""

    start: int  # of the passage; like those of its spans counted from the start of the text
    text: str
    spans: list[Found]


def windows(found: Iterable[Word]) -> Iterator[Window]:
    """Yield the windows over a text's words; each word is in the middle of exactly one."""
    kept: list[Word] = []
    first = 0
    for word in found:
        kept.append(word)
        if len(kept) - first == MIDDLE + CONTEXT:
            last = first + MIDDLE
            yield Window(kept, first, last)
            kept = kept[max(0, last - CONTEXT) :]
            first = min(last, CONTEXT)
    if len(kept) > first:
        yield Window(kept, first, len(kept))


class Finder:
    """A tagger and what is needed to use it on texts.

    Args:
        model: a tagger, see `tagger.Tagger`.
        threshold: probability above which a word is private; less finds more.

    Raises:
        RealSamError: the threshold is not between 0 and 1.
    """

    def __init__(self, model, threshold: float = THRESHOLD):
        if not 0.0 < threshold < 1.0:
            raise RealSamError(f"The threshold is {threshold}; choose one between 0 and 1.")
        self.model, self.threshold = model.eval(), threshold
        self.device = next(model.parameters()).device

    @torch.inference_mode()
    def read(self, batch: list[list[Word]]) -> np.ndarray:
        """Return the logarithmic probabilities of the tags of some texts' words, (B, T, K)."""
        longest = max(map(len, batch))
        fired = np.zeros((len(batch), longest, PIECES), dtype=np.int32)
        for row, found in zip(fired, batch, strict=True):
            row[: len(found)] = fired_by(found, self.model.config.rows)
        lengths = torch.tensor([len(found) for found in batch], device=self.device)
        out = self.model(torch.from_numpy(fired).to(self.device), lengths)
        return out.logits.float().log_softmax(-1).cpu().numpy()

    def spans(self, batch: list[list[Word]]) -> list[list[Found]]:
        """Return the spans in some texts' words."""
        log_probs = self.read(batch)
        scores = private_scores(log_probs, self.threshold)
        for row, found in zip(scores, batch, strict=True):
            row[len(found) :] = NOWHERE
            row[len(found) :, 0] = 0.0
        paths = best_path(scores.swapaxes(0, 1)).T  # (B, T)
        private = 1.0 - np.exp(log_probs[..., 0])
        return [
            [
                span
                for span in spans_of(found, path[: len(found)], p)
                if span.score >= self.threshold
            ]
            for found, path, p in zip(batch, paths, private, strict=True)
        ]

    def find(self, texts: list[str]) -> list[list[Found]]:
        """Return the spans of each text; texts of like length are read side by side."""
        cut = [(n, window) for n, text in enumerate(texts) for window in windows(words(text))]
        cut.sort(key=lambda pair: len(pair[1].words))
        found: list[list[Found]] = [[] for _ in texts]
        for batch in _side_by_side(cut):
            spans = self.spans([window.words for _, window in batch])
            for (n, window), own in zip(batch, spans, strict=True):
                found[n] += _beginning_in(window, own)
        return [_apart(sorted(spans)) for spans in found]

    def stream(self, chunks: Iterable[str]) -> Iterator[Passage]:
        """Yield a text that arrives in pieces, passage by passage, with the spans in them."""
        arriving, taken = Arriving(chunks), 0
        for batch in _side_by_side(windows(arriving.words())):
            every = self.spans([window.words for window in batch])
            for window, spans in zip(batch, every, strict=True):
                own = [s for s in _apart(_beginning_in(window, spans)) if s.start >= taken]
                end = max([window.words[window.last - 1].end, *(s.end for s in own), taken])
                yield Passage(taken, arriving.take(end), own)
                taken = end
        rest = arriving.take(None)
        if rest:
            yield Passage(taken, rest, [])


def _side_by_side(items: Iterable) -> Iterator[list]:
    """Yield lists of at most `SIDE_BY_SIDE` items."""
    items = iter(items)
    while batch := list(islice(items, SIDE_BY_SIDE)):
        yield batch


def _beginning_in(window: Window, spans: list[Found]) -> list[Found]:
    """The spans that begin in the window's middle."""
    start, end = window.words[window.first].start, window.words[window.last - 1].end
    return [span for span in spans if start <= span.start < end]


def _apart(spans: list[Found]) -> list[Found]:
    """Sorted spans without those that begin inside of an earlier one."""
    kept: list[Found] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


class Arriving:
    """A text that arrives in pieces; of what was read it keeps only what nobody has taken yet."""

    def __init__(self, chunks: Iterable[str]):
        self.chunks = iter(chunks)
        self.text, self.offset = "", 0  # what is kept, and where in the whole it begins
        self.taken = 0  # where in the whole it has been taken up to

    def words(self) -> Iterator[Word]:
        """Yield the words of the whole, as soon as it is certain where they end."""
        place = 0  # in the whole
        for chunk in self.chunks:
            self._add(chunk)
            certain = self.offset + len(self.text) - REACH
            for word in self._words(place):
                if word.end > certain:
                    break  # it might go on in the next chunk
                place = word.end
                yield word
        yield from self._words(place)

    def _words(self, place: int) -> Iterator[Word]:
        offset = self.offset
        for word in words(self.text, place - offset):
            yield word._replace(start=word.start + offset, end=word.end + offset)

    def _add(self, chunk: str) -> None:
        self.text = self.text[self.taken - self.offset :] + chunk
        self.offset = self.taken

    def take(self, end: int | None) -> str:
        """Return what has not been taken up to `end` of the whole."""
        stop = None if end is None else end - self.offset
        passage = self.text[self.taken - self.offset : stop]
        self.taken += len(passage)
        return passage
