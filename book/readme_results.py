"""Write the results of the README from the cards in ``data/results``.

python book/readme_results.py
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "data/results"
SEEDS = ("v1", "v1_seed1", "v1_seed2")  # differ in nothing but the seed
VERSIONS = ("v1", "v2", "v3", "v4")
BEGIN, END = "<!-- results:begin -->\n", "<!-- results:end -->"


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


def processor(card: dict) -> str:
    """Name what a run was trained on."""
    hardware = card["hardware"]
    if hardware["gpu"]:
        return hardware["gpu"]
    threads = hardware["threads"]
    return f"{hardware['cpu']}, {threads} thread{'s' if threads > 1 else ''}"


def versions(runs: list[dict]) -> str:
    """Return the table of V1 to V4, one row a card, and what has to be known to read it."""
    head = (
        "| | parameters | tokens seen | nats per token | bits per character | mean firing rate "
        "| minutes |\n|---|---:|---:|---:|---:|---:|---:|\n"
    )
    rows = []
    for run in runs:
        val, name = run["results"]["val"], run["version"].upper()
        name += " (deprecated)" if run["version"] == "v3" else ""
        rows.append(
            f"| {name} | {run['parameters']:,} | {run['training']['tokens'] / 1e6:.1f} M "
            f"| {val['nats_per_token']:.3f} | **{val['bpc']:.3f}** | {val['rate']:.1%} "
            f"| {run['minutes']:.0f} |\n"
        )
    first, last = runs[0], runs[-1]
    letters, pieces = first["results"]["val"], last["results"]["val"]
    source = ", ".join(last["corpus"]["sources"]["stories"])
    commands = "".join(f"- `{run['command']}` ({processor(run)})\n" for run in runs[1:])
    return (
        f"{head}{''.join(rows)}\n"
        "All on text that was kept out of training, read in one go, the state carried. "
        f"V2 to V4 read word pieces: {pieces['tokens']:,} tokens of the validation stories of "
        f"`{source}`. V1 reads characters of another text, {letters['tokens']:,} of "
        f"`{first['corpus']['name']}`, so its row is not to be compared with theirs.\n"
        "V2 to V4 are one run each, not all of one length: comparisons at equal length, with "
        "three seeds, are in notebooks 06 to 08. "
        f"Of V4's neurons {pieces['moderate']:.1%} fire between 1% and 30% of the time.\n"
        f"How V2 to V4 were trained (data sha256 `{last['corpus']['sha256'][:12]}`, "
        f"torch {last['hardware']['torch']}):\n\n{commands}"
    )


def seeds(runs: list[dict]) -> str:
    """Return the table of V1's three seeds, and what others reach on the same text."""
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


def table(folder: Path = RESULTS) -> str:
    """Return the Markdown between the two marks."""
    return (
        f"{versions(cards(VERSIONS, folder))}\n### V1, three seeds\n\n{seeds(cards(SEEDS, folder))}"
    )


def with_results(readme: str, folder: Path = RESULTS) -> str:
    """Return the README with its results written anew."""
    head, rest = readme.split(BEGIN)
    return head + BEGIN + table(folder) + END + rest.split(END)[1]


def main() -> None:
    """Write the README anew."""
    path = ROOT / "README.md"
    path.write_text(with_results(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
