"""The checks of notebook 10 accept the right answers and name the plausible wrong ones."""

import copy
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from checks.answers import fails, is_not_started, passes

from realsam_edu.checks import nb10 as checks
from realsam_edu.inside.selectivity import chance, selective, shifted, tuning
from realsam_edu.inside.surgery import FAR, clamped
from realsam_edu.model.wiring import wiring


def plain_tuning(spk, labels, guard=True):
    inside = np.stack([spk[row].mean(0) for row in labels])
    outside = np.stack([spk[~row].mean(0) for row in labels])
    rate, size = spk.mean(0), labels.sum(1)[:, None]
    error = np.sqrt(rate * (1 - rate) * (1 / size + 1 / (len(spk) - size)))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (inside - outside) / error
    return (np.nan_to_num(z) if guard else z), inside, outside


def test_tuning(capsys):
    passes(checks.check_tuning, tuning, capsys)
    passes(checks.check_tuning, plain_tuning, capsys)
    fails(checks.check_tuning, lambda s, y: plain_tuning(s, y, guard=False), "z has a nan")
    fails(checks.check_tuning, lambda s, y: plain_tuning(s, y)[:2], "three things")
    fails(checks.check_tuning, lambda s, y: plain_tuning(s, ~y), "z differs")
    fails(checks.check_tuning, lambda s, y: plain_tuning(s, y[:1]), r"z has shape \(1, 120\)")
    is_not_started(checks.check_tuning, capsys)


@contextmanager
def by_hand(model, layer, neurons, value, back=True, layers=(0,)):
    lifs = [wiring(model).populations[(layer + shift) % 2].lif for shift in layers]
    intact = [lif.thr for lif in lifs]
    for lif in lifs:
        lif.thr = lif.thr.clone()
        lif.thr[neurons] = -FAR if value else FAR
    yield
    for lif, thr in zip(lifs, intact, strict=True):
        lif.thr = thr if back else lif.thr


@contextmanager
def by_hook(model, layer, neurons, value):
    def hold(_, __, recorded):
        recorded[0][..., neurons] = value
        return recorded

    hook = wiring(model).populations[layer].lif.register_forward_hook(hold)
    yield
    hook.remove()


def test_clamped(capsys):
    passes(checks.check_clamped, clamped, capsys)
    passes(checks.check_clamped, by_hand, capsys)
    fails(checks.check_clamped, lambda m, a, n, v: by_hand(m, a, n, 1 - v), "held at 0")
    fails(checks.check_clamped, lambda m, a, n, v: by_hand(m, a, [1, *n], v), "Another neuron")
    fails(checks.check_clamped, lambda m, a, n, v: by_hand(m, a, n, v, layers=(0, 1)), "Another")
    fails(checks.check_clamped, lambda m, a, n, v: by_hand(m, a, n, v, back=False), "whole again")
    fails(checks.check_clamped, by_hook, "Another neuron|event-driven")


def control(spk, label, shifts, best=lambda z: np.abs(z).max(), turn=np.roll):
    return [best(tuning(spk, turn(label, by)[None]).z[0]) for by in shifts]


def shuffled(label, by):
    return label[np.random.default_rng(by).permutation(len(label))]


def test_control(capsys):
    passes(checks.check_control, control, capsys)
    passes(checks.check_control, lambda s, y, k: np.array(control(s, y, k)), capsys)
    turned_spikes = [
        lambda s, y, k: [np.abs(tuning(np.roll(s, by, 0), y[None]).z).max() for by in k],
        lambda s, y, k: control(s, y, k, turn=lambda y, by: np.concatenate([y[-by:], y[:-by]])),
    ]
    for fn in turned_spikes:
        passes(checks.check_control, fn, capsys)
    fails(checks.check_control, lambda s, y, k: control(s, y, k, np.max), "falls silent")
    fails(checks.check_control, lambda s, y, k: control(s, y, k, turn=shuffled), "one by one")
    fails(
        checks.check_control,
        lambda s, y, k: control(s, y, k, lambda z: np.abs(z).mean()),
        "mean over neurons",
    )
    fails(
        checks.check_control,
        lambda s, y, k: control(s, y, k, turn=lambda y, _: y),
        "not turned round",
    )
    fails(checks.check_control, lambda s, y, k: max(control(s, y, k)), r"got shape \(\)")
    fails(checks.check_control, lambda s, y, k: [1.1 * z for z in control(s, y, k)], "Expected")
    is_not_started(checks.check_control, capsys)


def silence(model, layer, neurons, threshold=FAR):
    model = copy.deepcopy(model)
    wiring(model).populations[layer].lif.thr[neurons] = threshold
    return model


@torch.no_grad()
def unheard(model, layer, neurons, rows=False, everywhere=True):
    model = copy.deepcopy(model)
    part = wiring(model).populations[layer]
    for matrix in part.matrices if everywhere else [part.lif.w_rec]:
        if rows:
            matrix[neurons] = 0
        else:
            matrix[:, neurons] = 0
    return model


def by_hook_silence(model, layer, neurons):
    model = copy.deepcopy(model)

    def hold(_, __, recorded):
        recorded[0][..., neurons] = 0
        return recorded

    wiring(model).populations[layer].lif.register_forward_hook(hold)
    return model


def in_place(model, layer, neurons):
    wiring(model).populations[layer].lif.thr[neurons] = FAR
    return model


def test_silence(capsys):
    passes(checks.check_silence, silence, capsys)
    passes(checks.check_silence, unheard, capsys)
    passes(checks.check_silence, lambda m, a, n: silence(m, a, n, torch.inf), capsys)
    fails(checks.check_silence, in_place, "operate on a copy")
    fails(checks.check_silence, lambda m, a, n: unheard(m, a, n, rows=True), "column")
    fails(checks.check_silence, lambda m, a, n: unheard(m, a, n, everywhere=False), "still hears")
    fails(checks.check_silence, lambda m, a, n: silence(m, a, [*n, 9]), "others fell silent")
    fails(checks.check_silence, lambda m, a, n: copy.deepcopy(m), "Nothing has changed")
    fails(checks.check_silence, lambda m, a, n: "done", "Return the operated model")
    fails(checks.check_silence, by_hook_silence, "still hears|calls no hook")
    is_not_started(checks.check_silence, capsys)


def verdict(spk, label, other_spk, other_label, limit=None, second=True, signed=False):
    first, other = tuning(spk, label[None]), tuning(other_spk, other_label[None])
    if limit is None:
        limit = chance(spk, shifted(label[None])).max(0)
    real = selective(first, other if second else first, np.broadcast_to(limit, 1))
    return np.flatnonzero(real[0] & ((first.z[0] > 0) | (not signed)))


def sorted_out(spk, label, other_spk, other_label):
    """Another style: a percentile of fewer shifts, a mask, and half the limit on the second."""
    first, other = (tuning(s, y[None]).z[0] for s, y in ((spk, label), (other_spk, other_label)))
    limit = np.quantile(chance(spk, shifted(label[None], 40, seed=5)), 0.95)
    return (np.abs(first) > limit) & (np.abs(other) > 0.8 * limit) & (first * other > 0)


def test_verdict(capsys):
    passes(checks.check_verdict, verdict, capsys)
    passes(checks.check_verdict, lambda *a: verdict(*a).tolist(), capsys)
    passes(checks.check_verdict, sorted_out, capsys)
    fails(checks.check_verdict, lambda *a: verdict(*a, limit=2.0), "limit is too low")
    fails(checks.check_verdict, lambda *a: verdict(*a, second=False), "first text only")
    fails(checks.check_verdict, lambda *a: verdict(*a, signed=True), "falls silent")
    fails(checks.check_verdict, lambda *a: verdict(*a, limit=40.0), "falls silent|too high")
    is_not_started(checks.check_verdict, capsys)


@pytest.mark.parametrize("seed", [10, 20, 30])
def test_the_planted_populations_leave_room_between_right_and_wrong(seed):
    spk, label = checks.planted_text(seed)
    other = tuning(*(part for part in _second(seed)))
    z, limit = np.abs(tuning(spk, label[None]).z[0]), chance(spk, shifted(label[None])).max()
    assert min(z[list(checks.PLANTED)]) > 1.2 * limit
    assert min(z[list(checks.IMPOSTORS)]) > limit
    assert np.abs(other.z[0, list(checks.PLANTED)]).min() > 1.2 * limit


def _second(seed):
    spk, label = checks.planted_text(seed + 1, second=True)
    return spk, label[None]
