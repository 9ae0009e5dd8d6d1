"""A corpus is one row: where it comes from, which levels it has, how its files become documents."""

import functools
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..runtime.files import unreadable_file
from .levels import WHOLE

SPLITS = ("train", "val")
LOADED = {"train": 5_000_000, "val": 500_000}  # characters that `Source.text` joins, at most


@dataclass(frozen=True)
class Files:
    """The files of a corpus on this machine."""

    train: tuple[Path, ...]
    val: tuple[Path, ...] = ()  # empty: some of the training text is held out

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file, training first."""
        return (*self.train, *self.val)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What there is to know about a corpus. Each kind of corpus says how to find and read it.

    Attributes:
        name: what users call it.
        licence: of the text.
        origin: where it comes from, for people.
        levels: the kinds of text it has, some of `levels.TEXTS`.
        written: it has no files, is written by a program and never ends.
        one_text: it is a single text that V1 reads character by character.
    """

    name: str
    licence: str
    origin: str
    levels: tuple[str, ...]
    written: ClassVar[bool] = False
    one_text: ClassVar[bool] = False

    def files(self, path: Path | None, folder: Path) -> Files:
        """Return its files: those at `path`, or the installed or downloaded ones.

        Args:
            path: a local file or folder; None for the usual place.
            folder: where downloads are kept.

        Raises:
            RealSamError: nothing suitable is there, or it could not be downloaded.
        """
        raise NotImplementedError

    def read(self, files: Files, split: str, level: str) -> Iterator[str]:
        """Yield the documents of a split at a level; the same call yields the same ones.

        Raises:
            RealSamError: a file is damaged or not of its schema.
        """
        raise NotImplementedError

    def text(self, files: Files, split: str) -> str:
        """Return a split as one text, for models of characters; at most `LOADED` of documents."""
        level = next(level for level in WHOLE if level in self.levels)
        part, size = [], 0
        for text in self.read(files, split, level):
            part.append(text.replace("<|user|>", "\nYou: ").replace("<|sam|>", "\nSam: ").strip())
            size += len(part[-1]) + 2
            if size >= LOADED[split]:
                break
        return "\n\n".join(part)

    def fingerprint(self, files: Files) -> dict:
        """Return what tells this text from any other: `sha256`, and a quick look at the files."""
        look = _quick_look(files.all)
        shas = [_sha256(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files.all]
        whole = shas[0] if len(shas) == 1 else hashlib.sha256("\n".join(shas).encode()).hexdigest()
        return look | {"sha256": whole}

    def same(self, before: dict, files: Files) -> bool:
        """Tell whether the text is that of a fingerprint; files are read only if touched since."""
        now = _quick_look(files.all)
        if any(before.get(key) != now[key] for key in ("files", "bytes")):
            return False
        if before.get("mtime") == now["mtime"]:
            return True
        return before.get("sha256") == self.fingerprint(files)["sha256"]


def _quick_look(files: Sequence[Path]) -> dict:
    try:
        stats = [file.stat() for file in files]
    except OSError as error:
        raise unreadable_file(Path(error.filename), error) from None
    return {
        "files": len(files),
        "bytes": sum(stat.st_size for stat in stats),
        "mtime": max(stat.st_mtime_ns for stat in stats),
    }


@functools.lru_cache(maxsize=64)
def _sha256(file: Path, size: int, mtime: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
