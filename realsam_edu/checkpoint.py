"""A trained Sam on disk: weights, tokenizer, configuration and card in one file.

The card says what the model was trained on, how, with which result; it stands beside the file once
more as JSON, for people to read. `runtime.tensor_file` says how the file knows whether it is whole.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from .model.versions import MODELS
from .runtime.errors import RealSamError
from .runtime.files import write_json
from .runtime.tensor_file import CHECKPOINT, named, pack, unpack
from .text.tokenizer import BPETokenizer, CharTokenizer


@dataclass
class Checkpoint:
    """A loaded model with its tokenizer and card."""

    model: torch.nn.Module
    tokenizer: CharTokenizer | BPETokenizer
    card: dict


def checkpoint_path(path: str | Path) -> Path:
    """Return `path` if it may be a checkpoint's; `RealSamError` if it does not end as one."""
    return named(path, CHECKPOINT)


@torch.no_grad()
def round_to_half(model: torch.nn.Module) -> None:
    """Round the weights in place to what `save` keeps, so that one measures what one saves."""
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())


def save(path: str | Path, model: torch.nn.Module, tokenizer, card: dict) -> dict:
    """Save a model in half precision with its card, and the card beside it as `….json`.

    Args:
        path: where to; has to end in `.safetensors`.
        model: any model of `versions.MODELS`.
        tokenizer: the tokenizer it was trained with.
        card: whatever should be remembered; `version`, `config`, `parameters` are added.

    Returns:
        The complete card, as in the JSON beside the file: there, a BPE is named by its digest.

    Raises:
        RealSamError: the tokenizer has another number of tokens than the model, or the path is no
            name for a checkpoint.
    """
    path = checkpoint_path(path)
    if tokenizer.vocab_size != model.config.vocab:
        raise RealSamError(
            f"The tokenizer has {tokenizer.vocab_size} tokens and the model {model.config.vocab}; "
            "save a model with the tokenizer it was trained with."
        )
    version = next(name for name, (cls, _) in MODELS.items() if isinstance(model, cls))
    tensors = {
        name: value.half() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    parameters = sum(p.numel() for p in model.parameters())
    config = asdict(model.config)
    card = {"version": version, "parameters": parameters, "config": config, **card}
    named, whole = _described(tokenizer)
    pack(path, tensors, card | {"tokenizer": whole})
    card["tokenizer"] = named
    write_json(path.with_suffix(".json"), card)
    return card


def _described(tokenizer) -> tuple[dict, dict]:
    """Return how a card names a tokenizer, and all that is needed to make it again."""
    if tokenizer.kind == "characters":
        whole = {"kind": "characters", "chars": tokenizer.chars}
        return whole, whole
    named = {"kind": "bpe", "vocab": tokenizer.vocab_size, "sha256": tokenizer.sha256}
    return named, named | {"json": tokenizer.to_json()}


def _made_again(whole: dict) -> CharTokenizer | BPETokenizer:
    if whole["kind"] == "characters":
        return CharTokenizer(whole["chars"])
    return BPETokenizer.from_json(whole["json"])


def load(path: str | Path, device: str | torch.device = "cpu") -> Checkpoint:
    """Return the model, in float32 and ready to run, with its tokenizer and card.

    Raises:
        RealSamError: missing, damaged, of another format, or of a version not known here.
    """
    tensors, card = unpack(Path(path))
    if card.get("version") not in MODELS:
        raise RealSamError(
            f"{path} holds a model of version '{card.get('version')}'; this package knows "
            f"{', '.join(MODELS)}. Use a newer realsam_edu."
        )
    cls, config = MODELS[card["version"]]
    try:
        model = cls(config(**card["config"]))
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (TypeError, RuntimeError) as error:
        raise RealSamError(
            f"{path} does not fit this package's {card['version']} "
            f"({str(error).splitlines()[0]}); use the version of realsam_edu that wrote it."
        ) from None
    tokenizer = _made_again(card["tokenizer"])
    card["tokenizer"] = _described(tokenizer)[0]
    return Checkpoint(model.to(device).eval(), tokenizer, card)
