"""The widgets of training: what Python packs, what the page computes, what a keyboard does."""

import json
import math

import numpy as np
import pytest
import torch
from widget_page import (
    expect_all_let_go,
    expect_room_and_names,
    expect_self_contained,
    module_page,
    settle,
    state_of,
    switch_to_dark,
    widget_page,
)

from realsam_edu.neurons.lif import lif_step
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import CurriculumReplay, Homeostasis, StressConsole, respond
from realsam_edu.widgets.base import styles
from realsam_edu.widgets.curriculum_replay import phase_groups, replay_traits
from realsam_edu.widgets.stress_console import pack_current, unpack_current

PHASES = ("words", "phrases", "sentences", "stories", "conversations", "mixed")
KINDS = ("diverse", "uniform")


def make_log(per_phase=4, layers=6, stress=True, thr=False):
    """A run through all phases, as `realsam train` logs it."""
    rng = np.random.default_rng(0)
    log = []
    for i in range(per_phase * len(PHASES)):
        phase = PHASES[i // per_phase]
        entry = {"step": 100 * (i + 1), "tokens": 50_000 * (i + 1), "seconds": 9.0 * i}
        entry |= {"phase": phase, "seq_len": min(8 * 2 ** (i // per_phase), 64)}
        entry |= {"loss": 6.0 - 0.1 * i, "val": 6.1 - 0.1 * i, "rate": 0.1, "alive": 0.97}
        entry |= {"lr": 2e-3, "norm": 0.4, "stress": 0.5 - 0.01 * i if stress else None}
        entry |= {"rates": rng.uniform(0.05, 0.15, layers).round(3).tolist()}
        entry |= {"thr": [[0.8, 1.0 + 0.01 * i, 1.4]] * layers if thr else None}
        log.append(entry | {"sample": f"Tom has a ball, {i} of them."})
    return log


def make_control(log):
    return [{"tokens": e["tokens"], "loss": 5.5, "val": 5.0 - 1e-6 * e["tokens"]} for e in log]


CARD = [
    {"phase": p, "seq_len": 8, "epochs": 3, "val": 4.0, "perplexity": 54.6, "ended": "converged"}
    for p in PHASES
]


def make_population(steps=48, neurons=40, seed=0):
    """Currents, leaks, diversities and thresholds with nothing regular about them."""
    rng = np.random.default_rng(seed)
    cur = rng.normal(0.1, 0.4, (steps, neurons)).astype(np.float32)
    thr = rng.uniform(0.6, 1.4, neurons).astype(np.float32)
    return cur, rng.uniform(0.4, 0.95, neurons), rng.lognormal(-0.125, 0.5, neurons), thr


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


def two(**change):
    return [{"tokens": 1, "loss": 2.0}, {"tokens": 2, "loss": 1.9} | change]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CurriculumReplay([]), "log is empty"),
        (lambda: CurriculumReplay(two(loss=None)), "Entry 1 of the log has no loss"),
        (lambda: CurriculumReplay(two(tokens=0)), "go back"),
        (lambda: CurriculumReplay(two(), control=[{"tokens": 1}]), "control log has no loss"),
        (lambda: CurriculumReplay([two()[0] | {"rates": [0.1]}, two(rates=[1, 2])[1]]), "disagree"),
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


def test_currents_survive_packing():
    cur = make_population()[0]
    cur[:, 3] = 0
    drawn = unpack_current(*pack_current(cur))
    assert drawn.dtype == np.float32
    assert (np.abs(drawn - cur) <= 0.51 * np.abs(cur).max(0) / 127 + 1e-9).all()


@pytest.mark.parametrize("stress", [0.0, 0.37, 1.0])
def test_the_reference_is_the_equation(stress):
    cur, beta, diversity, thr = make_population()
    spikes = respond(cur, beta, diversity, stress, thr)
    mem = np.zeros(cur.shape[1])
    for t, now in enumerate(cur):
        mem = beta * mem + (1 + stress * diversity) * now - thr * (mem > thr)
        assert np.array_equal(spikes[t], mem > thr), t
    if stress == 0:
        assert np.array_equal(spikes, respond(cur, beta, np.ones(40), stress, thr))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cur": np.zeros(5)}, "shape"),
        ({"cur": np.zeros((0, 40))}, "shape"),
        ({"cur": np.zeros((2000, 40))}, "at most 65,536"),
        ({"cur": np.full((4, 40), np.nan)}, "not numbers"),
        ({"beta": np.zeros(7)}, "beta has shape"),
        ({"beta": 1.2}, "must lie"),
        ({"diversity": -np.ones(40)}, "must lie"),
        ({"thr": 0}, "must lie"),
        ({"stress": 2}, "stress is 2"),
    ],
)
def test_a_population_that_makes_no_sense_is_refused_in_a_sentence(change, words):
    cur, beta, diversity, thr = make_population()
    given = {"cur": cur, "beta": beta, "diversity": diversity, "thr": thr} | change
    with pytest.raises(RealSamError, match=words):
        StressConsole(**given)


def test_tensors_and_single_numbers_are_welcome():
    cur = torch.randn(6, 5, requires_grad=True)
    widget = StressConsole(cur, torch.tensor(0.9), torch.ones(5, requires_grad=True))
    assert widget.shape == [6, 5]
    assert np.frombuffer(widget.betas, "<f4").tolist() == [np.float32(0.9)] * 5


def test_the_new_widgets_keep_the_page_light_and_fetch_nothing():
    log = make_log(per_phase=40, thr=True)
    cur, beta, diversity, thr = make_population(128, 256)
    made = {
        CurriculumReplay(log, CARD, make_control(log)): 130_000,
        Homeostasis(recorded=log): 110_000,
        StressConsole(cur, beta, diversity, thr): 90_000,
    }
    for widget, limit in made.items():
        assert len(json.dumps([state_of(widget), widget._esm, widget._css])) < limit
        expect_self_contained(widget._esm)


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def modules(chromium):
    """A page that holds the three modules as window.replay, window.homeo and window.stress."""
    classes = {"replay": CurriculumReplay, "homeo": Homeostasis, "stress": StressConsole}
    with module_page(chromium, classes) as page:
        yield page


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_page_computes_the_spikes_of_sams_neuron(modules, seed):
    cur, beta, diversity, thr = make_population(64, 96, seed)
    widget = StressConsole(cur, beta, diversity, thr)
    used = unpack_current(widget.cur_codes, widget.cur_scale)
    ask = """([state, values]) => {
      unpack(state);
      const pop = stress.readPopulation({ get: (name) => state[name] });
      return values.map((s) => ["diverse", "uniform"].map((kind) => {
        const { spikes, firing, total, rate } = stress.respond(pop, s, kind);
        return { spikes: Array.from(spikes), firing, total, rate };
      }));
    }"""
    values = [0, 0.01, 0.3, 0.77, 1]
    for s, answers in zip(values, modules.evaluate(ask, [state_of(widget), values]), strict=True):
        for hears, got in zip((diversity, np.ones(96)), answers, strict=True):
            want = respond(used, beta, hears, s, thr)
            assert got["spikes"] == want.ravel().tolist()  # every spike, bit for bit
            assert got["total"] == want.sum() > 0
            assert got["firing"] == (want.sum(0) > 0).sum()
            assert got["rate"] == pytest.approx(want.mean())


RUN = """({ seed, windows, ...v }) => {
  const pop = homeo.newPopulation(seed);
  const start = Array.from(pop.log);
  for (let k = 0; k < windows; k++) homeo.runWindow(pop, v);
  const rows = (name) => pop.past.map((window) => Array.from(window[name]));
  const moved = start.map((x, i) => pop.log[i] - x);
  const { head } = homeo.describeWindow(pop, { neuron: 0, ...v });
  const { off } = homeo.measure(pop, v.target);
  return { thr: rows("thr"), rates: rows("rate"), now: Array.from(pop.thr), moved, head, off };
}"""
CALM = {"seed": 0, "windows": 40, "eta": 0.5, "target": 0.1, "drive": 1, "learn": False}


@pytest.mark.browser
def test_thresholds_move_by_the_rule_and_bring_the_rates_to_the_target(modules):
    run = modules.evaluate(RUN, CALM)
    thr, rate = np.array([*run["thr"], run["now"]]), np.array(run["rates"])
    assert np.allclose(np.diff(thr, axis=0), 0.5 * (rate - 0.1), atol=1e-6)
    assert run["rates"] == modules.evaluate(RUN, CALM)["rates"]
    assert run["rates"] != modules.evaluate(RUN, CALM | {"seed": 1})["rates"]
    assert np.abs(rate[-10:].mean(1) - 0.1).max() < 0.02
    assert np.abs(rate[-10:] - 0.1).mean() < 0.4 * np.abs(rate[0] - 0.1).mean()
    assert np.any(run["moved"]) == np.False_
    assert "have arrived" in run["head"]


@pytest.mark.browser
def test_without_homeostasis_nothing_moves_and_with_too_much_of_it_all_does(modules):
    still = modules.evaluate(RUN, CALM | {"eta": 0})
    assert np.ptp(still["thr"]) == 0
    assert "No homeostasis" in still["head"]
    wild = modules.evaluate(RUN, CALM | {"eta": 20})
    assert np.mean(np.array(wild["rates"][-10:]) == 0) > 0.4
    assert wild["off"] > 3 * modules.evaluate(RUN, CALM)["off"]
    assert "Too large a step" in wild["head"]


@pytest.mark.browser
def test_while_the_weights_learn_slow_thresholds_lag_behind(modules):
    slow = modules.evaluate(RUN, CALM | {"learn": True, "eta": 0.05})
    fast = modules.evaluate(RUN, CALM | {"learn": True, "eta": 2})
    assert np.std(slow["moved"]) > 0.3
    assert "lag" in slow["head"]
    assert slow["off"] > 1.5 * fast["off"] > 1.5 * modules.evaluate(RUN, CALM)["off"]


@pytest.mark.browser
def test_the_page_reads_the_run_that_python_packed(modules):
    log = make_log()
    state = state_of(CurriculumReplay(log, CARD, make_control(log), val_label="stories"))
    ask = """([state, i]) => {
      unpack(state);
      const run = replay.readRun({ get: (name) => state[name] });
      return [replay.phaseAt(run, i), replay.phaseStart(run, replay.phaseAt(run, i)),
        Object.fromEntries(replay.describeEntry(run, i)), replay.describePhase(run, i)];
    }"""
    phase, start, rows, words = modules.evaluate(ask, [state, 9])
    assert (phase, start) == (2, 8 * 50_000)
    assert rows["tokens read"] == "500\u00a0k"
    assert rows["stories loss"] == "5.20\u00a0nats"
    assert rows["perplexity"] == f"{math.exp(5.2):.1f}"
    assert "control, same tokens" not in rows  # another text than the control's
    assert rows["firing rate"] == "10.0\u00a0%, in\u00a0band"
    assert words["title"] == "Phase 3 of 6: sentences"
    rows = modules.evaluate(ask, [state, 13])[2]
    assert rows["control, same tokens"] == "4.30\u00a0nats"
    assert "3 epochs · ended at 4.00 nats, perplexity 54.6, because the loss" in words["facts"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("wanted", "got"),
    [([10, 50], [10, 50]), ([30, 30, 30], [42, 30, 18]), ([0, 1], [12, 0]), ([99, 100], [100, 88])],
)
def test_labels_move_apart_and_stay_inside(modules, wanted, got):
    at = modules.evaluate("(w) => replay.spread(w, 12, 0, 100)", wanted)
    assert sorted(at) == sorted(got)


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium):
    """All three widgets in one narrow page without a kernel."""
    log = make_log(thr=True)
    cur, beta, diversity, thr = make_population()
    made = (
        CurriculumReplay(log, CARD, make_control(log)),
        Homeostasis(recorded=log, recorded_label="V3"),
        StressConsole(cur, beta, diversity, thr, label="noise"),
    )
    viewport, css = {"width": 400, "height": 800}, styles("growth.css")
    with widget_page(chromium, made, css, width=384, viewport=viewport) as page:
        yield page


def trait(page, which, name):
    return page.evaluate("([k, name]) => shown[k].model.get(name)", [which, name])


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
    mounted.keyboard.press("Space")
    mounted.wait_for_function("shown[0].model.get('entry') > 1")
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
    mounted.keyboard.press("Space")
    mounted.wait_for_function("shown[1].model.get('window') > 12")
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
    assert trait(mounted, 1, "entry") == 23
    root.get_by_test_id("mode").select_option("live")
    assert "Window 10." in says.inner_text()


@pytest.mark.browser
def test_the_console_shows_the_numbers_of_python(mounted):
    cur, beta, diversity, thr = make_population()
    used = unpack_current(*pack_current(cur))
    root = mounted.get_by_test_id("stress-console")
    for key, stress in {"ArrowRight": 0.31, "PageUp": 0.41, "Home": 0, "End": 1}.items():
        root.focus()
        mounted.keyboard.press(key)
        assert trait(mounted, 2, "stress") == pytest.approx(stress)
        said = root.get_by_test_id("stress-says").inner_text()
        for kind, hears in zip(KINDS, (diversity, np.ones(40)), strict=True):
            spikes = respond(used, beta, hears, stress, thr)
            firing = (spikes.sum(0) > 0).sum()
            words = f"{kind.title()}: {firing} of 40 neurons fire, {spikes.sum()} spikes, "
            assert words + f"mean rate {100 * spikes.mean():.1f}\u00a0%" in said
    assert "1 + stress × diversity" in root.inner_text()
    assert "no recurrent weights" in root.inner_text()


@pytest.mark.browser
def test_everything_is_labelled_large_and_inside_a_narrow_page(mounted):
    mounted.get_by_test_id("mode").select_option("recorded")
    for mode in ("recorded", "live"):
        mounted.get_by_test_id("mode").select_option(mode)
        expect_room_and_names(mounted, 400, "button, select, input")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("which", "name", "value"), [(0, "entry", 9), (1, "eta", 5), (2, "stress", 1)]
)
def test_pictures_change_with_the_traits_and_the_theme(mounted, which, name, value):
    look = "(k) => [...shown[k].el.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()"
    settle(mounted)
    light = mounted.evaluate(look, which)
    switch_to_dark(mounted)
    dark = mounted.evaluate(look, which)
    change = """([k, name, value]) => {
      shown[k].model.set(name, value);
      if (k === 1) shown[k].model.set("window", 14);
    }"""
    mounted.evaluate(change, [which, name, value])
    settle(mounted)
    assert len({light, dark, mounted.evaluate(look, which)}) == 3


@pytest.mark.browser
def test_a_removed_widget_stops_and_lets_go(mounted):
    for name in ("curriculum-replay", "homeostasis"):
        mounted.get_by_test_id(name).get_by_test_id("play").click()
    mounted.evaluate("() => shown.forEach(({ stop, el }) => { stop(); el.remove(); })")
    before = [trait(mounted, 0, "entry"), trait(mounted, 1, "window")]
    mounted.wait_for_timeout(400)
    assert [trait(mounted, 0, "entry"), trait(mounted, 1, "window")] == before
    expect_all_let_go(mounted)


@pytest.mark.browser
def test_reduced_motion_means_no_autoplay(chromium):
    made, css = [CurriculumReplay(make_log(), autoplay=True)], styles("growth.css")
    with widget_page(chromium, made, css, width=700, reduced_motion="reduce") as page:
        assert page.get_by_test_id("play").inner_text() == "Play"


def test_the_reference_takes_the_step_of_the_book():
    cur, beta, diversity, thr = (torch.from_numpy(np.float32(x)) for x in make_population())
    mem, spikes = torch.zeros(40), []
    for now in cur:
        spk, mem = lif_step(now * (1 + 0.5 * diversity), mem, beta, thr)
        spikes.append(spk)
    want = torch.stack(spikes).numpy()
    assert np.array_equal(respond(cur, beta, diversity, 0.5, thr), want)
