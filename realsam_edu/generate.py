"""Writing: read the prompt, then draw one token after the other from the model's own prediction.

There is no cache that grows: the state is one spike vector and one membrane vector per layer, so
token 100,000 costs what token 10 costs.
"""

from collections.abc import Iterator

import torch

from .runtime import RealSamError


def sample(logits: torch.Tensor, temperature: float, top_k: int | None, rng) -> torch.Tensor:
    """Draw one token per row.

    Args:
        logits: (B, V) scores.
        temperature: 1 samples the model's own distribution, 0 takes the likeliest token.
        top_k: keep only the k likeliest tokens; None keeps all.
        rng: a CPU `torch.Generator`.

    Returns:
        Tokens (B,), on the device of `logits`.
    """
    if temperature == 0:
        return logits.argmax(-1)
    logits = logits.float().cpu() / temperature
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < kth, -torch.inf)
    draw = torch.multinomial(logits.softmax(-1), 1, generator=rng)
    return draw[:, 0]


@torch.no_grad()
def read(model, tokens: torch.Tensor, state=None):
    """Feed tokens (B, T), T ≥ 1, to the model; return `(logits (B, V), state)` after the last."""
    out = model(tokens, state=state)
    return out.logits[:, -1], out.state


@torch.no_grad()
def stream(
    model, tokenizer, prompt: str, temperature: float = 0.8, top_k: int | None = None, seed: int = 0
) -> Iterator[str]:
    """Yield one character after the other, without end.

    Args:
        model: any version, in evaluation mode.
        tokenizer: the tokenizer the model was trained with.
        prompt: what Sam reads first, at least one character.
        temperature, top_k: see `sample`.
        seed: same seed, same text.

    Raises:
        RealSamError: the prompt is empty or holds characters the model does not know, or the
            temperature is negative or `top_k` is below 1.
    """
    if not prompt:
        raise RealSamError("The prompt is empty; give Sam at least one character to start from.")
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise RealSamError("Temperature must be 0 or more, and top-k at least 1.")
    device = next(model.parameters()).device
    rng = torch.Generator().manual_seed(seed)
    logits, state = read(model, tokenizer.encode(prompt)[None].to(device))
    while True:
        token = sample(logits, temperature, top_k, rng).to(device)  # (1,)
        yield tokenizer.decode(token)
        logits, state = model.step(token, state)


def generate(
    model,
    tokenizer,
    prompt: str,
    n: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
) -> str:
    """Return `n` characters that follow `prompt`; arguments and errors as in `stream`."""
    letters = stream(model, tokenizer, prompt, temperature, top_k, seed)
    return "".join(letter for letter, _ in zip(letters, range(n), strict=False))
