"""From the rules of a grammar to its nodes (see `grammar`).

A space belongs to what follows it, as in a byte-level tokenizer: where an alternative is nothing,
its space goes too, and every node starts where a token may start.
"""

import hashlib
import json
import re

from ..tokenizer import SPECIALS
from .grammar import Choice, Lit, Mark, Node, Pick, Pool, Seq, Slot
from .lines import weighted
from .rules import Row, Rules

# A special token, a <rule>, a {place}, a bracket or bar, plain text.
PIECE = re.compile(r"<\|[a-z]+\|>|<\w+>|\{[^{}]+\}|[\[\]|]|[^\[\]|{}<]+")
# {name=source@by!but.form}
PLACE = re.compile(r"(?:(\w+)=)?(\w+)(?:@(\w+))?((?:!\w+)*)(?:\.(\w+))?")


class Compiler:
    """Builds the node of each rule once for each space before it.

    Args:
        rules: alternatives by name.
        pools: words by name.
        tables: for `{table@name}`, pools by key.
        short: `{he}` for `{hero.he}`, and the like.
    """

    def __init__(
        self,
        rules: Rules,
        pools: dict[str, Pool],
        tables: dict[str, dict[str, Pool]],
        short: dict[str, str],
    ):
        self.rules, self.pools, self.tables, self.short = rules, pools, tables, short
        self._built: dict[tuple[str, str], Node] = {}
        self._begun: set[str] = set()  # the rules that are being built
        texts = [row.text for rows in rules.values() for row in rows]
        self._remembered = set(re.findall(r"\{(\w+)=", "".join(texts)))
        every = (*pools.values(), *(pool for table in tables.values() for pool in table.values()))
        self._forms = {form for pool in every for entry in pool.entries for form in entry.forms}

    def rule(self, name: str, lead: str = "") -> Node:
        """Return the node of a rule, with `lead` before its first word.

        Raises:
            RealSamError: a line of the rule, or of one it needs, cannot be read.
        """
        if (name, lead) not in self._built:
            rows = self.rules[name]
            self._begun.add(name)
            try:
                nodes = [self._alternative(row, lead) for row in rows]
            finally:
                self._begun.remove(name)
            self._built[name, lead] = _choice(nodes, [row.weight for row in rows])
        return self._built[name, lead]

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rules and words: what they say, not how a file writes it."""

        def words(pool: Pool) -> list:
            return [(e.forms, e.key, p) for e, p in zip(pool.entries, pool.p, strict=True)]

        content = {
            "rules": {name: [row[:2] for row in rows] for name, rows in self.rules.items()},
            "pools": {name: words(pool) for name, pool in self.pools.items()},
            "tables": {
                name: {key: words(pool) for key, pool in table.items()}
                for name, table in self.tables.items()
            },
            "short": self.short,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _alternative(self, row: Row, lead: str) -> Node:
        try:
            return self._sequence(_pieces(row.text), lead)
        except ValueError as error:
            raise row.line.fault(str(error)) from None

    def _bracket(self, pieces: list[str], lead: str) -> Node:
        rows = _split(pieces)
        if len({tuple(pieces) for _, pieces in rows}) < len(rows):
            raise ValueError(f"between the brackets of [{''.join(pieces)}] is something twice")
        nodes = [self._sequence(pieces, lead) for _, pieces in rows]
        return _choice(nodes, [weight for weight, _ in rows])

    def _sequence(self, pieces: list[str], lead: str) -> Node:
        nodes, i = [], 0
        while i < len(pieces):
            piece = pieces[i]
            if piece[0] in "[<{":
                end = _closing(pieces, i) if piece == "[" else i
                nodes.append(self._node(pieces[i : end + 1], lead))
                lead, i = "", end
            elif piece in "]|":
                raise ValueError(f"there is a '{piece}' outside of brackets")
            else:
                text = lead + piece
                lead = " " if text.endswith(" ") else ""
                if text.strip(" "):
                    nodes.append(Lit(text.rstrip(" ")))
            i += 1
        if lead and nodes:
            raise ValueError(f"there is a space at the end of '{''.join(pieces)}'")
        return nodes[0] if len(nodes) == 1 else Seq(nodes)

    def _node(self, pieces: list[str], lead: str) -> Node:
        """Return the node of one bracket, special token, rule or place."""
        piece, name = pieces[0], pieces[0][1:-1]
        if piece == "[":
            return self._bracket(pieces[1:-1], lead)
        if piece.startswith("{"):
            return self._word(name, lead)
        if piece.startswith("<|"):
            if piece not in SPECIALS:
                raise ValueError(f"there is no special token {piece}")
            return Mark(piece)
        if name not in self.rules:
            raise ValueError(f"there is no rule {piece}")
        if name in self._begun:
            raise ValueError(f"the rule {piece} contains itself, so it would never end")
        return self.rule(name, lead)

    def _word(self, place: str, lead: str) -> Node:
        match = PLACE.fullmatch(self.short.get(place, place))
        if match is None:
            raise ValueError(f"cannot read {{{place}}}")
        name, source, by, but, form = match.groups(default="")
        taken = tuple(but.split("!")[1:])
        if by and taken:
            raise ValueError(f"{{{place}}} has both @ and !; one of them is possible")
        if form not in self._forms:
            raise ValueError(f"no word has a form '{form}', as {{{place}}} needs")
        for other in filter(None, (by, *taken)):
            if other not in self._remembered:
                raise ValueError(f"no word is ever remembered as '{other}', as {{{place}}} needs")
        if not by and source not in self.pools:
            if source not in self._remembered or name or taken:
                raise ValueError(f"there is no pool and no remembered word '{source}'")
            return Slot(lead, source, form)
        if by and source not in self.tables:
            raise ValueError(f"there is no table '{source}'")
        pools = self.tables[source] if by else {"": self.pools[source]}
        for entry in (entry for pool in pools.values() for entry in pool.entries):
            if form not in entry.forms:
                raise ValueError(f"'{entry}' of {{{place}}} has no form '{form}'")
        return Pick(lead, pools, form, name, by, taken)


def _choice(nodes: list[Node], weights: list[float]) -> Node:
    return nodes[0] if len(nodes) == 1 else Choice(nodes, weights)


def _pieces(text: str) -> list[str]:
    """Cut an alternative into marks, rules, words, brackets and plain text."""
    text = re.sub(r" ?// ?", "\n", text)
    pieces = [match[0] for match in PIECE.finditer(text)]
    if "".join(pieces) != text:
        raise ValueError(f"cannot read '{text}'")
    return pieces


def _closing(pieces: list[str], start: int) -> int:
    depth = 0
    for i in range(start, len(pieces)):
        depth += (pieces[i] == "[") - (pieces[i] == "]")
        if depth == 0:
            return i
    raise ValueError(f"a bracket stays open in '{''.join(pieces)}'")


def _split(pieces: list[str]) -> list[tuple[float, list[str]]]:
    """Split what is between brackets at its own bars; read the weights."""
    rows, depth = [[]], 0
    for piece in pieces:
        depth += (piece == "[") - (piece == "]")
        if piece == "|" and depth == 0:
            rows.append([])
        else:
            rows[-1].append(piece)
    done = []
    for row in rows:
        weight, first = weighted(row[0]) if row else (1.0, "")
        done.append((weight, [first, *row[1:]] if first else row[1:]))
    return done
