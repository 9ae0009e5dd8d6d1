"""Fillers about places: towns, countries, rivers, postal addresses and postcodes."""

from .hand import Hand
from .vocabulary import weights

POSTCODES = {
    "us": ("#####",),
    "us4": ("#####-####",),
    "uk": ("@% %@@", "@%# %@@", "@@% %@@", "@@%# %@@", "@%@ %@@"),
    "de": ("%####",),
    "fr": ("%####",),
    "ca": ("@%@ %@%",),
    "nl": ("%### @@", "%###@@"),
    "in": ("%#####", "%## ###"),
    "br": ("%####-###",),
    "pl": ("##-###",),
    "se": ("%## ##",),
    "au": ("%###",),
    "jp": ("%##-####",),
    "pt": ("%###-###",),
}
OFTEN = weights("us 40 us4 8 uk 16 de 10 fr 5 ca 7 nl 4 in 3 br 3 pl 2 se 2 au 3 jp 1 pt 1")


def postcode(hand: Hand, country: str = "") -> str:
    """Return a postcode in the style of a country (a key of `POSTCODES`) or of any."""
    return hand.code(hand.pick(POSTCODES[country or hand.mixed(OFTEN)]))


def city(hand: Hand) -> str:
    """Return a town of any size."""
    pools = {"cities": 40, "cities american": 30}
    if hand.chance(0.3):
        return hand.name("city")
    return hand.own(hand.mixed(pools))


def country(hand: Hand) -> str:
    """Return a country, some with "the" before them, which stays outside the span."""
    return hand.common("countries")


def location(hand: Hand) -> str:
    """Return a place that stands alone in a text."""
    pools = {"city": 48, "country": 25, "region": 10, "state": 8, "nature": 5, "district": 6}
    return SLOTS["LOCATION"][hand.mixed(pools)](hand)


# --- addresses ----------------------------------------------------------------------------------


def _house(hand: Hand) -> str:
    number = hand.mixed({1: 2, 2: 4, 3: 5, 4: 4, 5: 2})
    return hand.code("%" + "#" * (number - 1)) + ("" if hand.chance(0.94) else hand.pick("abcAB"))


def _fill(hand: Hand, pattern: str) -> str:
    """Fill {n} with a house number, {d} with a digit, {l} and {L} with letters."""
    for mark, draw in (
        ("{n}", lambda: hand.code("%##"[: hand.number(1, 3)])),
        ("{d}", lambda: hand.code("%")),
        ("{l}", lambda: hand.pick("abcd")),
        ("{L}", lambda: hand.pick("ABCDEFGH")),
    ):
        while mark in pattern:
            pattern = pattern.replace(mark, draw(), 1)
    return pattern


def street(hand: Hand) -> str:
    """Return a street without a number: "Old Mill Road"."""
    name = hand.own("street names") if hand.chance(0.7) else hand.name("last_name").split(" ")[-1]
    ahead = f"{hand.pick(('N', 'S.', 'E', 'West', 'North', 'SW'))} " if hand.chance(0.12) else ""
    return f"{ahead}{name} {hand.common('street kinds')}"


def _unit(hand: Hand) -> str:
    return _fill(hand, hand.common("units"))


def street_line(hand: Hand) -> str:
    """Return the line with street and number, at times with a flat or a suite."""
    if hand.chance(0.22):
        return _fill(hand, hand.common("street foreign"))
    if hand.chance(0.3):
        return hand.name("street_address")
    if hand.chance(0.06):
        return f"{_unit(hand)}, {_house(hand)} {street(hand)}"
    line = f"{_house(hand)} {street(hand)}"
    return f"{line}{hand.pick((', ', ' '))}{_unit(hand)}" if hand.chance(0.25) else line


def _tail(hand: Hand, gap: str) -> list[str]:
    """Return what follows the street line in an address: town, postcode, state, country."""
    way = hand.mixed({"us": 45, "europe": 22, "uk": 15, "town": 10, "foreign": 8})
    state = hand.common("state codes") if hand.chance(0.75) else hand.common("states")
    if way == "us":
        place = hand.own("cities american") if hand.chance(0.7) else hand.name("city")
        code = postcode(hand, "us4" if hand.chance(0.12) else "us")
        comma = "" if hand.chance(0.15) else ","
        parts = [f"{place}{comma} {state}{gap}{code}"]
    elif way == "europe":
        code = postcode(hand, hand.pick(("de", "fr", "nl", "pl", "se")))
        parts = [f"{code} {city(hand)}"]
    elif way == "uk":
        parts = [hand.own("cities"), postcode(hand, "uk")]
    elif way == "town":
        return [city(hand)]
    else:
        parts = [city(hand), hand.pick((state, hand.own("regions"))), postcode(hand)]
    return [*parts, country(hand).removeprefix("the ")] if hand.chance(0.25) else parts


def full_address(hand: Hand) -> str:
    """Return street, town and more in one line, mostly with commas."""
    between = hand.mixed({", ": 80, " ": 12, " - ": 2, "; ": 1, " / ": 1})
    return between.join([street_line(hand), *_tail(hand, hand.pick((" ", " ", " ", ", ")))])


def block(hand: Hand) -> str:
    """Return an address over two to five lines, as on an envelope, or broken in odd places."""
    lines = [street_line(hand)]
    if hand.chance(0.12):
        lines.append(_unit(hand))
    lines += _tail(hand, " ")
    if hand.chance(0.7):
        return hand.pick(("\n", "\n", "\n", ",\n")).join(lines)
    text = lines[0]
    for line in lines[1:]:
        text += hand.pick(("\n", "\n", ", ", ",\n", " ")) + line
    return text


def address(hand: Hand) -> str:
    """Return a postal address of any form that fits into a sentence."""
    forms = {street_line: 45, full_address: 43, block: 8, street: 4}
    return hand.mixed(forms)(hand)


SLOTS = {
    "LOCATION": {
        "": location,
        "city": city,
        "country": country,
        "region": lambda hand: hand.own("regions"),
        "state": lambda hand: hand.common("states"),
        "code": lambda hand: hand.common("state codes"),
        "nature": lambda hand: hand.own("nature"),
        "district": lambda hand: hand.own("districts"),
    },
    "STREET_ADDRESS": {
        "": address,
        "line": street_line,
        "full": full_address,
        "block": block,
        "street": street,
    },
    "ZIP_CODE": {
        "": postcode,
        **{name: (lambda hand, name=name: postcode(hand, name)) for name in POSTCODES},
    },
}
