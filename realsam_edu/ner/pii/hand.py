"""The hand that draws: one seeded stream of chance for an example, its people and its split."""

import random
from functools import cache
from itertools import accumulate

from .vocabulary import LOCALES, PEOPLES, names, shared_out, words

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Hand:
    """What is drawn for one example.

    Everything comes from `random.Random.random`, the one method that Python promises to keep, so
    that the same seed gives the same text on every machine. `people` (a locale or a people) is
    where the names of this example come from; `person` is the last name drawn, for its e-mail.
    """

    def __init__(self, rng: random.Random, split: str):
        self.random = rng.random
        self.split = split
        self.people = self.mixed({**LOCALES, **PEOPLES})
        self.person: tuple[str, str] | None = None

    def pick(self, pool):
        """Return one of a sequence, each as likely."""
        return pool[int(self.random() * len(pool))]

    def chance(self, share: float) -> bool:
        """Return True in this share of all calls."""
        return self.random() < share

    def number(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def mixed(self, weights: dict):
        """Return a key of `weights`, as likely as its weight."""
        keys, sums = _sums(tuple(weights.items()))
        mark = self.random() * sums[-1]
        return next(key for key, limit in zip(keys, sums, strict=True) if mark < limit)

    def code(self, pattern: str) -> str:
        """Fill a pattern: # a digit, % one from 1 to 9, @ a capital letter, all else itself."""
        return "".join(self._sign(sign) for sign in pattern)

    def _sign(self, sign: str) -> str:
        if sign == "#":
            return str(int(self.random() * 10))
        if sign == "%":
            return str(1 + int(self.random() * 9))
        return self.pick(LETTERS) if sign == "@" else sign

    def name(self, kind: str, people: str = "") -> str:
        """Return a word of Faker's or of words.txt for this split; see `vocabulary.names`."""
        return self.pick(names(kind, people or self.people, self.split))

    def own(self, pool: str) -> str:
        """Return a word that this split may use of an open pool of words.txt."""
        return self.pick(shared_out(pool, self.split))

    def common(self, pool: str) -> str:
        """Return a word of a small closed pool of words.txt, which serves both splits."""
        return self.pick(words(pool))


@cache
def _sums(items: tuple) -> tuple[list, list[float]]:
    return [key for key, _ in items], list(accumulate(weight for _, weight in items))
