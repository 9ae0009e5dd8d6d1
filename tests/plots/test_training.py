"""Figures of training runs and populations: they say what the data says, or refuse it."""

import numpy as np
import pytest
from plots.figures import ABLATION, run_log

from realsam_edu import plots
from realsam_edu.runtime.errors import RealSamError

pytestmark = pytest.mark.usefixtures("clean_style")


def test_phases_are_bands_where_the_log_changes_its_phase():
    log = run_log()
    ax = plots.plot_curriculum({"curriculum": log})
    edges = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    assert edges == [400_000, 800_000]
    assert [text.get_text() for text in ax.texts] == ["1 words", "2 phrases", "3 stories"]
    curve = ax.lines[0].get_xydata()
    assert np.isnan(curve[:, 1]).sum() == 2  # no line joins phases
    assert len(curve) - 2 == 11  # one validation was not measured
    assert curve[-1].tolist() == [1_200_000, log[-1]["val"]]


def test_every_seed_is_a_mark_and_the_first_row_the_reference():
    ax = plots.plot_ablation(ABLATION)
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    assert sorted(float(m.get_xdata()[0]) for m in marks) == sorted(
        x for nats in ABLATION.values() for x in nats
    )
    dashed = next(line for line in ax.lines if line.is_dashed())
    assert dashed.get_xdata()[0] == pytest.approx(2.71)
    words = " ".join(text.get_text() for text in ax.texts)
    assert "2.740 ± 0.010  (+0.030)" in words
    assert "2.690  (−0.020)" in words  # one seed has no spread
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ABLATION)


def test_the_histogram_says_how_many_neurons_lie_in_the_band():
    ax = plots.plot_rate_histogram(np.array([0.0, 0.005, 0.05, 0.1, 0.1, 0.2, 0.3, 0.9]))
    assert any("62.5% of the 8 neurons" in text.get_text() for text in ax.texts)
    assert ax.get_xlim()[1] > 0.9


def test_a_loss_under_the_floor_is_drawn_and_named():
    ax = plots.plot_floor({"leak": [(0, 3.0), (10, 2.5)], "honest": [(0, 3.0), (10, 2.9)]}, 2.7)
    assert ax.get_ylim()[0] < 2.5
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["leak: −0.20", "honest: +0.20"]


def test_gains_at_stress_zero_are_one():
    ax = plots.plot_diversity([0.5, 2.0, 1.0], stress=(0, 0.5))
    flat, half = (line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 3)
    assert flat.tolist() == [1, 1, 1]
    assert half.tolist() == [1.25, 1.5, 2.0]


def test_figures_are_described_by_their_numbers():
    log = run_log()
    said = plots.describe_curriculum({"curriculum": log, "first four": log[:4]})
    assert "on its own text: words 5.50, phrases 4.70, stories 3.90." in said
    assert "first four: 6.10 at 0.10 M, 5.50 at 0.40 M." in said
    said = plots.describe_ablation(ABLATION)
    assert "V4: mean 2.710, seeds 2.700, 2.720, 2.710." in said
    assert "no diversity: mean 2.690, seeds 2.690, -0.020 against V4." in said


def test_what_cannot_be_drawn_is_refused_in_a_sentence():
    log = [{"tokens": 1, "loss": 2.0, "thr": None}]
    with pytest.raises(RealSamError, match="only V3"):
        plots.plot_thresholds(log)
    with pytest.raises(RealSamError, match="'val'"):
        plots.plot_curriculum({"a": log})
    with pytest.raises(RealSamError, match="without a seed"):
        plots.plot_ablation({"V4": []})
