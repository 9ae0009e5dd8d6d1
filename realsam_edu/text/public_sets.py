"""The public data sets: which files they have, where those are, how a record is told.

A set is read from `path=`, or fetched from the Hugging Face Hub once, then counted. Conversations
are told as turns: `<|user|>…<|sam|>…<|user|>…`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import write_atomic
from .download import download
from .formats import SUFFIXES, rows, texts
from .levels import LEVELS, TALK, graded
from .source import SPLITS, Files, Source
from .tokenizer import SPELLED

HELD_OUT = 0.05  # share of the documents kept for validation where a set has no such part
HUB = "https://huggingface.co"
_VALIDATION = re.compile(r"(?<![a-z])val(id|idation)?(?![a-z])")  # as a word of a file's name

# --- how a record is told -----------------------------------------------------------------------

_STRAIGHT = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "…": "...", "\u00a0": " "}


def _misread(char: str) -> str:
    """Return what `char` looks like after its UTF-8 bytes were read as Windows-1252."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in char.encode())


_REPAIR = {_misread(char): straight for char, straight in _STRAIGHT.items()} | {"â€": '"'}
_TYPOGRAPHY = re.compile("|".join(map(re.escape, [*_REPAIR, *_STRAIGHT])))


def clean(text: str) -> str:
    """Return `text` with straight quotes and dashes, and without the spelling of special tokens.

    Quotes that were once read in the wrong encoding (`â€œ`, frequent in TinyStories) are repaired,
    lines end in LF as they do in a file of plain text.
    """
    if not text.isascii():
        text = _TYPOGRAPHY.sub(lambda m: _REPAIR.get(m[0]) or _STRAIGHT[m[0]], text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    without = SPELLED.sub("", text)
    return SPELLED.sub(" ", without).strip()  # what is left may spell one, spaces never do


def told(turns: list[str]) -> str:
    """Return turns of user and Sam, by turns, as one document; "" if Sam never answers."""
    turns = [clean(turn) for turn in turns]
    if "" in turns:
        turns = turns[: turns.index("")]
    turns = turns[: len(turns) // 2 * 2]  # the last word is Sam's
    return "".join(
        f"<|user|>{ask}<|sam|>{answer}" for ask, answer in zip(turns[::2], turns[1::2], strict=True)
    )


def story(record: dict) -> tuple[str, str]:
    """Return (key, document) of a record with `text`."""
    text = clean(record["text"])
    return text, text


def alpaca(record: dict) -> tuple[str, str]:
    """Return (key, document) of a record with `instruction`, `input` and `output`."""
    answer = "" if "<nooutput>" in record["output"].lower() else record["output"]
    return record["instruction"], told([f"{record['instruction']}\n{record['input']}", answer])


def dolly(record: dict) -> tuple[str, str]:
    """Return (key, document) of a record with `instruction`, `context` and `response`."""
    ask = f"{record['instruction']}\n{record['context']}"
    return record["instruction"], told([ask, record["response"]])


def oasst(record: dict, lang: str | None = "en") -> tuple[str, str]:
    """Return (key, document) of an OpenAssistant tree: the thread that people ranked best.

    From the root on, the reply of the best rank follows (the first one where none is ranked), so
    that no message is told twice.

    Args:
        record: a tree with `prompt`, whose messages have `text`, `role`, `replies`.
        lang: leave a message in another language, and what follows it, out; None keeps all.

    Raises:
        KeyError: a message has no text in its field `text` or `role`, named by the error.
    """
    node, turns, role = record["prompt"], [], "prompter"
    while node and _text(node, "role") == role and lang in (None, node.get("lang", lang)):
        turns.append(_text(node, "text"))
        replies = [reply for reply in node.get("replies") or [] if not reply.get("deleted")]
        node = min(replies, key=_rank, default=None)
        role = "assistant" if role == "prompter" else "prompter"
    return record.get("message_tree_id") or record["prompt"]["text"], told(turns)


def _text(message: dict, field: str) -> str:
    if not isinstance(message.get(field), str):
        raise KeyError(field)
    return message[field]


def _rank(message: dict) -> float:
    rank = message.get("rank")
    return float("inf") if rank is None else rank


# --- the files of a set -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PublicSet(Source):
    """A data set of the Hub: its files by split, and what a record is.

    Attributes:
        tell: makes (key, document) of a record; the key decides what is held out.
        fields: what a record has to have, of type `kind`.
        records: in all files of the Hub together.
        train, val: files on the Hub; without `val` some of the training records are held out.
    """

    tell: Callable[[dict], tuple[str, str]]
    fields: tuple[str, ...]
    kind: type = str
    records: int
    train: tuple[str, ...]
    val: tuple[str, ...] = ()

    def files(self, path: Path | None, folder: Path) -> Files:
        """Return the files at `path`, or those of the Hub, fetched and counted; see the base class.

        In a folder these are the files whose names contain that of the set or, as on the Hub, begin
        with `train-` and `validation-`; what has `val`, `valid` or `validation` as a word of its
        name is validation text.
        """
        if path is not None:
            return self._local(path)
        home = folder / self.name
        found = Files(*(tuple(home / file for file in split) for split in (self.train, self.val)))
        missing = [file for file in found.all if not file.exists()]
        for file in missing:
            self._fetch(file, file.relative_to(home).as_posix())
        counted = home / "counted"
        if missing or not counted.exists():
            self._count(found, home)
            write_atomic(counted, f"{self.records}\n".encode())
        return found

    def read(self, files: Files, split: str, level: str) -> Iterator[str]:
        """Yield stories, or pieces of them, or conversations; see the base class.

        A key is on one side only, so copies of a document do not get on both.
        """
        chosen = files.val if split == "val" and files.val else files.train
        whole = (
            document
            for file in chosen
            for key, document in self._told(file)
            if document and (files.val or _is_held_out(key) == (split == "val"))
        )
        yield from graded(whole, level, SPLITS.index(split))

    def _told(self, file: Path) -> Iterator[tuple[str, str]]:
        if file.suffix.lower() == ".txt":
            yield from (self.tell({"text": text}) for text in texts(file))
            return
        for line, record in rows(file, self.fields, self.kind):
            try:
                yield self.tell(record)
            except KeyError as error:
                raise RealSamError(
                    f"{file}, line {line}: a message has no text in its field {error}; "
                    "give a file of the public schema."
                ) from None

    def _local(self, path: Path) -> Files:
        train, val = (path,), ()
        if path.is_dir():
            there = [file for part in (path, path / "data") for file in sorted(part.glob("*"))]
            there = {file: file.name.lower() for file in there if _understood(file)}
            mine = [file for file, name in there.items() if self.name in name]
            as_on_hub = ("train-", "validation-")
            mine = mine or [file for file, name in there.items() if name.startswith(as_on_hub)]
            val = tuple(file for file in mine if _VALIDATION.search(there[file]))
            train = tuple(file for file in mine if file not in val)
        if not train:
            raise RealSamError(
                f"There is no file of '{self.name}' in {path}; name one with '{self.name}' in it "
                f"({', '.join(SUFFIXES)}), or give the path of the file itself."
            )
        if not _understood(train[0]):
            raise RealSamError(
                f"{train[0]} has a name that is not understood; it has to end in "
                f"{', '.join(SUFFIXES)}."
            )
        return Files(train, val)

    def _fetch(self, target: Path, file: str) -> None:
        from datasets import config  # slow to import, and only needed here

        if config.HF_HUB_OFFLINE:
            raise RealSamError(
                f"Could not download {file} of {self.origin} (HF_HUB_OFFLINE is set); unset it, or "
                f"give the place of a copy with path= (--path {self.name}=FILE)."
            )
        url = f"{self.origin.replace(HUB, config.HF_ENDPOINT)}/resolve/main/{file}"
        download(url, target, f"--path {self.name}=FILE")

    def _count(self, files: Files, home: Path) -> None:
        n = sum(1 for file in files.all for _ in rows(file, self.fields, self.kind))
        if n != self.records:
            raise RealSamError(
                f"{home} holds {n:,} records of {self.name} where {self.records:,} were expected; "
                "delete it to fetch it again, or use it as it is with path= "
                f"(--path {self.name}={home})."
            )


def _understood(file: Path) -> bool:
    return file.name.lower().endswith(SUFFIXES)


def _is_held_out(key: str) -> bool:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) < HELD_OUT * 2**32


_STORIES = ("2d5a1467fff1081b", "5852b56a2bd28fd9", "a26307300439e943", "d243063613e5a057")
PUBLIC_SETS = (
    PublicSet(
        name="tinystories",
        licence="CDLA-Sharing-1.0",
        origin=f"{HUB}/datasets/roneneldan/TinyStories",
        levels=LEVELS,
        tell=story,
        fields=("text",),
        records=2_119_719 + 21_990,
        train=tuple(f"data/train-{i:05}-of-00004-{h}.parquet" for i, h in enumerate(_STORIES)),
        val=("data/validation-00000-of-00001-869c898b519ad725.parquet",),
    ),
    PublicSet(
        name="alpaca",
        licence="CC-BY-NC-4.0",
        origin=f"{HUB}/datasets/tatsu-lab/alpaca",
        levels=TALK,
        tell=alpaca,
        fields=("instruction", "input", "output"),
        records=52_002,
        train=("data/train-00000-of-00001-a09b74b3ef9c3b56.parquet",),
    ),
    PublicSet(
        name="dolly",
        licence="CC-BY-SA-3.0",
        origin=f"{HUB}/datasets/databricks/databricks-dolly-15k",
        levels=TALK,
        tell=dolly,
        fields=("instruction", "context", "response"),
        records=15_011,
        train=("databricks-dolly-15k.jsonl",),
    ),
    PublicSet(
        name="oasst",
        licence="Apache-2.0",
        origin=f"{HUB}/datasets/OpenAssistant/oasst1",
        levels=TALK,
        tell=oasst,
        fields=("prompt",),
        kind=dict,
        records=10_364,
        train=("2023-04-12_oasst_ready.trees.jsonl.gz",),
    ),
)
