"""Twins that differ in one spike: the difference is what was asked for, and is measured."""

import pytest
import torch

from realsam_edu.inside.memory import by_position, ripple
from realsam_edu.inside.reading import read_text
from realsam_edu.inside.surgery import without
from realsam_edu.model.versions import MODELS, build
from realsam_edu.model.wiring import wiring
from realsam_edu.neurons.lif import LIFState
from realsam_edu.runtime.errors import RealSamError

TOKENS = torch.randint(17, (400,), generator=torch.Generator().manual_seed(3))
VERSIONS = pytest.mark.parametrize("version", MODELS)


def newborn(version: str):
    return build(version, 17, 0, embed=12, hidden=20).double().eval()


def populations(state):
    return [part for part in state if isinstance(part, LIFState)]


@VERSIONS
@torch.no_grad()
def test_a_flip_in_the_last_layer_is_one_spike_and_reaches_the_scores_at_once(version):
    model = newborn(version)
    state, last = read_text(model, TOKENS[None, :30]).state, len(wiring(model).populations) - 1
    found = ripple(model, TOKENS[29:40], state, [(last, 4), (last, 9)])
    assert found.spk.shape == found.mem.shape == found.kl.shape == (2, 11)
    assert found.spk[:, 0].tolist() == [1, 1]
    assert not found.mem[:, 0].any()  # its own membrane is left alone
    assert (found.kl[:, 0] > 0).all()


@VERSIONS
@torch.no_grad()
def test_a_flip_is_what_one_gets_by_changing_the_state_by_hand(version):
    """From the step after the flip on: the copy that hears 1 for 0 in the recurrence."""
    model = newborn(version)
    state = read_text(model, TOKENS[None, :30]).state
    last = len(wiring(model).populations) - 1  # behind it nobody hears the flip in the same step
    found = ripple(model, TOKENS[29:40], state, [(last, 4)])
    logits, plain = model.step(TOKENS[29:30], state)
    spk = plain[last].spk.clone()
    spk[0, 4] = 1 - spk[0, 4]
    turned = (*plain[:last], LIFState(spk, plain[last].mem), *plain[last + 1 :])
    for t, token in enumerate(TOKENS[30:40], 1):
        logits, plain = model.step(token[None], plain)
        other, turned = model.step(token[None], turned)
        pairs = zip(populations(plain), populations(turned), strict=True)
        assert found.spk[0, t] == sum((a.spk != b.spk).sum() for a, b in pairs)
        p, q = logits.log_softmax(-1), other.log_softmax(-1)
        torch.testing.assert_close(found.kl[0, t], (p.exp() * (p - q)).sum())
        pairs = zip(populations(plain), populations(turned), strict=True)
        distance = torch.cat([(a.mem - b.mem).abs() for a, b in pairs]).mean()
        torch.testing.assert_close(found.mem[0, t], distance)


@VERSIONS
@torch.no_grad()
def test_copies_that_nobody_touches_stay_twins(version):
    model = newborn(version)
    state = read_text(model, torch.stack([TOKENS[:30]] * 3)).state
    found = ripple(model, TOKENS[29:60], state)
    assert not found.spk.any() and not found.mem.any()
    assert found.kl.abs().max() < 1e-12


@torch.no_grad()
def test_without_recurrence_and_leak_nothing_is_remembered():
    model = newborn("v2")
    state = read_text(model, TOKENS[None, :30]).state
    with without(model, "recurrence"), without(model, "leak"):
        found = ripple(model, TOKENS[29:60], state, [(2, n) for n in range(20)])
    assert not found.spk[:, 1:].any()
    kept = ripple(model, TOKENS[29:60], state, [(2, n) for n in range(20)])
    assert kept.mem[:, 1:].any()


@torch.no_grad()
def test_different_pasts_are_told_apart():
    model = newborn("v4")
    state = read_text(model, TOKENS[:90].view(3, 30)).state
    found = ripple(model, TOKENS[100:120], state)
    assert (found.spk[:, 0] > 1).all() and (found.mem[:, 0] > 0).all()


@torch.no_grad()
def test_one_token_is_enough():
    model = newborn("v1")
    assert ripple(model, TOKENS[:1], model.zero_state(1), [(0, 1)]).kl.shape == (1, 1)


@pytest.mark.parametrize("flip", [(2, 0), (0, 20), (-1, 0), (0, -1)])
def test_a_neuron_that_is_not_there_cannot_be_flipped(flip):
    model = newborn("v1")
    with pytest.raises(RealSamError, match=f"no neuron {flip[1]} in a layer {flip[0]}"):
        ripple(model, TOKENS[:3], model.zero_state(1), [flip])
    assert not any(part._forward_hooks for part in model.modules())


@VERSIONS
def test_by_position_reads_the_same_tokens_twice(version):
    model = newborn(version)
    found = by_position(model, TOKENS, length=16, streams=2)
    count = 399 // 32  # windows per stream, of which the first is the past of the others
    assert found.reset.shape == found.carried.shape == (2 * (count - 1), 16)
    first = TOKENS[None, 16:33]  # the second window of the first stream
    torch.testing.assert_close(found.reset[:1], read_text(model, first).nats)
    past = read_text(model, TOKENS[None, : 16 * count + 1], chunk=16).nats
    torch.testing.assert_close(found.carried[0], past[0, 16:32])
    torch.testing.assert_close(found.carried[count - 2], past[0, -16:])
    assert not torch.allclose(found.reset[:, 0], found.carried[:, 0])


def test_two_windows_are_the_least():
    with pytest.raises(RealSamError, match="at least 129"):
        by_position(newborn("v1"), TOKENS[:128], length=16, streams=4)
    assert by_position(newborn("v1"), TOKENS[:129], length=16, streams=4).reset.shape == (4, 16)
