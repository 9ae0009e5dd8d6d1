"""The recipe of learning: settings, the penalty on firing rates, AdamW, a mean of the weights."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from .runtime import RealSamError


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


def rate_penalty(rates: list[torch.Tensor], target: float) -> torch.Tensor:
    """Return the mean of (r/r* − 1)² over all neurons.

    Two-sided and per neuron: silence costs 1, and a tenth of the neurons firing always costs more
    than all of them firing a tenth of the time, which costs nothing.
    """
    return torch.cat([(rate / target - 1.0) ** 2 for rate in rates]).mean()


def _lerp(memory: float, means: list, values: list, count) -> None:
    """Move the running means towards `values`; the memory grows from short to `memory`."""
    weight = 1.0 - min(memory, (1 + int(count)) / (10 + int(count)))
    torch._foreach_lerp_(means, values, weight)


def mean_weights(model: nn.Module, memory: float) -> AveragedModel:
    """Return a copy of `model` that will hold the running mean of its weights."""
    return AveragedModel(model, multi_avg_fn=partial(_lerp, memory))


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """Return AdamW, with weight decay on matrices but not on leaks, norms, biases, token table."""
    table = model.encoder.table.weight
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not table]
    others = [p for p in model.parameters() if p.ndim != 2 or p is table]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99), fused=True)
