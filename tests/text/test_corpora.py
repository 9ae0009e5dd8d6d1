"""Texts: the installed plays, the checked file, the floors, and what bad input is told."""

import dataclasses
import hashlib
import json
import math
import os
import random
import re
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realsam_edu import cli
from realsam_edu.runtime import files
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.files import read_text
from realsam_edu.text import corpora, shakespeare
from realsam_edu.text import levels as grading
from realsam_edu.text.public_sets import clean, oasst
from realsam_edu.text.tokenizer import SPECIALS, SPELLED

SHARED = Path(__file__).parents[3] / "shared" / "data" / "tinyshakespeare.txt"
TINY_CHARS = set("\n !$&',-.3:;?" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def test_plays_offline():
    plays = corpora.load_corpus("shakespeare")
    assert 4_000_000 < len(plays.train) < 4_300_000
    assert 0.08 < len(plays.val) / len(plays.train) < 0.13
    assert set(plays.train + plays.val) <= TINY_CHARS
    assert "Friends, Romans, countrymen, lend me your ears" in plays.val
    assert "Friends, Romans" not in plays.train
    assert plays.sha256 == corpora.load_corpus("shakespeare").sha256


def test_play_text_keeps_speech_only():
    markdown = (
        "# Hamlet\n\n## ACT I\n\n_Enter two\nsentinels_\n\n**BERNARDO**  \nWho's there?  \n\n"
        "**FRANCISCO**  \n_\\[Aside]_ Nay—answer me:  \nstand.\n\n*Exit*\n"
    )
    expected = "BERNARDO:\nWho's there?\n\nFRANCISCO:\nNay--answer me:\nstand.\n\n"
    assert shakespeare.play_text(markdown) == expected


@pytest.mark.skipif(
    not SHARED.exists() and "CI" not in os.environ, reason="Tiny Shakespeare not here"
)
def test_tiny_shakespeare_from_path():
    if not SHARED.exists():
        return
    tiny = corpora.load_corpus("tiny_shakespeare", path=SHARED)
    assert len(tiny.train) == 1_003_854
    assert len(tiny.val) == 111_540
    assert tiny.train.startswith("First Citizen:")


def test_floors_of_known_sources():
    assert corpora.floors("ab" * 500) == pytest.approx({"unigram": math.log(2), "bigram": 0.0})
    assert corpora.floors("a" * 10) == pytest.approx({"unigram": 0.0, "bigram": 0.0})


def test_unknown_corpus():
    with pytest.raises(RealSamError, match="choose one of shakespeare, tiny_shakespeare"):
        corpora.load_corpus("moby_dick")


def test_missing_truncated_and_altered_corpus(tmp_path):
    with pytest.raises(RealSamError, match="give the path"):
        corpora.load_corpus("tiny_shakespeare", path=tmp_path / "none.txt")
    short = tmp_path / "short.txt"
    short.write_text("First Citizen:\n")
    with pytest.raises(RealSamError, match="15 bytes of 1,115,394"):
        corpora.load_corpus("tiny_shakespeare", path=short)
    altered = tmp_path / "altered.txt"
    altered.write_text("x" * 1_115_394)
    with pytest.raises(RealSamError, match="was altered"):
        corpora.load_corpus("tiny_shakespeare", path=altered)
    with pytest.raises(RealSamError, match="Found 0 plays"):
        corpora.load_corpus("shakespeare", path=tmp_path)


def tiny_at(monkeypatch, url):
    tiny = dataclasses.replace(corpora.CORPORA["tiny_shakespeare"], origin=url)
    monkeypatch.setitem(corpora.CORPORA, "tiny_shakespeare", tiny)


def test_no_network_is_one_sentence_and_no_file(tmp_path, monkeypatch):
    tiny_at(monkeypatch, "http://127.0.0.1:9/input.txt")
    with pytest.raises(RealSamError, match="another machine"):
        corpora.load_corpus("tiny_shakespeare", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_download_that_breaks_off(tmp_path, monkeypatch, server):
    play = b"First Citizen:\nSpeak, speak.\n" * 40
    monkeypatch.setattr(shakespeare, "TINY_SHA256", hashlib.sha256(play).hexdigest())
    tiny_at(monkeypatch, f"{server.url}/input.txt")
    server.files["/input.txt"], server.break_after = play, 700
    with pytest.raises(RealSamError, match="another machine"):
        corpora.load_corpus("tiny_shakespeare", folder=tmp_path)
    assert not (tmp_path / "tinyshakespeare.txt").exists()
    server.break_after = None
    tiny = corpora.load_corpus("tiny_shakespeare", folder=tmp_path)
    assert (tiny.train + tiny.val).encode() == play
    assert [start for _, start, _ in server.sent] == [0, 700]
    assert [file.name for file in tmp_path.iterdir()] == ["tinyshakespeare.txt"]


def test_text_files(tmp_path):
    binary, empty = tmp_path / "a.bin", tmp_path / "empty.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    empty.write_text("")
    with pytest.raises(RealSamError, match="not UTF-8"):
        read_text(binary)
    with pytest.raises(RealSamError, match="empty"):
        read_text(empty)


@pytest.mark.parametrize("save", [str.encode, lambda text: text.encode("utf-8-sig")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("chunk", [3, 7, 2**20])
def test_the_same_text_wherever_it_was_saved(tmp_path, monkeypatch, save, end, chunk):
    monkeypatch.setattr(files, "CHUNK", chunk)  # a mark, a letter, a line end may be cut
    file = tmp_path / "a.txt"
    file.write_bytes(save(f"Äh{end}{end}one – two{end}"))
    assert read_text(file) == "Äh\n\none – two\n"


@pytest.mark.parametrize("mode", ["v1", "v4"])
def test_evaluate_measures_the_same_wherever_a_text_was_saved(tmp_path, capsys, mode):
    text = "Tom ran home.\nHe was glad.\n\n" * 3 + ("<|endoftext|>\nMia slept." * (mode == "v4"))
    crlf = text.replace("\n", "\r\n")
    saved = [text.encode(), crlf.encode(), text.encode("utf-8-sig"), crlf.encode("utf-8-sig")]
    measured = []
    for data in saved:
        (tmp_path / "a.txt").write_bytes(data)
        argv = ["evaluate", "--mode", mode, "--text", str(tmp_path / "a.txt"), "--json"]
        assert cli.main([*argv, "--device", "cpu"]) == 0
        measured.append(json.loads(capsys.readouterr().out))
    assert measured[0]["bpc"] > 0
    assert measured == measured[:1] * 4


def test_what_corpora_says():
    chosen = corpora.parse("storybook:conversations,tinystories,storybook:stories+words")
    assert list(chosen) == ["storybook", "tinystories"]
    assert chosen["storybook"] == ("conversations", "stories", "words")
    assert corpora.by_level(chosen) == {
        "words": ("storybook", "tinystories"),
        "phrases": ("tinystories",),
        "sentences": ("tinystories",),
        "stories": ("storybook", "tinystories"),
        "conversations": ("storybook",),
    }
    with pytest.raises(RealSamError, match="oasst has no phase 'stories'; it has conversations"):
        corpora.parse("oasst:stories")
    with pytest.raises(RealSamError, match="no corpus 'moby_dick'"):
        corpora.parse("oasst,moby_dick:words")


# --- documents --------------------------------------------------------------------------------


def take(n, *args, **kwargs):
    return list(islice(corpora.documents(*args, **kwargs), n))


@pytest.fixture
def tales(tmp_path):
    stories = [f'Cat number {i} sat down. "Oh, {i}!" it said, and ran off.' for i in range(400)]
    (tmp_path / "tinystories-train.txt").write_text("\n<|endoftext|>\n".join(stories))
    (tmp_path / "tinystories-val.txt").write_text("A dog slept. It was tired.")
    return tmp_path


def test_stories_are_graded(tales):
    got = {phase: [] for phase in grading.LEVELS}
    for phase, text in corpora.documents("tinystories", "train", tales):
        got[phase].append(text)
    assert len(got["stories"]) == 400
    assert {len(text.split()) for text in got["words"]} == {1, 2, 3}
    assert {len(text.split()) for text in got["phrases"]} <= set(range(2, 7))
    assert not any(set(text) & set('.,!"') for text in got["words"] + got["phrases"])
    assert "Cat number 7 sat down." in got["sentences"]
    assert '"Oh, 7!"' in got["sentences"]
    assert len(got["sentences"]) == 3 * 400


def test_sentences_of_a_text():
    text = 'She said, "Run!" He ran\nhome. Why? (No one knows.)\n\nA line without end\nBye'
    assert grading.sentences(text) == [
        'She said, "Run!"',
        "He ran home.",
        "Why?",
        "(No one knows.)",
        "A line without end",
        "Bye",
    ]


@given(st.text(alphabet="ab.!?\"')] \n\t", max_size=40))
def test_sentences_end_where_a_mark_is_followed_by_space(text):
    """The rule as one pattern, which needs a time that grows with the square of the text."""
    rule = re.compile(r".*?[.!?]+[\"')\]]*(?=\s|$)|.+?$", flags=re.S | re.M)
    slow = [" ".join(match[0].split()) for match in rule.finditer(text)]
    assert grading.sentences(text) == [one for one in slow if one]


@pytest.mark.parametrize("unit", ["a line of a poem\n", ".", "!x", '."', "\n", "(("])
def test_sentences_are_found_in_one_pass(unit):
    """Where every position looked ahead to the end, this would not end today."""
    text = unit * (3_000_000 // len(unit))
    assert "".join("".join(grading.sentences(text)).split()) == "".join(text.split())


def test_pieces_are_shuffled_the_same_way_each_time(tales):
    first = take(50, "tinystories", "train", tales, phase="sentences")
    assert first == take(50, "tinystories", "train", tales, phase="sentences")
    numbers = [int(n) for _, text in first for n in re.findall(r"number (\d+)", text)]
    assert numbers != sorted(numbers)
    everything = [t for _, t in corpora.documents("tinystories", "train", tales, phase="words")]
    words = " ".join(everything).split()  # shuffled, and none lost or made up
    assert Counter(words)["Cat"] == 400
    assert sorted(grading.shuffled("abc", random.Random(0), pool=2)) == ["a", "b", "c"]


def test_own_validation_file_or_a_share_is_held_out(tales):
    assert take(9, "tinystories", "val", tales, phase="stories") == [
        ("stories", "A dog slept. It was tired.")
    ]
    one_file = tales / "tinystories-train.txt"
    train, val = (
        {text for _, text in corpora.documents("tinystories", split, one_file, phase="stories")}
        for split in corpora.SPLITS
    )
    assert len(train) + len(val) == 400
    assert 8 <= len(val) <= 35
    assert not train & val


def test_text_is_cleaned():
    assert clean(" “Hi” – it’s me… ") == '"Hi" - it\'s me...'
    assert clean("â€œHiâ€\x9d itâ€™s â€œmeâ€ ") == '"Hi" it\'s "me"'
    assert clean("Say <|user|>no<|endoftext|>!") == "Say no!"
    assert clean("Äß 猫 stay") == "Äß 猫 stay"


@pytest.mark.parametrize("depth", [1, 2, 5, 4000])
def test_no_special_token_is_left_when_others_are_taken_out_of_it(depth):
    nested = "<|us" * depth + "<|user|>" + "er|>" * depth
    for mark in SPECIALS:
        assert mark not in clean(f"a {nested} b") and mark not in clean(nested.replace("us", "s"))
    assert not SPELLED.search(clean(nested))


def message(text, role="prompter", *replies, rank=None, lang="en", **more):
    return {"text": text, "role": role, "rank": rank, "lang": lang, "replies": [*replies], **more}


def answer(text, *replies, **more):
    return message(text, "assistant", *replies, **more)


def test_trees_are_walked_along_the_best_replies():
    best = answer("Good.", message("More?", "prompter", answer("Yes.")), rank=0)
    tree = message("Hi", "prompter", answer("Bad.", message("Ugh."), rank=1), best)
    told = "<|user|>Hi<|sam|>Good.<|user|>More?<|sam|>Yes."
    assert oasst({"message_tree_id": "7", "prompt": tree}) == ("7", told)


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (message("Hi"), ""),  # nobody answers
        (message("Hi", "prompter", answer("A."), answer("B.")), "<|user|>Hi<|sam|>A."),
        (message("Hi", "prompter", answer("A.", message("So?"))), "<|user|>Hi<|sam|>A."),
        (
            message("Hi", "prompter", answer("A.", deleted=True), answer("B.")),
            "<|user|>Hi<|sam|>B.",
        ),
        (message("Hallo", "prompter", answer("Tag."), lang="de"), ""),
        (message("Hi", "prompter", answer("Tag.", lang="de")), ""),
        (message("<|sam|>Hi", "prompter", answer(" <|user|> ")), ""),  # nothing is left of it
    ],
)
def test_trees_of_all_shapes(tree, told):
    assert oasst({"message_tree_id": "7", "prompt": tree})[1] == told


def test_other_languages_on_demand():
    tree = {"prompt": message("Hallo", "prompter", answer("Tag.", lang="de"), lang="de")}
    assert oasst(tree, lang=None) == ("Hallo", "<|user|>Hallo<|sam|>Tag.")


def test_a_message_without_text_is_told_with_its_line(tmp_path):
    file = tmp_path / "trees.jsonl"
    broken = {"prompt": {"role": "prompter", "replies": []}}
    file.write_text(json.dumps({"prompt": message("Hi")}) + "\n" + json.dumps(broken))
    with pytest.raises(RealSamError, match=r"trees.jsonl, line 2: .* field 'text'"):
        list(corpora.documents("oasst", "train", file))
    file.write_text(json.dumps({"message_id": "1", "text": "Hi"}))
    with pytest.raises(RealSamError, match=r"line 1: .* 'prompt' \(it has message_id, text\)"):
        list(corpora.documents("oasst", "train", file))


def test_prompt_and_reply_records(tmp_path):
    file = tmp_path / "a.jsonl"
    row = {"instruction": "Add.", "input": "1, 2", "output": "3"}
    none = {"instruction": "See.", "input": "", "output": "<noOutput>"}
    file.write_text("\n".join(json.dumps(r) for r in [row, none]))
    told = [t for s in corpora.SPLITS for _, t in corpora.documents("alpaca", s, file)]
    assert told == ["<|user|>Add.\n1, 2<|sam|>3"]
    file.write_text(json.dumps({"instruction": "Why?", "context": "", "response": "So."}))
    told = [t for s in corpora.SPLITS for _, t in corpora.documents("dolly", s, file)]
    assert told == ["<|user|>Why?<|sam|>So."]


def test_storybook_has_all_levels_and_another_seed_to_validate_on():
    phases = [phase for phase, _ in take(10, "storybook", "train")]
    assert phases == ["words", "phrases", "sentences", "stories", "conversations"] * 2
    train = take(20, "storybook", "train", phase="stories")
    assert train == take(20, "storybook", "train", phase="stories")
    assert train != take(20, "storybook", "val", phase="stories")


def test_plays_are_told_in_scenes():
    scene = take(1, "shakespeare", "train", phase="stories")[0][1]
    assert 800 <= len(scene) < 5000
    assert re.match(r"[A-Z .]+:\n", scene, flags=re.I)


def test_documents_of_nothing(tmp_path):
    with pytest.raises(RealSamError, match="oasst has no stories"):
        take(1, "oasst", "train", phase="stories")
    with pytest.raises(RealSamError, match="no split 'test'"):
        take(1, "oasst", "test")
    with pytest.raises(RealSamError, match="choose one of shakespeare"):
        take(1, "moby_dick", "train")


def test_a_set_for_models_of_characters(tales):
    corpus = corpora.load_corpus("tinystories", tales)
    assert corpus.train.startswith("Cat number 0 sat down.")
    assert corpus.val == "A dog slept. It was tired."
    assert corpus.licence == "CDLA-Sharing-1.0"


@pytest.mark.skipif(not SHARED.exists() and "CI" not in os.environ, reason="the sets are not here")
def test_the_real_files():
    if not SHARED.exists():
        return
    folder = SHARED.parent
    count = {s: len(take(None, "tinystories", s, folder, phase="stories")) for s in corpora.SPLITS}
    assert count == {"train": 12_717, "val": 600}
    talk = [t for s in corpora.SPLITS for _, t in corpora.documents("oasst", s, folder)]
    assert 90 <= len(talk) <= 100
    assert all(re.fullmatch(r"(<\|user\|>[^<].*?<\|sam\|>.+?)+", t, flags=re.S) for t in talk)
    assert not take(None, "tinystories", "val", folder, phase="stories")[0][1].count("<|")
