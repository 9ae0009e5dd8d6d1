"""Three figures you can touch. Their logic is JavaScript (beside this file), their data are traits.

Because nothing runs in Python, the same object works in JupyterLab, in Colab and on the built page
with no kernel behind it.
"""

from pathlib import Path

import anywidget
import numpy as np
import traitlets as t

from realsam_edu.palette import css_variables
from realsam_edu.widgets.pack import trace_traits

__all__ = ["LIFPlayground", "RasterStepper", "SurrogateExplorer"]

HERE = Path(__file__).parent


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """A widget's module: the shared helpers, then its own code."""
    return _read("common.js") + _read(name)


def styles() -> str:
    """The shared style sheet with the palette of both themes in front."""
    light = f".rs-widget {{\n{css_variables('light')}\n}}\n"
    dark = f'.rs-widget[data-rs-theme="dark"] {{\n{css_variables("dark")}\n}}\n'
    return light + dark + _read("widgets.css")


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
