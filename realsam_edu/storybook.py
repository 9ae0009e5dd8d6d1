"""A library without end: children's stories drawn from a grammar whose entropy is known exactly.

Every document is a row of independent choices: which sentence comes next, which word fills a
place. Its probability is the product of theirs, so the entropy of a document is the sum, over
all places of the grammar, of the chance to get there times the entropy of the choice made there.
No two rows of choices give the same text, so that sum is the entropy of the text itself, and no
model can on average do better: it is the floor of every loss. What is said of a hero later (the
name, "she" or "he", the lost toy) follows from what was said before and costs nothing; only a
model with a memory gets it for nothing.

Special tokens (`<|user|>`, `<|sam|>`, and the `<|endoftext|>` after each document) count as one
token and no character.
"""

import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from . import storybook_tales, storybook_tales_more, storybook_talk
from .runtime import RealSamError
from .storybook_compile import Compiler, read_rules
from .storybook_grammar import PRETOKEN, Exact, Node
from .storybook_words import pools_and_tables

LEVELS = ("words", "phrases", "sentences", "stories", "conversations")
END = "<|endoftext|>"
MARK = re.compile(r"<\|[a-z]+\|>")
SHORT = {word: f"hero.{word}" for word in ("he", "him", "his", "He", "His", "self")}
SHORT |= {f"{word}2": f"friend.{word}" for word in ("he", "him", "his", "He", "His")}
SHORT |= {f"{word}3": f"elder.{word}" for word in ("he", "him", "his", "He", "His")}


@dataclass(frozen=True)
class Floor:
    """What a level's documents cost at best, exactly, per document and per unit of text.

    `where` splits `nats_per_document` by what is chosen: names, animals, objects, wording, ….
    """

    level: str
    nats_per_document: float
    chars_per_document: float
    nats_per_char: float
    tokens_per_document: float | None
    nats_per_token: float | None
    where: dict[str, float]


@cache
def _compiler() -> Compiler:
    pools, tables = pools_and_tables()
    rules = {}
    for text in (*storybook_tales.RULES, *storybook_tales_more.RULES, *storybook_talk.RULES):
        for name, rows in read_rules(text).items():
            if name in rules:
                raise ValueError(f"rule '{name}' is written twice")
            rules[name] = rows
    for way in ("fly", "swim", "dig"):
        rules[f"meet_{way}"] = [(w, t.replace("=pals", f"={way}pals")) for w, t in rules["meet"]]
    rules["words"] = list(storybook_talk.word_lists(pools))
    return Compiler(rules, pools, tables, SHORT)


@cache
def _root(level: str) -> Node:
    if level not in LEVELS:
        raise RealSamError(
            f"The storybook has no level '{level}'; choose one of {', '.join(LEVELS)}."
        )
    return _compiler().rule(level)


def scored(level: str, seed: int) -> Iterator[tuple[str, float]]:
    """Yield documents without end, each with the −ln p of the choices that made it.

    Raises:
        RealSamError: there is no such level.
    """
    return _scored(_root(level), random.Random(seed).random)


def _scored(root: Node, rnd: Callable[[], float]) -> Iterator[tuple[str, float]]:
    while True:
        out: list[str] = []
        nats = root.draw(rnd, {}, out)
        yield "".join(out), nats


def documents(level: str, seed: int) -> Iterator[str]:
    """Yield documents of a level without end, the same ones for the same seed.

    Raises:
        RealSamError: there is no such level.
    """
    return (text for text, _ in scored(level, seed))


def sample(level: str, chars: int, seed: int) -> str:
    """Return at least `chars` characters of documents, `<|endoftext|>` after each."""
    texts, size = [], 0
    for text in documents(level, seed):
        texts.append(text + END)
        size += len(texts[-1])
        if size >= chars:
            return "".join(texts)


def entropy(level: str, tokens: Callable[[str], int] | None = None) -> Floor:
    """Return the exact entropy and expected length of a level's documents.

    Args:
        level: one of `LEVELS`.
        tokens: number of tokens of one pre-token (a word with the space before it, a run of
            punctuation, a line break); tokens that never cross pre-tokens, as BPE's, add up.

    Raises:
        RealSamError: there is no such level.
    """
    exact = Exact(tokens)
    _root(level).walk(exact, {}, 1.0)
    per_document = exact.tokens + 1 if tokens else None  # the end of text is a token
    return Floor(
        level,
        exact.nats,
        exact.chars,
        exact.nats / exact.chars,
        per_document,
        exact.nats / per_document if tokens else None,
        dict(sorted(exact.where.items(), key=lambda item: -item[1])),
    )


def nats(text: str, level: str) -> float:
    """Return −ln p of one document, found by reading it back: infinity if it is no such document.

    All ways in which the grammar can write the text are summed.
    """
    p = [-n for end, _, n in _root(level).parse(text, 0, {}) if end == len(text)]
    return -max(p) - math.log(sum(math.exp(x - max(p)) for x in p)) if p else math.inf


def characters(text: str) -> int:
    """Return the characters of a text, special tokens not counted."""
    return len(MARK.sub("", text))


def pretokens(text: str) -> list[str]:
    """Return a text cut the way `entropy` counts tokens."""
    return PRETOKEN.findall(text)


def leaks(mean_loss: float, standard_error: float, floor: float) -> bool:
    """Return whether a held-out loss is too good to be true.

    A loss estimated from n documents scatters around its mean by its standard error; an honest
    model's mean is the floor or above. Four standard errors below the floor happen by chance once
    in 30,000 times; otherwise the model has seen the answers.
    """
    return mean_loss < floor - 4 * standard_error


def mean_and_error(nats: list[float], sizes: list[int]) -> tuple[float, float]:
    """Return the mean loss per unit and its standard error from per-document sums.

    Args:
        nats: loss of each document, summed over its tokens.
        sizes: tokens (or characters) of each document.

    The tokens of one story are not independent, its documents are. So the error is that of a
    ratio of means: from the scatter of nats − mean · size over documents.
    """
    n = len(nats)
    mean = sum(nats) / sum(sizes)
    scatter = sum((x - mean * size) ** 2 for x, size in zip(nats, sizes, strict=True))
    return mean, math.sqrt(scatter * n / (n - 1)) / sum(sizes)
