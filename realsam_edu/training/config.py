"""The settings of a training, and what each version changes of the defaults."""

import math
from dataclasses import dataclass, fields
from numbers import Integral, Real

from ..model.versions import known_mode
from ..runtime.errors import RealSamError

PRECISIONS = ("fp32", "bf16")
RANGES = {  # the least and the most of every number; whole numbers where these are
    "steps": (1, 10**9),
    "batch_size": (1, 65_536),
    "seq_len": (1, 65_536),
    "grad_accum": (1, 65_536),
    "lr": (0.0, 1e6),
    "warmup": (0, 10**9),
    "weight_decay": (0.0, 1e3),
    "clip": (1e-9, 1e9),
    "target_rate": (1e-6, 1.0),
    "rate_weight": (0.0, 1e6),
    "average": (0.0, 1.0),
    "seed": (0, 2**32 - 1),
    "eval_every": (1, 10**9),
}


@dataclass(frozen=True)
class TrainConfig:
    """One training run; together with model, data and machine it fixes every number."""

    steps: int  # optimiser steps
    batch_size: int = 32  # texts B read side by side
    seq_len: int = 128  # tokens T per text and batch
    grad_accum: int = 1  # batches per optimiser step
    lr: float = 6e-3  # peak learning rate
    warmup: int = 200  # steps of linear warm-up, at most a quarter; a cosine to zero follows
    weight_decay: float = 0.1  # on matrices only
    clip: float = 1.0  # largest gradient norm
    target_rate: float = 0.10  # r*, the firing rate asked of every neuron
    rate_weight: float = 0.1  # weight of the rate penalty in the loss
    average: float = 0.999  # memory of the running mean of the weights; 0 keeps no mean
    seed: int = 0
    eval_every: int = 250  # steps between validations
    precision: str = "fp32"  # "bf16": matrix products in bfloat16, membranes stay float32

    def __post_init__(self):
        for name, ends in RANGES.items():
            _expect_within(name, getattr(self, name), *ends)
        if self.precision not in PRECISIONS:
            raise RealSamError(
                f"precision is '{self.precision}'; it has to be one of {', '.join(PRECISIONS)}."
            )

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one optimiser step learns from."""
        return self.batch_size * self.seq_len * self.grad_accum


def _expect_within(name: str, value, least, most) -> None:
    """Refuse a number that is out of its range, or not whole where its ends are."""
    whole = isinstance(least, int)
    if not isinstance(value, Integral if whole else Real):
        kind = "whole number" if whole else "number"
        raise RealSamError(f"{name} is {value!r}; it has to be a {kind}.")
    if value < least:
        raise RealSamError(f"{name} is {value}; it has to be at least {least:g}.")
    if not value <= most:  # nor is NaN
        raise RealSamError(f"{name} is {value}; it has to be a number up to {most:g}.")


# What each version changes of the defaults above.
VERSION_DEFAULTS = {
    "v1": {},
    "v2": {"seq_len": 64},
    "v3": {"seq_len": 64, "rate_weight": 0.0},  # its thresholds keep the rate
    "v4": {"seq_len": 64},
}
EPOCHS = {"v1": 20.0, "v2": 4.0, "v3": 4.0, "v4": 4.0}  # passes over the text, or over the stories


def train_config(mode: str, tokens: int, epochs: float | None = None, **given) -> TrainConfig:
    """Return the settings of a training: the version's own, changed by what is given.

    Args:
        mode: "v1" to "v4".
        tokens: tokens of the text that epochs are counted in.
        epochs: passes over it; `EPOCHS` if None. `steps` in `given` overrules it.
        given: fields of `TrainConfig`; None means not given.

    Raises:
        RealSamError: there is no such version, or a setting is out of its range.
    """
    names = {field.name for field in fields(TrainConfig)}
    given = {k: v for k, v in given.items() if k in names and v is not None}
    settings = {"steps": 1} | VERSION_DEFAULTS[known_mode(mode)] | given
    if "steps" not in given:
        passes = EPOCHS[mode] if epochs is None else epochs
        if not math.isfinite(passes):
            raise RealSamError(f"epochs is {passes}; it has to be a finite number.")
        per_step = TrainConfig(**settings).tokens_per_step
        settings["steps"] = math.ceil(passes * tokens / per_step)
    return TrainConfig(**settings)
