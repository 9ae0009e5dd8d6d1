"""The storybook's words with their forms (`toys.a`: "a ball"), by pool and by table."""

import re

from . import lexicon
from .pools import Entry, Pool

ODD_PLURALS = {
    "mouse": "mice",
    "goose": "geese",
    "moose": "moose",
    "sheep": "sheep",
    "deer": "deer",
    "man": "men",
    "calf": "calves",
    "leaf": "leaves",
    "loaf": "loaves",
    "scarf": "scarves",
    "elf": "elves",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "woods": "woods",
}


def plural(word: str) -> str:
    """Return the plural of a noun of the lexicon."""
    if " of " in word:  # the first noun is the one that counts
        head, of, rest = word.partition(" of ")
        return plural(head) + of + rest
    for one, many in ODD_PLURALS.items():
        if word.endswith(one):
            return word.removesuffix(one) + many
    if word[-1] == "y" and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def article(word: str) -> str:
    """Return "a" or "an"."""
    vowel = word[0].lower() in "aeiou" and not word.startswith("uni")
    return "an" if vowel or word == "honest" else "a"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _word(word: str) -> Entry:
    a = f"{article(word)} {word}"
    forms = {"": word, "a": a, "A": _upper(a), "Up": _upper(word), "low": word.lower()}
    return Entry(forms | {"pl": plural(word)})


def _person(name: str, she: bool, key: str = "") -> Entry:
    he, him, his = ("she", "her", "her") if she else ("he", "him", "his")
    forms = {"": name, "he": he, "him": him, "his": his, "He": _upper(he), "His": _upper(his)}
    return Entry(forms, key)


def _kind(text: str) -> Entry:
    word, paws = text.split("/")
    key = word if word in ("girl", "boy") else "animal"
    return Entry(_word(word).forms | {"paws": paws}, key)


def _pal(text: str) -> Entry:
    word, came, sound = text.split("/")
    return Entry(_word(word).forms | {"came": came, "sound": sound})


def _place(text: str) -> Entry:
    word, at = text.split("/")
    to = f"to the {word}"
    return Entry({"": word, "at": f"{at} the {word}", "to": to, "To": _upper(to)})


def _past(text: str) -> Entry:
    now, past = text.split("/")
    return Entry({"": now, "past": past})


def _hobby(text: str) -> Entry:
    now, ing, rest = text.split("/")
    ing = f"{ing} {rest.strip()}"
    return Entry({"": f"{now} {rest.strip()}", "ing": ing, "Ing": _upper(ing)})


def _list(text: str) -> list[str]:
    return [" ".join(word.split()) for word in text.split(",") if word.strip()]


def _names(she: str, he: str, key: str = "") -> list[Entry]:
    rows = [_person(name, True, key) for name in she.split()]
    return rows + [_person(name, False, key) for name in he.split()]


def _plain_pools() -> dict[str, Pool]:
    pools = {}
    rows = re.findall(r"^(\w+) \(([\w ]+)\): (.+(?:\n  .+)*)", lexicon.POOLS, re.M)
    for name, group, words in rows:
        pools[name] = Pool([_word(word) for word in _list(words)], group)
    return pools


def pools_and_tables() -> tuple[dict[str, Pool], dict[str, dict[str, Pool]]]:
    """Return all pools by name, and the tables: pools by the key of a remembered word."""
    pools = _plain_pools()
    for name, group, read, text in (
        ("places", "places", _place, lexicon.PLACES),
        ("goes", "actions", _past, lexicon.GOES),
        ("tricks", "actions", _past, lexicon.TRICKS),
        ("hobbies", "actions", _hobby, lexicon.HOBBIES),
        ("beasts", "animals", _kind, lexicon.ANIMALS),
        ("pals", "animals", _pal, lexicon.PALS),
    ):
        pools[name] = Pool([read(word) for word in _list(text)], group)
    for name, who in lexicon.HELPERS.items():
        chosen = [pal for pal in pools["pals"].entries if pal.forms[""] in who.split()]
        pools[name] = Pool(chosen, "animals")
    pools["palnames"] = Pool(_names(lexicon.PALS_SHE, lexicon.PALS_HE), "names")
    elders = [_person(name, True) for name in _list(lexicon.ELDERS_SHE)]
    elders += [_person(name, False) for name in _list(lexicon.ELDERS_HE)]
    pools["elders"] = Pool(elders, "people")
    tables = _heroes(pools)
    return pools, tables


def _heroes(pools: dict[str, Pool]) -> dict[str, dict[str, Pool]]:
    """Add the pools of heroes; return the tables that tie a hero's kind and name together."""
    girl, boy, animals = _kind("girl/hands"), _kind("boy/hands"), pools["beasts"].entries
    names = {
        "girl": [_person(name, True, "girl") for name in lexicon.GIRLS.split()],
        "boy": [_person(name, False, "boy") for name in lexicon.BOYS.split()],
        "animal": _names(lexicon.SHE, lexicon.HE, "animal"),
    }
    weights = [len(animals) / 2] * 2 + [1.0] * len(animals)  # half of the heroes are children
    pools["kinds"] = Pool([girl, boy, *animals], "animals", weights)
    pools["everyone"] = Pool([person for rows in names.values() for person in rows], "names")
    pools["children"] = Pool(names["girl"] + names["boy"], "names")
    return {
        "names": {key: Pool(rows, "names") for key, rows in names.items()},
        "kinds": {
            "girl": Pool([girl], "animals"),
            "boy": Pool([boy], "animals"),
            "animal": Pool(animals, "animals"),
        },
    }
