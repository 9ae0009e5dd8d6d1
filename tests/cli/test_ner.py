"""`realsam ner`: what it prints, what it leaves, and one sentence for every mistake."""

import io
import json
import subprocess
import sys

import pytest
from project import ROOT, run

from realsam_edu.ner import pipeline, saved
from realsam_edu.ner.labelled import Example, Span, write_labelled

TEXT = "Dear Ana Ruiz,\r\ncall 0171 555 2368 \ufeff✓\r\n"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A tagger that has learnt nothing, and so finds all kinds of things."""
    path = tmp_path_factory.mktemp("ner") / "tagger.safetensors"
    saved.save(path, pipeline.prepared(hidden=16, depth=2, seed=1)[0], {})
    return path


@pytest.fixture
def given(monkeypatch):
    """Put bytes at standard input."""

    def put(data: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def test_what_is_not_private_comes_out_byte_for_byte(tmp_path, tagger, given, capsys):
    given(TEXT.encode())
    code, line, _ = run(capsys, "ner", "redact", "--checkpoint", tagger, "--json")
    content = json.loads(line)
    assert code == 0 and content["spans"]
    expected, place = "", 0
    for span in content["spans"]:
        expected += TEXT[place : span["start_position"]] + span["replacement"]
        place = span["end_position"]
    expected += TEXT[place:]
    assert content["text"] == expected
    out = tmp_path / "out.txt"
    given(TEXT.encode())
    assert run(capsys, "ner", "redact", "--checkpoint", tagger, "--out", out)[:2] == (0, "")
    assert out.read_bytes() == expected.encode()


def test_a_threshold_above_every_score_finds_nothing(tagger, given, capsys):
    given(TEXT.encode())
    args = ("ner", "redact", "--checkpoint", tagger, "--threshold", "0.999999")
    assert run(capsys, *args)[:2] == (0, TEXT)


def test_a_line_of_a_megabyte_goes_through(tagger, given, capsys):
    line = ("x" * 999 + " ") * 1000
    given(line.encode())
    args = ("ner", "redact", "--checkpoint", tagger, "--threshold", "0.999999")
    assert run(capsys, *args)[:2] == (0, line)


def test_a_reader_that_left_is_no_error(tagger):
    words = [sys.executable, "-m", "realsam_edu", "ner", "redact", "--checkpoint", str(tagger)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT) as process:
        process.stdout.close()
        process.stdin.write(TEXT.encode())
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The input is empty"),
        (b"a\0b", "the input, line 1: this is not UTF-8 text"),
        (b"one\ntwo\xff", "the input, line 2: this is not UTF-8 text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, tagger, given, capsys, data, sentence):
    given(data)
    out = tmp_path / "out.txt"
    code, shown, error = run(capsys, "ner", "redact", "--checkpoint", tagger, "--out", out)
    assert (code, shown) == (2, "") and sentence in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_text_that_turns_out_to_be_none_leaves_no_file(tmp_path, tagger, given, capsys):
    given(b"so it goes\n" * 100_000 + b"\xff")
    out = tmp_path / "out.txt"
    code, _, error = run(
        capsys, "ner", "redact", "--checkpoint", tagger, "--out", out, "--threshold", "0.999999"
    )
    assert code == 2 and "line 100001" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--threshold", "0"), "threshold"),
        (("--replace", "burn"), "mask, type, fake"),
        (("--checkpoint", "data/checkpoints/v1.safetensors"), "no tagger but a model"),
        (("--checkpoint", "nowhere.safetensors"), "no checkpoint"),
    ],
)
def test_a_wrong_flag_is_refused(tagger, given, capsys, words, sentence):
    given(b"Ana")
    code, shown, error = run(capsys, "ner", "redact", "--checkpoint", tagger, *words)
    assert (code, shown) == (2, "") and sentence in error and error.count("\n") == 1


def test_evaluate_measures_several_on_the_same_texts(tmp_path, tagger, capsys):
    file = tmp_path / "texts.json"
    text = "Mail ana@ruiz.es or call Ana."
    spans = (Span(5, 16, "EMAIL_ADDRESS"), Span(25, 28, "PERSON"))
    write_labelled(file, [Example(text, spans)])
    args = ("ner", "evaluate", "--file", file, "--checkpoint", tagger, "--beside", tagger)
    code, line, _ = run(capsys, *args, "--json")
    results = json.loads(line)
    assert code == 0
    assert {"span_f1", "char_f2", "by_type", "type_map", "beside"} <= results.keys()
    beside = results["beside"]
    assert beside["tagger"]["by_type"] == beside["spikes"]["by_type"] == results["by_type"]
    assert set(results["by_type"]) <= {"EMAIL_ADDRESS", "PERSON"}
    assert beside["regular expressions"]["by_type"]["EMAIL_ADDRESS"]["f1"] == 1.0
    code, shown, _ = run(capsys, *args)
    assert code == 0
    assert "PERSON is counted as PERSON" in shown and "spikes, checked" in shown


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "no list with records"),
        ('[{"full_text": "a", "spans": [{"entity_type": "CAT"}]}]', "without whole numbers"),
        ("{", "not JSON"),
    ],
)
def test_a_file_of_another_schema_is_refused(tmp_path, tagger, capsys, content, sentence):
    file = tmp_path / "texts.json"
    file.write_text(content)
    code, shown, error = run(capsys, "ner", "evaluate", "--file", file, "--checkpoint", tagger)
    assert (code, shown) == (2, "") and sentence in error and error.count("\n") == 1


def test_training_leaves_checkpoint_card_and_log(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "VALIDATED", 5)
    monkeypatch.setattr(pipeline, "MEASURED", 10)
    out = tmp_path / "mine.safetensors"
    sizes = ("--hidden", "16", "--depth", "2", "--batch-size", "2", "--seq-len", "16")
    args = ("ner", "train", "--steps", "1", *sizes, "--out", out)
    code, shown, _ = run(capsys, *args)
    assert code == 0 and "PERSON" in shown
    assert {path.name for path in tmp_path.iterdir()} == {
        *("mine.safetensors", "mine.json", "mine.jsonl")
    }
    code, _, error = run(capsys, *args)
    assert code == 2 and "--overwrite" in error
    assert run(capsys, *args, "--overwrite", "--kind", "lstm")[0] == 0
    assert saved.load(out)[1]["command"].startswith("realsam ner train --steps 1")
    for flag in ("--steps", "--hidden", "--depth", "--batch-size"):
        code, _, error = run(capsys, *args, "--overwrite", flag, "0")
        assert code == 2 and "at least 1" in error and error.count("\n") == 1
