"""What every figure keeps to: no warning, the axes that it is given, nothing changed."""

import pickle

import matplotlib.pyplot as plt
import pytest
from plots.figures import EVERY, bench_table

from realsam_edu import plots

pytestmark = pytest.mark.usefixtures("clean_style")
each_figure = pytest.mark.parametrize("name", EVERY)


def draw(name, ax=None):
    figure, given, named = EVERY[name]
    return figure(*given, ax=ax, **named)


@each_figure
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_draws_without_a_warning_and_in_its_theme(name, theme):
    paper = plots.use_style(theme)["paper"]
    ax = draw(name)
    ax.figure.canvas.draw()
    assert plt.matplotlib.colors.to_hex(ax.figure.get_facecolor()).upper() == paper


@each_figure
def test_a_figure_uses_the_axes_it_is_given_and_opens_no_other(name):
    ax = plots.axes()
    assert draw(name, ax) is ax
    assert len(plt.get_fignums()) == 1


@each_figure
def test_inputs_are_left_as_they_were(name):
    _, given, named = EVERY[name]
    before = pickle.dumps((given, named))
    draw(name)
    assert pickle.dumps((given, named)) == before


def test_no_figure_is_forgotten_here():
    public = {value for name, value in vars(plots).items() if name.startswith("plot_")}
    assert {figure for figure, _, _ in EVERY.values()} == public | {plots.version_map}


def test_the_bench_figure_has_a_panel_for_whatever_is_measured_and_leaves_the_style_alone():
    table, dark = bench_table(), plots.use_style("dark")
    before = dict(plt.rcParams)
    figure = plots.bench_figure(table)
    assert len(figure.axes) == 3
    assert figure.get_facecolor() != plt.matplotlib.colors.to_rgba(dark["paper"])
    assert len(plots.bench_figure({"scaling": table["scaling"]}).axes) == 1
    assert plots.colors() is dark and dict(plt.rcParams) == before
