"""`realsam` for V2 to V4 as its users type it: data, train, resume, generate, evaluate, compare."""

import io
import json
import os
import signal
import sys

import pytest
from project import run

from realsam_edu import checkpoint, cli
from realsam_edu.runtime.tensor_file import unpack
from realsam_edu.training.loop import Run

TEXT = ["--storybook-chars", "60000", "--vocab", "600"]
TINY = ["--steps", "20", "--batch-size", "4", "--seq-len", "16", "--eval-every", "1"]
MODES = ("v2", "v3", "v4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder with a small storybook, prepared by `realsam data`."""
    folder = tmp_path_factory.mktemp("data")
    assert cli.main(["data", "--data-dir", str(folder), *TEXT]) == 0
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path):
    """What is written without a place of its own lands in a folder of the test's own."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


@pytest.fixture(scope="module", params=MODES)
def trained(request, folder):
    mode = request.param
    out = str(folder / f"{mode}.safetensors")
    argv = ["train", "--mode", mode, "--data-dir", str(folder), "--out", out, *TEXT, *TINY]
    assert cli.main(argv) == 0
    return mode, folder, out


def test_data_again_costs_nothing(folder, capsys):
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.bin")}
    code, out, _ = run(capsys, "data", "--data-dir", folder, *TEXT)
    assert code == 0 and "was there already" in out
    assert before == {file: file.stat().st_mtime_ns for file in folder.rglob("*.bin")}


def test_train_writes_checkpoint_card_log_and_picture(trained):
    mode, folder, out = trained
    card = json.loads((folder / f"{mode}.json").read_text())
    assert card["version"] == mode
    assert card["training"]["tokens"] == 20 * 4 * 16
    assert card["corpus"]["sources"]["stories"] == ["storybook"]
    assert [row["phase"] for row in card["phases"]][-1] == "mixed"
    assert sum(row["tokens"] for row in card["phases"]) == card["training"]["tokens"]
    results = card["results"]
    assert results["val"]["nats_per_token"] > results["floors"]["stories"]
    assert set(results["phases"]) == {"words", "phrases", "sentences", "conversations"}
    log = [json.loads(line) for line in (folder / f"{mode}.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == list(range(1, 21))
    assert len(log[0]["rates"]) == card["config"]["depth"]
    assert (log[0]["stress"] is not None) == (mode == "v4")
    assert (log[0]["thr"] is not None) == (mode == "v3")
    assert isinstance(log[0]["sample"], str)
    assert (folder / f"{mode}.png").exists()
    loaded = checkpoint.load(out)
    assert loaded.tokenizer.sha256 == card["tokenizer"]["sha256"]


def test_generate_and_evaluate(trained, tmp_path, capsys):
    mode, _, out = trained
    argv = ["generate", "--checkpoint", out, "--n", 12, "--seed", 1]
    code, text, _ = run(capsys, *argv)
    assert code == 0 and text.startswith("Once upon a time")
    assert run(capsys, *argv)[1] == text  # same seed, same text
    assert run(capsys, *argv, "--prompt", "")[0] == 0  # Sam may begin by itself
    held = run(capsys, *argv, "--stress", "1")
    assert held[0] == (0 if mode == "v4" else 2)
    story = tmp_path / "story.txt"
    story.write_text("Mia had a red kite.<|endoftext|>\nTom ran home.<|endoftext|>\n")
    measured = json.loads(
        run(capsys, "evaluate", "--checkpoint", out, "--text", story, "--json")[1]
    )
    chars = len("Mia had a red kite.") + len("Tom ran home.")
    ratio = measured["bpc"] / (measured["nats_per_token"] / 0.6931471805599453)
    assert ratio == pytest.approx((measured["tokens"] + 1) / chars)


@pytest.mark.parametrize("mode", MODES)
def test_interrupted_run_resumes_bit_for_bit(mode, folder, tmp_path, capsys, monkeypatch):
    argv = ["train", "--mode", mode, "--data-dir", folder, *TEXT, *TINY, "--grad-accum", "2"]
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    assert run(capsys, *argv, "--out", whole)[0] == 0
    advance = Run._advance

    def interrupted(self):
        if self.step == 7:  # in the middle of a phase, between two validations
            os.kill(os.getpid(), signal.SIGINT)
        return advance(self)

    monkeypatch.setattr(Run, "_advance", interrupted)
    code, out, _ = run(capsys, *argv, "--out", cut)
    assert code == 130 and "add --resume" in out and not cut.exists()
    monkeypatch.undo()
    assert run(capsys, *argv, "--out", cut, "--resume")[0] == 0
    logs = [
        [json.loads(line) for line in out.with_suffix(".jsonl").read_text().splitlines()]
        for out in (whole, cut)
    ]
    for entry in logs[0] + logs[1]:
        entry.pop("seconds")
    assert logs[0] == logs[1]
    tensors = [unpack(file)[0] for file in (whole, cut)]
    assert all((tensors[0][name] == tensors[1][name]).all() for name in tensors[0])


def test_resume_of_another_model_is_refused(folder, tmp_path, capsys, monkeypatch):
    argv = ["--data-dir", folder, *TEXT, *TINY, "--out", tmp_path / "x.safetensors"]
    monkeypatch.setattr(Run, "run", lambda self, *_: self.save() or False)
    assert run(capsys, "train", "--mode", "v4", *argv)[0] == 130
    monkeypatch.undo()
    code, _, err = run(capsys, "train", "--mode", "v3", *argv, "--resume")
    assert code == 2
    assert "version V4 (now V3)" in err and "repeat its flags" in err
    assert err.count("\n") == 1
    assert (tmp_path / "x.resume").exists()  # nothing is lost


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_lacks_characters_ends_nothing(encoding, folder, monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    argv = ["--mode", "v2", "--data-dir", str(folder), *TEXT, *TINY, "--steps", "2"]
    assert cli.main(["train", *argv]) == 0  # its last line of the table has a dash
    argv = ["--checkpoint", "runs/v2.safetensors", "--n", "3", "--prompt", "“Oh!” – Mia ✓"]
    assert cli.main(["generate", *argv]) == 0
    sys.stdout.flush()
    said = shown.getvalue().decode(encoding)
    assert "Saved runs/v2.safetensors" in said and "?Oh!? ? Mia ?" in said


def test_the_control_has_one_phase(folder, tmp_path, capsys):
    out = tmp_path / "control.safetensors"
    argv = ["train", "--mode", "v2", "--data-dir", folder, *TEXT, *TINY, "--out", out]
    assert run(capsys, *argv, "--no-curriculum")[0] == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert [row["phase"] for row in card["phases"]] == ["mixed"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["train", "--mode", "v4", "--vocab", "100"], "at least 259"),
        (["train", "--mode", "v4", "--corpora", "storybook:plays"], "no phase 'plays'"),
        (["train", "--mode", "v4", "--corpora", "moby_dick"], "no corpus 'moby_dick'"),
        (["train", "--mode", "v4", "--grad-accum", "0"], "grad_accum is 0"),
        (["train", "--mode", "v4", "--seq-len", "65000"], "larger corpus or a smaller seq_len"),
        (["compare", "nothing"], "no comparison 'nothing'"),
        (["generate", "--checkpoint", "{v2}", "--stress", "0.5"], "Only V4 has an environment"),
        (["generate", "--checkpoint", "{v4}", "--stress", "7"], "between 0 and 1"),
    ],
)
def test_mistakes_get_one_sentence(argv, says, folder, capsys):
    files = {f"{{{mode}}}": str(folder / f"{mode}.safetensors") for mode in MODES}
    argv = [files.get(arg, arg) for arg in argv]
    if argv[0] != "generate":
        argv += ["--data-dir", str(folder), "--storybook-chars", "60000"]
        argv += [] if "--vocab" in argv else ["--vocab", "600"]
    code, _, err = run(capsys, *argv)
    assert code == 2
    assert says in err and err.startswith("realsam: ") and err.count("\n") == 1


def test_a_tokenizer_of_another_model_is_refused(folder, tmp_path):
    from realsam_edu.runtime.errors import RealSamError
    from realsam_edu.text.tokenizer import BPETokenizer

    loaded = checkpoint.load(folder / "v2.safetensors")
    other = BPETokenizer.train(["another text entirely"], 300)
    with pytest.raises(RealSamError, match="the tokenizer it was trained with"):
        checkpoint.save(tmp_path / "x.safetensors", loaded.model, other, {})
    assert not (tmp_path / "x.safetensors").exists()
