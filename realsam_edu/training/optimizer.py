"""AdamW, and a running mean of the weights."""

import copy

import torch
from torch import nn

from .config import TrainConfig


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
