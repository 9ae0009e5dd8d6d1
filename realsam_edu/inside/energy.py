"""What a token costs: operations counted from its spikes, and what they might take in energy.

A matrix (M, N) that a vector meets counts M · N multiply-adds, an event its M additions. The
training and writing counts leave out work that grows with N and not with N²; `Operations` has it
as `beside`. Energy is an *estimate* from these counts and figures of the literature: nothing in
this file measures a joule. `widgets/shared/energy.js` follows the same rules in the page.

Picojoules at 45 nm and 0.9 V are those of Horowitz 2014, doi 10.1109/ISSCC.2014.6757323. Usual
estimates stop at arithmetic in 32-bit floats; what that leaves out: memory (Dampfhoffer et al.
2023, doi 10.1109/TETCI.2022.3214509), real accelerators (Bhattacharjee et al. 2023,
arXiv:2309.03388), and a rival as coarse as a spike (Yan et al. 2024, arXiv:2409.08290).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import torch

from ..model.wiring import Wiring, is_wired, wiring
from ..runtime.errors import RealSamError
from .trace import Recorder, Trace


class Cost(NamedTuple):
    """What arithmetic of one kind takes."""

    add: float  # picojoules of an addition
    mac: float  # picojoules of a multiplication and an addition
    bits: int  # of a weight


Arithmetic = Literal["fp32", "int8"]
Memory = Literal["sram", "dram"]
COST = {  # Horowitz 2014; products of 8 bits (about 0.2 pJ) are added up in 32 (0.1 pJ)
    "fp32": Cost(add=0.9, mac=0.9 + 3.7, bits=32),
    "int8": Cost(add=0.1, mac=0.1 + 0.2, bits=8),
}
WORD = {"sram": 50.0, "dram": 650.0}  # picojoules per 32 bits: about 1 MB on the chip; off it, at
# the low end of Horowitz's 1.3 to 2.6 nJ per 64 bits
LOCAL = 5.0  # the same for 8 KB beside the arithmetic: sums, membranes, inputs


class Operations(NamedTuple):
    """What one token costs, on average or in one step, as numbers of operations."""

    accumulates: float  # a spike adds a weight
    multiplies: float  # a real number meets a weight: head and tied table of V2 to V4
    beside: float  # multiply-adds beside the matrices: leak, LayerNorm, gain, gate
    dense: float  # every weight once: the multiply-adds of a twin with real activations
    updates: float  # membranes moved on
    rows: float  # numbers that the token looks up instead of adding its own spikes' weights


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


def sizes(model) -> dict:
    """Return all that counting needs, as plain numbers; the page's `sam.sizes` is the same.

    `beside` counts one multiply-add per neuron for the leak, three per number of a LayerNorm
    (square, scale, weight; V1's first is looked up and counts all the same), one per gain and one
    per gated number. Biases, resets, square roots and sigmoids count nothing.

    Returns:
        `populations`: `name`, `neurons`, `reach` (additions that one spike causes) of each;
        `inputs`: weights that the encoder's spikes meet; `real`: weights that real numbers meet;
        `embed`: E; `vocab`: V; `beside`: multiply-adds of a token beside the matrices.

    Raises:
        RealSamError: the model does not say how it is wired.
    """
    wired = wiring(model)
    populations, beside = [], 0
    for part in wired.populations:
        neurons, reach = len(part.lif.thr), sum(map(len, part.matrices))
        populations.append({"name": part.name, "neurons": neurons, "reach": reach})
        gated = sum(len(to.gate.bias) for to in part.synapses if to.gate is not None)
        beside += neurons * (4 + (part.diversity is not None)) + gated
    if wired.readout is not None:
        beside += 3 * len(wired.readout.norm.weight)
    vocab, embed = wired.table.shape
    whole = {"inputs": _inputs(wired), "real": _real(wired), "embed": embed, "vocab": vocab}
    return {"populations": populations, **whole, "beside": beside}


def count(sizes: dict, fired: Sequence[float], letters: float | None = None) -> Operations:
    """Count the operations of a token.

    Args:
        sizes: of `sizes(model)`.
        fired: spikes of each population, in one step or on average.
        letters: spikes of the encoder, if its weights are added up too, as NeuroBench counts them;
            None: what a token adds is looked up, as `EventStep` does, by the dense twin as well.
    """
    parts, looked_up = sizes["populations"], letters is None
    rows = sizes["inputs"] / sizes["embed"]  # numbers that a token's row adds to the sums
    added = sum(n * part["reach"] for n, part in zip(fired, parts, strict=True))
    behind = sum(part["neurons"] * part["reach"] for part in parts)
    return Operations(
        accumulates=added if looked_up else added + letters * rows,
        multiplies=sizes["real"],
        beside=sizes["beside"],
        dense=behind + sizes["real"] + (0 if looked_up else sizes["inputs"]),
        updates=sum(part["neurons"] for part in parts),
        rows=rows if looked_up else 0.0,
    )


def spikes_per_token(run: Trace | Recorder | np.ndarray) -> np.ndarray:
    """Return how many neurons of each population fired in each step, (T, L).

    Args:
        run: a trace, a recorder, or spikes (L, T, N).

    Raises:
        RealSamError: nothing was recorded.
    """
    if isinstance(run, Recorder):
        layers = run.layers or [torch.empty(0, 2, 0, 0)]
        run = torch.cat([part[:, 0] for part in layers], 1).numpy()  # (L, T, N)
    spk = np.asarray(run.spk if isinstance(run, Trace) else run)  # (L, T, N)
    if spk.ndim != 3 or spk.shape[1] == 0:
        raise RealSamError("There are no spikes to count; record at least one token (L, T, N).")
    return spk.sum(-1, dtype=np.int64).T  # (T, L)


def operations(model, run: Trace | Recorder | np.ndarray, tokens=None) -> Operations:
    """Count the operations of an average token of a run, from its real spikes.

    Args:
        model: the version that ran, V1 to V4.
        run: what was recorded of it, see `spikes_per_token`.
        tokens: what it read, (T,), if the encoder's spikes are to count; see `count`.
    """
    fired, letters = spikes_per_token(run).mean(0), None
    if tokens is not None:
        rows = wiring(model).table[torch.as_tensor(tokens)]  # (T, E)
        letters = (rows > 0).sum(-1).double().mean().item()
    return count(sizes(model), fired.tolist(), letters)


def sam_energy(ops: Operations, arithmetic: Arithmetic = "fp32", memory: Memory | None = None):
    """Estimate the picojoules of a token for the spiking network.

    What is beside the matrices stays in 32-bit floats. With `memory`, every weight used is read
    from there, and close by an addition reads and writes its sum, a product reads its input, and a
    membrane is read and written.

    Args:
        ops: of one token.
        arithmetic: of the weights, "fp32" or "int8".
        memory: where the weights lie, "sram" or "dram"; None counts arithmetic alone.
    """
    cost, fp32 = COST[arithmetic], COST["fp32"]
    compute = ops.accumulates * cost.add + ops.multiplies * cost.mac + ops.beside * fp32.mac
    if memory is None:
        return compute
    narrow = cost.bits / 32
    weights = (ops.accumulates + ops.multiplies + ops.rows) * narrow * WORD[memory]
    near = 2 * ops.accumulates + ops.multiplies * narrow + 2 * ops.updates
    return compute + weights + near * LOCAL


def twin_energy(
    ops: Operations,
    arithmetic: Arithmetic = "fp32",
    memory: Memory | None = None,
    binary: bool = False,
):
    """Estimate the picojoules of a token for a dense twin: same wiring, every weight met.

    Its sums stay in registers, its inputs are read close by, and its state costs what membranes do.

    Args:
        ops, arithmetic, memory: as for `sam_energy`.
        binary: activations of one bit, so that weights are added, not multiplied: the fair rival of
            a net with one time step (⌈log2(T + 1)⌉ bits at T = 1, Yan et al. 2024).
    """
    cost, fp32, behind = COST[arithmetic], COST["fp32"], ops.dense - ops.multiplies
    compute = behind * (cost.add if binary else cost.mac) + ops.multiplies * cost.mac
    compute += ops.beside * fp32.mac
    if memory is None:
        return compute
    narrow = cost.bits / 32
    weights = (ops.dense + ops.rows) * narrow * WORD[memory]
    heard = behind * (1 / 32 if binary else narrow) + ops.multiplies * narrow
    return compute + weights + (heard + 2 * ops.updates) * LOCAL


def share_met(ops: Operations) -> float:
    """Return the share of the weights behind spikes that were added: the rate, as weights see it.

    It is the mean firing rate where every population reaches equally many weights (V2 to V4).
    """
    return ops.accumulates / (ops.dense - ops.multiplies)


def break_even(
    ops: Operations,
    arithmetic: Arithmetic = "int8",
    memory: Memory | None = "sram",
    binary: bool = False,
    twin: Arithmetic | None = None,
) -> float:
    """Return the rate (see `share_met`) at which Sam is estimated to cost what his twin costs.

    1 or more: cheaper at any rate; 0 or less: never.

    Args:
        ops: of one token; its accumulates do not matter.
        arithmetic: Sam's.
        memory, binary: as for `twin_energy`.
        twin: the twin's arithmetic; default: Sam's.
    """
    silent = sam_energy(ops._replace(accumulates=0), arithmetic, memory)
    loud = sam_energy(ops._replace(accumulates=ops.dense - ops.multiplies), arithmetic, memory)
    return (twin_energy(ops, twin or arithmetic, memory, binary) - silent) / (loud - silent)
