"""What the front page says in numbers, read from the cards, logs and tables in `data/`.

Sphinx reads this, and torch makes Sphinx complain: weights are counted from the header of a
checkpoint.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from math import ceil, floor, prod
from pathlib import Path
from statistics import mean, stdev

import yaml

from realsam_edu.experiments.report import processor, shown_command

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "data/results"
VERSIONS = ("v1", "v2", "v3", "v4")
SEEDS = ("v1", "v1_seed1", "v1_seed2")  # differ in nothing but the seed
ENDED = {"converged": "its loss had stopped falling", "budget": "its share was used up"}
PARTS = {  # part of V4 -> the weights that are its own; b is any block
    "encoder": ("encoder.table.weight",),
    "projection": ("projection.weight",),
    "neurons": ("b.norm.weight", "b.norm.bias", "b.lif.beta_logit"),
    "loop": ("b.lif.w_rec",),
    "gate": ("b.fc_out.weight", "b.gate.weight", "b.gate.bias"),
    "readout": (
        "readout.norm.weight",
        "readout.norm.bias",
        "readout.head.weight",
        "readout.scale",
        "readout.bias",
    ),
}
MEET_SPIKES = ("projection.weight", "b.lif.w_rec", "b.fc_out.weight", "b.gate.weight")


def table(name: str) -> dict:
    """Return a card or a table of `data/results`."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def log(name: str) -> list[dict]:
    """Return the validations of a run, in order."""
    text = (RESULTS / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Effect:
    """What a part of Sam changed: nats per token with it minus without it, one per seed.

    Below zero the part helped.
    """

    with_it: tuple[float, ...]
    without: tuple[float, ...]

    @property
    def changes(self) -> list[float]:
        """Nats per token, one per seed."""
        return [a - b for a, b in zip(self.with_it, self.without, strict=True)]

    @property
    def verdict(self) -> str:
        """`helped` or `cost` if every seed says so, else `open`."""
        if all(change < 0 for change in self.changes):
            return "helped"
        return "cost" if all(change > 0 for change in self.changes) else "open"

    @property
    def size(self) -> str:
        """Mean and standard deviation over the seeds, in nats per token."""
        return f"{abs(mean(self.changes)):.3f} ± {stdev(self.changes):.3f}"

    @property
    def words(self) -> str:
        """The result in a few words."""
        if self.verdict == "open":
            signed = f"{mean(self.changes):+.3f}".replace("-", "−")
            return f"No effect shown: {signed} ± {stdev(self.changes):.3f} nats, seeds disagree"
        did = {"helped": "Lowers the loss by", "cost": "Raises the loss by"}[self.verdict]
        return f"{did} {self.size} nats per token"


def effect(rows: list[dict], with_it: str, without: str) -> Effect:
    """Compare two variants of a table, seed by seed."""
    vals = [{r["seed"]: r["val"] for r in rows if r["name"] == name} for name in (with_it, without)]
    seeds = sorted(vals[0])
    return Effect(*(tuple(column[seed] for seed in seeds) for column in vals))


def weights(checkpoint: Path) -> dict[str, int]:
    """Return how many numbers each tensor of a checkpoint has, by its name."""
    with checkpoint.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    return {k: prod(v["shape"]) for k, v in header.items() if k != "__metadata__"}


def counted(sizes: dict[str, int], names: tuple[str, ...]) -> int:
    """Add up the tensors of these names; a name that begins with `b.` is counted in every block."""
    blocks = {re.sub(r"^blocks\.\d+\.", "b.", name) for name in sizes}
    missing = set(names) - blocks
    if missing:
        raise ValueError(f"The checkpoint has no {', '.join(sorted(missing))}.")
    return sum(n for k, n in sizes.items() if re.sub(r"^blocks\.\d+\.", "b.", k) in names)


def parts_of_v4() -> dict[str, int]:
    """Return the parameters of each part of V4, and how many of them meet spikes only."""
    sizes = weights(ROOT / "data/checkpoints/v4.safetensors")
    parts = {part: counted(sizes, names) for part, names in PARTS.items()}
    parts["block"] = sum(parts[part] for part in ("neurons", "loop", "gate")) // 6
    parts["diversity"] = sizes["diversity"]
    parts["binary"] = counted(sizes, MEET_SPIKES)
    return parts


def phases(card: dict, entries: list[dict]) -> list[dict]:
    """Return the phases of a run, each with where it ended and what was written there."""
    last = {entry["phase"]: entry for entry in entries}
    rows, end = [], 0
    for number, row in enumerate(card["phases"], 1):
        begin, end = end, end + row["tokens"]
        said = {"begin": begin, "end": end, "because": ENDED[row["ended"]], "number": number}
        rows.append(row | said | {"sample": last[row["phase"]]["sample"].strip()})
    return rows


def moments(entries: list[dict]) -> list[dict]:
    """Return of each validation what the page tells of it."""
    keys = ("tokens", "phase", "loss", "val", "rate", "stress", "sample")
    return [{key: entry[key] for key in keys} for entry in entries]


def versions() -> list[dict]:
    """Return what the table of results says of each version."""
    return [table(name) for name in VERSIONS]


def machine(card: dict) -> str:
    """Name what a model was trained on."""
    return processor(card["hardware"])


def command(card: dict) -> str:
    """Return the command that made a model, as a reader can type it."""
    return shown_command(card["command"])


def three_seeds() -> tuple[float, float]:
    """Return mean and standard deviation of V1's loss over its seeds."""
    losses = [table(run)["results"]["val"]["nats_per_token"] for run in SEEDS]
    return mean(losses), stdev(losses)


def beside() -> list[dict]:
    """Return the original's figures phase by phase, and ours at the end of training."""
    original = json.loads((Path(__file__).parent / "original.json").read_text(encoding="utf-8"))
    ends = {row["phase"]: row for row in table("v4")["phases"]}
    return [row | {"ours": ends[row["phase"]]} for row in original["phases"]] + [original]


def chapters() -> list[dict]:
    """Return the notebooks of `_toc.yml` in order: file, number, title, question."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [c["file"] for part in toc["parts"] for c in part["chapters"]]
    return [chapter(ROOT / f"{f}.ipynb") for f in files if f.startswith("notebooks/")]


def chapter(path: Path) -> dict:
    """Return a notebook's file, number, title and the question that its first cell asks."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "".join(cells[0]["source"])
    number, title = re.match(r"# (\d+) · (.+)", text).groups()
    asked = re.search(r"\*\*[^*]*question[^*]*:\*\*(.+?)(?:\n\n|\Z)", text, re.S | re.I).group(1)
    question = " ".join(asked.replace("*", "").replace("`", "").split())
    ends = [m.end() for m in re.finditer(r"\?", question)]
    question = question[: ends[0]] if ends else question
    return {
        "file": f"../notebooks/{path.stem}.html",
        "number": number,
        "title": title,
        "question": question[:1].upper() + question[1:],
    }


def axis(effects: list[Effect], step: float = 0.02) -> tuple[float, float]:
    """Return the ends of an axis on which all these losses lie, whole multiples of `step`."""
    losses = [loss for e in effects for loss in (*e.with_it, *e.without)]
    return floor(min(losses) / step) * step, ceil(max(losses) / step) * step
