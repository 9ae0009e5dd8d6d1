"""Which neuron answers to what, and how far chance alone would get (notebook 10).

A neuron is selective for a class of tokens if it fires more often, or less, in the class than
outside, by many standard errors. How many is many? The best of thousands of neurons is always far
out, and a formula that counts tokens as independent is wrong: what a text is about changes slowly,
and so do neurons. So labels that cannot have anything to do with the spikes are laid over them:
the text's own, turned round it by a random distance, or those of another text. What beats the best
of all neurons under all of these is chosen on one text, and has to show it again on another.

A circular shift keeps the rhythm of both and breaks the link, as long as neither drifts from one
end of the text to the other; labels of freshly drawn texts need no such assumption (Harris 2020,
"Nonsense correlations in neuroscience", doi 10.1101/2020.11.29.402719).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..runtime.errors import RealSamError


class Tuning(NamedTuple):
    """How M neurons answer to K classes."""

    z: np.ndarray  # (K, M) difference of the two rates in its standard errors; 0 if it never varies
    inside: np.ndarray  # (K, M) firing rate in the class
    outside: np.ndarray  # (K, M) firing rate elsewhere


def tuning(spk: np.ndarray, labels: np.ndarray) -> Tuning:
    """Compare firing rates inside and outside of classes.

    z = (r₁ − r₀) / √(r (1 − r) (1/n₁ + 1/n₀)), the test of two proportions, r the rate overall.

    Args:
        spk: spikes (T, M), 0 or 1, of any dtype.
        labels: (K, T) bool, which of the T tokens each class holds.

    Raises:
        RealSamError: a class holds no token of the text, or all of them.
    """
    steps, size = len(spk), labels.sum(1, keepdims=True).astype(float)  # (K, 1)
    if not ((size > 0) & (size < steps)).all():
        at = int(np.argmax((size == 0) | (size == steps)))
        raise RealSamError(
            f"Class {at} holds {int(size[at, 0])} of {steps} tokens: nothing to compare. Leave it "
            "out, or read a longer text."
        )
    spk = spk.astype(np.float32, copy=False)
    hits, total = labels.astype(np.float32) @ spk, spk.sum(0)  # (K, M), (M,)
    inside, outside, rate = hits / size, (total - hits) / (steps - size), total / steps
    error = np.sqrt(rate * (1 - rate) * (1 / size + 1 / (steps - size)))  # (K, M)
    z = np.divide(inside - outside, error, out=np.zeros_like(error), where=error > 0)
    return Tuning(z, inside, outside)


def shifted(labels: np.ndarray, shifts: int = 100, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield labels (K, T) turned round the text, by at least a twentieth of it."""
    steps, rng = labels.shape[1], np.random.default_rng(seed)
    for by in rng.integers(steps // 20, steps - steps // 20, shifts):
        yield np.roll(labels, by, 1)


def chance(spk: np.ndarray, unrelated: Iterable[np.ndarray]) -> np.ndarray:
    """Return the largest |z| of any neuron for each class under each labelling, (labellings, K).

    Args:
        spk: spikes (T, M).
        unrelated: labels (K, T) that these spikes cannot have followed, such as `shifted` ones.

    Raises:
        RealSamError: as `tuning`.
    """
    spk = spk.astype(np.float32, copy=False)
    return np.stack([np.abs(tuning(spk, labels).z).max(1) for labels in unrelated])


def selective(first: Tuning, second: Tuning, limit: np.ndarray) -> np.ndarray:
    """Return which neurons answer to which classes, (K, M) bool.

    Args:
        first: on the text where one looks.
        second: on another, where one confirms.
        limit: (K,), what chance reached; both |z| have to be larger, in the same direction.
    """
    limit = limit[:, None]
    return ((first.z > limit) & (second.z > limit)) | ((first.z < -limit) & (second.z < -limit))
