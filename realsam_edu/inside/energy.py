"""What a token costs: the multiply-adds of a model, counted from its wiring.

A matrix (M, N) that a vector meets counts M · N multiply-adds, an event its M additions. Left out
is work that grows with N and not with N²: LayerNorm, membranes, gates, attention scores.
"""

from typing import Protocol

from ..model.wiring import Wiring, is_wired, wiring


class Counted(Protocol):
    """A model of another kind, which counts for itself."""

    def multiply_adds(self) -> int:
        """Return the multiply-adds of all its weights for one token, as a training step does it."""


def training_multiply_adds(model: Counted) -> int:
    """Return the multiply-adds of all weights for one token, as a training step does it.

    A tied table counts once, for the readout: looking a row up counts nothing. So V1's two matrices
    that meet the encoder count nothing either, since they are applied to its few letters once per
    batch. A training step is three times the forward pass and a multiply-add two operations:
    6 · this · tokens.

    Args:
        model: V1 to V4, or a model that counts for itself.
    """
    if not is_wired(model):
        return model.multiply_adds()
    wired = wiring(model)
    return sum(_behind(wired)) + _real(wired) + (0 if wired.reads_all else _inputs(wired))


def writing_multiply_adds(model, rates: list[float]) -> dict:
    """Count the multiply-adds of one written token, dense and event-driven.

    An event adds a weight and multiplies nothing, but counts as one all the same.

    Args:
        model: V1 to V4.
        rates: firing rate of each population, as `evaluate` measures them.

    Returns:
        `dense`: every weight once; `events`: rows of the neurons that fired; `real`: matrices that
        real numbers meet (head and tied table of V2 to V4); `share`: (events + real) / dense.

    Raises:
        RealSamError: the model does not say how it is wired.
    """
    wired = wiring(model)
    behind, real = _behind(wired), _real(wired)
    dense = sum(behind) + _inputs(wired) + real
    events = sum(count * rate for count, rate in zip(behind, rates, strict=True))
    return {"dense": dense, "events": events, "real": real, "share": (events + real) / dense}


def _behind(wired: Wiring) -> list[int]:
    """Weights that the spikes of each population meet."""
    return [sum(matrix.numel() for matrix in part.matrices) for part in wired.populations]


def _inputs(wired: Wiring) -> int:
    """Weights that the encoder's spikes meet; a step of writing looks their sums up."""
    return sum(matrix.numel() for matrix in wired.inputs.values())


def _real(wired: Wiring) -> int:
    """Weights that real numbers meet."""
    return 0 if wired.readout is None else wired.readout.head.numel() + wired.table.numel()
