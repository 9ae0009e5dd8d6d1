"""The widget that steps through a trace, and the trace as bytes for the page.

Spikes travel as bits, membranes as codes that agree with every spike.
"""

import anywidget
import numpy as np
import traitlets as t

from ..runtime.errors import RealSamError
from .base import script, styles


def pack_spikes(spk: np.ndarray) -> bytes:
    """One bit per cell, lowest bit first, in C order."""
    return np.packbits(np.ascontiguousarray(spk).ravel() > 0, bitorder="little").tobytes()


def unpack_spikes(packed: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """What `pack_spikes` packed, as uint8."""
    bits = np.frombuffer(packed, np.uint8)
    return np.unpackbits(bits, count=int(np.prod(shape)), bitorder="little").reshape(shape)


def pack_membrane(mem: np.ndarray, thr: np.ndarray) -> tuple[bytes, bytes]:
    """Membranes (L, T, N) as int8 codes and two scales per neuron.

    A code above 0 is a membrane strictly above its threshold, 0 or below is one that is not: the
    code's sign is the spike, whatever the rounding does to the value. The scales are the neuron's
    deepest and highest distance from its threshold (L, N, 2).
    """
    excess = mem.astype(np.float64) - thr[:, None].astype(np.float64)  # (L, T, N)
    below = np.maximum(-excess.min(1), 1e-9).astype(np.float32)  # (L, N)
    above = np.maximum(excess.max(1), 1e-9).astype(np.float32)
    down = np.clip(np.rint(excess / below[:, None] * 128), -128, 0)
    up = np.clip(np.rint(excess / above[:, None] * 127), 1, 127)
    codes = np.where(excess > 0, up, down).astype(np.int8)
    return codes.tobytes(), np.stack([below, above], axis=-1).astype("<f4").tobytes()


def unpack_membrane(codes: bytes, scale: bytes, thr: np.ndarray, steps: int) -> np.ndarray:
    """The membranes that the page draws (L, T, N)."""
    layers, neurons = thr.shape
    code = np.frombuffer(codes, np.int8).reshape(layers, steps, neurons).astype(np.float64)
    below, above = np.moveaxis(np.frombuffer(scale, "<f4").reshape(layers, neurons, 2), -1, 0)
    excess = np.where(code > 0, code / 127 * above[:, None], code / 128 * below[:, None])
    return thr[:, None] + excess


def trace_traits(trace) -> dict:
    """Everything the stepper shows, as plain values and bytes.

    Raises:
        RealSamError: the trace's membranes and spikes disagree, or its parts differ in length.
    """
    spk, mem = np.asarray(trace.spk), np.asarray(trace.mem, np.float32)
    thr = np.broadcast_to(np.asarray(trace.thr, np.float32), (spk.shape[0], spk.shape[2]))
    if len(trace.chars) != spk.shape[1] or mem.shape != spk.shape:
        raise RealSamError(
            f"The trace has {len(trace.chars)} tokens, spikes {spk.shape}, membranes {mem.shape}; "
            "make it with realsam_edu.inside.trace so that they fit."
        )
    if not np.array_equal(mem > thr[:, None], spk > 0):
        raise RealSamError(
            "The trace's spikes are not 'membrane above threshold'; "
            "record the membrane that the threshold tested, before any reset."
        )
    codes, scale = pack_membrane(mem, thr)
    return {
        "shape": list(spk.shape),
        "spikes": pack_spikes(spk),
        "mem_codes": codes,
        "mem_scale": scale,
        "thresholds": thr.astype("<f4").tobytes(),
        "tokens": list(trace.chars),
        "prompt_len": int(trace.prompt_len),
        "top_chars": [list(row) for row in trace.top_chars],
        "top_p": np.asarray(trace.top_p, "<f4").tobytes(),
    }


class RasterStepper(anywidget.AnyWidget):
    """Step through a `Trace`: text, every spike, one neuron's membrane, what Sam expects next.

    `step`, `layer` and `neuron` say what is shown; Python can read and set them.
    """

    _esm = script("raster_stepper.js", "player.js", "trace.js")
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
