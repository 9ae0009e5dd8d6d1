"""Tokenizers: exact both ways on any text, deterministic, and never fooled by a spelling."""

import json
import os
import random
import re
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text.bpe_lesson import learn_merges, merge, segment
from realsam_edu.text.tokenizer import SMALLEST_VOCAB, SPECIALS, BPETokenizer, CharTokenizer

TALES = [
    "Once upon a time there was a little cat. The cat wanted a red ball.",
    "Tom and Mia went to the park. They played with the ball, and Tom was happy!",
    'One day, Mia said, "Let us find the red ball." The little cat was happy too.\nThe end.',
    "<|user|>Where is the cat?<|sam|>The cat is in the park with Tom.",
] * 5
# Where random characters come from: each a range of code points.
RANGES = [
    (0x20, 0x7E),  # ASCII
    (0x00, 0x1F),  # control characters
    (0x7F, 0x9F),  # more of them
    (0xA0, 0x24F),  # Latin letters with marks
    (0x300, 0x36F),  # combining marks
    (0x5D0, 0x6FF),  # Hebrew and Arabic
    (0x900, 0x97F),  # Devanagari
    (0x2000, 0x206F),  # spaces of all widths, joiners, direction marks
    (0x4E00, 0x9FFF),  # Chinese
    (0xE000, 0xFFFF),  # private use, variants, the non-characters U+FFFE and U+FFFF
    (0x10000, 0x10FFFF),  # the sixteen planes above
    (0x1F300, 0x1FAFF),  # emoji
]
WHOLE = [
    *SPECIALS,
    "<|",
    "|>",
    " ",
    "\r\n",
    "\n\n",
    "\t",
    "👩‍👩‍👧‍👦",
    "🇫🇷",
    "é",
    "e\u0301",
    "ﬁ",
    "\ufeff",
]


@pytest.fixture(scope="module")
def bpe() -> BPETokenizer:
    return BPETokenizer.train(TALES, 400)


def random_text(rng: random.Random) -> str:
    def one() -> str:
        if rng.random() < 0.1:
            return rng.choice(WHOLE)
        return chr(rng.randint(*rng.choice(RANGES)))

    return "".join(one() for _ in range(rng.randint(0, 40)))


def test_ten_thousand_random_texts_come_back(bpe):
    rng = random.Random(1)
    for _ in range(10_000):
        text = random_text(rng)
        tokens = bpe.encode(text)
        assert bpe.decode(tokens) == text
        assert not len(tokens) or tokens.min() > bpe.SAM  # the spelling of a special is plain text


@settings(max_examples=300)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_documents_come_back(bpe, texts):
    tokens = bpe.encode_documents(texts)
    assert bpe.decode(tokens) == "".join(text + SPECIALS[0] for text in texts)


def test_types_and_shapes(bpe):
    tokens = bpe.encode("the little cat")
    assert tokens.dtype == torch.int64 and tokens.ndim == 1
    assert bpe.encode("").shape == (0,)
    assert (bpe.kind, CharTokenizer.kind) == ("bpe", "characters")
    assert SMALLEST_VOCAB < bpe.vocab_size <= 400


def test_markers_become_specials_only_in_documents(bpe):
    text = "<|user|>Hi, Sam!<|sam|>Hello."
    tokens = bpe.encode_document(text).tolist()
    assert [t for t in tokens if t < 3] == [bpe.USER, bpe.SAM, bpe.END]
    assert (tokens[0], tokens[-1]) == (bpe.USER, bpe.END)
    assert bpe.decode(tokens) == text + "<|endoftext|>"
    assert bpe.encode(text).min() > 2
    assert bpe.encode_document("a<|endoftext|>b").tolist().count(bpe.END) == 1  # its own, last


def test_no_token_crosses_a_word_boundary(bpe):
    texts = [bpe.token_text(t) for t in range(3, bpe.vocab_size)]
    assert " the" in texts
    assert not [text for text in texts if re.search(r"\S\s", text)]


def test_token_text(bpe):
    assert [bpe.token_text(t) for t in range(3)] == list(SPECIALS)
    assert bpe.token_text(bpe.encode("é")[0]) == "�"  # the first of two bytes


def test_same_text_same_tokenizer_in_any_process(bpe):
    code = (
        "import json, sys; from realsam_edu.text.tokenizer import BPETokenizer as T;"
        "print(T.train(json.load(sys.stdin), 400).sha256)"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(TALES),
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == bpe.sha256


def test_nothing_is_learnt_from_markers():
    bpe = BPETokenizer.train(["<|user|>a<|sam|>b<|endoftext|>"] * 100, 400)
    assert bpe.vocab_size == SMALLEST_VOCAB


def test_json_and_back(bpe):
    again = BPETokenizer.from_json(bpe.to_json())
    assert again.sha256 == bpe.sha256
    text = "the <|sam|> cat"
    assert again.encode(text).tolist() == bpe.encode(text).tolist()


@pytest.mark.parametrize("vocab", [0, 200, 258, 65_537])
def test_impossible_vocabulary(vocab):
    with pytest.raises(RealSamError, match="at least 259"):
        BPETokenizer.train(TALES, vocab)


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"model": 3}'])
def test_what_is_no_tokenizer(text):
    with pytest.raises(RealSamError, match="not a tokenizer"):
        BPETokenizer.from_json(text)


def test_tokenizer_of_another_project(bpe):
    other = bpe.to_json().replace("<|sam|>", "<|tom|>")
    with pytest.raises(RealSamError, match="lacks"):
        BPETokenizer.from_json(other)


def test_half_a_character_is_told(bpe):
    with pytest.raises(RealSamError, match="surrogate"):
        bpe.encode("\ud83d")


# --- the lesson -------------------------------------------------------------------------------


def test_lesson_merges_the_most_frequent_pair():
    merges = learn_merges("low low low lower lowest", 4)
    assert merges[:3] == [("l", "o"), ("lo", "w"), (" ", "low")]
    assert learn_merges("ab", 9) == [("a", "b")]  # and then there is nothing left to merge
    assert learn_merges("", 9) == []


def test_lesson_joins_from_left_to_right():
    assert merge(list("aaabaa"), ("a", "a")) == ["aa", "a", "b", "aa"]


def test_lesson_shows_each_merge():
    merges = learn_merges("the cat and the hat", 3)
    steps = segment("the bat", merges)
    assert steps[0] == list("the bat")
    assert all("".join(step) == "the bat" for step in steps)
    assert [len(step) for step in steps] == sorted({len(step) for step in steps}, reverse=True)


def test_lesson_agrees_with_the_library():
    rng = random.Random(0)  # so long a text that no two pairs are equally frequent for a while
    letters = {"weights": range(1, 27), "k": 30_000}
    text = "".join(rng.choices("abcdefghijklmnopqrstuvwxy ", **letters))
    text = re.sub(r"(.)\1+", r"\1", text).strip()  # and "aaa" is no question of how to count
    library = json.loads(BPETokenizer.train([text], SMALLEST_VOCAB + 40).to_json())
    theirs = [tuple(part.replace("Ġ", " ") for part in pair) for pair in library["model"]["merges"]]
    assert learn_merges(text, 15) == theirs[:15]
