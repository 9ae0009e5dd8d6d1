"""Fillers that are codes: cards, IBANs, numbers of authorities, phones, mail and web addresses.

Card numbers pass the Luhn test and IBANs the mod-97 test, as real ones do; none is known to be
anybody's. Shapes of phone numbers and licences follow the countries' and states' own plans.
"""

import re
import unicodedata

from ..checksums import iban_check, luhn_digit
from .hand import Hand
from .people import brand, full

# brand: (weight, first digits, total digits, groups)
CARDS = {
    "visa": (40, ("4",), 16, (4, 4, 4, 4)),
    "mastercard": (30, ("51", "52", "53", "54", "55", "2221", "2450", "2720"), 16, (4, 4, 4, 4)),
    "amex": (14, ("34", "37"), 15, (4, 6, 5)),
    "discover": (6, ("6011", "65", "644"), 16, (4, 4, 4, 4)),
    "jcb": (3, ("3528", "3540", "3589"), 16, (4, 4, 4, 4)),
    "diners": (3, ("36", "38", "300", "305"), 14, (4, 6, 4)),
    "maestro": (2, ("5018", "6304", "6759"), 16, (4, 4, 4, 4)),
    "visa short": (1, ("4",), 13, (4, 3, 3, 3)),
    "unionpay": (1, ("62",), 19, (6, 13)),
}
CARD_WEIGHTS = {name: row[0] for name, row in CARDS.items()}
# What follows country and check digits (ISO 13616: n digits, a letters); parts that may be either
# are drawn as digits.
STRUCTURES = (
    "DE18n GB4a14n FR20n1a2n ES20n IT1a22n NL4a10n BE12n AT16n CH17n PL24n PT21n SE20n NO11n "
    "DK14n FI14n IE4a14n CZ20n SK20n HU24n RO4a16n BG4a14n GR23n TR22n HR17n SI15n LU16n LT16n "
    "LV4a13n EE16n AE19n SA20n IL19n MT4a23n CY24n IS22n LI17n"
)
BBANS = {
    row[:2]: re.sub(r"([0-9]+)([na])", lambda m: int(m[1]) * {"n": "#", "a": "@"}[m[2]], row[2:])
    for row in STRUCTURES.split()
}
OFTEN_IBAN = dict.fromkeys(BBANS, 1) | {"DE": 8, "GB": 6, "FR": 4, "ES": 3, "NL": 3}
LICENCES = (
    *("@#######", "@#######", "########", "#########", "###-###-###", "### ### ###"),
    *("@###-####-####", "@###-###-##-###-#", "@############", "@##-###-###", "@## ### ###"),
    *("@@######", "@@###-###", "##-###-####", "@@@@@##@@@#@", "@###-###-###-###", "#######"),
    *("@########", "@@@######", "##@@@#####", "@-###-###-###-###", "@#####", "##@@#####"),
    *("@@#####@", "@####-#####-#####", "####@####", "@### #### #### ##"),
)
PHONES = {
    "us": (
        *("(%##) ###-####", "(%##) ###-####", "%##-###-####", "%##-###-####", "%##.###.####"),
        *("%## ### ####", "%#########", "+1 %##-###-####", "+1 (%##) ###-####", "1-%##-###-####"),
        *("+1-%##-###-####", "001-%##-###-####", "+1%#########", "(%##)###-####", "%##/###-####"),
        *("+1 %## ### ####", "1 (%##) ###-####", "1.%##.###.####"),
    ),
    "short": ("%##-####", "%## ####", "%##.####", "%##-##-##"),
    "us extension": (
        *("(%##) ###-#### x###", "%##-###-#### ext. ####", "%##-###-####x####"),
        *("%##.###.#### x###", "+1-%##-###-####x##", "%## ### #### ext ##"),
    ),
    "uk": (
        *("020 #### ####", "07### ######", "07### ### ###", "+44 20 #### ####", "01### ######"),
        *(
            "+44 7### ######",
            "+447#########",
            "(01##) ### ####",
            "+44 (0)1## ### ####",
            "0800 ### ###",
        ),
        *("0#### ######", "0044 7### ### ###", "+44(0)#### ######"),
    ),
    "de": (
        *("030 %#######", "0%## %######", "0%##/%#####", "+49 30 %#######", "+49 1## %#######"),
        *(
            "+49 (0)89 %#####",
            "0049 %## %######",
            "(0%##) %#####",
            "01## %#######",
            "+491#########",
        ),
        *("0%##-%######", "+49-%##-%######"),
    ),
    "fr": ("0% ## ## ## ##", "+33 % ## ## ## ##", "0%.##.##.##.##", "+33 (0)% ## ## ## ##"),
    "others": (
        *("+34 6## ### ###", "9## ## ## ##", "+39 3## ### ####", "06 %### ####", "+31 6 ########"),
        *(
            "06-########",
            "+32 4## ## ## ##",
            "+41 44 ### ## ##",
            "+43 1 ### ## ##",
            "+46 70 ### ## ##",
        ),
        *(
            "08-### ## ##",
            "+47 ## ## ## ##",
            "+45 ## ## ## ##",
            "+358 40 ### ####",
            "+48 ### ### ###",
        ),
        *("+420 ### ### ###", "+36 30 ### ####", "+40 7## ### ###", "+30 69# ### ####"),
        *("+90 5## ### ## ##", "+7 9## ###-##-##", "8 (9##) ###-##-##", "+380 ## ### ## ##"),
        *(
            "+91 %#### #####",
            "0%#-########",
            "+91-%#########",
            "+86 1## #### ####",
            "+852 #### ####",
        ),
        *(
            "+81 3-####-####",
            "0%0-####-####",
            "+82 10-####-####",
            "+65 #### ####",
            "+61 4## ### ###",
        ),
        *(
            "(0%) #### ####",
            "04## ### ###",
            "+64 21 ### ###",
            "+27 8# ### ####",
            "+234 80# ### ####",
        ),
        *("+254 7## ######", "+233 24 ### ####", "+20 10 #### ####", "+971 50 ### ####"),
        *("+972 5#-###-####", "+55 11 9####-####", "(##) 9####-####", "+52 55 #### ####"),
        *("+54 9 11 ####-####", "+56 9 #### ####", "+57 3## ### ####", "+353 8# ### ####"),
        *("+351 9## ### ###", "+66 8 #### ####", "+62 8##-####-####", "+63 9## ### ####"),
    ),
}
PHONE_WEIGHTS = {"us": 45, "us extension": 5, "uk": 13, "de": 8, "fr": 5, "others": 24, "short": 2}
MAILERS = (
    *("gmail.com", "gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "gmx.de"),
    *("web.de", "aol.com", "proton.me", "mail.ru", "orange.fr", "libero.it", "example.com"),
    *("example.org", "btinternet.com", "yahoo.co.uk", "live.nl", "qq.com", "rediffmail.com"),
)
ENDINGS = (
    *("com", "com", "com", "com", "org", "net", "co.uk", "de", "fr", "it", "es", "nl", "eu"),
    *("io", "ai", "app", "dev", "info", "biz", "us", "ca", "com.au", "co.in", "com.br", "pl"),
    *("se", "ch", "at", "edu", "gov", "me", "tv", "shop", "online", "co", "ru", "cz", "jp"),
)
PATHS = (
    *("", "", "", "", "/", "/about", "/index.html", "/login", "/contact-us", "/en/home", "/p/####"),
    *("/orders?id=#####", "/blog/20##/0%/why-we-moved", "/@#@###", "/files/a##.pdf", "/~#@@"),
    *("/reset?token=##@#@@##", "/jobs/senior-engineer", "/wiki/Main_Page", "/watch?v=@@#@#@"),
    *(":8080/", ":3000/admin", "/v2/users/####", "/img/photo_##.jpg", "/search?q=shoes&page=#"),
)
TAGS = ("info", "sales", "support", "contact", "office", "hello", "billing", "hr", "no-reply")
HOSTS = ("www.", "www.", "shop.", "mail.", "blog.", "api.", "my.", "en.", "docs.", "portal.")


def plain(text: str) -> str:
    """Return small ASCII letters and digits only: "Núñez" gives "nunez"."""
    text = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ø", "o"))
    return re.sub(r"[^a-z0-9]", "", text)


def card(hand: Hand) -> str:
    """Return a card number that passes the Luhn test, with or without spaces or dashes."""
    _, starts, length, groups = CARDS[hand.mixed(CARD_WEIGHTS)]
    start = hand.pick(starts)
    digits = start + hand.code("#" * (length - len(start) - 1))
    digits += luhn_digit(digits)
    gap = hand.mixed({"": 45, " ": 35, "-": 17, ".": 2, "  ": 1})
    ends = [sum(groups[: n + 1]) for n in range(len(groups))]
    return gap.join(digits[end - size : end] for end, size in zip(ends, groups, strict=True))


def iban(hand: Hand) -> str:
    """Return an IBAN with right check digits, in one piece or in fours."""
    country = hand.mixed(OFTEN_IBAN)
    bban = hand.code(BBANS[country])
    code = country + iban_check(country, bban) + bban
    gap = hand.mixed({"": 50, " ": 46, "-": 4})
    return gap.join(code[at : at + 4] for at in range(0, len(code), 4))


def ssn(hand: Hand) -> str:
    """Return a US social security number of a form that is given out."""
    area = hand.number(1, 898)
    area += area >= 666  # 666 is not given out, nor is 900 and above
    gap = hand.mixed({"-": 76, " ": 9, "": 12, ".": 3})
    return f"{area:03d}{gap}{hand.number(1, 99):02d}{gap}{hand.number(1, 9999):04d}"


def phone(hand: Hand) -> str:
    """Return a phone number in the style of some country."""
    return hand.code(hand.pick(PHONES[hand.mixed(PHONE_WEIGHTS)]))


def domain(hand: Hand) -> str:
    """Return a domain name without a host."""
    way = hand.number(0, 5)
    if way < 3:
        name = brand(hand).lower()
    elif way == 3:
        name = plain(hand.name("last_name")) + hand.pick(("", "-online", "law", "shop", "-tech"))
    elif way == 4:
        name = "-".join(plain(hand.name("last_name")) for _ in "ab")
    else:
        name = plain(hand.own("band words")) + plain(hand.own("band things"))
    return f"{name}.{hand.pick(ENDINGS)}"


def url(hand: Hand) -> str:
    """Return a web address or a bare domain."""
    way = hand.mixed({"bare": 25, "host": 22, "scheme": 53})
    host = hand.pick(HOSTS) if way == "host" or hand.chance(0.6) else ""
    if way == "bare":
        return domain(hand)
    path = hand.code(hand.pick(PATHS)).lower()
    return (hand.pick(("https://", "https://", "http://")) if way == "scheme" else "") + (
        host + domain(hand) + path
    )


def email(hand: Hand) -> str:
    """Return an e-mail address, every second time that of the person named before."""
    if hand.person is None or hand.chance(0.4):
        kept, _ = hand.person, full(hand)
        who, hand.person = hand.person, kept
    else:
        who = hand.person
    one, other = (plain(word) or "x" for word in who)
    way = hand.number(0, 9)
    forms = (
        *(
            f"{one}.{other}",
            f"{one}.{other}",
            f"{one}{other}",
            f"{one[0]}{other}",
            f"{one}_{other}",
        ),
        *(f"{one}{hand.code('##')}", f"{other}.{one}", f"{one[0]}.{other}", f"{one}-{other}"),
        hand.pick((*TAGS, f"{one}+{hand.pick(TAGS)}", f"{other}{hand.code('####')}")),
    )
    own = hand.chance(0.5)
    return f"{forms[way]}@{hand.pick(MAILERS) if own else domain(hand)}"


def ip_address(hand: Hand) -> str:
    """Return an IPv4 address, or one time in four an IPv6 address."""
    if hand.chance(0.25):
        return ipv6(hand)
    head = hand.pick(("10", "192.168", "172.16", "127", "8.8", "", "", "", "", "", ""))
    parts = [head] if head else [str(hand.number(1, 223))]
    missing = 4 - len(parts[0].split("."))
    return ".".join(parts + [str(hand.number(0, 255)) for _ in range(missing)])


def ipv6(hand: Hand) -> str:
    """Return an IPv6 address, in full or shortened."""
    groups = [f"{hand.number(0, 65535):x}" for _ in range(8)]
    way = hand.number(0, 4)
    if way == 0:
        return ":".join(groups)
    if way == 1:
        return f"2001:db8::{groups[0]}:{groups[1]}"
    if way == 2:
        return f"fe80::{':'.join(groups[:4])}"
    if way == 3:
        return ":".join(f"{int(group, 16):04x}" for group in groups)
    return f"2a0{hand.number(0, 9)}:{groups[0]}:{groups[1]}::{groups[2]}"


SLOTS = {
    "CREDIT_CARD": {"": card},
    "IBAN": {"": iban},
    "US_SSN": {"": ssn},
    "US_DRIVER_LICENSE": {"": lambda hand: hand.code(hand.pick(LICENCES))},
    "PHONE_NUMBER": {
        "": phone,
        **{
            name: (lambda hand, rows=rows: hand.code(hand.pick(rows)))
            for name, rows in PHONES.items()
        },
    },
    "EMAIL_ADDRESS": {"": email},
    "URL": {"": url, "domain": domain},
    "IP_ADDRESS": {"": ip_address, "v4": lambda hand: hand.code("%#.1##.#.2%"), "v6": ipv6},
}
