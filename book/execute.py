"""Run what has code in the book and keep the results in a jupyter-cache, from which Sphinx reads.

Several pages run at a time. One that fails is told in one sentence and leaves the others alone, and
the next call runs only what is missing.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import zmq
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from jupyter_cache.readers import get_reader
from nbformat import NotebookNode
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
RUNS_ON = ("realsam_edu", "data/checkpoints", "data/results")  # what results depend on
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
AT_A_TIME = min(CORES, 4)  # a notebook may take more than a gigabyte
ALONE = {"04_faster"}  # it times, so nothing runs beside it
# What a kernel is started with. Threads that wait for each other do it asleep: awake, they make
# small products twenty times slower where others use the cores. And torch's profiler keeps quiet.
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "KINETO_LOG_LEVEL": "6"}
# A kernel whose connection is not encrypted prints a warning at every start.
ENCRYPTED = Config({"KernelManager": {"transport_encryption": "auto"}})
COLOR = re.compile(r"\x1b\[[0-9;]*m")


def fingerprint(paths: Iterable[str], *facts: str) -> str:
    """Return twelve hex digits that change when a file under ``paths`` or a fact does."""
    digest = hashlib.sha256("\n".join(facts).encode())
    for name in paths:
        top = ROOT / name
        files = [top] if top.is_file() else sorted(top.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.relative_to(ROOT).as_posix().encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def output_folder(budget: str) -> Path:
    """Return where a build of this budget lies: the class build is the site itself."""
    return BUILD if budget == "class" else BUILD / budget


def cache_folder(budget: str) -> Path:
    """Return where the results of this budget and this state of the package are kept."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "snntorch")]
    content = fingerprint(RUNS_ON, budget, platform.python_version(), *versions)
    return output_folder(budget) / "cache" / content


@dataclass(frozen=True)
class Run:
    """What came of running one page; `fault` says where and why it stopped, if it did."""

    source: Path
    notebook: NotebookNode
    seconds: float
    fault: str | None


def read(source: Path) -> NotebookNode:
    """Return a page as a notebook, be it one or Markdown with code cells."""
    name = "nbformat" if source.suffix == ".ipynb" else "myst_nb_md"
    return get_reader({"type": "plugin", "name": name})(str(source))


def keep(folder: Path, source: Path, notebook: NotebookNode, seconds: float) -> None:
    """Put an executed notebook into the cache."""
    for cell in notebook.cells:  # nbmake notes times here; the cache would take it for the source
        cell.metadata.pop("execution", None)
    bundle = CacheBundleIn(notebook, str(source), data={"execution_seconds": seconds})
    get_cache(folder).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def kept(folder: Path, source: Path) -> NotebookNode | None:
    """Return the page with its results, None if the cache has none for this source."""
    try:
        return get_cache(folder).merge_match_into_notebook(read(source))[1]
    except KeyError:
        return None


def run(source: Path, threads: int) -> Run:
    """Run one page in a kernel of its own; what the user has set in the environment stands."""
    os.environ.update({"OMP_NUM_THREADS": str(threads)} | ENVIRONMENT | os.environ)
    notebook, seconds = read(source), 0.0
    options = {"config": ENCRYPTED} if zmq.has("curve") else {}
    try:  # no limit of time: a slow machine is not an error
        done = single_nb_execution(notebook, str(source.parent), None, False, **options)
        error, seconds = done.err, done.time
    except Exception as other:  # a kernel that did not start, or died
        error = other
    return Run(source, notebook, seconds, error and fault(source, notebook, error))


def fault(source: Path, notebook: NotebookNode, error: Exception) -> str:
    """Say at which cell a page stopped, and the last line of the error."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    cells = [c for c in code if any(out.output_type == "error" for out in c.get("outputs", []))]
    if not cells:  # the kernel died: it may or may not have told that it had begun with a cell
        begun = sum(cell.execution_count is not None for cell in code)
        cells = code[max(begun - 1, 0) : begun + 1]
    told = source.suffix == ".ipynb"  # in Markdown a cell has no name
    names = [cell.id if told else cell.source.splitlines()[0] for cell in cells]
    where = " or ".join(f"`{name}`" for name in names)
    lines = COLOR.sub("", str(error)).strip().splitlines() or [type(error).__name__]
    return f"stopped in cell {where}: {lines[-1]}"


def in_turns(sources: list[Path], at_a_time: int) -> Iterator[Run]:
    """Run so many pages at a time, each in a process of its own; yield each as it is done."""
    waiting, running = list(sources), set()
    with ProcessPoolExecutor(at_a_time, get_context("spawn")) as pool:
        while waiting or running:
            while waiting and len(running) < at_a_time:
                print(f"  {waiting[0].stem} started", flush=True)
                running.add(pool.submit(run, waiting.pop(0), CORES // at_a_time))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def run_missing(sources: list[Path], folder: Path) -> dict[Path, str]:
    """Run every page that the cache lacks; return the fault of each that failed."""
    missing = [source for source in sources if kept(folder, source) is None]
    print(f"{len(sources)} pages have code, {len(missing)} of them have to run.", flush=True)
    together = [source for source in missing if source.stem not in ALONE]
    alone = [source for source in missing if source.stem in ALONE]
    faults, left = {}, len(missing)
    for group, at_a_time in ((together, AT_A_TIME), (alone, 1)):
        for done in in_turns(group, at_a_time):
            left -= 1
            if done.fault is None:
                keep(folder, done.source, done.notebook, done.seconds)
            else:
                faults[done.source] = done.fault
            said = done.fault or f"done in {done.seconds:.0f} s"
            print(f"  {done.source.stem} {said}; {left} left", flush=True)
    return faults
