"""Comparisons that a claim rests on: every variant, three seeds, equal tokens, one table.

    realsam compare curriculum --mode v2 --steps 400
    realsam compare ablation --corpora tinystories --path tinystories=... --steps 300

Each finished run is written to `data/results/NAME.json` at once, so that an interrupted comparison
goes on where it stopped. The outcome is kept whatever it is.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import write_json
from ..runtime.provenance import git_commit, hardware
from ..training import pipeline
from ..training.config import TrainConfig


@dataclass(frozen=True)
class Variant:
    """One row of a comparison: what differs from the reference."""

    name: str
    file: str  # as it is called in file names
    mode: str | None = None  # None: the mode of the comparison
    model: dict = field(default_factory=dict)  # fields of the version's config
    training: dict = field(default_factory=dict)  # fields of `TrainConfig`
    curriculum: bool = True


COMPARISONS = {
    "curriculum": (
        Variant("with curriculum", "with"),
        Variant("without curriculum", "without", curriculum=False),
    ),
    "ablation": (
        Variant("V4", "v4", "v4"),
        Variant("no stress", "no_stress", "v4", {"stress": False}),
        Variant("no diversity", "no_diversity", "v4", {"diversity": 0.0}),
        Variant("no rate penalty", "no_penalty", "v4", training={"rate_weight": 0.0}),
        Variant(
            "thresholds instead of penalty", "thresholds", "v4", {"eta": 0.02}, {"rate_weight": 0.0}
        ),
        Variant("V3", "v3", "v3"),
    ),
}


def compare(
    name: str, data: pipeline.TrainingData, device, *, mode="v2", epochs=None, seeds=3,
    folder: Path, command="", curriculum=True, progress=True, **given,
) -> dict:  # fmt: skip
    """Run a comparison, or what is left of it, and return its table.

    Args:
        name: a key of `COMPARISONS`.
        data: see `pipeline.subword_data`.
        device: where to train.
        mode: version, where the variants leave it open.
        epochs, given: as in `pipeline.train_config`.
        seeds: runs per variant, with seeds 0, 1, ….
        folder: the data folder; table and logs go to its `results`.
        command: what the user typed, for the table.
        curriculum: False reads everything mixed from the start, in every variant.
        progress: show bars.

    Raises:
        RealSamError: there is no such comparison, or the table there was made with other settings.
    """
    if name not in COMPARISONS:
        raise RealSamError(f"There is no comparison '{name}'; choose {', '.join(COMPARISONS)}.")
    tokens, results = len(data.texts[data.main][0]), Path(folder) / "results"
    reference = pipeline.train_config(COMPARISONS[name][0].mode or mode, tokens, epochs, **given)
    table = _opened(results / f"{name}.json", name, data, reference, command)
    for seed in range(seeds):  # one seed of every variant before the next seed
        for variant in COMPARISONS[name]:
            if any((row["name"], row["seed"]) == (variant.name, seed) for row in table["rows"]):
                continue
            stem = f"{name}_{variant.file}" + (f"_seed{seed}" if seed else "")
            version = variant.mode or mode
            settings = given | variant.training | {"seed": seed}
            finished = pipeline.train_version(
                version, data, pipeline.train_config(version, tokens, epochs, **settings), device,
                out=results / f"{stem}.safetensors", folder=folder,
                resume=(results / f"{stem}.resume").exists(),
                curriculum=curriculum and variant.curriculum, model_settings=variant.model,
                progress=progress, keep_weights=False,
            )  # fmt: skip
            if finished is None:
                return table
            table["rows"].append(_row(variant, seed, finished))
            write_json(results / f"{name}.json", table)
    return table


def _opened(path: Path, name: str, data, config: TrainConfig, command: str) -> dict:
    """Return the table at `path` if it was made the same way, or a new one."""
    training = vars(config) | {"tokens": config.steps * config.tokens_per_step}
    new = {"experiment": name, "command": command, "corpus": data.card, "training": training}
    new |= {"hardware": hardware(), "commit": git_commit(), "rows": []}
    if not path.exists():
        return new
    old = json.loads(path.read_text(encoding="utf-8"))
    if old["training"] != training or old["corpus"] != data.card:
        raise RealSamError(
            f"{path} was made with other settings or texts; move it away to make it anew."
        )
    return old


def _row(variant: Variant, seed: int, finished: pipeline.Finished) -> dict:
    """One line of the table."""
    card = finished.card
    results, val = card["results"], card["results"]["val"]
    row = {"name": variant.name, "seed": seed, "val": val["nats_per_token"]}
    row |= {key: val[key] for key in ("bpc", "rate", "moderate", "alive")}
    row |= {"train": results["train_nats_per_token"], "phases": results.get("phases", {})}
    return row | {"minutes": card["minutes"], "table": card["phases"], "log": finished.log.name}
