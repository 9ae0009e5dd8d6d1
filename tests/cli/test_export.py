"""`realsam export` and `realsam page`: the file, the table, and what is refused in one sentence."""

import json
import os
import subprocess
import sys

import pytest
from engine_host import NodeHost
from project import ROOT, run

from realsam_edu import checkpoint
from realsam_edu.experiments import browser
from realsam_edu.generation.browser import MAGIC, pack
from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.runtime.settings import seed_all

V4 = ROOT / "data" / "checkpoints" / "v4.safetensors"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A checkpoint of a small V2 with the tokenizer of the book."""
    seed_all(0)
    tokenizer = checkpoint.load(V4).tokenizer
    model = V2(V2Config(vocab=tokenizer.vocab_size, embed=8, hidden=12, depth=2))
    path = tmp_path_factory.mktemp("tiny") / "tiny.safetensors"
    checkpoint.save(path, model, tokenizer, {"results": {"val": {"nats_per_token": 8.3}}})
    return path


def test_export_writes_what_a_page_reads(capsys, tmp_path, node, tiny):
    code, out, err = run(capsys, "export", "--checkpoint", tiny, "--out", tmp_path / "sam.bin")
    assert (code, err) == (0, "") and "sam.bin" in out
    data = (tmp_path / "sam.bin").read_bytes()
    assert data == pack(*vars(checkpoint.load(tiny)).values())
    host = NodeHost(node, tmp_path)
    said = host.open(data)
    host.close()
    assert said["name"] == "v2" and said["card"]["val_nats_per_token"] == 8.3
    assert run(capsys, "export", "--checkpoint", tiny, "--out", tmp_path / "sam.bin")[0] == 0
    assert [path.name for path in tmp_path.glob("*sam*")] == ["sam.bin"]  # nothing half-written


def test_where_the_file_goes_by_itself(capsys, tmp_path, monkeypatch, tiny):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "export", "--checkpoint", tiny)[0] == 0
    assert (tmp_path / "runs" / "tiny.bin").read_bytes().startswith(MAGIC)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--checkpoint", "none.safetensors"], "There is no checkpoint at"),
        (["--mode", "v9"], "no mode 'v9'"),
        (["--checkpoint", "{tiny}", "--out", "."], "is not a file that could be replaced"),
        (["--checkpoint", "{tiny}", "--out", "{tiny}"], "was not made by `realsam export`"),
        (["--checkpoint", "{tiny}", "--out", "note.txt"], "was not made by `realsam export`"),
        (["--checkpoint", "{tiny}", "--out", "note.txt/sam.bin"], "Cannot write"),
        (["--checkpoint", "note.txt"], "note.txt"),
    ],
)
def test_bad_input_is_answered_in_one_sentence(capsys, tmp_path, monkeypatch, tiny, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    before = tiny.read_bytes()
    code, out, err = run(capsys, "export", *(word.format(tiny=tiny) for word in words))
    assert code == 2 and out == "" and told in err and err.count("\n") == 1
    assert tiny.read_bytes() == before and (tmp_path / "note.txt").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["note.txt"]


def test_page_measures_a_text_and_keeps_the_other_rows(capsys, tmp_path, tiny):
    (tmp_path / "story.txt").write_text("Once there was a cat. It sat. <|endoftext|> Tom ran home.")
    table = tmp_path / "browser.json"
    table.write_text(json.dumps({"format": browser.FORMAT, "v1": {"bytes": 5}}))
    words = ["--checkpoint", tiny, "--text", tmp_path / "story.txt", "--out", table]
    code, out, err = run(capsys, "page", *words)
    assert (code, err) == (0, "") and "nats per token in float32" in out
    rows = json.loads(table.read_text())
    assert rows["v1"] == {"bytes": 5}
    loss = rows["v2"]["loss"]
    assert loss["text"]["name"] == "story.txt" and loss["text"]["characters"] == 57
    gap = loss["int8"]["nats_per_token"] - loss["float32"]["nats_per_token"]
    assert loss["cost_nats"] == gap and 0 < abs(gap) < 0.1


@pytest.mark.browser
def test_page_times_chromium(tmp_path, chromium, tiny):
    """In a process of its own, as a user does; what it says of time is nobody's verdict."""
    words = [sys.executable, "-m", "realsam_edu", "page", "--checkpoint", str(tiny), "--speed"]
    words += ["--json", "--out", str(tmp_path / "t.json")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["speed"]["tokens_per_second"] > 0 and row["speed"]["browser"].startswith("Chromium")
    assert row["bytes"] == len(pack(*vars(checkpoint.load(tiny)).values()))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing to measure"),
        (["--text", "none.txt"], "Cannot read none.txt"),
        (["--text", "note.txt", "--out", "note.txt"], "no table of `realsam page`"),
    ],
)
def test_page_answers_bad_input(capsys, tmp_path, monkeypatch, tiny, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    code, _, err = run(capsys, "page", "--checkpoint", tiny, *words)
    assert code == 2 and told in err and err.count("\n") == 1
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_the_committed_table_is_of_the_committed_models():
    rows = json.loads((ROOT / "data" / "results" / "browser.json").read_text())
    for version in ("v1", "v4"):
        loss = rows[version]["loss"]
        assert abs(loss["cost_nats"]) <= 0.02
        assert loss["text"]["characters"] == {"v1": 60_000, "v4": 120_000}[version]
