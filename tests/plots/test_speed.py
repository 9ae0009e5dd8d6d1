"""Figures of notebook 04: what is drawn is what was counted and measured."""

import numpy as np
import pytest

from realsam_edu.plots import speed as figures

pytestmark = pytest.mark.usefixtures("clean_style")
TIMES = {"step by step": [0.9, 1.0, 1.2], "layer by layer": [0.4, 0.5, 0.45]}
ORDER = np.arange(1, 7).reshape(3, 2).T  # (L, T), step by step


def draw_all(ax=None):
    """Draw every figure of `plots_speed`; test_figures.py holds them to the rules."""
    yield figures.plot_order(ORDER, ax)
    yield figures.plot_ladder(TIMES, ax)
    yield figures.plot_launches(False, ax)
    yield figures.plot_launches(True, ax)
    yield figures.plot_throughput({1: 2e9, 32: 5e10, 2048: 9e10}, 1e11, ax)


def test_every_turn_stands_in_its_cell():
    ax = figures.plot_order(ORDER)
    said = {text.get_position(): text.get_text() for text in ax.texts}
    assert said == {(t, layer): str(2 * t + layer + 1) for t in range(3) for layer in range(2)}


def test_an_interrupted_round_does_not_stretch_the_axis():
    ax = figures.plot_ladder({"slow": [1.0, 1.1, 60.0], "quick": [0.4, 0.5, 3.0]})
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1000, 1100], [400, 500]]
    assert ax.get_xlim()[1] < 2000


def test_bars_are_medians_and_strokes_are_rounds():
    ax = figures.plot_ladder(TIMES)
    assert [patch.get_width() for patch in ax.patches] == pytest.approx([1000, 450])
    assert [line.get_xdata().tolist() for line in ax.lines][1] == [400, 500, 450]
    assert [text.get_text() for text in ax.texts] == ["1,000 ms", "450 ms, 2.2×"]


def test_speed_is_drawn_in_billions():
    ax = figures.plot_throughput({1: 2e9, 32: 5e10}, 1e11)
    assert ax.lines[0].get_xydata().tolist() == [[1, 2], [32, 50]]
    assert ax.lines[1].get_ydata()[0] == 100


def test_a_launch_per_operation_or_one_for_all():
    many, one = (len(figures.plot_launches(kernel).patches) for kernel in (False, True))
    lanes = figures.PROGRAMS + 1
    assert many == figures.STEPS * figures.OPERATIONS * lanes
    assert one == lanes
