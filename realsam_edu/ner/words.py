"""From a text to words, and from a word to the input neurons that it makes fire.

A word is a run of letters, a run of digits, a single sign, or white space other than one blank.
Phone numbers and IBANs are letters and not words, so a word is read through its pieces: itself,
its shape ("Xx", "dddd"), its beginning, its end, all its runs of three letters, and whether a
blank stood before it. Each piece is hashed to one of the input neurons (Weinberger et al. 2009,
arXiv:0902.2206; letter runs: Bojanowski et al. 2017, arXiv:1607.04606). So no word is unknown, and
what a word says about itself does not end with the words of the training.
"""

import re
import zlib
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

PIECES = 16  # input neurons that a word makes fire, at most
LOOKS = 3  # of them, behind the first, say how it looks: shape, length, blank
LONGEST = 32  # letters of a word, at most; a longer run is several words
REACH = 4 * LONGEST  # characters that decide where a word ends, at most

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"  # scripts without blanks: a sign is a word
_LETTER = rf"[^\W\d_{_CJK}][\u0300-\u036f]{{0,3}}"  # with its accents, if they stand alone
_WORD = re.compile(rf"(?:{_LETTER}){{1,{LONGEST}}}|\d{{1,{LONGEST}}}|\s{{1,{LONGEST}}}|.", re.S)


class Word(NamedTuple):
    """A word and where it stands in its text."""

    text: str
    start: int  # characters
    end: int
    spaced: bool  # one blank before it


def words(text: str, start: int = 0) -> Iterator[Word]:
    """Yield the words of `text` from `start` on; only single blanks are in none of them.

    A walk that begins behind a word finds the same words as one from the beginning.
    """
    spaced = False
    for match in _WORD.finditer(text, start):
        if match.group() == " ":
            spaced = True
            continue
        yield Word(match.group(), match.start(), match.end(), spaced)
        spaced = False


def shape(word: str) -> str:
    """Return the looks of a word: "Xx" for "Anna", "XxXx" for "McCoy", "dddd" for "1984"."""
    if word[0].isdigit():
        return "d" * len(word)
    kinds = "".join("X" if sign.isupper() else "x" for sign in word)
    return re.sub("xx+", "x", kinds)[:6]


def _named(word: str, spaced: bool) -> list[str]:
    """The pieces of a word by name: itself, its looks (LOOKS of them), then parts of it."""
    low, gap = word.lower(), "_" if spaced else "-"
    if word[0].isdigit():  # the digits of a number say little, their count much
        whole = f"w{low}" if len(word) <= 4 else f"n{len(word)}"
        return [whole, f"s{shape(word)}", f"l{len(word)}", gap, f"p{low[:2]}", f"e{low[-2:]}"]
    if not word[0].isalpha():
        return [f"w{low}", f"s{low[0]}", f"l{min(len(word), 4)}", gap]
    framed = f"<{low}>"
    looks = [f"s{shape(word)}", f"l{min(len(word), 8)}", gap]
    ends = [f"p{low[:2]}", f"e{low[-2:]}"]
    return [f"w{low}", *looks, *ends, *(f"t{framed[i : i + 3]}" for i in range(len(low)))]


@lru_cache(maxsize=2**16)
def pieces(word: str, spaced: bool, rows: int) -> bytes:
    """Return the input neurons, 1 to `rows` − 1, that `word` makes fire, as int32 (PIECES,).

    The word itself stands first, its looks follow; 0 fills up.
    """
    names = _named(word, spaced)[:PIECES]
    fired = [1 + zlib.crc32(name.encode("utf-8", "replace")) % (rows - 1) for name in names]
    return array("i", fired + [0] * (PIECES - len(fired))).tobytes()


def fired_by(found: list[Word], rows: int) -> np.ndarray:
    """Return the input neurons that each word makes fire, int32 (T, PIECES)."""
    data = b"".join(pieces(word.text, word.spaced, rows) for word in found)
    return np.frombuffer(data, dtype=np.int32).reshape(-1, PIECES)
