"""Fillers that are not private, and look as if they were: order numbers, versions, near-codes."""

from ..checksums import iban_check, luhn_digit
from .hand import Hand

ORDERS = (
    *(
        "#######",
        "ORD-#####",
        "#%#-%######-%######",
        "INV-20##-####",
        "A#####",
        "PO %####",
        "####/##",
    ),
    *(
        "RMA%#####",
        "SO-######",
        "W########",
        "2#-####-###",
        "%##########",
        "#K-##-@@",
        "EU-####-##",
    ),
)
VERSIONS = (
    *(
        "%.#",
        "%.##.#",
        "v%.#.#",
        "%.#.#-rc%",
        "20##.%",
        "v#.%#",
        "%.#.##.####",
        "%#.04 LTS",
        "r####",
    ),
    *("%#.%.#.%##", "v%.#.#.#", "%.#.#+build.###"),
)
PRICES = (
    *("$%#.##", "$%,###", "€ %##,##", "%## EUR", "£%.##", "USD %,###.##", "%#.## dollars", "$%#"),
    *("€%#", "%#,## €", "CHF %##.–", "₹%,##,###", "%## kr", "¥%,###", "$%.#M", "%.## USD"),
)
NUMBERS = ("%", "%#", "%##", "%,###", "%###", "%#,###", "%.#", "#.##", "%#.#")
CODES = (
    *(
        "@@-####",
        "@@@###",
        "###-@@",
        "@%#-%##-@",
        "#@##@#",
        "SKU-#####",
        "REF@@####",
        "@@ ## ## ##",
    ),
    *("%######-#", "978-%-##-######-#", "1Z###@@%########", "LOT ####", "@@@@%####", "(##) ###.#"),
)
SCORES = ("%-#", "%:#", "#–%", "%# to %#", "6-4, 7-5", "%##-%##", "21-%#", "#-#", "3:2 (1:1)")
SIZES = (
    *(
        "%#x%# cm",
        "%.# GB",
        "%## MB",
        "%# kg",
        "%.# m",
        "%#%",
        "%##x%##",
        "1920x1080",
        "%#°C",
        "%# ml",
    ),
    *("%## km", "%# mph", "%,### words", "%.##%", "-%#°", "5'%\"", "%## kcal", "M%", "%#/%#"),
)
SPANS = (
    *("two weeks", "three days", "% years", "%# minutes", "half an hour", "% months", "24 hours"),
    *("a decade", "%-% business days", "six to eight weeks", "%# years"),
)
RELATIVE = (
    *("yesterday", "today", "tomorrow", "last week", "next month", "this morning", "two days ago"),
    *("in a fortnight", "last summer", "by the weekend", "next year", "tonight", "a while ago"),
    *("over the holidays", "since spring", "last night", "in a few minutes", "every Tuesday"),
)


def bad_card(hand: Hand) -> str:
    """Return a number as long as a card's that fails the Luhn test."""
    digits = hand.code("%" + "#" * 14)
    digits += str((int(luhn_digit(digits)) + hand.number(1, 9)) % 10)
    gap = hand.pick(("", " ", "-"))
    return gap.join(digits[at : at + 4] for at in range(0, 16, 4))


def bad_iban(hand: Hand) -> str:
    """Return a code shaped like an IBAN whose check digits are wrong."""
    country, bban = hand.pick(("DE", "GB", "FR", "QX", "ZZ")), hand.code("#" * 18)
    check = (int(iban_check(country, bban)) + hand.number(1, 60)) % 97
    code = f"{country}{check:02d}{bban}"
    gap = hand.pick(("", " "))
    return gap.join(code[at : at + 4] for at in range(0, len(code), 4))


def uuid(hand: Hand) -> str:
    """Return a random UUID."""
    return "-".join(
        "".join(hand.pick("0123456789abcdef") for _ in range(n)) for n in (8, 4, 4, 4, 12)
    )


def sha(hand: Hand) -> str:
    """Return a commit's short or long hash."""
    return "".join(hand.pick("0123456789abcdef") for _ in range(hand.pick((7, 8, 12, 40))))


def _coded(patterns: tuple[str, ...]):
    return {"": lambda hand: hand.code(hand.pick(patterns))}


SLOTS = {
    "order": _coded(ORDERS),
    "version": _coded(VERSIONS),
    "price": _coded(PRICES),
    "number": _coded(NUMBERS),
    "code": _coded(CODES),
    "score": _coded(SCORES),
    "size": _coded(SIZES),
    "span": _coded(SPANS),
    "digit": _coded(("%",)),
    "year": _coded(("19##", "20##", "18##")),
    "badcard": {"": bad_card},
    "badiban": {"": bad_iban},
    "uuid": {"": uuid},
    "sha": {"": sha},
    "relative": {"": lambda hand: hand.pick(RELATIVE)},
    "weekday": {"": lambda hand: hand.common("days")},
    "month": {"": lambda hand: hand.common("months")},
    "notdate": {"": lambda hand: hand.common("not dates")},
    "product": {"": lambda hand: hand.common("products")},
    "thing": {"": lambda hand: hand.common("ordinary")},
    "job": {"": lambda hand: hand.common("jobs")},
    "file": {"": lambda hand: hand.common("files")},
}
