"""The kinds of private data Sam looks for, and what others call them.

What a span is, decided once for frames, fillers, patterns and tagger:

PERSON          the name without its title: "Ana Ruiz" in "Dr. Ana Ruiz"; "Jr." belongs to it
TITLE           the form of address before a name, or in a field of its own, with its full stop:
                "Mr.", "Prof. Dr.", "Frau"; not "the general", who has no name
ORGANIZATION    firms, hospitals, schools, agencies, clubs, bands; the legal form belongs to it
LOCATION        a city, country, region, river, park or island that stands alone; "the" in small
                letters stays outside, here and before organisations
STREET_ADDRESS  a postal address as it is written in one piece: the street line, and whatever of
                unit, town, state, postcode and country follows it, over line breaks too. A street
                without number counts. In a form where each part has a field of its own, the fields
                are STREET_ADDRESS, LOCATION and ZIP_CODE
ZIP_CODE        a postcode that stands alone
DATE_TIME       a calendar date, a time of day or both, complete or in part ("March 2021", "3 May",
                "14:30"). Words that hang on today ("yesterday", "next week"), weekdays, bare months
                and bare years are none: they say nothing about anybody by themselves
AGE             the number alone, in digits or words: "34" in "aged 34", in "34-year-old", and in
                "34 years old"
NRP             nationality, religion or political group of people: "Peruvian", "Buddhist", "Tories"
URL             a web address or a domain name, with its scheme and path
IP_ADDRESS      IPv4 or IPv6, without port or mask
PHONE_NUMBER    with its country code and extension, without words before it ("Tel.", "fax")
The others      EMAIL_ADDRESS, CREDIT_CARD, IBAN, US_SSN, US_DRIVER_LICENSE: the code itself, with
                the spaces or dashes inside it
"""

TYPES = (
    "PERSON",
    "TITLE",
    "ORGANIZATION",
    "LOCATION",
    "STREET_ADDRESS",
    "ZIP_CODE",
    "DATE_TIME",
    "AGE",
    "NRP",
    "PHONE_NUMBER",
    "EMAIL_ADDRESS",
    "URL",
    "IP_ADDRESS",
    "CREDIT_CARD",
    "IBAN",
    "US_SSN",
    "US_DRIVER_LICENSE",
)

# Names in files of presidio-research, of Microsoft Presidio and of the list, where they
# are not ours: PREFIX and TITLE are both "Mr.", DOMAIN_NAME holds whole web addresses too.
OTHER_NAMES = {
    "PER": "PERSON",
    "PREFIX": "TITLE",
    "ORG": "ORGANIZATION",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "ADDRESS": "STREET_ADDRESS",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "NATIONALITY": "NRP",
    "RELIGION": "NRP",
    "NORP": "NRP",
    "EMAIL": "EMAIL_ADDRESS",
    "DOMAIN_NAME": "URL",
    "IBAN_CODE": "IBAN",
}

# What Presidio's analyzer calls ours; all others have the same name there.
PRESIDIO_NAMES = {"IBAN": "IBAN_CODE"}


def our_type(name: str) -> str | None:
    """Return our name of a type that a file calls `name`, or None where we know no such type."""
    return name if name in TYPES else OTHER_NAMES.get(name)


def presidio_name(name: str) -> str:
    """Return what Presidio's analyzer calls our type `name`."""
    return PRESIDIO_NAMES.get(name, name)


def type_map(names: set[str]) -> dict[str, str]:
    """Return ours by theirs, in order, for the type names of a file; names unknown to us fall out.

    `realsam ner evaluate` prints it, so that nobody has to guess what was counted as what.
    """
    return {name: ours for name in sorted(names) if (ours := our_type(name))}
