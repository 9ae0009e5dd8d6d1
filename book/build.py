"""Build the book: fetch its browser files, execute its notebooks, check its pages.

    python book/build.py              the site, in _build/html
    REALSAM_BUDGET=smoke python book/build.py     a quick test build, in _build/smoke/html

Nothing is executed twice: results are cached by the source of a notebook and by everything it
imports or loads, so a changed module, checkpoint or budget runs the notebooks again. A notebook
that fails leaves the others built.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))
import assets
import execute
import pages
import sam_files
from execute import ROOT, cache_folder, fingerprint, output_folder

LOOKS_LIKE = (
    "_config.yml",
    "_toc.yml",
    "book/static",
    "book/front",
    "book/build.py",
    "book/assets.py",
)


def prepare(out: Path, cache: Path) -> None:
    """Drop what an earlier build left if it no longer holds."""
    look = fingerprint(LOOKS_LIKE, cache.name)
    stamp = out / "built-from.txt"
    if not stamp.exists() or stamp.read_text() != look:
        shutil.rmtree(out / "html", ignore_errors=True)
        shutil.rmtree(out / ".doctrees", ignore_errors=True)
    for old in (out / "cache").glob("*"):
        if old != cache:
            shutil.rmtree(old)
    out.mkdir(parents=True, exist_ok=True)
    stamp.write_text(look)


def write_config(out: Path, budget: str, cache: Path, offline: bool, failed: list[str]) -> Path:
    """Write the configuration of this build: ``_config.yml`` plus what only this build knows."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["execute"] |= {"cache": str(cache), "exclude_patterns": failed}
    told = []
    if budget == "smoke":
        told.append(
            "Smoke build: every run was cut to a few steps to test the pages. "
            "Read no number here as a result."
        )
    if failed:
        told.append(f"Without results, since they stopped with an error: {', '.join(failed)}.")
    if told:
        config.setdefault("html", {})["announcement"] = " ".join(told)
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


def build(budget: str) -> int:
    """Build the book at this budget and check what was built; return the exit code."""
    began, out, cache = time.perf_counter(), output_folder(budget), cache_folder(budget)
    offline = assets.install()
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # torch makes Sphinx complain
        apart.submit(sam_files.install).result()
    prepare(out, cache)
    print(f"Building at budget {budget}.", flush=True)
    sources = [pages.source_of(ROOT, name) for name in pages.toc_files(ROOT)]
    faults = execute.run_missing([path for path in sources if pages.code_of(path)], cache)
    faults = {path.relative_to(ROOT).as_posix(): fault for path, fault in faults.items()}
    print("Writing the pages.", flush=True)
    if run_sphinx(out, write_config(out, budget, cache, offline, list(faults))) != 0:
        print("The book was not built: see the first warning or error above.")
        (out / "built-from.txt").unlink(missing_ok=True)
        return 1
    pages.cure(out / "html")
    report = pages.check(ROOT, out / "html", cache, offline=offline, failed=faults)
    report |= {"budget": budget, "offline": offline}
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    for problem in report["problems"]:
        print(f"✗ {problem}")
    if report["problems"]:
        return 1
    seconds = time.perf_counter() - began
    print(f"✓ {len(report['pages'])} pages in {seconds:.0f} s: {out / 'html' / 'index.html'}")
    return 0


def wanted_budget() -> tuple[str, str]:
    """Return the budget that REALSAM_BUDGET asks for, and what is wrong with it."""
    from realsam_edu import runtime

    try:
        return runtime.budget(), ""
    except runtime.RealSamError as error:
        return "", str(error)


def main() -> int:
    """Read the command line and REALSAM_BUDGET, then build."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that cannot show ✓ shows ?
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--clean", action="store_true", help="forget all earlier results first")
    args = parser.parse_args()
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # torch makes Sphinx complain
        budget, wrong = apart.submit(wanted_budget).result()
    if wrong:
        print(wrong)
        return 2
    if args.clean:
        for name in ("html", ".doctrees", "cache"):
            shutil.rmtree(output_folder(budget) / name, ignore_errors=True)
    os.chdir(ROOT)
    try:
        return build(budget)
    except KeyboardInterrupt:
        print("Stopped; what had finished is kept, and the same command goes on from there.")
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
