"""Saving and loading: one safetensors file that knows what it is and whether it is intact.

The weights, the model's configuration and its card (what it was trained on, how, with which
result) are one file; the same card stands beside it as JSON for people to read. A digest over card
and weights is kept in the file's header, so that a single flipped byte is noticed. Files are
written under a temporary name and renamed, so a crash or a full disk leaves the old file whole.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes

from .model.versions import MODELS
from .runtime.errors import RealSamError
from .runtime.files import write_atomic, write_json
from .text.tokenizer import BPETokenizer, CharTokenizer

FORMAT = "realsam-1"


@dataclass
class Checkpoint:
    """A loaded model with its tokenizer and card."""

    model: torch.nn.Module
    tokenizer: CharTokenizer | BPETokenizer
    card: dict


def checkpoint_path(path: str | Path) -> Path:
    """Return `path` if it may be a checkpoint's.

    Raises:
        RealSamError: its name does not end in `.safetensors`.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise RealSamError(
            f"{path} is no name for a checkpoint; choose one that ends in .safetensors."
        )
    return path


def _digest(card: str, tensors: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(card.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def pack(path: Path, tensors: dict[str, torch.Tensor], card: dict) -> None:
    """Write tensors and card as one self-checking safetensors file, atomically."""
    text = json.dumps(card)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"format": FORMAT, "card": text, "sha256": _digest(text, tensors)}
    write_atomic(path, safetensors_bytes(tensors, metadata=header))


def unpack(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Read what `pack` wrote, and check it.

    Raises:
        RealSamError: the file is missing, of another format, or not as it was written.
    """
    path = Path(path)
    if not path.is_file():
        raise RealSamError(f"There is no checkpoint at {path}; train one or correct the path.")
    damaged = f"{path} is damaged (its contents do not match its checksum); fetch it again."
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, UnicodeDecodeError):
        raise RealSamError(damaged) from None
    if header.get("format") != FORMAT:
        raise RealSamError(
            f"{path} has format '{header.get('format')}', this package reads '{FORMAT}'; "
            "use the package version that wrote it, or train again."
        )
    if _digest(header.get("card", ""), tensors) != header.get("sha256"):
        raise RealSamError(damaged)
    return tensors, json.loads(header["card"])


def part(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """Return the tensors whose names begin with `name`, without it."""
    return {k[len(name) :]: v for k, v in tensors.items() if k.startswith(name)}


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
