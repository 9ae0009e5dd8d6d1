"""Tokens on disk: arrays of two bytes per token, each with a JSON that says what it holds.

They are read in place, so a corpus may be larger than memory; an array without its JSON, or shorter
than it says, counts as not there. (An Arrow file of `datasets` would hold as much, but a batch of
windows comes four to thirteen times faster out of one flat array: see CONTRIBUTING, Decisions.)
"""

import hashlib
import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ..runtime.errors import RealSamError
from ..runtime.files import atomic_file, write_atomic
from .levels import WHOLE
from .tokenizer import SPECIALS, BPETokenizer

BATCH = 262_144  # characters encoded at a time


@dataclass(frozen=True)
class Array:
    """One file of tokens: what it holds, and what it was made from."""

    corpus: str
    phase: str
    split: str
    tokens: int
    chars: int  # of text, markers not counted
    documents: int
    sha256: str  # of the file of tokens
    tokenizer: str  # SHA-256 of the tokenizer
    limit: int | None  # characters asked for at most
    origin: dict  # files, bytes, mtime and sha256 of what it was made from
    source: str
    licence: str
    recipe: int  # `prepare.RECIPE` of the code that made it


class Tokens:
    """Tokens of several files as one long sequence that is read from disk as needed.

    `len(tokens)`, `tokens[3:9]` and `tokens[positions]` with an int64 tensor of positions of any
    shape; what comes back is int64, of the same shape, in memory.
    """

    def __init__(self, files: Sequence[Path]):
        self._parts = [np.memmap(file, dtype="<u2", mode="r") for file in files]
        self._ends = np.cumsum([len(part) for part in self._parts])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, at) -> torch.Tensor:
        if isinstance(at, slice):
            at = torch.arange(*at.indices(len(self)))
        at = torch.as_tensor(at)
        where = at.cpu().numpy()
        where = np.where(where < 0, where + len(self), where)
        if where.size and not (where.min() >= 0 and where.max() < len(self)):
            raise IndexError(f"position outside of {len(self):,} tokens")
        if len(self._parts) == 1:
            found = self._parts[0][where]
        else:
            part = np.searchsorted(self._ends, where, side="right")
            found = np.empty(where.shape, dtype=np.uint16)
            for i in np.unique(part):
                here = part == i
                start = self._ends[i] - len(self._parts[i])
                found[here] = self._parts[i][where[here] - start]
        return torch.from_numpy(np.asarray(found).astype(np.int64)).to(at.device)


class Prepared:
    """A tokenizer and the arrays that were encoded with it.

    Args:
        tokenizer: what the arrays are to be read with.
        arrays: what `read_manifest` says of them, by file.
        made: the files that were made just now; the others were there already.
        notes: sentences for the user.

    Raises:
        RealSamError: an array was encoded with another tokenizer.
    """

    def __init__(
        self,
        tokenizer: BPETokenizer,
        arrays: dict[Path, Array],
        made: Collection[Path] = (),
        notes: Sequence[str] = (),
    ):
        for path, array in arrays.items():
            if array.tokenizer != tokenizer.sha256:
                raise RealSamError(
                    f"{path} was encoded with another tokenizer ({array.tokenizer[:12]}) than this "
                    f"one ({tokenizer.sha256[:12]}); run `realsam data` to encode it again."
                )
        self.tokenizer, self.arrays, self.made, self.notes = tokenizer, arrays, made, notes

    def _chosen(self, phase: str, split: str, names: Sequence[str] | None) -> dict[Path, Array]:
        chosen = {
            path: array
            for path, array in self.arrays.items()
            if (array.phase, array.split) == (phase, split)
            and (names is None or array.corpus in names)
            and array.tokens
        }
        if not chosen:
            have = sorted({array.corpus for array in self.arrays.values()})
            raise RealSamError(
                f"There is no text to {'train' if split == 'train' else 'validate'} {phase} on in "
                f"{', '.join(names or have)} (none, or too little to hold some out); add a corpus "
                "that has it, such as storybook."
            )
        return chosen

    def tokens(self, phase: str, split: str, names: Sequence[str] | None = None) -> Tokens:
        """Return the tokens of a phase, of all corpora that have it or of `names` only.

        Raises:
            RealSamError: none of them has text for this phase.
        """
        return Tokens(list(self._chosen(phase, split, names)))

    def chars(self, phase: str, split: str, names: Sequence[str] | None = None) -> int:
        """Return how many characters of text `tokens` of the same arguments encodes."""
        return sum(array.chars for array in self._chosen(phase, split, names).values())

    @property
    def sha256(self) -> str:
        """SHA-256 over the tokenizer and all arrays: the same if a training would see the same."""
        parts = sorted(f"{a.corpus} {a.phase} {a.split} {a.sha256}" for a in self.arrays.values())
        return hashlib.sha256("\n".join([self.tokenizer.sha256, *parts]).encode()).hexdigest()

    def report(self) -> Iterator[str]:
        """Yield lines for people: each corpus, its phases, and what was there before."""
        for name in dict.fromkeys(array.corpus for array in self.arrays.values()):
            mine = {p: array for p, array in self.arrays.items() if array.corpus == name}
            by = {(array.phase, array.split): array for array in mine.values()}
            whole = next(phase for phase in WHOLE if (phase, "val") in by)
            train, val = by[whole, "train"], by[whole, "val"]
            yield (
                f"{name}: {train.chars:,} characters to train on, {val.chars:,} to validate on, "
                f"sha256 {train.origin['sha256'][:12]}, {train.licence}, from {train.source}"
            )
            for phase in dict.fromkeys(array.phase for array in mine.values()):
                train, val = by[phase, "train"], by[phase, "val"]
                fresh = any(p in self.made for p, array in mine.items() if array.phase == phase)
                yield (
                    f"  {phase}: {train.tokens:,} + {val.tokens:,} tokens, "
                    f"{train.chars / max(1, train.tokens):.2f} characters per token, "
                    f"{'encoded now' if fresh else 'was there already'}"
                )
        yield from self.notes

    def card(self) -> dict:
        """Return what a checkpoint's card should remember of the text."""
        arrays = [asdict(array) for array in self.arrays.values()]
        for array in arrays:
            for key in ("origin", "recipe", "tokenizer"):
                del array[key]
        return {
            "name": "+".join(dict.fromkeys(array["corpus"] for array in arrays)),
            "sha256": self.sha256,
            "tokenizer": self.tokenizer.sha256,
            "arrays": arrays,
        }


def write_array(path: Path, tokenizer: BPETokenizer, texts: Iterable[str]) -> dict:
    """Encode documents to a file, under another name until it is complete; return the counts.

    Raises:
        RealSamError: no space left, no permission; there is no half a file then.
    """
    digest, counts = hashlib.sha256(), {"tokens": 0, "chars": 0, "documents": 0}
    with atomic_file(path) as file:
        _clear_strays(path.parent)
        for batch in _batches(texts):
            data = tokenizer.encode_documents(batch).numpy().astype("<u2").tobytes()
            file.write(data)
            digest.update(data)
            counts["tokens"] += len(data) // 2
            counts["chars"] += sum(map(text_length, batch))
            counts["documents"] += len(batch)
    return counts | {"sha256": digest.hexdigest()}


def _clear_strays(folder: Path) -> None:
    """Remove unfinished files of runs that were killed more than a day ago."""
    for stray in folder.glob(".*.tmp"):
        if time.time() - stray.stat().st_mtime > 86_400:
            stray.unlink(missing_ok=True)


def text_length(document: str) -> int:
    """Return the number of characters of a document, the markers of its speakers not counted."""
    return len(document) - sum(document.count(marker) * len(marker) for marker in SPECIALS)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def write_manifest(path: Path, array: Array) -> None:
    """Write what is known of the array in `path` beside it: now it counts as finished."""
    write_atomic(path.with_suffix(".json"), json.dumps(asdict(array), indent=1).encode())


def read_manifest(path: Path) -> Array | None:
    """Return what is known of the array in `path`; None if it is not there or not whole."""
    try:
        array = Array(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
        return array if path.stat().st_size == 2 * array.tokens else None
    except (OSError, ValueError, TypeError):
        return None
