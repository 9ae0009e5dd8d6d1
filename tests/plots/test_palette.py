"""One palette for figures, widgets and site: the same roles in both themes, and readable."""

import matplotlib
import numpy as np
import pytest
from project import ROOT

from realsam_edu.plots.palette import OKABE_ITO, PALETTE, PALETTE_DARK, css_variables


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
