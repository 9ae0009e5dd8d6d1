"""`realsam chat`: talk with Sam in a terminal, or through a pipe."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import torch

from .. import checkpoint
from ..generation.chat import LONGEST, Chat
from ..generation.sampling import Sampling
from ..model.wiring import wiring
from ..neurons.lif import LIFState
from ..runtime.errors import RealSamError
from ..runtime.files import not_text
from ..runtime.settings import interrupt_flag, pick_device
from .flags import checkpoint_path
from .write import add_sampling_flags

BARS, PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#%"  # from nobody to everybody; the second where a
LOUD = 0.16  # terminal has no bars. The share of neurons that fills a bar
COLUMNS = 64  # of a raster
LINE = 4_000_000  # bytes of a line from a pipe, which may have no end
NEVER = threading.Event()
HELP = """\
/help             this
/reset            begin anew
/stress 0.7       hold V4's stress there; /stress feel lets it feel; /stress tells it
/temperature 0.8  how boldly Sam draws; /temperature tells it
/seed 1           start the random generator again; /seed tells it
/save FILE        keep the conversation (….safetensors)
/load FILE        go on with a kept one
/spikes           show under each reply how many neurons fired, or stop showing
/quit             leave (so does Ctrl-D); Ctrl-C stops a reply
A line that is to begin with / goes after a space."""


class Raster:
    """Watches a chat and draws a line of bars for each population: who fired over the reply."""

    def __init__(self, names: list[str]):
        self.names, self.rates = names, []  # of every token written, (L,)

    def on_step(self, tokens: torch.Tensor, logits: torch.Tensor, state: tuple) -> None:
        """Note the rates of a step; what is read in a window is no reply and begins anew."""
        if len(tokens) > 1:
            self.rates = []
        else:
            self.rates.append(
                [float(part.spk.mean()) for part in state if isinstance(part, LIFState)]
            )

    def lines(self, bars: str = BARS) -> Iterator[str]:
        """Yield a line per population, at most `COLUMNS` bars of equally many tokens each."""
        if not self.rates:
            return
        rates = torch.tensor(self.rates)  # (T, L)
        parts = rates.chunk(COLUMNS)  # (≤T/COLUMNS, L) each
        columns = torch.stack([part.mean(0) for part in parts], 1)  # (L, columns)
        for name, row, mean in zip(self.names, columns.tolist(), rates.mean(0), strict=True):
            drawn = "".join(bars[_level(rate, bars)] for rate in row)
            yield f"{name:>10} {drawn} {mean:.0%}"


def _level(rate: float, bars: str) -> int:
    top = len(bars) - 1
    return 0 if rate == 0 else min(top, 1 + int(rate / LOUD * top))


class Talk:
    """What is typed, what is answered: commands and messages, one line at a time."""

    def __init__(self, chat: Chat, names: list[str], by_hand: bool):
        """Answer for `chat`; a reply that is waited for `by_hand` is stopped by Ctrl-C."""
        self.chat, self.raster, self.by_hand = chat, Raster(names), by_hand
        self.commands = {
            "help": self._help, "reset": self._reset, "stress": self._stress,
            "temperature": self._temperature, "seed": self._seed, "save": self._save,
            "load": self._load, "spikes": self._spikes,
        }  # fmt: skip

    def answer(self, line: str) -> bool:
        """Answer a line; return whether the conversation goes on.

        Raises:
            RealSamError: what the line asks for is not possible.
        """
        if line.startswith("/"):
            word, _, rest = line[1:].strip().partition(" ")
            if word == "quit":
                return False
            if word not in self.commands:
                raise RealSamError(f"There is no command /{word}; /help shows those there are.")
            self.commands[word](rest.strip())
        elif line.strip():
            self.reply(line)
        return True

    def reply(self, text: str) -> None:
        """Let Sam answer; Ctrl-C stops him, and what he has said stands."""
        told = self.chat.say(text)
        print("Sam: ", end="", flush=True)
        watched = interrupt_flag(["SIGINT"]) if self.by_hand else contextlib.nullcontext(NEVER)
        with watched as stopped:
            for piece in told:
                print(shown(piece), end="", flush=True)
                if stopped.is_set():
                    print(" …", end="")
                    break
        print(flush=True)
        if self.chat.on_step is not None:
            for line in self.raster.lines(BARS if _has(BARS) else PLAIN):
                print(line, flush=True)

    def _help(self, _: str) -> None:
        print(HELP)

    def _reset(self, _: str) -> None:
        self.chat.reset()
        print("Sam remembers nothing.")

    def _stress(self, value: str) -> None:
        if value:
            self.chat.stress = None if value == "feel" else _number(value, "stress", float)
        if self.chat.felt is None:
            raise RealSamError("Only V4 has an environment; this model feels no stress.")
        print(f"Stress {self.chat.felt:.2f}, {'felt' if self.chat.stress is None else 'held'}.")

    def _temperature(self, value: str) -> None:
        if value:
            self.chat.temperature = _number(value, "temperature", float)
        print(f"Temperature {self.chat.temperature:g}.")

    def _seed(self, value: str) -> None:
        if value:
            self.chat.seed = _number(value, "seed", int)
        print(f"Seed {self.chat.seed}.")

    def _save(self, path: str) -> None:
        print(f"Saved {self.chat.save(_file(path, 'save'))}")

    def _load(self, path: str) -> None:
        self.chat.load(_file(path, "load"))
        print(f"Turns so far: {len(self.chat.turns)}.")
        for turn in self.chat.turns[-1:]:
            print(f"You: {shown(turn.user)}\nSam: {shown(turn.sam)}")

    def _spikes(self, _: str) -> None:
        on = self.chat.on_step is None
        self.chat.on_step = self.raster.on_step if on else None
        print("A line per layer under each reply: the share that fired." if on else "No spikes.")


def _number(value: str, name: str, kind: type):
    try:
        return kind(value)
    except ValueError:
        raise RealSamError(f"'{value}' is no {name}; /help shows how to set it.") from None


def _file(path: str, name: str) -> Path:
    if not path:
        raise RealSamError(f"/{name} needs the name of a file, such as /{name} talk.safetensors.")
    return Path(path).expanduser()


def _has(characters: str) -> bool:
    """Whether standard output can show these characters."""
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """Return `text` with a sign in place of what would steer a terminal."""
    return "".join(c if c in "\n\t" or not _steers(c) else "\ufffd" for c in text)


def _steers(char: str) -> bool:
    return ord(char) < 32 or 127 <= ord(char) < 160


def typed_lines() -> Iterator[str]:
    """Yield what is typed at a terminal, line by line, with editing and history; Ctrl-D ends it."""
    with contextlib.suppress(ImportError):  # Windows has none
        import readline  # noqa: F401, `input` uses it once it is there
    while True:
        try:
            yield input("You: ")
        except KeyboardInterrupt:  # throws the line away, not the chat
            print()
        except UnicodeDecodeError:
            print("realsam: That line is not UTF-8 text; type it again.", file=sys.stderr)
        except EOFError:
            print()
            return


def piped_lines(file) -> Iterator[str]:
    """Yield the lines of a pipe or file of UTF-8 text as they come.

    Raises:
        RealSamError: a line is not UTF-8 text, or has no end.
    """
    lines = iter(lambda: file.readline(LINE + 1), b"")
    for number, line in enumerate(lines, start=1):
        if len(line) > LINE:
            raise RealSamError(
                f"Standard input, line {number}, has more than {LINE:,} bytes; say less at a time."
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise not_text("standard input", number) from None
        yield text.rstrip("\r\n")


def chat(args) -> int:
    """Talk until the other side leaves; return the exit code, 2 if a line of a pipe was refused."""
    if sys.stdin is None:
        raise RealSamError("Standard input is closed; nobody can say anything.")
    rules = Sampling(args.temperature, args.top_k, args.top_p, args.repetition_penalty)
    if args.n < 1:
        raise RealSamError(f"n is {args.n}; a reply needs at least 1 piece.")
    loaded = checkpoint.load(checkpoint_path(args), pick_device(args.device))
    made = Chat(loaded.model, loaded.tokenizer, rules, args.seed, args.stress, args.n)
    by_hand, code = sys.stdin.isatty(), 0
    names = [population.name for population in wiring(loaded.model).populations]
    talk = Talk(made, names, by_hand)
    if by_hand:
        print(f"Sam {loaded.card['version'].upper()} listens. /help shows the commands.")
    for line in typed_lines() if by_hand else piped_lines(sys.stdin.buffer):
        try:
            if not talk.answer(line):
                break
        except RealSamError as error:
            print(f"realsam: {error}", file=sys.stderr, flush=True)
            code = 0 if by_hand else 2
        except KeyboardInterrupt:  # while a long message was read, or by impatience
            if not by_hand:
                raise
            print("\nThat turn was taken back.")
    return code


def add_commands(command) -> None:
    """Add `chat`."""
    text = "Talk with V2, V3 or V4; what was said is kept in the spiking state alone."
    sub = command("chat", chat, text, "checkpoint", "device")
    sub.set_defaults(mode="v4")
    sub.add_argument("--n", type=int, default=LONGEST, help="pieces of a reply, at most")
    add_sampling_flags(sub)
