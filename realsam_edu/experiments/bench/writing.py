"""How fast Sam writes: one token at a time at batch 1, and what token 100,000 costs.

Sam reads a text that it wrote itself, token by token, so that as many neurons fire as when it
writes; drawing the next token is left out, except in `written_tokens_per_second`. Beside it stands
a transformer of equal size with a cache of keys and values: its weights are random, which its time
does not depend on. All on the CPU, where single tokens belong.
"""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

import torch

from ... import checkpoint
from ...generation.event_step import EventStep
from ...generation.generate import DenseStep, read_prompt, write
from ...runtime.settings import data_dir
from ..rivals.gpt import GPTModel, Memory, gpt_of_equal_parameters
from ..rivals.size import count_parameters
from .timing import faster, memory_now, race, seconds_of, summary
from .training import workload_of

CPU = torch.device("cpu")
TURNS = 25  # timed steps of one model before the other's turn
SETTLE = 5  # steps that are not timed after another length has filled the processor's caches


@dataclass(frozen=True)
class Walk:
    """How far is walked, and where the cost is looked at."""

    positions: tuple[int, ...] = (100, 1000, 10_000, 100_000)
    window: int = 100  # steps timed around each position, half of them after it
    block: int = 200  # tokens per round of the race
    rounds: int = 7


QUICK = Walk((20, 40), window=10, block=5, rounds=2)


def sam(quick: bool):
    """Return V4 and whether it is the trained one: the checkpoint, or a new model without it."""
    path = data_dir() / "checkpoints" / "v4.safetensors"
    if quick or not path.exists():
        return workload_of("v4", CPU, quick).sam().eval(), False
    return checkpoint.load(path).model, True


def own_text(model, tokens: int) -> tuple[torch.Tensor, tuple]:
    """Return a text (1, tokens) that the model wrote, and its state after reading it."""
    logits, state = read_prompt(model, torch.zeros(1, 1, dtype=torch.int64))
    text = torch.tensor([list(islice(write(model, logits, state), tokens))])
    return text, read_prompt(model, text)[1]


class Room:
    """What one block of a transformer remembers, with room for `length` tokens made once.

    `gpt.Memory` copies what it extends; here keys and values are written in place, so a step is as
    quick as such a model allows.
    """

    def __init__(self, model: GPTModel, length: int):
        config = model.config
        shape = 1, config.heads, length, config.width // config.heads
        self.keys = model.norm.bias.new_zeros(shape)
        self.values, self.tokens = torch.zeros_like(self.keys), 0

    def extended(self, keys: torch.Tensor, values: torch.Tensor) -> Memory:
        """Write the key and value (1, H, 1, D) of one more token; return all that are known."""
        at, self.tokens = self.tokens, self.tokens + 1
        self.keys[:, :, at], self.values[:, :, at] = keys[:, :, 0], values[:, :, 0]
        return Memory(self.keys[:, :, : self.tokens], self.values[:, :, : self.tokens])


class CachedStep:
    """A transformer stepped through one text, with a cache of `length` tokens made once.

    Positions after the context repeat from the first: enough to time a step, not to write.
    """

    def __init__(self, model: GPTModel, length: int):
        self.model, self.length = model, length
        self.rooms = [Room(model, length) for _ in model.blocks]

    def go_to(self, tokens: int) -> None:
        """Take so many tokens of the cache for read."""
        for room in self.rooms:
            room.tokens = tokens

    def step(self, token: int) -> torch.Tensor:
        """Read one token; return logits (V,). Starts anew where the cache is full."""
        if self.rooms[0].tokens == self.length:
            self.go_to(0)
        position = self.rooms[0].tokens % self.model.config.context
        logits, _ = self.model.read(torch.tensor([[token]]), self.rooms, position)
        return logits[0, 0]

    def bytes_at(self, tokens: int) -> int:
        """Return how many bytes hold the keys and values of so many tokens."""
        keys = self.rooms[0].keys[:, :, :tokens]
        return 2 * len(self.rooms) * keys.numel() * keys.element_size()


def reader(stepper, text: torch.Tensor, tokens: int) -> Callable[[], None]:
    """Return a function that steps through the next `tokens` of an endless text."""
    endless = cycle(text[0].tolist())

    def read() -> None:
        for token in islice(endless, tokens):
            stepper.step(token)

    return read


def _writer(pieces: Iterator[int], tokens: int) -> Callable[[], None]:
    return lambda: [next(pieces) for _ in range(tokens)]


def speeds(model, gpt: GPTModel, text, state, walk: Walk) -> dict[str, list[float]]:
    """Return seconds per block of tokens, in turns: event-driven, dense, writing, transformer."""
    events, dense = EventStep(model), DenseStep(model)
    events.load(state)
    dense.load(state)
    logits, after = read_prompt(model, text)
    pieces = write(model, logits, after)
    next(pieces)  # what it prepares once is not counted
    runs = {
        "event": reader(events, text, walk.block),
        "dense": reader(dense, text, walk.block),
        "written": _writer(pieces, walk.block),
        "gpt": reader(CachedStep(gpt, walk.block), text, walk.block),
    }
    return race(runs, CPU, walk.rounds)


def along(model, text, state, walk: Walk) -> list[dict]:
    """Step through a long text once; return what a token costs around each position.

    A second model starts anew at each of them and is timed in turns with the first around the
    first position, so that the ratio of the two compares places in the text, not minutes.
    """
    old, young = EventStep(model), EventStep(model)
    old.load(state)
    endless, half, done, rows = cycle(text[0].tolist()), walk.window // 2, 0, []
    for position in walk.positions:
        for token in islice(endless, position - half - done):
            old.step(token)
        done = position + half
        young.load(state)
        for token in text[0, : walk.positions[0] - half].tolist():
            young.step(token)
        times = _in_turns(old, young, list(islice(endless, 2 * half)))
        mine, first = map(statistics.median, times)
        rows.append({"token": position, "microseconds": 1e6 * mine, "over_first": mine / first})
        rows[-1]["memory_mb"] = memory_now()
    return rows


def _in_turns(old, young, tokens: list[int]) -> tuple[list[float], list[float]]:
    """Return the seconds of every step of both, a few steps of one after a few of the other."""
    times = [], []
    for start in range(0, len(tokens), TURNS):
        for stepper, seconds in zip((old, young), times, strict=True):
            for token in tokens[start : start + TURNS]:
                seconds.append(seconds_of(partial(stepper.step, token), CPU))
    return times


def cached(gpt: GPTModel, walk: Walk) -> list[dict]:
    """Return what a token costs a transformer whose cache is filled to each position."""
    walker = CachedStep(gpt, walk.positions[-1] + 1)
    for room in walker.rooms:
        room.keys.normal_()
        room.values.normal_()

    def step_at(position: int) -> None:
        walker.go_to(position)
        walker.step(0)

    times = {position: [] for position in walk.positions}
    for _ in range(walk.rounds):
        for position, seconds in times.items():
            step = partial(step_at, position)
            for _ in range(SETTLE):
                step()
            seconds.append(seconds_of(step, CPU))
    first = times[walk.positions[0]]
    return [
        {"token": position, "microseconds": 1e6 * summary(seconds)["seconds"]}
        | {"over_first": faster(first, seconds), "memory_mb": walker.bytes_at(position) / 1e6}
        for position, seconds in times.items()
    ]


def _over(rows: list[dict]) -> dict[str, float]:
    first, last = rows[0], rows[-1]
    return {f"token_{last['token']}_over_{first['token']}": last["over_first"]}


@torch.inference_mode()
def measure_generation(quick: bool) -> dict:
    """Return the section of the table on writing; ratios `X_over_Y` above 1: X is faster than Y."""
    walk = QUICK if quick else Walk()
    model, trained = sam(quick)
    text, state = own_text(model, 2 * walk.window)
    gpt = gpt_of_equal_parameters(model, workload_of("v4", CPU, quick).seq_len).eval()
    times = speeds(model, gpt, text, state, walk)
    rates = {name: walk.block / summary(seconds)["seconds"] for name, seconds in times.items()}
    rows, cached_rows = along(model, text, state, walk), cached(gpt, walk)
    sam_section = {
        "parameters": count_parameters(model),
        "trained": trained,
        "rounds": walk.rounds,
        "tokens_per_round": walk.block,
        "event_tokens_per_second": rates["event"],
        "dense_tokens_per_second": rates["dense"],
        "written_tokens_per_second": rates["written"],
        "event_over_dense": faster(times["event"], times["dense"]),
        "event_over_gpt": faster(times["event"], times["gpt"]),
        "spread": {name: summary(seconds)["spread"] for name, seconds in times.items()},
        "positions": rows,
    } | _over(rows)
    gpt_section = {"parameters": count_parameters(gpt), "tokens_per_second": rates["gpt"]}
    return {"v4": sam_section, "gpt": gpt_section | {"positions": cached_rows} | _over(cached_rows)}
