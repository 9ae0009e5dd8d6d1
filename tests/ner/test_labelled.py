"""Types under our names, and files of presidio-research's schema: read, written, refused."""

import json

import pytest

from realsam_edu.ner import Example, Span, labelled, write_labelled
from realsam_edu.ner.labelled import type_names
from realsam_edu.ner.labels import OTHER_NAMES, TYPES, our_type, presidio_name, type_map
from realsam_edu.runtime.errors import RealSamError

TEXT = "Ana Ruiz, 34, lives in Köln 👋"
SPANS = (Span(0, 8, "PERSON"), Span(10, 12, "AGE"), Span(23, 27, "LOCATION"))


def record(*spans, text=TEXT) -> dict:
    rows = [
        dict(zip(("start_position", "end_position", "entity_type"), s, strict=True)) for s in spans
    ]
    return {"full_text": text, "spans": rows}


def written(path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def refusal(path) -> str:
    with pytest.raises(RealSamError) as caught:
        labelled(path)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and str(path) in sentence
    return sentence


def test_types_are_those_of_the_issue():
    assert len(set(TYPES)) == len(TYPES) == 17
    assert set(OTHER_NAMES.values()) <= set(TYPES)
    assert not set(OTHER_NAMES) & set(TYPES)


def test_names_of_presidio_research_become_ours():
    pairs = {"GPE": "LOCATION", "PREFIX": "TITLE", "ADDRESS": "STREET_ADDRESS", "IBAN_CODE": "IBAN"}
    for theirs, ours in pairs.items():
        assert our_type(theirs) == ours
    assert our_type("PERSON") == "PERSON" and our_type("SHOE_SIZE") is None
    assert presidio_name("IBAN") == "IBAN_CODE" and presidio_name("AGE") == "AGE"
    assert all(our_type(presidio_name(kind)) == kind for kind in TYPES)
    assert type_map({"GPE", "SHOE_SIZE", "AGE"}) == {"AGE": "AGE", "GPE": "LOCATION"}


def test_what_is_written_is_read_again(tmp_path):
    examples = [Example(TEXT, SPANS), Example("nothing\r\nhere", ())]
    write_labelled(tmp_path / "a.json", examples)
    assert labelled(tmp_path / "a.json") == examples
    first = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))[0]
    assert first["spans"][2]["entity_value"] == "Köln"
    assert type_names(tmp_path / "a.json") == {"PERSON", "AGE", "LOCATION"}


def test_spans_are_sorted_and_their_types_renamed(tmp_path):
    path = written(tmp_path / "a.json", [record((23, 27, "GPE"), (0, 8, "PERSON"))])
    assert labelled(path) == [Example(TEXT, (SPANS[0], SPANS[2]))]
    assert labelled(path)[0].values() == [("PERSON", "Ana Ruiz"), ("LOCATION", "Köln")]
    assert type_names(path) == {"GPE", "PERSON"}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is empty"),
        ("  \n", "nothing but white space"),
        ("{not json", "line 1: this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("{}", "is no list"),
        ("[]", "is no list"),
        ([{"text": "other schema"}], "record 1 has no text under full_text"),
        ([record(), {"full_text": "x", "labels": []}], "record 2 has no list under spans"),
        ([{"full_text": "x", "spans": [[0, 1, "PERSON"]]}], "a span without whole numbers"),
        ([record((0, "8", "PERSON"))], "a span without whole numbers"),
        ([record((0, True, "PERSON"))], "a span without whole numbers"),
        ([record((20, 40, "PERSON"))], "does not lie within the 29 characters"),
        ([record((-3, 4, "PERSON"))], "does not lie within"),
        ([record((4, 4, "PERSON"))], "does not lie within"),
        ([record((0, 8, "PERSON"), (4, 12, "AGE"))], "0 to 8 and 4 to 12 overlap"),
        ([record((0, 8, "SHOE_SIZE"))], "'SHOE_SIZE' is a type that Sam does not know"),
        ([record((0, 8, None))], "None is a type that Sam does not know"),
    ],
)
def test_another_file_is_refused_in_one_sentence(tmp_path, content, what):
    assert what in refusal(written(tmp_path / "a.json", content))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\x80\x02}q\x00.")
    assert "not UTF-8 text" in refusal(tmp_path / "a.json")
    assert "Cannot read" in refusal(tmp_path / "missing.json")


def test_spans_may_touch(tmp_path):
    path = written(tmp_path / "a.json", [record((0, 3, "PERSON"), (3, 8, "PERSON"))])
    assert [span.end for span in labelled(path)[0].spans] == [3, 8]
