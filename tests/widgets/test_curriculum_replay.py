"""The curriculum replay: what Python packs, what the page reads, what a keyboard does to it."""

import math

import numpy as np
import pytest
from widget_page import module_page, state_of, trait, widget_page
from widgets.examples import CARD, PHASES, make_control, make_log, two

from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import CurriculumReplay
from realsam_edu.widgets.base import styles
from realsam_edu.widgets.curriculum_replay import phase_groups, replay_traits

# ------------------------------------------------------------------ what Python packs


def test_a_run_is_packed_column_by_column():
    log = make_log()
    log[2]["val"] = None
    traits = replay_traits(log, CARD, make_control(log))
    columns = np.frombuffer(traits["numbers"], "<f4").reshape(len(traits["fields"]), -1)
    run = dict(zip(traits["fields"], columns, strict=True))
    assert run["tokens"].tolist() == [e["tokens"] for e in log]
    assert np.isnan(run["val"]).tolist() == [i == 2 for i in range(24)]
    rates = np.frombuffer(traits["rates"], "<f4").reshape(24, 6)
    assert np.allclose(rates, [e["rates"] for e in log])
    assert [(p["name"], p["first"]) for p in traits["phases"]] == [
        (name, 4 * k) for k, name in enumerate(PHASES)
    ]
    assert traits["phases"][0]["ended"] == "converged"
    assert len(np.frombuffer(traits["control_numbers"], "<f4")) == 3 * 24


def test_a_phase_that_returns_finds_its_own_line_of_the_table():
    log = [{"tokens": i, "loss": 1.0, "phase": p} for i, p in enumerate(["a", "b", "b", "a"])]
    table = [{"phase": "a", "epochs": 1}, {"phase": "b", "epochs": 2}, {"phase": "a", "epochs": 3}]
    groups = phase_groups(log, table)
    found = [(g["phase"], g["first"], g["last"], g["epochs"]) for g in groups]
    assert found == [("a", 0, 0, 1), ("b", 1, 2, 2), ("a", 3, 3, 3)]


def test_the_log_of_v1_is_enough():
    entry = {"tokens": 10, "loss": 2.0, "val": 2.1, "rate": 0.1}
    widget = CurriculumReplay([entry, entry | {"tokens": 20}], entry=99)
    assert widget.entry == 1
    assert widget.rates == b""
    assert widget.samples == ["", ""]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CurriculumReplay([]), "log is empty"),
        (lambda: CurriculumReplay(two(loss=None)), "Entry 1 of the log has no loss"),
        (lambda: CurriculumReplay(two(tokens=0)), "go back"),
        (lambda: CurriculumReplay(two(), control=[{"tokens": 1}]), "control log has no loss"),
        (lambda: CurriculumReplay([two()[0] | {"rates": [0.1]}, two(rates=[1, 2])[1]]), "disagree"),
    ],
)
def test_a_run_that_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(RealSamError, match=words):
        make()


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": CurriculumReplay}) as page:
        yield page


@pytest.mark.browser
def test_the_page_reads_the_run_that_python_packed(page):
    log = make_log()
    state = state_of(CurriculumReplay(log, CARD, make_control(log), val_label="stories"))
    ask = """([state, i]) => {
      unpack(state);
      const run = script.readRun({ get: (name) => state[name] });
      return [script.phaseAt(run, i), script.phaseStart(run, script.phaseAt(run, i)),
        Object.fromEntries(script.describeEntry(run, i)), script.describePhase(run, i)];
    }"""
    phase, start, rows, words = page.evaluate(ask, [state, 9])
    assert (phase, start) == (2, 8 * 50_000)
    assert rows["tokens read"] == "500\u00a0k"
    assert rows["stories loss"] == "5.20\u00a0nats"
    assert rows["perplexity"] == f"{math.exp(5.2):.1f}"
    assert "control, same tokens" not in rows  # another text than the control's
    assert rows["firing rate"] == "10.0\u00a0%, in\u00a0band"
    assert words["title"] == "Phase 3 of 6: sentences"
    rows = page.evaluate(ask, [state, 13])[2]
    assert rows["control, same tokens"] == "4.30\u00a0nats"
    assert "3 epochs · ended at 4.00 nats, perplexity 54.6, because the loss" in words["facts"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("wanted", "got"),
    [([10, 50], [10, 50]), ([30, 30, 30], [42, 30, 18]), ([0, 1], [12, 0]), ([99, 100], [100, 88])],
)
def test_labels_move_apart_and_stay_inside(page, wanted, got):
    at = page.evaluate("(w) => script.spread(w, 12, 0, 100)", wanted)
    assert sorted(at) == sorted(got)


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium):
    """The widget in a narrow page without a kernel."""
    log = make_log(thr=True)
    made, viewport = [CurriculumReplay(log, CARD, make_control(log))], {"width": 400, "height": 800}
    with widget_page(chromium, made, styles("growth.css"), width=384, viewport=viewport) as page:
        yield page


@pytest.mark.browser
def test_keys_walk_through_the_run(mounted):
    root = mounted.get_by_test_id("curriculum-replay")
    root.focus()
    keys = {"ArrowRight": 1, "PageDown": 4, "End": 23, "ArrowLeft": 22, "PageUp": 16, "Home": 0}
    for key, entry in keys.items():
        mounted.keyboard.press(key)
        assert trait(mounted, 0, "entry") == entry
        assert f"Validation {entry + 1} of 24" in root.get_by_test_id("replay-says").inner_text()
        assert f"{entry} of them" in root.get_by_test_id("sample").inner_text()
        assert PHASES[entry // 4] in root.get_by_test_id("phase").inner_text()
    root.get_by_role("button", name="5 conversations").click()
    assert trait(mounted, 0, "entry") == 16
    assert root.locator("[aria-current]").inner_text() == "5 conversations"
    root.get_by_test_id("validation").fill("3")
    assert trait(mounted, 0, "entry") == 3


@pytest.mark.browser
def test_space_plays_the_run_quietly(mounted):
    root = mounted.get_by_test_id("curriculum-replay")
    root.focus()
    says = root.get_by_test_id("replay-says")
    assert says.get_attribute("aria-live") == "polite"
    mounted.clock.install()  # the page's time moves when the test says so
    mounted.keyboard.press("Space")
    mounted.clock.run_for(1_000)
    assert trait(mounted, 0, "entry") == 4  # four a second
    assert says.get_attribute("aria-live") == "off"
    mounted.keyboard.press("Space")
    assert root.get_by_test_id("play").inner_text() == "Play"
    assert says.get_attribute("aria-live") == "polite"


@pytest.mark.browser
def test_a_pointer_on_the_curves_moves_the_cursor(mounted):
    canvas = mounted.get_by_test_id("replay-canvas")
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] - 29, "y": 60})
    assert trait(mounted, 0, "entry") == 23
