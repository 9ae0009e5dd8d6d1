"""Sam as one file that a page can run: int8 weights, the tokenizer, a text to measure him by.

Of the model only `model.wiring` is read. Every matrix that spikes meet lies in the file by columns,
a row of bytes for each neuron: what its spike adds. A row of weights into one neuron shares a
scale, so a page adds up small whole numbers and multiplies once, the scale, at the end:

    Σ W[j, i] over the neurons i that fired  =  scale[j] · Σ q[j, i]        q in −127 … 127

A scale has 16 binary digits and q has 7, so `scale · q` is exact in float32 and both sides of the
equation are exact in double precision, in whatever order one adds. This is why the page, which
computes in double precision as JavaScript does, spikes as PyTorch does with `dequantised(model)` in
float64 (`tests/widgets/test_engine.py`). Reader: `widgets/engine/engine.js`.

| bytes | what |
|---|---|
| 0 to 7 | `RealSam` and a line feed |
| 8 to 23 | format, length of the file, CRC-32 of all that follows, length n of the header: uint32 |
| 24 to 24 + n | the header, JSON; it says where each array stands |
| from there on | arrays, little-endian, each from a multiple of 8 |
"""

import copy
import functools
import json
import struct
import zlib
from itertools import chain

import numpy as np
import tokenizers
import torch

from ..model.environment import MEMORY, Environment
from ..model.versions import MODELS
from ..model.wiring import SCORES, Population, Wiring, wiring
from ..runtime.errors import RealSamError
from ..text import corpora
from ..text.tokenizer import SPECIALS

MAGIC = b"RealSam\n"
FORMAT = 1  # a page reads this one only
HELD_OUT = {"characters": ("shakespeare", 400), "bpe": ("storybook", 300)}  # corpus, tokens
_PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))  # bytes written as they are


def quantise(weight: torch.Tensor, keep_sign: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return whole numbers q (M, N), int8, and scales (M,), float32, with weight ≈ scale · q.

    Args:
        weight: (M, N).
        keep_sign: what is positive stays at least 1 and the rest at most 0, since the encoder fires
            by the sign of its table.

    Raises:
        RealSamError: a weight is not a finite number.
    """
    rows = weight.detach().cpu().double().numpy()  # (M, N)
    if not np.isfinite(rows).all():
        raise RealSamError("The model has weights that are no numbers; train it again.")
    largest = np.abs(rows).max(1)  # (M,)
    scale = np.where(largest > 0, largest / 127, 1.0).astype(np.float32)
    digits = scale.view(np.uint32)
    scale = ((digits + 0x1FF) & ~np.uint32(0xFF)).view(np.float32)  # up, to 16 binary digits
    q = np.rint(rows / scale[:, None]).clip(-127, 127)
    if keep_sign:
        q = np.where(rows > 0, np.maximum(q, 1), np.minimum(q, 0))
    return q.astype(np.int8), scale


def _matrices(wired: Wiring) -> list[torch.Tensor]:
    """All matrices but the table, which keeps its signs."""
    found = [*wired.inputs.values(), *(m for part in wired.populations for m in part.matrices)]
    return found if wired.readout is None else [*found, wired.readout.head]


@torch.no_grad()
def dequantised(model: torch.nn.Module) -> torch.nn.Module:
    """Return a copy of the model, float32 on the CPU, whose weights are those of the page.

    Raises:
        RealSamError: the model does not say how it is wired, or a weight is not a finite number.
    """
    model = copy.deepcopy(model).cpu().float().eval()
    wired = wiring(model)
    for matrix in (wired.table, *_matrices(wired)):
        q, scale = quantise(matrix, keep_sign=matrix is wired.table)
        matrix.copy_(torch.from_numpy(q * scale[:, None]))
    return model


class _Arrays:
    """The arrays of a file, one behind the other; the header names them by where they stand."""

    def __init__(self):
        self.data = bytearray()

    def add(self, values, dtype: str) -> dict:
        """Append an array; return what the header says of it: offset, type, number of values."""
        if isinstance(values, torch.Tensor):
            values = values.detach().numpy()
        array = np.ascontiguousarray(values, dtype)
        self.data += bytes(-len(self.data) % 8)
        place = {"at": len(self.data), "type": dtype.lstrip("<"), "size": array.size}
        self.data += array.tobytes()
        return place

    def real(self, values) -> dict:
        """Append numbers that are float32 in the model."""
        return self.add(values, "<f4")

    def by_rows(self, weight: torch.Tensor, keep_sign: bool = False) -> dict:
        """Append a matrix (M, N) that real numbers meet, row by row."""
        q, scale = quantise(weight, keep_sign)
        return {"q": self.add(q, "i1"), "scale": self.add(scale, "<f4")}

    def by_columns(self, weights: list[torch.Tensor]) -> dict:
        """Append matrices (…, N) that spikes meet: N rows, in each all that one spike adds."""
        parts = [quantise(weight) for weight in weights]
        columns = np.concatenate([q for q, _ in parts]).T  # (N, K)
        scale = np.concatenate([scale for _, scale in parts])  # (K,)
        return {"q": self.add(columns, "i1"), "scale": self.add(scale, "<f4")}


def _norm(norm: torch.nn.LayerNorm, arrays: _Arrays) -> dict:
    return {"weight": arrays.real(norm.weight), "bias": arrays.real(norm.bias), "eps": norm.eps}


def _population(part: Population, arrays: _Arrays) -> dict:
    gates = [synapses.gate for synapses in part.synapses]
    return {
        "name": part.name,
        "neurons": len(part.lif.thr),
        "reads": part.reads,
        "norm": _norm(part.norm, arrays),
        "beta": arrays.add(part.lif.beta, "<f8"),  # a sigmoid's output: no float32 of the model
        "thr": arrays.real(part.lif.thr),
        "diversity": None if part.diversity is None else arrays.real(part.diversity),
        "rows": arrays.by_columns(part.matrices),
        "synapses": [
            {
                "to": synapses.to,
                "size": len(synapses.weight),
                "gate": None if gate is None else arrays.real(gate.bias),
            }
            for synapses, gate in zip(part.synapses, gates, strict=True)
        ],
    }


def _wired(wired: Wiring, arrays: _Arrays) -> dict:
    """Describe a version: the wiring, its tensors replaced by where they stand."""
    out = wired.readout
    return {
        "vocab": wired.table.shape[0],
        "embed": wired.table.shape[1],
        "scores": SCORES,
        "bias": arrays.real(wired.bias),
        "table": arrays.by_rows(wired.table, keep_sign=True),
        "inputs": {
            "sums": [{"to": to, "size": len(matrix)} for to, matrix in wired.inputs.items()],
            "rows": arrays.by_columns(list(wired.inputs.values())),
        },
        "populations": [_population(part, arrays) for part in wired.populations],
        "readout": None
        if out is None
        else {
            "reads": out.reads,
            "norm": _norm(out.norm, arrays),
            "head": arrays.by_rows(out.head),
            "scale": float(out.scale),
        },
    }


@functools.cache
def _ranges(pattern: str) -> list[int]:
    """Return first and last code point of each run of characters that fit, one after another.

    The library's own regular expressions are asked: a browser has another Unicode version.
    """
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(f"{pattern}+"), "removed", invert=True)
    points = [*range(0xD800), *range(0xE000, 0x110000)]
    found = []
    for start in range(0, len(points), 2048):
        text = "".join(map(chr, points[start : start + 2048]))
        found += [(ord(run[0]), ord(run[-1])) for run, _ in split.pre_tokenize_str(text)]
    return list(chain.from_iterable(found))


def _tokenizer(tokenizer, arrays: _Arrays) -> dict:
    """Describe a tokenizer so that a page reads text exactly as Python does.

    Raises:
        RealSamError: it is a BPE of another kind than `text.tokenizer` makes.
    """
    if tokenizer.kind == "characters":
        return {"kind": "characters", "chars": tokenizer.chars}
    made = json.loads(tokenizer.to_json())
    model, before = made["model"], made["pre_tokenizer"] or {}
    shape = before.get("type"), before.get("add_prefix_space"), before.get("use_regex")
    char = {byte: chr(byte) for byte in _PRINTABLE}
    others = (byte for byte in range(256) if byte not in char)
    char |= {byte: chr(256 + place) for place, byte in enumerate(others)}
    vocab = model["vocab"]
    whole = all(char[byte] in vocab for byte in range(256)) and len(vocab) <= 2**16
    if made["normalizer"] or shape != ("ByteLevel", False, True) or not whole:
        raise RealSamError(
            "A page reads byte-level BPE as `realsam data` makes it, and this tokenizer is another."
        )
    pairs = [pair if isinstance(pair, list) else pair.split(" ") for pair in model["merges"]]
    merges = [[vocab[left], vocab[right], vocab[left + right]] for left, right in pairs]
    return {
        "kind": "bpe",
        "vocab": tokenizer.vocab_size,
        "specials": list(SPECIALS),
        "bytes": [vocab[char[byte]] for byte in range(256)],
        "merges": arrays.add(merges, "<u2"),
        "letters": _ranges(r"\p{L}"),
        "numbers": _ranges(r"\p{N}"),
        "spaces": _ranges(r"\s"),
    }


def held_out(tokenizer) -> torch.Tensor:
    """Return tokens of a text that no version was trained on, to measure a page's Sam by, (n,).

    Characters: the first held-out play of the embedded Shakespeare. Word pieces: stories of the
    storybook's validation seed, each ended by END.

    Raises:
        RealSamError: the plays are not installed, or the alphabet has none of their characters.
    """
    corpus, length = HELD_OUT[tokenizer.kind]
    if tokenizer.kind == "bpe":
        parts, found = corpora.documents(corpus, "val", phase="stories"), []
        while sum(map(len, found)) < length:
            found.append(tokenizer.encode_document(next(parts)[1]))
        return torch.cat(found)[: length + 1]
    text = next(text for _, text in corpora.documents(corpus, "val", phase="stories"))
    known = [char for char in text if char in tokenizer.chars]
    if len(known) < 2:
        raise RealSamError("The model knows none of the characters of the text it is measured by.")
    return tokenizer.encode("".join(known[: length + 1]))


def _excerpt(card: dict, tokenizer) -> dict:
    """Return what a page tells of a model: size, loss, texts, tokenizer."""
    val = card.get("results", {}).get("val", {})
    kept = {"parameters": card.get("parameters"), "corpus": card.get("corpus", {}).get("name")}
    kept |= {f"val_{name}": val.get(name) for name in ("nats_per_token", "bpc", "rate")}
    kept |= {"commit": card.get("commit")}
    said = {"tokenizer": {"kind": tokenizer.kind, "vocab": tokenizer.vocab_size}}
    return {name: value for name, value in kept.items() if value is not None} | said


@torch.no_grad()
def pack(model: torch.nn.Module, tokenizer, card: dict) -> bytes:
    """Return the file that `loadSam` in a page reads.

    Args:
        model: any model that says how it is wired.
        tokenizer: the one it was trained with.
        card: of its checkpoint; an excerpt travels along.

    Raises:
        RealSamError: the model does not say how it is wired or has weights that are no numbers, the
            tokenizer has another number of tokens or is no kind that a page can read.
    """
    model = copy.deepcopy(model).cpu().float().double()
    wired, arrays = wiring(model), _Arrays()
    if tokenizer.vocab_size != len(wired.table):
        raise RealSamError(
            f"The tokenizer has {tokenizer.vocab_size} tokens and the model {len(wired.table)}; "
            "export a model with the tokenizer it was trained with."
        )
    named = (name for name, (cls, _) in MODELS.items() if type(model) is cls)
    born = [p.stress.item() for p in model.zero_state(1) if isinstance(p, Environment)]
    header = {
        "name": next(named, card.get("version", type(model).__name__)),
        "card": _excerpt(card, tokenizer),
        "environment": {"stress": born[0], "memory": MEMORY} if born else None,
        "wiring": _wired(wired, arrays),
        "tokenizer": _tokenizer(tokenizer, arrays),
        "held_out": held_out(tokenizer).tolist(),
    }
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays begin at a multiple of 8
    body = struct.pack("<I", len(text)) + text + bytes(arrays.data)
    front = struct.pack("<III", FORMAT, len(MAGIC) + 12 + len(body), zlib.crc32(body))
    return MAGIC + front + body
