"""Training a tagger: it learns, stops, goes on to the same numbers, and is saved as measured."""

import json
import signal

import pytest
import torch

from realsam_edu.ner import pipeline, saved, train
from realsam_edu.ner.batches import Reading
from realsam_edu.ner.find import Finder
from realsam_edu.ner.pii import examples
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.runtime.tensor_file import pack
from realsam_edu.training.outputs import Outputs

TINY = {"hidden": 16, "depth": 2, "batch_size": 2, "seq_len": 24, "steps": 4, "eval_every": 2}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Measure on few texts."""
    monkeypatch.setattr(pipeline, "VALIDATED", 5)
    monkeypatch.setattr(pipeline, "MEASURED", 10)


def trained(folder, kind="spikes", resume=False, **given):
    model, config = pipeline.prepared(kind, **TINY | given)
    outputs = Outputs(folder / "ner.safetensors", "realsam ner train", resume=resume)
    outputs.claim()
    return pipeline.train_tagger(model, config, outputs, progress=False)


def interrupt_after(monkeypatch, steps):
    """Let Ctrl-C come after so many steps."""
    advance = train.Training.advance

    def interrupted(self):
        record = advance(self)
        if self.step == steps:
            signal.raise_signal(signal.SIGINT)
        return record

    monkeypatch.setattr(train.Training, "advance", interrupted)


@pytest.mark.parametrize("stopped", [1, 3])
def test_an_interrupted_training_goes_on_to_the_same_numbers(tmp_path, monkeypatch, stopped):
    (tmp_path / "one").mkdir()
    whole = trained(tmp_path / "one")
    with monkeypatch.context() as patch:
        interrupt_after(patch, stopped)
        assert trained(tmp_path / "two") is None
    rest = trained(tmp_path / "two", resume=True)
    for name in ("sha256", "results", "parameters"):
        assert rest.get(name) == whole.get(name)
    one, other = (
        saved.load(tmp_path / n / "ner.safetensors")[0].state_dict() for n in ("one", "two")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    logs = [(tmp_path / n / "ner.jsonl").read_text().splitlines() for n in ("one", "two")]
    assert len(logs[0]) == 2
    for lines in zip(*logs, strict=True):
        entries = [json.loads(line) | {"seconds": 0} for line in lines]
        assert entries[0] == entries[1]
    assert not (tmp_path / "two" / "ner.resume").exists()


def test_another_training_is_not_gone_on_with(tmp_path, monkeypatch):
    interrupt_after(monkeypatch, 1)
    assert trained(tmp_path) is None
    with pytest.raises(RealSamError, match=r"lr 0\.008 \(now 0\.1\)"):
        trained(tmp_path, resume=True, lr=0.1)
    with pytest.raises(RealSamError, match=r"kind spikes \(now lstm\)"):
        trained(tmp_path, "lstm", resume=True)


def test_nothing_to_resume_is_said(tmp_path):
    with pytest.raises(RealSamError, match="nothing to resume"):
        trained(tmp_path, resume=True)


def test_a_training_that_diverges_keeps_its_last_good_state(tmp_path, monkeypatch):
    batch = Reading.batch

    def poisoned(self, number):
        if number == 3:
            poisoned.model.readout.head.bias.data.fill_(float("inf"))
        return batch(self, number)

    model, config = pipeline.prepared(**TINY)
    poisoned.model = model
    monkeypatch.setattr(Reading, "batch", poisoned)
    outputs = Outputs(tmp_path / "ner.safetensors")
    with pytest.raises(RealSamError, match=r"at step 4 the loss is .* The state of step 2 is in"):
        pipeline.train_tagger(model, config, outputs, progress=False)
    assert not outputs.checkpoint.exists() and outputs.resume_file.exists()


def test_a_batch_is_decided_by_seed_and_number():
    def batch(seed, number):
        return Reading(lambda s: examples("train", s), (3, 20), 512, seed).batch(number)

    one, again, other = batch(0, 7), batch(0, 7), batch(1, 7)
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.fired, other.fired)
    assert not torch.equal(one.fired, batch(0, 8).fired)
    assert one.fired.shape == (3, 20, 16) and one.targets.shape == (3, 20)
    for fired, length, targets in zip(*one, strict=True):
        assert (fired[:length, 1] > 0).all() and (fired[length:] == 0).all()
        assert (targets[:length] >= 0).all() and (targets[length:] == -100).all()


@pytest.mark.parametrize("kind", saved.KINDS)
def test_it_learns(kind):
    model, config = pipeline.prepared(kind, **TINY | {"hidden": 48, "batch_size": 4, "lr": 1e-2})
    run = train.Training(model, pipeline.reading(model, config), config, validate=lambda m: {})
    run.config = pipeline.prepared(kind, **TINY | {"steps": 60})[1]
    losses = [run.advance()["loss"] for _ in range(40)]
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


def test_a_saved_tagger_finds_what_it_found(tmp_path):
    card = trained(tmp_path, seed=3)
    model, again = saved.load(tmp_path / "ner.safetensors")
    assert again == card == json.loads((tmp_path / "ner.json").read_text())
    assert card["data"]["frames"]["train"] > card["data"]["frames"]["test"] > 0
    assert 0 < card["results"]["rate"] < 1 and len(card["results"]["rates"]) == TINY["depth"]
    measured = pipeline.measure(Finder(model), pipeline.held_out(10, pipeline.HELD_OUT + 1))
    assert measured == card["results"]["held_out"]


def test_what_is_no_tagger_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    model = saved.build("spikes", rows=64, hidden=16, depth=2)
    card = saved.save(path, model, {})
    weights = {name: value.half() for name, value in model.state_dict().items()}
    for change, sentence in (
        ({"version": "v4"}, "no tagger but a model of version 'v4'"),
        ({"kind": "ants"}, "does not fit"),
        ({"tags": ["O"]}, "it has other tags"),
        ({"config": card["config"] | {"hidden": 8}}, "does not fit"),
        ({"config": {"wings": 2}}, "does not fit"),
    ):
        pack(path, weights, card | change)
        with pytest.raises(RealSamError, match=sentence):
            saved.load(path)
    with pytest.raises(RealSamError, match="spikes, lstm"):
        saved.build("ants")
