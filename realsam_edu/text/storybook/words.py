"""The storybook's words with their forms (`toys.a`: "a ball"), by pool and by table.

They stand in `lexicon.txt`, whose head explains how a pool is written.
"""

import re
from collections.abc import Iterator

from .grammar import Entry, Pool
from .lines import Line, between_commas, blocks, weighted

HEAD = re.compile(r"(\w+)(?:@(\w+))? \(([\w ]+)\)(?: (of \w+|[\w/]+))?:(.*)")
OTHER = re.compile(r"<(\w+(?:@\w+)?)>")
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
    if word[-1] == "y" and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def article(word: str) -> str:
    """Return "a" or "an"."""
    vowel = word[0].lower() in "aeiou" and not word.startswith("uni")
    return "an" if vowel or word == "honest" else "a"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _noun(word: str) -> dict[str, str]:
    a = f"{article(word)} {word}"
    forms = {"": word, "a": a, "A": _upper(a), "Up": _upper(word), "low": word.lower()}
    return forms | {"pl": plural(word)}


def _person(name: str, she: bool) -> dict[str, str]:
    he, him, his = ("she", "her", "her") if she else ("he", "him", "his")
    return {"": name, "he": he, "him": him, "his": his, "He": _upper(he), "His": _upper(his)}


def _forms(parts: list[str], values: list[str]) -> dict[str, str]:
    """Return the forms of a word whose `values` are what the pool's head calls `parts`."""
    if len(values) != len(parts) or not all(values):
        raise ValueError(f"'{'/'.join(values)}' is not written as {'/'.join(parts)}")
    word, *more = values
    match parts:
        case ["word", *names]:
            return _noun(word) | dict(zip(names, more, strict=True))
        case ["verb", "ing", "rest"]:
            ing, rest = more
            return {"": f"{word} {rest}", "ing": f"{ing} {rest}", "Ing": _upper(f"{ing} {rest}")}
        case ["verb", *names]:
            return {"": word} | dict(zip(names, more, strict=True))
        case ["place", "at"]:
            to = f"to the {word}"
            return {"": word, "at": f"{more[0]} the {word}", "to": to, "To": _upper(to)}
        case ["she"] | ["he"]:
            return _person(word, parts == ["she"])
    raise ValueError(f"there are no words of the sort '{'/'.join(parts)}'")


class Draft:
    """A pool that is being read: its words and how likely they are."""

    def __init__(self, group: str):
        self.group = group
        self.sorts: set[str] = set()  # one for each row read
        self.words: dict[str, tuple[Entry, float]] = {}

    def add(self, entry: Entry, weight: float) -> None:
        """Add a word.

        Raises:
            ValueError: it is there already.
        """
        word = entry.forms[""]
        if word in self.words:
            raise ValueError(f"'{word}' is in this pool already")
        self.words[word] = entry, weight

    def pool(self) -> Pool:
        """Return the finished pool."""
        entries, weights = zip(*self.words.values(), strict=True)
        return Pool(list(entries), self.group, list(weights) if len(set(weights)) > 1 else None)


def _entries(text: str, sort: str, key: str, drafts: dict[str, Draft]) -> Iterator[Entry]:
    """Yield the words that one piece of a row stands for."""
    other = drafts.get(sort.removeprefix("of ")) if sort.startswith("of ") else None
    if match := OTHER.fullmatch(text):
        if match[1] not in drafts:
            raise ValueError(f"there is no pool {match[1]} above")
        yield from (entry for entry, _ in drafts[match[1]].words.values())
    elif set(text) & set("<>{}[]|"):
        raise ValueError(f"'{text}' has a bracket or a bar in it")
    elif not sort.startswith("of "):
        values = [value.strip() for value in text.split("/")]
        yield Entry(_forms(sort.split("/"), values), key)
    elif other is None or text not in other.words:
        raise ValueError(f"there is no word '{text}' {sort} above")
    else:
        yield other.words[text][0]


def read_words(file: str, text: str) -> tuple[dict[str, Pool], dict[str, dict[str, Pool]]]:
    """Return all pools by name, and the tables: pools by the key of a remembered word.

    Raises:
        RealSamError: a line is not written as the head of `lexicon.txt` says.
    """
    drafts: dict[str, Draft] = {}
    for head, body in blocks(file, text):
        match = HEAD.fullmatch(head.text)
        if match is None:
            raise head.fault("a pool is written as `name (group): word, word`")
        name, key, group, sort, first = match.groups(default="")
        sort = sort or "word"
        draft = drafts.setdefault(f"{name}@{key}" if key else name, Draft(group))
        if group != draft.group or sort in draft.sorts:
            raise head.fault(f"the pool '{name}' has another group or the same sort of words above")
        draft.sorts.add(sort)
        for line in between_commas([head._replace(text=first), *body]):
            try:
                weight, word = weighted(line.text)
                for entry in _entries(word, sort, key, drafts):
                    draft.add(entry, weight)
            except ValueError as error:
                raise line.fault(str(error)) from None
    pools: dict[str, Pool] = {}
    tables: dict[str, dict[str, Pool]] = {}
    for name, draft in drafts.items():
        table, _, key = name.partition("@")
        (tables.setdefault(table, {}) if key else pools)[key or name] = draft.pool()
    return pools, tables


def word_lists(least: int, most: int, themes: list[Line], pools: dict[str, Pool]) -> Iterator[str]:
    """Yield the alternatives of lists of words: `least` to `most` different words of one theme.

    Adds to `pools` what each theme draws from: its entries that are single words.

    Raises:
        RealSamError: there is no pool of that name, or a theme is named twice.
    """
    for line in themes:
        theme = line.text
        if theme not in pools:
            raise line.fault(f"there is no pool '{theme}'")
        if f"one_{theme}" in pools:
            raise line.fault(f"there are lists of words of '{theme}' already")
        words = [entry for entry in pools[theme].entries if re.fullmatch(r"\w+", entry.forms[""])]
        pools[f"one_{theme}"] = Pool(words, pools[theme].group)
        places = [f"w{i}=one_{theme}" + "".join(f"!w{j}" for j in range(i)) for i in range(most)]
        for n in range(least, most + 1):
            yield " ".join(f"{{{place}}}" for place in places[:n])
