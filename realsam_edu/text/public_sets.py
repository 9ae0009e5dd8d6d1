"""Where the files of a corpus are: on this machine (`path=`), or fetched from the Hugging Face Hub.

A download shows its progress, goes on where it broke off, and is counted when it is complete.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import write_atomic
from . import formats

HELD_OUT = 0.05  # share of the documents kept for validation where a set has no such part


@dataclass(frozen=True)
class PublicSet:
    """A data set on the Hub: its files by split, how many records they hold, its licence."""

    repo: str
    licence: str
    train: tuple[str, ...]
    val: tuple[str, ...] = ()  # empty: a share of the training records is held out
    rows: int = 0  # records in all files together

    @property
    def url(self) -> str:
        """Where people read about it."""
        return f"https://huggingface.co/datasets/{self.repo}"


_TINYSTORIES = ("2d5a1467fff1081b", "5852b56a2bd28fd9", "a26307300439e943", "d243063613e5a057")
SETS = {
    "tinystories": PublicSet(
        "roneneldan/TinyStories",
        "CDLA-Sharing-1.0",
        tuple(f"data/train-{i:05}-of-00004-{h}.parquet" for i, h in enumerate(_TINYSTORIES)),
        ("data/validation-00000-of-00001-869c898b519ad725.parquet",),
        2_119_719 + 21_990,
    ),
    "alpaca": PublicSet(
        "tatsu-lab/alpaca",
        "CC-BY-NC-4.0",
        ("data/train-00000-of-00001-a09b74b3ef9c3b56.parquet",),
        rows=52_002,
    ),
    "dolly": PublicSet(
        "databricks/databricks-dolly-15k",
        "CC-BY-SA-3.0",
        ("databricks-dolly-15k.jsonl",),
        rows=15_011,
    ),
    "oasst": PublicSet(
        "OpenAssistant/oasst1",
        "Apache-2.0",
        ("2023-04-12_oasst_ready.trees.jsonl.gz",),
        rows=10_364,
    ),
}


@dataclass(frozen=True)
class Files:
    """The files of a corpus on this machine."""

    train: tuple[Path, ...]
    val: tuple[Path, ...]  # empty: a share of the training documents is held out

    def of_split(
        self, split: str, read: Callable[[Path], Iterable[tuple[str, str]]]
    ) -> Iterator[str]:
        """Yield the texts of "train" or "val"; `read(file)` yields (key, text).

        The key alone decides what is held out, so copies of a document stay on one side.
        """
        for file in self.val if split == "val" and self.val else self.train:
            for key, text in read(file):
                if text and (self.val or _is_held_out(key) == (split == "val")):
                    yield text


def _is_held_out(key: str) -> bool:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) < HELD_OUT * 2**32


def files(name: str, path: Path | None, folder: Path) -> Files:
    """Return the files of the public set `name`, from `path` or from the Hub.

    Args:
        name: a key of `SETS`.
        path: a file, or a folder with files whose names begin with or contain `name` or, as on
            the Hub, begin with `train` and `validation`.
        folder: where downloads are kept.

    Raises:
        RealSamError: nothing suitable is there, or it could not be downloaded.
    """
    if path is not None:
        return _local(name, path)
    public, home = SETS[name], folder / name
    found = Files(
        tuple(_fetch(name, file, home) for file in public.train),
        tuple(_fetch(name, file, home) for file in public.val),
    )
    counted = home / "counted"
    if not counted.exists():  # once after the download
        _check_count(name, sum(map(formats.count, (*found.train, *found.val))), home)
        write_atomic(counted, f"{public.rows}\n".encode())
    return found


def _check_count(name: str, rows: int, home: Path) -> None:
    if rows != SETS[name].rows:
        raise RealSamError(
            f"{home} holds {rows:,} records of {name} where {SETS[name].rows:,} were expected; "
            f"delete it to fetch it again, or use it as it is with path= (--path {name}={home})."
        )


def _local(name: str, path: Path) -> Files:
    if path.is_dir():
        there = [file for part in (path, path / "data") for file in sorted(part.glob("*"))]
        there = [file for file in there if file.name.endswith(formats.SUFFIXES)]
        mine = [file for file in there if name in file.name.lower()]
        mine = mine or [file for file in there if file.name.startswith(("train-", "validation-"))]
        val = tuple(file for file in mine if "val" in file.name.lower())
        train = tuple(file for file in mine if file not in val)
    else:
        train, val = (path,), ()
    if not train:
        raise RealSamError(
            f"There is no file of '{name}' in {path}; name one with '{name}' in it "
            f"({', '.join(formats.SUFFIXES)}), or give the path of the file itself."
        )
    if not train[0].name.endswith(formats.SUFFIXES):
        raise RealSamError(
            f"{train[0]} has a name that is not understood; it has to end in "
            f"{', '.join(formats.SUFFIXES)}."
        )
    return Files(train, val)


def _fetch(name: str, file: str, home: Path) -> Path:
    """Return the local copy of one file of the Hub, downloading what is missing of it."""
    target = home / file
    if target.exists():
        return target
    import huggingface_hub  # slow to import, and only needed here

    print(f"Downloading {file} from {SETS[name].url}")
    try:
        huggingface_hub.hf_hub_download(SETS[name].repo, file, repo_type="dataset", local_dir=home)
    except Exception as error:  # a dozen kinds: no network, no such file, full disk, …
        why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise RealSamError(
            f"Could not download {file} from {SETS[name].url} ({why}); run the same command again "
            "to go on where it stopped, or fetch it on another machine and give its place with "
            f"path= (--path {name}=FILE)."
        ) from None
    return target
