"""Checks of notebook 10: selectivity, its control, surgery, and its three exercises."""

import numpy as np
import torch

from ..generation.event_step import EventStep
from ..inside import selectivity, surgery
from ..inside.reading import read_text
from ..model.versions import build
from ..model.wiring import wiring
from .feedback import call_student, expect, feedback

STEPS, NEURONS = 2400, 120
PLANTED = {3: (0.5, 0.08), 17: (0.3, 0.03), 40: (0.02, 0.3), 77: (0.9, 0.2)}  # rate in, out
IMPOSTORS = (5, 60, 99)  # they follow the class on the first text, as luck has it, and not again


def _slow(rng, share: float, length: int = 60) -> np.ndarray:
    """Return a label that stands for `length` tokens at a time, (STEPS,) bool."""
    return np.repeat(rng.random(STEPS // length) < share, length)


def planted_text(seed: int, second: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return spikes (T, M) uint8 of slowly drifting neurons and a slow class (T,) bool.

    Neurons `PLANTED` answer to the class; `IMPOSTORS` do on a first text only.
    """
    rng = np.random.default_rng(seed)
    label = _slow(rng, 0.4)
    busy = np.stack([_slow(rng, 0.3) for _ in range(NEURONS)], 1)  # (T, M)
    rates = np.where(busy, 0.25, 0.04)
    for neuron, (inside, outside) in PLANTED.items():
        rates[:, neuron] = np.where(label, inside, outside)
    if not second:
        rates[:, IMPOSTORS] = np.where(label, 0.45, 0.1)[:, None]
    return (rng.random((STEPS, NEURONS)) < rates).astype(np.uint8), label


@feedback
def check_tuning(fn) -> str:
    """Check `fn(spk, labels) -> (z, inside, outside)` against `selectivity.tuning`."""
    spk, label = planted_text(0)
    spk[:, 7] = 0  # a neuron that never fires
    labels = np.stack([label, spk[:, 20] > 0])
    right, found = selectivity.tuning(spk, labels), call_student(fn, spk, labels)
    expect(len(found) == 3, "Return three things: z, the rate inside, the rate outside.")
    for name, mine, theirs in zip(right._fields, found, right, strict=True):
        mine = np.asarray(mine)
        expect(mine.shape == theirs.shape, f"{name} has shape {mine.shape}, not {theirs.shape}.")
        expect(
            not np.isnan(mine).any(), f"{name} has a nan: a neuron that never fires has no error."
        )
        expect(np.allclose(mine, theirs, rtol=1e-3, atol=1e-4), f"{name} differs.")
    return "rates inside and outside, and their difference in standard errors."


@feedback
def check_clamped(fn) -> str:
    """Check the context manager `fn(model, layer, neurons, value)` against `surgery.clamped`."""
    for version in ("v1", "v4"):
        model, tokens = _small(version)
        before = [part.lif.thr.clone() for part in wiring(model).populations]
        for value in (0, 1):
            with surgery.clamped(model, 1, [2, 5], value):
                right = read_text(model, tokens, spikes=True)
            with fn(model, 1, [2, 5], value):
                mine = read_text(model, tokens, spikes=True)
                events = EventStep(model)
            held = mine.spk[..., [22, 25]]  # layers of 20 neurons
            expect((held == value).all(), f"A neuron held at {value} had other spikes.")
            expect(torch.equal(mine.spk, right.spk), "Another neuron than those asked for changed.")
            events.step(3)
            heard = events.populations[1].fired[[2, 5]]
            expect((heard == value).all(), "The event-driven step does not hear of it.")
        after = [part.lif.thr for part in wiring(model).populations]
        same = all(map(torch.equal, before, after))
        expect(same, "The model is not whole again: put back what you changed, in a `finally`.")
    return "0 or 1 at every step, in forward and event by event, and whole again afterwards."


def _small(version: str) -> tuple[torch.nn.Module, torch.Tensor]:
    tokens = torch.randint(17, (2, 31), generator=torch.Generator().manual_seed(4))
    model = build(version, 17, 0, embed=12, hidden=20).double().eval()
    for part in wiring(model).populations:
        part.lif.w_rec.data *= 8  # at birth a neuron hardly hears its own layer
    return model, tokens


# ---------------------------------------------------------------- exercises


@feedback
def check_control(fn) -> str:
    """Check `fn(spk, label, shifts)`: the largest |z| of any neuron under each shift."""
    spk, label = planted_text(2)
    shifts = [840, 914, 1469]
    mine = np.asarray(call_student(fn, spk, label, shifts), dtype=float)
    expect(mine.shape == (3,), f"One number per shift, please: (3,); got shape {mine.shape}.")

    def under(turned: np.ndarray, best) -> float:
        return float(best(selectivity.tuning(spk, turned[None]).z[0]))

    def same(best, turn) -> bool:
        right = [under(turn(label, by), best) for by in shifts]
        return np.allclose(mine, right, rtol=2e-3)

    def largest(z):
        return np.abs(z).max()

    expect(not same(largest, lambda label, by: label), "The class was not turned round.")
    expect(
        not same(np.max, np.roll),
        "A neuron that falls silent in the class answers, too: take the largest |z|, not z.",
    )
    expect(
        not same(lambda z: np.abs(z).mean(), np.roll),
        "That is the mean over neurons; what one falls for is the best of them.",
    )
    slow = under(np.roll(label, shifts[0]), largest)
    expect(
        not (mine < 0.75 * slow).all(),
        f"Your chance ends at {mine.max():.1f}, a circular shift of this class reaches {slow:.1f}. "
        "Shuffling tokens one by one destroys the rhythm of the class: turn it round as a whole.",
    )
    backwards = same(largest, lambda label, by: np.roll(label, -by))
    expect(
        same(largest, np.roll) or backwards,
        f"Expected {[round(under(np.roll(label, by), largest), 2) for by in shifts]}, "
        f"got {mine.round(2).tolist()}.",
    )
    return "the rhythm stays, the link is gone, and the best of all neurons is looked at."


@feedback
def check_silence(fn) -> str:
    """Check `fn(model, layer, neurons)`: an operated copy in which nobody hears these neurons."""
    for version in ("v1", "v4"):
        model, tokens = _small(version)
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        with torch.no_grad():
            intact = model(tokens).logits
            with surgery.clamped(model, 0, [1, 4, 6], 0):
                right, step = model(tokens).logits, EventStep(model).step(3).clone()
            mine = call_student(fn, model, 0, [1, 4, 6])
            expect(isinstance(mine, torch.nn.Module), "Return the operated model.")
            kept = model.state_dict()
            unchanged = all(torch.equal(kept[name], value) for name, value in weights.items())
            expect(mine is not model and unchanged, "The patient died: operate on a copy.")
            logits = mine(tokens).logits
        _expect_silence(logits, right, intact)
        expect(
            torch.allclose(EventStep(mine).step(3), step),
            "`forward` is right, the event-driven step is not: it reads weights and thresholds "
            "only, and calls no hook.",
        )
    return "nobody hears them, in forward or event by event, and the original is whole."


def _expect_silence(logits, right, intact) -> None:
    expect(not torch.equal(logits, intact), "Nothing has changed.")
    expect(
        torch.allclose(logits, right),
        "Somebody still hears them, or others fell silent, too. A neuron is heard by its own "
        "layer, through its *column* of W_rec, and by all that its spikes reach. (A *row* of "
        "W_rec is what it hears itself.)",
    )


@feedback
def check_verdict(fn) -> str:
    """Check `fn(spk, label, other_spk, other_label)`: which neurons really answer to the class."""
    for seed in (10, 20, 30):
        first, second = planted_text(seed), planted_text(seed + 1, second=True)
        found = call_student(fn, *first, *second)
        found = np.asarray(found)
        found = set((np.flatnonzero(found) if found.dtype == bool else found).astype(int).tolist())
        lost, wrong = set(PLANTED) - found, found - set(PLANTED)
        ignorant, lucky = wrong - set(IMPOSTORS), wrong & set(IMPOSTORS)
        expect(
            not ignorant,
            f"{len(ignorant)} neurons know nothing of the class, such as {min(ignorant, default=0)}"
            ": the limit is too low. What does the best neuron reach when the class is turned "
            "round?",
        )
        expect(
            not lucky,
            f"Neurons {sorted(lucky)} answer on the first text only: ask the second one, too.",
        )
        expect(40 not in lost, "Neuron 40 falls silent in the class. That is an answer, too.")
        expect(not lost, f"Neurons {sorted(lost)} do answer to it: the limit is too high.")
    return "three populations: everyone planted is found, and nobody else."
