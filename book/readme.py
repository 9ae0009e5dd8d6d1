"""Write README.md anew from what was measured, and draw its picture: `python book/readme.py`.

The tables come from the cards, the benchmark and the page's table in `data/results`; the picture,
`static/readme.svg`, from a line that the committed checkpoint writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from realsam_edu import checkpoint
from realsam_edu.experiments import report
from realsam_edu.inside.trace import trace_generation
from realsam_edu.plots.recording import recording_svg

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "data/results"
SEEDS = ("v1", "v1_seed1", "v1_seed2")  # differ in nothing but the seed
VERSIONS = ("v1", "v2", "v3", "v4")
MARKS = ("<!-- results:begin -->\n", "<!-- results:end -->")
SPEED_MARKS = ("<!-- speed:begin -->\n", "<!-- speed:end -->")
PROMPT, WRITTEN, SEED = "ROMEO:\n", 56, 1


def cards(runs: tuple[str, ...] = SEEDS, folder: Path = RESULTS) -> list[dict]:
    """Return the cards of runs, in order.

    Raises:
        SystemExit: a card is missing; the message names it.
    """
    for run in runs:
        if not (folder / f"{run}.json").exists():
            raise SystemExit(
                f"There is no card {run}.json in data/{folder.name}: train that model, or fetch "
                "the committed card."
            )
    return [json.loads((folder / f"{run}.json").read_text(encoding="utf-8")) for run in runs]


def bench(folder: Path = RESULTS) -> dict:
    """Return the table of the benchmark.

    Raises:
        SystemExit: there is none, a part of it is missing, or its parts are of different runs.
    """
    path, name = folder / "bench.json", f"data/{folder.name}/bench.json"
    again = "run `realsam bench` on a machine that does nothing else."
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    sections = report.measured_sections(table)
    missing = [name for name in report.SECTIONS if name not in sections]
    if missing:
        raise SystemExit(f"{name} is missing or unfinished ({', '.join(missing)}): {again}")
    if len({json.dumps(section["measured"]) for section in sections.values()}) > 1:
        raise SystemExit(f"{name} has parts of different runs: {again}")
    return table


def between(text: str, marks: tuple[str, str], new: str) -> str:
    """Return the text with what stands between two marks replaced."""
    head, rest = text.split(marks[0])
    return head + marks[0] + new + marks[1] + rest.split(marks[1])[1]


def with_results(readme: str, folder: Path = RESULTS) -> str:
    """Return the README with its results written anew."""
    versions = report.versions_markdown(cards(VERSIONS, folder))
    seeds = report.seeds_markdown(cards(SEEDS, folder))
    readme = between(readme, MARKS, f"{versions}\n### V1, three seeds\n\n{seeds}")
    page = folder / "browser.json"
    table = json.loads(page.read_text(encoding="utf-8")) if page.exists() else {}
    speed = report.bench_markdown(bench(folder)) + report.page_markdown(table)
    return between(readme, SPEED_MARKS, speed)


def main() -> None:
    """Write the README anew and draw its picture."""
    path = ROOT / "README.md"
    path.write_text(with_results(path.read_text(encoding="utf-8")), encoding="utf-8")
    sam = checkpoint.load(ROOT / "data/checkpoints/v1.safetensors")
    recording = trace_generation(sam.model, sam.tokenizer, PROMPT, WRITTEN, 0.7, SEED)
    (ROOT / "book/static/readme.svg").write_text(recording_svg(recording), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
