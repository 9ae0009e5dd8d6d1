"""The widget of notebook 07: thresholds that chase a target rate, live or from a recorded run."""

import anywidget
import traitlets as t

from ..runtime.errors import RealSamError
from .base import script, styles
from .run_log import check_log, column, per_layer


def recorded_traits(log) -> dict:
    """The thresholds and rates of a recorded run, as `Homeostasis` shows them.

    Raises:
        RealSamError: the log is empty or its entries hold no thresholds.
    """
    log = check_log(log, ("tokens", "thr", "rates"), "recorded run")
    thr, rates = per_layer(log, "thr", 2), per_layer(log, "rates", 1)  # (n, L, 3), (n, L)
    if thr.shape != (*rates.shape, 3):
        raise RealSamError(
            f"The recorded run has thresholds {thr.shape} and rates {rates.shape}; "
            "it needs the 5, 50 and 95 % quantiles and one rate for each layer."
        )
    return {
        "rec_tokens": column(log, "tokens").tobytes(),
        "rec_thr": thr.tobytes(),
        "rec_rates": rates.tobytes(),
    }


class Homeostasis(anywidget.AnyWidget):
    """A population whose thresholds chase a target rate: θᵢ ← θᵢ + η·(rᵢ − r*), window by window.

    48 neurons driven by noise are simulated in the page, the same for the same `seed`. With
    `recorded`, the log of a V3 run, the widget can show that run's thresholds instead.

    Raises:
        RealSamError: a number is out of range, or the recorded run holds no thresholds.
    """

    _esm = script("homeostasis.js", "player.js", "chart.js", "lif.js")
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
