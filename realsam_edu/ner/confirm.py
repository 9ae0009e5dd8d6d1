"""Checksums and formats, which confirm or reject what the spikes propose.

Sam sees that something looks like a card number; whether its last digit is right he cannot see.
Rejecting keeps an order number readable, and a mistyped card number, too, so it is an option.
Nothing is proposed here: what the spikes did not find stays unfound.
"""

from collections.abc import Iterable

from .decode import Found
from .patterns import verdict

CERTAIN = ("CREDIT_CARD", "IBAN")  # what has a checksum: passing it is no accident


def confirmed(text: str, spans: Iterable[Found], start: int = 0) -> list[Found]:
    """Return the spans without those of a wrong form; a right checksum makes them certain.

    Args:
        text: what the spans lie in.
        spans: found in it.
        start: what their offsets are at its first character.
    """
    kept = []
    for span in spans:
        passes = verdict(span.type, text[span.start - start : span.end - start])
        if passes is not False:
            kept.append(span._replace(score=1.0) if passes and span.type in CERTAIN else span)
    return kept
