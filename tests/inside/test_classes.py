"""The rules of the classes, on a few lines that one can check by eye."""

import numpy as np
import pytest

from realsam_edu.inside.classes import LETTERS, WORDS, each, label, within, words

PLAY = "KATE:\nO, fie! 'tis late.\nCome, Anthony\n"
STORY = ["This", " is", " J", "im", ".", " He", " said", ",", ' "', "I", " am", " J", "im", '!"']
STORY += ["\n", "The", " end", ".", "<|endoftext|>", "A", " cat", "."]


def held(rule, pieces) -> str:
    return "|".join(piece for piece, inside in zip(pieces, rule(pieces), strict=True) if inside)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vowel", "A|E|O|i|e|i|a|e|o|e|A|o"),
        ("capital", "K|A|T|E|O|C|A"),
        ("new line", "\n|\n|\n"),
        ("comma", ",|,"),
        ("end of sentence", "!|."),
        ("first letter of a word", "K|O|f|t|l|C|A"),
        ("fifth letter or later", "o|n|y"),
        ("speaker's name", "K|A|T|E"),
    ],
)
def test_letters(name, expected):
    assert held(LETTERS[name], list(PLAY)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("function word", "The|A"),
        ("pronoun", " He|I"),
        ("verb of saying", " said"),
        ("beginning of a name", " J| J"),
        ("inside of a word", "im|im"),
        ("comma", ","),
        ("end of sentence", '.|!"|.|.'),
        ("quotation mark", ' "|!"'),
        ("inside a quotation", 'I| am| J|im|!"'),
        ("first word of a sentence", "This| He|I|The"),
        ("first sentence of a text", "A| cat"),
    ],
)
def test_words(name, expected):
    assert held(WORDS[name], STORY) == expected


def test_every_letter_and_every_space_has_its_class():
    rows = dict(zip(LETTERS, label(list(PLAY), LETTERS), strict=True))
    letters = np.array([char.isalpha() for char in PLAY])
    assert np.array_equal(rows["vowel"] ^ rows["consonant"], letters)
    assert rows["space"].sum() == PLAY.count(" ")


def test_labels_have_a_row_per_class_and_a_column_per_piece():
    found = label(["a", " b", "ab"], {"a": each(lambda piece: "a" in piece), "b": words("b")})
    assert found.dtype == bool and found.tolist() == [[True, False, True], [False, True, False]]


def test_a_place_is_where_the_first_letter_of_a_piece_stands():
    assert within("b+")([" b", "ba", " ", "", " ab"]) == [True, True, False, False, False]
    assert within("b")([]) == []
