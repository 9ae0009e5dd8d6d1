"""The one counter of operations, by hand and against the spikes themselves."""

import pytest
import torch
from torch import nn

from realsam_edu.experiments.rivals import GPTConfig, GPTModel, LSTMConfig, LSTMModel
from realsam_edu.generation.event_step import EventStep
from realsam_edu.inside.energy import training_multiply_adds, writing_multiply_adds
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.model.versions import MODELS
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all

SIZES = {"vocab": 17, "embed": 12, "hidden": 20}


def test_multiply_adds_of_a_training_step_by_hand():
    v4 = 256 * 512 + 6 * 3 * 512**2 + 512 * 256 + 4096 * 256
    assert training_multiply_adds(V4(V4Config())) == v4
    v1 = 3 * 512**2 + 65 * 1024  # two recurrent matrices, the one between, the readout
    assert training_multiply_adds(V1(V1Config())) == v1
    lstm = 4 * 40 * (24 + 40) + 4 * 40 * (40 + 40) + 40 * 24 + 50 * 24
    assert training_multiply_adds(LSTMModel(LSTMConfig(50, 24, 40, 2))) == lstm
    gpt = 3 * (4 * 32**2 + 2 * 32 * 64) + 50 * 32
    assert training_multiply_adds(GPTModel(GPTConfig(50, 32, 4, 64, 3, 12))) == gpt


@pytest.mark.parametrize("version", MODELS)
@torch.no_grad()
def test_multiply_adds_of_a_written_token(version):
    seed_all(0)
    make, config = MODELS[version]
    model = make(config(**SIZES)).double().eval()
    met = [p for name, p in model.named_parameters() if p.dim() == 2]
    if version == "v1":  # its table is only looked up; later versions also read out with it
        met = [p for p in met if p is not model.encoder.table.weight]
    state = model.zero_state(1)
    for token in (3, 1, 4, 1, 5, 9, 2, 6, 5):
        _, state = model.step(torch.tensor([token]), state)
    layers = [part for part in state if isinstance(part, LIFState)]
    counted = writing_multiply_adds(model, [part.spk.mean().item() for part in layers])
    assert counted["dense"] == sum(p.numel() for p in met)
    rows = [population.sums.numel() for population in EventStep(model).populations]
    added = [part.spk.sum().item() * wide for part, wide in zip(layers, rows, strict=True)]
    assert counted["events"] == pytest.approx(sum(added)) and sum(added) > 0
    assert counted["share"] == (counted["events"] + counted["real"]) / counted["dense"] < 1


def test_v4_does_about_a_quarter_of_the_multiply_adds():
    counted = writing_multiply_adds(V4(V4Config()), [0.1] * 6)
    assert counted["dense"] == 6 * 3 * 512**2 + 2 * 512 * 256 + 4096 * 256
    assert 0.2 < counted["share"] < 0.35


def test_what_has_no_spikes_cannot_be_counted_by_events():
    with pytest.raises(RealSamError, match="Linear does not say"):
        writing_multiply_adds(nn.Linear(2, 2), [0.1])
