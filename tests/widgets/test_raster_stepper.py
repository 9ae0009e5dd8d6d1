"""The raster stepper: what Python packs, what the page reads, what a keyboard does to it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from widget_page import module_page, settle, state_of, trait, widget_page
from widgets.examples import make_trace

from realsam_edu.plots.palette import PALETTE_DARK
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import RasterStepper, raster_stepper
from realsam_edu.widgets.base import styles


@pytest.fixture
def small():
    return make_trace(layers=2, steps=30, neurons=24, prompt=10)


# ------------------------------------------------------------------ what Python packs


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 7, 13), (3, 16, 8)])
def test_spikes_survive_packing(shape):
    spk = np.random.default_rng(0).integers(0, 2, shape).astype(np.uint8)
    packed = raster_stepper.pack_spikes(spk)
    assert len(packed) == math.ceil(spk.size / 8)
    assert np.array_equal(raster_stepper.unpack_spikes(packed, shape), spk)


def test_a_packed_membrane_is_close_and_on_its_side_of_the_threshold():
    trace = make_trace()
    codes, scale = raster_stepper.pack_membrane(trace.mem, trace.thr)
    drawn = raster_stepper.unpack_membrane(codes, scale, trace.thr, trace.mem.shape[1])
    assert np.array_equal(np.frombuffer(codes, np.int8).reshape(trace.spk.shape) > 0, trace.spk > 0)
    span = np.abs(trace.mem - trace.thr[:, None]).max(1, keepdims=True)
    assert (np.abs(drawn - trace.mem) <= 1.01 * span / 127).all()


def test_a_membrane_a_hair_from_the_threshold_stays_on_its_side():
    thr = np.array([[1.0]], np.float32)
    above, below = np.nextafter(np.float32(1), np.array([2, 0], np.float32))
    mem = np.array([above, 1.0, below, 5.0, -30.0], np.float32).reshape(1, 5, 1)
    codes = np.frombuffer(raster_stepper.pack_membrane(mem, thr)[0], np.int8)
    assert (codes > 0).tolist() == [True, False, False, True, False]


def test_a_trace_that_contradicts_itself_is_refused(small):
    small.spk = 1 - small.spk
    with pytest.raises(RealSamError, match="above threshold"):
        RasterStepper(small)
    with pytest.raises(RealSamError, match="tokens"):
        RasterStepper(SimpleNamespace(**(vars(small) | {"chars": ["a"]})))


def test_a_stepper_opens_at_the_end_of_the_prompt(small):
    assert RasterStepper(small).step == 9
    assert RasterStepper(small, step=99).step == 29
    small.prompt_len = 30
    assert RasterStepper(small).step == 7


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": RasterStepper}) as page:
        yield page


@pytest.mark.browser
def test_the_page_reads_the_trace_that_python_packed(page, small):
    ask = """([state, t]) => {
      unpack(state);
      const tr = script.readTrace({ get: (name) => state[name] });
      const all = [];
      for (const l of [0, 1])
        for (let n = 0; n < 24; n++) all.push(script.excess(tr, l, t, n));
      return [[0, 1].map((l) => script.firedAt(tr, l, t)), all, script.describeStep(tr, t).text];
    }"""
    state = state_of(RasterStepper(small))
    for t in (0, 17, 29):
        fired, excess, text = page.evaluate(ask, [state, t])
        assert fired == [np.flatnonzero(small.spk[layer, t]).tolist() for layer in (0, 1)]
        assert ((np.array(excess) > 0) == (small.spk[:, t].ravel() > 0)).all()
        assert f"{small.spk[:, t].sum()} of 48 neurons fired" in text
    assert "read newline" in page.evaluate(ask, [state, 17])[2]


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium, small):
    """Two steppers in one narrow page without a kernel."""
    made, viewport = (RasterStepper(small), RasterStepper(small)), {"width": 380, "height": 800}
    with widget_page(chromium, made, styles(), width=360, viewport=viewport) as page:
        yield page


@pytest.mark.browser
def test_keys_step_the_raster_and_leave_its_neighbour_alone(mounted, small):
    first, second = mounted.locator('[data-testid="raster-stepper"]').all()
    first.focus()
    keys = {"ArrowRight": 10, "ArrowLeft": 9, "End": 29, "Home": 0, "PageDown": 10}
    for key, step in keys.items():
        mounted.keyboard.press(key)
        assert mounted.evaluate("() => shown[0].model.get('step')") == step
        said = first.locator('[data-testid="fired"]').inner_text()
        assert f"Step {step}" in said
        assert f"{small.spk[:, step].sum()} of 48" in said
    assert "Step 9" in second.locator('[data-testid="fired"]').inner_text()


@pytest.mark.browser
def test_space_plays_and_pauses_and_arrows_choose_a_neuron(mounted):
    root = mounted.locator('[data-testid="raster-stepper"]').first
    root.focus()
    mounted.clock.install()  # the page's time moves when the test says so
    mounted.keyboard.press("Space")
    assert root.locator('[data-testid="play"]').inner_text() == "Pause"
    mounted.clock.run_for(1_000)
    assert trait(mounted, 0, "step") == 13  # from 9, four a second
    mounted.keyboard.press("Space")
    assert root.locator('[data-testid="play"]').inner_text() == "Play"
    mounted.evaluate("() => { shown[0].model.set('neuron', 23); shown[0].model.set('layer', 0); }")
    mounted.keyboard.press("ArrowDown")
    chosen = "() => [shown[0].model.get('layer'), shown[0].model.get('neuron')]"
    assert mounted.evaluate(chosen) == [1, 0]


@pytest.mark.browser
def test_inputs_keep_their_keys(mounted):
    number = mounted.locator('[data-testid="neuron"]').first
    number.fill("5")
    before = mounted.evaluate("() => shown[0].model.get('step')")
    number.press("ArrowUp")
    number.press("Enter")
    after = mounted.evaluate("() => [shown[0].model.get('step'), shown[0].model.get('neuron')]")
    assert after == [before, 6]


@pytest.mark.browser
def test_the_future_stays_hidden(mounted):
    tokens = mounted.locator('[data-testid="text"]').first.locator(".rs-token")
    hidden = [t for t in range(30) if not tokens.nth(t).is_visible()]
    assert hidden == list(range(10, 30))


@pytest.mark.browser
def test_a_theme_that_changes_while_the_page_is_hidden_is_drawn(mounted):
    settle(mounted)
    mounted.evaluate("""() => new Promise((done) => {
      document.body.style.display = "none"; // as JupyterLab does, within one frame
      document.documentElement.dataset.theme = "dark";
      setTimeout(() => {
        requestAnimationFrame(() => { document.body.style.display = ""; done(); });
      });
    })""")
    mounted.wait_for_function(
        """() => {
      const canvas = shown[0].el.querySelector("canvas");
      const at = canvas.getContext("2d").getImageData(canvas.width - 20, canvas.height - 60, 1, 1);
      const hex = [...at.data].slice(0, 3).map((v) => v.toString(16).padStart(2, "0")).join("");
      return "#" + hex.toUpperCase() === PANEL;
    }""".replace("PANEL", f'"{PALETTE_DARK["panel"].upper()}"')
    )
