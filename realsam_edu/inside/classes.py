"""Classes of tokens: rules over the pieces of a text that say which of them belong (notebook 10).

A rule sees the whole text, so that a class may be a place (inside a quotation) as well as a sign.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

Rule = Callable[[Sequence[str]], list[bool]]  # pieces of a text -> is each of them in the class?


def each(belongs: Callable[[str], bool]) -> Rule:
    """Return the rule of a class that a piece shows by itself."""
    return lambda pieces: [bool(belongs(piece)) for piece in pieces]


def words(listed: str) -> Rule:
    """Return the rule of some words, whatever their case and the space before them."""
    known = set(listed.split())
    return each(lambda piece: piece.strip().lower() in known)


def within(pattern: str) -> Rule:
    """Return the rule of places: pieces whose first letter or sign lies in a match of `pattern`."""

    def rule(pieces: Sequence[str]) -> list[bool]:
        sizes = np.array([[len(piece), len(piece.lstrip(" ") or piece)] for piece in pieces])
        inside = np.zeros(sum(map(len, pieces)) + 1, dtype=bool)
        for match in re.finditer(pattern, "".join(pieces), re.MULTILINE):
            inside[match.start() : match.end()] = True
        whole, shown = sizes.reshape(-1, 2).astype(int).T
        return inside[whole.cumsum() - shown].tolist()

    return rule


LETTERS: dict[str, Rule] = {  # for models that read characters
    "vowel": each(lambda c: c in "aeiouAEIOU"),
    "consonant": each(lambda c: c.isalpha() and c not in "aeiouAEIOU"),
    "capital": each(str.isupper),
    "space": each(lambda c: c == " "),
    "new line": each(lambda c: c == "\n"),
    "comma": each(lambda c: c == ","),
    "end of sentence": each(lambda c: c in ".!?"),
    "first letter of a word": within(r"(?<![A-Za-z])(?<![A-Za-z]')[A-Za-z]"),
    "fifth letter or later": within(r"(?<=[A-Za-z]{4})[A-Za-z]+"),
    "speaker's name": within(r"^[A-Z][A-Za-z ]*(?=:$)"),
}
WORDS: dict[str, Rule] = {  # for models that read pieces of words
    "function word": words(
        "a an the and but or so to of in on at with for from by as that was had"
    ),
    "pronoun": words("i you he she it we they him her his them their my your me us our its"),
    "verb of saying": words("said asked cried replied shouted whispered answered told mumbled"),
    "beginning of a name": within(r"(?<=[a-z,] )[A-Z](?=[a-z])"),
    "inside of a word": within(r"(?<=[A-Za-z])[A-Za-z]+"),
    "comma": each(lambda piece: piece == ","),
    "end of sentence": each(lambda piece: piece.strip('"') in {".", "!", "?"}),
    "quotation mark": each(lambda piece: '"' in piece),
    "inside a quotation": within(r'(?<=")[^"\n]+"(?=[^"\n]*(?:"[^"\n]*"[^"\n]*)*$)'),
    "first word of a sentence": within(r'(?:(?<=[.!?] )|(?<=[.!?]" )|(?<=")|^)[A-Z]'),
    "first sentence of a text": within(r"(?<=<\|endoftext\|>)[^.!?]*"),
}


def label(pieces: Sequence[str], classes: Mapping[str, Rule]) -> np.ndarray:
    """Return which of T pieces each of K classes holds, (K, T) bool."""
    return np.array([rule(pieces) for rule in classes.values()], dtype=bool)
