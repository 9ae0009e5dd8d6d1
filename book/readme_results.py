"""Write the results table of the README from the cards in ``data/results``.

python book/readme_results.py
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = ("v1", "v1_seed1", "v1_seed2")
BEGIN, END = "<!-- results:begin -->\n", "<!-- results:end -->"


def cards() -> list[dict]:
    """Return the cards of the runs that differ in nothing but the seed."""
    return [json.loads((ROOT / "data/results" / f"{run}.json").read_text()) for run in RUNS]


def table(runs: list[dict]) -> str:
    """Return the Markdown between the two marks."""
    values = [run["results"]["val"]["nats_per_token"] for run in runs]
    floors, first = runs[0]["results"]["floors"], runs[0]
    rows = []
    for run in runs:
        val = run["results"]["val"]
        seen = run["results"]["train_nats_per_token"]
        rows.append(
            f"| seed {run['training']['seed']} | **{val['nats_per_token']:.3f}** "
            f"| {val['bpc']:.3f} | {seen:.3f} | {val['rate']:.1%} | {val['alive']:.1%} "
            f"| {run['minutes']:.0f} |"
        )
    mean, spread = statistics.mean(values), statistics.stdev(values)
    return (
        f"V1, {first['parameters']:,} parameters, on Tiny Shakespeare: the last tenth of it, "
        f"{first['results']['val']['tokens']:,} characters, read in one go, the state carried. "
        f"Mean of {len(runs)} seeds: **{mean:.3f} ± {spread:.3f}** nats per character.\n\n"
        "| | validation, nats per character | bits per character | training text "
        "| mean firing rate | neurons alive | minutes on one core |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n" + "\n".join(rows) + "\n\n"
        f"What counting alone achieves on the same text: {floors['unigram']:.3f} (letter "
        f"frequencies), {floors['bigram']:.3f} (pairs of letters).\n"
        "Others' results on it: 1.88 for a transformer of 0.8 M parameters after three minutes on "
        "a CPU, 1.47 for one of 10.65 M on a GPU "
        "([nanoGPT](https://github.com/karpathy/nanoGPT)).\n"
        "A neuron is alive if it fires at least once in 1,000 steps.\n"
        f"The command, with `--seed 0`, `1`, `2`: `{first['command']}`; "
        f"data sha256 `{first['corpus']['sha256'][:12]}`, {first['hardware']['cpu']}, "
        f"torch {first['hardware']['torch']}.\n"
    )


def with_results(readme: str) -> str:
    """Return the README with its results table written anew."""
    head, rest = readme.split(BEGIN)
    return head + BEGIN + table(cards()) + END + rest.split(END)[1]


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_results(path.read_text(encoding="utf-8")), encoding="utf-8")
