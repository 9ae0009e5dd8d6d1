"""Reading files of documents one record at a time, so that a file may be larger than memory.

`.txt` (documents between `<|endoftext|>`, or between empty lines), `.jsonl`, `.jsonl.gz`, `.json`
and `.parquet`. What is wrong with a file is said in one sentence with its name, line and field.
"""

import codecs
import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from ..runtime.errors import RealSamError
from .tokenizer import END_OF_TEXT

SUFFIXES = (".txt", ".jsonl", ".jsonl.gz", ".json", ".parquet")
CHUNK = 2**20  # bytes read at a time
LONGEST = 100_000  # characters; a longer document is cut, so that memory stays flat


def texts(path: Path) -> Iterator[str]:
    """Yield the documents of a UTF-8 text file, without white space around them.

    Documents stand between `<|endoftext|>`; a file whose first megabyte has none of these is cut
    at empty lines instead.

    Raises:
        RealSamError: the file is missing, empty, or not text.
    """
    end, rest, empty = None, "", True
    for chunk in _chunks(path):
        rest += chunk
        end = end or re.compile(re.escape(END_OF_TEXT) if END_OF_TEXT in rest else r"\n\s*\n")
        *documents, rest = end.split(rest)
        while len(rest) > LONGEST:
            documents, rest = [*documents, rest[:LONGEST]], rest[LONGEST:]
        for document in filter(None, map(str.strip, documents)):
            empty = False
            yield document
    if rest.strip():
        empty = False
        yield rest.strip()
    if empty:
        raise _empty(path)


def _chunks(path: Path) -> Iterator[str]:
    """Yield a text file in pieces of about a megabyte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    decoder, line = io.IncrementalNewlineDecoder(decoder, translate=True), 1
    with _open(path) as file:
        while True:
            data = _read(path, file, CHUNK)
            if b"\0" in data:
                line += data[: data.index(b"\0")].count(b"\n")
                raise _binary(path, line)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise _binary(path, line + error.object[: error.start].count(b"\n")) from None
            if not data:
                return
            line += data.count(b"\n")
            yield text


def rows(path: Path, fields: tuple[str, ...], kind: type = str) -> Iterator[tuple[int, dict]]:
    """Yield (line, record) of a JSONL, JSON or Parquet file.

    Each record has all of `fields`, of type `kind`. Lines count from 1; in a `.json` list and in
    Parquet a line is a record.

    Raises:
        RealSamError: the file is missing, empty, of another format, or a record lacks a field.
    """
    line = 0
    read = _parquet if path.suffix == ".parquet" else _json if path.suffix == ".json" else _jsonl
    for line, record in read(path, fields):
        if not isinstance(record, dict):
            raise RealSamError(
                f"{path}, line {line}: expected a record with the fields {', '.join(fields)}, "
                f"found {str(record)[:40]!r}; give a file of the public schema."
            )
        for field in fields:
            if not isinstance(record.get(field), kind):
                what = "text" if kind is str else "record"
                raise RealSamError(
                    f"{path}, line {line}: there is no {what} in the field '{field}' (it has "
                    f"{', '.join(list(record)[:8]) or 'none'}); give a file of the public schema."
                )
        yield line, record
    if line == 0:
        raise _empty(path)


def count(path: Path) -> int:
    """Return the number of records of a JSONL or Parquet file without looking into them."""
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_metadata(path).num_rows
    with _open(path) as file:
        return sum(bool(line.strip()) for line in file)


def _jsonl(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, object]]:
    with _open(path) as file:
        line = 0
        while data := _read(path, file):
            line += 1
            if data.strip():
                yield line, _parse(path, line, data)


def _json(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, object]]:
    with _open(path) as file:
        data = _read(path, file, -1)
    if data.strip():
        records = _parse(path, 1, data)
        yield from enumerate(records if isinstance(records, list) else [records], start=1)


def _parquet(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, object]]:
    import pyarrow.parquet  # only who reads Parquet needs it

    _open(path).close()
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError):
        raise RealSamError(
            f"{path} is not a Parquet file, or it is damaged; fetch it again."
        ) from None
    with file:
        known = [field for field in fields if field in file.schema_arrow.names]
        columns = known if len(known) == len(fields) else None  # all of them, for the message
        line = 0
        for batch in file.iter_batches(batch_size=512, columns=columns):
            for record in batch.to_pylist():
                line += 1
                yield line, record


def _parse(path: Path, line: int, data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _binary(path, line) from None
    except json.JSONDecodeError as error:
        raise RealSamError(
            f"{path}, line {line}: this is not JSON ({error.msg}, column {error.colno}); "
            "give a file of the public schema."
        ) from None


def _open(path: Path):
    try:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def _read(path: Path, file, size: int | None = None) -> bytes:
    """Return the next line, or the next `size` bytes."""
    try:
        return file.readline() if size is None else file.read(size)
    except (OSError, EOFError) as error:  # a broken gzip file is told here
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> RealSamError:
    why = getattr(error, "strerror", None) or error
    return RealSamError(f"Cannot read {path}: {why}; give the path of an intact file.")


def _binary(path: Path, line: int) -> RealSamError:
    return RealSamError(
        f"{path}, line {line}: this is not UTF-8 text; convert it or choose another file."
    )


def _empty(path: Path) -> RealSamError:
    return RealSamError(f"{path} is empty; give a file with text in it.")
