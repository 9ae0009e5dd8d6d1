"""Writing at the price of the spikes: one text, one token at a time, only what fired is added.

A spike is 0 or 1, so the product W·s is no product: it is the sum of the columns of W that belong
to neurons that fired, one in ten. All that the spikes of a population reach is therefore kept as
one table with a row per neuron, and a step gathers the rows of those that fired and adds them up:

    rows[i] = [ W_rec[:, i] − θᵢ at place i │ fc_out[:, i] │ gate[:, i] ]        Σ rows[i] over S[t]

The first part is the recurrent current of the next step, the reset included: a soft reset is a
weight of −θ from each neuron to itself. The others are what the population adds to the sums of
`model.wiring` now. What a token itself adds to them depends on nothing else and is looked up. The
stream is made of real numbers, so LayerNorm, head and tied table stay dense.

`EventStep` keeps all of its numbers in buffers made once: a step allocates no tensor memory, and
token 100,000 costs what token 100 costs. It knows no version, only the wiring, and is held to
`model.step`, and so to `neurons.lif.rlif_step`, by `tests/generation/test_event_step.py`.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..model.encoder import ste_threshold
from ..model.environment import Environment, gain, update_stress
from ..model.wiring import SCORES, Population, Synapses, Wiring, is_wired, wiring
from ..neurons.lif import LIFState
from ..runtime.errors import RealSamError


class _Scratch(NamedTuple):
    """Room for one population's events, shared by all of them so that it stays in cache."""

    ids: torch.Tensor  # (≤N, 1) which neurons fired
    rows: torch.Tensor  # (≤N, K) their rows


class _Added(NamedTuple):
    """What the spikes of a step add to one sum."""

    total: torch.Tensor  # (M,) the sum
    caused: torch.Tensor  # (M,)
    opening: torch.Tensor | None  # (M,) what the spikes do to the gate, if there is one
    bias: torch.Tensor | None  # (M,) the gate's


class EventPopulation:
    """Recurrent LIF neurons, and the rows of all that their spikes reach."""

    def __init__(self, wired: Population, sums: dict[str, torch.Tensor], scratch: _Scratch):
        """Copy the weights; what the spikes cause is added to `sums`, a buffer for each name."""
        self.beta, self.thr = wired.lif.beta, wired.lif.thr.clone()  # (N,)
        w_rec, *reached = wired.matrices
        columns = [w_rec - self.thr.diag(), *reached]
        self.rows = torch.cat(columns).t().contiguous()  # (N, K)
        self.sums = self.rows.new_empty(self.rows.shape[1])  # (K,)
        self.rec, *caused = self.sums.split([len(part) for part in columns])
        self.adds = [_added(part, sums[part.to], caused) for part in wired.synapses]
        self.mem = torch.empty_like(self.thr)  # (N,)
        self.fired = torch.empty_like(self.thr, dtype=torch.bool)  # (N,)
        self.scratch = scratch

    def load(self, state: LIFState) -> None:
        """Take over spikes and membranes, (1, N); a reset is read off the membrane, as always."""
        self.mem.copy_(state.mem[0])
        self.fired.copy_(state.spk[0])
        self.add_rows()
        unequal = self.fired.to(self.thr.dtype) - (self.mem > self.thr).to(self.thr.dtype)
        self.rec.addcmul_(unequal, self.thr)  # nothing, unless the thresholds moved since

    def state(self) -> LIFState:
        """Return a copy of spikes and membranes, (1, N)."""
        return LIFState(self.fired.to(self.mem.dtype)[None], self.mem.clone()[None])

    def advance(self, cur: torch.Tensor) -> None:
        """Run one step on the current (N,) and add what the spikes cause to the sums."""
        self.mem.mul_(self.beta).add_(self.rec).add_(cur)  # Eq. 1, the reset is in `rec`
        torch.gt(self.mem, self.thr, out=self.fired)  # Eq. 2
        self.add_rows()
        for total, caused, opening, bias in self.adds:
            if opening is None:
                total.add_(caused)
            else:
                total.addcmul_(caused, opening.add_(bias).sigmoid_())

    def add_rows(self) -> None:
        """Add up the rows of the neurons that fired."""
        ids, rows = self.scratch
        torch.nonzero(self.fired, out=ids.resize_(0))  # (k, 1); resized within its memory
        torch.index_select(self.rows, 0, ids.view(-1), out=rows.resize_(0))  # (k, K)
        torch.sum(rows, 0, out=self.sums)


def _added(part: Synapses, total: torch.Tensor, caused: list[torch.Tensor]) -> _Added:
    """Take what belongs to `part` from the front of `caused`."""
    if part.gate is None:
        return _Added(total, caused.pop(0), None, None)
    return _Added(total, caused.pop(0), caused.pop(0), part.gate.bias.clone())


class _Norm:
    """LayerNorm of whatever stands in the buffer `x`, (N,); weight and bias come with the call."""

    def __init__(self, x: torch.Tensor, eps: float):
        self.x, self.out = x, torch.empty_like(x)
        self.rows = self.x[None], self.out[None]  # (1, N): a product with one row is a dot product
        self.share = torch.full_like(x, 1.0 / len(x))
        self.mean, self.scale, self.eps = x.new_empty(1), x.new_empty(1), x.new_full((1,), eps)

    def __call__(self, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x, out = self.rows
        torch.mv(x, self.share, out=self.mean)
        torch.sub(self.x, self.mean, out=self.out)
        torch.mv(out, self.out, out=self.scale)  # N times the variance
        torch.addcmul(self.eps, self.scale, self.share[:1], out=self.scale).rsqrt_()
        return torch.addcmul(bias, self.out.mul_(self.scale), weight, out=self.out)


def _affine(norm) -> tuple[torch.Tensor, torch.Tensor]:
    return norm.weight.clone(), norm.bias.clone()


class _Currents:
    """What turns sums into currents: a LayerNorm for each population, under its gain."""

    def __init__(self, layers: tuple[Population, ...], sums: dict[str, torch.Tensor]):
        self.norms = [_Norm(sums[layer.reads], layer.norm.eps) for layer in layers]
        self.calm = torch.stack([torch.stack(_affine(layer.norm)) for layer in layers])  # (L, 2, N)
        self.affine = self.calm.clone()  # the same under stress
        self.each = [tuple(pair) for pair in self.affine]  # weight and bias, (N,), of each
        rows = [torch.zeros_like(p.lif.thr) if p.diversity is None else p.diversity for p in layers]
        heard = any(p.diversity is not None for p in layers)
        self.diversity = torch.stack(rows) if heard else None  # (L, N)

    def adapt(self, stress: torch.Tensor) -> None:
        """Multiply what the LayerNorms put out by the gains (Eq. 4), until the stress changes."""
        if self.diversity is not None:
            gains = gain(stress.to(self.diversity.dtype), self.diversity)  # (L, N)
            torch.mul(self.calm, gains[:, None], out=self.affine)


class _Readout:
    """Scores from the stream: LayerNorm, head, tied table, all dense."""

    def __init__(self, wired: Wiring, sums: dict[str, torch.Tensor]):
        part = wired.readout
        self.norm, self.affine = _Norm(sums[part.reads], part.norm.eps), _affine(part.norm)
        self.head, self.table = part.head * part.scale, wired.table.clone()  # (E, N), (V, E)
        self.seen, self.scores = self.head.new_empty(len(self.head)), torch.empty_like(wired.bias)

    def read(self) -> torch.Tensor:
        """Return the scores without their bias, (V,)."""
        torch.mv(self.head, self.norm(*self.affine), out=self.seen)
        return torch.mv(self.table, self.seen, out=self.scores)


def runs_event_driven(model) -> bool:
    """Whether `EventStep` can stand in for `model.step`: a model on a CPU that says its wiring."""
    return is_wired(model) and next(model.parameters()).device.type == "cpu"


class EventStep:
    """Read one token after the other, as `model.step` does for one text, from its spikes alone.

    All weights are copied into rows when it is made (about 35 MB for V4 in float32); a weight or
    threshold that changes later counts once a new `EventStep` is made, and hooks on modules are not
    called. Dropout is off whatever the model's mode, and half precision is widened to float32.
    Starts in the model's silent state.

    Raises:
        RealSamError: `runs_event_driven(model)` is false.
    """

    @torch.no_grad()
    def __init__(self, model):
        if not runs_event_driven(model):
            raise RealSamError("EventStep runs V1 to V4 on a CPU; use model.step for this model.")
        if model.readout.bias.dtype not in (torch.float32, torch.float64):
            model = copy.deepcopy(model).float()
        wired = wiring(model)
        spk = ste_threshold(wired.table)  # (V, E)
        tables = {name: F.linear(spk, matrix) for name, matrix in wired.inputs.items()}  # (V, M)
        sums = {name: torch.empty_like(table[0]) for name, table in tables.items()}  # (M,)
        sums[SCORES] = self._scores = torch.empty_like(wired.bias)  # (V,)
        self._vocab, self._bias = len(wired.table), wired.bias.clone()
        self.populations = _populations(wired.populations, sums)
        self._currents = _Currents(wired.populations, sums)
        self._readout = None if wired.readout is None else _Readout(wired, sums)
        self._arrange(wired, tables, sums)
        self.load(model.zero_state(1))

    def _arrange(self, wired: Wiring, tables: dict, sums: dict) -> None:
        """Decide what a token looks up: a whole current where it can, else how a sum starts."""
        written = {part.to for layer in wired.populations for part in layer.synapses}
        known, live = [], {name for name in tables if name in written}  # sums used at run time
        live |= set() if wired.readout is None else {wired.readout.reads}
        for layer in wired.populations:
            if layer.reads in written or layer.diversity is not None:
                known.append(None)
                live.add(layer.reads)
            else:
                known.append(layer.norm(tables[layer.reads]).unbind())  # V times (N,)
        self._starts = [(sums[name], tables[name].unbind()) for name in live]  # V times (M,)
        layers = self.populations, known, self._currents.norms, self._currents.each
        self._layers = list(zip(*layers, strict=True))
        self._spikes_score = SCORES in written

    def step(self, token: int) -> torch.Tensor:
        """Read a token; return the scores of the next, (V,), in a buffer that the next step reuses.

        Constant work for constant rates, and no tensor memory is allocated.
        """
        for total, rows in self._starts:
            total.copy_(rows[token])
        if self._spikes_score:
            self._scores.copy_(self._bias)
        for population, known, norm, affine in self._layers:
            population.advance(norm(*affine) if known is None else known[token])
        if self._readout is None:
            return self._scores
        seen = self._readout.read()
        return seen.add_(self._scores if self._spikes_score else self._bias)

    @property
    def state(self) -> tuple:
        """A copy of the state in the model's own form, batch 1: `model.step` can go on from it."""
        return *(population.state() for population in self.populations), *self._environment

    @torch.no_grad()
    def load(self, state: tuple) -> None:
        """Go on from a state of the model, batch 1.

        Raises:
            RealSamError: the state belongs to more than one text.
        """
        if len(state[0].mem) != 1:
            raise RealSamError(f"This state is of {len(state[0].mem)} texts; EventStep reads one.")
        for population, past in zip(self.populations, state, strict=False):
            population.load(past)
        self._live_in(state[len(self.populations) :])

    @torch.no_grad()
    def update_stress(self, surprise: torch.Tensor) -> None:
        """Move V4's stress by one token's surprise, in nats; see `environment.update_stress`."""
        if self._environment:
            self._live_in(update_stress(self._environment, surprise, 1, self._vocab))

    def _live_in(self, environment: tuple) -> None:
        self._environment = tuple(Environment(part.stress.clone()) for part in environment)
        for part in self._environment:
            self._currents.adapt(part.stress)


def _populations(layers: tuple[Population, ...], sums: dict) -> list[EventPopulation]:
    """Copy the populations of a model, and make one room for their events."""
    neurons = max(len(layer.lif.thr) for layer in layers)
    width = max(sum(map(len, layer.matrices)) for layer in layers)
    ids = torch.empty(neurons, 1, dtype=torch.int64)
    scratch = _Scratch(ids, sums[SCORES].new_empty(neurons, width))
    return [EventPopulation(layer, sums, scratch) for layer in layers]
