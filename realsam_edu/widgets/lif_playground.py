"""The widget of notebook 01: one leaky neuron."""

import anywidget
import traitlets as t

from .base import script, styles


class LIFPlayground(anywidget.AnyWidget):
    """One leaky neuron for 100 steps: input, leak, threshold and reset at your fingertips."""

    _esm = script("lif_playground.js")
    _css = styles()
    current = t.Float(0.22, min=0.0, max=1.0).tag(sync=True)
    beta = t.Float(0.9, min=0.5, max=0.99).tag(sync=True)
    thr = t.Float(1.0, min=0.2, max=2.0).tag(sync=True)
    reset = t.Enum(["delayed", "immediate", "zero", "none"], "delayed").tag(sync=True)
    shape = t.Enum(["constant", "step", "pulses", "noise"], "constant").tag(sync=True)
