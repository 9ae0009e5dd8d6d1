"""Arrays of tokens: made once, again only for a reason, whole or not there, never in memory."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from realsam_edu import cli
from realsam_edu.cli.flags import paths_by_name
from realsam_edu.runtime import files
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text import storybook
from realsam_edu.text import token_files as arrays
from realsam_edu.text.levels import TEXTS
from realsam_edu.text.prepare import prepare
from realsam_edu.text.source import SPLITS
from realsam_edu.text.token_files import Tokens
from realsam_edu.text.tokenizer import SPECIALS, BPETokenizer

module = sys.modules[prepare.__module__]

TALE = "The cat number {0} went to the river. There was a fish, and cat {0} said hello."


@pytest.fixture
def tales(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for split, start, n in (("train", 0, 300), ("val", 1000, 20)):
        tales = [TALE.format(start + i) for i in range(n)]
        (folder / f"tinystories-{split}.txt").write_text(f"\n{SPECIALS[0]}\n".join(tales))
    return folder


@pytest.fixture
def small(tales, tmp_path):
    """Prepare those tales and a little storybook; returns a function, to do it again."""

    def make(**more):
        arguments = {"vocab": 500, "paths": {"tinystories": tales}, "storybook_chars": 4000} | more
        return prepare(["tinystories", "storybook"], tmp_path / "data", **arguments)

    return make


def test_everything_is_encoded_and_can_be_read_back(small):
    made = small()
    whole = {(phase, split) for phase in TEXTS for split in SPLITS}
    assert {(array.phase, array.split) for array in made.arrays.values()} == whole
    stories = made.tokens("stories", "train", ["tinystories"])
    text = made.tokenizer.decode(stories[:])
    assert text == "".join(TALE.format(i) + SPECIALS[0] for i in range(300))
    assert made.chars("stories", "train", ["tinystories"]) == len(text) - 300 * len(SPECIALS[0])
    assert made.chars("stories", "train") > made.chars("stories", "train", ["tinystories"])
    talk = made.tokens("conversations", "val")[:].tolist()
    assert talk[0] == BPETokenizer.USER and talk[-1] == BPETokenizer.END
    with pytest.raises(RealSamError, match="no text to train conversations on in tinystories"):
        made.tokens("conversations", "train", ["tinystories"])
    with pytest.raises(RealSamError, match="no text to train mixed on"):
        made.tokens("mixed", "train")


def test_storybook_has_the_size_one_asks_for(small):
    for chars in (4000, 6000):
        made = small(storybook_chars=chars)
        sizes = {phase: made.chars(phase, "train", ["storybook"]) for phase in TEXTS}
        for phase, share in module.STORYBOOK_SHARES.items():
            assert chars * share <= sizes[phase] < chars * share + 4000
        assert made.chars("stories", "val", ["storybook"]) < chars


def test_doing_it_again_does_nothing(small, monkeypatch):
    first = small()
    assert len(first.made) == 1 + 2 * (4 + 5)  # the tokenizer and the arrays
    monkeypatch.setattr(module, "write_array", lambda *_: pytest.fail("encoded again"))
    monkeypatch.setattr(BPETokenizer, "train", lambda *_: pytest.fail("learnt again"))
    again = small()
    assert not again.made and not again.notes
    assert again.sha256 == first.sha256
    assert again.card() == first.card()


def test_a_touched_file_is_compared_a_changed_one_encoded(small, tales):
    before, train = small(), tales / "tinystories-train.txt"
    os.utime(train, (1, 1))
    assert not small().made
    train.write_text(train.read_text().replace("number 7 ", "number 8 "))
    after = small()
    assert {array.corpus for p, array in after.arrays.items() if p in after.made} == {"tinystories"}
    assert after.sha256 != before.sha256
    assert after.tokenizer.sha256 == before.tokenizer.sha256  # models depend on it
    assert "learnt from other text" in after.notes[0]


def test_another_grammar_is_encoded_again(small, monkeypatch):
    before = small()
    monkeypatch.setattr(storybook, "fingerprint", lambda: "another grammar")
    after = small()
    assert {array.corpus for p, array in after.arrays.items() if p in after.made} == {"storybook"}
    assert len(after.made) == 2 * 5
    assert after.tokenizer.sha256 == before.tokenizer.sha256
    assert "learnt from other text" in after.notes[0]
    assert not small().made


def test_other_limits_and_tokenizers_are_encoded_again(small, tmp_path):
    first = small()
    fewer = small(limits={"words": 500})
    assert {p.name for p in fewer.made} == {f"tinystories.words.{s}.bin" for s in ("train", "val")}
    assert 500 <= fewer.chars("words", "train", ["tinystories"]) < 600
    other = small(vocab=300)
    assert other.tokenizer.vocab_size == 300
    assert len(other.made) == 19
    assert not small(limits={"words": 500}).made  # the first ones are still there
    assert not small(tokenizer=first.tokenizer, limits={"words": 500}).made


def test_learning_from_one_corpus_only(small, tmp_path):
    made = small(learn_from=["tinystories"])
    assert (tmp_path / "data/tokenizer/tinystories-500.json").exists()
    assert made.tokenizer.sha256 != small().tokenizer.sha256


def test_what_was_interrupted_is_done_again_and_the_rest_stays(small, tmp_path, monkeypatch):
    tokens, calls = BPETokenizer.encode_documents, []

    def breaks_off(self, texts):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return tokens(self, texts)

    monkeypatch.setattr(BPETokenizer, "encode_documents", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        small()
    encoded = tmp_path / "data" / "cache" / "encoded"
    done = sorted(encoded.rglob("*.bin"))
    assert len(done) == 4 and not list(encoded.rglob("*.tmp"))
    assert not {*small().made} & {*done}


STOPPED = """
import os, sys
from realsam_edu.cli import main
from realsam_edu.text.tokenizer import BPETokenizer

sign, encode, calls = int(sys.argv[1]), BPETokenizer.encode_documents, []

def stops(self, texts):
    calls.append(1)
    if len(calls) == 4:  # in the middle of it
        os.kill(os.getpid(), sign)
    return encode(self, texts)

BPETokenizer.encode_documents = stops
sys.exit(main(sys.argv[2:]))
"""


def preparing(folder, tales, program=("-m", "realsam_edu")):
    """Run `realsam data` in a process of its own; return its exit code and its output."""
    argv = [sys.executable, *program, "data", "--corpora", "tinystories,storybook"]
    argv += ["--path", f"tinystories={tales}", "--vocab", "300", "--storybook-chars", "100000"]
    done = subprocess.run([*argv, "--data-dir", folder], stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


def prepared(folder):
    return {file.name: file.read_bytes() for file in folder.rglob("*.bin")}


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_a_preparation_that_is_stopped_goes_on_to_equal_files(tales, tmp_path):
    assert preparing(tmp_path / "whole", tales)[0] == 0
    whole = prepared(tmp_path / "whole")
    for sign in (signal.SIGINT, signal.SIGKILL):
        folder = tmp_path / sign.name
        code, _ = preparing(folder, tales, ("-c", STOPPED, str(int(sign))))
        assert code == (130 if sign == signal.SIGINT else -sign)
        assert len(prepared(folder)) == 3 and len(whole) == 18
        _, out = preparing(folder, tales)
        assert "was there already" in out and "encoded now" in out
        assert prepared(folder) == whole


@pytest.mark.parametrize("harm", ["cut", "no manifest", "broken manifest"])
def test_a_damaged_array_counts_as_not_there(small, harm):
    made = small()
    path = next(p for p, a in made.arrays.items() if (a.phase, a.split) == ("stories", "train"))
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-2])
    elif harm == "no manifest":
        path.with_suffix(".json").unlink()
    else:
        path.with_suffix(".json").write_text("{")
    again = small()
    assert again.made == {path}
    assert again.sha256 == made.sha256


def test_full_disk_leaves_no_half_array(small, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    made = small()
    before = {path: path.read_bytes() for path in made.arrays}
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RealSamError, match=r"\.bin: No space left on device; nothing was changed"):
        small(limits={"words": 500})
    assert {path: path.read_bytes() for path in made.arrays} == before
    assert not list((tmp_path / "data").rglob("*.tmp"))


def test_strays_of_killed_runs_go(small, tmp_path):
    folder = next(iter(small().arrays)).parent
    old, young = folder / ".a.bin.x.tmp", folder / ".b.bin.y.tmp"
    for stray in (old, young):
        stray.write_bytes(b"half")
    os.utime(old, (1, 1))
    small(limits={"words": 100})
    assert not old.exists() and young.exists()


def test_tokenizer_and_arrays_have_to_belong_together(small):
    made = small()
    other = BPETokenizer.train([TALE], 300)
    with pytest.raises(RealSamError, match="encoded with another tokenizer"):
        arrays.Prepared(other, made.arrays)


def test_card_says_what_it_was(small):
    card = small().card()
    assert card["name"] == "tinystories+storybook"
    row = next(a for a in card["arrays"] if (a["phase"], a["split"]) == ("stories", "train"))
    assert row["documents"] == 300
    assert row["licence"] == "CDLA-Sharing-1.0"
    assert row["source"].startswith("tinystories-train.txt, a copy of ")


def test_too_little_to_hold_some_out(tmp_path):
    file = tmp_path / "one.txt"
    file.write_text(TALE)
    made = prepare(["tinystories"], tmp_path, 300, {"tinystories": file})
    with pytest.raises(RealSamError, match="too little to hold some out"):
        made.tokens("stories", "val").__len__() and made.tokens("stories", "train")


# --- Tokens -----------------------------------------------------------------------------------


@pytest.fixture
def joined(tmp_path):
    numbers = np.arange(65_000, 65_300, dtype="<u2")
    files = []
    for i, part in enumerate(np.split(numbers, [7, 7 + 150])):
        files.append(tmp_path / f"{i}.bin")
        part.tofile(files[-1])
    return Tokens(files), torch.from_numpy(numbers.astype(np.int64))


@pytest.mark.parametrize(
    "at",
    [
        slice(None),
        slice(3, 200, 7),
        slice(-9, None),
        slice(5, 5),
        torch.tensor([[0, 6], [7, 156], [157, 299]]),
        torch.tensor([-1, -300]),
        torch.tensor(12),
        5,
        torch.zeros(0, dtype=torch.long),
    ],
)
def test_tokens_read_like_a_tensor(joined, at):
    tokens, whole = joined
    assert len(tokens) == 300
    got = tokens[at]
    assert got.dtype == torch.int64
    assert torch.equal(got, whole[at])


@pytest.mark.parametrize("at", [300, -301, torch.tensor([0, 300])])
def test_tokens_end_where_they_end(joined, at):
    with pytest.raises(IndexError, match="outside of 300 tokens"):
        joined[0][at]


# --- command ----------------------------------------------------------------------------------


def run(capsys, *argv):
    code = cli.main([str(arg) for arg in argv])
    return code, *capsys.readouterr()


def test_data_command(tales, tmp_path, capsys):
    argv = ["data", "--corpora", "storybook,tinystories", "--path", f"tinystories={tales}"]
    argv += ["--data-dir", tmp_path / "d", "--vocab", 400, "--storybook-chars", 3000]
    code, out, _ = run(capsys, *argv)
    assert code == 0
    assert f"tinystories: {sum(len(TALE.format(i)) for i in range(300)):,} characters to tr" in out
    assert "characters per token, encoded now" in out
    assert "tokenizer: 400 tokens, learnt now" in out
    code, out, _ = run(capsys, *argv)
    assert "was there already" in out and "now" not in out
    code, out, _ = run(
        capsys, "data", "--corpora", "tinystories", "--path", tales, "--data-dir", tmp_path / "d",
        "--vocab", 400, "--learn-from", "tinystories",
    )  # fmt: skip
    assert code == 0 and "tinystories-400.json" in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--vocab", "200"], "at least 259"),
        (["--corpora", "storybook,moby_dick"], "no corpus 'moby_dick'"),
        (["--corpora", "tinystories,oasst", "--path", "x"], "write --path NAME=PATH"),
        (["--path", "tinystories=x"], "is for none of the corpora that take one here (none)"),
        (["--corpora", "tinystories", "--path", "none.txt"], "Cannot read none.txt"),
        (["--learn-from", "moby_dick"], "no corpus 'moby_dick'"),
        (["--storybook-chars", "0"], "storybook_chars is 0"),
    ],
)
def test_data_mistakes_get_one_sentence(tmp_path, capsys, argv, says):
    code, out, err = run(capsys, "data", "--data-dir", tmp_path, *argv)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_paths_by_name():
    names = ["tinystories", "oasst"]
    assert paths_by_name(["oasst=a=b"], names) == {"oasst": "a=b"}
    assert paths_by_name(None, names) == {}
    assert paths_by_name(["x/y"], ["oasst"]) == {"oasst": "x/y"}
    assert paths_by_name(["odd=name.txt"], ["oasst"]) == {"oasst": "odd=name.txt"}


# --- the same text, saved on different machines -------------------------------------------------


def test_line_ends_and_byte_order_mark_change_nothing(tmp_path):
    story = "The cat sat.\n\nThe dog – it was old – ran.\nThey met."
    text = f"\n{SPECIALS[0]}\n".join(f"{story} {i} times." for i in range(60))
    row = "\n".join(json.dumps({"text": f"{story} {i} times."}) for i in range(60))
    made = {}
    for kind, content in (("txt", text), ("jsonl", row)):
        for name, data in saved(content).items():
            file = tmp_path / f"{name}.{kind}"
            file.write_bytes(data)
            made[kind, name] = prepare(
                ["tinystories"], tmp_path / kind / name, 300, {"tinystories": file}
            )
    assert len({one.sha256 for one in made.values()}) == 1
    stories = made["txt", "bom"].tokens("stories", "train")
    assert not {"\r", "\ufeff"} & set(made["txt", "bom"].tokenizer.decode(stories[:]))


def saved(text):
    """Return the bytes of a text as the editors of the world save it."""
    crlf = text.replace("\n", "\r\n")
    return {
        "lf": text.encode(),
        "crlf": crlf.encode(),
        "bom": text.encode("utf-8-sig"),
        "crlf and bom": crlf.encode("utf-8-sig"),
        "cr": text.replace("\n", "\r").encode(),
    }


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory as Linux does")
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    code = """
        import random, sys
        from pathlib import Path
        from realsam_edu.experiments.bench.timing import memory_peak
        from realsam_edu.text.prepare import prepare
        rng, folder, peaks = random.Random(0), Path(sys.argv[1]), []
        words = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(1, 9))) for _ in range(5000)]
        for i, megabytes in enumerate((1, 12)):
            with (folder / f"{i}.txt").open("w") as file:
                for _ in range(megabytes * 700):
                    file.write(" ".join(rng.choices(words, k=250)) + "<|endoftext|>")
            few = dict.fromkeys(("words", "phrases", "sentences"), 50_000)
            made = prepare(["tinystories"], folder / str(i), 1000,
                           {"tinystories": folder / f"{i}.txt"}, limits=few)
            peaks.append(memory_peak())
            made.tokens("stories", "train")[:1000]
        print(made.chars("stories", "train"), *peaks)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stdout)
    chars, small, large = map(float, done.stdout.split())
    assert chars > 10e6
    assert large - small < 30  # megabytes; the text and its tokens would be more than 40
    assert large < 1500
