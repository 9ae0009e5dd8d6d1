"""Fillers about people: names, titles, groups, ages, and the organisations they work for."""

from .hand import LETTERS, Hand
from .vocabulary import weights, words

TWO_FAMILIES = ("es_ES", "es_MX", "pt_BR", "pt_PT")
FORMS = weights("full 66 middle 5 two 4 first 11 last 6 initial 4 suffix 2 double 2")


def first(hand: Hand) -> str:
    """Return a given name of this example's people, now and then an English one that is a word."""
    people = "english" if hand.people.startswith("en_") and hand.chance(0.12) else hand.people
    return hand.name("first_name", people)


def last(hand: Hand) -> str:
    """Return a family name; two of them where that is the custom."""
    people = "english" if hand.people.startswith("en_") and hand.chance(0.12) else hand.people
    family = hand.name("last_name", people)
    if hand.people in TWO_FAMILIES and hand.chance(0.3):
        family += f" {hand.name('last_name')}"
    return family


def full(hand: Hand) -> str:
    """Return given and family name, and remember them."""
    hand.person = (first(hand), last(hand))
    return " ".join(hand.person)


def _middle(hand: Hand) -> str:
    name = full(hand).split(" ")
    return " ".join([name[0], hand.pick(LETTERS) + hand.pick((".", ".", "")), *name[1:]])


def _two(hand: Hand) -> str:
    return f"{first(hand)} {full(hand)}"


def initial(hand: Hand) -> str:
    """Return "J. Smith", "J Smith" or "J.R. Smith"."""
    dot = hand.pick((".", ".", ".", ""))
    signs = hand.pick(LETTERS) + dot
    if dot and hand.chance(0.2):
        signs += hand.pick(("", " ")) + hand.pick(LETTERS) + dot
    return f"{signs} {last(hand)}"


def turned(hand: Hand) -> str:
    """Return "Smith, John", as in registers."""
    full(hand)
    return f"{hand.person[1]}, {hand.person[0]}"


def _suffix(hand: Hand) -> str:
    return full(hand) + hand.pick((" Jr.", ", Jr.", " Sr.", " III", " II", " Jr"))


def _double(hand: Hand) -> str:
    return f"{full(hand)}-{hand.name('last_name').split(' ')[0]}"


_BY_FORM = {
    "full": full,
    "middle": _middle,
    "two": _two,
    "first": first,
    "last": last,
    "initial": initial,
    "suffix": _suffix,
    "double": _double,
}


def person(hand: Hand) -> str:
    """Return a name in one of the ways names are written."""
    return _BY_FORM[hand.mixed(FORMS)](hand)


def title(hand: Hand) -> str:
    """Return a form of address, mostly an English one."""
    return hand.common("titles foreign" if hand.chance(0.15) else "titles")


def age_in_words(hand: Hand) -> str:
    """Return an age from one to ninety-nine in words."""
    age = hand.number(1, 99)
    ones, tens = words("ones"), words("tens")
    if age < 20:
        return ones[age - 1]
    return tens[age // 10 - 2] + (f"-{ones[age % 10 - 1]}" if age % 10 else "")


def age(hand: Hand) -> str:
    """Return an age in digits."""
    return str(hand.number(18, 92) if hand.chance(0.8) else hand.number(1, 104))


def group(hand: Hand) -> str:
    """Return a word like "Peruvian" that tells a person's nationality, religion or party."""
    pools = {"nationalities": 6, "religions": 3, "politics": 2}
    return hand.common(hand.mixed(pools))


# --- organisations ------------------------------------------------------------------------------


def brand(hand: Hand) -> str:
    """Return a made-up firm: "Novagrid", "QuantWare Ltd"."""
    head, tail = hand.own("brand heads"), hand.own("brand tails")
    return head + (tail.capitalize() if hand.chance(0.3) else tail)


def _with_form(hand: Hand, name: str) -> str:
    form = hand.common("legal forms")
    return name + (form if form.startswith(",") else f" {form}")


def company(hand: Hand) -> str:
    """Return a firm, in one of eight ways."""
    way = hand.number(0, 9)
    if way < 2:
        return hand.name("company")
    if way < 4:
        return brand(hand) if hand.chance(0.5) else _with_form(hand, brand(hand))
    if way == 4:
        return f"{brand(hand)} {hand.common('trades')}"
    if way == 5:
        return f"{hand.name('last_name')} {hand.common('trades')}"
    if way == 6:
        return f"{hand.name('last_name')} {hand.pick(('&', 'and'))} {hand.name('last_name')}"
    if way == 7:
        return _with_form(hand, hand.name("last_name"))
    if way == 8:
        return f"{hand.own('cities')} {hand.common('trades')}"
    return _with_form(hand, f"{hand.name('last_name')} {hand.common('trades')}")


def care_house(hand: Hand) -> str:
    """Return a hospital, a school or a church."""
    if hand.chance(0.4):
        return f"{hand.own('cities american')} {hand.common('care houses')}"
    if hand.chance(0.25):
        return f"{hand.name('last_name')} {hand.common('care houses')}"
    return f"{hand.own('saints')} {hand.common('care houses')}"


def agency(hand: Hand) -> str:
    """Return a public body: "Ministry of Fisheries"."""
    return hand.common("agencies").replace("{f}", hand.own("fields"))


def city_house(hand: Hand) -> str:
    """Return what is named after its town: universities, papers, teams."""
    town = hand.own("cities american" if hand.chance(0.4) else "cities")
    return hand.common("city houses").replace("{c}", town)


def band(hand: Hand) -> str:
    """Return a band or a pub: "The Broken Lanterns"."""
    the = hand.pick(("The ", "The ", ""))
    return f"{the}{hand.own('band words')} {hand.own('band things')}"


def shop(hand: Hand) -> str:
    """Return a shop with its owner's name."""
    return f"{hand.name('last_name').split(' ')[-1]}'s {hand.common('trades')}"


def acronym(hand: Hand) -> str:
    """Return two to five capitals that somebody may be called."""
    letters = hand.code("@" * hand.number(3, 4))
    return letters[0] + "&" + letters[1] if hand.chance(0.06) else letters


def organisation(hand: Hand) -> str:
    """Return an organisation of any kind."""
    kinds = {company: 40, known: 20, city_house: 12, care_house: 8, agency: 7, shop: 4, band: 3}
    return hand.mixed({**kinds, acronym: 5})(hand)


def known(hand: Hand) -> str:
    """Return an organisation that exists."""
    return hand.own("organisations")


SLOTS = {
    "PERSON": {
        "": person,
        "full": full,
        "first": first,
        "last": last,
        "initial": initial,
        "turned": turned,
    },
    "TITLE": {"": title, "foreign": lambda hand: hand.common("titles foreign")},
    "AGE": {"": age, "words": age_in_words, "months": lambda hand: str(hand.number(2, 23))},
    "NRP": {
        "": group,
        "nation": lambda hand: hand.common("nationalities"),
        "religion": lambda hand: hand.common("religions"),
        "party": lambda hand: hand.common("politics"),
        "people": lambda hand: hand.common("peoples"),
    },
    "ORGANIZATION": {
        "": organisation,
        "company": company,
        "care": care_house,
        "agency": agency,
        "city": city_house,
        "band": band,
        "shop": shop,
        "acronym": acronym,
        "known": known,
    },
}
