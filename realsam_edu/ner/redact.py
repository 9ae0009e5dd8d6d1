"""Redacting: what stands in the place of private data, and texts larger than memory.

Three ways. A *mask* keeps the length, so that offsets stay true; a *type* says what was there; a
*fake* value reads like a text again: made up, the same for the same value wherever it occurs (as in
the pseudonyms of the GDPR, article 4(5): whoever has the seed can tell whether a guess is right).
"""

import json
import random
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..runtime.errors import RealSamError
from .confirm import confirmed
from .decode import Found
from .find import Finder, Passage
from .pii.fill import SLOTS
from .pii.hand import Hand

WAYS = ("mask", "type", "fake")
MASK = "*"


@dataclass(frozen=True)
class Redactor:
    """How private data is redacted.

    Raises:
        RealSamError: there is no such way.
    """

    way: str = "type"  # one of WAYS
    seed: int = 0  # of the fake values
    check: bool = False  # let checksums and formats confirm or reject, see `confirm`

    def __post_init__(self):
        if self.way not in WAYS:
            raise RealSamError(f"There is no way '{self.way}' to redact; use {', '.join(WAYS)}.")

    def in_place_of(self, value: str, kind: str) -> str:
        """Return what stands in the place of a private value of this type."""
        if self.way == "mask":
            return re.sub(r"\S", MASK, value)  # a line stays a line
        if self.way == "type":
            return f"<{kind}>"
        return stand_in(value, kind, self.seed)

    def passages(self, finder: Finder, chunks: Iterable[str]) -> Iterator["Redacted"]:
        """Yield a text that arrives in pieces, redacted, passage by passage."""
        for passage in finder.stream(chunks):
            spans = passage.spans
            if self.check:
                spans = confirmed(passage.text, spans, passage.start)
            yield self.passage(passage._replace(spans=spans))

    def passage(self, passage: Passage) -> "Redacted":
        """Return a passage with its spans redacted and everything else as it was."""
        parts, new, place = [], [], 0
        for span in passage.spans:
            start, end = span.start - passage.start, span.end - passage.start
            new.append(self.in_place_of(passage.text[start:end], span.type))
            parts += [passage.text[place:start], new[-1]]
            place = end
        return Redacted("".join([*parts, passage.text[place:]]), passage.spans, new)


@dataclass(frozen=True)
class Redacted:
    """A redacted passage."""

    text: str
    spans: list[Found]  # offsets in the text as it was
    new: list[str]  # what stands in their place


def stand_in(value: str, kind: str, seed: int = 0) -> str:
    """Return a made-up value of this type; case and spacing of `value` do not matter."""
    same = " ".join(value.casefold().split())
    hand = Hand(random.Random(f"{seed} {kind} {same}"), "train")
    return SLOTS[kind][""](hand)


def as_text(parts: Iterable[Redacted], write) -> None:
    """Hand the redacted text to `write`, as it comes."""
    for part in parts:
        write(part.text)


def as_json(parts: Iterable[Redacted], write) -> None:
    """Hand one line of JSON to `write`: `{"text": …, "spans": [{entity_type, …}]}`.

    The text goes out as it comes; the spans wait in a temporary file, so memory stays flat.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as waiting:
        comma = ""
        write('{"text": "')
        for part in parts:
            write(json.dumps(part.text, ensure_ascii=False)[1:-1])
            for span, new in zip(part.spans, part.new, strict=True):
                waiting.write(comma + json.dumps(_row(span, new), ensure_ascii=False))
                comma = ", "
        write('", "spans": [')
        waiting.seek(0)
        while rows := waiting.read(2**16):
            write(rows)
        write("]}\n")


def _row(span: Found, new: str) -> dict:
    """A span in the schema of presidio-research, with its score and what replaced it."""
    return {
        "entity_type": span.type,
        "start_position": span.start,
        "end_position": span.end,
        "score": round(span.score, 4),
        "replacement": new,
    }
