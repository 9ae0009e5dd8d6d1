"""Writing at the price of the spikes: one text, one token at a time, only what fired is added.

A spike is 0 or 1, so the product W·s is no product: it is the sum of the columns of W that belong
to neurons that fired, one in ten. All that the spikes of a population reach is therefore kept as
one table with a row per neuron, and a step gathers the rows of those that fired and adds them up:

    rows[i] = [ W_rec[:, i] − θᵢ at place i │ fc_out[:, i] │ gate[:, i] ]        Σ rows[i] over S[t]

The first part is the recurrent current of the next step, the reset included: a soft reset is a
weight of −θ from each neuron to itself. The others are what the population adds to the stream now.
What a token causes before the first population depends on the token alone and is looked up. The
stream is made of real numbers, so LayerNorm, head and tied table stay dense.

`EventStep` keeps all of its numbers in buffers made once: a step allocates no tensor memory, and
token 100,000 costs what token 100 costs. It is held to `model.step`, and so to
`neurons.rlif_step`, by `tests/test_events.py`.
"""

import copy
from typing import NamedTuple

import torch

from ..model.environment import Environment, gain, update_stress
from ..model.v1 import V1
from ..model.v2 import V2
from ..model.v3 import V3
from ..model.v4 import V4
from ..neurons.lif import LIFState
from ..runtime.errors import RealSamError


class _Scratch(NamedTuple):
    """Room for one population's events, shared by all of them so that it stays in cache."""

    ids: torch.Tensor  # (≤N, 1) which neurons fired
    rows: torch.Tensor  # (≤N, K) their rows


class _Population:
    """Recurrent LIF neurons, and the rows of all that their spikes reach."""

    def __init__(self, lif, reached: list[torch.Tensor], scratch: _Scratch):
        """Copy the weights of a `RecurrentLIF` and of the matrices (…, N) that meet its spikes."""
        self.beta, self.thr = lif.beta, lif.thr.clone()  # (N,)
        columns = [lif.w_rec - self.thr.diag(), *reached]
        self.rows = torch.cat(columns).t().contiguous()  # (N, K)
        self.sums = self.rows.new_empty(self.rows.shape[1])  # (K,)
        self.rec, *self.caused = self.sums.split([len(part) for part in columns])
        self.mem = torch.empty_like(self.thr)  # (N,)
        self.fired = torch.empty_like(self.thr, dtype=torch.bool)  # (N,)
        self.scratch = scratch

    def load(self, state: LIFState) -> None:
        """Take over spikes and membranes, (1, N); a reset is read off the membrane, as always."""
        self.mem.copy_(state.mem[0])
        self.fired.copy_(state.spk[0])
        self._add_rows()
        unequal = self.fired.to(self.thr.dtype) - (self.mem > self.thr).to(self.thr.dtype)
        self.rec.addcmul_(unequal, self.thr)  # nothing, unless the thresholds moved since

    def state(self) -> LIFState:
        """Return a copy of spikes and membranes, (1, N)."""
        return LIFState(self.fired.to(self.mem.dtype)[None], self.mem.clone()[None])

    def advance(self, cur: torch.Tensor) -> list[torch.Tensor]:
        """Run one step on the current (N,); return what the spikes cause in each matrix."""
        self.mem.mul_(self.beta).add_(self.rec).add_(cur)  # Eq. 1, the reset is in `rec`
        torch.gt(self.mem, self.thr, out=self.fired)  # Eq. 2
        self._add_rows()
        return self.caused

    def _add_rows(self) -> None:
        ids, rows = self.scratch
        torch.nonzero(self.fired, out=ids.resize_(0))  # (k, 1); resized within its memory
        torch.index_select(self.rows, 0, ids.view(-1), out=rows.resize_(0))  # (k, K)
        torch.sum(rows, 0, out=self.sums)


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


def _reached(model) -> list[tuple]:
    """Return each `RecurrentLIF` with the matrices (…, N) that its spikes meet besides W_rec."""
    if isinstance(model, V1):
        (first, second), (heard_1, heard_2) = model.layers, model.readout.weight.chunk(2, 1)
        return [(first.lif, [second.fc_in.weight, heard_1]), (second.lif, [heard_2])]
    gates = [[] if block.gate is None else [block.gate.weight] for block in model.blocks]
    pairs = zip(model.blocks, gates, strict=True)
    return [(block.lif, [block.fc_out.weight, *gate]) for block, gate in pairs]


def _populations(model) -> list[_Population]:
    """Copy the populations of a model, and make one room for their events."""
    layers, neurons = _reached(model), model.config.hidden
    width = neurons + max(sum(map(len, reached)) for _, reached in layers)
    ids = torch.empty(neurons, 1, dtype=torch.int64)
    scratch = _Scratch(ids, model.readout.bias.new_empty(neurons, width))
    return [_Population(lif, reached, scratch) for lif, reached in layers]


def _affine(norm) -> tuple[torch.Tensor, torch.Tensor]:
    return norm.weight.clone(), norm.bias.clone()


class _Letters:
    """V1: every matrix stands behind spikes, and the first current is looked up."""

    def __init__(self, model: V1):
        first, second = model.layers
        spk = model.encoder(torch.arange(model.config.vocab))  # (V, E)
        self.cur = first.norm(first.fc_in(spk))  # (V, N)
        self.skip = model.skip(spk)  # (V, N), what the token adds to the second current
        self.populations = _populations(model)
        self.norm = _Norm(self.populations[0].caused[0], second.norm.eps)
        self.affine = _affine(second.norm)
        self.bias = model.readout.bias.clone()  # (V,)
        self.logits = torch.empty_like(self.bias)

    def step(self, token: int) -> torch.Tensor:
        first, second = self.populations
        cur, scores = first.advance(self.cur[token])
        cur.add_(self.skip[token])
        (more,) = second.advance(self.norm(*self.affine))
        return torch.add(self.bias, scores, out=self.logits).add_(more)


class _Stream:
    """V2 to V4: the residual stream is looked up, then every population reads it and adds to it."""

    def __init__(self, model):
        readout, blocks = model.readout, model.blocks
        spk = model.encoder(torch.arange(model.config.vocab))  # (V, E)
        self.start = model.projection(spk)  # (V, N)
        self.x = self.start.new_empty(model.config.hidden)  # (N,)
        self.populations = _populations(model)
        self.gates = [None if b.gate is None else b.gate.bias.clone() for b in blocks]
        self.norms = [_Norm(self.x, part.norm.eps) for part in (*blocks, readout)]
        self.calm = torch.stack([torch.stack(_affine(block.norm)) for block in blocks])  # (L, 2, N)
        self.affine = self.calm.clone()  # the same under stress
        hears = isinstance(model, V4) and model.config.stress
        self.diversity = model.diversity.flatten().clone() if hears else None  # (L·N,)
        self.each, self.last = [tuple(pair) for pair in self.affine], _affine(readout.norm)
        self.head = readout.head.weight * readout.scale  # (E, N)
        self.table, self.bias = model.encoder.table.weight.clone(), readout.bias.clone()
        self.seen, self.logits = self.head.new_empty(len(self.head)), torch.empty_like(self.bias)

    def adapt(self, stress: torch.Tensor) -> None:
        """Multiply what the LayerNorms put out by the gains (Eq. 4), until the stress changes."""
        if self.diversity is not None:
            gains = gain(stress.to(self.diversity.dtype), self.diversity)  # (1, L·N)
            torch.mul(self.calm, gains.view(len(self.calm), 1, -1), out=self.affine)

    def step(self, token: int) -> torch.Tensor:
        self.x.copy_(self.start[token])
        layers = zip(self.populations, self.norms, self.each, self.gates, strict=False)
        for population, norm, affine, gate in layers:
            added, *opening = population.advance(norm(*affine))
            if gate is None:
                self.x.add_(added)
            else:
                self.x.addcmul_(added, opening[0].add_(gate).sigmoid_())
        torch.mv(self.head, self.norms[-1](*self.last), out=self.seen)
        return torch.mv(self.table, self.seen, out=self.logits).add_(self.bias)


def suits(model) -> bool:
    """Whether `EventStep` can stand in for `model.step`: V1 to V4 as they are, on a CPU.

    A class that derives from them may compute something else; it keeps its own `step`.
    """
    return type(model) in (V1, V2, V3, V4) and model.readout.bias.device.type == "cpu"


class EventStep:
    """Read one token after the other, as `model.step` does for one text, from its spikes alone.

    All weights are copied into rows when it is made (about 35 MB for V4 in float32); a weight or
    threshold that changes later counts once a new `EventStep` is made, and hooks on modules are not
    called. Dropout is off whatever the model's mode, and half precision is widened to float32.
    Starts in the model's silent state.

    Raises:
        RealSamError: `suits(model)` is false.
    """

    @torch.no_grad()
    def __init__(self, model):
        if not suits(model):
            raise RealSamError("EventStep runs V1 to V4 on a CPU; use model.step for this model.")
        if model.readout.bias.dtype not in (torch.float32, torch.float64):
            model = copy.deepcopy(model).float()
        self._vocab = model.config.vocab
        self._body = (_Letters if isinstance(model, V1) else _Stream)(model)
        self.load(model.zero_state(1))

    def step(self, token: int) -> torch.Tensor:
        """Read a token; return the scores of the next, (V,), in a buffer that the next step reuses.

        Constant work for constant rates, and no tensor memory is allocated.
        """
        return self._body.step(token)

    @property
    def state(self) -> tuple:
        """A copy of the state in the model's own form, batch 1: `model.step` can go on from it."""
        layers = (population.state() for population in self._body.populations)
        return *layers, *self._environment

    @torch.no_grad()
    def load(self, state: tuple) -> None:
        """Go on from a state of the model, batch 1.

        Raises:
            RealSamError: the state belongs to more than one text.
        """
        if len(state[0].mem) != 1:
            raise RealSamError(f"This state is of {len(state[0].mem)} texts; EventStep reads one.")
        layers = self._body.populations
        for population, past in zip(layers, state, strict=False):
            population.load(past)
        self._live_in(state[len(layers) :])

    @torch.no_grad()
    def update_stress(self, surprise: torch.Tensor) -> None:
        """Move V4's stress by one token's surprise, in nats; see `environment.update_stress`."""
        if self._environment:
            self._live_in(update_stress(self._environment, surprise, 1, self._vocab))

    def _live_in(self, environment: tuple) -> None:
        self._environment = tuple(Environment(part.stress.clone()) for part in environment)
        for part in self._environment:
            self._body.adapt(part.stress)


def multiply_adds(model, rates: list[float]) -> dict:
    """Count the multiply-adds of one token in weight matrices, dense and event-driven.

    An event adds a weight and multiplies nothing, but counts as one all the same. Left out on both
    sides is work that grows with N and not with N²: LayerNorm, membranes, gates.

    Args:
        model: V1 to V4.
        rates: firing rate of each population, as `evaluate` measures them.

    Returns:
        `dense`: every weight once; `events`: rows of the neurons that fired; `real`: matrices that
        real numbers meet (head and tied table of V2 to V4); `share`: (events + real) / dense.
    """
    behind = [sum(w.numel() for w in (lif.w_rec, *reached)) for lif, reached in _reached(model)]
    if isinstance(model, V1):
        looked_up, real = model.layers[0].fc_in.weight.numel() + model.skip.weight.numel(), 0
    else:
        looked_up = model.projection.weight.numel()
        real = model.readout.head.weight.numel() + model.encoder.table.weight.numel()
    dense = sum(behind) + looked_up + real
    events = sum(count * rate for count, rate in zip(behind, rates, strict=True))
    return {"dense": dense, "events": events, "real": real, "share": (events + real) / dense}
