"""Figures you can touch. Their logic is JavaScript (beside this file), their data are traits.

Because nothing runs in Python, the same object works in JupyterLab, in Colab and on the built page
with no kernel behind it.
"""

from pathlib import Path

import anywidget
import numpy as np
import traitlets as t

from ..plots.palette import css_variables
from ..runtime.errors import RealSamError
from .logs import recorded_traits, replay_traits
from .pack import trace_traits
from .population import console_traits

__all__ = [
    "CurriculumReplay",
    "Homeostasis",
    "LIFPlayground",
    "RasterStepper",
    "StressConsole",
    "SurrogateExplorer",
]

HERE = Path(__file__).parent
PARTS = {  # what a widget's code needs besides common.js
    "raster_stepper.js": ("player.js",),
    "curriculum_replay.js": ("player.js", "chart.js"),
    "homeostasis.js": ("player.js", "chart.js", "population.js"),
    "stress_console.js": ("chart.js", "population.js"),
}


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """A widget's module: the shared helpers, then its own code."""
    return "".join(map(_read, ("common.js", *PARTS.get(name, ()), name)))


def styles(*more: str) -> str:
    """The shared style sheet with the palette of both themes in front, then `more` sheets."""
    light = f".rs-widget {{\n{css_variables('light')}\n}}\n"
    dark = f'.rs-widget[data-rs-theme="dark"] {{\n{css_variables("dark")}\n}}\n'
    return light + dark + "".join(map(_read, ("widgets.css", *more)))


class LIFPlayground(anywidget.AnyWidget):
    """One leaky neuron for 100 steps: input, leak, threshold and reset at your fingertips."""

    _esm = script("lif_playground.js")
    _css = styles()
    current = t.Float(0.22, min=0.0, max=1.0).tag(sync=True)
    beta = t.Float(0.9, min=0.5, max=0.99).tag(sync=True)
    thr = t.Float(1.0, min=0.2, max=2.0).tag(sync=True)
    reset = t.Enum(["delayed", "immediate", "zero", "none"], "delayed").tag(sync=True)
    shape = t.Enum(["constant", "step", "pulses", "noise"], "constant").tag(sync=True)


class SurrogateExplorer(anywidget.AnyWidget):
    """The step, its surrogate gradient of slope k, and the share of membranes it reaches."""

    _esm = script("surrogate_explorer.js")
    _css = styles()
    slope = t.Float(5.0, min=0.5, max=50.0).tag(sync=True)
    x = t.Float(-0.4, min=-2.0, max=2.0).tag(sync=True)


class RasterStepper(anywidget.AnyWidget):
    """Step through a `Trace`: text, every spike, one neuron's membrane, what Sam expects next.

    `step`, `layer` and `neuron` say what is shown; Python can read and set them.
    """

    _esm = script("raster_stepper.js")
    _css = styles()
    shape = t.List(t.Int()).tag(sync=True)  # layers, steps, neurons
    spikes = t.Bytes().tag(sync=True)
    mem_codes = t.Bytes().tag(sync=True)
    mem_scale = t.Bytes().tag(sync=True)
    thresholds = t.Bytes().tag(sync=True)
    tokens = t.List(t.Unicode()).tag(sync=True)
    prompt_len = t.Int().tag(sync=True)
    top_chars = t.List(t.List(t.Unicode())).tag(sync=True)
    top_p = t.Bytes().tag(sync=True)
    step = t.Int(0).tag(sync=True)
    layer = t.Int(0).tag(sync=True)
    neuron = t.Int(0).tag(sync=True)
    autoplay = t.Bool(False).tag(sync=True)

    def __init__(self, trace, autoplay: bool = False, step: int | None = None, **kwargs):
        traits = trace_traits(trace)
        steps, written = traits["shape"][1], 0 < trace.prompt_len < traits["shape"][1]
        start = trace.prompt_len - 1 if written else steps // 4
        traits["step"] = start if step is None else int(np.clip(step, 0, steps - 1))
        traits["neuron"] = int(np.asarray(trace.spk)[0].sum(0).argmax())
        super().__init__(**(traits | {"autoplay": autoplay} | kwargs))


class CurriculumReplay(anywidget.AnyWidget):
    """Scrub through a training run: loss, firing rates, phase, and what Sam wrote just then.

    Args:
        log: the lines of `data/results/<run>.jsonl` as dictionaries.
        phases: the phase table of the run's card; None if there is none.
        control: the log of a run on the same budget of tokens without curriculum.
        val_label: what "val" was measured on, for the legend.

    `entry`, the validation shown, can be read and set from Python.

    Raises:
        RealSamError: a log is empty, or not that of one run.
    """

    _esm = script("curriculum_replay.js")
    _css = styles("growth.css")
    fields = t.List(t.Unicode()).tag(sync=True)
    numbers = t.Bytes().tag(sync=True)  # (fields, n) float32
    rates = t.Bytes().tag(sync=True)  # (n, L) float32
    phases = t.List(t.Dict()).tag(sync=True)
    samples = t.List(t.Unicode()).tag(sync=True)
    control_numbers = t.Bytes().tag(sync=True)  # tokens, loss, val of the control
    val_label = t.Unicode("validation").tag(sync=True)
    entry = t.Int(0).tag(sync=True)
    autoplay = t.Bool(False).tag(sync=True)

    def __init__(self, log, phases=None, control=None, val_label="validation", entry=0, **kwargs):
        traits = replay_traits(log, phases, control)
        shown = int(np.clip(entry, 0, len(traits["samples"]) - 1))
        super().__init__(**(traits | {"val_label": val_label, "entry": shown} | kwargs))


class Homeostasis(anywidget.AnyWidget):
    """A population whose thresholds chase a target rate: θᵢ ← θᵢ + η·(rᵢ − r*), window by window.

    48 neurons driven by noise are simulated in the page, the same for the same `seed`. With
    `recorded`, the log of a V3 run, the widget can show that run's thresholds instead.

    Raises:
        RealSamError: a number is out of range, or the recorded run holds no thresholds.
    """

    _esm = script("homeostasis.js")
    _css = styles("growth.css")
    eta = t.Float(0.2).tag(sync=True)
    target = t.Float(0.1).tag(sync=True)
    drive = t.Float(1.0).tag(sync=True)
    learn = t.Bool(False).tag(sync=True)
    seed = t.Int(0).tag(sync=True)
    window = t.Int(10).tag(sync=True)
    neuron = t.Int(0).tag(sync=True)
    mode = t.Enum(["live", "recorded"], "live").tag(sync=True)
    rec_tokens = t.Bytes().tag(sync=True)
    rec_thr = t.Bytes().tag(sync=True)  # (n, L, 3) float32
    rec_rates = t.Bytes().tag(sync=True)  # (n, L) float32
    rec_label = t.Unicode("recorded run").tag(sync=True)
    entry = t.Int(0).tag(sync=True)
    layer = t.Int(0).tag(sync=True)

    def __init__(self, recorded=None, recorded_label="recorded run", **kwargs):
        limits = {"eta": (0, 20), "target": (0.02, 0.4), "drive": (0.2, 3), "window": (0, 400)}
        for name, (low, high) in limits.items():
            if not low <= kwargs.get(name, low) <= high:
                raise RealSamError(f"{name} is {kwargs[name]}; it can be {low} to {high}.")
        if recorded is None and kwargs.get("mode") == "recorded":
            raise RealSamError("There is no recorded run to show; give recorded=, a V3 run's log.")
        traits = {} if recorded is None else recorded_traits(recorded)
        super().__init__(**(traits | {"rec_label": recorded_label} | kwargs))


class StressConsole(anywidget.AnyWidget):
    """Drag the stress; a diverse and a uniform population answer to the same current.

    Neuron i hears the current times 1 + stress·diversityᵢ, in the uniform population times
    1 + stress. No recurrence: nothing but the gain differs. `population.answer` is the same in
    Python, `unpack_current` gives it the current that the page uses.

    Args:
        cur: currents before the gain, (T, N); 8 bits per value reach the page.
        beta: leak, a number or (N,).
        diversity: (N,), mean 1.
        thr: threshold, a number or (N,).
        label: what the current is, shown in the caption.

    Raises:
        RealSamError: shapes disagree, or a value is out of range.
    """

    _esm = script("stress_console.js")
    _css = styles("growth.css")
    shape = t.List(t.Int()).tag(sync=True)  # steps, neurons
    cur_codes = t.Bytes().tag(sync=True)  # (T, N) int8
    cur_scale = t.Bytes().tag(sync=True)  # (N,) float32, as the three below
    betas = t.Bytes().tag(sync=True)
    diversity = t.Bytes().tag(sync=True)
    thresholds = t.Bytes().tag(sync=True)
    label = t.Unicode("").tag(sync=True)
    stress = t.Float(0.3, min=0.0, max=1.0).tag(sync=True)

    def __init__(self, cur, beta, diversity, thr=1.0, label="", stress=0.3, **kwargs):
        if not 0 <= stress <= 1:
            raise RealSamError(f"stress is {stress}; it lies between 0 and 1.")
        traits = console_traits(cur, beta, diversity, thr)
        super().__init__(**(traits | {"label": label, "stress": float(stress)} | kwargs))
