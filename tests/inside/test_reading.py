"""Reading with open ears gives the losses and the spikes that the model itself gives."""

import pytest
import torch
import torch.nn.functional as F

from realsam_edu.inside.reading import heard, read_text
from realsam_edu.model.environment import Environment, update_stress
from realsam_edu.model.versions import MODELS, build
from realsam_edu.neurons.lif import LIFState
from realsam_edu.training.evaluate import evaluate

TOKENS = torch.randint(17, (3, 41), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("version", MODELS)
@torch.no_grad()
def test_token_by_token_it_is_the_same(version):
    model = build(version, 17, 0, embed=12, hidden=20).double().eval()
    read = read_text(model, TOKENS, spikes=True, chunk=1)
    state, nats, spk = model.zero_state(3), [], []
    for now, coming in zip(TOKENS.t(), TOKENS.t()[1:], strict=False):
        logits, state = model.step(now, state)
        nats.append(F.cross_entropy(logits, coming, reduction="none"))
        state = update_stress(state, nats[-1], 1, 17)
        spk.append(torch.cat([part.spk for part in state if isinstance(part, LIFState)], -1))
    torch.testing.assert_close(read.nats, torch.stack(nats, 1))
    assert torch.equal(read.spk, torch.stack(spk).bool())
    if version == "v4":
        assert isinstance(read.state[-1], Environment)
        torch.testing.assert_close(read.state[-1].stress, state[-1].stress)
        assert len(set(read.state[-1].stress.tolist())) == 3  # each text feels its own


@pytest.mark.parametrize("version", MODELS)
def test_its_mean_is_the_loss_that_evaluate_gives(version):
    model = build(version, 17, 0, embed=12, hidden=20).double().eval()
    nats = read_text(model, TOKENS[:1], chunk=8).nats
    assert nats.mean().item() == pytest.approx(
        evaluate(model, TOKENS[0], chunk=8)["nats_per_token"]
    )


def test_it_goes_on_where_it_stopped_and_leaves_no_ears_behind():
    model = build("v2", 17, 0, embed=12, hidden=20).double().eval()
    whole = read_text(model, TOKENS, spikes=True)
    first = read_text(model, TOKENS[:, :21], spikes=True)
    rest = read_text(model, TOKENS[:, 20:], first.state, spikes=True)
    torch.testing.assert_close(torch.cat([first.nats, rest.nats], 1), whole.nats)
    assert torch.equal(torch.cat([first.spk, rest.spk]), whole.spk)
    with pytest.raises(ZeroDivisionError), heard(model):
        1 / 0  # noqa: B018
    assert not any(part._forward_hooks for part in model.modules())
