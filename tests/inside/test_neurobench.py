"""NeuroBench counts what we count, wherever its definitions reach (Yik et al. 2025).

NeuroBench watches modules of the kind `nn.Linear`: a product whose inputs are zeros and ones counts
as accumulates, another as multiply-adds, weights of zero and inputs of zero count nothing, and
lookups, biases, LayerNorm and gates are not seen. Its extra is small without what it needs for its
data sets: `pip install --no-deps neurobench==2.3.0`.
"""

import pytest
import torch
from inside.toy import FIRED, TOKENS, Toy
from torch import nn

from realsam_edu import checkpoint
from realsam_edu.inside.energy import count, operations, sizes
from realsam_edu.inside.trace import Recorder
from realsam_edu.model.environment import Environment
from realsam_edu.model.versions import build
from realsam_edu.model.wiring import SCORES, wiring
from realsam_edu.neurons.lif import lif_step
from realsam_edu.runtime.settings import data_dir

pytest.importorskip("neurobench", reason="pip install --no-deps neurobench==2.3.0")
SIZES = {"vocab": 17, "embed": 12, "hidden": 20}


def linear(weight: torch.Tensor) -> nn.Linear:
    """The module that NeuroBench sees in place of a bare matrix, (M, N)."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    made.weight = nn.Parameter(weight.detach().clone())
    return made


class Seen(nn.Module):
    """Any version, stepped from its wiring with every matrix as a module that NeuroBench sees."""

    def __init__(self, model):
        super().__init__()
        self.wired, start = wiring(model), model.zero_state(1)
        self.stress = start[-1].stress if isinstance(start[-1], Environment) else 0.0
        self.inputs = nn.ModuleList(linear(matrix) for matrix in self.wired.inputs.values())
        self.rec = nn.ModuleList(linear(part.lif.w_rec) for part in self.wired.populations)
        self.out = nn.ModuleList(
            nn.ModuleList(linear(matrix) for matrix in part.matrices[1:])
            for part in self.wired.populations
        )
        if self.wired.readout is not None:
            self.head, self.table = linear(self.wired.readout.head), linear(self.wired.table)
        self.fired = []  # (L, N) of every step

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read (T,) from silence; return the scores after each token, (T, V)."""
        sizes = [len(part.lif.thr) for part in self.wired.populations]
        mem = [self.wired.bias.new_zeros(n) for n in sizes]
        recurrent = [self.wired.bias.new_zeros(n) for n in sizes]
        return torch.stack([self.step(token, mem, recurrent) for token in tokens])

    def step(self, token, mem: list, recurrent: list) -> torch.Tensor:
        """Read one token; `mem` and `recurrent`, (N,) each, are replaced."""
        spk = (self.wired.table[token] > 0).to(self.wired.table)  # (E,)
        sums = {to: part(spk) for to, part in zip(self.wired.inputs, self.inputs, strict=True)}
        sums |= {SCORES: self.wired.bias}
        self.fired.append([])
        for i, part in enumerate(self.wired.populations):
            cur = part.norm(sums[part.reads])
            cur = cur if part.diversity is None else (1 + self.stress * part.diversity) * cur
            fired, mem[i] = lif_step(cur + recurrent[i], mem[i], part.lif.beta, part.lif.thr)
            recurrent[i], matrices = self.rec[i](fired), iter(self.out[i])  # heard one step later
            self.fired[-1].append(fired)
            for to in part.synapses:
                added = next(matrices)(fired)
                if to.gate is not None:
                    added = added * torch.sigmoid(next(matrices)(fired) + to.gate.bias)
                sums[to.to] = sums.get(to.to, 0.0) + added
        if self.wired.readout is None:
            return sums[SCORES]
        out = self.wired.readout
        return sums[SCORES] + self.table(self.head(out.norm(sums[out.reads])) * out.scale)


@torch.no_grad()
def counted_by_neurobench(net: nn.Module, tokens: torch.Tensor) -> dict:
    """NeuroBench's synaptic operations per token of what `net` does when it reads `tokens`."""
    from neurobench.metrics.workload import SynapticOperations
    from neurobench.models import TorchModel

    model, metric = TorchModel(net), SynapticOperations()
    model.register_hooks()
    found = metric(model, model(tokens), (tokens, tokens))
    model.cleanup_hooks()
    return found


def expect_equal(found: dict, ops, tokens: int) -> None:
    """NeuroBench's means are ours; both are whole numbers times 1/T."""
    ours = {"Effective_MACs": ops.multiplies, "Effective_ACs": ops.accumulates, "Dense": ops.dense}
    assert {k: round(v * tokens, 6) for k, v in found.items()} == {
        k: round(v * tokens, 6) for k, v in ours.items()
    }


def test_the_toy_network():
    seen = Seen(Toy())
    found = counted_by_neurobench(seen, TOKENS)
    ops = operations(Toy(), spikes(seen), TOKENS)
    expect_equal(found, ops, len(TOKENS))
    fired = [layer.sum(-1).tolist() for layer in spikes(seen)]
    assert fired == [FIRED["first"], FIRED["second"]]
    assert ops.accumulates * len(TOKENS) == pytest.approx(9 * 3 + 5 * 10 + 3 * 7)  # by hand
    assert (ops.multiplies, ops.dense) == (28, 12 + 30 + 14 + 28)


def spikes(seen: Seen):
    """What fired, (L, T, N), in rows as long as the widest population."""
    rows = [nn.utils.rnn.pad_sequence(list(step), batch_first=True) for step in seen.fired]
    return torch.stack(rows, 1).numpy()


@pytest.mark.parametrize("version", ["v1", "v2", "v3", "v4"])
@torch.no_grad()
def test_every_version_in_small(version):
    model = build(version, seed=0, **SIZES).double().eval()
    tokens = torch.randint(17, (30,), generator=torch.Generator().manual_seed(0))
    seen, recorder = Seen(model), Recorder(model)
    found = counted_by_neurobench(seen, tokens)
    with recorder.listening():
        out = model(tokens[None])
        recorder.on_step(tokens, out.logits[0], out.state)
    assert spikes(seen).sum() > 0 and (spikes(seen) == recorded(recorder)).all()
    expect_equal(found, operations(model, recorder, tokens), len(tokens))


def recorded(recorder: Recorder):
    return torch.cat([part[:, 0] for part in recorder.layers], 1).numpy()  # (L, T, N)


@torch.no_grad()
def test_the_trained_v1_as_it_is_and_with_its_recurrence_in_sight():
    """V1's `w_rec` is no `nn.Linear`: NeuroBench misses it in `V1.step`, not in `Seen`."""
    loaded = checkpoint.load(data_dir() / "checkpoints" / "v1.safetensors")
    model, tokens = loaded.model.double(), loaded.tokenizer.encode("ROMEO: my lord, what news?")
    zeros = [m for part in wiring(model).populations for m in part.matrices if (m == 0).any()]
    assert not zeros  # NeuroBench would leave them out

    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.model, self.fired = model, []

        def forward(self, tokens):
            state, scores = self.model.zero_state(1), []
            for token in tokens:
                logits, state = self.model.step(token[None], state)
                self.fired.append([part.spk[0] for part in state])
                scores.append(logits[0])
            return torch.stack(scores)

    steps, seen = Steps(), Seen(model)
    as_it_is, whole = (counted_by_neurobench(net, tokens) for net in (steps, seen))
    spk = spikes(steps)
    assert (spk == spikes(seen)).all()
    ops = operations(model, spk, tokens)
    expect_equal(whole, ops, len(tokens))
    fired = spk.sum((1, 2)) / len(tokens)  # of each layer
    neurons = [part["neurons"] for part in sizes(model)["populations"]]
    rec = sum(n * f for n, f in zip(neurons, fired, strict=True))
    expect_equal(
        as_it_is,
        ops._replace(
            accumulates=ops.accumulates - rec, dense=ops.dense - sum(n * n for n in neurons)
        ),
        len(tokens),
    )
    looked_up = count(sizes(model), fired.tolist())
    assert looked_up.accumulates < ops.accumulates  # what the writer saves by its table of letters
