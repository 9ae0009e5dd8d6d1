"""Where a number comes from, as a reader is told: the machine, the commit, the command."""

import shlex
from pathlib import PurePosixPath, PureWindowsPath

FOLDER, FILE = "FOLDER", "FILE"  # what stands for a path that a reader has to put in


def processor(hardware: dict) -> str:
    """Name what a number was measured on.

    Args:
        hardware: as `runtime.provenance.hardware` returns it and every card keeps it.
    """
    if hardware["gpu"]:
        return hardware["gpu"]
    threads = hardware["threads"]
    return f"{hardware['cpu']}, {threads} thread{'s' if threads > 1 else ''}"


def shown_command(command: str) -> str:
    """Return a command of a card as a reader can type it.

    Cards keep what was typed, word for word. A path that leads out of the project (absolute, or
    through `..`) is on somebody else's disk: it is shown as FILE if its name has a suffix, else as
    FOLDER, in `--path PATH`, `--path NAME=PATH` and `--flag=PATH` alike. An `--out` into `data/` is
    left out: what came with the book is not replaced, and the run lands in `runs/`. Every other
    word stays.
    """
    words = shlex.split(command)
    if "--out" in words:
        at = words.index("--out")
        if words[at + 1].startswith("data/"):
            del words[at : at + 2]
    return shlex.join(map(_shown, words))


def _shown(word: str) -> str:
    name, equals, path = word.rpartition("=")
    return f"{name}{equals}{_placeholder(path)}"


def _placeholder(path: str) -> str:
    """Return what is shown in place of a path, which is most often the path itself."""
    ways = PurePosixPath(path), PureWindowsPath(path)
    outside = any(way.is_absolute() for way in ways) or any(".." in way.parts for way in ways)
    if not outside:
        return path
    return FILE if ways[1].suffix else FOLDER
