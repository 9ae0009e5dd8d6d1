"""The widget of notebook 02: the step and its surrogate gradient."""

import anywidget
import traitlets as t

from .base import script, styles


class SurrogateExplorer(anywidget.AnyWidget):
    """The step, its surrogate gradient of slope k, and the share of membranes it reaches."""

    _esm = script("surrogate_explorer.js")
    _css = styles()
    slope = t.Float(5.0, min=0.5, max=50.0).tag(sync=True)
    x = t.Float(-0.4, min=-2.0, max=2.0).tag(sync=True)
