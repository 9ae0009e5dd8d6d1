"""What trainings came to: one run on a screen, the four versions and V1's seeds in Markdown."""

import json
import shlex
import statistics

from .origin import FILE, FOLDER, processor, shown_command


def training_summary(finished) -> str:
    """Return what a person wants to know about a training on one screen.

    Args:
        finished: what `training.pipeline.train_version` returned.
    """
    card, results = finished.card, finished.card["results"]
    val, tokens = results["val"], card["training"]["tokens"]
    speed = tokens / max(1e-9, finished.result.seconds)
    lines = [
        f"{card['version'].upper()}  {card['parameters']:,} parameters, "
        f"{tokens:,} tokens in {card['minutes']} minutes ({speed:,.0f} per second)",
        f"validation  {val['nats_per_token']:.4f} nats per token, perplexity "
        f"{val['perplexity']:.2f}, {val['bpc']:.3f} bits per character",
        f"training    {results['train_nats_per_token']:.4f} nats per token on as much text",
        f"firing      {val['rate']:.1%} on average, {val['moderate']:.1%} of the neurons between "
        "1 and 30 %",
    ]
    floors = ", ".join(f"{name} {nats:.4f}" for name, nats in results["floors"].items())
    if floors:
        lines.append(f"floors      {floors}")
    sample = json.dumps(finished.result.history[-1]["sample"], ensure_ascii=False)
    where = finished.outputs.checkpoint
    lines += [f"it writes   {sample}", f"Saved {where}"]
    lines.append(f"Let it write: realsam generate --checkpoint {shlex.quote(str(where))}")
    return "\n".join(lines)


def versions_markdown(cards: list[dict]) -> str:
    """Return the table of V1 to V4, one row a card, and what has to be known to read it."""
    head = (
        "| | parameters | tokens seen | nats per token | bits per character | mean firing rate "
        "| minutes |\n|---|---:|---:|---:|---:|---:|---:|\n"
    )
    rows = []
    for card in cards:
        val, name = card["results"]["val"], card["version"].upper()
        name += " (deprecated)" if card["version"] == "v3" else ""
        rows.append(
            f"| {name} | {card['parameters']:,} | {card['training']['tokens'] / 1e6:.1f} M "
            f"| {val['nats_per_token']:.3f} | **{val['bpc']:.3f}** | {val['rate']:.1%} "
            f"| {card['minutes']:.0f} |\n"
        )
    return f"{head}{''.join(rows)}\n{_how_to_read(cards[0], cards[-1])}{_how_trained(cards[1:])}"


def _how_to_read(v1: dict, v4: dict) -> str:
    letters, pieces = v1["results"]["val"], v4["results"]["val"]
    source = ", ".join(v4["corpus"]["sources"]["stories"])
    return (
        "All on text that was kept out of training, read in one go, the state carried. "
        f"V2 to V4 read word pieces: {pieces['tokens']:,} tokens of the validation stories of "
        f"`{source}`. V1 reads characters of another text, {letters['tokens']:,} of "
        f"`{v1['corpus']['name']}`, so its row is not to be compared with theirs.\n"
        "V2 to V4 are one run each, not all of one length: comparisons at equal length, with "
        "three seeds, are in notebooks 06 to 08. "
        f"Of V4's neurons {pieces['moderate']:.1%} fire between 1% and 30% of the time.\n"
    )


def _how_trained(cards: list[dict]) -> str:
    commands = "".join(
        f"- `{shown_command(card['command'])}` ({processor(card['hardware'])})\n" for card in cards
    )
    return (
        f"How V2 to V4 were trained (data sha256 `{cards[-1]['corpus']['sha256'][:12]}`, "
        f"torch {cards[-1]['hardware']['torch']}{_placeholders(commands)}):\n\n{commands}"
    )


def _placeholders(commands: str) -> str:
    """Say what the reader has to put in, if anything."""
    if FOLDER in commands:
        return f"; {FOLDER} has files of the public sets, without `--path` all are downloaded"
    return f"; {FILE} is the text, without `--path` it is downloaded" if FILE in commands else ""


def seeds_markdown(cards: list[dict]) -> str:
    """Return the table of V1's seeds, and what others reach on the same text.

    Args:
        cards: of runs that differ in nothing but the seed.
    """
    rows = []
    for card in cards:
        val, seen = card["results"]["val"], card["results"]["train_nats_per_token"]
        rows.append(
            f"| seed {card['training']['seed']} | **{val['nats_per_token']:.3f}** "
            f"| {val['bpc']:.3f} | {seen:.3f} | {val['rate']:.1%} | {val['alive']:.1%} "
            f"| {card['minutes']:.0f} |\n"
        )
    values = [card["results"]["val"]["nats_per_token"] for card in cards]
    mean, spread, first = statistics.mean(values), statistics.stdev(values), cards[0]
    return (
        f"V1, {first['parameters']:,} parameters, on Tiny Shakespeare: the last tenth of it, "
        f"{first['results']['val']['tokens']:,} characters, read in one go, the state carried. "
        f"Mean of {len(cards)} seeds: **{mean:.3f} ± {spread:.3f}** nats per character.\n\n"
        "| | validation, nats per character | bits per character | training text "
        "| mean firing rate | neurons alive | minutes on one core |\n"
        f"|---|---:|---:|---:|---:|---:|---:|\n{''.join(rows)}\n{_beside_others(first)}"
    )


def _beside_others(card: dict) -> str:
    floors, command = card["results"]["floors"], shown_command(card["command"])
    return (
        f"What counting alone achieves on the same text: {floors['unigram']:.3f} (letter "
        f"frequencies), {floors['bigram']:.3f} (pairs of letters).\n"
        "Others' results on it: 1.88 for a transformer of 0.8 M parameters after three minutes on "
        "a CPU, 1.47 for one of 10.65 M on a GPU "
        "([nanoGPT](https://github.com/karpathy/nanoGPT)).\n"
        "A neuron is alive if it fires at least once in 1,000 steps.\n"
        f"The command, with `--seed 0`, `1`, `2`: `{command}`{_placeholders(command)}; "
        f"data sha256 `{card['corpus']['sha256'][:12]}`, {card['hardware']['cpu']}, "
        f"torch {card['hardware']['torch']}.\n"
    )
