"""The style: a theme is put on, worn for a while, and taken off again."""

import matplotlib.pyplot as plt
import pytest

from realsam_edu import plots
from realsam_edu.plots.palette import PALETTE, PALETTE_DARK

pytestmark = pytest.mark.usefixtures("clean_style")


def test_colors_are_those_of_the_theme_in_force():
    assert plots.use_style("dark") is PALETTE_DARK and plots.colors() is PALETTE_DARK
    assert plots.use_style() is PALETTE and plots.colors() is PALETTE
    assert plt.rcParams["axes.facecolor"] == PALETTE["paper"]


def test_a_foreign_style_gets_the_colors_of_light_paper():
    plots.use_style("dark")
    with plt.rc_context({"figure.facecolor": "0.9"}):
        assert plots.colors() is PALETTE
    assert plots.colors() is PALETTE_DARK


@pytest.mark.parametrize("outside", ["light", "dark"])
def test_a_theme_for_a_while_leaves_no_trace_even_after_an_error(outside):
    worn, before = plots.use_style(outside), dict(plt.rcParams)
    with plots.themed("dark") as dark:
        assert dark is PALETTE_DARK
        with pytest.raises(ZeroDivisionError), plots.themed("light") as light:
            assert light is plots.colors() is PALETTE
            1 / 0  # noqa: B018
        assert plots.colors() is PALETTE_DARK
    assert plots.colors() is worn and dict(plt.rcParams) == before


def test_axes_are_those_given_or_new_ones_of_that_size():
    ax = plots.axes(figsize=(5, 2))
    assert ax.figure.get_size_inches().tolist() == [5, 2]
    assert plots.axes(ax, figsize=(9, 9)) is ax
    assert len(plt.get_fignums()) == 1
