"""Check digits of card numbers and IBANs: made by the fillers, tested by the patterns."""

import re

# Characters of an IBAN by country (ISO 13616 registry).
REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 "
    "EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 "
    "KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 "
    "PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VG24 XK20"
)
IBAN_LENGTHS = {row[:2]: int(row[2:]) for row in REGISTRY.split()}


def luhn_digit(digits: str) -> str:
    """Return the digit that, put behind `digits`, makes them pass the Luhn test.

    ISO/IEC 7812-1, annex B: every second digit from the right counts double, its cross sum that is.
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def luhn_valid(text: str) -> bool:
    """Tell whether the digits of `text`, whatever stands between them, pass the Luhn test."""
    digits = re.sub(r"[^0-9]", "", text)
    return len(digits) > 1 and luhn_digit(digits[:-1]) == digits[-1]


def iban_check(country: str, bban: str) -> str:
    """Return the two check digits of an IBAN: 98 − (bban, country, 00 as a number mod 97).

    ISO 7064 MOD 97-10; letters count 10 to 35.
    """
    return f"{98 - _number(f'{bban}{country}00') % 97:02d}"


def iban_valid(text: str) -> bool:
    """Tell whether `text`, but for spaces and dashes, has an IBAN's length and check digits."""
    code = re.sub(r"[\s-]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", code, re.ASCII):
        return False
    return IBAN_LENGTHS.get(code[:2]) == len(code) and _number(code[4:] + code[:4]) % 97 == 1


def _number(code: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in code))
