"""A library without end: children's stories drawn from a grammar whose entropy is known exactly.

Every document is a row of random choices: which sentence comes next, which word fills a place.
Its probability is the product of theirs, so the entropy of a document is a sum over all places of
the grammar: the chance to get there times the entropy of the choice made there. No two rows of
choices write the same text, so this is the entropy of the text itself, and no model can be better
on average: it is the floor of every loss. What follows from what was said before (the hero's
name, "she" or "he", the lost toy) is no choice and costs nothing, but only a model with a memory
gets it for nothing.

Special tokens (`<|user|>`, `<|sam|>`, and the `<|endoftext|>` after each document) count as one
token and as no character.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ...runtime.errors import RealSamError
from ..levels import TEXTS
from ..tokenizer import END_OF_TEXT
from .compiler import Compiler
from .grammar import Exact, Node
from .lines import read_file
from .remembered import check
from .rules import Rules, read_rules
from .words import read_words

LEVELS = TEXTS  # it writes all of them
FILES = ("lexicon.txt", "talk.txt", "stories.txt")  # its words, and its rules
# In the grammar {he} is short for {hero.he}, {he2} for {friend.he}, {he3} for {elder.he}.
SHORT = {
    f"{word}{digit}": f"{name}.{word}"
    for name, digit in (("hero", ""), ("friend", "2"), ("elder", "3"))
    for word in ("he", "him", "his", "He", "His")
}


@dataclass(frozen=True)
class Floor:
    """What the documents of a level cost at best, exactly, per document and per unit of text.

    A document's tokens include the end of text. Token counts are None where no `tokens` was given.
    `where` splits `nats_per_document` by what is chosen (names, animals, wording, …), largest
    first.
    """

    level: str
    nats_per_document: float
    chars_per_document: float
    nats_per_char: float
    tokens_per_document: float | None
    nats_per_token: float | None
    where: dict[str, float]


def documents(level: str, seed: int) -> Iterator[str]:
    """Yield documents of a level without end, the same ones for the same seed.

    Raises:
        RealSamError: there is no such level.
    """
    return (text for text, _ in scored(level, seed))


def scored(level: str, seed: int) -> Iterator[tuple[str, float]]:
    """Yield the same documents, each with the −ln p of the choices that made it.

    Raises:
        RealSamError: there is no such level.
    """
    return _scored(root(level), random.Random(seed).random)


def sample(level: str, chars: int, seed: int) -> str:
    """Return documents, each followed by `<|endoftext|>`: at least `chars` characters in all.

    Raises:
        RealSamError: there is no such level.
    """
    texts, size = [], 0
    for text in documents(level, seed):
        texts.append(text + END_OF_TEXT)
        size += len(texts[-1])
        if size >= chars:
            break
    return "".join(texts)


def entropy(level: str, tokens: Callable[[str], int] | None = None) -> Floor:
    """Return the exact entropy and expected length of a level's documents.

    The rates are nats per document over expected length of a document: what a long text tends to.

    Args:
        level: one of `LEVELS`.
        tokens: number of tokens of one pre-token (a word with the space before it, a run of
            punctuation, a line break); a tokenizer that never crosses pre-tokens, such as
            byte-level BPE, adds up over them.

    Raises:
        RealSamError: there is no such level.
    """
    exact = Exact(tokens)
    root(level).walk(exact, {}, 1.0)
    length = None if tokens is None else exact.tokens + 1  # the end of text is a token
    return Floor(
        level,
        exact.nats,
        exact.chars,
        exact.nats / exact.chars,
        length,
        None if length is None else exact.nats / length,
        dict(sorted(exact.where.items(), key=lambda item: -item[1])),
    )


def nats(text: str, level: str) -> float:
    """Return −ln p of a document as the grammar alone sees it, infinity if it cannot write it.

    The text is read back in every possible way, and the probabilities of all ways are added. That
    this equals the −ln p of the choices that made it shows that there is one way only.

    Raises:
        RealSamError: there is no such level.
    """
    ways = [math.exp(-n) for end, _, n in root(level).parse(text, 0, {}) if end == len(text)]
    return -math.log(sum(ways)) if ways else math.inf


def mean_and_error(losses: Sequence[float], sizes: Sequence[int]) -> tuple[float, float]:
    """Return the mean loss per token and its standard error, from sums per document.

    Tokens of one story depend on each other, documents do not. So the error is that of a ratio of
    two means: with d = loss − mean · size of each of the n documents, it is √(Σ d² · n / (n − 1))
    / Σ size.

    Args:
        losses: nats of each document, summed over its tokens; at least two documents.
        sizes: tokens of each document (or characters, for the loss per character).
    """
    n, total = len(losses), sum(sizes)
    mean = sum(losses) / total
    scatter = sum((loss - mean * size) ** 2 for loss, size in zip(losses, sizes, strict=True))
    return mean, math.sqrt(scatter * n / (n - 1)) / total


def leaks(mean_loss: float, standard_error: float, floor: float) -> bool:
    """Return whether a held-out loss is too good to be true: below the floor by four errors.

    An honest model's loss is on average the floor or more, and a mean falls four standard errors
    below its own average once in some 30,000 times. Lower than that, the model has seen the text.
    """
    return mean_loss < floor - 4 * standard_error


def fingerprint() -> str:
    """Return the SHA-256 of the grammar's rules and words: other documents, another fingerprint."""
    return grammar().fingerprint()


@cache
def root(level: str) -> Node:
    """Return the node that writes the documents of a level.

    Raises:
        RealSamError: there is no such level, or a line of the data files cannot be read.
    """
    if level not in LEVELS:
        raise RealSamError(
            f"The storybook has no level '{level}'; choose one of {', '.join(LEVELS)}."
        )
    node = grammar().rule(level)
    check(node, {})
    return node


@cache
def grammar() -> Compiler:
    """Return the compiler of the storybook's own data files."""
    return compiler_of({file: read_file(file) for file in FILES})


def compiler_of(texts: dict[str, str]) -> Compiler:
    """Return the compiler of a storybook: the text of its words first, then those of its rules.

    Raises:
        RealSamError: a line cannot be read; the error names it. Or a level has no rule.
    """
    (lexicon, words), *others = texts.items()
    pools, tables = read_words(lexicon, words)
    rules: Rules = {}
    for file, text in others:
        read_rules(file, text, pools, rules)
    for level in LEVELS:
        if level not in rules:
            raise RealSamError(f"The storybook has no rule '{level}', but each level needs one.")
    return Compiler(rules, pools, tables, SHORT)


def _scored(root: Node, rnd: Callable[[], float]) -> Iterator[tuple[str, float]]:
    while True:
        out: list[str] = []
        cost = root.draw(rnd, {}, out)
        yield "".join(out), cost
