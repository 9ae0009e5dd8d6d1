"""What tests share that is no fixture: where the project is, its command, a build of its book."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 7200  # seconds; it only keeps a test that hangs from hanging for ever
CI = os.environ.get("CI", "").lower() in ("1", "true")


@dataclass(frozen=True)
class Book:
    """The outcome of one build."""

    returncode: int
    output: str
    folder: Path

    @property
    def html(self) -> Path:
        return self.folder / "html"

    @property
    def report(self) -> dict:
        path = self.folder / "report.json"
        return json.loads(path.read_text()) if self.returncode == 0 else {}


def run(capsys, *argv):
    """Run `realsam` with these words; return its exit code, its output and its errors."""
    from realsam_edu import cli

    code = cli.main([str(arg) for arg in argv])
    out, err = capsys.readouterr()
    return code, out, err


def build_book(budget: str, **environment: str) -> subprocess.CompletedProcess:
    """Run `python book/build.py` with this budget and this environment."""
    return subprocess.run(
        [sys.executable, "book/build.py"],
        cwd=ROOT,
        env=os.environ | {"REALSAM_BUDGET": budget} | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
