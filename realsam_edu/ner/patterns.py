"""Private data by regular expressions: the rival of the spikes, and their second opinion.

`find` knows what has a shape: codes with checksums (card numbers, IBANs), codes with rules (social
security numbers, IP addresses), mail and web addresses, phones, dates, ages, postcodes, and the
plainest street addresses. Names of people, firms and places have no shape, so it does not try.
`verdict` says of a proposed span whether it passes the rules of its type.

No pattern has a repetition inside another that could match the same text in two ways, and each run
is bounded, so the time taken grows with the length of the text and no faster.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator

from .checksums import IBAN_LENGTHS, iban_valid, luhn_valid
from .labelled import Span

MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
DAY = r"(?:3[01]|[12]\d|0?[1-9])"
WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? )?"
YEAR = r"(?:18|19|20)\d\d"
CLOCK = (
    r"(?:(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:[.,]\d{3})?(?: ?(?:[ap]m\b|[ap]\.m\.))?"
    r"|(?:[01]?\d|2[0-3])h[0-5]\d"
    r"|(?:1[0-2]|[1-9]) ?(?:[ap]m\b|[ap]\.m\.)|(?:1[0-2]|[1-9]) o'clock)"
)
TLD = (
    r"(?:com|org|net|edu|gov|info|biz|io|ai|app|dev|shop|online|tv|me|co\.uk|com\.au|co\.in|com\.br|"
    r"co|de|fr|it|es|nl|eu|us|ca|pl|se|ch|at|ru|cz|jp|uk|be|dk|no|fi|pt|ie|in|br|mx)"
)
STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Way|Terrace"
    r"|Circle|Close|Crescent|Square|Parkway|Pkwy|Highway|Hwy|Trail|Grove|Gardens|Row|Mews|Walk|Hill"
    r"|Loop|Alley|Plaza)"
)
STATES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]"
    r"|T[NX]|UT|V[AT]|W[AIVY])"
)

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w-])")
TAIL = r"[^\s<>\"'|]"  # what an address may go on with
URL = re.compile(
    rf"(?<![\w@.-])(?:https?://{TAIL}{{1,2000}}|www\.{TAIL}{{1,2000}}"
    rf"|(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,4}}{TLD}(?![\w-]|\.\w)(?::\d{{2,5}})?"
    rf"(?:/{TAIL}{{0,2000}})?)",
    re.IGNORECASE,
)
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-f:]{0,5}:[0-9a-f:]{0,6}:)[0-9a-f:]{3,39}(?![\w:])", re.I)
CARD = re.compile(r"(?<![\w.+-])[2-6](?:[ .-]{0,2}\d){11,18}(?![\w]|[.-]\d)")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?=[ -]?[A-Z0-9])", re.IGNORECASE)  # only its head
SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}([- .])(?!00)\d\d\1(?!0000)\d{4}(?![\w]|[.-]\d)")
BARE_SSN = re.compile(r"(?<!\w)(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}(?!\w)")
ABOUT_SSN = re.compile(r"\b(?:ssn|social|security)\b", re.IGNORECASE)
LICENCE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,5}[ -]?)?\d[A-Z0-9]{0,12}(?:[ -]\d{1,5}){0,5}(?![\w-])", re.IGNORECASE
)
ABOUT_LICENCE = re.compile(r"\b(?:driver\S{0,2}|licen[cs]e\w?|dl|oln)\b", re.IGNORECASE)
PHONE = re.compile(
    r"(?<![\w.+-])(?<!\d[ :/])(?:(?:\+|00)[1-9](?:[ .()/-]{0,2}\d){6,14}"
    r"|(?:1[ .-]?)?\(\d{2,5}\) ?\d{3,9}(?:[ .-]\d{2,6}){0,3}"
    r"|(?:1[-. ])?\d{3}[-. /]\d{3}[-. ]\d{4}|0[1-9]\d{0,4}(?:[ ./-]\d{2,9}){1,5}|0\d{9,10}"
    r"|[2-9]\d{2}[-.]\d{4}|[2-9]\d{9})(?: ?(?:x|ext\.?) ?\d{2,5})?(?![\w]|[.:/-]\d)"
)
DATE_TIME = re.compile(
    rf"(?<![\w./:-])(?:{YEAR}[-/]\d\d[-/]\d\d[T ]{CLOCK}(?:Z|[+-]\d\d:\d\d)?"
    rf"|{DAY}/{MONTH}/{YEAR}:{CLOCK}(?: [+-]\d{{4}})?"
    rf"|{WEEKDAY}{MONTH} {DAY}(?:st|nd|rd|th)?(?:,? {YEAR})?(?:(?: at|,)? {CLOCK})?"
    rf"|{WEEKDAY}{DAY}(?:st|nd|rd|th|\.)? (?:of )?{MONTH}(?:,? (?:{YEAR}|'\d\d))?"
    rf"(?:(?: at|,)? {CLOCK})?"
    rf"|{MONTH},? {YEAR}|{DAY}-{MONTH}-\d{{2,4}}"
    rf"|{YEAR}([-/.])(?:1[0-2]|0?[1-9])\1{DAY}"
    rf"|{DAY}([-/.]) ?{DAY}\2 ?(?:{YEAR}|\d\d)(?: {CLOCK})?"
    rf"|{DAY} (?:0[1-9]|1[0-2]) {YEAR}|(?:0[1-9]|1[0-2])/(?:{YEAR}|\d\d)|{CLOCK})(?![\w]|[/:.-]\d)",
    re.IGNORECASE,
)
AGE = re.compile(
    r"(?<![\w.,$€£-])\d{1,3}(?=[ -]?(?:years?[ -]old|yo\b|y/o\b))|(?<=\baged )\d{1,3}\b"
    r"|(?<=\bage )\d{1,3}\b|(?<=\bage: )\d{1,3}\b|(?<=\bage of )\d{1,3}\b|(?<=\bturned )\d{1,2}\b"
    r"|(?<=[a-z] \()\d{1,2}(?=\))|(?<=[a-z], )[1-9]\d(?=, )",
    re.IGNORECASE,
)
ZIP = re.compile(
    r"(?<![\w-])\d{5}(?:-\d{4})?(?![\w-])"
    r"|(?<!\w)[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?!\w)|(?<!\w)[A-Z]\d[A-Z] \d[A-Z]\d(?!\w)"
)
ABOUT_ZIP = re.compile(rf"(?:\b{STATES}|\b(?i:zip|post(?:al)?[ -]?code|zip code)\W*(?:is |: )?) ?$")
TOWN = (
    r"(?:[,\s]\s?[A-Z][\w.'-]{1,20}(?: [A-Z][\w.'-]{1,20}){0,2}"
    rf",?\s{STATES},? \d{{5}}(?:-\d{{4}})?)"
)
UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Rm|Bldg|Floor|#)\.? ?\w{1,5}"
ADDRESS = re.compile(
    r"(?<![\w.-])(?:\d{1,6}[A-Za-z]? (?:[A-Z0-9][\w.'’-]{0,20} ){1,3}"
    rf"{STREET}\b(?:\.(?=,| {UNIT}))?"
    r"|(?:[A-Z][\w-]{2,20}(?:straße|strasse|str\.|weg|gasse|allee|platz|straat|gatan)"
    r"|(?:Via|Calle|Rua|Piazza|Plaza|ul\.) [A-Z]\w{2,20}),? \d{1,4}[a-z]?\b|P\.? ?O\.? Box \d{1,6})"
    rf"(?:,? {UNIT})?{TOWN}?"
)
TITLE = re.compile(
    r"\b(?:Mrs?|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Rev|Reverend|Capt|Captain|Col|Colonel|Sgt|Lt"
    r"|Major|Gen|Sen|Senator|Hon|Lord|Lady|Judge|Mayor|Herr|Frau|Mme|Monsieur|Señora?)"
    r"\b\.?(?= [A-Z])"
)


def _real_ip(found: re.Match) -> bool:
    try:
        ipaddress.ip_address(found[0])
    except ValueError:
        return False
    return found[0].strip(":") != ""


def _real_card(found: re.Match) -> bool:
    return luhn_valid(found[0])


def _after(about: re.Pattern, reach: int) -> Callable[[re.Match], bool]:
    """Return a test whether `about` stands in the `reach` characters before a match."""

    def near(found: re.Match) -> bool:
        start = found.start()
        return about.search(found.string[max(0, start - reach) : start]) is not None

    return near


def _licence(found: re.Match) -> bool:
    return sum(map(str.isdigit, found[0])) >= 4 and _after(ABOUT_LICENCE, 30)(found)


def _zip(found: re.Match) -> bool:
    return not found[0].isdigit() or _after(ABOUT_ZIP, 14)(found)


def _always(found: re.Match) -> bool:
    return True


# In the order of trust: what an earlier rule has taken, a later one leaves alone.
RULES: tuple[tuple[str, re.Pattern, Callable[[re.Match], bool]], ...] = (
    ("EMAIL_ADDRESS", EMAIL, _always),
    ("URL", URL, _always),
    ("IBAN", IBAN, _always),  # its end and check digits: see _matches
    ("IP_ADDRESS", IPV4, _real_ip),
    ("CREDIT_CARD", CARD, _real_card),
    ("US_SSN", SSN, _always),
    ("US_SSN", BARE_SSN, _after(ABOUT_SSN, 40)),
    ("IP_ADDRESS", IPV6, _real_ip),
    ("STREET_ADDRESS", ADDRESS, _always),
    ("DATE_TIME", DATE_TIME, _always),
    ("AGE", AGE, _always),
    ("ZIP_CODE", ZIP, _zip),
    ("PHONE_NUMBER", PHONE, _always),
    ("US_DRIVER_LICENSE", LICENCE, _licence),
    ("TITLE", TITLE, _always),
)
KINDS = tuple(dict.fromkeys(kind for kind, _, _ in RULES))


def find(text: str) -> tuple[Span, ...]:
    """Return the spans of `text` that look like private data, in order, none overlapping."""
    taken, spans = bytearray(len(text)), []
    for kind, pattern, accept in RULES:
        for start, end in _matches(kind, pattern, accept, text):
            if 1 not in taken[start:end]:
                taken[start:end] = b"\1" * (end - start)
                spans.append(Span(start, end, kind))
    return tuple(sorted(spans))


def verdict(kind: str, value: str) -> bool | None:
    """Tell whether `value` passes the checksum or the rules of `kind`; None where there are none.

    White space is forgiven, since a number may be broken over lines. "Passes" means that it may be
    one, and a failing card number or IBAN cannot be one at all.
    """
    bare = re.sub(r"\s", "", value)
    if kind == "CREDIT_CARD":
        return 12 <= sum(map(str.isdigit, bare)) <= 19 and luhn_valid(bare)
    if kind == "IBAN":
        return iban_valid(bare)
    if kind == "US_SSN":
        pattern = r"(?!000|666|9)\d{3}\D?(?!00)\d\d\D?(?!0000)\d{4}"
        return re.fullmatch(pattern, bare, re.ASCII) is not None
    if kind == "IP_ADDRESS":
        return (match := re.fullmatch(r".+", bare)) is not None and _real_ip(match)
    if kind == "EMAIL_ADDRESS":
        return EMAIL.fullmatch(bare) is not None
    return None


def _matches(
    kind: str, pattern: re.Pattern, accept: Callable[[re.Match], bool], text: str
) -> Iterator[tuple[int, int]]:
    """Yield start and end of what a rule finds, IBANs cut to length, web addresses trimmed."""
    for found in pattern.finditer(text):
        start, end = found.span()
        if kind == "IBAN":
            end = _iban_end(text, start)
            if not iban_valid(text[start:end]):
                continue
        elif kind == "URL":
            end = start + len(found[0].rstrip(".,;:!?)]}'*_"))
        if accept(found):
            yield start, end


def _iban_end(text: str, start: int) -> int:
    """Return where an IBAN that begins at `start` has as many characters as its country's have."""
    left, gap = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0), False
    for at in range(start, min(len(text), start + 2 * left)):
        if text[at] in " -" and not gap:
            gap = True
        elif text[at].isascii() and text[at].isalnum():
            left, gap = left - 1, False
        else:
            break
        if left == 0 and not text[at + 1 : at + 2].isalnum():
            return at + 1
    return start
