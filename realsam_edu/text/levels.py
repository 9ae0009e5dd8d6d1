"""From stories to sentences, phrases and words: the same text in four sizes.

A curriculum starts small. Words are one to three words as they stand in a text, phrases are two to
six and stop at punctuation, sentences are sentences, stories are whole. The pieces are shuffled, so
that what follows the end of a piece has nothing to do with it, and Sam learns just that.
"""

import random
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

LEVELS = ("words", "phrases", "sentences", "stories")  # what stories are graded into
TALK = ("conversations",)
TEXTS = LEVELS + TALK  # every kind of text, in the order in which Sam grows up with them
WHOLE = LEVELS[-1:] + TALK  # whole documents; the others are pieces of stories
POOL = 8192  # pieces that are held back at a time to be shuffled
_END = re.compile(r"(?<![.!?])[.!?]++[\"')\]]*+(?=\s|$)")  # of a sentence
_CLAUSE = re.compile(r"[^,;:.!?\"()\n]+")


def graded(stories: Iterable[str], level: str, seed: int = 0) -> Iterator[str]:
    """Yield the pieces of `level` in `stories`; the same seed gives the same pieces.

    Args:
        stories: documents, read one at a time.
        level: one of `TEXTS`; stories and conversations stay whole.
        seed: decides lengths and order of pieces.
    """
    if level in WHOLE:
        yield from stories
        return
    rng = random.Random(f"{level} {seed}")
    cut = {"words": words, "phrases": phrases, "sentences": lambda text, _: sentences(text)}[level]
    yield from shuffled((piece for story in stories for piece in cut(story, rng)), rng)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in one pass over it.

    A sentence takes its closing quotation mark along; after the last full stop a line is one.
    """
    ends = [0, *(match.end() for match in _END.finditer(text))]
    pieces = [text[start:end] for start, end in pairwise(ends)]
    pieces += text[ends[-1] :].split("\n")
    return [one for piece in pieces if (one := " ".join(piece.split()))]


def phrases(text: str, rng: random.Random) -> Iterator[str]:
    """Yield the text in pieces of two to six words, none of them across punctuation."""
    for clause in _CLAUSE.findall(text):
        yield from _runs(clause.split(), 2, 6, rng)


def words(text: str, rng: random.Random) -> Iterator[str]:
    """Yield the text in pieces of one to three words, none of them across punctuation."""
    for clause in _CLAUSE.findall(text):
        yield from _runs(clause.split(), 1, 3, rng)


def _runs(tokens: list[str], least: int, most: int, rng: random.Random) -> Iterator[str]:
    at = 0
    while len(tokens) - at >= least:
        n = rng.randint(least, most)
        yield " ".join(tokens[at : at + n])
        at += n


def shuffled(pieces: Iterable[str], rng: random.Random, pool: int = POOL) -> Iterator[str]:
    """Yield `pieces` in random order, holding at most `pool` of them in memory."""
    held: list[str] = []
    for piece in pieces:
        if len(held) < pool:
            held.append(piece)
            continue
        at = rng.randrange(pool)
        held[at], piece = piece, held[at]
        yield piece
    rng.shuffle(held)
    yield from held
