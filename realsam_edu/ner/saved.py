"""A trained tagger on disk: `checkpoint`'s file, and a card that says what kind of tagger it is."""

from dataclasses import asdict
from pathlib import Path

from ..runtime.errors import RealSamError
from ..runtime.files import write_json
from ..runtime.tensor_file import pack, unpack
from .decode import TAGS
from .lstm import LSTMTagger
from .tagger import Tagger, TaggerConfig

VERSION = "ner"  # what a card says where Sam's says "v4"
KINDS = {kind.kind: kind for kind in (Tagger, LSTMTagger)}


def build(kind: str, **given):
    """Return a new tagger of a kind, "spikes" or "lstm"; `given` are fields of its config.

    Raises:
        RealSamError: there is no such kind.
    """
    if kind not in KINDS:
        raise RealSamError(f"There is no tagger '{kind}'; choose one of {', '.join(KINDS)}.")
    return KINDS[kind](TaggerConfig(len(TAGS), **given))


def save(path: Path, model, card: dict) -> dict:
    """Save a tagger in half precision with its card, and the card beside it as `….json`.

    Returns:
        The complete card; `version`, `kind`, `config`, `tags` and `parameters` are added.
    """
    own = {"version": VERSION, "kind": model.kind, "config": asdict(model.config)}
    own["tags"] = list(TAGS)
    own["parameters"] = sum(parameter.numel() for parameter in model.parameters())
    card = own | card
    pack(path, {name: tensor.half() for name, tensor in model.state_dict().items()}, card)
    write_json(path.with_suffix(".json"), card)
    return card


def load(path: str | Path, device="cpu"):
    """Return `(model, card)` of a tagger, in float32 and ready to run.

    Raises:
        RealSamError: missing, damaged, of other types, or no tagger but a language model.
    """
    tensors, card = unpack(Path(path))
    if card.get("version") != VERSION:
        raise RealSamError(
            f"{path} is no tagger but a model of version '{card.get('version')}'; give one that "
            "`realsam ner train` made."
        )
    try:
        if card["tags"] != list(TAGS):
            raise ValueError("it has other tags")
        config = TaggerConfig(**card["config"])
        model = KINDS[card["kind"]](config)
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise RealSamError(
            f"{path} does not fit this package's tagger ({str(error).splitlines()[0]}); use the "
            "version of realsam_edu that wrote it."
        ) from None
    return model.to(device).eval(), card
