"""Tensors and a card in one safetensors file that knows what it is and whether it is intact.

A digest over card and tensors is kept in the file's header, so that a single flipped byte is
noticed. Files are written under a temporary name and renamed, so a crash or a full disk leaves the
old file whole. Checkpoints and saved chats are such files; each is a `Kind`.
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes

from .errors import RealSamError
from .files import write_atomic

SUFFIX = ".safetensors"


class Kind(NamedTuple):
    """A kind of file: what its header says, what people call it, and the ways out."""

    format: str
    name: str
    missing: str  # what to do if there is none
    damaged: str  # what to do if it is not as it was written
    other: str  # what to do if it is of another kind


CHECKPOINT = Kind(
    "realsam-1",
    "checkpoint",
    "train one or correct the path",
    "fetch it again",
    "use the package version that wrote it, or train again",
)


def named(path: str | Path, kind: Kind) -> Path:
    """Return `path` if it may be the name of such a file.

    Raises:
        RealSamError: its name does not end in `.safetensors`.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise RealSamError(
            f"{path} is no name for a {kind.name}; choose one that ends in {SUFFIX}."
        )
    return path


def digest(text: str, tensors: dict[str, torch.Tensor]) -> str:
    """Return the SHA-256 of a text and of tensors, their names, types and shapes, as hex."""
    whole = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        whole.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        whole.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()


def pack(path: Path, tensors: dict[str, torch.Tensor], card: dict, kind: Kind = CHECKPOINT) -> None:
    """Write tensors and card as one self-checking safetensors file, atomically."""
    text = json.dumps(card)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"format": kind.format, "card": text, "sha256": digest(text, tensors)}
    write_atomic(path, safetensors_bytes(tensors, metadata=header))


def unpack(path: Path, kind: Kind = CHECKPOINT) -> tuple[dict[str, torch.Tensor], dict]:
    """Read what `pack` wrote, and check it.

    Raises:
        RealSamError: the file is missing, of another kind, or not as it was written.
    """
    path = Path(path)
    if not path.is_file():
        raise RealSamError(f"There is no {kind.name} at {path}; {kind.missing}.")
    damaged = f"{path} is damaged (its contents do not match its checksum); {kind.damaged}."
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, UnicodeDecodeError):
        raise RealSamError(damaged) from None
    if header.get("format") != kind.format:
        raise RealSamError(
            f"{path} has format '{header.get('format')}', this package reads '{kind.format}'; "
            f"{kind.other}."
        )
    if digest(header.get("card", ""), tensors) != header.get("sha256"):
        raise RealSamError(damaged)
    try:
        return tensors, json.loads(header["card"])
    except (ValueError, RecursionError):
        raise RealSamError(damaged) from None


def is_kind(path: Path, kind: Kind) -> bool:
    """Tell whether the file at `path` says that it is of this kind; nothing of it is checked."""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") == kind.format
    except (SafetensorError, OSError, UnicodeDecodeError):
        return False


def part(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """Return the tensors whose names begin with `name`, without it."""
    return {k[len(name) :]: v for k, v in tensors.items() if k.startswith(name)}
