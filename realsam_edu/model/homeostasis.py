"""Homeostasis: a neuron that fires too often becomes harder to excite, a silent one easier.

    θᵢ ← θᵢ + η·(rᵢ − r*)        (Eq. 5)

Cells do something like it (homeostatic plasticity, Turrigiano 2008,
doi 10.1016/j.cell.2008.10.008); here the word is an analogy. V3 lives by it, and V4 in one
ablation. A model's `forward` never moves a threshold: the training loop does, between two batches.
Notebook 07 builds it, and shows why it was given up.
"""

import torch


@torch.no_grad()
def homeostasis(thr: torch.Tensor, rate: torch.Tensor, eta: float, target_rate: float):
    """Return the thresholds (N,) after one step of Eq. 5, from the rates (N,) just seen."""
    return thr + eta * (rate - target_rate)


def regulate(model: torch.nn.Module, rates: list[torch.Tensor]) -> None:
    """Move the thresholds of all blocks by one step of Eq. 5, if the model's `config.eta` asks.

    Each block gets a new tensor, since a backward pass may still need the old thresholds. A model
    without `eta`, or with 0, keeps its thresholds.

    Args:
        model: V1 to V4.
        rates: of every block, (N,) each, as `Output.rates`.
    """
    eta = getattr(model.config, "eta", 0.0)
    if eta == 0.0:
        return
    for block, rate in zip(model.blocks, rates, strict=True):
        block.lif.thr = homeostasis(block.lif.thr, rate, eta, model.config.target_rate)
