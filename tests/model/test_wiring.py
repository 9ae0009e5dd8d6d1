"""The description of a version: an interpreter of twenty lines steps all of them like `step`."""

import pytest
import torch
import torch.nn.functional as F

from realsam_edu.model.environment import Environment, set_stress
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v2 import V2, V2Config
from realsam_edu.model.v3 import V3, V3Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.model.versions import MODELS
from realsam_edu.model.wiring import SCORES, is_wired, wiring
from realsam_edu.neurons.lif import LIFState, rlif_step
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all

SIZES = {"vocab": 17, "embed": 12, "hidden": 20}
CASES = [
    (V1, V1Config(**SIZES)),
    (V2, V2Config(**SIZES)),
    (V3, V3Config(**SIZES, depth=2)),
    (V4, V4Config(**SIZES, depth=2)),
    (V4, V4Config(**SIZES, depth=2, stress=False)),
]


def born(version, config):
    """Return a model in float64 whose norms, biases and thresholds are not all alike."""
    seed_all(0)
    model = version(config).double().eval()
    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            if "norm" in name or "bias" in name or name.endswith("thr"):
                value.add_(0.1 * torch.rand_like(value))
    return model


def normed(norm, x):
    return F.layer_norm(x, x.shape, norm.weight, norm.bias, norm.eps)


def interpret(wired, token: int, state: tuple):
    """Run one step of any version from its wiring alone: scores (V,) and the new state."""
    spk = (wired.table[token] > 0).to(wired.table.dtype)  # (E,)
    sums = {SCORES: wired.bias} | {to: matrix @ spk for to, matrix in wired.inputs.items()}
    environment, after = state[len(wired.populations) :], []
    for population, past in zip(wired.populations, state, strict=False):
        cur, lif = normed(population.norm, sums[population.reads]), population.lif
        if population.diversity is not None:
            cur = (1 + environment[0].stress * population.diversity) * cur  # Eq. 4
        now = LIFState(*rlif_step(cur[None], *past, lif.w_rec, lif.beta, lif.thr))
        after.append(now)
        for part in population.synapses:
            added = part.weight @ now.spk[0]
            if part.gate is not None:
                added = added * torch.sigmoid(part.gate.weight @ now.spk[0] + part.gate.bias)
            sums[part.to] = sums[part.to] + added
    if wired.readout is not None:
        out = wired.readout
        seen = out.head @ normed(out.norm, sums[out.reads]) * out.scale  # (E,)
        sums[SCORES] = sums[SCORES] + wired.table @ seen
    return sums[SCORES], (*after, *environment)


@pytest.mark.parametrize(("version", "config"), CASES)
@torch.no_grad()
def test_the_wiring_is_the_whole_version(version, config):
    model = born(version, config)
    wired, state = wiring(model), model.zero_state(1)
    if isinstance(state[-1], Environment):
        state = set_stress(state, 0.4)
    mine, fired = state, 0
    for token in torch.randint(17, (60,), generator=torch.Generator().manual_seed(3)).tolist():
        wanted, state = model.step(torch.tensor([token]), state)
        scores, mine = interpret(wired, token, mine)
        torch.testing.assert_close(scores, wanted[0], atol=1e-10, rtol=0)
        for part, his in zip(mine, state, strict=True):
            assert torch.equal(part[0], his[0]) and type(part) is type(his)
            fired += part.spk.sum() if isinstance(part, LIFState) else 0
    assert fired > 0


@pytest.mark.parametrize(("version", "config"), CASES)
def test_every_number_of_a_model_is_in_its_wiring(version, config):
    """Whatever parameter is changed in place, the interpreter notices; nothing is a copy."""
    model = born(version, config)
    wired, start = wiring(model), model.zero_state(1)

    @torch.no_grad()
    def life():
        scores, state, said = None, start, []
        for token in (3, 1, 4, 1, 5):
            scores, state = interpret(wired, token, state)
            said += [scores, *(part[-1].flatten() for part in state)]
        return torch.cat(said)

    before = life()
    for name, value in model.named_parameters():
        kept = value.detach().clone()
        with torch.no_grad():
            value.mul_(-1.3).add_(0.01)
            assert not torch.equal(life(), before), name
            value.copy_(kept)
    assert torch.equal(life(), before)


def test_every_version_describes_itself():
    for version, config in MODELS.values():
        assert is_wired(version(config(**SIZES)))


def test_a_class_that_derives_from_a_version_may_be_another_model():
    class Mine(V2):
        pass

    class Said(V2):
        def wiring(self):
            return self.describe()

    assert not is_wired(Mine(V2Config(**SIZES)))
    with pytest.raises(RealSamError, match="Mine does not say"):
        wiring(Mine(V2Config(**SIZES)))
    assert len(wiring(Said(V2Config(**SIZES))).populations) == 3


def test_names_and_sizes():
    wired = wiring(V1(V1Config(**SIZES)))
    assert [part.name for part in wired.populations] == ["layer 1", "layer 2"]
    assert [[part.to for part in one.synapses] for one in wired.populations] == [
        ["layer 2", SCORES],
        [SCORES],
    ]
    assert wired.readout is None and wired.reads_all
    wired = wiring(V4(V4Config(**SIZES, depth=2)))
    assert [len(part.matrices) for part in wired.populations] == [3, 3]  # W_rec, fc_out, gate
    assert all(matrix.shape[1] == 20 for part in wired.populations for matrix in part.matrices)
    assert all(part.diversity.shape == (20,) for part in wired.populations)
    assert all(part.diversity is None for part in wiring(born(*CASES[4])).populations)
