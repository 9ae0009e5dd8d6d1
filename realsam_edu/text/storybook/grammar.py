"""Grammars of independent choices: draw a text, sum its entropy exactly, score a given text.

The nodes of a grammar; `compiler` makes them from the notation that the head of `stories.txt`
explains.

What may be said never depends on what is remembered, only the words do. So every number about a
document is a plain sum over the places of the grammar: probability of getting there times the
expectation there. `Exact` walks that sum; `Node.parse` reads a text back.
"""

import math
import re
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate

from ...runtime.errors import RealSamError

# What a GPT-2-like byte-level tokenizer cuts a text into before it merges bytes.
PRETOKEN = re.compile(
    r"<\|[a-z]+\|>|'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:(?!<\|)[^\s\w])+|\s+(?!\S)|\s+"
)


class Entry:
    """One word of a pool: its forms, "" being the one in a dictionary, and the key of its kind."""

    __slots__ = ("forms", "key")

    def __init__(self, forms: dict[str, str], key: str = ""):
        self.forms = forms
        self.key = key

    def __repr__(self) -> str:
        return self.forms[""]


class Pool:
    """Words that can stand in one place, all as likely unless `weights` says otherwise."""

    def __init__(self, entries: list[Entry], group: str, weights: list[float] | None = None):
        self.entries = entries
        self.group = group
        total = sum(weights) if weights else len(entries)
        self.p = [w / total for w in weights] if weights else [1 / total] * len(entries)
        self.uniform = weights is None
        self.entropy = -sum(p * math.log(p) for p in self.p)


class Memory(dict):
    """Chances of the words that one name may remember, and the names it certainly differs from."""

    differs: frozenset[str] = frozenset()


class Exact:
    """Expectations per document, summed over the grammar: nats, characters, tokens."""

    def __init__(self, tokens: Callable[[str], int] | None):
        self.nats = self.chars = self.tokens = 0.0
        self.where: dict[str, float] = {}
        self._cost = tokens
        self._known: dict[str, int] = {}

    def chance(self, group: str, nats: float) -> None:
        """Count the nats of a choice."""
        self.nats += nats
        self.where[group] = self.where.get(group, 0.0) + nats

    def text(self, weight: float, text: str) -> None:
        """Count a piece of text that is written with probability `weight`."""
        self.chars += weight * len(text)
        if self._cost is not None:
            if text not in self._known:
                self._known[text] = sum(map(self._cost, PRETOKEN.findall(text)))
            self.tokens += weight * self._known[text]


State = tuple[int, dict[str, Entry], float]  # position in the text, memory, −ln p so far


class Lit:
    """Text as it stands."""

    def __init__(self, text: str):
        self.text = text

    def draw(self, rnd, memory, out) -> float:
        """Append text to `out`; return −ln p of the choices made."""
        out.append(self.text)
        return 0.0

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        exact.text(weight, self.text)

    def parse(self, text: str, at: int, memory: dict[str, Entry]) -> Iterator[State]:
        """Yield every way to read this from `text[at:]`."""
        if text.startswith(self.text, at):
            yield at + len(self.text), memory, 0.0


class Mark(Lit):
    """A special token: one token, no characters."""

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        exact.tokens += weight


class Slot:
    """A word that is remembered."""

    def __init__(self, lead: str, name: str, form: str):
        self.lead, self.name, self.form = lead, name, form

    def draw(self, rnd, memory, out) -> float:
        """Append text to `out`; return −ln p of the choices made."""
        out.append(self.lead + memory[self.name].forms[self.form])
        return 0.0

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        for entry, p in memory[self.name].items():
            exact.text(weight * p, self.lead + entry.forms[self.form])

    def parse(self, text: str, at: int, memory: dict[str, Entry]) -> Iterator[State]:
        """Yield every way to read this from `text[at:]`."""
        word = self.lead + memory[self.name].forms[self.form]
        if text.startswith(word, at):
            yield at + len(word), memory, 0.0


class Pick:
    """A word drawn from a pool: `pools` has one for each key of what `by` remembers, or ""."""

    def __init__(
        self, lead: str, pools: dict[str, Pool], form: str, name: str, by: str, but: tuple[str, ...]
    ):
        self.lead, self.pools, self.form = lead, pools, form
        self.name, self.by, self.but = name, by, but
        self.group = next(iter(pools.values())).group
        self.table = {}
        for key, pool in pools.items():
            words = [lead + entry.forms[form] for entry in pool.entries]
            if len(set(words)) < len(words):
                raise ValueError(f"two words of {self.group} look alike in the form '{form}'")
            if but and not (pool.uniform and len(words) > len(but)):
                raise ValueError(f"too few words of {self.group}, or not all as likely, for '!'")
            nats = [-math.log(p) for p in pool.p]
            self.table[key] = list(zip(words, pool.entries, nats, strict=True))
        self.cumulative = {
            key: None if pool.uniform else list(accumulate(pool.p))[:-1]
            for key, pool in pools.items()
        }

    def draw(self, rnd, memory, out) -> float:
        """Append text to `out`; return −ln p of the choices made."""
        key = memory[self.by].key if self.by else ""
        rows, cumulative = self.table[key], self.cumulative[key]
        if cumulative is None:
            word, entry, nats = rows[int(rnd() * len(rows))]
            if self.but:
                taken = [memory[name] for name in self.but]
                while entry in taken:
                    word, entry, _ = rows[int(rnd() * len(rows))]
                nats = math.log(len(rows) - len(taken))
        else:
            word, entry, nats = rows[bisect(cumulative, rnd())]
        if self.name:
            memory[self.name] = entry
        out.append(word)
        return nats

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        chances = Memory()
        for key, share in self._shares(memory).items():
            pool = self.pools[key]
            nats = math.log(len(pool.entries) - len(self.but)) if self.but else pool.entropy
            exact.chance(self.group, weight * share * nats)
            for entry, p in zip(pool.entries, pool.p, strict=True):
                exact.text(weight * share * p, self.lead + entry.forms[self.form])
                chances[entry] = chances.get(entry, 0.0) + share * p
        if self.name:
            if any(self.name in other.differs for other in memory.values()):
                raise RealSamError(
                    f"The storybook draws '{self.name}' anew while another word is to differ from "
                    "it; give the new one another name."
                )
            chances.differs = frozenset(self.but)
            memory[self.name] = chances

    def _shares(self, memory: dict[str, Memory]) -> dict[str, float]:
        """Return how likely each pool is."""
        if self.by:
            shares: dict[str, float] = {}
            for entry, p in memory[self.by].items():
                shares[entry.key] = shares.get(entry.key, 0.0) + p
            return shares
        # Drawn one after the other without putting back, each word is as likely at every draw.
        for i, name in enumerate(self.but):
            same = memory[name].keys() == set(self.pools[""].entries)
            even = max(memory[name].values()) - min(memory[name].values()) < 1e-12
            if not (same and even and memory[name].differs >= set(self.but[:i])):
                raise RealSamError(
                    f"The storybook asks for a word of {self.group} but '{name}', which is no "
                    "even draw from the same pool; draw both from one pool, all as likely."
                )
        return {"": 1.0}

    def parse(self, text: str, at: int, memory: dict[str, Entry]) -> Iterator[State]:
        """Yield every way to read this from `text[at:]`."""
        rows = self.table[memory[self.by].key if self.by else ""]
        taken = [memory[name] for name in self.but]
        for word, entry, nats in rows:
            if text.startswith(word, at) and entry not in taken:
                here = memory | {self.name: entry} if self.name else memory
                yield at + len(word), here, math.log(len(rows) - len(taken)) if taken else nats


class Choice:
    """One of several alternatives."""

    def __init__(self, nodes: list, weights: list[float]):
        self.nodes = nodes
        self.p = [w / sum(weights) for w in weights]
        self.rows = [(n.draw, -math.log(p)) for n, p in zip(nodes, self.p, strict=True)]
        self.even = max(weights) == min(weights)
        self.cumulative = list(accumulate(self.p))[:-1]

    def draw(self, rnd, memory, out) -> float:
        """Append text to `out`; return −ln p of the choices made."""
        rows = self.rows
        i = int(rnd() * len(rows)) if self.even else bisect(self.cumulative, rnd())
        draw, nats = rows[i]
        return nats + draw(rnd, memory, out)

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        exact.chance("wording", -weight * sum(p * math.log(p) for p in self.p))
        ends = []
        for node, p in zip(self.nodes, self.p, strict=True):
            ends.append(dict(memory))
            node.walk(exact, ends[-1], weight * p)
        for name in set.intersection(*map(set, ends)):
            first = ends[0][name]
            if any(end[name] is not first for end in ends):
                mixed = Memory()
                mixed.differs = frozenset.intersection(*(end[name].differs for end in ends))
                for end, p in zip(ends, self.p, strict=True):
                    for entry, q in end[name].items():
                        mixed[entry] = mixed.get(entry, 0.0) + p * q
                memory[name] = mixed
            else:
                memory[name] = first

    def parse(self, text: str, at: int, memory: dict[str, Entry]) -> Iterator[State]:
        """Yield every way to read this from `text[at:]`."""
        for node, (_, nats) in zip(self.nodes, self.rows, strict=True):
            for end, known, more in node.parse(text, at, memory):
                yield end, known, nats + more


class Seq:
    """One node after the other."""

    def __init__(self, nodes: list):
        self.nodes = nodes
        self.draws = [node.draw for node in nodes]

    def draw(self, rnd, memory, out) -> float:
        """Append text to `out`; return −ln p of the choices made."""
        nats = 0.0
        for draw in self.draws:
            nats += draw(rnd, memory, out)
        return nats

    def walk(self, exact: Exact, memory: dict[str, Memory], weight: float) -> None:
        """Add what is expected here, reached with probability `weight`; update `memory`."""
        for node in self.nodes:
            node.walk(exact, memory, weight)

    def parse(
        self, text: str, at: int, memory: dict[str, Entry], first: int = 0
    ) -> Iterator[State]:
        """Yield every way to read this from `text[at:]`."""
        if first == len(self.nodes):
            yield at, memory, 0.0
            return
        for middle, known, nats in self.nodes[first].parse(text, at, memory):
            for end, last, more in self.parse(text, middle, known, first + 1):
                yield end, last, nats + more


Node = Lit | Mark | Slot | Pick | Choice | Seq
