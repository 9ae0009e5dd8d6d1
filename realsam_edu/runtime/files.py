"""Reading and writing files: text in one way only, and nothing half-written ever."""

import codecs
import gzip
import io
import json
import os
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import RealSamError

CHUNK = 2**20  # bytes of text read at a time


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


def read_text(path: str | Path) -> str:
    """Return the text of `path`, decoded as `text_chunks` says.

    Raises:
        RealSamError: it is missing, empty, damaged, or not UTF-8 text.
    """
    text = "".join(text_chunks(path))
    if not text:
        raise empty_file(path)
    return text


def text_chunks(path: str | Path) -> Iterator[str]:
    """Yield the text of `path` about a megabyte at a time; `.gz` is unpacked.

    Lines may be ended by LF, CRLF or CR, and a byte order mark may stand first, so that the same
    text is the same characters wherever it was saved.

    Raises:
        RealSamError: it is missing or damaged, or, with the line, not UTF-8 text.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield from decoded(file, path)
    except (OSError, EOFError, zlib.error) as error:  # the last two: a broken gzip file
        raise unreadable_file(path, error) from None


def decoded(file: BinaryIO, name: str | Path, as_it_is: bool = False) -> Iterator[str]:
    """Yield the text in an open file about a megabyte at a time.

    Nothing else in the project decodes text, and all text is UTF-8.

    Args:
        file: gives bytes.
        name: what to call it where it has a fault.
        as_it_is: keep byte order mark and ends of lines, so that encoding gives the same bytes.

    Raises:
        RealSamError: with the line, it is not UTF-8 text.
    """
    decoder = codecs.getincrementaldecoder("utf-8" if as_it_is else "utf-8-sig")()
    line = 1
    if not as_it_is:
        decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
    while True:
        data = file.read(CHUNK)
        if b"\0" in data:  # UTF-16, or no text at all
            raise not_text(name, line + data[: data.index(b"\0")].count(b"\n"))
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            raise not_text(name, line + good.count(b"\n")) from None
        if text:
            yield text
        if not data:
            return
        line += data.count(b"\n")


def unreadable_file(path: Path, error: Exception) -> RealSamError:
    """Return what to say of a file that is not there or breaks off."""
    why = getattr(error, "strerror", None) or error
    return RealSamError(f"Cannot read {path}: {why}; give the path of an intact file.")


def not_text(path: str | Path, line: int) -> RealSamError:
    """Return what to say of a file whose bytes are not UTF-8."""
    return RealSamError(
        f"{path}, line {line}: this is not UTF-8 text; convert it or choose another file."
    )


def empty_file(path: str | Path) -> RealSamError:
    """Return what to say of a file with nothing in it."""
    return RealSamError(f"{path} is empty; give a file with text in it.")


def write_json(path: Path, content: dict) -> None:
    """Write a card, a table or a log entry as JSON for people and scripts to read, atomically."""
    write_atomic(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
