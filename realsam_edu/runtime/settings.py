"""Where the code runs: device, seed, budget, folder. The only file that reads the environment.

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
import sys
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from .errors import RealSamError

BUDGETS = ("smoke", "class", "full")
CHECKOUT = Path(__file__).resolve().parents[2]  # where the package runs from
RUNS = Path("runs")  # where what a user makes goes if they do not say
STOPS = ("SIGINT", "SIGTERM", "SIGHUP")  # signals after which a training saves what it has
CPUINFO = Path("/proc/cpuinfo")  # what the processor says it can do; Linux only


def _one_of(variable: str, choices: tuple[str, ...], default: str | None) -> str | None:
    value = os.environ.get(variable, default)
    if value not in (*choices, default):
        raise RealSamError(f"{variable} is '{value}'; set it to one of {', '.join(choices)}.")
    return value


def budget() -> str:
    """Return "smoke", "class" or "full", from REALSAM_BUDGET (default "class")."""
    return _one_of("REALSAM_BUDGET", BUDGETS, "class")


def wanted_scan(choices: tuple[str, ...]) -> str | None:
    """Return which of `choices` REALSAM_SCAN asks for; None if it asks for none."""
    return _one_of("REALSAM_SCAN", choices, None)


def data_dir() -> Path:
    """Return the folder of checkpoints, results and downloads.

    REALSAM_DATA if set; else `data/` of the checkout that the package runs from; else `./data`.
    """
    if "REALSAM_DATA" in os.environ:
        return Path(os.environ["REALSAM_DATA"]).expanduser()
    return CHECKOUT / "data" if (CHECKOUT / "pyproject.toml").exists() else Path("data")


def pick_device(name: str | None = None) -> torch.device:
    """Return the device called `name`, or the best one present: cuda, then mps, then cpu.

    Args:
        name: a kind of device in small or capital letters, or one of several, as in "cuda:1".

    Raises:
        RealSamError: `name` is unknown, or that device is not present.
    """
    count = {  # how many there are of each kind
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
    if name is None:
        return torch.device(next(kind for kind, present in count.items() if present))
    kind, colon, index = name.lower().partition(":")
    numbered = index.isdecimal() and int(index) < count.get(kind, 0)
    if not (numbered if colon else count.get(kind, 0)):
        usable = ", ".join(kind for kind, present in count.items() if present)
        raise RealSamError(f"Device '{name}' is not available here; choose one of: {usable}.")
    return torch.device(name.lower())


def has_bf16(device: torch.device) -> bool:
    """Tell whether `device` has units that multiply in bfloat16; without, it is imitated slowly."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "mps":
        return torch.backends.mps.is_macos_or_newer(14, 0)
    if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return True
    try:
        flags = CPUINFO.read_text(encoding="utf-8", errors="replace").split()
    except OSError:  # nobody tells
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def show_anything() -> None:
    """Let a terminal that lacks a character show "?" in its place, so that printing never fails."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams take everything already
            stream.reconfigure(errors="replace")


def seed_all(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices), so that a CPU run repeats bit for bit."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002, for libraries that still draw from it
    torch.manual_seed(seed)


@contextmanager
def interrupt_flag(stops: Sequence[str] = STOPS):
    """Turn the first signal to stop into a flag that is read between steps; a second one stops.

    These are, unless told otherwise, Ctrl-C, a polite kill (SIGTERM) and a closed terminal (SIGHUP,
    unless `nohup` has it ignored).
    """
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals reach the main thread only
        return
    present = {name: getattr(signal, name) for name in stops if hasattr(signal, name)}
    before = {name: signal.getsignal(number) for name, number in present.items()}
    if before.get("SIGHUP") == signal.SIG_IGN:  # Ctrl-C is heard though a script's `&` ignores it
        del before["SIGHUP"]
    heard = {present[name]: old for name, old in before.items()}

    def as_before():
        for number, old in heard.items():
            signal.signal(number, old)

    def on_stop(number, frame):
        flag.set()
        as_before()

    for number in heard:
        signal.signal(number, on_stop)
    try:
        yield flag
    finally:
        as_before()


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
