"""Selectivity: planted neurons are found, and what merely looks selective is not."""

import numpy as np
import pytest

from realsam_edu.inside.selectivity import chance, selective, shifted, tuning
from realsam_edu.runtime.errors import RealSamError

STEPS, NEURONS = 3000, 200


def slow(rng, share, length=60):
    """A label that stands for `length` tokens at a time, (STEPS,) bool."""
    return np.repeat(rng.random(STEPS // length) < share, length)


def population(rng):
    """Neurons that drift slowly and know nothing, (STEPS, NEURONS) uint8."""
    busy = np.stack([slow(rng, 0.3) for _ in range(NEURONS)], 1)  # (STEPS, NEURONS)
    return (rng.random((STEPS, NEURONS)) < np.where(busy, 0.25, 0.03)).astype(np.uint8)


def text(seed):
    """Spikes and the labels of a slow and a quick class; neurons 3 and 5 follow them."""
    rng = np.random.default_rng(seed)
    spk, labels = population(rng), np.stack([slow(rng, 0.4), rng.random(STEPS) < 0.05])
    spk[:, 3] = rng.random(STEPS) < np.where(labels[0], 0.5, 0.05)
    spk[:, 5] = rng.random(STEPS) < np.where(labels[1], 0.02, 0.3)  # it falls silent
    return spk, labels


def test_z_is_the_test_of_two_proportions():
    spk = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 1], [1, 0, 1]], np.uint8)
    labels = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 1, 1]], bool)
    found = tuning(spk, labels)
    for k in range(2):
        for m in range(3):
            inside, outside = spk[labels[k], m], spk[~labels[k], m]
            rate = spk[:, m].mean()
            error = np.sqrt(rate * (1 - rate) * (1 / len(inside) + 1 / len(outside)))
            assert found.inside[k, m] == pytest.approx(inside.mean())
            assert found.outside[k, m] == pytest.approx(outside.mean())
            assert found.z[k, m] == pytest.approx((inside.mean() - outside.mean()) / error)


def test_a_neuron_that_never_changes_has_no_z():
    spk = np.zeros((8, 2), np.uint8)
    spk[:, 1] = 1
    assert not tuning(spk, np.array([[1, 0] * 4], bool)).z.any()


@pytest.mark.parametrize("row", [[0] * 5, [1] * 5])
def test_a_class_with_nothing_to_compare_is_refused(row):
    labels = np.array([[0, 1, 0, 1, 0], row], bool)
    with pytest.raises(RealSamError, match=rf"Class 1 holds {sum(row)} of 5 tokens"):
        tuning(np.ones((5, 3), np.uint8), labels)


def test_slow_noise_beats_the_formula_and_not_the_shifts():
    """A slow class finds "its" neurons among neurons that know nothing; the control does not."""
    spk, labels = text(0)
    ignorant = np.delete(np.arange(NEURONS), [3, 5])
    found = tuning(spk, labels)
    by_formula = (np.abs(found.z[0, ignorant]) > 4).sum()  # once in 80 such texts, if independent
    limit = chance(spk, shifted(labels)).max(0)
    assert by_formula >= 5
    assert limit[0] > 6 > 5 > np.median(chance(spk[:, ignorant], shifted(labels))[:, 1])
    other = tuning(*text(1))
    real = selective(found, other, limit)
    assert real[0, 3] and real[1, 5] and real.sum() == 2
    assert found.z[1, 5] < 0  # who falls silent answers, too


def test_labels_of_another_text_do_as_well():
    spk, labels = text(0)
    limit = chance(spk, (text(seed)[1] for seed in range(10, 40))).max(0)
    assert selective(tuning(spk, labels), tuning(*text(1)), limit).sum() == 2


def test_a_shift_keeps_the_rhythm_and_moves_far_enough():
    labels = np.zeros((2, 400), bool)
    labels[:, :7], labels[1, 30] = True, True
    turned = list(shifted(labels, shifts=300, seed=2))
    assert len(turned) == 300
    for one in turned:
        by = int(np.flatnonzero(one[0] & ~np.roll(one[0], 1))[0])
        assert 20 <= by <= 380 and np.array_equal(one, np.roll(labels, by, 1))
    assert np.array_equal(next(shifted(labels, seed=2)), turned[0])


def test_what_turns_its_sign_on_the_other_text_is_not_confirmed():
    spk, labels = text(0)
    found = tuning(spk, labels)
    assert not selective(found, found._replace(z=-found.z), np.array([1.0, 1.0])).any()
    assert not selective(found, found, np.array([1e9, 1e9])).any()
