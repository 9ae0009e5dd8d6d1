"""Measuring taggers on labelled texts, beside rivals, on the same texts in one run."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

from .confirm import confirmed
from .find import Finder
from .labelled import Example, Span
from .labels import TYPES
from .score import score


def measure(finder: Finder, examples: Sequence[Example], types: Collection[str] = TYPES) -> dict:
    """Return what `score.score` says of a tagger on some texts, for the types that count."""
    found = finder.find([example.text for example in examples])
    return _scored(examples, found, types)


def compare(
    finders: dict[str, Finder],
    rivals: dict[str, Callable[[str], Iterable[Span]]],
    examples: Sequence[Example],
    types: Collection[str] = TYPES,
) -> dict[str, dict]:
    """Measure several taggers and their rivals on the same texts.

    Args:
        finders: taggers by name. Each is measured as it is, with how many characters it read per
            second, and once more with checksums and formats as a second opinion.
        rivals: by name, functions from a text to its spans, like `patterns.find`.
        examples: labelled texts.
        types: which types count.

    Returns:
        By name, what `score.score` returns; that of the first tagger first.
    """
    texts, results = [example.text for example in examples], {}
    for name, finder in finders.items():
        clock = time.perf_counter()
        found = finder.find(texts)
        seconds = time.perf_counter() - clock
        results[name] = _scored(examples, found, types)
        results[name]["characters_per_second"] = round(sum(map(len, texts)) / seconds)
        checked = [confirmed(text, spans) for text, spans in zip(texts, found, strict=True)]
        results[f"{name}, checked"] = _scored(examples, checked, types)
    for name, find in rivals.items():
        results[name] = _scored(examples, map(find, texts), types)
    return results


def _scored(examples, found, types) -> dict:
    return score(examples, [[tuple(span[:3]) for span in spans] for spans in found], types)


def summary(results: dict[str, dict]) -> list[str]:
    """Return one line per tagger: exact spans and characters."""
    width = max(map(len, results))
    head = f"{'':<{width}}  span F1  precision  recall  char F2"
    names = ("span_f1", "span_precision", "span_recall", "char_f2")
    widths = (7, 9, 6, 7)
    return [head] + [
        f"{name:<{width}}  "
        + "  ".join(f"{row[key]:>{w}.3f}" for key, w in zip(names, widths, strict=True))
        for name, row in results.items()
    ]
