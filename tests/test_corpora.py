"""Texts: the installed plays, the checked file, the floors, and what bad input is told."""

import http.client
import math
import os
from pathlib import Path

import pytest

from realsam_edu import corpora
from realsam_edu.runtime import RealSamError

SHARED = Path(__file__).parents[2] / "shared" / "data" / "tinyshakespeare.txt"
TINY_CHARS = set("\n !$&',-.3:;?" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def test_plays_offline():
    plays = corpora.load("shakespeare")
    assert 4_000_000 < len(plays.train) < 4_300_000
    assert 0.08 < len(plays.val) / len(plays.train) < 0.13
    assert set(plays.train + plays.val) <= TINY_CHARS
    assert "Friends, Romans, countrymen, lend me your ears" in plays.val
    assert "Friends, Romans" not in plays.train
    assert plays.sha256 == corpora.load("shakespeare").sha256


def test_play_text_keeps_speech_only():
    markdown = (
        "# Hamlet\n\n## ACT I\n\n_Enter two\nsentinels_\n\n**BERNARDO**  \nWho's there?  \n\n"
        "**FRANCISCO**  \n_\\[Aside]_ Nay—answer me:  \nstand.\n\n*Exit*\n"
    )
    expected = "BERNARDO:\nWho's there?\n\nFRANCISCO:\nNay--answer me:\nstand.\n\n"
    assert corpora.play_text(markdown) == expected


@pytest.mark.skipif(
    not SHARED.exists() and "CI" not in os.environ, reason="Tiny Shakespeare not here"
)
def test_tiny_shakespeare_from_path():
    if not SHARED.exists():
        return
    tiny = corpora.load("tiny_shakespeare", path=SHARED)
    assert len(tiny.train) == 1_003_854
    assert len(tiny.val) == 111_540
    assert tiny.train.startswith("First Citizen:")


def test_floors_of_known_sources():
    assert corpora.floors("ab" * 500) == pytest.approx({"unigram": math.log(2), "bigram": 0.0})
    assert corpora.floors("a" * 10) == pytest.approx({"unigram": 0.0, "bigram": 0.0})


def test_unknown_corpus():
    with pytest.raises(RealSamError, match="choose one of shakespeare, tiny_shakespeare"):
        corpora.load("moby_dick")


def test_missing_truncated_and_altered_corpus(tmp_path):
    with pytest.raises(RealSamError, match="give the path"):
        corpora.load("tiny_shakespeare", path=tmp_path / "none.txt")
    short = tmp_path / "short.txt"
    short.write_text("First Citizen:\n")
    with pytest.raises(RealSamError, match="15 bytes of 1,115,394"):
        corpora.load("tiny_shakespeare", path=short)
    altered = tmp_path / "altered.txt"
    altered.write_text("x" * 1_115_394)
    with pytest.raises(RealSamError, match="was altered"):
        corpora.load("tiny_shakespeare", path=altered)
    with pytest.raises(RealSamError, match="Found 0 plays"):
        corpora.load("shakespeare", path=tmp_path)


def test_no_network_is_one_sentence_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "TINY_URL", "http://127.0.0.1:9/input.txt")
    with pytest.raises(RealSamError, match="another machine"):
        corpora.load("tiny_shakespeare", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_download_that_breaks_off(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise http.client.IncompleteRead(b"First Cit")

    monkeypatch.setattr(corpora.urllib.request, "urlopen", broken)
    with pytest.raises(RealSamError, match="another machine"):
        corpora.load("tiny_shakespeare", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_text_files(tmp_path):
    binary, empty = tmp_path / "a.bin", tmp_path / "empty.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    empty.write_text("")
    with pytest.raises(RealSamError, match="not UTF-8"):
        corpora.read_text(binary)
    with pytest.raises(RealSamError, match="empty"):
        corpora.read_text(empty)
