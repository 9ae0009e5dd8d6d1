"""AdamW, its learning rate, and a running mean of the weights."""

import copy
import math

import torch
from torch import nn

from .config import TrainConfig

ANNEAL = 0.1  # a learning rate that is to rise once more falls to this share of its peak


def learning_rate(step: int, config: TrainConfig, start: int = 0, end: int | None = None) -> float:
    """Return the learning rate of `step`: a linear warm-up, then half a cosine.

    The one rule for every version: the warm-up takes `config.warmup` steps, but never more than a
    quarter of the segment, so that a short run reaches its peak, too.

    Args:
        step: counted from the beginning of the training.
        config: gives the peak `lr`, `warmup` and `steps`.
        start, end: the segment of steps that warm-up and cosine span; the whole run by default.
            The cosine ends at 0 where the run ends, and else at `ANNEAL` of its peak.
    """
    end = config.steps if end is None else end
    warmup = min(config.warmup, (end - start) // 4)
    if step - start < warmup:
        return config.lr * (step - start + 1) / warmup
    done = min(1.0, (step - start - warmup) / max(1, end - start - warmup))
    low = 0.0 if end == config.steps else ANNEAL
    return config.lr * (low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * done)))


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
    """Return AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) for `model`.

    Weight decay acts on matrices, but not on leaks, norms, biases and the token table.
    """
    table = model.encoder.table.weight
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not table]
    others = [p for p in model.parameters() if p.ndim != 2 or p is table]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    fused = not table.is_meta  # one kernel for all parameters; there is none without numbers
    return torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.99), fused=fused)


def slots(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return what an optimiser remembers of each parameter, by "number.name"."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": v for index, kept in state.items() for name, v in kept.items()}


def load_slots(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Let an optimiser remember what `slots` returned."""
    state: dict[int, dict] = {}
    for key, value in tensors.items():
        index, name = key.split(".")
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
