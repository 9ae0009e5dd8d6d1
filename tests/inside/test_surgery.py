"""Operated models: the spike is what it is held at, everywhere, and nothing else is touched."""

import copy
from functools import cache

import pytest
import torch
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.generation.event_step import EventStep
from realsam_edu.generation.generate import generate
from realsam_edu.inside.reading import read_text
from realsam_edu.inside.surgery import clamped, costs, without
from realsam_edu.model.versions import MODELS, build
from realsam_edu.model.wiring import wiring
from realsam_edu.neurons.lif import LIFState, rlif_step
from realsam_edu.neurons.scan import forced_scan
from realsam_edu.runtime.errors import RealSamError

SIZES = {"embed": 12, "hidden": 20}
TOKENS = torch.randint(17, (2, 41), generator=torch.Generator().manual_seed(3))
VERSIONS = pytest.mark.parametrize("version", MODELS)


@cache
def newborn(version: str):
    return build(version, 17, 0, **SIZES).eval()


@cache
def committed(version: str) -> checkpoint.Checkpoint:
    return checkpoint.load(ROOT / "data" / "checkpoints" / f"{version}.safetensors")


def layers(state: tuple) -> list[LIFState]:
    return [part for part in state if isinstance(part, LIFState)]


@torch.no_grad()
def by_hand(model, token, state, held):
    """One step from the wiring, spikes replaced where `held` says so: {(layer, neuron): spike}."""
    wired = wiring(model)
    fired = (wired.table[token] > 0).to(wired.table.dtype)  # (B, E)
    sums = {name: fired @ matrix.t() for name, matrix in wired.inputs.items()}
    sums["scores"] = wired.bias.expand(len(token), -1)
    after = []
    for layer, (part, past) in enumerate(zip(wired.populations, state, strict=False)):
        cur = part.norm(sums[part.reads])
        if part.diversity is not None:
            cur = cur * (1 + state[-1].stress[:, None] * part.diversity)
        lif = part.lif
        spk, mem = rlif_step(cur, *past, lif.w_rec, lif.beta, lif.thr)
        mem = mem + ((past.mem > lif.thr).to(mem.dtype) - past.spk) * lif.thr  # reset as heard
        spk = (mem > lif.thr).to(mem.dtype)
        for (at, neuron), value in held.items():
            if at == layer:
                spk[:, neuron] = value
        for syn in part.synapses:
            gate = 1.0 if syn.gate is None else torch.sigmoid(syn.gate(spk))
            sums[syn.to] = sums.get(syn.to, 0.0) + (spk @ syn.weight.t()) * gate
        after.append(LIFState(spk, mem))
    if wired.readout is not None:
        out = wired.readout
        seen = out.norm(sums[out.reads]) @ out.head.t() * out.scale
        sums["scores"] = sums["scores"] + seen @ wired.table.t()
    return sums["scores"], (*after, *state[len(after) :])


@VERSIONS
@torch.no_grad()
def test_spikes_scores_and_silent_membranes_are_those_of_the_definition(version):
    """Eq. 1 with the held spike for S, written down once more, in `forward` and in `EventStep`."""
    model = copy.deepcopy(newborn(version)).double()
    held = {(0, 2): 0, (0, 5): 1, (1, 7): 0, (1, 0): 1}
    state, scores, states = model.zero_state(2), [], []
    for token in TOKENS.t():
        logits, state = by_hand(model, token, state, held)
        scores.append(logits)
        states.append(state)
    with (
        clamped(model, 0, [2], 0),
        clamped(model, 0, [5], 1),
        clamped(model, 1, [7], 0),
        clamped(model, 1, [0], 1),
    ):
        out, events = model(TOKENS), EventStep(model)
        stepped = [events.step(int(token)).clone() for token in TOKENS[0]]
        dense, logits = model.zero_state(2), None
        for token in TOKENS.t():
            logits, dense = model.step(token, dense)
    torch.testing.assert_close(out.logits, torch.stack(scores, 1))
    torch.testing.assert_close(logits, scores[-1])
    torch.testing.assert_close(torch.stack(stepped), torch.stack(scores, 1)[0])
    for layer, (mine, right) in enumerate(zip(layers(out.state), layers(state), strict=True)):
        assert torch.equal(mine.spk, right.spk)
        free = [n for n in range(20) if held.get((layer, n)) != 1]
        torch.testing.assert_close(mine.mem[:, free], right.mem[:, free])
    silent = torch.stack([past[0].mem[0, 2] for past in states])
    assert silent.max() > 1  # its membrane passes the threshold, and is never reset


@pytest.mark.parametrize("value", [0, 1])
@VERSIONS
@torch.no_grad()
def test_whole_layers_are_held_in_trained_models_over_every_path(version, value):
    made = committed(version)
    text = "Once upon a time there was a dog who"
    tokens = made.tokenizer.encode(text)[None]
    with clamped(made.model, 1, slice(None), value):
        for path in ("reference", "fused"):
            with forced_scan(path):
                read = read_text(made.model, tokens, spikes=True)
            assert (read.spk[:, 0, 512:1024] == value).all()
            assert 0 < read.spk[:, 0, :512].float().mean() < 1
        events = EventStep(made.model)
        for token in tokens[0]:
            events.step(int(token))
            assert (events.populations[1].fired == value).all()
        assert torch.isfinite(made.model(tokens).logits).all()


@torch.no_grad()
def test_afterwards_the_model_is_whole_and_a_copy_made_inside_is_not():
    model = newborn("v4")
    before = model(TOKENS).logits
    with pytest.raises(ZeroDivisionError), clamped(model, 0, [0, 3], 1):
        operated = copy.deepcopy(model)
        1 / 0  # noqa: B018
    assert torch.equal(model(TOKENS).logits, before)
    read = read_text(operated, TOKENS, spikes=True)
    assert read.spk[..., [0, 3]].all() and not read.spk[..., 1].all()


@torch.no_grad()
def test_an_operated_model_survives_a_checkpoint(tmp_path):
    made = committed("v1")
    with clamped(made.model, 0, [7], 0), clamped(made.model, 1, [9], 1):
        checkpoint.save(tmp_path / "cut.safetensors", made.model, made.tokenizer, {})
        tokens = made.tokenizer.encode("To be, or not to be")[None]
        there = made.model(tokens).logits
    back = checkpoint.load(tmp_path / "cut.safetensors").model
    assert torch.equal(back(tokens).logits, there)


def test_writing_hears_the_surgery():
    made = committed("v4")
    intact = generate(made.model, made.tokenizer, "Once upon a time", 12, 0.8, seed=1)
    with clamped(made.model, 5, slice(None), 0):
        operated = generate(made.model, made.tokenizer, "Once upon a time", 12, 0.8, seed=1)
    assert operated != intact
    assert generate(made.model, made.tokenizer, "Once upon a time", 12, 0.8, seed=1) == intact


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((6, [0], 0), "no layer 6; this model has 6"),
        ((-1, [0], 0), "no layer -1"),
        ((0, [3, 20], 0), "Layer 0 has no neuron 20; its neurons are 0 to 19"),
        ((0, [-1], 0), "no neuron -1"),
        ((0, [0], 0.5), "cannot be held at 0.5"),
    ],
)
def test_what_is_not_there_cannot_be_clamped(given, said):
    with pytest.raises(RealSamError, match=said), clamped(newborn("v4"), *given):
        pass


@pytest.mark.parametrize("value", [0, 1])
@VERSIONS
def test_a_cost_is_the_difference_of_two_losses(version, value):
    model = copy.deepcopy(newborn(version)).double()
    text = TOKENS[0]
    cases = [[(0, 4)], [], [(0, 1), (1, 2), (1, 3)]]
    found = costs(model, text, cases, value, batch=2)  # the last case stands in another batch
    intact = read_text(model, text[None]).nats
    assert found.shape == (3, 40)
    torch.testing.assert_close(found[1], torch.zeros(40, dtype=torch.double))
    with clamped(model, 0, [4], value):
        torch.testing.assert_close(found[:1], read_text(model, text[None]).nats - intact)
    with clamped(model, 0, [1], value), clamped(model, 1, [2, 3], value):
        torch.testing.assert_close(found[2:], read_text(model, text[None]).nats - intact)
    assert found[2].abs().max() > 0
    assert wiring(model).populations[0].lif.thr.shape == (20,)


@VERSIONS
@torch.no_grad()
def test_what_is_cut_is_gone_and_comes_back(version):
    model = newborn(version)
    before = model(TOKENS).logits
    names = [name for name, _ in model.named_parameters()]
    with without(model, "recurrence"):
        assert all(not p.lif.w_rec.any() for p in wiring(model).populations)
        assert not torch.equal(model(TOKENS).logits, before)
    with without(model, "leak"):
        assert all(not p.lif.beta.any() for p in wiring(model).populations)
        assert not torch.equal(model(TOKENS).logits, before)
    assert torch.equal(model(TOKENS).logits, before)
    assert [name for name, _ in model.named_parameters()] == names
    with pytest.raises(RealSamError, match="no 'axon' to cut"), without(model, "axon"):
        pass
