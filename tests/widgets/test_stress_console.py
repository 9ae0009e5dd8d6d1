"""The stress console: its reference is the equation, and the page computes the same spikes."""

import numpy as np
import pytest
import torch
from widget_page import module_page, state_of, trait, widget_page
from widgets.examples import make_population

from realsam_edu.neurons import lif_step
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import StressConsole, respond
from realsam_edu.widgets.base import styles
from realsam_edu.widgets.stress_console import pack_current, unpack_current

KINDS = ("diverse", "uniform")


# ------------------------------------------------------------------ what Python packs


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


def test_the_reference_takes_the_step_of_the_book():
    cur, beta, diversity, thr = (torch.from_numpy(np.float32(x)) for x in make_population())
    mem, spikes = torch.zeros(40), []
    for now in cur:
        spk, mem = lif_step(now * (1 + 0.5 * diversity), mem, beta, thr)
        spikes.append(spk)
    want = torch.stack(spikes).numpy()
    assert np.array_equal(respond(cur, beta, diversity, 0.5, thr), want)


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


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": StressConsole}) as page:
        yield page


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_page_computes_the_spikes_of_sams_neuron(page, seed):
    cur, beta, diversity, thr = make_population(64, 96, seed)
    widget = StressConsole(cur, beta, diversity, thr)
    used = unpack_current(widget.cur_codes, widget.cur_scale)
    ask = """([state, values]) => {
      unpack(state);
      const pop = script.readPopulation({ get: (name) => state[name] });
      return values.map((s) => ["diverse", "uniform"].map((kind) => {
        const { spikes, firing, total, rate } = script.respond(pop, s, kind);
        return { spikes: Array.from(spikes), firing, total, rate };
      }));
    }"""
    values = [0, 0.01, 0.3, 0.77, 1]
    for s, answers in zip(values, page.evaluate(ask, [state_of(widget), values]), strict=True):
        for hears, got in zip((diversity, np.ones(96)), answers, strict=True):
            want = respond(used, beta, hears, s, thr)
            assert got["spikes"] == want.ravel().tolist()  # every spike, bit for bit
            assert got["total"] == want.sum() > 0
            assert got["firing"] == (want.sum(0) > 0).sum()
            assert got["rate"] == pytest.approx(want.mean())


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium):
    """The widget in a narrow page without a kernel."""
    made, viewport = (
        [StressConsole(*make_population(), label="noise")],
        {"width": 400, "height": 800},
    )
    with widget_page(chromium, made, styles("growth.css"), width=384, viewport=viewport) as page:
        yield page


@pytest.mark.browser
def test_the_console_shows_the_numbers_of_python(mounted):
    cur, beta, diversity, thr = make_population()
    used = unpack_current(*pack_current(cur))
    root = mounted.get_by_test_id("stress-console")
    for key, stress in {"ArrowRight": 0.31, "PageUp": 0.41, "Home": 0, "End": 1}.items():
        root.focus()
        mounted.keyboard.press(key)
        assert trait(mounted, 0, "stress") == pytest.approx(stress)
        said = root.get_by_test_id("stress-says").inner_text()
        for kind, hears in zip(KINDS, (diversity, np.ones(40)), strict=True):
            spikes = respond(used, beta, hears, stress, thr)
            firing = (spikes.sum(0) > 0).sum()
            words = f"{kind.title()}: {firing} of 40 neurons fire, {spikes.sum()} spikes, "
            assert words + f"mean rate {100 * spikes.mean():.1f}\u00a0%" in said
    assert "1 + stress × diversity" in root.inner_text()
    assert "no recurrent weights" in root.inner_text()
