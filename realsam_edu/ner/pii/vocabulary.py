"""The words that fill the frames: Faker's of many locales and those of `words.txt`, split in two.

A name, a town, a street or a firm belongs to the test split if its own hash says so, and is then
never drawn for training (nor the other way round). Small closed groups (titles, countries, states,
nationalities) serve both.
"""

import re
from functools import cache
from pathlib import Path

from ...runtime.errors import RealSamError
from .frames import split_of


def weights(row: str) -> dict[str, int]:
    """Read "en_US 30 de_DE 6" as {"en_US": 30, "de_DE": 6}."""
    parts = row.split()
    return {name: int(weight) for name, weight in zip(parts[::2], parts[1::2], strict=True)}


SEED = 11  # of the draws from Faker; the same words whatever seed the examples have
# Faker's locale and how often it is drawn. The text is English, its people come from anywhere.
LOCALES = weights(
    "en_US 30 en_GB 12 en_IN 4 en_NG 2 yo_NG 1 de_DE 6 fr_FR 6 es_ES 5 es_MX 4 it_IT 5 nl_NL 4 "
    "pl_PL 3 pt_BR 4 pt_PT 2 sv_SE 3 fi_FI 3 da_DK 2 no_NO 2 tr_TR 2 cs_CZ 2 ro_RO 2 "
    "hu_HU 2 hr_HR 2 id_ID 1"
)
# Peoples whose names Faker has in other scripts only: their names stand in words.txt.
PEOPLES = weights(
    "arabic 4 chinese 4 japanese 3 korean 2 slavic 4 greek 2 african 3 indian 4 "
    "vietnamese 1 english 5"
)
# How many are drawn of each kind, and the locales where Faker makes them well; others have the
# American ones. (Its Turkish towns are called Şafaktown; its
# Italian ones stand in a set, whose order changes with Python's hash seed.)
DRAWS = {"first_name": 250, "last_name": 350, "city": 100, "street_address": 120, "company": 80}
MOST = "en_US"  # three times as many
GOOD = {
    "city": "en_US en_GB en_IN de_DE es_ES nl_NL pl_PL pt_PT sv_SE fi_FI da_DK cs_CZ hr_HR",
    "street_address": "en_US en_GB de_DE fr_FR es_ES it_IT nl_NL pl_PL pt_BR sv_SE fi_FI cs_CZ",
    "company": "en_US en_GB de_DE fr_FR es_ES it_IT nl_NL pl_PL sv_SE fi_FI id_ID",
}


@cache
def words(pool: str) -> tuple[str, ...]:
    """Return a pool of `words.txt`, in its order; KeyError if there is none of that name."""
    return _file()[pool]


@cache
def names(kind: str, people: str, split: str) -> tuple[str, ...]:
    """Return the words of a kind (a key of `DRAWS`) and a locale or people, for one split."""
    pool = {"first_name": f"first {people}", "last_name": f"last {people}"}.get(kind)
    if people in PEOPLES and pool:
        return shared_out(pool, split)
    good = people if people in GOOD.get(kind, people).split() and people in LOCALES else "en_US"
    return of_split(_drawn(kind, good), split)


@cache
def of_split(found: tuple[str, ...], split: str) -> tuple[str, ...]:
    """Return the words among `found` that a split may use."""
    return tuple(word for word in found if split_of(word) == split)


@cache
def shared_out(pool: str, split: str) -> tuple[str, ...]:
    """Return the words of a pool of `words.txt` that a split may use."""
    return of_split(words(pool), split)


@cache
def _drawn(kind: str, locale: str) -> tuple[str, ...]:
    """Return different words of a kind that Faker draws for a locale, sorted."""
    fake = _faker(locale)
    fake.seed_instance(f"{SEED} {locale} {kind}")
    draw = getattr(fake, kind)
    found = {
        re.sub(r"\s*\n\s*", ", ", draw()).strip()
        for _ in range(DRAWS[kind] * (3 if locale == MOST else 1))
    }
    return tuple(sorted(found))


@cache
def _faker(locale: str):
    try:
        from faker import Faker
    except ImportError:
        raise RealSamError(
            "The names come from Faker, which is not installed; run `pip install faker==40.63.0`."
        ) from None
    return Faker(locale, use_weighting=False)


@cache
def _file() -> dict[str, tuple[str, ...]]:
    pools, name = {}, ""
    for line in Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"== (.+) ==", line):
            name = heading[1]
            pools[name] = ()
        elif line.strip() and not line.startswith("#"):
            pools[name] += tuple(word.strip() for word in line.split(";"))
    return pools
