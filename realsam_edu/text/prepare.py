"""From documents to arrays of tokens on disk, once; after that, opening them costs nothing.

`prepare` learns a tokenizer and encodes every (corpus, phase, split). Each array remembers what it
was made from, so that only what has changed is made again; an array that was interrupted starts
anew, the finished ones stay. Nothing is ever in memory as a whole.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from ..runtime.errors import RealSamError
from ..runtime.files import read_text, write_atomic, write_json
from ..runtime.settings import data_dir
from .corpora import known
from .levels import WHOLE
from .source import SPLITS, Files, Source
from .token_files import Array, Prepared, read_manifest, text_length, write_array, write_manifest
from .tokenizer import BPETokenizer

RECIPE = 3  # raise it when the same files would give other documents
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
    folder = Path(folder) if folder is not None else data_dir()
    job = _Job(folder, dict(paths or {}), LIMITS | dict(limits or {}), storybook_chars)
    sources, teachers = _unique(names), _unique(learn_from or names)
    if tokenizer is None:
        tokenizer = job.tokenizer(teachers, vocab)
    return Prepared(tokenizer, job.arrays(tokenizer, sources), job.made, job.notes)


def _unique(names: Sequence[str]) -> list[Source]:
    return [known(name) for name in dict.fromkeys(names)]


@dataclass(frozen=True)
class _Job:
    """What all steps of one preparation share."""

    folder: Path
    paths: dict[str, str | Path]
    limits: dict[str, int]
    storybook_chars: int
    found: dict[str, Files] = field(default_factory=dict)
    made: set[Path] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def files(self, source: Source) -> Files:
        """Return the files that a corpus is made from, fetching them if they are not there."""
        if source.name not in self.found:
            path = self.paths.get(source.name)
            path = Path(path) if path is not None else None
            self.found[source.name] = source.files(path, self.folder / "cache")
        return self.found[source.name]

    def limit(self, source: Source, phase: str, split: str) -> int | None:
        """Return how many characters an array gets at most."""
        if source.written:
            most = int(self.storybook_chars * STORYBOOK_SHARES[phase])
        else:
            most = self.limits.get(phase)
        return most if most is None or split == "train" else max(1, int(most * VAL_SHARE))

    def documents(self, source: Source, phase: str, split: str) -> Iterator[str]:
        """Yield the documents of one array."""
        limit, taken = self.limit(source, phase, split), 0
        for text in source.read(self.files(source), split, phase):
            yield text
            taken += text_length(text)
            if limit is not None and taken >= limit:
                return

    def tokenizer(self, teachers: Sequence[Source], vocab: int) -> BPETokenizer:
        """Return the tokenizer learnt from `teachers`, learning it if it is not there yet."""
        name = "+".join(source.name for source in teachers)
        path = self.folder / "tokenizer" / f"{name}-{vocab}.json"
        card = path.with_suffix(".card.json")
        if path.exists():
            if not self._taught_by(card, teachers):
                self.notes.append(
                    f"The tokenizer {path} was learnt from other text than today's; it is used as "
                    "it is, delete it to learn a new one."
                )
            return BPETokenizer.from_json(read_text(path))
        bar = _bar(self._lessons(teachers), "learning the tokenizer")
        learnt = BPETokenizer.train(bar, vocab)
        self.notes.append(f"tokenizer: {learnt.vocab_size:,} tokens, learnt now, in {path}")
        origins = {source.name: source.fingerprint(self.files(source)) for source in teachers}
        about = {"sha256": learnt.sha256, "vocab": learnt.vocab_size, "learnt_from": origins}
        write_json(card, about)
        write_atomic(path, learnt.to_json().encode())
        self.made.add(path)
        return learnt

    def _taught_by(self, card: Path, teachers: Sequence[Source]) -> bool:
        try:
            origins = json.loads(card.read_text(encoding="utf-8"))["learnt_from"]
            return all(source.same(origins[source.name], self.files(source)) for source in teachers)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _lessons(self, teachers: Sequence[Source]) -> Iterator[str]:
        """Yield the text that the tokenizer is learnt from: stories and conversations."""
        for source, phase in itertools.product(teachers, WHOLE):
            if phase not in source.levels:
                continue
            taken = 0
            for text in self.documents(source, phase, "train"):
                yield text
                taken += len(text)
                if taken >= LEARN_CHARS:
                    break

    def arrays(self, tokenizer: BPETokenizer, sources: Sequence[Source]) -> dict[Path, Array]:
        """Return the arrays of all phases of some corpora, encoding those that are not there."""
        home, made = self.folder / "cache" / "encoded" / tokenizer.sha256[:12], {}
        for source in sources:
            for phase, split in itertools.product(source.levels, SPLITS):
                path = home / f"{source.name}.{phase}.{split}.bin"
                made[path] = self.encode(path, tokenizer, source, phase, split)
        return made

    def encode(
        self, path: Path, tokenizer: BPETokenizer, source: Source, phase: str, split: str
    ) -> Array:
        """Return what is known of an array, encoding it if it is not there yet."""
        files, limit = self.files(source), self.limit(source, phase, split)
        have, made_by = read_manifest(path), (tokenizer.sha256, limit, RECIPE)
        made_so = have and (have.tokenizer, have.limit, have.recipe) == made_by
        if made_so and source.same(have.origin, files):
            return have
        origin = source.origin
        if self.paths.get(source.name) is not None:
            origin = f"{files.train[0].name}, a copy of {origin}"
        bar = _bar(self.documents(source, phase, split), f"{source.name} {phase} {split}")
        counts = write_array(path, tokenizer, bar)
        array = Array(
            source.name, phase, split, tokenizer=tokenizer.sha256, limit=limit, source=origin,
            licence=source.licence, recipe=RECIPE, origin=source.fingerprint(files), **counts,
        )  # fmt: skip
        write_manifest(path, array)
        self.made.add(path)
        return array


def _bar(documents: Iterator[str], what: str) -> tqdm:
    return tqdm(documents, desc=what, unit=" documents", leave=False, disable=None)
