"""Writing: read the prompt, then draw one token after the other from the model's own prediction.

There is no cache that grows: the state is one spike vector and one membrane vector per layer, so
token 100,000 costs what token 10 costs. A prompt is read in windows, in large products; what is
written comes token by token, and on a CPU `EventStep` adds the weights of what fired and no others.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, takewhile

import torch
import torch.nn.functional as F

from ..model import environment
from ..model.environment import Environment, set_stress, update_stress
from ..runtime.errors import RealSamError
from .event_step import EventStep, runs_event_driven
from .sampling import RECENT, Sampling, sample_token, seeded

WINDOW = 256  # tokens of a prompt read at a time: 4 MB of scores for V4
STOPS = ("text", "turn")  # where writing may end

# Who watches a run is called after everything it reads, with the tokens (T,), the scores after each
# of them (T, V), which the next step may overwrite, and the state, its stress that of the reading.
Observer = Callable[[torch.Tensor, torch.Tensor, tuple], None]


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
def read_prompt(
    model,
    tokens: torch.Tensor,
    state=None,
    on_step: Observer | None = None,
    stress: float | None = None,
):
    """Feed tokens (B, T), T ≥ 1, to the model; return `(logits (B, V), state)` after the last.

    They are read in windows of `WINDOW`, so that the scores of a long text need no memory. As in a
    measurement, a window is read under the stress that those before it left behind, see
    `environment.read`; with a number for `stress` it is held there. `on_step` watches the first
    text, window by window.
    """
    state = model.zero_state(len(tokens)) if state is None else state
    for start in range(0, tokens.shape[1], WINDOW):
        state = state if stress is None else set_stress(state, stress)
        felt = [part for part in state if isinstance(part, Environment)]
        window = tokens[:, start : start + WINDOW]  # (B, ≤WINDOW)
        out = environment.read(model, window, state=state)
        state = out.state
        if on_step is not None:
            layers = [part for part in state if not isinstance(part, Environment)]
            on_step(window[0], out.logits[0], (*layers, *felt))
    return out.logits[:, -1], state if stress is None else set_stress(state, stress)


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


def read_token(
    steps: EventStep | DenseStep,
    logits: torch.Tensor,
    token: torch.Tensor,
    feels: bool,
    on_step: Observer | None = None,
) -> torch.Tensor:
    """Let `steps` read the token (1,) that was drawn from logits (1, V); return the next ones.

    With `feels` its stress moves by the surprise first.
    """
    if feels:
        steps.update_stress(F.cross_entropy(logits.float(), token))
    logits = steps.step(int(token))[None]  # (1, V)
    if on_step is not None:
        on_step(token, logits, steps.state)
    return logits


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
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    recent: Iterable[int] = (),
) -> Iterator[int]:
    """Yield one token after the other, without end, from the logits (1, V) of the first.

    With `stress` None the model feels its own surprise at every token; a number holds it there.
    A token is read when the next one is asked for, and then `on_step` is told. `recent` are tokens
    that were read before, for the repetition penalty; the other rules are those of `Sampling`.
    """
    sampling, rng = Sampling(temperature, top_k, top_p, repetition_penalty), seeded(seed)
    if stress is not None:
        state = set_stress(state, stress)
    feels = stress is None and isinstance(state[-1], Environment)
    steps, recent = stepper(model), deque(recent, RECENT)
    steps.load(state)
    while True:
        token = sample_token(logits, sampling, rng, recent)  # (1,)
        yield int(token)
        recent.append(int(token))
        logits = read_token(steps, logits, token, feels, on_step)


def pieces(tokenizer, tokens: Iterable[int]) -> Iterator[str]:
    """Yield the text of tokens as they come, in whole characters, which may take four tokens."""
    waiting = []
    for token in tokens:
        waiting.append(token)
        piece = tokenizer.decode(waiting)
        if not piece.endswith("\ufffd") or len(waiting) > 4:
            yield piece
            waiting = []


def ends(tokenizer, stop: str) -> tuple[int, ...]:
    """Return the tokens at which writing stops.

    Args:
        tokenizer: of the model.
        stop: "text" for `<|endoftext|>`, "turn" also for `<|user|>` and `<|sam|>`. A model of
            characters has none of these: its text has no end, and it knows no turns.

    Raises:
        RealSamError: `stop` is neither, or this model knows no turns.
    """
    if stop not in STOPS:
        raise RealSamError(f"Stop is '{stop}'; choose one of {', '.join(STOPS)}.")
    if tokenizer.kind == "bpe":
        return (
            (tokenizer.END,) if stop == "text" else (tokenizer.END, tokenizer.USER, tokenizer.SAM)
        )
    if stop == "turn":
        raise RealSamError(
            "V1 reads characters and knows no turns; leave the stop out, or take V4."
        )
    return ()


def stream(
    model,
    tokenizer,
    prompt: str = "",
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
    stress: float | None = None,
    on_step: Observer | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    stop: str = "text",
) -> Iterator[str]:
    """Yield what Sam writes piece by piece: without end, or to the end of the text it decides on.

    Args:
        model: any version, in evaluation mode.
        tokenizer: the tokenizer the model was trained with.
        prompt: what Sam reads first; V1 needs at least one character.
        temperature, top_k, top_p, repetition_penalty: see `sampling.Sampling`.
        seed: same seed, same text.
        stress: hold V4's stress at this number in [0, 1]; None lets it feel.
        on_step: told of all that is read; the last piece is read when more is asked for.
        stop: where to end, see `ends`.

    Raises:
        RealSamError: the prompt is empty or holds characters the model does not know, a setting is
            out of its range, or `stress` is given to a model without environment.
    """
    rules = {"top_p": top_p, "repetition_penalty": repetition_penalty}
    Sampling(temperature, top_k, **rules)  # wrong settings are refused before a long prompt is read
    last, start = ends(tokenizer, stop), opening(tokenizer, prompt)  # (T,)
    device = next(model.parameters()).device
    logits, state = read_prompt(model, start[None].to(device), None, on_step, stress)
    recent = [token for token in start[-RECENT:].tolist() if token not in last]
    drawn = write(
        model, logits, state, temperature, top_k, seed, stress, on_step, **rules, recent=recent
    )
    yield from pieces(tokenizer, takewhile(lambda token: token not in last, drawn))


def generate(
    model,
    tokenizer,
    prompt: str = "",
    n: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    seed: int = 0,
    stress: float | None = None,
    **rules,
) -> str:
    """Return up to `n` pieces that follow `prompt`; arguments and errors as in `stream`."""
    told = stream(model, tokenizer, prompt, temperature, top_k, seed, stress, **rules)
    return "".join(islice(told, n))
