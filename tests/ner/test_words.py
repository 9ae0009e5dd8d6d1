"""Words: everything but single blanks is in one, and no word is unknown."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realsam_edu.ner.words import LONGEST, PIECES, fired_by, pieces, shape, words

SOMETHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def texts(text):
    return [word.text for word in words(text)]


@given(SOMETHING)
def test_only_single_blanks_are_in_no_word(text):
    found = list(words(text))
    place = 0
    for word in found:
        assert text[word.start : word.end] == word.text
        assert text[place : word.start] == (" " if word.spaced else "")
        assert len(word.text) <= 4 * LONGEST
        place = word.end
    assert text[place:] in ("", " ")


@given(SOMETHING)
def test_a_walk_may_begin_behind_any_word(text):
    found = list(words(text))
    for n, word in enumerate(found):
        assert list(words(text, word.end)) == found[n + 1 :]


def test_what_a_word_is():
    assert texts("Dr. O'Neil, 12a  Main St.\n") == [
        *("Dr", ".", "O", "'", "Neil", ",", "12", "a", "  ", "Main", "St", ".", "\n")
    ]
    assert texts("DE89 3704-0044") == ["DE", "89", "3704", "-", "0044"]
    assert texts("李明住在") == list("李明住在")
    accents = unicodedata.normalize("NFD", "Zoë Núñez")
    assert texts(accents) == accents.split()


@pytest.mark.parametrize(
    ("word", "looks"), [("Anna", "Xx"), ("McCoy", "XxXx"), ("IBM", "XXX"), ("1984", "dddd")]
)
def test_the_looks_of_a_word(word, looks):
    assert shape(word) == looks


@given(SOMETHING, st.integers(2, 2**15))
def test_every_word_fires_some_inputs_that_exist(text, rows):
    found = list(words(text))
    fired = fired_by(found, rows)
    assert fired.shape == (len(found), PIECES)
    assert (fired >= 0).all() and (fired < rows).all()
    assert (fired[:, :3] > 0).all()  # itself, its looks or length, the blank


def test_words_that_look_alike_share_most_of_their_inputs():
    def inputs(word, spaced=True):
        return set(np.frombuffer(pieces(word, spaced, 2**20), np.int32)) - {0}

    one, other = inputs("Petersen"), inputs("Pedersen")
    assert one != other and len(one & other) > len(one) / 2
    assert len(inputs("Petersen") ^ inputs("Petersen", spaced=False)) == 2
