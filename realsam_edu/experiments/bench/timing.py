"""Timing rivals fairly: in turns, in one run, by medians, with the spread beside them.

A processor is faster in one minute than in the next, so two times compare only if they were taken
side by side. `race` lets everybody run once per round; a ratio is taken inside each round, and the
median of the ratios is reported.
"""

import mmap
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds_of(run: Callable[[], object], device: torch.device) -> float:
    """Return how long one call takes."""
    wait_for(device)
    start = time.perf_counter()
    run()
    wait_for(device)
    return time.perf_counter() - start


def race(
    runs: Mapping[str, Callable[[], object]],
    device: torch.device,
    rounds: int = 7,
    warmup: int = 1,
    settle: int = 0,
) -> dict[str, list[float]]:
    """Run everybody in turns; return the seconds of each in every round, warm-up left out.

    A turn begins with `settle` calls that are not timed: the first finds the processor's caches
    full of what somebody else has just worked on.
    """
    times = {name: [] for name in runs}
    for number in range(warmup + rounds):
        for name, run in runs.items():
            for _ in range(settle):
                run()
            seconds = seconds_of(run, device)
            if number >= warmup:
                times[name].append(seconds)
    return times


def summary(seconds: list[float]) -> dict:
    """Return median, fastest and slowest of some times."""
    return {"seconds": statistics.median(seconds), "spread": [min(seconds), max(seconds)]}


def faster(mine: list[float], theirs: list[float]) -> float:
    """Return how many times faster `mine` is than `theirs`: the median over the rounds."""
    return statistics.median(b / a for a, b in zip(mine, theirs, strict=True))


def memory_now() -> float | None:
    """Return the memory of this process in MB (10⁶ bytes), None where the system does not tell."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return None
    return int(pages.read_text().split()[1]) * mmap.PAGESIZE / 1e6


def memory_peak() -> float | None:
    """Return the most memory that this process ever held, in MB, None where nobody tells.

    On Linux from `VmHWM`: `ru_maxrss` of a child starts at the size of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return None
    peak = getrusage(RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def in_a_child(function: Callable, *arguments):
    """Return what `function` returns in a fresh process of its own; both have to be picklable."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()
