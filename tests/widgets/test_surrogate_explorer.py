"""The surrogate explorer: slope, area and reach are those of the equation."""

import math

import numpy as np
import pytest
import torch
from widget_page import module_page, widget_page

from realsam_edu.neurons import surrogate_grad
from realsam_edu.widgets import SurrogateExplorer
from realsam_edu.widgets.base import styles

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": SurrogateExplorer}) as page:
        yield page


@pytest.mark.parametrize("k", [0.5, 2.0, 25.0])
def test_the_page_knows_the_surrogate(page, k):
    x = np.linspace(-2, 2, 41)
    got = page.evaluate("([x, k]) => x.map((v) => script.surrogate(v, k))", [x.tolist(), k])
    assert np.allclose(got, surrogate_grad(torch.from_numpy(x), k).numpy(), atol=1e-6)
    area = page.evaluate("(k) => script.surrogateIntegral(1.5, k)", k)
    fine = np.linspace(0, 1.5, 20001)
    assert area == pytest.approx(np.trapezoid(1 / (1 + k * fine) ** 2, fine), abs=1e-5)
    phi = lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2)))  # noqa: E731
    c = (math.sqrt(10) - 1) / k
    share = page.evaluate("(k) => script.shareReached(k)", k)
    assert share == pytest.approx(phi((c + 0.77) / 0.6) - phi((-c + 0.77) / 0.6), abs=1e-5)


def test_the_slider_changes_the_sentence(chromium):
    with widget_page(chromium, [SurrogateExplorer()], styles(), width=700) as page:
        page.get_by_test_id("surrogate-slope").fill("25")
        assert "k = 25.0" in page.get_by_test_id("surrogate-says").inner_text()
