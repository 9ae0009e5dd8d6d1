"""From the text of a grammar (see `storybook_grammar`) to its nodes.

A space belongs to what follows it, as in a byte-level tokenizer: where an alternative is nothing,
its space goes too, and every node starts where a token may start.
"""

import re

from .grammar import Choice, Lit, Mark, Node, Pick, Seq, Slot
from .pools import Pool

# A special token, a <rule>, a {place}, a bracket or bar, plain text.
PIECE = re.compile(r"<\|[a-z]+\|>|<\w+>|\{[^{}]+\}|[\[\]|]|[^\[\]|{}<]+")
# {name=source@by!but.form}
PLACE = re.compile(r"(?:(\w+)=)?(\w+)(?:@(\w+))?((?:!\w+)*)(?:\.(\w+))?$")

Alternatives = list[tuple[float, str]]


def read_rules(text: str) -> dict[str, Alternatives]:
    """Return the rules of a grammar's text.

    A rule is its name and a colon, then its alternatives indented by two; a line indented by more
    goes on with the alternative before it.
    """
    rules: dict[str, Alternatives] = {}
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith(" "):
            name = line.strip().removesuffix(":")
            if name in rules:
                raise ValueError(f"rule '{name}' is written twice")
            rules[name] = []
        elif line.startswith("   "):
            weight, so_far = rules[name][-1]
            rules[name][-1] = (weight, f"{so_far} {line.strip()}")
        else:
            rules[name].append(_weighted(line.strip()))
    return rules


def _weighted(text: str) -> tuple[float, str]:
    match = re.match(r"(\d+)\* ?", text)
    return (float(match[1]), text[match.end() :]) if match else (1.0, text)


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
        rules: dict[str, Alternatives],
        pools: dict[str, Pool],
        tables: dict[str, dict[str, Pool]],
        short: dict[str, str],
    ):
        self.rules, self.pools, self.tables, self.short = rules, pools, tables, short
        self._built: dict[tuple[str, str], Node] = {}

    def rule(self, name: str, lead: str = "") -> Node:
        """Return the node of a rule, with `lead` before its first word."""
        if (name, lead) not in self._built:
            rows = self.rules[name]
            self._built[name, lead] = self._choice([(w, _pieces(t)) for w, t in rows], lead)
        return self._built[name, lead]

    def _choice(self, rows: list[tuple[float, list[str]]], lead: str) -> Node:
        nodes = [self._sequence(pieces, lead) for _, pieces in rows]
        if len({tuple(pieces) for _, pieces in rows}) < len(rows):
            raise ValueError(f"an alternative is written twice: {rows}")
        return nodes[0] if len(nodes) == 1 else Choice(nodes, [weight for weight, _ in rows])

    def _sequence(self, pieces: list[str], lead: str) -> Node:
        nodes, i = [], 0
        while i < len(pieces):
            piece = pieces[i]
            if piece == "[":
                end = _closing(pieces, i)
                nodes.append(self._choice(_split(pieces[i + 1 : end]), lead))
                lead, i = "", end
            elif piece.startswith("<|"):
                nodes.append(Mark(piece))
                lead = ""
            elif piece.startswith("<"):
                nodes.append(self.rule(piece[1:-1], lead))
                lead = ""
            elif piece.startswith("{"):
                nodes.append(self._word(piece[1:-1], lead))
                lead = ""
            else:
                text = lead + piece
                lead = " " if text.endswith(" ") else ""
                if text.strip(" "):
                    nodes.append(Lit(text.rstrip(" ")))
            i += 1
        if lead and nodes:
            raise ValueError(f"a space at the end of {pieces}")
        return nodes[0] if len(nodes) == 1 else Seq(nodes)

    def _word(self, place: str, lead: str) -> Node:
        place = self.short.get(place, place)
        match = PLACE.match(place)
        if match is None:
            raise ValueError(f"cannot read {{{place}}}")
        name, source, by, but, form = match.groups(default="")
        if by:
            return Pick(lead, self.tables[source], form, name, by, ())
        if source in self.pools:
            taken = tuple(but.split("!")[1:])
            return Pick(lead, {"": self.pools[source]}, form, name, "", taken)
        return Slot(lead, source, form)


def _pieces(text: str) -> list[str]:
    """Cut an alternative into marks, rules, words, brackets and plain text."""
    text = re.sub(r" ?// ?", "\n", text)
    pieces = [match[0] for match in PIECE.finditer(text)]
    if "".join(pieces) != text:
        raise ValueError(f"cannot read {text!r}")
    return pieces


def _closing(pieces: list[str], start: int) -> int:
    depth = 0
    for i in range(start, len(pieces)):
        depth += (pieces[i] == "[") - (pieces[i] == "]")
        if depth == 0:
            return i
    raise ValueError(f"a bracket stays open in {pieces}")


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
        weight, first = _weighted(row[0]) if row else (1.0, "")
        done.append((weight, [first, *row[1:]] if first else row[1:]))
    return done
