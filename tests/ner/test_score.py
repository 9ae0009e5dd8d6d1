"""Scores, reckoned by hand."""

import pytest

from realsam_edu.ner import Example, Span
from realsam_edu.ner.score import Counts, score, table

#                0         1         2
#                0123456789012345678901234567
TEXT = Example("Ana Ruiz of Acme, 34, Berlin", (
    Span(0, 8, "PERSON"), Span(12, 16, "ORGANIZATION"), Span(18, 20, "AGE"),
    Span(22, 28, "LOCATION"),
))  # fmt: skip


def test_all_right():
    result = score([TEXT], [TEXT.spans])
    assert result["texts"] == 1 and result["spans"] == 4 and result["characters"] == 20
    for key in ("span_precision", "span_recall", "span_f1", "char_precision", "char_f2"):
        assert result[key] == 1
    assert set(result["by_type"]) == {"PERSON", "ORGANIZATION", "AGE", "LOCATION"}


def test_by_hand():
    found = [
        Span(0, 3, "PERSON"),  # too short
        Span(12, 16, "PERSON"),  # another type
        Span(18, 20, "AGE"),  # right
        Span(9, 11, "LOCATION"),  # nothing there
    ]
    result = score([TEXT], [found])
    assert result["span_precision"] == pytest.approx(1 / 4)
    assert result["span_recall"] == pytest.approx(1 / 4)
    assert result["span_f1"] == pytest.approx(1 / 4)
    # private: 8 + 4 + 2 + 6 = 20; found: 3 + 4 + 2 + 2 = 11; both: 3 + 4 + 2 = 9
    assert result["char_precision"] == pytest.approx(9 / 11)
    assert result["char_recall"] == pytest.approx(9 / 20)
    assert result["char_f2"] == pytest.approx(5 * 9 / (4 * 20 + 11))
    person, age = result["by_type"]["PERSON"], result["by_type"]["AGE"]
    assert (person["spans"], person["precision"], person["recall"], person["f1"]) == (1, 0, 0, 0)
    assert person["char_f2"] == pytest.approx(5 * 3 / (4 * 8 + 7))
    assert (age["precision"], age["recall"], age["f1"], age["char_f2"]) == (1, 1, 1, 1)


def test_the_average_is_over_spans_not_over_texts():
    other = Example("Bo", (Span(0, 2, "PERSON"),))
    result = score([TEXT, other], [TEXT.spans, []])
    assert result["span_recall"] == pytest.approx(4 / 5)
    assert result["span_precision"] == 1
    assert result["span_f1"] == pytest.approx(8 / 9)
    assert result["char_recall"] == pytest.approx(20 / 22)


def test_other_types_count_on_neither_side():
    found = [Span(0, 8, "PERSON"), Span(18, 20, "ZIP_CODE")]
    result = score([TEXT], [found], types=("PERSON", "AGE"))
    assert result["spans"] == 2 and result["characters"] == 10
    assert (result["span_precision"], result["span_recall"]) == (1, 0.5)
    assert list(result["by_type"]) == ["PERSON", "AGE"]


def test_a_span_found_twice_is_right_once():
    result = score([TEXT], [[Span(0, 8, "PERSON")] * 2])
    assert result["span_precision"] == 0.5 and result["char_precision"] == 1


def test_nothing_there():
    empty = Example("nothing", ())
    assert score([empty], [[]])["span_f1"] == score([empty], [[]])["char_f2"] == 1
    wrong = score([empty], [[Span(0, 7, "PERSON")]])
    assert wrong["span_f1"] == wrong["char_f2"] == wrong["span_recall"] == 0
    missed = score([TEXT], [[]])
    assert missed["span_f1"] == missed["char_f2"] == missed["span_precision"] == 0


def test_f2_prefers_recall():
    assert Counts(right=8, found=16, there=8).f(2) > Counts(right=8, found=8, there=16).f(2)
    assert Counts(right=8, found=16, there=8).f(1) == Counts(right=8, found=8, there=16).f(1)


def test_a_text_without_guesses_is_a_mistake():
    with pytest.raises(ValueError, match="shorter"):
        score([TEXT, TEXT], [TEXT.spans])


def test_the_table_says_what_was_counted_as_what():
    lines = table(score([TEXT], [TEXT.spans]), {"GPE": "LOCATION"}).splitlines()
    assert lines[0] == "GPE is counted as LOCATION"
    assert len(lines) == 7 and lines[-1].split() == ["all", "4", "1.000", "1.000", "1.000", "1.000"]
