"""Figures of the benchmark: what is drawn is what was measured."""

import matplotlib.pyplot as plt
import pytest

from realsam_edu.plots import neurons as plots
from realsam_edu.plots.bench import bench_figure, plot_growth, plot_token_cost, plot_training


def row(label, speed):
    return {"label": label, "tokens_per_second": speed, "spread": [64 / speed, 80 / speed]}


@pytest.fixture
def table():
    walk = [{"token": n, "microseconds": 900.0} for n in (100, 1000)]
    line = {"sizes": [16, 32], "seconds": [0.3, 0.5], "slope": 0.0125, "intercept": 0.1, "r2": 0.99}
    rows = {"snntorch": row("snnTorch", 1000.0), "fused": row("Sam, fused", 4000.0)}
    return {
        "train": {"v4": {"batch_size": 8, "seq_len": 8, "rows": rows}},
        "generate": {"v4": {"positions": walk}, "gpt": {"positions": walk}},
        "scaling": {"T": line, "B": line, "N": line},
    }


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_bars_are_the_speeds(table):
    ax = plot_training(table["train"]["v4"])
    assert [patch.get_width() for patch in ax.patches] == [1000.0, 4000.0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["snnTorch", "Sam, fused"]
    whiskers = [sorted(line.get_xdata()) for line in ax.lines]
    assert whiskers == [pytest.approx([800.0, 1000.0]), pytest.approx([3200.0, 4000.0])]
    hatches = [patch.get_hatch() for patch in ax.patches]
    assert hatches[0] is None and hatches[1]  # never color alone


def test_cost_and_growth(table):
    ax = plot_token_cost(table["generate"])
    assert [line.get_label() for line in ax.lines] == ["Sam", "GPT"]
    assert list(ax.lines[0].get_ydata()) == [0.9, 0.9]
    ax = plot_growth(table["scaling"], name="B")
    line, points = ax.lines
    assert list(line.get_ydata()) == pytest.approx([100.0, 500.0])
    assert list(points.get_ydata()) == [300.0, 500.0]
    given = plt.subplots()[1]
    assert plot_growth(table["scaling"], given) is given


def test_the_figure_has_a_panel_for_whatever_is_measured_and_leaves_the_style_alone(table):
    plots.use_style("dark")
    try:
        before = dict(plt.rcParams)
        assert len(bench_figure(table).axes) == 3
        assert len(bench_figure({"scaling": table["scaling"]}).axes) == 1
        assert plots._active is plots.PALETTE_DARK and dict(plt.rcParams) == before
    finally:
        plots.use_style("light")
