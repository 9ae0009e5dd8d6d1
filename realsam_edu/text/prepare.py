"""From documents to arrays of tokens on disk, once; after that, opening them costs nothing.

`prepare` learns a tokenizer and encodes every (corpus, phase, split). Each array remembers what it
was made from, so that only what has changed is made again; an array that was interrupted starts
anew, the finished ones stay. Nothing is ever in memory as a whole.
"""

import functools
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from ..runtime.errors import RealSamError
from ..runtime.files import read_text, write_atomic
from ..runtime.settings import data_dir
from . import corpora, storybook
from .levels import WHOLE
from .token_files import Array, Prepared, read_manifest, text_length, write_array, write_manifest
from .tokenizer import BPETokenizer

RECIPE = 1  # raise it when the same files would give other documents
LEARN_CHARS = 100_000_000  # characters of each corpus that the tokenizer is learnt from, at most
# Characters of each phase, at most. Small pieces of a large corpus soon repeat themselves.
LIMITS = {"words": 6_000_000, "phrases": 12_000_000, "sentences": 24_000_000}
STORYBOOK_CHARS = 12_000_000  # of stories; the other levels get a share of that
STORYBOOK_SHARES = {
    "words": 0.1,
    "phrases": 0.2,
    "sentences": 0.4,
    "stories": 1.0,
    "conversations": 0.5,
}
VAL_SHARE = 0.05  # validation text of a limited phase, as a share of its training text


def prepare(
    names: Sequence[str],
    folder: str | Path | None = None,
    vocab: int = 4096,
    paths: Mapping[str, str | Path] | None = None,
    *,
    learn_from: Sequence[str] | None = None,
    tokenizer: BPETokenizer | None = None,
    limits: Mapping[str, int] | None = None,
    storybook_chars: int = STORYBOOK_CHARS,
) -> Prepared:
    """Learn the tokenizer and encode the corpora, as far as that has not been done yet.

    A tokenizer that is there already is used as it is, since models depend on it. An array is made
    again if it was made with another tokenizer, from other files or with another limit.

    Args:
        names: corpora, keys of `corpora.CORPORA`.
        folder: holds `tokenizer/` and `cache/`; `data_dir()` if None.
        vocab: tokens in the vocabulary.
        paths: local files in place of downloads, by corpus.
        learn_from: the corpora that teach the tokenizer; all of `names` if None.
        tokenizer: use this one (a checkpoint's, say) and learn none.
        limits: characters at most, by phase; added to `LIMITS`, not for `storybook`.
        storybook_chars: characters of stories to write; the other levels in proportion.

    Raises:
        RealSamError: an unknown corpus, a text that cannot be read, no space left, a vocabulary
            smaller than the bytes.
    """
    if storybook_chars < 1:
        raise RealSamError(f"storybook_chars is {storybook_chars}; it has to be at least 1.")
    job = _Job(_folder(folder), dict(paths or {}), LIMITS | dict(limits or {}), storybook_chars)
    names, teachers = _unique(names), _unique(learn_from or names)
    if tokenizer is None:
        tokenizer = job.tokenizer(teachers, vocab)
    arrays = {
        path: job.encode(path, tokenizer, *which)
        for path, which in _arrays(job.folder, tokenizer, names)
    }
    return Prepared(tokenizer, arrays, job.made, job.notes)


def load_prepared(
    folder: str | Path | None,
    names: Sequence[str],
    vocab: int = 4096,
    *,
    learn_from: Sequence[str] | None = None,
    tokenizer: BPETokenizer | None = None,
) -> Prepared:
    """Open what `prepare` made, whatever it was made from; arguments as there.

    Raises:
        RealSamError: it is not there, or arrays and tokenizer do not belong together.
    """
    folder, names = _folder(folder), _unique(names)
    again = f"run `realsam data --corpora {','.join(names)} --data-dir {folder}`"
    if tokenizer is None:
        file = tokenizer_path(folder, _unique(learn_from or names), vocab)
        if not file.exists():
            raise RealSamError(f"There is no tokenizer at {file}; {again}.")
        tokenizer = BPETokenizer.from_json(read_text(file))
    arrays = {}
    for path, _ in _arrays(folder, tokenizer, names):
        array = read_manifest(path)
        if array is None:
            raise RealSamError(f"{path} is missing or incomplete; {again}.")
        arrays[path] = array
    return Prepared(tokenizer, arrays)


def tokenizer_path(folder: Path, learn_from: Sequence[str], vocab: int) -> Path:
    """Return where the tokenizer of these corpora is kept."""
    return folder / "tokenizer" / f"{'+'.join(learn_from)}-{vocab}.json"


def _folder(folder: str | Path | None) -> Path:
    return Path(folder) if folder is not None else data_dir()


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(corpora.known, names)))


def _arrays(folder: Path, tokenizer: BPETokenizer, names: Sequence[str]):
    """Yield (file, (corpus, phase, split)) of all arrays of these corpora."""
    folder = folder / "cache" / "encoded" / tokenizer.sha256[:12]
    for name in names:
        for phase in corpora.PHASES_OF[name]:
            for split in corpora.SPLITS:
                yield folder / f"{name}.{phase}.{split}.bin", (name, phase, split)


@dataclass(frozen=True)
class _Job:
    """What all steps of one preparation share."""

    folder: Path
    paths: dict[str, str | Path]
    limits: dict[str, int]
    storybook_chars: int
    made: set[Path] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def limit(self, name: str, phase: str, split: str) -> int | None:
        """Return how many characters an array gets at most."""
        if name == "storybook":
            most = int(self.storybook_chars * STORYBOOK_SHARES[phase])
        else:
            most = self.limits.get(phase)
        return most if most is None or split == "train" else max(1, int(most * VAL_SHARE))

    def documents(self, name: str, phase: str, split: str) -> Iterator[str]:
        """Yield the documents of one array."""
        limit, taken = self.limit(name, phase, split), 0
        where = (self.paths.get(name), self.folder / "cache")
        for _, text in corpora.documents(name, split, *where, phase):
            yield text
            taken += text_length(text)
            if limit is not None and taken >= limit:
                return

    def files(self, name: str) -> list[Path]:
        """Return the files that a corpus is made from, fetching them if they are not there."""
        return corpora.source_files(name, self.paths.get(name), self.folder / "cache")

    def origin(self, name: str) -> dict:
        """Return what tells the source of a corpus from any other: of its files or its grammar."""
        if name == "storybook":
            return {"sha256": storybook.fingerprint()}
        return _fingerprint(self.files(name))

    def same(self, before: dict, name: str) -> bool:
        """Tell whether the source of a corpus is what it was when `before` was noted."""
        if name == "storybook":
            return before == self.origin(name)
        return _same(before, self.files(name))

    def tokenizer(self, names: tuple[str, ...], vocab: int) -> BPETokenizer:
        """Return the tokenizer learnt from `names`, learning it if it is not there yet."""
        path = tokenizer_path(self.folder, names, vocab)
        card = path.with_suffix(".card.json")
        if path.exists():
            if not self._taught_by(card, names):
                self.notes.append(
                    f"The tokenizer {path} was learnt from other text than today's; it is used as "
                    "it is, delete it to learn a new one."
                )
            return BPETokenizer.from_json(read_text(path))
        bar = _bar(self._lessons(names), "learning the tokenizer")
        learnt = BPETokenizer.train(bar, vocab)
        self.notes.append(f"tokenizer: {learnt.vocab_size:,} tokens, learnt now, in {path}")
        origins = {name: self.origin(name) for name in names}
        about = {"sha256": learnt.sha256, "vocab": learnt.vocab_size, "learnt_from": origins}
        write_atomic(card, (json.dumps(about, indent=1) + "\n").encode())
        write_atomic(path, learnt.to_json().encode())
        self.made.add(path)
        return learnt

    def _taught_by(self, card: Path, names: tuple[str, ...]) -> bool:
        try:
            origins = json.loads(card.read_text(encoding="utf-8"))["learnt_from"]
            return all(self.same(origins[name], name) for name in names)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _lessons(self, names: tuple[str, ...]) -> Iterator[str]:
        """Yield the text that the tokenizer is learnt from: stories and conversations."""
        for name, phase in itertools.product(names, WHOLE):
            if phase not in corpora.PHASES_OF[name]:
                continue
            taken = 0
            for text in self.documents(name, phase, "train"):
                yield text
                taken += len(text)
                if taken >= LEARN_CHARS:
                    break

    def encode(
        self, path: Path, tokenizer: BPETokenizer, name: str, phase: str, split: str
    ) -> Array:
        """Return what is known of an array, encoding it if it is not there yet."""
        limit = self.limit(name, phase, split)
        have, made_by = read_manifest(path), (tokenizer.sha256, limit, RECIPE)
        made_so = have and (have.tokenizer, have.limit, have.recipe) == made_by
        if made_so and self.same(have.origin, name):
            return have
        source, licence = corpora.origin(name)
        if self.paths.get(name) is not None:
            source = f"{self.files(name)[0].name}, a copy of {source}"
        bar = _bar(self.documents(name, phase, split), f"{name} {phase} {split}")
        counts = write_array(path, tokenizer, bar)
        array = Array(
            name, phase, split, tokenizer=tokenizer.sha256, limit=limit, source=source,
            licence=licence, recipe=RECIPE, origin=self.origin(name), **counts,
        )  # fmt: skip
        write_manifest(path, array)
        self.made.add(path)
        return array


def _bar(documents: Iterator[str], what: str) -> tqdm:
    return tqdm(documents, desc=what, unit=" documents", leave=False, disable=None)


def _stamp(files: Sequence[Path]) -> dict:
    """Return what tells quickly whether files are as they were."""
    stats = [file.stat() for file in files]
    return {
        "files": len(files),
        "bytes": sum(stat.st_size for stat in stats),
        "mtime": max(stat.st_mtime_ns for stat in stats),
    }


@functools.lru_cache(maxsize=64)
def _file_sha256(file: Path, size: int, mtime: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _fingerprint(files: Sequence[Path]) -> dict:
    """Return the stamp of files with the SHA-256 of what is in them."""
    shas = [_file_sha256(f, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    whole = shas[0] if len(shas) == 1 else hashlib.sha256("\n".join(shas).encode()).hexdigest()
    return _stamp(files) | {"sha256": whole}


def _same(before: dict, files: Sequence[Path]) -> bool:
    """Tell whether files hold what they held; they are read only if they were touched since."""
    now = _stamp(files)
    if any(before.get(key) != now[key] for key in ("files", "bytes")):
        return False
    return (
        before.get("mtime") == now["mtime"] or before.get("sha256") == _fingerprint(files)["sha256"]
    )
