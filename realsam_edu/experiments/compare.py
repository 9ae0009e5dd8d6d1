"""Comparisons that a claim rests on: every variant, three seeds, equal tokens, one table.

    realsam compare curriculum --mode v2 --steps 400
    realsam compare ablation --corpora tinystories --path tinystories=... --steps 300

Each finished run is written to its table, `runs/NAME.json`, at once, so that an interrupted
comparison goes on where it stopped; the logs lie beside it. The outcome is kept whatever it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import try_to_write, write_json
from ..runtime.provenance import stamp
from ..training import distributed, pipeline
from ..training.config import TrainConfig, train_config
from ..training.outputs import Outputs


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


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Raises:
        RealSamError: there is no such comparison, or it has no seed.
    """

    name: str  # a key of `COMPARISONS`
    mode: str = "v2"  # version, where the variants leave it open
    seeds: int = 3  # runs per variant, with seeds 0, 1, …
    curriculum: bool = True  # False reads everything mixed from the start, in every variant
    settings: dict = field(default_factory=dict)  # `epochs` and fields of `TrainConfig`

    def __post_init__(self):
        if self.name not in COMPARISONS:
            raise RealSamError(
                f"There is no comparison '{self.name}'; choose {', '.join(COMPARISONS)}."
            )
        if not 1 <= self.seeds <= 1000:
            raise RealSamError(f"seeds is {self.seeds}; ask for 1 to 1,000 runs per variant.")

    def runs(self) -> Iterator[tuple[int, Variant]]:
        """One seed of every variant before the next seed."""
        for seed in range(self.seeds):
            for variant in COMPARISONS[self.name]:
                yield seed, variant

    def config(self, variant: Variant, tokens: int, **more) -> TrainConfig:
        """Return the settings of a variant, for a text of so many tokens."""
        mode = variant.mode or self.mode
        return train_config(mode, tokens, **(self.settings | variant.training | more))


@dataclass(frozen=True)
class Table:
    """Where a comparison is written, and what may be done with what is there already.

    Raises:
        RealSamError: the file is not named `….json`.
    """

    path: Path  # the logs lie beside it, under its name
    command: str = ""  # what the user typed
    overwrite: bool = False  # begin anew in the place of another one

    def __post_init__(self):
        if self.path.suffix != ".json":
            raise RealSamError(f"{self.path} is no name for a table; choose one ending in .json.")

    def outputs(self, variant: Variant, seed: int) -> Outputs:
        """Return the files of one run; it goes on where an earlier one stopped."""
        name = f"{self.path.stem}_{variant.file}" + (f"_seed{seed}" if seed else "")
        where = Outputs(self.path.with_name(f"{name}.safetensors"), keep_weights=False)
        return Outputs(where.checkpoint, resume=where.resume_file.exists(), keep_weights=False)

    def read(self) -> dict | None:
        """Return the table that is there; None if there is none or it may be replaced.

        Raises:
            RealSamError: the file there is no table of a comparison.
        """
        if self.overwrite or not self.path.exists():
            return None
        try:
            table = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError:
            table = None
        if not (isinstance(table, dict) and "rows" in table):
            raise RealSamError(
                f"{self.path} is no table of a comparison; choose another --out, or add "
                "--overwrite to replace it."
            )
        return table

    def begun_precision(self) -> str | None:
        """Return the precision of the comparison that is there; None if there is none."""
        table = self.read()
        return table and table["training"]["precision"]

    def claim(self, plan: Plan) -> None:
        """Make sure, before anything is learnt, that the comparison may write here and can.

        Raises:
            RealSamError: something else is there, or it cannot be written.
        """
        try_to_write(self.path)
        if self.read() is not None:
            return
        runs = [self.outputs(variant, seed) for seed, variant in plan.runs()]
        for outputs in runs:
            if outputs.log.exists() and not self.overwrite:
                raise RealSamError(
                    f"{outputs.log} is there already, and no {self.path.name} that it belongs to; "
                    "choose another --out, or add --overwrite to replace it."
                )
        for outputs in runs:
            outputs.resume_file.unlink(missing_ok=True)  # of a comparison that is begun anew


def compare(
    plan: Plan, data: pipeline.TrainingData, device, where: Table, progress: bool = True
) -> dict:
    """Run a comparison, or what is left of it, and return its table.

    Args:
        plan: what is compared.
        data: see `pipeline.subword_data`.
        device: where to train.
        where: the table's file; see `Table.claim` for what to ask before.
        progress: show bars.

    Raises:
        RealSamError: the table there was made with other settings.
    """
    tokens = len(data.texts[data.main][0])
    table = distributed.on_first(lambda: _opened(plan, data, where, tokens))
    for seed, variant in plan.runs():
        if any((row["name"], row["seed"]) == (variant.name, seed) for row in table["rows"]):
            continue
        finished = pipeline.train_version(
            variant.mode or plan.mode, data, plan.config(variant, tokens, seed=seed), device,
            where.outputs(variant, seed), curriculum=plan.curriculum and variant.curriculum,
            progress=progress, **variant.model,
        )  # fmt: skip
        if finished is None:
            return table
        table["rows"].append(_row(variant, seed, finished))
        distributed.on_first(lambda: write_json(where.path, table))
    return table


def _opened(plan: Plan, data, where: Table, tokens: int) -> dict:
    """Return the table that is there if it was made the same way, or a new one."""
    config = plan.config(COMPARISONS[plan.name][0], tokens)
    training = vars(config) | {"tokens": config.steps * config.tokens_per_step}
    new = {"experiment": plan.name, "command": where.command, "corpus": data.card}
    new |= {"training": training} | stamp() | {"rows": []}
    old = where.read()
    if old is None:
        write_json(where.path, new)  # from now on what lies beside it belongs to it
        return new
    same = ("experiment", "corpus", "training")
    if any(old.get(key) != new[key] for key in same):
        raise RealSamError(
            f"{where.path} was made with other settings or texts; choose another --out, or add "
            "--overwrite to begin anew."
        )
    return old


def _row(variant: Variant, seed: int, finished: pipeline.Finished) -> dict:
    """One line of the table."""
    card = finished.card
    results, val = card["results"], card["results"]["val"]
    row = {"name": variant.name, "seed": seed, "val": val["nats_per_token"]}
    row |= {key: val[key] for key in ("bpc", "rate", "moderate", "alive")}
    row |= {"train": results["train_nats_per_token"], "phases": results.get("phases", {})}
    row |= {"minutes": card["minutes"], "table": card["phases"]}
    return row | {"log": finished.outputs.log.name}
