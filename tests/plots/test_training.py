"""Figures of training runs and populations: they say what the data says, or refuse it."""

import numpy as np
import pytest
import torch

from realsam_edu.plots import training as figures
from realsam_edu.runtime.errors import RealSamError

pytestmark = pytest.mark.usefixtures("clean_style")
PHASES = ("words", "phrases", "stories")


def run_log(entries=12, layers=6):
    """A run of three phases whose thresholds spread."""
    return [
        {
            "tokens": 100_000 * (i + 1),
            "phase": PHASES[min(i // 4, 2)],
            "loss": 6.0 - 0.2 * i,
            "val": None if i == 1 else 6.1 - 0.2 * i,
            "thr": [[0.9 - 0.01 * i, 1.0 + 0.1 * n, 1.5 + 0.1 * n] for n in range(layers)],
        }
        for i in range(entries)
    ]


TABLE = {"V4": [2.7, 2.72, 2.71], "no stress": [2.74, 2.73, 2.75], "no diversity": [2.69]}


def draw_all(ax=None):
    """Draw every figure of `plots_training`; test_figures.py holds them to the rules."""
    log = run_log()
    control = [{"tokens": e["tokens"], "loss": 5.5, "val": 5.6} for e in log]
    table = [{"phase": p, "seq_len": 8 * 2**i} for i, p in enumerate(PHASES)]
    yield figures.plot_curriculum({"curriculum": log, "control": control}, table, ax)
    yield figures.plot_curriculum({"control": control}, ax=ax, which="loss")
    yield figures.plot_ablation(TABLE, ax)
    yield figures.plot_thresholds(log, ax)
    yield figures.plot_thresholds(log, ax, layers=[0, 5])
    rates = np.random.default_rng(0).lognormal(-2.3, 0.5, 300)
    yield figures.plot_rate_histogram(rates, ax)
    yield figures.plot_rate_histogram(torch.from_numpy(rates), ax)
    yield figures.plot_floor({"V2": [(0, 5.0), (900_000, 3.1)]}, 2.9, ax)
    yield figures.plot_diversity(np.random.default_rng(0).lognormal(-0.125, 0.5, 64), ax=ax)


def test_phases_are_bands_where_the_log_changes_its_phase():
    log = run_log()
    ax = figures.plot_curriculum({"curriculum": log})
    edges = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    assert edges == [400_000, 800_000]
    assert [text.get_text() for text in ax.texts] == ["1 words", "2 phrases", "3 stories"]
    curve = ax.lines[0].get_xydata()
    assert np.isnan(curve[:, 1]).sum() == 2  # no line joins phases
    assert len(curve) - 2 == 11  # one validation was not measured
    assert curve[-1].tolist() == [1_200_000, log[-1]["val"]]


def test_every_seed_is_a_mark_and_the_first_row_the_reference():
    ax = figures.plot_ablation(TABLE)
    marks = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    assert sorted(float(m.get_xdata()[0]) for m in marks) == sorted(
        x for nats in TABLE.values() for x in nats
    )
    dashed = next(line for line in ax.lines if line.is_dashed())
    assert dashed.get_xdata()[0] == pytest.approx(2.71)
    words = " ".join(text.get_text() for text in ax.texts)
    assert "2.740 ± 0.010  (+0.030)" in words
    assert "2.690  (−0.020)" in words  # one seed has no spread
    assert [label.get_text() for label in ax.get_yticklabels()] == list(TABLE)


def test_the_histogram_says_how_many_neurons_lie_in_the_band():
    ax = figures.plot_rate_histogram(np.array([0.0, 0.005, 0.05, 0.1, 0.1, 0.2, 0.3, 0.9]))
    assert any("62.5% of the 8 neurons" in text.get_text() for text in ax.texts)
    assert ax.get_xlim()[1] > 0.9


def test_a_loss_under_the_floor_is_drawn_and_named():
    ax = figures.plot_floor({"leak": [(0, 3.0), (10, 2.5)], "honest": [(0, 3.0), (10, 2.9)]}, 2.7)
    assert ax.get_ylim()[0] < 2.5
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["leak: −0.20", "honest: +0.20"]


def test_gains_at_stress_zero_are_one():
    ax = figures.plot_diversity([0.5, 2.0, 1.0], stress=(0, 0.5))
    flat, half = (line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 3)
    assert flat.tolist() == [1, 1, 1]
    assert half.tolist() == [1.25, 1.5, 2.0]


def test_figures_are_described_by_their_numbers():
    log = run_log()
    said = figures.describe_curriculum({"curriculum": log, "first four": log[:4]})
    assert "on its own text: words 5.50, phrases 4.70, stories 3.90." in said
    assert "first four: 6.10 at 0.10 M, 5.50 at 0.40 M." in said
    said = figures.describe_ablation(TABLE)
    assert "V4: mean 2.710, seeds 2.700, 2.720, 2.710." in said
    assert "no diversity: mean 2.690, seeds 2.690, -0.020 against V4." in said


def test_what_cannot_be_drawn_is_refused_in_a_sentence():
    log = [{"tokens": 1, "loss": 2.0, "thr": None}]
    with pytest.raises(RealSamError, match="only V3"):
        figures.plot_thresholds(log)
    with pytest.raises(RealSamError, match="'val'"):
        figures.plot_curriculum({"a": log})
    with pytest.raises(RealSamError, match="without a seed"):
        figures.plot_ablation({"V4": []})


def test_inputs_are_left_as_they_were():
    log, table = run_log(), {label: list(nats) for label, nats in TABLE.items()}
    figures.plot_curriculum({"a": log})
    figures.plot_thresholds(log)
    figures.plot_ablation(table)
    assert log == run_log()
    assert table == TABLE
