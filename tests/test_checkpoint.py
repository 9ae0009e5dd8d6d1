"""Checkpoints: what is saved comes back, and damage of any kind is one clear sentence."""

import errno
import json
import os

import pytest
import torch

from realsam_edu import checkpoint
from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.runtime import files
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.settings import seed_all
from realsam_edu.runtime.tensor_file import CHECKPOINT, pack, unpack
from realsam_edu.text.tokenizer import CharTokenizer


@pytest.fixture
def saved(tmp_path):
    seed_all(0)
    model, path = V1(V1Config(vocab=5, embed=8, hidden=16)).eval(), tmp_path / "v1.safetensors"
    checkpoint.round_to_half(model)
    checkpoint.save(path, model, CharTokenizer("abcd\n"), {"note": "hello"})
    return path, model


def test_round_trip(saved):
    path, model = saved
    loaded = checkpoint.load(path)
    assert loaded.tokenizer.chars == "abcd\n"
    assert loaded.card["note"] == "hello"
    assert loaded.card["version"] == "v1"
    assert loaded.card["parameters"] == sum(p.numel() for p in model.parameters())
    assert json.loads(path.with_suffix(".json").read_text()) == loaded.card
    tokens = torch.tensor([[0, 1, 2, 3, 4]])
    assert torch.equal(model(tokens).logits, loaded.model(tokens).logits)
    assert sorted(p.name for p in path.parent.iterdir()) == ["v1.json", "v1.safetensors"]


@pytest.mark.parametrize("where", [3, 40, 300, -1, -500])
def test_one_flipped_byte_is_noticed(saved, where):
    path, _ = saved
    data = bytearray(path.read_bytes())
    data[where] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(RealSamError, match=r"damaged|has format"):
        checkpoint.load(path)


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_truncated_file(saved, keep):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RealSamError, match="damaged"):
        checkpoint.load(path)


def test_missing_other_format_and_other_version(saved):
    path, _ = saved
    with pytest.raises(RealSamError, match="no checkpoint at"):
        checkpoint.load(path.with_name("none.safetensors"))
    tensors, card = unpack(path)
    pack(path, tensors, card | {"version": "v9"})
    with pytest.raises(RealSamError, match="version 'v9'"):
        checkpoint.load(path)
    pack(path, tensors, card | {"config": card["config"] | {"hidden": 17}})
    with pytest.raises(RealSamError, match="does not fit"):
        checkpoint.load(path)
    pack(path, tensors, card, CHECKPOINT._replace(format="realsam-0"))
    with pytest.raises(RealSamError, match="'realsam-0', this package reads 'realsam-1'"):
        checkpoint.load(path)


def test_interrupted_write_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(tmp_path / "card.json", b"{}")
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_old_file(saved, monkeypatch):
    path, model = saved
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RealSamError, match="No space left on device; nothing was changed"):
        checkpoint.save(path, model, CharTokenizer("abcd\n"), {})
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["v1.json", "v1.safetensors"]
