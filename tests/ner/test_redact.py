"""Redaction: outside of the spans nothing changes, not one byte, and memory stays flat."""

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ner.stand_ins import knowing

from realsam_edu.ner.labels import TYPES
from realsam_edu.ner.redact import WAYS, Redactor, as_json, as_text, stand_in
from realsam_edu.runtime.errors import RealSamError

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
AROUND = st.lists(
    st.one_of(st.sampled_from(["Ana Ruiz", " Bo ", "\r\n", "\ufeff"]), ANYTHING), max_size=12
)


def redacted(text, way="type", size=50, **how):
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return list(Redactor(way, **how).passages(knowing(), pieces))


def as_one(parts, out):
    written = []
    out(parts, written.append)
    return "".join(written)


@given(text=AROUND.map("".join), way=st.sampled_from(WAYS), size=st.integers(1, 80))
@settings(max_examples=80)
def test_outside_of_the_spans_nothing_changes(text, way, size):
    parts = redacted(text, way, size)
    spans = [span for part in parts for span in part.spans]
    new = [value for part in parts for value in part.new]
    kept, place = [], 0
    for span, value in zip(spans, new, strict=True):
        kept += [text[place : span.start], value]
        place = span.end
    assert as_one(parts, as_text).encode() == "".join([*kept, text[place:]]).encode()


def test_three_ways():
    text = "Ana Ruiz met Bo in Elm St Leeds."
    assert as_one(redacted(text), as_text) == "<PERSON> met <PERSON> in <STREET_ADDRESS>."
    assert as_one(redacted("Ana\tRuiz", "mask"), as_text) == "***\t****"
    fake = as_one(redacted("Ana Ruiz met Bo; then Ana Ruiz left.", "fake"), as_text)
    name = stand_in("Ana Ruiz", "PERSON")
    assert fake == f"{name} met {stand_in('Bo', 'PERSON')}; then {name} left."
    with pytest.raises(RealSamError, match="mask, type, fake"):
        Redactor("burn")


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_has_one_stand_in_per_seed(kind):
    assert stand_in("ANA  ruiz", kind) == stand_in("Ana Ruiz", kind)
    others = {stand_in(f"Ana {n}", kind) for n in range(20)} | {stand_in("Ana Ruiz", kind, 1)}
    assert len(others) > 3 and all(others)


@given(text=AROUND.map("".join))
@settings(max_examples=40)
def test_the_json_is_one_line_with_text_and_spans(text):
    parts = redacted(text)
    line = as_one(parts, as_json)
    content = json.loads(line)
    assert line.endswith("\n") and content["text"] == as_one(parts, as_text)
    assert [text[s["start_position"] : s["end_position"]] for s in content["spans"]] == [
        text[s.start : s.end] for part in parts for s in part.spans
    ]


def test_a_checksum_confirms_or_rejects():
    from realsam_edu.ner.confirm import confirmed
    from realsam_edu.ner.decode import Found

    text = "pay 4111 1111 1111 1111 or 4111 1111 1111 1112 to a@b.io or a@b, 10.0.0.1 or 10.0.0.300"
    values = {
        "CREDIT_CARD": ("4111 1111 1111 1111", "4111 1111 1111 1112"),
        "EMAIL_ADDRESS": ("a@b.io", "a@b,"),
        "IP_ADDRESS": ("10.0.0.1 ", "10.0.0.300"),
    }
    spans = []
    for kind, both in values.items():
        for value in both:
            start = text.index(value)
            spans.append(Found(start + 7, start + 7 + len(value.strip(" ,")), kind, 0.6))
    kept = confirmed(text, spans, start=7)
    assert [text[s.start - 7 : s.end - 7] for s in kept] == [v[0].strip() for v in values.values()]
    assert [s.score for s in kept] == [1.0, 0.6, 0.6]


def test_memory_does_not_grow_with_the_text():
    redactor, finder = Redactor("mask"), knowing()

    def peak(pieces):
        tracemalloc.start()
        for part in redactor.passages(
            finder, ("so Ana Ruiz met Bo. " * 500 for _ in range(pieces))
        ):
            assert "Ana" not in part.text
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high

    peak(5)  # fills the caches
    assert peak(40) < 1.2 * peak(5)
