"""Surgery: neurons that cannot fire, or cannot stop, and what it costs (notebook 10).

A neuron fires where its membrane is above its threshold (Eq. 2), so it falls silent for good under
a threshold that no membrane reaches, and fires at every step under one that none falls below.
Nothing else is touched: the operated model is an ordinary model, in `forward`, in `step`, in an
`EventStep` made of it, and in a copy or a file. A silenced neuron is never reset; its membrane goes
on listening. The membrane of one that is made to fire says nothing any more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from ..model.wiring import Population, wiring
from ..neurons.scan import forced_scan
from ..runtime.errors import RealSamError
from .reading import read_text

FAR = 2.0**15  # a threshold out of reach; half precision keeps it exactly


@contextmanager
def clamped(model, layer: int, neurons: Sequence[int] | slice, value: int) -> Iterator:
    """Hold the spikes of some neurons at 0 or 1 from the beginning of a text to its end.

    May be nested. A copy made inside (`copy.deepcopy(model)`) stays operated; a state made inside
    is of no use outside.

    Args:
        model: V1 to V4, operated in place and whole again afterwards.
        layer: index of a population, in the order of the model's state.
        neurons: indices into it, or `slice(None)` for all.
        value: 0 silences them, 1 makes them fire at every step.

    Raises:
        RealSamError: there is no such layer or neuron, or the value is neither 0 nor 1.
    """
    if value not in (0, 1):
        raise RealSamError(f"A spike is 0 or 1; it cannot be held at {value}.")
    lif = _population(model, layer).lif
    intact, thr = lif.thr, lif.thr.clone()  # (N,)
    if not isinstance(neurons, slice):
        wrong = [neuron for neuron in neurons if not 0 <= neuron < len(thr)]
        if wrong:
            raise RealSamError(
                f"Layer {layer} has no neuron {wrong[0]}; its neurons are 0 to {len(thr) - 1}."
            )
    thr[neurons] = -FAR if value else FAR
    lif.thr = thr
    try:
        yield model
    finally:
        lif.thr = intact


def _population(model, layer: int) -> Population:
    populations = wiring(model).populations
    if not 0 <= layer < len(populations):
        raise RealSamError(
            f"There is no layer {layer}; this model has {len(populations)}, counted from 0."
        )
    return populations[layer]


@contextmanager
def without(model, what: str) -> Iterator:
    """Take one of the two memories of all neurons away for a while.

    Args:
        model: V1 to V4, operated in place and whole again afterwards.
        what: "recurrence" cuts every W_rec, "leak" lets each membrane forget its past (β = 0).

    Raises:
        RealSamError: `what` is neither.
    """
    cuts = {"recurrence": ("w_rec", 0.0), "leak": ("beta_logit", -torch.inf)}
    if what not in cuts:
        raise RealSamError(f"A neuron has no '{what}' to cut; choose one of {', '.join(cuts)}.")
    name, value = cuts[what]
    lifs = [population.lif for population in wiring(model).populations]
    intact = [getattr(lif, name) for lif in lifs]
    for lif, weight in zip(lifs, intact, strict=True):
        setattr(lif, name, nn.Parameter(torch.full_like(weight, value)))
    try:
        yield model
    finally:
        for lif, weight in zip(lifs, intact, strict=True):
            setattr(lif, name, weight)


@contextmanager
def _each_its_own(model, cases: Sequence[Sequence[tuple[int, int]]], value: int) -> Iterator:
    """Clamp others in every text of a batch by thresholds (B, N), which the plain loop takes."""
    lifs = [population.lif for population in wiring(model).populations]
    intact = [lif.thr for lif in lifs]
    for layer, lif in enumerate(lifs):
        thr = lif.thr.repeat(len(cases), 1)  # (B, N)
        for row, neurons in enumerate(cases):
            thr[row, [neuron for at, neuron in neurons if at == layer]] = -FAR if value else FAR
        lif.thr = thr
    try:
        with forced_scan("reference"):
            yield
    finally:
        for lif, thr in zip(lifs, intact, strict=True):
            lif.thr = thr


def costs(model, tokens: torch.Tensor, cases, value: int = 0, batch: int = 32) -> torch.Tensor:
    """Return what each of several operations costs at every token, (C, T), in nats.

    All operated models read the same text side by side with an intact one, whose loss is taken off.

    Args:
        model: V1 to V4, in evaluation mode.
        tokens: (T + 1,), T ≥ 1.
        cases: C operations, each a list of (layer, neuron) to clamp together.
        value: at 0 or at 1.
        batch: operated models at a time.
    """
    found = []
    for start in range(0, len(cases), batch):
        group = [[], *cases[start : start + batch]]  # the first stays intact
        with _each_its_own(model, group, value):
            nats = read_text(model, tokens.expand(len(group), -1)).nats  # (1 + batch, T)
        found.append(nats[1:] - nats[:1])
    return torch.cat(found)
