"""Writing: read the prompt, then draw one token after the other from the model's own prediction.

There is no cache that grows: the state is one spike vector and one membrane vector per layer, so
token 100,000 costs what token 10 costs. A prompt is read in one call, in large products; what is
written comes token by token, and on a CPU `EventStep` adds the weights of what fired and no others.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import torch
import torch.nn.functional as F

from ..model import environment
from ..model.environment import Environment, set_stress, update_stress
from ..runtime.errors import RealSamError
from .event_step import EventStep, runs_event_driven

# Who watches a run is called after everything it reads, with the tokens (T,), the scores after each
# of them (T, V), which the next step may overwrite, and the state, its stress that of the reading.
Observer = Callable[[torch.Tensor, torch.Tensor, tuple], None]


def sample_token(logits: torch.Tensor, temperature: float, top_k: int | None, rng) -> torch.Tensor:
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
    scores = logits.float().cpu() / temperature  # here the host waits for the device
    if top_k is not None:
        kth = scores.topk(min(top_k, scores.shape[-1])).values[:, -1:]
        scores = scores.masked_fill(scores < kth, -torch.inf)
    return torch.multinomial(scores.softmax(-1), 1, generator=rng)[:, 0].to(logits.device)


def opening(tokenizer, prompt: str) -> torch.Tensor:
    """Return the tokens that a model reads before it writes, (T,), T ≥ 1.

    Models of word pieces have learnt that a text begins after `<|endoftext|>`, so they may start
    from that alone; V1 needs at least one character.

    Raises:
        RealSamError: nothing to read, or characters the model does not know.
    """
    if tokenizer.kind == "bpe":
        return torch.cat([torch.tensor([tokenizer.END]), tokenizer.encode(prompt)])
    if not prompt:
        raise RealSamError("The prompt is empty; give Sam at least one character to start from.")
    return tokenizer.encode(prompt)


@torch.no_grad()
def read_prompt(model, tokens: torch.Tensor, state=None, on_step: Observer | None = None):
    """Feed tokens (B, T), T ≥ 1, to the model; return `(logits (B, V), state)` after the last.

    All in one window, see `environment.read`. `on_step` watches the first text.
    """
    before = model.zero_state(len(tokens)) if state is None else state
    out = environment.read(model, tokens, state=before)
    if on_step is not None:
        layers = [part for part in out.state if not isinstance(part, Environment)]
        felt = [part for part in before if isinstance(part, Environment)]
        on_step(tokens[0], out.logits[0], (*layers, *felt))
    return out.logits[:, -1], out.state


class DenseStep:
    """`model.step` for one text, as `EventStep` puts it: what writes where events do not pay."""

    def __init__(self, model):
        self.model, self.state = model, model.zero_state(1)

    @torch.no_grad()
    def step(self, token: int) -> torch.Tensor:
        """Read a token; return the scores of the next, (V,)."""
        tokens = torch.tensor([token], device=self.state[0].mem.device)
        logits, self.state = self.model.step(tokens, self.state)
        return logits[0]

    def load(self, state: tuple) -> None:
        """Go on from a state of the model, batch 1."""
        self.state = state

    def update_stress(self, surprise: torch.Tensor) -> None:
        """Move V4's stress by one token's surprise, in nats."""
        self.state = update_stress(self.state, surprise, 1, self.model.config.vocab)


def stepper(model) -> EventStep | DenseStep:
    """Return what steps `model` through one text fastest: events on a CPU, else its own step."""
    return EventStep(model) if runs_event_driven(model) else DenseStep(model)


@torch.no_grad()
def write(
    model,
    logits: torch.Tensor,
    state: tuple,
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
    stress: float | None = None,
    on_step: Observer | None = None,
) -> Iterator[int]:
    """Yield one token after the other, without end, from the logits (1, V) of the first.

    With `stress` None the model feels its own surprise at every token; a number holds it there.
    A token is read when the next one is asked for, and then `on_step` is told.
    """
    if stress is not None:
        state = set_stress(state, stress)
    feels = stress is None and isinstance(state[-1], Environment)
    rng, steps = torch.Generator().manual_seed(seed), stepper(model)
    steps.load(state)
    while True:
        token = sample_token(logits, temperature, top_k, rng)  # (1,)
        yield int(token)
        if feels:
            steps.update_stress(F.cross_entropy(logits.float(), token))
        logits = steps.step(int(token))[None]
        if on_step is not None:
            on_step(token, logits, steps.state)


@torch.no_grad()
def stream(
    model,
    tokenizer,
    prompt: str = "",
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
    stress: float | None = None,
    on_step: Observer | None = None,
) -> Iterator[str]:
    """Yield what Sam writes piece by piece: without end, or to the end of the text it decides on.

    Args:
        model: any version, in evaluation mode.
        tokenizer: the tokenizer the model was trained with.
        prompt: what Sam reads first; V1 needs at least one character.
        temperature, top_k: see `sample_token`.
        seed: same seed, same text.
        stress: hold V4's stress at this number in [0, 1]; None lets it feel.
        on_step: told of all that is read; the last piece is read when more is asked for.

    Raises:
        RealSamError: the prompt is empty or holds characters the model does not know, the
            temperature is negative, `top_k` is below 1, or `stress` is out of range or given to a
            model without environment.
    """
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise RealSamError("Temperature must be 0 or more, and top-k at least 1.")
    device, waiting = next(model.parameters()).device, []
    state = None if stress is None else set_stress(model.zero_state(1), stress)
    tokens = opening(tokenizer, prompt)[None].to(device)  # (1, T)
    logits, state = read_prompt(model, tokens, state, on_step)
    for token in write(model, logits, state, temperature, top_k, seed, stress, on_step):
        if tokenizer.kind == "bpe" and token == tokenizer.END:
            return
        waiting.append(token)
        piece = tokenizer.decode(waiting)
        if not piece.endswith("\ufffd") or len(waiting) > 4:  # a character may take four tokens
            yield piece
            waiting = []


def generate(
    model,
    tokenizer,
    prompt: str = "",
    n: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
    stress: float | None = None,
) -> str:
    """Return up to `n` pieces that follow `prompt`; arguments and errors as in `stream`."""
    pieces = stream(model, tokenizer, prompt, temperature, top_k, seed, stress)
    return "".join(islice(pieces, n))
