"""The widget in which Sam writes: every neuron of him watched, questioned and silenced.

All of it runs in the page (`widgets/engine`). The weights are no trait, so that a notebook stays
small: the page asks the kernel for them by a message, or, on the built site, loads the file
`_static/sam/NAME.bin` beside it. Where neither works it plays the recording it was given.
"""

import base64
import weakref

import anywidget
import traitlets as t

from ..checkpoint import Checkpoint
from ..generation.browser import pack
from ..model.versions import MODELS
from ..runtime.errors import RealSamError
from .base import ENGINE, script, styles
from .raster_stepper import trace_traits

PARTS = (  # in the order in which they are joined
    "player.js",
    "chart.js",
    "trace.js",
    "energy.js",
    *ENGINE,
    "sam_writer/runner.js",
    "sam_writer/history.js",
    "sam_writer/weights.js",
    "sam_writer/raster.js",
    "sam_writer/words.js",
    "sam_writer/controls.js",
    "sam_writer/session.js",
    "sam_writer/surgery.js",
    "sam_writer/stage.js",
)
SHEETS = ("growth.css", "energy.css", "writer.css")
_packed = weakref.WeakKeyDictionary()  # model: its file, made once


def weights_of(loaded: Checkpoint) -> bytes:
    """Return the file that a page runs a loaded model from; made once per model."""
    if loaded.model not in _packed:
        _packed[loaded.model] = pack(loaded.model, loaded.tokenizer, loaded.card)
    return _packed[loaded.model]


def recording_of(trace) -> dict:
    """Return a `Trace` as plain values that a page can play: bytes become base64 text.

    Raises:
        RealSamError: as `raster_stepper.trace_traits`.
    """
    traits = trace_traits(trace).items()
    return {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in traits}


class SamWriter(anywidget.AnyWidget):
    """Sam writes in the page, token by token, with all of his neurons in sight.

    Args:
        loaded: a checkpoint, from `realsam_edu.checkpoint.load`.
        prompt: what Sam reads first.
        mode: "write", or "chat" for a model that knows turns (V2 to V4).
        temperature: 0 takes the likeliest token.
        seed: same seed, same text.
        recording: a `Trace` that is played where the weights cannot be had.
        autoplay: begin by itself, unless the reader wants reduced motion.

    Raises:
        RealSamError: the mode is unknown or the model knows no turns, or a setting is out of range.
    """

    _esm = script("sam_writer.js", *PARTS)
    _css = styles(*SHEETS)
    name = t.Unicode().tag(sync=True)  # of the file on the site: "v4"
    commit = t.Unicode(None, allow_none=True).tag(sync=True)  # that the weights have to be of
    mode = t.Enum(("write", "chat"), "write").tag(sync=True)
    prompt = t.Unicode().tag(sync=True)
    placeholder = t.Unicode().tag(sync=True)
    temperature = t.Float(0.8, min=0.0).tag(sync=True)
    top_k = t.Int(0, min=0).tag(sync=True)  # 0: all
    top_p = t.Float(1.0, min=0.0, max=1.0).tag(sync=True)
    repetition_penalty = t.Float(1.0, min=1.0).tag(sync=True)
    seed = t.Int(0, min=0).tag(sync=True)
    stress = t.Float(None, allow_none=True, min=0.0, max=1.0).tag(sync=True)  # None: felt
    speed = t.Float(0.0, min=0.0).tag(sync=True)  # tokens per second; 0: as suits the tokens
    autoplay = t.Bool(False).tag(sync=True)
    compact = t.Bool(False).tag(sync=True)
    recording = t.Dict(None, allow_none=True).tag(sync=True)
    layer = t.Int(0, min=0).tag(sync=True)  # the neuron that is followed
    neuron = t.Int(0, min=0).tag(sync=True)
    text = t.Unicode().tag(sync=True)  # what Sam wrote, told when he pauses

    def __init__(
        self,
        loaded: Checkpoint,
        prompt: str = "",
        mode: str = "write",
        temperature: float = 0.8,
        seed: int = 0,
        recording=None,
        autoplay: bool = False,
        **kwargs,
    ):
        if mode == "chat" and loaded.tokenizer.kind != "bpe":
            raise RealSamError(
                "This model reads characters and knows no turns; chat with V2, V3 or V4."
            )
        named = (name for name, (cls, _) in MODELS.items() if type(loaded.model) is cls)
        kwargs |= {"commit": loaded.card.get("commit") or "", "name": next(named, "")}
        kwargs |= {"prompt": prompt, "mode": mode, "seed": seed}
        kwargs |= {"temperature": temperature, "autoplay": autoplay}
        kwargs["recording"] = None if recording is None else recording_of(recording)
        try:
            super().__init__(**kwargs)
        except t.TraitError as error:
            raise RealSamError(f"SamWriter cannot be set like this: {error}") from None
        self.loaded = loaded
        self.on_msg(self._answer)

    def _answer(self, _, message: dict, __) -> None:
        """Send the weights to a page that asks, or the sentence why there are none."""
        if message.get("kind") != "weights":
            return
        try:
            self.send({"kind": "weights"}, [weights_of(self.loaded)])
        except RealSamError as error:
            self.send({"kind": "weights", "error": str(error)})
