"""The homeostasis widget: the rule moves the thresholds, in the page and in a recorded run."""

import numpy as np
import pytest
from widget_page import module_page, trait, widget_page
from widgets.examples import make_log, two

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import Homeostasis
from realsam_edu.widgets.base import styles


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Homeostasis(recorded=make_log()), "Entry 0 of the recorded run has no thr"),
        (lambda: Homeostasis(recorded=two(rates=[0.1], thr=[[1, 2, 3]])), "no thr and no rates"),
        (lambda: Homeostasis(mode="recorded"), "no recorded run"),
        (lambda: Homeostasis(eta=-1), "eta is -1; it can be 0 to 20"),
        (lambda: Homeostasis(target=0.9), "target is 0.9"),
    ],
)
def test_a_run_that_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(RealSamError, match=words):
        make()


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": Homeostasis}) as page:
        yield page


RUN = """({ seed, windows, ...v }) => {
  const pop = script.newPopulation(seed);
  const start = Array.from(pop.log);
  for (let k = 0; k < windows; k++) script.runWindow(pop, v);
  const rows = (name) => pop.past.map((window) => Array.from(window[name]));
  const moved = start.map((x, i) => pop.log[i] - x);
  const { head } = script.describeWindow(pop, { neuron: 0, ...v });
  const { off } = script.measure(pop, v.target);
  return { thr: rows("thr"), rates: rows("rate"), now: Array.from(pop.thr), moved, head, off };
}"""

CALM = {"seed": 0, "windows": 40, "eta": 0.5, "target": 0.1, "drive": 1, "learn": False}


@pytest.mark.browser
def test_thresholds_move_by_the_rule_and_bring_the_rates_to_the_target(page):
    run = page.evaluate(RUN, CALM)
    thr, rate = np.array([*run["thr"], run["now"]]), np.array(run["rates"])
    assert np.allclose(np.diff(thr, axis=0), 0.5 * (rate - 0.1), atol=1e-6)
    assert run["rates"] == page.evaluate(RUN, CALM)["rates"]
    assert run["rates"] != page.evaluate(RUN, CALM | {"seed": 1})["rates"]
    assert np.abs(rate[-10:].mean(1) - 0.1).max() < 0.02
    assert np.abs(rate[-10:] - 0.1).mean() < 0.4 * np.abs(rate[0] - 0.1).mean()
    assert np.any(run["moved"]) == np.False_
    assert "have arrived" in run["head"]


@pytest.mark.browser
def test_without_homeostasis_nothing_moves_and_with_too_much_of_it_all_does(page):
    still = page.evaluate(RUN, CALM | {"eta": 0})
    assert np.ptp(still["thr"]) == 0
    assert "No homeostasis" in still["head"]
    wild = page.evaluate(RUN, CALM | {"eta": 20})
    assert np.mean(np.array(wild["rates"][-10:]) == 0) > 0.4
    assert wild["off"] > 3 * page.evaluate(RUN, CALM)["off"]
    assert "Too large a step" in wild["head"]


@pytest.mark.browser
def test_while_the_weights_learn_slow_thresholds_lag_behind(page):
    slow = page.evaluate(RUN, CALM | {"learn": True, "eta": 0.05})
    fast = page.evaluate(RUN, CALM | {"learn": True, "eta": 2})
    assert np.std(slow["moved"]) > 0.3
    assert "lag" in slow["head"]
    assert slow["off"] > 1.5 * fast["off"] > 1.5 * page.evaluate(RUN, CALM)["off"]


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium):
    """The widget in a narrow page without a kernel."""
    made = [Homeostasis(recorded=make_log(thr=True), recorded_label="V3")]
    css, viewport = styles("growth.css"), {"width": 400, "height": 800}
    with widget_page(chromium, made, css, width=384, viewport=viewport) as page:
        yield page


@pytest.mark.browser
def test_homeostasis_runs_stops_learns_and_starts_again(mounted):
    root = mounted.get_by_test_id("homeostasis")
    says = root.get_by_test_id("homeo-says")
    assert "Window 10." in says.inner_text()
    root.focus()
    mounted.keyboard.press("ArrowRight")
    assert "Window 11." in says.inner_text()
    mounted.keyboard.press("ArrowDown")
    assert "Neuron 1:" in says.inner_text()
    mounted.keyboard.press("l")
    assert root.get_by_test_id("learn").get_attribute("aria-pressed") == "true"
    mounted.clock.install()  # the page's time moves when the test says so
    mounted.keyboard.press("Space")
    mounted.clock.run_for(1_000)
    assert trait(mounted, 0, "window") == 15  # from 11, four a second
    mounted.keyboard.press("Space")
    mounted.keyboard.press("Home")
    assert "Nothing has run yet" in says.inner_text()
    root.get_by_test_id("eta").fill("0")
    root.get_by_test_id("learn").click()
    root.get_by_test_id("once").click()
    assert "Window 1. No homeostasis: each neuron keeps" in says.inner_text()


@pytest.mark.browser
def test_the_recorded_run_is_one_choice_away(mounted):
    root = mounted.get_by_test_id("homeostasis")
    root.get_by_test_id("mode").select_option("recorded")
    says = root.get_by_test_id("homeo-says")
    assert "Validation 1 of 24, after 50\u00a0k tokens." in says.inner_text()
    root.focus()
    mounted.keyboard.press("End")
    mounted.keyboard.press("ArrowDown")
    assert "Layer 2: fires at" in says.inner_text()
    assert "half of its thresholds lie below 1.23" in says.inner_text()
    assert trait(mounted, 0, "entry") == 23
    root.get_by_test_id("mode").select_option("live")
    assert "Window 10." in says.inner_text()
