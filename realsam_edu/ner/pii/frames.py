"""The frames: texts with slots, in the files of `frames/`, read and split.

    == mail ==                     the register of what follows
    ### a comment
    Hi {PERSON.first}, {call|ring} me on {PHONE_NUMBER}.
    Kind regards,                  one frame per line;
    | {PERSON}                     a line that begins with a bar goes on with the frame above
    {{"id": {number}}}             doubled braces are braces

A slot in capitals is private data (`labels.TYPES`, with a variant behind the dot), one in small
letters is not (`{order}`, `{price}`: what must not be mistaken for it). `{a|b}` is one of these.
A frame belongs to the test split if its own hash says so, so a split needs no list, and no frame
changes sides when others are added.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ...runtime.errors import RealSamError

SPLITS = ("train", "test")
TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Slot:
    """What is to be filled in: a type or a small-letter filler, and the variant behind the dot."""

    kind: str
    variant: str = ""

    @property
    def private(self) -> bool:
        """Whether what fills it is private data."""
        return self.kind.isupper()


@dataclass(frozen=True)
class Frame:
    """A text with slots: literal strings, tuples of choices, and slots as (type, variant)."""

    register: str
    source: str
    parts: tuple[str | tuple[str, ...] | Slot, ...]

    @property
    def slots(self) -> list[Slot]:
        """The slots in their order."""
        return [part for part in self.parts if isinstance(part, Slot)]

    @cached_property
    def types(self) -> frozenset[str]:
        """The types of private data that it holds."""
        return frozenset(slot.kind for slot in self.slots if slot.private)


def split_of(text: str) -> str:
    """Return "test" for a fifth of all texts and "train" for the others, by their SHA-256."""
    return "test" if hashlib.sha256(text.encode()).digest()[0] < 51 else "train"


@cache
def frames(split: str) -> tuple[Frame, ...]:
    """Return the frames of a split, "train" or "test"; the same ones on every machine.

    Raises:
        RealSamError: there is no such split.
    """
    if split not in SPLITS:
        raise RealSamError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    return tuple(frame for frame in all_frames() if split_of(frame.source) == split)


@cache
def all_frames() -> tuple[Frame, ...]:
    """Return the frames of all files, in the order of the files' names and of their lines."""
    files = sorted((Path(__file__).parent / "frames").glob("*.txt"), key=lambda path: path.name)
    return tuple(frame for path in files for frame in read(path.read_text(encoding="utf-8")))


def read(text: str) -> list[Frame]:
    """Return the frames of one file's text; the module says how they are written."""
    register, sources = "", []
    for line in text.splitlines():
        if heading := re.fullmatch(r"== (.+) ==", line):
            register = heading[1]
        elif line == "|" or line.startswith("| "):
            sources[-1] = (register, f"{sources[-1][1]}\n{line[2:]}")
        elif line.strip() and not line.startswith("###"):
            sources.append((register, line))
    return [Frame(register, source, parse(source)) for register, source in sources]


def parse(source: str) -> tuple[str | tuple[str, ...] | Slot, ...]:
    """Cut a frame into literal strings, choices and slots."""
    parts, literal, end = [], "", 0
    for match in TOKEN.finditer(source):
        literal += source[end : match.start()]
        end = match.end()
        if match[0] in ("{{", "}}"):
            literal += match[0][0]
        elif match[1] is None:
            raise ValueError(f"a brace stands alone in the frame {source!r}")
        else:
            if literal:
                parts.append(literal)
            literal = ""
            options = tuple(match[1].split("|"))
            parts.append(options if len(options) > 1 else Slot(*match[1].split(".")))
    return (*parts, literal + source[end:]) if literal + source[end:] else tuple(parts)
