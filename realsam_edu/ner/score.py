"""How well private data was found: exact spans, and characters.

*Spans*: a span counts when its start, its end and its type are right, as seqeval counts it
(Nakayama 2018); precision, recall and F1 are micro averages, over all spans of all texts together.
*Characters*: a character counts when it is private and was found to be, whatever the type, since it
is masked either way. F2 = 5PR / (4P + R) weighs recall over precision (van Rijsbergen 1979, β = 2):
private data that is missed is worse than a word too much.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .labelled import Example, Span
from .labels import TYPES


@dataclass
class Counts:
    """How many things were right, how many were found, and how many there are."""

    right: int = 0
    found: int = 0
    there: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where neither is anything."""
        return self.right / self.found if self.found else float(self.there == 0)

    @property
    def recall(self) -> float:
        """The share of what is there that was found; 1 where neither is anything."""
        return self.right / self.there if self.there else float(self.found == 0)

    def f(self, beta: float) -> float:
        """Return F of `beta`: (1 + β²)·right / (β²·there + found), 1 where all three are 0."""
        weighed = beta**2 * self.there + self.found
        return (1 + beta**2) * self.right / weighed if weighed else 1.0


def score(
    gold: Sequence[Example],
    found: Sequence[Iterable[Span]],
    types: Collection[str] = TYPES,
) -> dict:
    """Compare the spans found in each text with those of `gold`; only `types` count, on both sides.

    Returns:
        `texts`, `spans` and `characters` (how many there are), `span_precision`, `span_recall`,
        `span_f1`, `char_precision`, `char_recall`, `char_f2`, and `by_type`, which has `spans`,
        `precision`, `recall`, `f1` and `char_f2` of each type that is there or was found.

    Raises:
        ValueError: there are not as many lists of spans as texts.
    """
    spans, chars = {kind: Counts() for kind in types}, {kind: Counts() for kind in types}
    masked = Counts()
    for example, guesses in zip(gold, found, strict=True):
        there = [span for span in example.spans if span.type in types]
        guessed = [Span(*guess) for guess in guesses if guess[2] in types]
        _count_spans(spans, there, guessed)
        _count_characters(chars, masked, there, guessed)
    total = Counts(*(sum(getattr(c, key) for c in spans.values()) for key in vars(masked)))
    return {
        "texts": len(gold),
        "spans": total.there,
        "characters": masked.there,
        "span_precision": total.precision,
        "span_recall": total.recall,
        "span_f1": total.f(1),
        "char_precision": masked.precision,
        "char_recall": masked.recall,
        "char_f2": masked.f(2),
        "by_type": {
            kind: _row(spans[kind], chars[kind])
            for kind in types
            if spans[kind].there or spans[kind].found
        },
    }


def table(scores: dict, type_map: dict[str, str] | None = None) -> str:
    """Return the scores as lines for people, below what each type of a file was counted as."""
    lines = [f"{theirs} is counted as {ours}" for theirs, ours in (type_map or {}).items()]
    lines.append(
        f"{'type':<18} {'spans':>6} {'precision':>9} {'recall':>7} {'F1':>6} {'char F2':>8}"
    )
    rows = {**scores["by_type"], "all": {
        "spans": scores["spans"],
        "precision": scores["span_precision"],
        "recall": scores["span_recall"],
        "f1": scores["span_f1"],
        "char_f2": scores["char_f2"],
    }}  # fmt: skip
    for kind, row in rows.items():
        lines.append(
            f"{kind:<18} {row['spans']:>6} {row['precision']:>9.3f} {row['recall']:>7.3f} "
            f"{row['f1']:>6.3f} {row['char_f2']:>8.3f}"
        )
    return "\n".join(lines)


def _count_spans(counts: dict[str, Counts], there: list[Span], guessed: list[Span]) -> None:
    for span in there:
        counts[span.type].there += 1
    for span in guessed:
        counts[span.type].found += 1
    for span, times in (Counter(there) & Counter(guessed)).items():
        counts[span.type].right += times


def _count_characters(
    counts: dict[str, Counts], masked: Counts, there: list[Span], guessed: list[Span]
) -> None:
    """Count characters by type and whatever the type; where guesses overlap, they count once."""
    sets: tuple[dict[str, set[int]], dict[str, set[int]]] = ({}, {})
    for by_type, spans in zip(sets, (there, guessed), strict=True):
        for start, end, kind in spans:
            by_type.setdefault(kind, set()).update(range(start, end))
    for kind in sets[0].keys() | sets[1].keys():
        _add(counts[kind], sets[0].get(kind, set()), sets[1].get(kind, set()))
    _add(masked, set().union(*sets[0].values()), set().union(*sets[1].values()))


def _add(counts: Counts, there: set[int], found: set[int]) -> None:
    counts.there += len(there)
    counts.found += len(found)
    counts.right += len(there & found)


def _row(spans: Counts, chars: Counts) -> dict:
    return {
        "spans": spans.there,
        "precision": spans.precision,
        "recall": spans.recall,
        "f1": spans.f(1),
        "char_f2": chars.f(2),
    }
