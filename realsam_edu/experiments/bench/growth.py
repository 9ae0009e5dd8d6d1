"""How the cost grows with the length of the window, the number of readers and the neurons.

A recurrent layer does the same work for every token, so time should be a straight line in T and in
B, apart from a fixed cost per step; in N the recurrent matrix should make it a square, sooner or
later. Every size is timed in turns with the others and the lines are fitted by least squares.
"""

import math
from collections.abc import Callable, Sequence

import torch

from ...neurons.layer import RecurrentLIF
from ...training.config import TrainConfig
from .timing import race, summary
from .training import training_step, workload_of

T, B, N = (16, 32, 64, 128), (8, 16, 32, 64), (128, 256, 512, 1024)


def fit_line(x: Sequence[float], y: Sequence[float]) -> dict[str, float]:
    """Return slope and intercept of the least-squares line through points, and R²."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    intercept = mean_y - slope * mean_x
    left = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    total = sum((b - mean_y) ** 2 for b in y)
    return {"slope": slope, "intercept": intercept, "r2": 1.0 - left / total if total else 1.0}


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> dict:
    """Return the seconds per size, their line, and the exponent of a power law through them."""
    power = fit_line([math.log(x) for x in sizes], [math.log(y) for y in seconds])
    law = {"exponent": power["slope"], "exponent_r2": power["r2"]}
    return {"sizes": list(sizes), "seconds": list(seconds)} | fit_line(sizes, seconds) | law


def timed(runs: dict[int, Callable[[], None]], device: torch.device, rounds: int) -> dict:
    """Return the growth of the median time over the sizes that `runs` is keyed by."""
    times = race(runs, device, rounds, settle=1)
    return growth(list(runs), [summary(seconds)["seconds"] for seconds in times.values()])


def scan_pass(steps: int, batch: int, neurons: int, device: torch.device) -> Callable[[], None]:
    """Return a function that runs one recurrent layer forward and backward, (T, B, N)."""
    layer = RecurrentLIF(neurons).to(device)
    cur = torch.randn(steps, batch, neurons, device=device, requires_grad=True)
    weigh = torch.randn(steps, batch, neurons, device=device)

    def run() -> None:
        cur.grad = None
        layer.zero_grad(set_to_none=True)
        layer(cur)[0].backward(weigh)

    return run


def measure_scaling(device: torch.device, quick: bool) -> dict:
    """Return the section of the table on growth: the whole step of V4, and its scan alone."""
    base = workload_of("v4", device, quick)
    sam, rounds = base.sam().to(device).train(), 2 if quick else 5
    shrink = 8 if quick else 1
    sizes = {name: [n // shrink for n in given] for name, given in (("T", T), ("B", B), ("N", N))}
    config = TrainConfig(steps=1)

    def step(batch: int, steps: int) -> Callable[[], None]:
        tokens = torch.randint(sam.config.vocab, (2, batch, steps), device=device)
        return training_step(sam, tuple(tokens), config)

    width, batch, steps = sam.config.hidden, base.batch_size, base.seq_len
    runs = {
        "T": ({t: step(batch, t) for t in sizes["T"]}, lambda t: (t, batch, width)),
        "B": ({b: step(b, steps) for b in sizes["B"]}, lambda b: (steps, b, width)),
        "N": (None, lambda n: (steps, batch, n)),
    }
    section = {"batch_size": batch, "seq_len": steps, "neurons": width, "rounds": rounds}
    for name, (steps_of_v4, shape) in runs.items():
        scans = {n: scan_pass(*shape(n), device) for n in sizes[name]}
        alone = timed(scans, device, rounds)
        whole = {} if steps_of_v4 is None else timed(steps_of_v4, device, rounds)
        section[name] = whole | {"scan": alone} if whole else alone
    return section
