"""The spike and its stand-in derivative: a step going forward, a smooth hill coming back.

A neuron fires when its membrane passes the threshold. That is a step function, and the derivative
of a step is zero everywhere it exists, so no error signal can pass through it. The remedy (Neftci,
Mostafa and Zenke 2019, doi 10.1109/MSP.2019.2931595) keeps the step in the forward pass and
pretends in the backward pass that it had been a fast sigmoid. Notebook 02 builds this file.
"""

import torch

SLOPE = 3.0  # k in Eq. 3: how quickly the pretend derivative falls off beside the threshold


def surrogate_grad(x: torch.Tensor, slope: float = SLOPE) -> torch.Tensor:
    """Return the fast-sigmoid derivative 1 / (1 + slope·|x|)², same shape as `x` (Eq. 3).

    `x` is the distance of the membrane from its threshold, U − θ. The peak is 1, at the threshold.
    Source: Zenke and Ganguli 2018 (SuperSpike), doi 10.1162/neco_a_01086.
    """
    return 1.0 / (slope * x.abs() + 1.0) ** 2


class _Spike(torch.autograd.Function):
    """Heaviside step forward, `surrogate_grad` backward."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, slope: float) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.slope = slope
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: torch.Tensor):
        (x,) = ctx.saved_tensors
        return grad / (ctx.slope * x.abs() + 1.0) ** 2, None


def spike(x: torch.Tensor, slope: float = SLOPE) -> torch.Tensor:
    """Return 1 where `x` > 0 (strictly) and 0 elsewhere; differentiable through Eq. 3.

    Args:
        x: membrane minus threshold, U − θ, any shape.
        slope: k of Eq. 3. Small is wide and forgiving, large is narrow and exact.

    Returns:
        Spikes in {0, 1}, the shape and dtype of `x`.
    """
    return _Spike.apply(x, slope)
