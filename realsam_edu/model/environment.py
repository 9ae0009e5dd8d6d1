"""The environment: one stress signal that every neuron hears, each in its own way.

    gᵢ = 1 + stress · diversityᵢ        I ← g · I        (Eq. 4)

Stress is a number between 0 and 1: how surprised the model has been lately, as a share of the
surprise of a model that knows nothing (ln V). `diversity` is drawn once per neuron from a LogNormal
distribution of mean 1 and never changes. Without stress every gain is 1. The words are analogies:
neuromodulators change the gain of whole circuits at once (Marder 2012,
doi 10.1016/j.neuron.2012.09.010), and no two cells answer them alike. Notebook 08 builds it.
"""

import math
from typing import NamedTuple

import torch

from ..runtime.errors import RealSamError
from .output import Output, next_token_loss

MEMORY = 256.0  # tokens over which surprise is smoothed


class Environment(NamedTuple):
    """What all neurons of a text have in common; the last part of V4's state."""

    stress: torch.Tensor  # (B,) in [0, 1], one number per text


def draw_diversity(neurons: int, sigma: float) -> torch.Tensor:
    """Return one positive factor per neuron, (N,): LogNormal with mean 1 and spread `sigma`.

    `sigma` 0 gives a uniform population: all ones.
    """
    return torch.empty(neurons).normal_().mul(sigma).sub(0.5 * sigma**2).exp()


def gain(stress: torch.Tensor, diversity: torch.Tensor) -> torch.Tensor:
    """Return the gain of every neuron, (B, N), from stress (B,) and diversity (N,) (Eq. 4)."""
    return 1.0 + stress[:, None] * diversity


def update_stress(state: tuple, surprise: torch.Tensor, tokens: int, vocab: int) -> tuple:
    """Return `state` with its stress moved towards the surprise just met.

    The state of a model without an environment comes back as it is.

    Args:
        state: of any version, after `tokens` more tokens.
        surprise: mean −ln p of those tokens, in nats per token, (B,) or one number for all.
        tokens: how many they were; many move the stress further than few.
        vocab: V; surprise ln V or more is full stress.
    """
    if not isinstance(state[-1], Environment):
        return state
    stress = state[-1].stress
    level = (surprise.detach() / math.log(vocab)).clamp(0.0, 1.0).to(stress.dtype)
    kept = math.exp(-tokens / MEMORY)
    return (*state[:-1], Environment(kept * stress + (1.0 - kept) * level))


def read(model, tokens, targets=None, state=None, shared=lambda surprise: surprise) -> Output:
    """Read a window of text under the stress of before, then feel how surprising it was.

    The one place where reading moves the stress; a model without an environment just reads.

    Args:
        model: any version, called as `model(tokens, targets, state)`.
        tokens: (B, T), T ≥ 1.
        targets: (B, T), the tokens that follow; None (a prompt): each token follows the one before.
        state: of the window before; None starts silent.
        shared: makes one surprise of those that several processes met.
    """
    out = model(tokens, targets, state)
    surprise, steps = out.loss, tokens.shape[1]
    if not isinstance(out.state[-1], Environment) or (targets is None and steps == 1):
        return out  # nobody feels, or nothing followed
    if targets is None:
        surprise = next_token_loss(out.logits[:, :-1], tokens[:, 1:])
    felt = update_stress(out.state, shared(surprise.detach()), steps, out.logits.shape[-1])
    return out._replace(state=felt)


def set_stress(state: tuple, stress: float) -> tuple:
    """Return `state` with its stress set to a number in [0, 1], for all texts.

    Raises:
        RealSamError: the number is out of range, or the state has no environment.
    """
    if not isinstance(state[-1], Environment):
        raise RealSamError("Only V4 has an environment; leave the stress out for this model.")
    if not 0.0 <= stress <= 1.0:
        raise RealSamError(f"Stress is {stress}; it has to be between 0 and 1.")
    return (*state[:-1], Environment(torch.full_like(state[-1].stress, stress)))
