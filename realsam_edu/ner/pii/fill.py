"""Examples without end: a frame, filled, and at times under noise. Seeded: same seed, same text."""

import random
from collections.abc import Iterator

from ...runtime.errors import RealSamError
from ..labelled import Example, Span
from ..labels import TYPES
from . import codes, decoys, people, places, times
from .frames import Frame, Slot, frames
from .hand import Hand
from .noise import noisy

# Registers of other languages, and whose names stand in them.
LANGUAGES = {"German": "de_DE", "French": "fr_FR", "Spanish": "es_ES", "Italian": "it_IT"}
LANGUAGES |= {"Dutch": "nl_NL"}
RARE = 0.35  # of the frames: a type is drawn first and then a frame that has it
MORE = 0.25  # of the texts go on with another frame, a quarter of these with a third, and so on

SLOTS = people.SLOTS | places.SLOTS | codes.SLOTS | times.SLOTS | decoys.SLOTS


def examples(split: str, seed: int, noise: float = 0.3) -> Iterator[Example]:
    """Yield examples of a split ("train" or "test") for ever.

    Frames, names, towns, streets and made-up firms of one split never occur in the other. A share
    `noise` of the examples is noisy.

    Raises:
        RealSamError: there is no such split, or `noise` is no share.
    """
    if not 0 <= noise <= 1:
        raise RealSamError(f"The noise is a share of the texts, from 0 to 1, not {noise}.")
    return _examples(frames(split), split, random.Random(f"{split} {seed}"), noise)


def _examples(
    pool: tuple[Frame, ...], split: str, rng: random.Random, noise: float
) -> Iterator[Example]:
    by_type = [[frame for frame in pool if kind in frame.types] for kind in TYPES]
    while True:
        hand = Hand(rng, split)
        example = fill(_frame(pool, by_type, hand), hand)
        while hand.chance(MORE):
            example = joined(example, fill(_frame(pool, by_type, hand), hand), hand)
        yield noisy(hand, example) if hand.chance(noise) else example


def _frame(pool: tuple[Frame, ...], by_type: list[list[Frame]], hand: Hand) -> Frame:
    return hand.pick(hand.pick(by_type) if hand.chance(RARE) else pool)


def joined(one: Example, other: Example, hand: Hand) -> Example:
    """Return one text behind the other, below an empty line where the first ends no sentence."""
    gap = hand.pick((" ", " ", "\n", "\n\n")) if one.text[-1] in ".!?" else "\n\n"
    start = len(one.text) + len(gap)
    moved = tuple(Span(a + start, b + start, kind) for a, b, kind in other.spans)
    return Example(one.text + gap + other.text, one.spans + moved)


def fill(frame: Frame, hand: Hand) -> Example:
    """Return the frame with its slots filled, and the spans of those that are private.

    An article in small letters before a place or an organisation stays outside its span.
    """
    pieces, spans, length = [], [], 0
    hand.people = LANGUAGES.get(frame.register, hand.people)
    for part in frame.parts:
        if isinstance(part, Slot):
            piece = SLOTS[part.kind][part.variant](hand)
            if part.private:
                start = length + (4 if piece.startswith("the ") else 0)
                spans.append(Span(start, length + len(piece), part.kind))
        else:
            piece = part if isinstance(part, str) else hand.pick(part)
        pieces.append(piece)
        length += len(piece)
    return Example("".join(pieces), tuple(spans))
