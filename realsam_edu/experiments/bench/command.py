"""`realsam bench`: how fast Sam learns and writes, beside its rivals, in one table.

Training steps of V4 and V1 (`training`), writing (`writing`) and growth with T, B and N (`growth`).
A run takes minutes; when it is done it writes `runs/bench.json`, and the plot `bench.svg` is drawn
from that file. The table that came with the book, `data/results/bench.json`, is replaced on request
only.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

from ...runtime.errors import RealSamError
from ...runtime.files import atomic_file, read_text, write_json
from ...runtime.provenance import stamp
from ...runtime.settings import RUNS, budget, pick_device
from ..report.bench import bench_lines, measured_sections
from .growth import measure_scaling
from .training import measure_training, workload_of
from .writing import measure_generation

BUSY = 0.5  # mean number of other processes at work from which figures may be off


def _measure_versions(device: torch.device, quick: bool) -> dict:
    return {
        version: measure_training(workload_of(version, device, quick), device, memory=not quick)
        for version in ("v4", "v1")
    }


PARTS: dict[str, Callable[[torch.device, bool], dict]] = {  # what `--only` can name
    "generate": lambda device, quick: measure_generation(quick),  # first: memory is small yet
    "train": _measure_versions,
    "scaling": measure_scaling,
}


def add_flags(parser) -> None:
    """Add the flags of `realsam bench`; `--device` and `--json` are those of all commands."""
    text = f"comma-separated: {', '.join(PARTS)}; the others stay as they are; default: all"
    parser.add_argument("--only", help=text)
    parser.add_argument("--out", help="the table; default: runs/bench.json, measured anew")
    text = "replace the table that --out names"
    parser.add_argument("--overwrite", action="store_true", help=text)
    text = "tiny sizes, in seconds: tries the command, says nothing about speed"
    parser.add_argument("--quick", action="store_true", help=text)


def chosen(only: str | None) -> list[str]:
    """Return the parts that `--only` asks for, in the order in which they are measured.

    Raises:
        RealSamError: it names something else.
    """
    names = list(PARTS) if only is None else [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise RealSamError(f"There is nothing called '{unknown[0]}'; choose {', '.join(PARTS)}.")
    return [name for name in PARTS if name in names]


def load_of_others() -> float | None:
    """Return how many processes were at work in the last minute, if that is too many."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return load if load > BUSY else None


def kept(path: Path) -> dict:
    """Return the table of an earlier run, whose other parts stay; empty if there is none.

    Raises:
        RealSamError: the file there is no such table.
    """
    if not path.exists():
        return {}
    try:
        earlier = json.loads(read_text(path))
    except ValueError:
        earlier = None
    if not isinstance(earlier, dict):
        raise RealSamError(f"{path} is no table of a bench; move it away.")
    return {name: earlier[name] for name in PARTS if name in earlier}


def measure(device: torch.device, quick: bool, names: list[str], say) -> dict:
    """Measure some parts; return a table of them.

    Args:
        device: where to train; writing is measured on the CPU.
        quick: tiny sizes.
        names: see `chosen`.
        say: called with a line of text as the run goes on.
    """
    load = load_of_others()
    if load is not None:
        say(
            f"realsam: other programs are at work here (load {load:.1f}), so the figures may be "
            "off; close them and run again."
        )
    origin = stamp() | {"device": device.type, "quick": quick}
    table = {"stamp": origin}
    for name in names:
        say(f"Measuring {name} …")
        table[name] = PARTS[name](device, quick)
    now = {"date": datetime.now(UTC).date().isoformat(), "load_before": load}
    for section in measured_sections(table).values():
        section["measured"] = origin | now
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


def place(args, quick: bool) -> Path:
    """Return where the table goes.

    Raises:
        RealSamError: `--out` names a table that is there, and neither `--only` nor `--overwrite`
            says what to do with it.
    """
    if args.out is None:
        return RUNS / ("bench_quick.json" if quick else "bench.json")
    path = Path(args.out)
    if path.exists() and args.only is None and not args.overwrite:
        raise RealSamError(f"{path} is there already; choose another --out or add --overwrite.")
    return path


def run(args) -> int:
    """Run the command; return its exit code."""
    quick, names = args.quick or budget() == "smoke", chosen(args.only)
    path = place(args, quick)
    earlier = {} if args.only is None else kept(path)
    device = pick_device(args.device)
    try:
        fresh = measure(device, quick, names, lambda text: print(text, file=sys.stderr))
    except KeyboardInterrupt:
        print(f"Stopped; {path} is as it was.", file=sys.stderr)
        return 130
    table = earlier | fresh
    write_json(path, table)
    drawn = draw(table, path.with_suffix(".svg"))
    if args.json:
        print(json.dumps(table))
        return 0
    print(*bench_lines(table), "", f"Wrote {path}", sep="\n")
    print(f"Drew {path.with_suffix('.svg')}" if drawn else "No plot: matplotlib is not installed.")
    return 0
