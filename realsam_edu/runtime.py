"""Where the code runs: device, seed, budget, files. The only module that reads the environment.

| variable | values | meaning |
|---|---|---|
| `REALSAM_BUDGET` | smoke, class, full | how long notebook trainings run |
| `REALSAM_SCAN` | reference, fused, triton | which recurrent loop the models use |
| `REALSAM_DATA` | a folder | where checkpoints, results and downloads live |
"""

import ctypes
import os
import platform
import random
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

BUDGETS = ("smoke", "class", "full")


class RealSamError(Exception):
    """Something the user can put right: one sentence on what was wrong and the way out."""


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`; when the block is done it is renamed to `path`.

    Raises:
        RealSamError: it cannot be written (full disk, no permission); `path` is as before.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"
        )
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise RealSamError(
            f"Could not write {path}: {error.strerror}; nothing was changed there, so free some "
            "space or choose another folder, then do the same again."
        ) from None
    finally:  # after the rename there is none; after an error or Ctrl-C there may be
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to `path` all at once; `atomic_file` says how, and what it raises."""
    with atomic_file(path) as file:
        file.write(data)


def _one_of(variable: str, choices: tuple[str, ...], default: str) -> str:
    value = os.environ.get(variable, default)
    if value not in choices:
        raise RealSamError(f"{variable} is '{value}'; set it to one of {', '.join(choices)}.")
    return value


def budget() -> str:
    """Return "smoke", "class" or "full", from REALSAM_BUDGET (default "class")."""
    return _one_of("REALSAM_BUDGET", BUDGETS, "class")


def scan_path(choices: tuple[str, ...], default: str) -> str:
    """Return which of `choices` REALSAM_SCAN asks for."""
    return _one_of("REALSAM_SCAN", choices, default)


@contextmanager
def forced_scan(path: str | None):
    """Let REALSAM_SCAN ask for `path` inside the block; None leaves it as it is."""
    before = os.environ.get("REALSAM_SCAN")
    if path is not None:
        os.environ["REALSAM_SCAN"] = path
    try:
        yield
    finally:
        os.environ.pop("REALSAM_SCAN", None)
        if before is not None:
            os.environ["REALSAM_SCAN"] = before


def data_dir() -> Path:
    """Return the folder of checkpoints, results and downloads.

    REALSAM_DATA if set; else `data/` of the checkout that the package runs from; else `./data`.
    """
    if "REALSAM_DATA" in os.environ:
        return Path(os.environ["REALSAM_DATA"])
    checkout = Path(__file__).resolve().parent.parent
    return checkout / "data" if (checkout / "pyproject.toml").exists() else Path("data")


def pick_device(name: str | None = None) -> torch.device:
    """Return the device called `name`, or the best one present: cuda, then mps, then cpu.

    Raises:
        RealSamError: `name` is unknown, or that device is not present.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name is None:
        name = next(device for device, here in present.items() if here)
    if not present.get(name, False):
        usable = ", ".join(device for device, here in present.items() if here)
        raise RealSamError(f"Device '{name}' is not available here; choose one of: {usable}.")
    return torch.device(name)


def seed_all(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices), so that a CPU run repeats bit for bit."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002, for libraries that still draw from it
    torch.manual_seed(seed)


@contextmanager
def interrupt_flag():
    """Turn the first Ctrl-C into a flag that is read between steps; a second one interrupts."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals reach the main thread only
        return
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(number, frame):
        flag.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)


def keep_memory() -> None:
    """Let freed memory stay with this process, ready for the next tensors (glibc only).

    A training step takes hundreds of megabytes and frees them again. By default the C library hands
    large blocks back at once, and the next step pays for every page anew: about a tenth of the time
    of a step of V4 on a CPU. The peak stays what it was.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(-4, 0)  # M_MMAP_MAX: no block gets a mapping of its own
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: the heap does not shrink


def hardware() -> dict:
    """Return what a number was measured on: processor, threads, accelerator, torch, Python."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":", 1)[1].strip() if names else cpu
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": cpu,
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def git_commit() -> str | None:
    """Return the commit of the checkout the package runs from, "-dirty" if its code was edited."""
    root = Path(__file__).resolve().parent.parent

    def git(*words: str) -> str:
        run = ["git", "-C", str(root), *words]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()

    try:
        edited = git("status", "--porcelain", "--", "realsam_edu")
        return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if edited else "")
    except (OSError, subprocess.CalledProcessError):
        return None
