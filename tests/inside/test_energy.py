"""The one counter of operations, by hand and against the spikes themselves."""

import numpy as np
import pytest
import torch
from inside.toy import FIRED, TOKENS, Toy
from torch import nn

from realsam_edu.experiments.rivals import GPTConfig, GPTModel, LSTMConfig, LSTMModel
from realsam_edu.generation.event_step import EventStep
from realsam_edu.inside.energy import (
    COST,
    WORD,
    Operations,
    break_even,
    count,
    operations,
    sam_energy,
    share_met,
    sizes,
    spikes_per_token,
    training_multiply_adds,
    twin_energy,
    writing_multiply_adds,
)
from realsam_edu.inside.trace import Recorder
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4, V4Config
from realsam_edu.model.versions import MODELS, build
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.text.tokenizer import CharTokenizer

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


# ------------------------------------------------------------------ operations of a token


def test_the_toy_network_is_counted_as_on_paper():
    counted = sizes(Toy())
    populations = counted.pop("populations")
    assert [(part["neurons"], part["reach"]) for part in populations] == [(3, 10), (2, 7)]
    beside = (3 + 2) * 4 + 3 * 2  # leak and LayerNorm, and that of the readout
    assert counted == {"inputs": 12, "real": 8 + 20, "embed": 4, "vocab": 5, "beside": beside}
    fired = np.array([FIRED["first"], FIRED["second"]])  # (2, T)
    spk = (np.arange(3) < fired[:, :, None]).astype(np.uint8)  # (2, T, 3)
    ops = operations(Toy(), spk)
    assert ops == Operations(
        accumulates=(5 * 10 + 3 * 7) / 6, multiplies=28, beside=26, dense=30 + 14 + 28, updates=5,
        rows=3,
    )  # fmt: skip
    own = operations(Toy(), spk, TOKENS)  # the encoder's nine spikes add three weights each
    assert own.accumulates == pytest.approx((5 * 10 + 3 * 7 + 9 * 3) / 6)
    assert own.dense == ops.dense + 12 and own.rows == 0


def test_beside_the_matrices_by_hand():
    assert sizes(build("v1", 65, 0))["beside"] == 2 * 512 * 4
    assert sizes(build("v2", 4096, 0))["beside"] == 3 * 512 * 4 + 3 * 512
    gated = 6 * 512 * (4 + 1) + 3 * 512
    assert sizes(build("v3", 4096, 0))["beside"] == gated
    assert sizes(build("v4", 4096, 0))["beside"] == gated + 6 * 512  # gains
    assert sizes(build("v4", 4096, 0, stress=False))["beside"] == gated


@pytest.mark.parametrize("version", MODELS)
def test_what_was_counted_before_is_counted_the_same(version):
    model = build(version, 17, 0, embed=12, hidden=20)
    counted = sizes(model)
    rates = [0.1 * (i + 1) for i in range(len(counted["populations"]))]
    before = writing_multiply_adds(model, rates)
    ops = count(counted, [20 * rate for rate in rates])
    assert ops.accumulates == pytest.approx(before["events"])
    assert ops.multiplies == before["real"]
    assert ops.dense == before["dense"] - counted["inputs"]  # looked up by both


@torch.no_grad()
def test_a_trace_a_recorder_and_spikes_give_the_same_count():
    model = build("v4", 17, 0, embed=12, hidden=20, depth=2).eval()
    tokens, recorder = torch.tensor([3, 1, 4, 1, 5]), Recorder(model)
    assert recorder.steps == 0
    with pytest.raises(RealSamError, match="no spikes to count"):
        operations(model, recorder)
    with recorder.listening():
        out = model(tokens[None])
        recorder.on_step(tokens, out.logits[0], out.state)
    for token in (2, 6):
        logits, state = model.step(torch.tensor([token]), out.state)
        recorder.on_step(torch.tensor([token]), logits, state)
    letters = CharTokenizer("abcdefghijklmnopq")
    seen = recorder.trace(letters, 5)
    assert spikes_per_token(recorder).shape == (7, 2)
    assert operations(model, recorder) == operations(model, seen) == operations(model, seen.spk)
    reach = [3 * 20, 3 * 20]
    wanted = (spikes_per_token(seen) * reach).sum() / 7
    assert operations(model, seen).accumulates == pytest.approx(wanted)
    with pytest.raises(RealSamError, match=r"\(L, T, N\)"):
        operations(model, seen.spk[:, 0])


# ------------------------------------------------------------------ the estimate

STEP = count(sizes(Toy()), [2, 1])  # the second token: 2 · 10 + 1 · 7 additions


def test_energy_of_the_toy_network_by_hand():
    beside, real = 26 * 4.6, 28 * 4.6
    assert sam_energy(STEP) == pytest.approx(27 * 0.9 + real + beside)
    assert twin_energy(STEP) == pytest.approx(44 * 4.6 + real + beside)
    assert twin_energy(STEP, binary=True) == pytest.approx(44 * 0.9 + real + beside)
    read, near = (27 + 28 + 3) * 50, (2 * 27 + 28 + 2 * 5) * 5
    assert sam_energy(STEP, "fp32", "sram") == pytest.approx(sam_energy(STEP) + read + near)
    read, near = (44 + 28 + 3) * 650, (44 + 28 + 2 * 5) * 5
    assert twin_energy(STEP, "fp32", "dram") == pytest.approx(twin_energy(STEP) + read + near)


def test_eight_bits_are_a_quarter_of_the_traffic_and_sums_stay_wide():
    compute = 27 * 0.1 + 28 * 0.3 + 26 * 4.6  # what is beside stays in floats
    assert sam_energy(STEP, "int8") == pytest.approx(compute)
    read, near = (27 + 28 + 3) / 4 * 50, (2 * 27 + 28 / 4 + 2 * 5) * 5
    assert sam_energy(STEP, "int8", "sram") == pytest.approx(compute + read + near)
    compute = 44 * 0.1 + 28 * 0.3 + 26 * 4.6
    read, near = (44 + 28 + 3) / 4 * 50, (44 / 32 + 28 / 4 + 2 * 5) * 5  # inputs of one bit
    assert twin_energy(STEP, "int8", "sram", binary=True) == pytest.approx(compute + read + near)


@pytest.mark.parametrize("arithmetic", COST)
@pytest.mark.parametrize("memory", [None, *WORD])
@pytest.mark.parametrize("binary", [False, True])
def test_at_the_break_even_rate_both_cost_the_same(arithmetic, memory, binary):
    rate = break_even(STEP, arithmetic, memory, binary)
    ops = STEP._replace(accumulates=rate * (STEP.dense - STEP.multiplies))
    assert share_met(ops) == pytest.approx(rate)
    wanted = twin_energy(ops, arithmetic, memory, binary)
    assert sam_energy(ops, arithmetic, memory) == pytest.approx(wanted)


def test_break_even_by_hand():
    assert break_even(STEP, "fp32", None) == pytest.approx(4.6 / 0.9)  # five times as many: always
    assert break_even(STEP, "int8", None, binary=True) == pytest.approx(1.0)
    per_addition = 0.1 + 50 / 4 + 2 * 5
    assert break_even(STEP) == pytest.approx((0.3 + 50 / 4 + 5 / 4) / per_addition)
    assert break_even(STEP, binary=True) == pytest.approx((0.1 + 50 / 4 + 5 / 32) / per_addition)
    assert (
        break_even(STEP, "fp32", None, twin="int8") < 0
    )  # Sam in floats, the twin in bytes: never
