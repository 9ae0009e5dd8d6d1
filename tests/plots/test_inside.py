"""Figures of the inside show the numbers that they were given."""

import numpy as np
import pytest
from plots.figures import CHANCE, CLASSES, COSTS, LESIONS, RIPPLES, Z

from realsam_edu import plots
from realsam_edu.runtime.errors import RealSamError

pytestmark = pytest.mark.usefixtures("clean_style")


def labels(ax):
    return [label.get_text() for label in ax.get_legend().get_texts()]


def test_each_class_has_its_row_and_counts_who_beats_chance():
    ax, limit = plots.plot_selectivity(Z, CHANCE, CLASSES, held=Z > 0), CHANCE.max(0)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(CLASSES)
    counts = [int((Z[k] > limit[k]).sum()) for k in range(3)]
    assert [int(text.get_text()) for text in ax.texts] == counts and max(counts) > 0
    for k, lines in enumerate(ax.collections):  # the limit of each row
        assert lines.get_segments()[0][0, 0] == pytest.approx(limit[k])
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    shown = np.concatenate([line.get_xdata() for line in hollow])
    assert set(shown) <= set(np.abs(Z[Z <= 0])) and len(shown)
    said = plots.describe_selectivity(Z, CHANCE, CLASSES)
    assert f"comma: best |z| {np.abs(Z[0]).max():.1f}, chance up to {limit[0]:.1f}" in said


def test_a_token_has_a_column_and_a_spike_a_mark():
    spk = np.zeros((3, 2), np.uint8)
    spk[1, 0] = spk[2, 1] = 1
    ax = plots.plot_answers([" a", "b", "\n"], spk, ["x", "y"])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["·a", "b", "↵"]
    marks = [lines.get_segments()[0][0, 0] for lines in ax.collections]
    assert marks == [1, 2]


def test_every_draw_is_shown_and_the_line_is_their_mean():
    ax = plots.plot_costs(COSTS)
    assert labels(ax) == list(COSTS)
    drawn = [line.get_ydata() for line in ax.lines]
    for wanted in ([0.11, 0.6], [0.1, 0.12], [0.6]):
        assert any(len(y) == len(wanted) and np.allclose(y, wanted) for y in drawn)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1/8", "1/2"]
    with pytest.raises(RealSamError, match="'nothing' has no measurement"):
        plots.plot_costs({"nothing": {}})


def test_curves_are_means_and_their_bands_hold_most():
    ax = plots.plot_ripples(RIPPLES)
    assert labels(ax) == list(RIPPLES) and ax.get_ylim()[0] == 0
    assert np.allclose(ax.lines[0].get_ydata(), RIPPLES["intact"].mean(0))


def test_positions_are_pooled_in_doublings_and_errors_are_over_windows():
    ax = plots.plot_position(RIPPLES)  # (5, 20)
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == ["1", "2", "3–4", "5–8", "9–16", "17–20"]
    line, _, (bars,) = ax.containers[0]
    rows = RIPPLES["intact"]
    assert np.allclose(
        line.get_ydata()[[0, 3, 5]], [rows[:, a:b].mean() for a, b in ((0, 1), (4, 8), (16, 20))]
    )
    low, high = bars.get_segments()[3][:, 1]
    pooled = rows[:, 4:8].mean(1)
    assert high - low == pytest.approx(4 * pooled.std(ddof=1) / np.sqrt(5))


def test_lesions_stand_where_their_numbers_are():
    ax = plots.plot_lesions(LESIONS)
    drawn = [(line.get_marker(), *line.get_xdata()) for line in ax.lines]
    assert ("o", 1.5) in drawn and ("s", 0.2) in drawn and ("|", 0.1, -0.2) in drawn
