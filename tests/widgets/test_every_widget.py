"""What every widget keeps to: a light page, no loads, names, room, both themes, and letting go."""

import json

import pytest
from widget_page import (
    expect_all_let_go,
    expect_room_and_names,
    expect_self_contained,
    settle,
    state_of,
    switch_to_dark,
    trait,
    widget_page,
)
from widgets.examples import CARD, make_control, make_log, make_population, make_trace

from realsam_edu import widgets
from realsam_edu.checkpoint import Checkpoint
from realsam_edu.model.versions import build
from realsam_edu.plots.palette import css_variables
from realsam_edu.text.tokenizer import CharTokenizer
from realsam_edu.widgets import (
    CurriculumReplay,
    Homeostasis,
    LIFPlayground,
    RasterStepper,
    SamWriter,
    StressConsole,
    SurrogateExplorer,
)
from realsam_edu.widgets.base import styles
from realsam_edu.widgets.sam_writer import SHEETS

MOVES = {"step": 20, "neuron": 5, "entry": 9, "eta": 5, "stress": 1, "slope": 25, "current": 0.5}


def everyone(full=False):
    """One widget of each class by its name; `full` fills them as far as a notebook does."""
    trace = make_trace() if full else make_trace(layers=2, steps=30, neurons=24, prompt=10)
    log = make_log(per_phase=40 if full else 4, thr=True)
    made = (
        RasterStepper(trace),
        LIFPlayground(),
        SurrogateExplorer(),
        CurriculumReplay(log, CARD, make_control(log)),
        Homeostasis(recorded=log, recorded_label="V3"),
        StressConsole(*(make_population(128, 256) if full else make_population()), label="noise"),
        SamWriter(tiny_sam(), recording=trace),  # without a kernel the recording plays
    )
    return {type(widget).__name__: widget for widget in made}


def tiny_sam():
    """A model that never learnt, for a page that never asks for it."""
    return Checkpoint(build("v1", 3, seed=0, embed=4, hidden=4), CharTokenizer("abc"), {})


WEIGHTS = {  # characters in a page, at most
    "RasterStepper": 400_000,
    "LIFPlayground": 30_000,
    "SurrogateExplorer": 30_000,
    "CurriculumReplay": 130_000,
    "Homeostasis": 110_000,
    "StressConsole": 90_000,
    "SamWriter": 500_000,  # a recording of 160 steps is most of it
}


def test_every_widget_of_the_folder_is_here():
    assert everyone().keys() == set(widgets.__all__) == WEIGHTS.keys()


def test_a_full_widget_keeps_the_page_light():
    for name, widget in everyone(full=True).items():
        assert len(json.dumps([state_of(widget), widget._esm, widget._css])) < WEIGHTS[name], name


@pytest.mark.parametrize("name", widgets.__all__)
def test_the_scripts_fetch_nothing_and_evaluate_nothing(name):
    loads = "const answer = await fetch(address, { signal })"  # Sam's weights, and nothing else
    expect_self_contained(getattr(widgets, name)._esm.replace(loads, "", 1))


@pytest.mark.parametrize("name", widgets.__all__)
def test_widgets_wear_the_palette(name):
    css = getattr(widgets, name)._css
    assert css_variables("light") in css and css_variables("dark") in css


@pytest.fixture
def mounted(chromium):
    """All widgets in one narrow page without a kernel."""
    made, viewport = everyone().values(), {"width": 400, "height": 800}
    css = styles(*SHEETS)
    with widget_page(chromium, made, css, width=384, viewport=viewport) as page:
        yield page


@pytest.mark.browser
def test_everything_is_labelled_large_and_inside_a_narrow_page(mounted):
    targets = "button, select, summary, label:has(input), input:not([type=radio], [type=checkbox])"
    for mode in ("recorded", "live"):
        mounted.get_by_test_id("mode").select_option(mode)
        expect_room_and_names(mounted, 400, targets)


@pytest.mark.browser
def test_pictures_change_with_the_traits_and_the_theme(mounted):
    look = """() => shown.map(({ el }) =>
      [...el.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()).join())"""
    settle(mounted)
    light = mounted.evaluate(look)
    switch_to_dark(mounted)
    dark = mounted.evaluate(look)
    change = """(moves) => shown.forEach(({ model }) => {
      for (const name in moves) if (model.get(name) !== undefined) model.set(name, moves[name]);
      if (model.get("eta") !== undefined) model.set("window", 14);
    })"""
    mounted.evaluate(change, MOVES)
    settle(mounted)
    for seen in zip(light, dark, mounted.evaluate(look), strict=True):
        assert len(set(seen)) == 3


PLAYERS = {"RasterStepper": "step", "CurriculumReplay": "entry", "Homeostasis": "window"}


@pytest.mark.browser
def test_a_removed_widget_stops_and_lets_go(mounted):
    at = {name: list(everyone()).index(name) for name in PLAYERS}

    def now():
        return [trait(mounted, at[name], PLAYERS[name]) for name in PLAYERS]

    before = now()
    mounted.clock.install()  # the page's time moves when the test says so
    for button in mounted.get_by_test_id("play").all():
        if button.is_visible():
            button.click()
    mounted.clock.run_for(2_000)
    moved = now()
    assert all(a > b for a, b in zip(moved, before, strict=True))
    mounted.evaluate("() => shown.forEach(({ stop, el }) => { stop(); el.remove(); })")
    mounted.clock.run_for(2_000)
    assert now() == moved
    expect_all_let_go(mounted)


@pytest.mark.browser
def test_reduced_motion_means_no_autoplay(chromium):
    small = make_trace(layers=2, steps=30, neurons=24, prompt=10)
    made = RasterStepper(small, autoplay=True), CurriculumReplay(make_log(), autoplay=True)
    css = styles("growth.css")
    with widget_page(chromium, made, css, width=700, reduced_motion="reduce") as page:
        assert page.get_by_test_id("play").all_inner_texts() == ["Play", "Play"]
