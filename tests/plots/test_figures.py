"""What every figure keeps to: it draws without a warning, and on the axes that it is given."""

import matplotlib.pyplot as plt
import pytest
from plots import test_plots, test_speed, test_training

from realsam_edu import plots

pytestmark = pytest.mark.usefixtures("clean_style")
each_module = pytest.mark.parametrize(
    "draw_all",
    [module.draw_all for module in (test_plots, test_speed, test_training)],
    ids=["plots", "speed", "training"],
)


@each_module
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_draws_without_a_warning(draw_all, theme):
    plots.use_style(theme)
    for ax in draw_all():
        ax.figure.canvas.draw()


@each_module
def test_a_figure_uses_the_axes_it_is_given_and_opens_no_other(draw_all):
    _, ax = plt.subplots()
    assert all(drawn is ax for drawn in draw_all(ax))
    assert len(plt.get_fignums()) == 1
