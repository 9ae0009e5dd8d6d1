"""Texts with labelled spans, in memory and in files of presidio-research's schema.

The schema is a JSON list of `{"full_text": …, "spans": [{"entity_type": …, "start_position": …,
"end_position": …}]}`; offsets count characters (Python's), the end is exclusive. Further keys are
allowed and not read.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ..runtime.errors import RealSamError
from ..runtime.files import read_text, write_atomic
from .labels import TYPES, our_type

SCHEMA = '[{"full_text": "…", "spans": [{"entity_type", "start_position", "end_position"}]}]'


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a text are private, and of this type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Example:
    """A text and its private spans, in order and without overlap."""

    text: str
    spans: tuple[Span, ...]

    def values(self) -> list[tuple[str, str]]:
        """Return (type, text) of each span."""
        return [(span.type, self.text[span.start : span.end]) for span in self.spans]


def labelled(path: str | Path) -> list[Example]:
    """Return the examples of a file of presidio-research's schema, types under our names.

    Raises:
        RealSamError: the file is missing, empty, no text, no JSON, of another schema; or a span is
            out of range, overlaps another, or has a type unknown to us.
    """
    text = read_text(path)
    if not text.strip():
        raise RealSamError(f"{path} holds nothing but white space; give a list like {SCHEMA}.")
    try:
        records = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RealSamError(f"{path}{where}: this is not JSON; give a list like {SCHEMA}.") from None
    if not isinstance(records, list) or not records:
        raise RealSamError(f"{path} is no list with records in it; give a list like {SCHEMA}.")
    return [_example(record, f"{path}, record {n}") for n, record in enumerate(records, 1)]


def type_names(path: str | Path) -> set[str]:
    """Return the names that a file of the schema itself gives to its types; see `labelled`."""
    labelled(path)
    return {
        span["entity_type"] for record in json.loads(read_text(path)) for span in record["spans"]
    }


def write_labelled(path: str | Path, examples: Iterable[Example]) -> None:
    """Write examples in presidio-research's schema, types under our names, all at once.

    Raises:
        RealSamError: the file cannot be written; nothing was changed there.
    """
    records = [
        {
            "full_text": example.text,
            "spans": [
                {
                    "entity_type": span.type,
                    "entity_value": example.text[span.start : span.end],
                    "start_position": span.start,
                    "end_position": span.end,
                }
                for span in example.spans
            ],
        }
        for example in examples
    ]
    write_atomic(Path(path), (json.dumps(records, indent=1, ensure_ascii=False) + "\n").encode())


def _example(record: object, where: str) -> Example:
    """Return one record as an example; `where` opens the sentence about what is wrong with it."""
    if not isinstance(record, dict) or not isinstance(record.get("full_text"), str):
        raise RealSamError(f"{where} has no text under full_text; give a list like {SCHEMA}.")
    rows = record.get("spans")
    if not isinstance(rows, list):
        raise RealSamError(f"{where} has no list under spans; give a list like {SCHEMA}.")
    text = record["full_text"]
    spans = sorted(_span(row, len(text), where) for row in rows)
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise RealSamError(
                f"{where}: the spans {one.start} to {one.end} and {other.start} to {other.end} "
                "overlap; give each character at most one type."
            )
    return Example(text, tuple(spans))


def _span(row: object, length: int, where: str) -> Span:
    """Return one span of a text of `length` characters."""
    keys = ("start_position", "end_position")
    if not isinstance(row, dict) or any(type(row.get(key)) is not int for key in keys):
        raise RealSamError(
            f"{where} has a span without whole numbers under start_position and end_position; "
            f"give a list like {SCHEMA}."
        )
    start, end, name = row["start_position"], row["end_position"], row.get("entity_type")
    if not 0 <= start < end <= length:
        raise RealSamError(
            f"{where}: the span {start} to {end} does not lie within the {length} characters of "
            "its text; count characters, with the end exclusive."
        )
    ours = our_type(name) if isinstance(name, str) else None
    if ours is None:
        raise RealSamError(
            f"{where}: {name!r} is a type that Sam does not know; leave it out or use one of "
            f"{', '.join(TYPES)}."
        )
    return Span(start, end, ours)
