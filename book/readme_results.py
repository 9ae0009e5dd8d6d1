"""Write the results of the README from the cards in ``data/results``, and how fast they come.

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
SPEED_BEGIN, SPEED_END = "<!-- speed:begin -->\n", "<!-- speed:end -->"


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


def bench(folder: Path = RESULTS) -> dict:
    """Return the table of the benchmark.

    Raises:
        SystemExit: there is none, or a part of it is missing.
    """
    path = folder / "bench.json"
    measured = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"open": ["all"]}
    if measured["open"]:
        raise SystemExit(
            f"data/{folder.name}/bench.json is missing or unfinished ({', '.join(measured['open'])}"
            "): run `realsam bench` on a machine that does nothing else."
        )
    return measured


def speed(measured: dict) -> str:
    """Return how fast V4 learns and writes, beside whom, and on what."""
    v4, v1, write = measured["train"]["v4"], measured["train"]["v1"], measured["generate"]["v4"]
    gpt, growth = measured["generate"]["gpt"], measured["scaling"]
    rows = []
    for name, row in v4["rows"].items():
        times = 1.0 if name == "snntorch" else v4[f"{name}_over_snntorch"]
        memory = "" if row["peak_mb"] is None else f"{row['peak_mb']:,.0f} MB"
        rows.append(
            f"| {row['label']} | {row['parameters']:,} | {row['tokens_per_second']:,.0f} "
            f"| **{times:.2f}** | {memory} |\n"
        )
    missing = "".join(f"{label}: {reason}. " for label, reason in v4["not_run"].items())
    first, last = write["positions"][0], write["positions"][-1]
    theirs, stamp = gpt["positions"][-1], v4["measured"]
    return (
        f"Training steps of V4, {v4['batch_size']} texts of {v4['seq_len']} tokens, everybody in "
        f"turns, medians of {v4['rounds']} rounds:\n\n"
        "| | parameters | tokens per second | times snnTorch | memory |\n"
        f"|---|---:|---:|---:|---:|\n{''.join(rows)}\n"
        f"{missing}Sam's step in float32 does {v4['share_of_peak']:.0%} of the operations per "
        f"second of a plain product of two {v4['product']['size']}² matrices in the same run, "
        f"{v4['product']['flops'] / 1e9:,.0f} GFLOP/s. "
        f"V1 learns {v1['fused_over_snntorch']:.1f} times as fast as in snnTorch's loop.\n"
        f"One text at a time, V4 takes {write['event_tokens_per_second']:,.0f} tokens per second "
        f"event-driven ({write['written_tokens_per_second']:,.0f} if it also draws them), "
        f"{write['event_over_dense']:.1f} times as many as by the dense `model.step`; notebook 04 "
        "shows how much of that is the events and how much the arrangement. "
        f"Token {last['token']:,} costs {last['over_first']:.2f} times token "
        f"{first['token']:,}; with a transformer of equal size and its cache, "
        f"{theirs['over_first']:.1f} times, and {theirs['memory_mb']:,.0f} MB of cache.\n"
        f"Time grows as a straight line with the length of the window (R² "
        f"{growth['T']['r2']:.3f}) and with the number of texts (R² {growth['B']['r2']:.3f}).\n"
        f"Measured {stamp['date']} on {processor(stamp)}, torch {stamp['hardware']['torch']}, "
        f"commit `{stamp['commit']}`.\n"
    )


def _between(text: str, marks: tuple[str, str], new: str) -> str:
    head, rest = text.split(marks[0])
    return head + marks[0] + new + marks[1] + rest.split(marks[1])[1]


def with_results(readme: str, folder: Path = RESULTS) -> str:
    """Return the README with its results written anew."""
    readme = _between(readme, (BEGIN, END), table(folder))
    return _between(readme, (SPEED_BEGIN, SPEED_END), speed(bench(folder)))


def main() -> None:
    """Write the README anew."""
    path = ROOT / "README.md"
    path.write_text(with_results(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
