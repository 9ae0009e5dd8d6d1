"""Texts of any length: nothing lost, nothing twice, whatever pieces a text arrives in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ner.stand_ins import knowing

from realsam_edu.ner import find
from realsam_edu.ner.decode import TAGS, Found
from realsam_edu.ner.find import CONTEXT, MIDDLE, Finder, windows
from realsam_edu.ner.tagger import Tagger, TaggerConfig
from realsam_edu.ner.words import words

BITS = (
    "Ana Ruiz",
    "Ana",
    "Bo",
    "Elm St Leeds",
    "and then",
    "é\u0301\u200d",
    "\n",
    "  ",
    "🙂",
    "x" * 90,
)
TEXTS = st.lists(st.sampled_from(BITS), max_size=40).map(" ".join)


def expected(text):
    """The spans of a text, found without windows."""
    places = []
    for value, kind in (("Ana Ruiz", "PERSON"), ("Elm St Leeds", "STREET_ADDRESS")):
        start = text.find(value)
        while start >= 0:
            places.append((start, start + len(value), kind))
            start = text.find(value, start + 1)
    return sorted(places)


def streamed(finder, pieces):
    passages = list(finder.stream(pieces))
    text = "".join(passage.text for passage in passages)
    place = 0
    for passage in passages:
        assert passage.start == place
        place += len(passage.text)
        assert all(passage.start <= s.start and s.end <= place for s in passage.spans)
    return text, [span for passage in passages for span in passage.spans]


def in_pieces(text, sizes):
    place = 0
    for size in sizes:
        yield text[place : place + size]
        place += size
    yield text[place:]


@pytest.fixture
def small(monkeypatch):
    """Windows of a few words, so that short texts have many borders."""
    monkeypatch.setattr(find, "MIDDLE", 5)
    monkeypatch.setattr(find, "CONTEXT", 4)
    monkeypatch.setattr(find, "SIDE_BY_SIDE", 2)


@given(count=st.integers(0, 3 * (MIDDLE + CONTEXT)))
def test_each_word_is_in_the_middle_of_one_window(count):
    found = list(words("a " * count))
    cut = list(windows(found))
    assert [w for window in cut for w in window.words[window.first : window.last]] == found
    for window in cut:
        assert len(window.words) <= MIDDLE + 2 * CONTEXT
        assert window.first == CONTEXT or window.words[0] == found[0]
        assert len(window.words) - window.last == CONTEXT or window.words[-1] == found[-1]


@given(text=TEXTS, sizes=st.lists(st.integers(0, 150), max_size=8))
@settings(max_examples=60)
def test_the_pieces_in_which_a_text_arrives_do_not_matter(text, sizes):
    finder = knowing()
    whole, spans = streamed(finder, in_pieces(text, sizes))
    assert whole == text
    assert spans == finder.find([text])[0]


@given(text=TEXTS, sizes=st.lists(st.integers(0, 150), max_size=8))
@settings(max_examples=60)
def test_the_words_of_a_text_in_pieces_are_those_of_the_whole(text, sizes):
    assert list(find.Arriving(in_pieces(text, sizes)).words()) == list(words(text))


@pytest.mark.usefixtures("small")
def test_windows_that_disagree_find_nothing_twice(monkeypatch):
    """The first sees a span over its border, the second one that begins inside of it."""
    over, inside, behind = (
        Found(8, 13, "PERSON", 1),
        Found(12, 13, "AGE", 1),
        Found(16, 17, "AGE", 1),
    )
    answers = {"a": [over], "b": [inside, behind]}  # by the first word of a window
    monkeypatch.setattr(Finder, "spans", lambda self, batch: [answers[w[0].text] for w in batch])
    text = "a b c d e f g h i"
    assert streamed(knowing(), [text])[1] == [over, behind]
    assert knowing().find([text])[0] == [over, behind]


def test_what_fills_up_changes_no_sequence():
    finder = knowing()
    finder.model.tag[0] = TAGS.index("I-PERSON")  # what the tagger says of filling
    assert finder.find(["so", "so " * 100, "Bo"])[:2] == [[], []]


@pytest.mark.usefixtures("small")
def test_a_span_over_any_border_is_found_once():
    finder = knowing()
    for before in range(25):
        for value in ("Ana Ruiz", "Elm St Leeds"):
            text = "so " * before + value + " so" * 12
            assert [span[:3] for span in finder.find([text])[0]] == expected(text)
            assert [span[:3] for span in streamed(finder, in_pieces(text, [7, 3]))[1]] == expected(
                text
            )


def test_texts_side_by_side_have_the_spans_they_have_alone():
    finder = knowing()
    texts = ["Ana Ruiz", "", "nobody", "so " * 300 + "Bo", " \n", "Bo met Ana Ruiz in Elm St Leeds"]
    assert finder.find(texts) == [finder.find([text])[0] for text in texts]


def test_a_spiking_tagger_reads_a_text_alike_whatever_fills_up():
    model = Tagger(TaggerConfig(len(TAGS), rows=512, hidden=32, depth=2))
    finder, short = Finder(model), list(words("Ana Ruiz lives in Leeds, Elm St 12."))
    alone = finder.read([short])[0]
    beside = finder.read([short, list(words("so " * 50))])[0][: len(short)]
    assert abs(alone - beside).max() < 1e-5


@pytest.mark.parametrize("threshold", [0.05, 0.5, 0.999])
def test_every_span_is_as_sure_as_the_threshold_asks(threshold):
    model = Tagger(TaggerConfig(len(TAGS), rows=512, hidden=32, depth=2))
    spans = Finder(model, threshold).find(["Ana Ruiz lives in Leeds, Elm St 12. " * 5])[0]
    assert all(span.score >= threshold for span in spans)


def test_only_what_nobody_has_taken_yet_is_kept():
    finder, kept = knowing(), []

    def pieces():
        for _ in range(30):
            yield "Ana Ruiz met Bo. " * 100
            kept.append(len(arriving.text))

    arriving = find.Arriving(pieces())
    original = find.Arriving
    find.Arriving = lambda chunks: arriving
    try:
        text, spans = streamed(finder, [])
    finally:
        find.Arriving = original
    assert len(text) == 30 * 1700 and len(spans) == 6000
    assert max(kept) < 2 * 1700 + (find.SIDE_BY_SIDE + 1) * MIDDLE * 8
