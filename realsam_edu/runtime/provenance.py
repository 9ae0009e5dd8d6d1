"""What a number was measured on: machine, versions, commit."""

import platform
import subprocess
from pathlib import Path

import torch

from .settings import CHECKOUT


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
    """Return the commit of the checkout the package runs from, "-dirty" if its code was edited.

    None outside a checkout of this project, also where its files lie in another's repository.
    """

    def git(*words: str) -> str:
        run = ["git", "-C", str(CHECKOUT), *words]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != CHECKOUT:
            return None
        edited = git("status", "--porcelain", "--", "realsam_edu")
        return git("rev-parse", "--short=12", "HEAD") + ("-dirty" if edited else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def stamp() -> dict:
    """Return what a card, a comparison and a bench say of their origin: hardware and commit."""
    return {"hardware": hardware(), "commit": git_commit()}
