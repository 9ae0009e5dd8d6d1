"""Measuring: how surprised a model is by a text, and how much it fires while reading."""

import math

import torch

from ..model.environment import update_stress
from ..runtime.errors import RealSamError

ALIVE = 0.001  # a neuron that fires less than once in 1,000 steps counts as dead
MODERATE = (0.01, 0.30)  # rates between which a neuron takes part without shouting


@torch.no_grad()
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
    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    per = (len(tokens) - 1) // streams
    inputs = tokens[: per * streams].view(streams, per).to(device)
    targets = tokens[1 : per * streams + 1].view(streams, per).to(device)
    nats, fired, state = 0.0, 0, None
    for i in range(0, per, chunk):
        part = inputs[:, i : i + chunk]
        out = model(part, targets[:, i : i + chunk], state)
        state = update_stress(out.state, out.loss, part.shape[1], model.config.vocab)
        share = part.shape[1] / per
        nats += out.loss.item() * share
        fired = fired + torch.stack(out.rates) * share  # (L, N)
    model.train(was_training)
    return {
        "nats_per_token": nats,
        "bpc": nats / math.log(2) * (1.0 if chars is None else len(tokens) / chars),
        "perplexity": math.exp(nats),
        "rate": fired.mean().item(),
        "rates": [rate.mean().item() for rate in fired],
        "alive": (fired > ALIVE).float().mean().item(),
        "moderate": ((fired > MODERATE[0]) & (fired < MODERATE[1])).float().mean().item(),
        "tokens": per * streams,
    }
