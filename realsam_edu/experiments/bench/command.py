"""`realsam bench`: how fast Sam learns and writes, beside its rivals, in one table.

Training steps of V4 and V1 (`bench_train`), writing (`bench_generate`) and growth with T, B and N
(`bench_scaling`). Every finished section is written to `data/results/bench.json` at once, so that
an interrupted run goes on where it stopped; the plot `bench.svg` is drawn from that file.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from ...runtime.errors import RealSamError
from ...runtime.files import atomic_file, write_json
from ...runtime.provenance import git_commit, hardware
from ...runtime.settings import budget, data_dir, pick_device
from ..report.bench import lines
from . import growth as bench_scaling
from . import training as bench_train
from . import writing as bench_generate

BUSY = 0.5  # mean number of other processes at work from which figures may be off
PARTS = {  # what `--only` can name, and the sections that belong to it
    "train": ("train.v4", "train.v1"),
    "generate": ("generate",),
    "scaling": ("scaling",),
}
SECTIONS: dict[str, Callable[[torch.device, bool], dict]] = {
    "generate": lambda device, quick: bench_generate.measure_generation(quick),  # memory is small
    "train.v4": lambda device, quick: _training("v4", device, quick),
    "train.v1": lambda device, quick: _training("v1", device, quick),
    "scaling": bench_scaling.measure_scaling,
}


def _training(version: str, device: torch.device, quick: bool) -> dict:
    course = bench_train.course_of(version, device, quick)
    return bench_train.measure_training(course, device, memory=not quick)


def add_flags(parser) -> None:
    """Add the flags of `realsam bench`; `--device` and `--json` are those of all commands."""
    text = f"comma-separated: {', '.join(PARTS)}; default: all"
    parser.add_argument("--only", help=text)
    text = "tiny sizes, in seconds: tries the command, says nothing about speed"
    parser.add_argument("--quick", action="store_true", help=text)


def chosen(only: str | None) -> list[str]:
    """Return the sections that `--only` asks for.

    Raises:
        RealSamError: it names something else.
    """
    names = list(PARTS) if only is None else [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise RealSamError(f"There is nothing called '{unknown[0]}'; choose {', '.join(PARTS)}.")
    wanted = {section for name in names for section in PARTS[name]}
    return [section for section in SECTIONS if section in wanted]


def busy() -> float | None:
    """Return how many processes were at work in the last minute, if that is too many."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return load if load > BUSY else None


def stamp(device: torch.device, quick: bool) -> dict:
    """Return what a section was measured on; sections with another stamp are not one run."""
    return {
        "hardware": hardware(),
        "device": device.type,
        "commit": git_commit(),
        "quick": quick,
    }


def opened(path: Path, here: dict, sections: list[str], everything: bool) -> tuple[dict, list[str]]:
    """Return the table to fill and the sections still to be measured.

    A run of everything goes on with what an interrupted one on the same machine and commit left
    open; a run of some sections replaces those and keeps the others.
    """
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if everything and table.get("open") and table["stamp"] == here:
        return table, table["open"]
    if everything or table.get("stamp", {}).get("quick") != here["quick"]:
        table = {}
    left = [name for name in SECTIONS if name in {*sections, *table.get("open", [])}]
    return table | {"stamp": here, "open": left}, sections


def put(table: dict, section: str, value: dict) -> None:
    """Store a section under its dotted name."""
    *folders, name = section.split(".")
    for folder in folders:
        table = table.setdefault(folder, {})
    table[name] = value


def measure(device: torch.device, quick: bool, only: str | None, path: Path, say) -> dict:
    """Measure the sections that are asked for or left open; return the whole table.

    Args:
        device: where to train; writing is measured on the CPU.
        quick: tiny sizes.
        only: see `chosen`.
        path: the JSON file, written after every section.
        say: called with a line of text as the run goes on.

    Raises:
        RealSamError: `only` names something unknown, or the file cannot be written.
    """
    here, load = stamp(device, quick), busy()
    if load is not None:
        say(
            f"realsam: other programs are at work here (load {load:.1f}), so the figures may be "
            "off; close them and run again."
        )
    table, sections = opened(path, here, chosen(only), only is None)
    kept = [name for name in SECTIONS if only is None and name not in sections]
    if kept:
        say(f"Going on with {', '.join(sections)}; finished before: {', '.join(kept)}.")
    for section in list(sections):
        say(f"Measuring {section} …")
        value = SECTIONS[section](device, quick)
        value["measured"] = here | {"date": datetime.now(UTC).date().isoformat()}
        value["measured"]["load_before"] = load
        put(table, section, value)
        table["open"] = [name for name in table["open"] if name != section]
        write_json(path, table)
    return table


def draw(table: dict, target: Path) -> bool:
    """Draw the table where matplotlib is installed; return whether it was."""
    try:
        from ...plots.speed import bench_figure
    except ImportError:
        return False
    with atomic_file(target) as file:
        bench_figure(table).savefig(file, format="svg", metadata={"Date": None})
    return True


def run(args) -> int:
    """Run the command; return its exit code."""
    quick = args.quick or budget() == "smoke"
    name = "bench_quick" if quick else "bench"
    path = data_dir() / "results" / f"{name}.json"
    try:
        device = pick_device(args.device)
        table = measure(device, quick, args.only, path, lambda text: print(text, file=sys.stderr))
    except KeyboardInterrupt:
        print("Stopped; the same command goes on: finished sections stay.", file=sys.stderr)
        return 130
    drawn = draw(table, path.with_suffix(".svg"))
    if args.json:
        print(json.dumps(table))
        return 0
    print(*lines(table), "", f"Wrote {path}", sep="\n")
    print(f"Drew {path.with_suffix('.svg')}" if drawn else "No plot: matplotlib is not installed.")
    return 0
