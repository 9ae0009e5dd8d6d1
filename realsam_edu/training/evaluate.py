"""Measuring: how surprised a model is by a text, and how much it fires while reading."""

import math
from typing import NamedTuple

import torch

from ..model import environment
from ..runtime.errors import RealSamError

ALIVE = 0.001  # a neuron that fires less than once in 1,000 steps counts as dead
MODERATE = (0.01, 0.30)  # rates between which a neuron takes part without shouting


class Reading(NamedTuple):
    """What reading a text leaves on the device: C calls, L layers of N neurons."""

    losses: torch.Tensor  # (C,) nats per token of each call
    shares: list[float]  # (C,) share of the text in each call
    fired: torch.Tensor  # (L, N) firing rate of every neuron


@torch.no_grad()
def read_through(model, tokens: torch.Tensor, streams: int = 1, chunk: int = 64) -> Reading:
    """Read a text from end to end; the host waits for nothing. Arguments as in `evaluate`."""
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    per = (len(tokens) - 1) // streams
    inputs = tokens[: per * streams].view(streams, per).to(device)  # (streams, per)
    targets = tokens[1 : per * streams + 1].view(streams, per).to(device)
    losses, shares, fired, state = [], [], 0, None
    for i in range(0, per, chunk):
        part = inputs[:, i : i + chunk]  # (streams, T)
        out = environment.read(model, part, targets[:, i : i + chunk], state)
        state = out.state
        losses.append(out.loss)
        shares.append(part.shape[1] / per)
        fired = fired + torch.stack(out.rates) * shares[-1]  # (L, N)
    model.train(was_training)
    return Reading(torch.stack(losses), shares, fired)


def perplexity(nats: float) -> float:
    """Return e^nats: among how many equally likely tokens a model hesitates; at most e^700."""
    return math.exp(min(nats, 700.0))


def evaluate(model, tokens: torch.Tensor, streams: int = 1, chunk: int = 64, chars=None) -> dict:
    """Measure a model on a text, its state carried from the first token to the last.

    Args:
        model: any version; dropout is off while measuring.
        tokens: (n,) with n ≥ 2.
        streams: cut the text into so many equal parts read side by side: faster, and each part
            starts from silence.
        chunk: tokens per call. It changes the speed only, except for V4, whose stress follows the
            surprise from call to call, as it did in training.
        chars: characters that all the tokens stand for; None if every token is one.

    Returns:
        `nats_per_token`, `bpc` (bits per character), `perplexity`, `rate` (mean firing rate),
        `rates` (the same per layer), `alive` (share of neurons above the rate `ALIVE`),
        `moderate` (share of neurons within `MODERATE`), `tokens` (number of predictions scored).

    Raises:
        RealSamError: the text has too few tokens for so many streams.
    """
    if len(tokens) < streams + 1:
        raise RealSamError(
            f"The text is too short to evaluate: it needs at least {streams + 1} tokens."
        )
    losses, shares, fired = read_through(model, tokens, streams, chunk)
    nats = 0.0  # per token
    for loss, share in zip(losses.tolist(), shares, strict=True):
        nats += loss * share
    return {
        "nats_per_token": nats,
        "bpc": nats / math.log(2) * (1.0 if chars is None else len(tokens) / chars),
        "perplexity": perplexity(nats),
        **firing(fired),
        "tokens": (len(tokens) - 1) // streams * streams,
    }


def firing(fired: torch.Tensor) -> dict:
    """Return `rate`, `rates`, `alive` and `moderate` of every neuron's firing rate, (L, N)."""
    return {
        "rate": fired.mean().item(),
        "rates": [rate.mean().item() for rate in fired],
        "alive": (fired > ALIVE).float().mean().item(),
        "moderate": ((fired > MODERATE[0]) & (fired < MODERATE[1])).float().mean().item(),
    }
