"""How large a rival is, and how wide it has to be to be as large as Sam."""

import bisect
from collections.abc import Callable

import torch
from torch import nn


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def matrices(*parts: nn.Module) -> int:
    """Return the number of weights in all matrices of `parts`: their multiply-adds per token."""
    return sum(p.numel() for part in parts for p in part.parameters() if p.ndim == 2)


def of_equal_parameters(make: Callable[[int], nn.Module], model: nn.Module) -> nn.Module:
    """Return what `make` makes of the width, a multiple of 8, that comes nearest to `model`.

    Args:
        make: takes a width and returns a rival; wider ones have more parameters.
        model: whose number of parameters is wanted.
    """
    widths, target = range(8, 8192, 8), count_parameters(model)

    def size(width: int) -> int:
        with torch.device("meta"):  # counts without making anything
            return count_parameters(make(width))

    place = bisect.bisect_left(widths, target, key=size)
    near = widths[max(place - 1, 0) : place + 1]
    return make(min(near, key=lambda width: abs(size(width) - target)))
