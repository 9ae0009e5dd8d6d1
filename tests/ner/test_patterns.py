"""The patterns: what has a shape is found, what only looks like it is not."""

import itertools

import pytest

from realsam_edu.ner import examples
from realsam_edu.ner.checksums import IBAN_LENGTHS, iban_check, iban_valid, luhn_digit, luhn_valid
from realsam_edu.ner.patterns import KINDS, find, verdict
from realsam_edu.ner.score import score


def found(text: str) -> list[tuple[str, str]]:
    return [(kind, text[start:end]) for start, end, kind in find(text)]


def test_luhn_on_numbers_of_the_card_firms_test_pages():
    for number in (
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "340000000000009",
        "30000000000004",
    ):
        assert luhn_valid(number)
        digits = "".join(filter(str.isdigit, number))
        assert luhn_digit(digits[:-1]) == digits[-1]
        for wrong in set("0123456789") - {digits[-1]}:
            assert not luhn_valid(digits[:-1] + wrong)
    assert not luhn_valid("") and not luhn_valid("0")


def test_ibans_of_the_registry():
    for iban in ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO9386011117947"):
        assert iban_valid(iban) and iban_valid(iban.lower()) and iban_valid(iban.replace(" ", "-"))
        code = iban.replace(" ", "")
        assert iban_check(code[:2], code[4:]) == code[2:4]
        assert not iban_valid(code[:-1]) and not iban_valid(code + "0")
        assert not iban_valid(code[:-1] + str((int(code[-1]) + 1) % 10))
    assert not iban_valid("ZZ82WEST12345698765432") and not iban_valid("")
    assert min(IBAN_LENGTHS.values()) == 15 and max(IBAN_LENGTHS.values()) == 31


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("mail ana.ruiz+x@mail.acme.co.uk.", [("EMAIL_ADDRESS", "ana.ruiz+x@mail.acme.co.uk")]),
        ("see https://acme.com/a?b=1, or acme.org.", [
            ("URL", "https://acme.com/a?b=1"), ("URL", "acme.org")]),
        ("from 10.0.0.12:8080", [("IP_ADDRESS", "10.0.0.12")]),
        ("to 2001:db8::1f and fe80::1", [
            ("IP_ADDRESS", "2001:db8::1f"), ("IP_ADDRESS", "fe80::1")]),
        ("card 4111-1111-1111-1111.", [("CREDIT_CARD", "4111-1111-1111-1111")]),
        ("from GB82 WEST 1234 5698 7654 32 to NO9386011117947", [
            ("IBAN", "GB82 WEST 1234 5698 7654 32"), ("IBAN", "NO9386011117947")]),
        ("SSN 219099999, or 219-09-9999", [("US_SSN", "219099999"), ("US_SSN", "219-09-9999")]),
        ("call (212) 555-0199 x12", [("PHONE_NUMBER", "(212) 555-0199 x12")]),
        ("call +44 20 7946 0958 now", [("PHONE_NUMBER", "+44 20 7946 0958")]),
        ("on 2021-03-04 at 14:30", [("DATE_TIME", "2021-03-04"), ("DATE_TIME", "14:30")]),
        ("on March 3rd, 2021", [("DATE_TIME", "March 3rd, 2021")]),
        ("a 34-year-old, aged 34", [("AGE", "34"), ("AGE", "34")]),
        ("Austin, TX 78701", [("ZIP_CODE", "78701")]),
        ("at SW1A 1AA", [("ZIP_CODE", "SW1A 1AA")]),
        ("12 Old Mill Road, Apt 4", [("STREET_ADDRESS", "12 Old Mill Road, Apt 4")]),
        ("driver license B1234567", [("US_DRIVER_LICENSE", "B1234567")]),
        ("Dr. Ruiz", [("TITLE", "Dr.")]),
    ],
)  # fmt: skip
def test_shapes_are_found(text, what):
    assert found(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "card 4111-1111-1111-1112",  # fails the Luhn test
        "account GB83 WEST 1234 5698 7654 32",  # fails mod 97
        "id 666-12-3456 or 000-12-3456 or 123-00-4567",
        "host 10.0.0.300, and 1.2.3",
        "part B1234567, order 219099999",  # nobody speaks of licences or social security
        "version 4.12, ratio 16:9, 3/4 cup, 24/7",
        "may will rose mark, July, Monday",
        "",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text):
    assert found(text) == []


def test_the_more_trusted_rule_takes_it_all():
    assert found("driver license, SSN 219-09-9999") == [("US_SSN", "219-09-9999")]
    assert found("my licence 4111111111111111") == [("CREDIT_CARD", "4111111111111111")]


def test_verdicts():
    assert verdict("CREDIT_CARD", "4111 1111\n1111 1111") is True
    assert verdict("CREDIT_CARD", "4111 1111 1111 1112") is False
    assert verdict("IBAN", "DE89 3704 0044\n0532 0130 00") is True
    assert verdict("IBAN", "DE88 3704 0044 0532 0130 00") is False
    assert verdict("US_SSN", "219 09 9999") is True and verdict("US_SSN", "900-12-3456") is False
    assert verdict("IP_ADDRESS", "::1") is True and verdict("IP_ADDRESS", "1.2.3.400") is False
    assert verdict("IP_ADDRESS", "") is False
    assert verdict("EMAIL_ADDRESS", "a@b.de") is True and verdict("EMAIL_ADDRESS", "a@b") is False
    assert verdict("PERSON", "Ana") is None


def test_codes_with_checksums_are_found_in_the_projects_own_texts():
    gold = list(itertools.islice(examples("train", 1, noise=0), 1500))
    guesses = [find(example.text) for example in gold]
    assert all(a.end <= b.start for spans in guesses for a, b in itertools.pairwise(spans))
    result = score(gold, guesses, KINDS)
    for kind in ("CREDIT_CARD", "IBAN", "EMAIL_ADDRESS", "URL", "IP_ADDRESS", "US_SSN"):
        assert result["by_type"][kind]["f1"] > 0.95, kind
    assert result["by_type"]["TITLE"]["f1"] < 0.95  # a rival, not a judge


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a.", "A1 ", "+1-", "1:", "Aa ", "12/", "x@", "GB82 "]
)
def test_a_long_line_of_nasty_pieces_comes_back(piece):
    """Nested repetitions would not come back within the age of the universe."""
    spans = find(piece * (200_000 // len(piece)))
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
