"""Figures of speed: what is drawn is what was counted and measured."""

import pytest
from plots.figures import ORDER, TIMES, bench_table

from realsam_edu import plots
from realsam_edu.plots import speed

pytestmark = pytest.mark.usefixtures("clean_style")


def test_every_turn_stands_in_its_cell():
    ax = plots.plot_order(ORDER)
    said = {text.get_position(): text.get_text() for text in ax.texts}
    assert said == {(t, layer): str(2 * t + layer + 1) for t in range(3) for layer in range(2)}


def test_an_interrupted_round_does_not_stretch_the_axis():
    ax = plots.plot_ladder({"slow": [1.0, 1.1, 60.0], "quick": [0.4, 0.5, 3.0]})
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1000, 1100], [400, 500]]
    assert ax.get_xlim()[1] < 2000


def test_bars_are_medians_and_strokes_are_rounds():
    ax = plots.plot_ladder(TIMES)
    assert [patch.get_width() for patch in ax.patches] == pytest.approx([1000, 450])
    assert [line.get_xdata().tolist() for line in ax.lines][1] == [400, 500, 450]
    assert [text.get_text() for text in ax.texts] == ["1,000 ms", "450 ms, 2.2×"]


def test_speed_is_drawn_in_billions():
    ax = plots.plot_throughput({1: 2e9, 32: 5e10}, 1e11)
    assert ax.lines[0].get_xydata().tolist() == [[1, 2], [32, 50]]
    assert ax.lines[1].get_ydata()[0] == 100


def test_a_launch_per_operation_or_one_for_all():
    many, one = (len(plots.plot_launches(kernel).patches) for kernel in (False, True))
    lanes = speed.PROGRAMS + 1
    assert many == speed.STEPS * speed.OPERATIONS * lanes
    assert one == lanes


def test_bars_are_the_speeds():
    ax = plots.plot_training_speed(bench_table()["train"]["v4"])
    assert [patch.get_width() for patch in ax.patches] == [1000.0, 4000.0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["snnTorch", "Sam, fused"]
    whiskers = [sorted(line.get_xdata()) for line in ax.lines]
    assert whiskers == [pytest.approx([800.0, 1000.0]), pytest.approx([3200.0, 4000.0])]
    hatches = [patch.get_hatch() for patch in ax.patches]
    assert hatches[0] is None and hatches[1]  # never color alone


def test_cost_and_growth():
    table = bench_table()
    ax = plots.plot_token_cost(table["generate"])
    assert [line.get_label() for line in ax.lines] == ["Sam", "GPT"]
    assert list(ax.lines[0].get_ydata()) == [0.9, 0.9]
    ax = plots.plot_growth(table["scaling"], name="B")
    line, points = ax.lines
    assert list(line.get_ydata()) == pytest.approx([100.0, 500.0])
    assert list(points.get_ydata()) == [300.0, 500.0]
