"""The widget of notebook 08: one current, one stress, two populations that hear it differently.

    gain_i = 1 + stress · diversity_i        U[t] = β·U[t−1] + gain_i·I[t] − θ·S[t−1]

The page computes `respond` in float32, operation by operation: its spikes are these spikes.
"""

import anywidget
import numpy as np
import torch
import traitlets as t

from ..neurons.lif import lif_step
from ..plots.arrays import as_array
from ..runtime.errors import RealSamError
from .base import script, styles

CELLS = 65_536  # the largest T·N that the page carries


def pack_current(cur: np.ndarray) -> tuple[bytes, bytes]:
    """Currents (T, N) as int8 codes and one float32 scale per neuron (N,)."""
    scale = np.maximum(np.abs(cur).max(0) / 127, 1e-9).astype("<f4")  # (N,)
    codes = np.clip(np.rint(cur / scale), -127, 127).astype(np.int8)  # (T, N)
    return codes.tobytes(), scale.tobytes()


def unpack_current(codes: bytes, scale: bytes) -> np.ndarray:
    """The currents (T, N), float32, that the page drives its neurons with."""
    each = np.frombuffer(scale, "<f4")
    code = np.frombuffer(codes, np.int8).reshape(-1, each.size)
    return code.astype(np.float32) * each


def respond(cur, beta, diversity, stress: float = 0.0, thr=1.0) -> np.ndarray:
    """Spikes (T, N), uint8, of LIF neurons without recurrence that hear `stress`.

    Args:
        cur: currents before the gain, (T, N).
        beta: leak β, a number or (N,).
        diversity: how strongly each neuron hears stress, (N,); ones are the uniform population.
        stress: 0 (gain 1) to 1.
        thr: threshold θ, a number or (N,).
    """
    cur, beta, diversity, thr = (
        torch.as_tensor(as_array(x), dtype=torch.float32) for x in (cur, beta, diversity, thr)
    )
    gain = 1 + stress * diversity  # (N,)
    mem, spikes = torch.zeros(1, cur.shape[1]), []
    for now in cur:
        spk, mem = lif_step((now * gain)[None], mem, beta, thr)  # (1, N)
        spikes.append(spk[0])
    return torch.stack(spikes).numpy().astype(np.uint8)  # (T, N)


def _per_neuron(x, neurons: int, name: str) -> np.ndarray:
    x = as_array(x).astype(np.float32)
    if x.shape not in ((), (1,), (neurons,)):
        raise RealSamError(
            f"{name} has shape {x.shape}; give one number or one for each of {neurons} neurons."
        )
    return np.broadcast_to(x, (neurons,)).astype("<f4")


def console_traits(cur, beta, diversity, thr=1.0) -> dict:
    """Everything `StressConsole` computes with, as plain values and bytes.

    Raises:
        RealSamError: shapes disagree, a value is not finite or out of range, or it is too much.
    """
    cur = as_array(cur).astype(np.float32)
    if cur.ndim != 2 or 0 in cur.shape:
        raise RealSamError(f"cur has shape {cur.shape}; give currents of shape (T, N).")
    if cur.size > CELLS:
        raise RealSamError(
            f"cur holds {cur.size:,} values and a page carries at most {CELLS:,}; "
            "take fewer steps, or every fourth neuron: cur[:, ::4]."
        )
    n = cur.shape[1]
    beta, thr = _per_neuron(beta, n, "beta"), _per_neuron(thr, n, "thr")
    diversity = _per_neuron(diversity, n, "diversity")
    for name, x in {"cur": cur, "beta": beta, "diversity": diversity, "thr": thr}.items():
        if not np.isfinite(x).all():
            raise RealSamError(f"{name} holds values that are not numbers; look where they arise.")
    if (beta < 0).any() or (beta > 1).any() or (diversity < 0).any() or (thr <= 0).any():
        raise RealSamError("beta must lie in [0, 1], diversity must be at least 0, thr above 0.")
    codes, scale = pack_current(cur)
    return {
        "shape": list(cur.shape),
        "cur_codes": codes,
        "cur_scale": scale,
        "betas": beta.tobytes(),
        "diversity": diversity.tobytes(),
        "thresholds": thr.tobytes(),
    }


class StressConsole(anywidget.AnyWidget):
    """Drag the stress; a diverse and a uniform population answer to the same current.

    Neuron i hears the current times 1 + stress·diversityᵢ, in the uniform population times
    1 + stress. No recurrence: nothing but the gain differs. `respond` is the same in Python,
    `unpack_current` gives it the current that the page uses.

    Args:
        cur: currents before the gain, (T, N); 8 bits per value reach the page.
        beta: leak, a number or (N,).
        diversity: (N,), mean 1.
        thr: threshold, a number or (N,).
        label: what the current is, shown in the caption.

    Raises:
        RealSamError: shapes disagree, or a value is out of range.
    """

    _esm = script("stress_console.js", "chart.js", "lif.js")
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
