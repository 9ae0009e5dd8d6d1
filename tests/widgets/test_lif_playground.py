"""The LIF playground: the page's neuron is NumPy's, Sam's and snnTorch's, and says what it did."""

import numpy as np
import pytest
import torch
from widget_page import module_page, widget_page

from realsam_edu.neurons import lif_step
from realsam_edu.widgets import LIFPlayground
from realsam_edu.widgets.base import styles

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium):
    """A page that holds the widget's script as window.script."""
    with module_page(chromium, {"script": LIFPlayground}) as page:
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


@pytest.mark.parametrize("reset", ["delayed", "immediate", "zero", "none"])
@pytest.mark.parametrize("shape", ["constant", "step", "pulses", "noise"])
def test_the_page_simulates_the_same_neuron(page, reset, shape):
    ask = """([shape, reset]) => {
      const cur = script.makeCurrent(shape, 0.37);
      return [cur, script.simulateLif(cur, 0.91, 1.05, reset)];
    }"""
    cur, run = page.evaluate(ask, [shape, reset])
    mem, spk = lif_in_numpy(cur, 0.91, 1.05, reset)
    assert len(cur) == 100
    assert run["mem"] == mem  # the same double, every step
    assert run["spk"] == spk


def test_the_page_simulates_sams_neuron(page):
    cur = np.random.default_rng(1).normal(0.25, 0.2, 100).astype(np.float32)
    run = page.evaluate("(cur) => script.simulateLif(cur, 0.9, 1, 'delayed')", cur.tolist())
    mem, spikes = torch.zeros(1, 1), []
    for i in torch.from_numpy(cur):
        spk, mem = lif_step(i.view(1, 1), mem, 0.9)
        spikes.append(int(spk))
    assert run["spk"] == spikes
    assert run["mem"][-1] == pytest.approx(mem.item(), abs=1e-5)


@pytest.mark.parametrize(
    ("reset", "mechanism", "delay"),
    [
        ("delayed", "subtract", True),
        ("immediate", "subtract", False),
        ("zero", "zero", True),
        ("none", "none", True),
    ],
)
def test_the_resets_are_those_of_snntorch(page, reset, mechanism, delay):
    snntorch = pytest.importorskip("snntorch")
    cur = np.random.default_rng(2).uniform(0, 0.5, 100).astype(np.float32)
    ask = "([cur, reset]) => script.simulateLif(cur, 0.9, 1, reset)"
    run = page.evaluate(ask, [cur.tolist(), reset])
    neuron = snntorch.Leaky(beta=0.9, reset_mechanism=mechanism, reset_delay=delay)
    mem, spikes = neuron.reset_mem(), []
    for i in torch.from_numpy(cur):
        spk, mem = neuron(i.view(1), mem)
        spikes.append(int(spk))
    assert run["spk"] == spikes
    assert run["after"][-1] == pytest.approx(mem.item(), abs=1e-4)


def test_the_page_says_what_the_neuron_did(page):
    ask = """(v) => { const cur = script.makeCurrent(v.shape, v.current);
             return script.describeLif(script.simulateLif(cur, v.beta, v.thr, v.reset), v); }"""
    values = {"beta": 0.9, "thr": 1.0, "shape": "constant", "reset": "delayed"}
    assert "Silent" in page.evaluate(ask, values | {"current": 0.08})
    assert "0.80" in page.evaluate(ask, values | {"current": 0.08})
    assert "First spike at step 5" in page.evaluate(ask, values | {"current": 0.22})
    assert "9.5 steps" in page.evaluate(ask, values | {"current": 0.22})


def test_a_preset_changes_the_sentence(chromium):
    with widget_page(chromium, [LIFPlayground()], styles(), width=700) as page:
        says = page.get_by_test_id("lif-says")
        assert "First spike" in says.inner_text()
        page.get_by_test_id("preset-silent").click()
        assert "Silent" in says.inner_text()
