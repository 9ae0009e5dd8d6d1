"""The lines of the storybook's data files, and what to say of one that is wrong.

A file is a row of blocks: a line that is not indented, and the indented ones below it. Empty lines
and lines that begin with `#` do not count.
"""

import re
from collections.abc import Iterator
from importlib import resources
from typing import NamedTuple

from ...runtime.errors import RealSamError


class Line(NamedTuple):
    """A line of a data file without its indentation, and where it stands."""

    file: str
    number: int
    indent: int
    text: str

    def fault(self, what: str) -> RealSamError:
        """Return the error that says where the line is and what is wrong with it."""
        return RealSamError(f"{self.file}, line {self.number}: {what}.")


class Block(NamedTuple):
    """A line that is not indented, and the indented ones below it."""

    head: Line
    body: list[Line]


def read_file(file: str) -> str:
    """Return the text of a data file of this folder.

    Raises:
        RealSamError: it is not UTF-8.
    """
    raw = resources.files(__package__).joinpath(file).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = Line(file, raw.count(b"\n", 0, error.start) + 1, 0, "")
        raise line.fault("this is not UTF-8; save the file as UTF-8") from None


def blocks(file: str, text: str) -> list[Block]:
    """Return the blocks of a data file.

    Raises:
        RealSamError: a line is indented by a tab, or indented with nothing above it.
    """
    found: list[Block] = []
    for number, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        line = Line(file, number, len(raw) - len(raw.lstrip()), stripped)
        if "\t" in raw:
            raise line.fault("there is a tab; write spaces in its place")
        if line.indent == 0:
            found.append(Block(line, []))
        elif not found:
            raise line.fault("an indented line needs a name above it")
        else:
            found[-1].body.append(line)
    return found


def between_commas(lines: list[Line]) -> Iterator[Line]:
    """Yield what stands between the commas of a text, each piece as the line on which it begins.

    Raises:
        RealSamError: nothing stands there.
    """
    number = 0
    for piece in "\n".join(line.text for line in lines).split(","):
        begin = len(piece) - len(piece.lstrip())
        line = lines[number + piece.count("\n", 0, begin)]._replace(text=" ".join(piece.split()))
        if not line.text:
            raise line.fault("a word is missing; write words with a comma between two of them")
        yield line
        number += piece.count("\n")


def weighted(text: str) -> tuple[float, str]:
    """Return the weight in front of a text (`3* so big`), 1 if there is none, and the rest of it.

    Raises:
        ValueError: the weight is 0.
    """
    match = re.match(r"(\d+)\* ?", text)
    if match is None:
        return 1.0, text
    if not int(match[1]):
        raise ValueError("a weight is 0; leave out what is never to be drawn")
    return float(match[1]), text[match.end() :]
