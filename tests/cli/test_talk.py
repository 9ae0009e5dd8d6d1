"""`realsam generate` and `realsam chat` as they are typed, piped, broken and full."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
import torch
from project import PATIENCE, ROOT, run

from realsam_edu import checkpoint
from realsam_edu.cli import chat as chat_command
from realsam_edu.cli.chat import BARS, Raster, shown
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import BPETokenizer, CharTokenizer

REALSAM = [sys.executable, "-m", "realsam_edu"]
V4_FILE = ROOT / "data" / "checkpoints" / "v4.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small V1 and a small V4; they have learnt nothing, and the commands do not mind."""
    folder = tmp_path_factory.mktemp("small")
    seed_all(0)
    letters = CharTokenizer("".join(map(chr, range(32, 127))) + "\n")
    checkpoint.save(
        folder / "v1.safetensors", V1(V1Config(letters.vocab_size, 16, 24)), letters, {}
    )
    words = BPETokenizer.train(["the dog and the cat went to the park. "] * 20, 300)
    small = V4(V4Config(vocab=words.vocab_size, embed=12, hidden=24, depth=2))
    with torch.no_grad():
        small.readout.bias[:3] = -100.0  # it never ends by itself
    checkpoint.save(folder / "v4.safetensors", small, words, {})
    return folder


def piped(*argv, data=b"", **how) -> subprocess.CompletedProcess:
    command = [*REALSAM, *map(str, argv)]
    return subprocess.run(command, input=data, capture_output=True, cwd=ROOT, check=False, **how)


def one_sentence(done, says: str) -> None:
    err = done.stderr.decode()
    assert done.returncode == 2, err
    assert err.startswith("realsam: ") and err.count("\n") == 1 and says in err, err


# ---------------------------------------------------------------- generate


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--temperature", "nan"], "Temperature must be"),
        (["--temperature=-1"], "Temperature must be"),
        (["--temperature", "inf"], "Temperature must be"),
        (["--top-k", "0"], "top-k of 0"),
        (["--top-p", "0"], "Top-p must be"),
        (["--top-p", "2"], "Top-p must be"),
        (["--top-p", "nan"], "Top-p must be"),
        (["--repetition-penalty", "0.5"], "penalty must be"),
        (["--repetition-penalty", "nan"], "penalty must be"),
        (["--seed=-1"], "seed must be"),
        (["--stress", "nan"], "between 0 and 1"),
        (["--n=-5"], "n is -5"),
    ],
)
@pytest.mark.parametrize("command", ["generate", "chat"])
def test_settings_out_of_range_get_one_sentence(folder, command, flags, says, capsys):
    code, out, err = run(capsys, command, "--checkpoint", folder / "v4.safetensors", *flags)
    assert (code, out) == (2, "")
    assert err.startswith("realsam: ") and err.count("\n") == 1 and says in err


@pytest.mark.parametrize(
    "flags",
    [
        ["--temperature", "0"],
        ["--temperature", "1e-320"],
        ["--top-k", "1000000"],
        ["--top-p", "1"],
        ["--top-p", "1e-9"],
        ["--repetition-penalty", "1e30"],
        ["--stop", "turn"],
        ["--prompt", "<|endoftext|><|user|> 😀 \x00\x1b[2J"],
        ["--prompt", ""],
        ["--seed", str(2**63 - 1)],
    ],
)
def test_what_just_works(folder, flags, capsys):
    argv = ["generate", "--checkpoint", folder / "v4.safetensors", "--n", 5, *flags]
    code, out, err = run(capsys, *argv)
    assert (code, err) == (0, "")
    assert run(capsys, *argv)[1] == out  # the same seed


def test_a_character_model_knows_no_turns(folder, capsys):
    argv = ["--checkpoint", folder / "v1.safetensors"]
    code, _, err = run(capsys, "generate", *argv, "--stop", "turn")
    assert code == 2 and "knows no turns" in err
    code, _, err = run(capsys, "chat", *argv)
    assert code == 2 and "cannot chat; let it write with `realsam generate`" in err
    assert err.count("\n") == 1


def test_the_new_rules_change_the_text(folder, capsys):
    argv = ["generate", "--checkpoint", folder / "v4.safetensors", "--n", 60, "--seed", 2]
    plain = run(capsys, *argv)[1]
    for flags in (["--top-p", "0.3"], ["--repetition-penalty", "3"], ["--top-k", "2"]):
        assert run(capsys, *argv, *flags)[1] != plain
    assert run(capsys, *argv, "--top-p", "1", "--repetition-penalty", "1")[1] == plain


def test_a_prompt_from_standard_input_is_the_prompt_from_the_command_line(folder):
    argv = ["generate", "--checkpoint", folder / "v4.safetensors", "--n", "9", "--prompt"]
    typed = piped(*argv, "the dog “ok”\nthe cat")
    for data in ("the dog “ok”\nthe cat", "\ufeffthe dog “ok”\r\nthe cat\n"):
        done = piped(*argv, "-", data=data.encode())
        assert (done.returncode, done.stderr, done.stdout) == (0, b"", typed.stdout)
    assert piped(*argv, "-").returncode == 0  # nothing: Sam begins by himself
    one_sentence(
        piped("generate", "--checkpoint", folder / "v1.safetensors", "--prompt", "-"), "is empty"
    )


def test_standard_input_that_is_no_text(folder):
    argv = ["generate", "--checkpoint", folder / "v4.safetensors", "--prompt", "-"]
    one_sentence(
        piped(*argv, data=b"the dog\n\xff\xfe"), "standard input, line 2: this is not UTF-8"
    )
    one_sentence(piped(*argv, data="the dog".encode("utf-16")), "standard input, line 1")
    one_sentence(piped(*argv, data=b"a" * 1_000_001), "more than 1,000,000 characters")
    closed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *REALSAM, *map(str, argv)],
        capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    one_sentence(closed, "Standard input is closed")
    one_sentence(piped(*argv[:-1], os.fsdecode(b"the \xff")), "surrogate")


@pytest.mark.parametrize("command", ["generate", "info"])
def test_a_full_disk_and_a_reader_that_leaves(folder, command):
    argv = [*REALSAM, command, "--checkpoint", str(folder / "v4.safetensors")]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            argv,
            stdout=full,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            check=False,
        )
    one_sentence(done, "Could not write the output: No space left on device.")
    argv += ["--n", "1000000"] if command == "generate" else []
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    if command == "generate":
        process.stdout.read(20)
    process.stdout.close()
    assert (process.wait(), process.stderr.read()) == (0, b"")


MEMORY = """
import sys
from realsam_edu import cli
from realsam_edu.experiments.bench.timing import memory_peak
code = cli.main(sys.argv[1:])
print(round(memory_peak()), file=sys.stderr)
sys.exit(code)
"""


def test_a_prompt_of_a_hundred_thousand_characters_needs_little_more_than_a_short_one():
    """The peaks of the whole command, with the committed V4; all scores at once took 1.6 GB."""
    argv = [sys.executable, "-c", MEMORY, "generate", "--mode", "v4", "--prompt", "-", "--n", "3"]
    peaks = []
    for characters in (50, 100_000):
        text = ("Once upon a time, there was a little dog. " * 2400)[:characters]
        done = subprocess.run(
            argv, input=text.encode(), capture_output=True, cwd=ROOT, check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode().startswith(text)
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] <= 80 and peaks[1] <= 400, peaks


# ---------------------------------------------------------------- chat


def lines(folder, *said, argv=()) -> subprocess.CompletedProcess:
    data = "".join(f"{line}\n" for line in said).encode()
    return piped("chat", "--checkpoint", folder / "v4.safetensors", "--n", 8, *argv, data=data)


def test_a_conversation_through_a_pipe(folder):
    done = lines(folder, "the dog", "", "the cat <|endoftext|>", "/quit", "never read")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().count("Sam: ") == 2
    assert lines(folder, "the dog", "", "the cat <|endoftext|>").stdout == done.stdout
    assert piped("chat", "--checkpoint", folder / "v4.safetensors").returncode == 0  # nothing said


def test_every_command_does_what_help_says(folder, tmp_path):
    kept = tmp_path / "my talk.safetensors"
    done = lines(
        folder, "/help", "/stress 0.7", "/stress", "/stress feel", "/temperature 0.5",
        "/temperature",
        "/seed 5", "/seed", "/spikes", "the dog", "/spikes", f"/save {kept}", "the cat", "/reset",
        f"/load {kept}", "the cat", " /quit",
    )  # fmt: skip
    out = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    for command in chat_command.HELP.splitlines()[:-1]:
        assert command in out
    assert out.count("Stress 0.70, held.") == 2 and "Stress 0.70, felt." in out
    assert out.count("Temperature 0.5.") == 2 and out.count("Seed 5.") == 2
    assert out.count("block 1") == out.count("block 2") == 1
    assert "Sam remembers nothing." in out and "Turns so far: 1." in out
    replies = out.split("Sam: ")[1:]
    assert len(replies) == 5  # dog, cat, the turn shown by /load, cat, and " /quit" as a message
    assert replies[1].split("Sam remembers")[0].strip() == replies[3].strip()


def test_what_is_wrong_is_said_and_the_chat_goes_on(folder, tmp_path):
    taken = tmp_path / "thesis.safetensors"
    taken.write_text("my thesis")
    wrong = {
        "/nope": "There is no command /nope; /help",
        "/": "There is no command /;",
        "/stress loud": "'loud' is no stress",
        "/stress 7": "between 0 and 1",
        "/temperature nan": "Temperature must be",
        "/temperature warm": "'warm' is no temperature",
        "/seed -1": "seed must be",
        "/seed 1.5": "'1.5' is no seed",
        "/save": "/save needs the name of a file",
        "/save talk.txt": "no name for a saved chat",
        f"/save {taken}": "is there already and is no saved chat",
        "/load": "/load needs the name of a file",
        "/load none.safetensors": "There is no saved chat at",
        f"/load {V4_FILE}": "give a file that a chat has saved",
    }
    done = lines(folder, *wrong, "the dog")
    said = done.stderr.decode().splitlines()
    assert done.returncode == 2 and len(said) == len(wrong)
    for line, says in zip(said, wrong.values(), strict=True):
        assert line.startswith("realsam: ") and says in line
    assert done.stdout.decode().count("Sam: ") == 1
    assert taken.read_text() == "my thesis"


def test_a_chat_that_another_model_saved(folder, tmp_path):
    kept = tmp_path / "talk.safetensors"
    assert lines(folder, "the dog", f"/save {kept}").returncode == 0
    done = piped("chat", data=f"/load {kept}\n".encode())  # the committed V4
    one_sentence(done, "is a chat with another model (V4)")


def test_input_that_is_no_text_or_has_no_end(folder):
    argv = ["chat", "--checkpoint", folder / "v4.safetensors", "--n", "2"]
    one_sentence(piped(*argv, data=b"the dog\n\xff\n"), "standard input, line 2: this is not UTF-8")
    one_sentence(piped(*argv, data=b"a" * 4_000_001), "more than 4,000,000 bytes")
    closed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *REALSAM, *map(str, argv)],
        capture_output=True, cwd=ROOT, check=False,
    )  # fmt: skip
    one_sentence(closed, "Standard input is closed")


def test_a_reader_that_leaves_ends_the_chat(folder):
    process = subprocess.Popen(
        [*REALSAM, "chat", "--checkpoint", str(folder / "v4.safetensors")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    process.stdout.close()
    process.stdin.write(b"the dog\n" * 50)
    process.stdin.close()
    assert (process.wait(), process.stderr.read()) == (0, b"")


class Terminal:
    """A chat at a terminal of its own."""

    def __init__(self, *argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvpe(REALSAM[0], [*REALSAM, *map(str, argv)], os.environ | {"TERM": "dumb"})
        self.seen, self.at = "", 0

    def until(self, text: str) -> None:
        """Read on until `text` has come; the next call looks behind it."""
        while text not in self.seen[self.at :]:
            ready, _, _ = select.select([self.fd], [], [], PATIENCE)
            assert ready, self.seen
            self.seen += os.read(self.fd, 4096).decode(errors="replace")
        self.at = self.seen.index(text, self.at) + len(text)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> int:
        """Return the exit code; what is still to be read is read."""
        while True:
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # the other side has closed
                break
            if not data:
                break
            self.seen += data.decode(errors="replace")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_terminal_edits_remembers_interrupts_and_leaves(folder):
    """Ctrl-C stops the reply and throws a line away, arrow up brings a line back, Ctrl-D leaves."""
    chat = Terminal("chat", "--checkpoint", folder / "v4.safetensors", "--n", "100000000")
    chat.until("You: ")
    chat.type("the dgo\x08\x08og\n")  # backspace, twice
    chat.until("Sam: ")
    time.sleep(0.2)
    os.kill(chat.pid, signal.SIGINT)
    chat.until("…")
    chat.until("You: ")
    chat.type("half a li\x03")
    chat.until("You: ")
    chat.type("/seed 77\n")
    chat.until("Seed 77.")
    chat.until("You: ")
    chat.type("\x1b[A\n")  # arrow up
    chat.until("Seed 77.")
    chat.until("You: ")
    chat.type("/nope\n")
    chat.until("There is no command /nope")
    chat.until("You: ")
    chat.type("\x04")
    assert chat.end() == 0
    assert "Traceback" not in chat.seen and "V4 listens" in chat.seen


def test_the_raster_shows_rates_and_steering_signs_are_shown_as_signs():
    raster = Raster(["one", "two"])
    quiet, loud = torch.zeros(1, 100), torch.ones(1, 100)
    state = LIFState(quiet, quiet), LIFState(loud, loud)
    raster.on_step(torch.tensor([1, 2, 3]), None, state)  # a window that was read
    assert list(raster.lines()) == []
    for _ in range(200):
        raster.on_step(torch.tensor([1]), None, state)
    first, second = raster.lines()
    assert first.split()[0] == "one" and set(first) - set(" one0%") == set()
    assert second.count(BARS[-1]) <= 64 and second.endswith("100%")
    assert shown("a\tb\n\x1b[2J\x9b\x7f😀é") == "a\tb\n\ufffd[2J\ufffd\ufffd😀é"
