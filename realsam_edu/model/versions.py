"""Which versions of Sam there are."""

from ..runtime.errors import RealSamError
from ..runtime.settings import seed_all
from .v1 import V1, V1Config
from .v2 import V2, V2Config
from .v3 import V3, V3Config
from .v4 import V4, V4Config

MODELS = {"v1": (V1, V1Config), "v2": (V2, V2Config), "v3": (V3, V3Config), "v4": (V4, V4Config)}
MODES = tuple(MODELS)


def known_mode(mode: str) -> str:
    """Return `mode`, or raise `RealSamError` if there is no such version."""
    if mode not in MODES:
        raise RealSamError(f"There is no mode '{mode}'; choose one of {', '.join(MODES)}.")
    return mode


def build(mode: str, vocab: int, seed: int, **given):
    """Return a new model of a version; the same seed gives the same weights.

    Args:
        mode: "v1" to "v4".
        vocab: tokens V.
        seed: of the weights at birth.
        given: fields of the version's config that differ from its defaults.
    """
    cls, config = MODELS[known_mode(mode)]
    seed_all(seed)
    return cls(config(vocab=vocab, **given))
