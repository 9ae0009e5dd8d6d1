"""Reading and writing files: text in one way only, and nothing half-written ever."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import RealSamError


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`; when the block is done it is renamed to `path`.

    Raises:
        RealSamError: it cannot be written (full disk, no permission); `path` is as before.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"
        )
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise RealSamError(
            f"Could not write {path}: {error.strerror}; nothing was changed there, so free some "
            "space or choose another folder, then do the same again."
        ) from None
    finally:  # after the rename there is none; after an error or Ctrl-C there may be
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


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
