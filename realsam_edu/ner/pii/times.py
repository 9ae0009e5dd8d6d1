"""Fillers that are calendar dates and times of day."""

from .hand import Hand
from .vocabulary import words

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# y year, Y its last two digits, m month, M with zero, B and b its name, d day, D with zero,
# o ordinal, A and a weekday: what one date may look like
NUMERIC = (
    *("{y}-{M}-{D}", "{y}-{M}-{D}", "{M}/{D}/{y}", "{m}/{d}/{y}", "{m}/{d}/{Y}", "{D}/{M}/{y}"),
    *("{d}.{m}.{y}", "{D}.{M}.{y}", "{D}.{M}.{Y}", "{D}-{M}-{y}", "{M}-{D}-{y}", "{y}/{M}/{D}"),
    *("{d}/{m}/{Y}", "{M}/{D}/{Y}", "{d}. {m}. {y}", "{y}.{M}.{D}", "{D} {M} {y}", "{y}{M}{D}"),
)
SPOKEN = (
    *("{B} {d}, {y}", "{B} {d}, {y}", "{d} {B} {y}", "{d} {B} {y}", "{b} {d}, {y}", "{d} {b} {y}"),
    *("{b}. {d}, {y}", "{B} {o}, {y}", "the {o} of {B} {y}", "{o} {B} {y}", "{d}. {B} {y}"),
    *("{A}, {B} {d}, {y}", "{A}, {d} {B} {y}", "{A} {d} {B} {y}", "{a} {d} {b} {y}", "{B} {d} {y}"),
    *("{d}-{b}-{y}", "{D}{b}{y}", "{d} {b} '{Y}", "{b}-{D}-{y}", "{a}, {d} {b} {y}"),
)
NO_YEAR = (
    *(
        "{B} {d}",
        "{B} {d}",
        "{B} {o}",
        "{d} {B}",
        "{o} {B}",
        "the {o} of {B}",
        "{b} {d}",
        "{b}. {d}",
    ),
    *("{A}, {B} {d}", "{A} {d} {B}", "{A} the {o}", "{d} {b}", "{m}/{d}", "{D}/{M}", "{d}.{m}."),
)
MONTH_YEAR = (
    *("{B} {y}", "{B} {y}", "{b} {y}", "{B}, {y}", "{M}/{y}", "{M}/{Y}", "{b}-{Y}", "{B} of {y}"),
)
CLOCK = (
    *(
        "{H}:{N}",
        "{H}:{N}",
        "{h}:{N} am",
        "{h}:{N} PM",
        "{h}:{N}pm",
        "{h}pm",
        "{h} a.m.",
        "{h} p.m.",
    ),
    *("{h} o'clock", "{H}:{N}:{S}", "{h}:{N} AM", "{H}.{N}", "{H}h{N}", "{h}am", "{h}:{N} p.m."),
)
LOGGED = (
    *("{y}-{M}-{D} {H}:{N}:{S}", "{y}-{M}-{D}T{H}:{N}:{S}Z", "{y}-{M}-{D} {H}:{N}:{S},{F}"),
    *("{D}/{b}/{y}:{H}:{N}:{S} +0000", "{b} {D} {H}:{N}:{S}", "{y}-{M}-{D}T{H}:{N}:{S}.{F}Z"),
    *("{y}/{M}/{D} {H}:{N}:{S}", "{a} {b} {D} {H}:{N}:{S} {y}", "{y}-{M}-{D}T{H}:{N}:{S}+02:00"),
)
BOTH = (
    *("{B} {d}, {y} at {h}:{N} PM", "{d} {B} {y}, {H}:{N}", "{D}.{M}.{y} {H}:{N}"),
    *("{m}/{d}/{y} {h}:{N} AM", "{d} {B} at {H}:{N}", "{B} {o} at {h}pm", "{y}-{M}-{D} {H}:{N}"),
    *("{A}, {B} {d} at {h}:{N} am", "{a} {d} {b}, {H}:{N}"),
)
WEIGHTS = {"date": 55, "month_day": 13, "month_year": 8, "time": 16, "both": 6, "log": 2}


def _ordinal(day: int) -> str:
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def written(hand: Hand, patterns: tuple[str, ...], years: tuple[int, int] = (1935, 2035)) -> str:
    """Return a date or time in one of `patterns`, of a year between `years`.

    The weekday is drawn, not reckoned: who reads a name beside a date does not reckon either.
    """
    month, year = hand.number(1, 12), hand.number(*years)
    day, hour = hand.number(1, LENGTHS[month - 1]), hand.number(0, 23)
    weekday = hand.common("days")
    return hand.pick(patterns).format(
        y=year,
        Y=f"{year % 100:02d}",
        m=month,
        M=f"{month:02d}",
        B=words("months")[month - 1],
        b=words("months")[month - 1][:3],
        d=day,
        D=f"{day:02d}",
        o=_ordinal(day),
        A=weekday,
        a=weekday[:3],
        H=f"{hour:02d}",
        h=hour % 12 + 1,
        N=f"{hand.number(0, 59):02d}",
        S=f"{hand.number(0, 59):02d}",
        F=hand.code("###"),
    )


def date(hand: Hand) -> str:
    """Return a whole date, in digits or words."""
    return written(hand, NUMERIC if hand.chance(0.45) else SPOKEN)


def birthday(hand: Hand) -> str:
    """Return a whole date on which somebody alive may have been born."""
    return written(hand, NUMERIC if hand.chance(0.6) else SPOKEN, (1930, 2018))


def date_time(hand: Hand) -> str:
    """Return a date, a part of one, or a time."""
    return SLOTS["DATE_TIME"][hand.mixed(WEIGHTS)](hand)


SLOTS = {
    "DATE_TIME": {
        "": date_time,
        "date": date,
        "birth": birthday,
        "numeric": lambda hand: written(hand, NUMERIC),
        "month_day": lambda hand: written(hand, NO_YEAR),
        "month_year": lambda hand: written(hand, MONTH_YEAR, (1960, 2035)),
        "time": lambda hand: written(hand, CLOCK),
        "both": lambda hand: written(hand, BOTH, (1990, 2035)),
        "log": lambda hand: written(hand, LOGGED, (2005, 2030)),
    }
}
