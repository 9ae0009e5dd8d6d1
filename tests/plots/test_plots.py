"""Figures: they draw what they are given, change nothing, and share one palette with the site."""

import re

import matplotlib
import numpy as np
import pytest
import torch
from project import ROOT

from realsam_edu.plots import neurons as plots
from realsam_edu.plots.palette import OKABE_ITO, PALETTE, PALETTE_DARK, css_variables

pytestmark = pytest.mark.usefixtures("clean_style")


def some_spikes(steps=40, neurons=30, rate=0.1):
    return (np.random.default_rng(0).random((steps, neurons)) < rate).astype(np.uint8)


def test_the_site_wears_the_palette():
    css = (ROOT / "book/static/realsam.css").read_text(encoding="utf-8")
    for theme in ("light", "dark"):
        block = f'html[data-theme="{theme}"] {{\n{css_variables(theme)}\n}}'
        assert block in css, f"paste css_variables('{theme}') into book/static/realsam.css"
    assert css.count(PALETTE["paper"]) == 2  # and the card that carries figures in the dark


def test_roles_are_the_same_in_both_themes_and_hues_are_okabe_ito():
    assert PALETTE.keys() == PALETTE_DARK.keys()
    roles = ("membrane", "spike", "current", "surrogate", "stress", "layer1", "layer2")
    assert {PALETTE[role] for role in roles} <= set(OKABE_ITO.values())


def luminance(color):
    rgb = np.array(matplotlib.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("colors", [PALETTE, PALETTE_DARK], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(colors):
    def contrast(a, b):
        low, high = sorted([luminance(colors[a]), luminance(colors[b])])
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "panel"):
        assert contrast("ink", ground) > 7
        assert contrast("muted", ground) > 4.5
    for mark in ("membrane", "spike", "threshold", "current", "true_gradient", "layer1", "layer2"):
        assert contrast(mark, "paper") > 3
    assert contrast("membrane", "paper") > 4.5  # links, and the label of the Play button


def draw_all(ax=None):
    """Draw every figure of `plots`; test_figures.py holds them to the rules of all figures."""
    spk = some_spikes()
    mem = spk[:, 0] * 1.2
    yield plots.plot_membrane(mem, spk[:, 0], 1.0, ax=ax, cur=mem / 2)
    yield plots.plot_raster(spk, ax=ax)
    yield plots.plot_raster(np.stack([spk, spk]), ax=ax)
    yield plots.plot_surrogate((2, 25), ax=ax)
    histories = {"a": [(0, 3.0), (10, 2.0)], "b": [(0, 3.0), (9, 2.5)]}
    yield plots.plot_loss(histories, ax, floors={"unigram": 2.9})
    yield plots.plot_rates([spk.mean(0), spk.mean(0)], ax=ax)
    yield plots.plot_rates(torch.from_numpy(spk).float().mean(0), ax=ax)
    yield plots.version_map("V2", ax=ax)


def test_inputs_are_left_as_they_were():
    spk = torch.from_numpy(some_spikes()).float().requires_grad_()
    before = spk.detach().clone()
    plots.plot_raster(spk)
    plots.plot_membrane(spk[:, 0], spk[:, 0], torch.tensor(1.0))
    assert torch.equal(spk, before)


def test_a_raster_shows_every_spike(monkeypatch):
    spk = some_spikes()
    ax = plots.plot_raster(spk)
    assert sum(len(c.get_segments()) for c in ax.collections) == spk.sum()
    monkeypatch.setattr(plots, "MAX_MARKS", 10)
    image = plots.plot_raster(spk).images[0].get_array()
    assert np.array_equal(image[..., 3] > 0, spk.T > 0)


def test_the_threshold_is_dashed_and_spikes_are_marked():
    mem, spk = np.array([0.5, 1.5, 0.2, 1.1]), np.array([0, 1, 0, 1])
    ax = plots.plot_membrane(mem, spk, 1.0)
    threshold = next(line for line in ax.lines if "threshold" in line.get_label())
    assert threshold.is_dashed()
    marks = next(line for line in ax.lines if "spike" in line.get_label())
    assert marks.get_xdata().tolist() == [1, 3]
    assert marks.get_ydata().tolist() == [1.5, 1.1]


def test_a_raster_is_described_by_its_numbers():
    spk = np.zeros((10, 5))
    assert "no neuron fires" in plots.describe_raster(spk)
    spk[3], spk[:, 2] = 1, 1
    said = plots.describe_raster(spk)
    assert "5 neurons over 10 time steps" in said
    assert "to 5 (step 3)" in said
    assert "neuron 2, fires in 100% of the steps" in said
    assert "10 neurons" in plots.describe_raster(np.stack([spk, spk]))


def test_version_map_says_where_we_are():
    for name in ("V1", "V4"):
        texts = [text.get_text() for text in plots.version_map(name).texts]
        assert sum(bool(re.search("you are here", text)) for text in texts) == 1
        assert {"V1", "V2", "V3", "V4"} <= set(texts)
