"""A training that diverges, seen before anything of it is measured or kept."""

import math

import torch

from ..runtime.errors import RealSamError


def expect_finite(step: int, lr: float, numbers: dict[str, float], kept: str = "") -> None:
    """Stop a training whose numbers are infinite or no numbers.

    Args:
        step: of the optimiser, after which the numbers were met.
        lr: the peak learning rate, for the advice.
        numbers: what they are called, and their values.
        kept: a sentence on what is left of the run.

    Raises:
        RealSamError: one of the numbers is not finite.
    """
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise RealSamError(
                f"The training diverged: at step {step} the {name} is {value}. Begin anew with a "
                f"smaller learning rate (lr is {lr:g}).{kept}"
            )


def weights_of(*models: torch.nn.Module) -> dict[str, float]:
    """Return one number that is finite if all weights and buffers of the models are."""
    parts = [part for model in models for part in model.state_dict().values()]
    sums = [part.float().sum() for part in parts if part.is_floating_point()]
    return {"sum of the weights": torch.stack(sums).sum().item()}
