"""Files of documents, read one record at a time, so that a file may be larger than memory.

`datasets` streams `.jsonl`, `.jsonl.gz` and `.parquet`. It cannot cut plain text at `<|endoftext|>`
and fills the holes of a `.json` list with None, so these two are read here. What is wrong with a
file is said in one sentence with its name, and its line and field where there are any.
"""

import glob
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import empty_file, read_text, text_chunks, unreadable_file
from .tokenizer import END_OF_TEXT

SUFFIXES = (".txt", ".jsonl", ".jsonl.gz", ".json", ".parquet")
LONGEST = 100_000  # characters; a longer document is cut, so that memory stays flat
BATCH = 512  # records


def texts(path: Path) -> Iterator[str]:
    """Yield the documents of a text file, without white space around them.

    Documents stand between `<|endoftext|>`; a file whose first megabyte has none of these is cut
    at empty lines instead.

    Raises:
        RealSamError: the file is missing, empty, or not text.
    """
    end, rest, empty = None, "", True
    for chunk in text_chunks(path):
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
        raise empty_file(path)


def rows(path: Path, fields: tuple[str, ...], kind: type = str) -> Iterator[tuple[int, dict]]:
    """Yield (line, record) of a JSONL, JSON or Parquet file.

    Each record has all of `fields`, of type `kind`. Lines count from 1; in a `.json` list and in
    Parquet a line is a record.

    Raises:
        RealSamError: the file is missing, empty, damaged, or a record lacks a field.
    """
    line = 0
    read = {".json": _json, ".parquet": _parquet}.get(path.suffix.lower(), _jsonl)
    for line, record in read(path):
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
        raise empty_file(path)


def _jsonl(path: Path) -> Iterator[tuple[int, object]]:
    """A line is a row to `datasets`, so that what is wrong with one can be named."""
    lines = _stream(path, "text", encoding="utf-8-sig")
    for line, row in enumerate(lines, start=1):
        if row["text"].strip():
            yield line, _parse(path, line, row["text"])


def _json(path: Path) -> Iterator[tuple[int, object]]:
    records = _parse(path, 1, read_text(path))
    yield from enumerate(records if isinstance(records, list) else [records], start=1)


def _parquet(path: Path) -> Iterator[tuple[int, object]]:
    yield from enumerate(_stream(path, "parquet"), start=1)


def _stream(path: Path, kind: str, **options) -> Iterator[dict]:
    """Yield the rows of a file as `datasets` reads them: no copy on disk, no network."""
    import datasets  # slow to import, and only needed here
    import pyarrow

    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what is wrong is told below
    try:
        path.open("rb").close()
        read = getattr(datasets.IterableDataset, f"from_{kind}")
        stream = read(glob.escape(str(path)), **options).with_format("arrow")
        for batch in stream.iter(BATCH):
            yield from batch.to_pylist()
    except UnicodeDecodeError:
        if kind == "text":
            for _ in text_chunks(path):  # finds the line, and says so
                pass
        raise _damaged(path) from None
    except (OSError, EOFError, zlib.error, pyarrow.ArrowException) as error:
        if kind == "text" or getattr(error, "strerror", None):
            raise unreadable_file(path, error) from None
        raise _damaged(path) from None


def _damaged(path: Path) -> RealSamError:
    kind = path.suffix[1:].capitalize()
    return RealSamError(f"{path} is not a {kind} file, or it is damaged; fetch it again.")


def _parse(path: Path, line: int, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RealSamError(
            f"{path}, line {line + error.lineno - 1}: this is not JSON ({error.msg}, column "
            f"{error.colno}); give a file of the public schema."
        ) from None
    except (ValueError, RecursionError):  # thousands of digits, or of brackets within brackets
        raise RealSamError(
            f"{path}, line {line}: a number is too long or brackets are nested too deeply; "
            "give a file of the public schema."
        ) from None
