"""Checksums and formats, which confirm or reject what the spikes propose.

Sam sees that something looks like a card number; whether its last digit is right he cannot see.
Rejecting keeps order numbers readable, and leaves a mistyped card number readable, too, so it is
an option. Nothing is proposed here: what the spikes did not find stays unfound.
"""

import ipaddress
import re
from collections.abc import Iterable

from .checksums import iban_valid, luhn_valid
from .decode import Found


def _digits(low: int, high: int):
    return lambda value: low <= sum(sign.isdigit() for sign in value) <= high


def _card(value: str) -> bool:
    return _digits(12, 19)(value) and luhn_valid(value)


def _address(value: str) -> bool:
    try:
        ipaddress.ip_address(value.strip("[]").split("%")[0])
    except ValueError:
        return False
    return True


def _ssn(value: str) -> bool:
    """Never issued: area 000, 666 or 9xx, group 00, serial 0000 (20 CFR 422.103)."""
    digits = re.sub(r"\D", "", value)
    never = digits[:3] in ("000", "666") or digits[:1] == "9"
    return len(digits) == 9 and not never and digits[3:5] != "00" and digits[5:] != "0000"


# Types that have a form, and whether a value has it: "checksum" confirms, "format" only rejects.
CHECKSUMS = {"CREDIT_CARD": _card, "IBAN": iban_valid}
FORMATS = {
    "EMAIL_ADDRESS": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+").fullmatch,
    "IP_ADDRESS": _address,
    "US_SSN": _ssn,
    "PHONE_NUMBER": _digits(5, 17),
    "URL": re.compile(r"\S+[./:]\S+").fullmatch,
}


def confirmed(text: str, spans: Iterable[Found], start: int = 0) -> list[Found]:
    """Return the spans without those of a wrong form; a right checksum makes them certain.

    Args:
        text: what the spans lie in.
        spans: found in it.
        start: what their offsets are at its first character.
    """
    kept = []
    for span in spans:
        value = text[span.start - start : span.end - start]
        if span.type in CHECKSUMS:
            if CHECKSUMS[span.type](value):
                kept.append(span._replace(score=1.0))
        elif span.type not in FORMATS or FORMATS[span.type](value):
            kept.append(span)
    return kept
