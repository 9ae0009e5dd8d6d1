"""Build the book: fetch its browser files, execute its notebooks, check its pages.

    python book/build.py              the site, in _build/html
    REALSAM_BUDGET=smoke python book/build.py     a quick test build, in _build/smoke/html

Nothing is executed twice: results are cached by the source of a notebook and by everything it
imports or loads, so a changed module, checkpoint or budget runs the notebooks again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))
import assets
import pages

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
BUDGETS = ("smoke", "class", "full")
RUNS_ON = (
    "realsam_edu",
    "data/checkpoints",
    "data/results",
)  # what the notebooks' results depend on
LOOKS_LIKE = ("_config.yml", "_toc.yml", "book/static", "book/build.py", "book/assets.py")


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


def prepare(out: Path, budget: str) -> Path:
    """Drop what an earlier build left if it no longer holds, and return the cache to use."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "snntorch")]
    content = fingerprint(RUNS_ON, budget, platform.python_version(), *versions)
    look = fingerprint(LOOKS_LIKE, content)
    cache = out / "cache" / content
    stamp = out / "built-from.txt"
    if not stamp.exists() or stamp.read_text() != look:
        shutil.rmtree(out / "html", ignore_errors=True)
        shutil.rmtree(out / ".doctrees", ignore_errors=True)
    for old in (out / "cache").glob("*"):
        if old != cache:
            shutil.rmtree(old)
    out.mkdir(parents=True, exist_ok=True)
    stamp.write_text(look)
    return cache


def write_config(out: Path, budget: str, cache: Path, offline: bool) -> Path:
    """Write the configuration of this build: ``_config.yml`` plus what only this build knows."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["cache"] = str(cache)
    if budget == "smoke":
        config.setdefault("html", {})["announcement"] = (
            "Smoke build: every run was cut to a few steps to test the pages. "
            "Read no number here as a result."
        )
    if offline:
        config["sphinx"]["config"] |= assets.SPHINX_CONFIG
    path = out / "_config.yml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def run_sphinx(out: Path, config: Path) -> int:
    """Run Jupyter Book with warnings as errors; return 0 when the book was built."""
    from jupyter_book.sphinx import build_sphinx

    result = build_sphinx(
        ROOT,
        out / "html",
        noconfig=True,
        path_config=config,
        confoverrides={
            "external_toc_path": (ROOT / "_toc.yml").as_posix(),
            "latex_individualpages": False,
            "nitpicky": True,
        },
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    return result if isinstance(result, int) else 1


def main() -> int:
    """Build the book at the budget of ``REALSAM_BUDGET`` and check what was built."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--clean", action="store_true", help="forget all earlier results first")
    args = parser.parse_args()
    budget = os.environ.setdefault("REALSAM_BUDGET", "class")
    if budget not in BUDGETS:
        print(f"REALSAM_BUDGET is {budget!r}; it can be {', '.join(BUDGETS)}.")
        return 2
    out = output_folder(budget)
    if args.clean:
        for name in ("html", ".doctrees", "cache"):
            shutil.rmtree(out / name, ignore_errors=True)

    began = time.perf_counter()
    os.chdir(ROOT)
    offline = assets.install()
    cache = prepare(out, budget)
    config = write_config(out, budget, cache, offline)
    print(f"Building at budget {budget}: notebooks run unless nothing changed.", flush=True)
    if run_sphinx(out, config) != 0:
        print("The book was not built: see the first warning or error above.")
        (out / "built-from.txt").unlink(missing_ok=True)
        return 1
    report = pages.check(ROOT, out / "html", cache, offline=offline)
    report |= {"budget": budget, "offline": offline}
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    for problem in report["problems"]:
        print(f"✗ {problem}")
    if report["problems"]:
        return 1
    seconds = time.perf_counter() - began
    print(f"✓ {len(report['pages'])} pages in {seconds:.0f} s: {out / 'html' / 'index.html'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
