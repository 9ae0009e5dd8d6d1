"""Noise: what happens to texts on their way, with the spans kept exact.

Every noise says, character by character, what stands in its place: a list of pieces, as long as
the text. So a span's new text is the pieces of its characters joined, whatever the noise does.
"""

import unicodedata
from collections.abc import Callable

from ..labelled import Example, Span
from .hand import Hand

Pieces = list[str]
Private = list[bool]
# Each letter with the keys beside it.
KEYBOARD = (
    "aqs bvn cxv dsf ewr fdg gfh hgj iuo jhk kjl lk mn nbm oip po qwa ret sad try uyi vcb wqe "
    "xzc ytu zx"
)
NEIGHBOURS = {row[0]: row[1:] for row in KEYBOARD.split()}
QUOTES = {"'": "’", '"': "”", "-": "\u2011"}
# Types whose letters and digits are a code: no typo, lost accent or changed case inside them.
CODED = ("CREDIT_CARD", "IBAN", "US_SSN", "US_DRIVER_LICENSE", "IP_ADDRESS", "URL", "EMAIL_ADDRESS")


def small(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Put everything in small letters."""
    return [piece.lower() if len(piece.lower()) == 1 else piece for piece in pieces]


def capitals(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Put everything but codes in capitals; ß and its like stay."""
    rows = zip(pieces, coded, strict=True)
    return [p.upper() if len(p.upper()) == 1 and not code else p for p, code in rows]


def odd_case(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Turn the case of one letter in eight."""
    rows = zip(pieces, coded, strict=True)
    return [
        p.swapcase() if not code and len(p.swapcase()) == 1 and hand.chance(0.12) else p
        for p, code in rows
    ]


def typos(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Hit one to three letters wrong: the neighbour's key, twice, or not at all."""
    found = list(pieces)
    letters = [n for n, p in enumerate(pieces) if p.lower() in NEIGHBOURS and not coded[n]]
    for _ in range(min(hand.number(1, 3), len(letters) // 8)):
        at = hand.pick(letters)
        inside = 0 < at < len(pieces) - 1 and private[at - 1] == private[at] == private[at + 1]
        other = hand.pick(NEIGHBOURS[pieces[at].lower()])
        found[at] = hand.pick((other, pieces[at] * 2, "" if inside else pieces[at]))
    return found


def no_punctuation(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Leave out full stops, commas and their like outside the spans; inside them, apostrophes."""
    rows = zip(pieces, private, strict=True)
    return ["" if p in (".,;:!?" if not mine else "'’") else p for p, mine in rows]


def separators(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Write other separators than usual between words outside the spans."""
    other = hand.pick((" | ", ";", " / ", "\t", " - ", " _ ", "  ", " · ", ", "))
    rows = zip(pieces, private, strict=True)
    return [other if p in ",;:" and not mine else p for p, mine in rows]


def double_spaces(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Double one space in six, inside names too."""
    return [p * hand.number(2, 3) if p == " " and hand.chance(0.16) else p for p in pieces]


def line_breaks(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Break the text at one space in ten, as narrow windows and bad copies do, names included."""
    mark = hand.pick(("\n", "\n", "\n", "\r\n", "\n> "))
    rows = zip(pieces, private, strict=True)
    return [
        (mark if not mine else mark[:2].rstrip(">")) if p == " " and hand.chance(0.1) else p
        for p, mine in rows
    ]


def hard_spaces(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Put a no-break space in the place of one space in four."""
    return ["\u00a0" if p == " " and hand.chance(0.25) else p for p in pieces]


def no_accents(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Lose the accents: é becomes e; what is no letter with a mark stays."""
    return [unicodedata.normalize("NFD", p)[:1] if p.isalpha() else p for p in pieces]


def split_accents(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Write accents as marks of their own behind the letter (NFD), as some systems do."""
    return [unicodedata.normalize("NFD", p) for p in pieces]


def smart_quotes(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Put typographic quotes and no-break hyphens where there were plain ones, but in codes."""
    rows = zip(pieces, coded, strict=True)
    return [QUOTES.get(p, p) if not code else p for p, code in rows]


def no_spaces(hand: Hand, pieces: Pieces, coded: Private, private: Private) -> Pieces:
    """Lose one space in twelve outside the spans, so that words stick together."""
    rows = zip(pieces, private, strict=True)
    return ["" if p == " " and not mine and hand.chance(0.08) else p for p, mine in rows]


Noise = Callable[[Hand, Pieces, Private, Private], Pieces]
NOISES: dict[Noise, int] = {
    small: 18,
    capitals: 7,
    odd_case: 4,
    typos: 16,
    no_punctuation: 9,
    separators: 5,
    double_spaces: 8,
    line_breaks: 9,
    hard_spaces: 4,
    no_accents: 5,
    split_accents: 2,
    smart_quotes: 6,
    no_spaces: 4,
}


def apply(noise: Noise, hand: Hand, example: Example) -> Example:
    """Return the example under one noise, its spans around the same things as before."""
    text, spans = example.text, example.spans
    private, coded = [False] * len(text), [False] * len(text)
    for start, end, kind in spans:
        private[start:end] = [True] * (end - start)
        coded[start:end] = [kind in CODED] * (end - start)
    pieces = noise(hand, list(text), coded, private)
    starts, length = [], 0
    for piece in pieces:
        starts.append(length)
        length += len(piece)
    starts.append(length)
    moved = tuple(Span(starts[start], starts[end], kind) for start, end, kind in spans)
    return Example("".join(pieces), moved)


def noisy(hand: Hand, example: Example) -> Example:
    """Return the example under one noise, or, one time in four, under two.

    A text of nothing but what a noise takes away stays as it is.
    """
    noised = apply(hand.mixed(NOISES), hand, example)
    if hand.chance(0.25):
        noised = apply(hand.mixed(NOISES), hand, noised)
    return noised if noised.text else example
