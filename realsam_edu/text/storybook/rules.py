"""The rules of the storybook's data files; the head of `stories.txt` explains how to write one."""

import re
from typing import NamedTuple

from .grammar import Pool
from .lines import Block, Line, between_commas, blocks, weighted
from .words import word_lists

OWN = re.compile(r"(\w+):")
AGAIN = re.compile(r"(\w+) = (\w+) with (\w+) for (\w+)")
LISTS = re.compile(r"(\w+) = ([1-9]\d*) to (\d+) words of one of(.*)")


class Row(NamedTuple):
    """An alternative of a rule: its weight beside the others, its text, the line it begins on."""

    weight: float
    text: str
    line: Line


Rules = dict[str, list[Row]]


def read_rules(file: str, text: str, pools: dict[str, Pool], rules: Rules) -> None:
    """Add the rules in the text of a file to `rules`, and to `pools` what its lists draw from.

    Raises:
        RealSamError: a line is not written as the head of `stories.txt` says.
    """
    for block in blocks(file, text):
        head, body = block
        if match := OWN.fullmatch(head.text):
            rows = _alternatives(body)
        elif match := AGAIN.fullmatch(" ".join(line.text for line in (head, *body))):
            rows = _again(head, rules, *match.groups()[1:])
        elif match := LISTS.fullmatch(head.text):
            rows = _lists(block, match, pools)
        else:
            raise head.fault("a rule begins with its name and a colon, its alternatives below")
        if match[1] in rules:
            raise head.fault(f"the rule '{match[1]}' is written twice")
        if not rows:
            raise head.fault(f"the rule '{match[1]}' has no alternatives below it")
        rules[match[1]] = rows


def _alternatives(body: list[Line]) -> list[Row]:
    rows: list[Row] = []
    for line in body:
        if line.indent == 2:
            try:
                rows.append(Row(*weighted(line.text), line))
            except ValueError as error:
                raise line.fault(str(error)) from None
            if not rows[-1].text:
                raise line.fault("an alternative has a weight and no text")
        elif line.indent == 4 and rows:
            rows[-1] = rows[-1]._replace(text=f"{rows[-1].text} {line.text}")
        else:
            raise line.fault("indent an alternative by two spaces, its further lines by four")
    texts: dict[str, Line] = {}
    for row in rows:
        first = texts.setdefault(row.text, row.line)
        if first is not row.line:
            raise row.line.fault(f"this alternative stands in line {first.number} already")
    return rows


def _again(head: Line, rules: Rules, model: str, new: str, old: str) -> list[Row]:
    """Return the alternatives of the rule `model`, drawing from `new` where it says `old`."""
    if model not in rules:
        raise head.fault(f"there is no rule '{model}' above")
    place = re.compile(rf"([{{=]){old}(?=[@!.}}])")
    return [r._replace(text=place.sub(rf"\g<1>{new}", r.text)) for r in rules[model]]


def _lists(block: Block, match: re.Match, pools: dict[str, Pool]) -> list[Row]:
    head, body = block
    themes = list(between_commas([head._replace(text=match[4]), *body]))
    texts = word_lists(int(match[2]), int(match[3]), themes, pools)
    return [Row(1.0, text, head) for text in texts]
