"""The recipe of learning: settings, the penalty on firing rates, AdamW, a mean of the weights."""

import copy
from dataclasses import dataclass

import torch
from torch import nn

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


class MeanWeights(nn.Module):
    """A copy of a model that holds the running mean of its weights, and its latest buffers.

    `torch.optim.swa_utils.AveragedModel` moves its counter to the device at every step, for which
    the host has to wait; here it stays on the host.
    """

    def __init__(self, model: nn.Module, memory: float):
        super().__init__()
        self.module, self.memory = copy.deepcopy(model), memory
        self.register_buffer("n_averaged", torch.tensor(0))  # steps seen

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Move the means towards the weights of `model`; the memory grows from short to full."""
        seen = int(self.n_averaged)
        weight = 1.0 - min(self.memory, (1 + seen) / (10 + seen)) if seen else 1.0
        means, values = list(self.module.parameters()), list(model.parameters())
        torch._foreach_lerp_(means, values, weight)
        for mine, latest in zip(self.module.buffers(), model.buffers(), strict=True):
            mine.copy_(latest)
        self.n_averaged += 1


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
