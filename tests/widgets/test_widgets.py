"""The widgets: what Python packs, what the page computes, what a keyboard does to them."""

import json
import math
from types import SimpleNamespace

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
from realsam_edu.neurons.surrogate import surrogate_grad
from realsam_edu.plots.palette import PALETTE_DARK, css_variables
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.widgets import LIFPlayground, RasterStepper, SurrogateExplorer, raster_stepper
from realsam_edu.widgets.base import styles


def make_trace(layers=2, steps=160, neurons=512, prompt=40, seed=0):
    """Leaky neurons driven by noise: an honest trace with no trained model behind it."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.25, (steps, layers, neurons))
    drive = rng.lognormal(-2.2, 0.7, (layers, neurons)) + noise
    thr = rng.uniform(0.5, 1.5, (layers, neurons)).astype(np.float32)
    u, s, mem = np.zeros((layers, neurons)), 0, []
    for t in range(steps):
        u = (0.85 * u + drive[t] - s * thr).astype(np.float32)
        s = u > thr
        mem.append(u)
    mem = np.stack(mem, 1)  # (L, T, N)
    text = "Now is the winter\nof our discontent made glorious summer " * 4
    top_p = -np.sort(-rng.dirichlet(np.ones(8), steps)).astype(np.float32)
    return SimpleNamespace(
        chars=list((text * 10)[:steps]),
        spk=(mem > thr[:, None]).astype(np.uint8),
        mem=mem,
        thr=thr,
        top_chars=[list("etao inh")] * steps,
        top_p=top_p,
        prompt_len=prompt,
    )


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


def test_a_full_trace_keeps_the_page_light():
    widget = RasterStepper(make_trace(layers=2, steps=160, neurons=512))
    weight = len(json.dumps(state_of(widget))) + len(json.dumps([widget._esm, widget._css]))
    assert weight < 400_000


def test_a_stepper_opens_at_the_end_of_the_prompt(small):
    assert RasterStepper(small).step == 9
    assert RasterStepper(small, step=99).step == 29
    small.prompt_len = 30
    assert RasterStepper(small).step == 7


def test_the_scripts_fetch_nothing_and_evaluate_nothing():
    for cls in (LIFPlayground, SurrogateExplorer, RasterStepper):
        expect_self_contained(cls._esm)


def test_widgets_wear_the_palette():
    css = styles()
    assert css_variables("light") in css
    assert css_variables("dark") in css


# ------------------------------------------------------------------ what the page computes


@pytest.fixture(scope="module")
def modules(chromium):
    """A page that holds the three modules as window.lif, window.surrogate and window.raster."""
    classes = {"lif": LIFPlayground, "surrogate": SurrogateExplorer, "raster": RasterStepper}
    with module_page(chromium, classes) as page:
        yield page


def lif_in_numpy(cur, beta, thr, reset):
    u, mem, spk = 0.0, [], []
    for i in cur:
        fired = float(u > thr)
        if reset == "delayed":
            u = beta * u + i - fired * thr
        elif reset == "zero":
            u = beta * ((1 - fired) * u) + i
        else:
            u = beta * u + i
        mem.append(u)
        spk.append(int(u > thr))
        if reset == "immediate":
            u = u - spk[-1] * thr
    return mem, spk


@pytest.mark.browser
@pytest.mark.parametrize("reset", ["delayed", "immediate", "zero", "none"])
@pytest.mark.parametrize("shape", ["constant", "step", "pulses", "noise"])
def test_the_page_simulates_the_same_neuron(modules, reset, shape):
    ask = """([shape, reset]) => {
      const cur = lif.makeCurrent(shape, 0.37);
      return [cur, lif.simulateLif(cur, 0.91, 1.05, reset)];
    }"""
    cur, run = modules.evaluate(ask, [shape, reset])
    mem, spk = lif_in_numpy(cur, 0.91, 1.05, reset)
    assert len(cur) == 100
    assert run["mem"] == mem  # the same double, every step
    assert run["spk"] == spk


@pytest.mark.browser
def test_the_page_simulates_sams_neuron(modules):
    cur = np.random.default_rng(1).normal(0.25, 0.2, 100).astype(np.float32)
    run = modules.evaluate("(cur) => lif.simulateLif(cur, 0.9, 1, 'delayed')", cur.tolist())
    mem, spikes = torch.zeros(1, 1), []
    for i in torch.from_numpy(cur):
        spk, mem = lif_step(i.view(1, 1), mem, 0.9)
        spikes.append(int(spk))
    assert run["spk"] == spikes
    assert run["mem"][-1] == pytest.approx(mem.item(), abs=1e-5)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("reset", "mechanism", "delay"),
    [
        ("delayed", "subtract", True),
        ("immediate", "subtract", False),
        ("zero", "zero", True),
        ("none", "none", True),
    ],
)
def test_the_resets_are_those_of_snntorch(modules, reset, mechanism, delay):
    snntorch = pytest.importorskip("snntorch")
    cur = np.random.default_rng(2).uniform(0, 0.5, 100).astype(np.float32)
    ask = "([cur, reset]) => lif.simulateLif(cur, 0.9, 1, reset)"
    run = modules.evaluate(ask, [cur.tolist(), reset])
    neuron = snntorch.Leaky(beta=0.9, reset_mechanism=mechanism, reset_delay=delay)
    mem, spikes = neuron.reset_mem(), []
    for i in torch.from_numpy(cur):
        spk, mem = neuron(i.view(1), mem)
        spikes.append(int(spk))
    assert run["spk"] == spikes
    assert run["after"][-1] == pytest.approx(mem.item(), abs=1e-4)


@pytest.mark.browser
def test_the_page_says_what_the_neuron_did(modules):
    ask = """(v) => { const cur = lif.makeCurrent(v.shape, v.current);
             return lif.describeLif(lif.simulateLif(cur, v.beta, v.thr, v.reset), v); }"""
    values = {"beta": 0.9, "thr": 1.0, "shape": "constant", "reset": "delayed"}
    assert "Silent" in modules.evaluate(ask, values | {"current": 0.08})
    assert "0.80" in modules.evaluate(ask, values | {"current": 0.08})
    assert "First spike at step 5" in modules.evaluate(ask, values | {"current": 0.22})
    assert "9.5 steps" in modules.evaluate(ask, values | {"current": 0.22})


@pytest.mark.browser
@pytest.mark.parametrize("k", [0.5, 2.0, 25.0])
def test_the_page_knows_the_surrogate(modules, k):
    x = np.linspace(-2, 2, 41)
    got = modules.evaluate("([x, k]) => x.map((v) => surrogate.surrogate(v, k))", [x.tolist(), k])
    assert np.allclose(got, surrogate_grad(torch.from_numpy(x), k).numpy(), atol=1e-6)
    area = modules.evaluate("(k) => surrogate.surrogateIntegral(1.5, k)", k)
    fine = np.linspace(0, 1.5, 20001)
    assert area == pytest.approx(np.trapezoid(1 / (1 + k * fine) ** 2, fine), abs=1e-5)
    phi = lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2)))  # noqa: E731
    c = (math.sqrt(10) - 1) / k
    share = modules.evaluate("(k) => surrogate.shareReached(k)", k)
    assert share == pytest.approx(phi((c + 0.77) / 0.6) - phi((-c + 0.77) / 0.6), abs=1e-5)


@pytest.mark.browser
def test_the_page_reads_the_trace_that_python_packed(modules, small):
    ask = """([state, t]) => {
      unpack(state);
      const tr = raster.readTrace({ get: (name) => state[name] });
      const all = [];
      for (const l of [0, 1])
        for (let n = 0; n < 24; n++) all.push(raster.excess(tr, l, t, n));
      return [[0, 1].map((l) => raster.firedAt(tr, l, t)), all, raster.describeStep(tr, t).text];
    }"""
    state = state_of(RasterStepper(small))
    for t in (0, 17, 29):
        fired, excess, text = modules.evaluate(ask, [state, t])
        assert fired == [np.flatnonzero(small.spk[layer, t]).tolist() for layer in (0, 1)]
        assert ((np.array(excess) > 0) == (small.spk[:, t].ravel() > 0)).all()
        assert f"{small.spk[:, t].sum()} of 48 neurons fired" in text
    assert "read newline" in modules.evaluate(ask, [state, 17])[2]


# ------------------------------------------------------------------ what a keyboard does


@pytest.fixture
def mounted(chromium, small):
    """Two steppers, a playground and an explorer in one page without a kernel."""
    made = RasterStepper(small), RasterStepper(small), LIFPlayground(), SurrogateExplorer()
    viewport = {"width": 380, "height": 800}
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
    mounted.keyboard.press("Space")
    assert root.locator('[data-testid="play"]').inner_text() == "Pause"
    mounted.wait_for_function("shown[0].model.get('step') > 10")
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
def test_sliders_and_presets_change_the_sentence(mounted):
    says = mounted.locator('[data-testid="lif-says"]')
    assert "First spike" in says.inner_text()
    mounted.locator('[data-testid="preset-silent"]').click()
    assert "Silent" in says.inner_text()
    mounted.locator('[data-testid="surrogate-slope"]').fill("25")
    assert "k = 25.0" in mounted.locator('[data-testid="surrogate-says"]').inner_text()


@pytest.mark.browser
def test_everything_is_labelled_large_and_inside_a_narrow_page(mounted):
    targets = "button, select, summary, label:has(input), input:not([type=radio])"
    expect_room_and_names(mounted, 380, targets)


@pytest.mark.browser
def test_pictures_change_with_the_step_and_the_theme(mounted):
    canvas = "() => shown[0].el.querySelector('canvas').toDataURL()"
    settle(mounted)
    light = mounted.evaluate(canvas)
    switch_to_dark(mounted)
    dark = mounted.evaluate(canvas)
    mounted.evaluate("() => shown[0].model.set('step', 20)")
    settle(mounted)
    assert len({light, dark, mounted.evaluate(canvas)}) == 3


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


@pytest.mark.browser
def test_a_removed_widget_stops_and_lets_go(mounted):
    mounted.locator('[data-testid="play"]').first.click()
    mounted.evaluate("() => shown.forEach(({ stop, el }) => { stop(); el.remove(); })")
    step = mounted.evaluate("() => shown[0].model.get('step')")
    mounted.wait_for_timeout(400)
    assert mounted.evaluate("() => shown[0].model.get('step')") == step
    expect_all_let_go(mounted)


@pytest.mark.browser
def test_reduced_motion_means_no_autoplay(chromium, small):
    made = [RasterStepper(small, autoplay=True)]
    with widget_page(chromium, made, styles(), 700, reduced_motion="reduce") as page:
        assert page.locator('[data-testid="play"]').inner_text() == "Play"
