"""What a version consists of, as data: one description that many interpreters read.

A token enters as the spikes of its row of a table. Whatever fires adds its columns of some matrices
to named *sums*, vectors that are built up anew at every token: the current of a layer (V1), the
residual stream (V2 to V4), the scores of the next token. The populations come in order: each makes
its current from a sum, lives one step of `neurons.lif.rlif_step`, and its spikes add to later sums.

The event-driven step and the count of operations read it; `tests/model/test_wiring.py` steps every
version from it in twenty lines. Each version describes itself in its own file, without dropout.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from ..neurons.layer import RecurrentLIF
from ..runtime.errors import RealSamError

SCORES = "scores"  # the sum that the next token is drawn from, (V,); it starts from `Wiring.bias`


@dataclass(frozen=True)
class Synapses:
    """A matrix that spikes meet, and where it leads: sum `to` += weight·spk × gate.

    The gate is sigmoid(gate.weight·spk + gate.bias), from the same spikes; None is a gate of 1.
    """

    to: str
    weight: Tensor  # (M, N): column i is what a spike of neuron i adds
    gate: nn.Linear | None = None  # weight (M, N), bias (M,)

    @property
    def matrices(self) -> list[Tensor]:
        """What the spikes meet: the weight, and that of the gate."""
        return [self.weight] if self.gate is None else [self.weight, self.gate.weight]


@dataclass(frozen=True)
class Population:
    """Recurrent LIF neurons: what they read, what they are, where their spikes go."""

    name: str
    reads: str  # the sum that `norm` makes the current of
    norm: nn.LayerNorm  # weight (N,), bias (N,), eps
    lif: RecurrentLIF  # w_rec (N, N), beta (N,), thr (N,)
    synapses: tuple[Synapses, ...]
    diversity: Tensor | None = None  # (N,): the current × (1 + stress · diversity), Eq. 4

    @property
    def matrices(self) -> list[Tensor]:
        """All that the spikes meet, (…, N) each: W_rec first, then the synapses in order."""
        return [self.lif.w_rec, *(matrix for part in self.synapses for matrix in part.matrices)]


@dataclass(frozen=True)
class Readout:
    """Scores from a sum of real numbers: scores += table·(head·norm(sum) × scale)."""

    reads: str
    norm: nn.LayerNorm  # weight (N,), bias (N,), eps
    head: Tensor  # (E, N)
    scale: Tensor  # one number


@dataclass(frozen=True)
class Wiring:
    """A whole version; the tensors are the model's own, no copies."""

    table: Tensor  # (V, E): a token's row fires where it is positive
    inputs: dict[str, Tensor]  # the sums that these spikes add to, by matrices (M, E)
    populations: tuple[Population, ...]  # in the order of a step, and of the state
    bias: Tensor  # (V,)
    readout: Readout | None = None  # None: the scores come from spikes alone (V1)
    reads_all: bool = False  # `forward` applies `inputs` to all V tokens once, and looks them up


def is_wired(model) -> bool:
    """Whether the model's own class says how it is wired; one derived from it may differ."""
    return "wiring" in vars(type(model))


def wiring(model) -> Wiring:
    """Return the description of a model, V1 to V4; `RealSamError` if its class has none."""
    if not is_wired(model):
        name = type(model).__name__
        raise RealSamError(f"{name} does not say how it is wired; give its class a `wiring()`.")
    return model.wiring()
