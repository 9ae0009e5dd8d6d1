"""The corpora there are, each split once into a training and a validation part.

`load_corpus` gives a text in one piece, for models that read characters; `documents` gives stories
and conversations one by one, for a curriculum and for corpora larger than memory.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from ..runtime.errors import RealSamError
from ..runtime.settings import data_dir
from . import storybook
from .levels import TEXTS
from .public_sets import PUBLIC_SETS
from .shakespeare import PLAYS, TINY
from .source import SPLITS, Files, Source


@dataclass(frozen=True, kw_only=True)
class _Storybook(Source):
    """Written by the project's own grammar, as long as one likes; validation has another seed."""

    written: ClassVar[bool] = True

    def files(self, path: Path | None, folder: Path) -> Files:
        """Return none: it is not read from files."""
        return Files(())

    def read(self, files: Files, split: str, level: str) -> Iterator[str]:
        """Yield documents without end; see the base class."""
        return storybook.documents(level, seed=SPLITS.index(split))

    def fingerprint(self, files: Files) -> dict:
        """Return what tells this grammar from any other."""
        return {"sha256": storybook.fingerprint()}

    def same(self, before: dict, files: Files) -> bool:
        """Tell whether the grammar is that of a fingerprint."""
        return before == self.fingerprint(files)


STORYBOOK = _Storybook(
    name="storybook",
    licence="MIT",
    origin="the grammar of realsam_edu.text.storybook",
    levels=TEXTS,
)
CORPORA = {source.name: source for source in (PLAYS, TINY, STORYBOOK, *PUBLIC_SETS)}


@dataclass(frozen=True)
class Corpus:
    """A text split for training and validation, with where it came from."""

    name: str
    train: str
    val: str
    sha256: str  # of train and val together, in UTF-8
    source: str
    licence: str


def known(name: str) -> Source:
    """Return what there is to know of a corpus; `RealSamError` if there is none of this name."""
    if name not in CORPORA:
        raise RealSamError(f"There is no corpus '{name}'; choose one of {', '.join(CORPORA)}.")
    return CORPORA[name]


def load_corpus(
    name: str, path: str | Path | None = None, folder: str | Path | None = None
) -> Corpus:
    """Return the corpus called `name` in one piece, or the beginning of a large one.

    Args:
        name: a key of `CORPORA`.
        path: a local copy to read in place of the installed or downloaded one.
        folder: where downloads are kept; `data_dir()/cache` if None.

    Raises:
        RealSamError: the name is unknown, or the text is missing, truncated or altered.
    """
    source = known(name)
    files = _files(source, path, folder)
    train, val = (source.text(files, split) for split in SPLITS)
    sha256 = hashlib.sha256((train + val).encode()).hexdigest()
    return Corpus(name, train, val, sha256, source.origin, source.licence)


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
        name: a key of `CORPORA`.
        split: "train" or "val".
        path: a local file or folder in place of the installed or downloaded one.
        folder: where downloads are kept; `data_dir()/cache` if None.
        phase: yield this one only; None yields all phases that the corpus has, one after another
            (by turns for `storybook`).

    Raises:
        RealSamError: an unknown name or phase, or a file that is missing or not of its schema.
    """
    source = known(name)
    if split not in SPLITS:
        raise RealSamError(f"There is no split '{split}'; choose train or val.")
    if phase is not None and phase not in source.levels:
        raise RealSamError(f"{name} has no {phase}; it has {', '.join(source.levels)}.")
    files = _files(source, path, folder)
    phases = source.levels if phase is None else (phase,)
    texts = [source.read(files, split, one) for one in phases]
    if source.written:
        for by_turns in zip(*texts, strict=True):
            yield from zip(phases, by_turns, strict=True)
    for one, pieces in zip(phases, texts, strict=True):
        yield from ((one, piece) for piece in pieces)


def _files(source: Source, path: str | Path | None, folder: str | Path | None) -> Files:
    folder = Path(folder) if folder is not None else data_dir() / "cache"
    return source.files(Path(path) if path is not None else None, folder)


def parse(wanted: str) -> dict[str, tuple[str, ...]]:
    """Read what `--corpora` says: names, each with all its levels or with those after a colon.

    `tinystories,storybook:conversations` reads stories of one and conversations of the other.

    Returns:
        For each corpus, in the order of its first mention, the levels that are read of it.

    Raises:
        RealSamError: an unknown corpus, or a level that it does not have.
    """
    found: dict[str, dict[str, None]] = {}
    for item in wanted.split(","):
        name, _, chosen = item.partition(":")
        has = known(name).levels
        for level in chosen.split("+") if chosen else has:
            if level not in has:
                raise RealSamError(
                    f"The corpus {name} has no phase '{level}'; it has {', '.join(has)}."
                )
            found.setdefault(name, {})[level] = None
    return {name: tuple(levels) for name, levels in found.items()}


def by_level(chosen: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return, for each level in the order of `levels.TEXTS`, the corpora that `parse` found."""
    return {
        level: names
        for level in TEXTS
        if (names := tuple(name for name, levels in chosen.items() if level in levels))
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
