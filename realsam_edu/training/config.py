"""The settings of a training, and what each version changes of the defaults."""

from dataclasses import dataclass

from ..runtime.errors import RealSamError


@dataclass(frozen=True)
class TrainConfig:
    """One training run; together with model, data and machine it fixes every number."""

    steps: int  # optimiser steps
    batch_size: int = 32  # readers B
    seq_len: int = 128  # tokens T per reader and batch
    grad_accum: int = 1  # batches per optimiser step
    lr: float = 6e-3  # peak learning rate
    warmup: int = 200  # steps of linear warm-up; a cosine to zero follows
    weight_decay: float = 0.1  # on matrices only
    clip: float = 1.0  # largest gradient norm
    target_rate: float = 0.10  # r*, the firing rate asked of every neuron
    rate_weight: float = 0.1  # weight of the rate penalty in the loss
    average: float = 0.999  # memory of the running mean of the weights; 0 keeps no mean
    seed: int = 0
    eval_every: int = 250  # steps between validations
    precision: str = "fp32"  # "bf16": matrix products in bfloat16, membranes stay float32

    def __post_init__(self):
        for name in ("steps", "batch_size", "seq_len", "grad_accum", "eval_every"):
            if getattr(self, name) < 1:
                raise RealSamError(f"{name} is {getattr(self, name)}; it has to be at least 1.")

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one optimiser step learns from."""
        return self.batch_size * self.seq_len * self.grad_accum


# What each version changes of the defaults above.
RECIPES = {
    "v1": {},
    "v2": {"seq_len": 64},
    "v3": {"seq_len": 64, "rate_weight": 0.0},  # its thresholds keep the rate
    "v4": {"seq_len": 64},
}
EPOCHS = {"v1": 20.0, "v2": 4.0, "v3": 4.0, "v4": 4.0}  # passes over the text, or over the stories
