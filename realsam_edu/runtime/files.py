"""Reading and writing files: text in one way only, and nothing half-written ever."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import RealSamError


def _target(path: Path) -> tuple[Path, int]:
    """Return the file that `path` means, links followed, and the mode to give it."""
    target = Path(os.path.realpath(path))
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return target, 0o644
    if not stat.S_ISREG(mode):
        raise RealSamError(
            f"{path} is not a file that could be replaced (a folder, a device or a pipe); choose "
            "another name."
        )
    return target, stat.S_IMODE(mode)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`; when the block is done it takes the place of `path`.

    Where `path` is a link, the file behind it is replaced; a file that is replaced hands down its
    mode.

    Raises:
        RealSamError: it cannot be written (full disk, no permission, no regular file); `path` is as
            before.
    """
    temporary = None
    try:
        target, mode = _target(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".saving-", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except OSError as error:
        raise RealSamError(
            f"Could not write {path}: {error.strerror}; nothing was changed there, so free some "
            "space or choose another folder, then do the same again."
        ) from None
    finally:  # after the rename there is none; after an error or Ctrl-C there may be
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def try_to_write(path: Path) -> None:
    """Make the folder of `path` and try it with an empty file, which goes again.

    Raises:
        RealSamError: what `write_atomic` would raise there, before there is anything to lose.
    """
    try:
        target, _ = _target(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target.parent, prefix=".saving-", suffix=".tmp").close()
    except OSError as error:
        raise RealSamError(
            f"Cannot write {path}: {error.strerror}; choose another name or folder."
        ) from None


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` all at once; `atomic_file` says how, and what it raises."""
    with atomic_file(path) as file:
        file.write(data)


def read_text(path: Path) -> str:
    """Return the text of `path`, the same whether its lines end in LF or CRLF, with BOM or without.

    Raises:
        RealSamError: it is missing, empty, or not UTF-8 text.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RealSamError(
            f"Cannot read {path}: {error.strerror}; give the path of a text file."
        ) from None
    except UnicodeDecodeError:
        raise RealSamError(f"{path} is not UTF-8 text; convert it or choose another.") from None
    if not text:
        raise RealSamError(f"{path} is empty; give a file with text in it.")
    return text


def write_json(path: Path, content: dict) -> None:
    """Write a card, a table or a log entry as JSON for people and scripts to read, atomically."""
    write_atomic(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
