"""Comparisons: every variant and seed is trained once, whatever happens in between."""

import json

import pytest
import torch

from realsam_edu.experiments import compare as experiments
from realsam_edu.experiments.report import comparison_lines
from realsam_edu.runtime.errors import RealSamError
from realsam_edu.text import corpora
from realsam_edu.text.prepare import prepare
from realsam_edu.training import pipeline as runs

SMALL = {"steps": 20, "batch_size": 8, "eval_every": 1, "seq_len": 16}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    prepared = prepare(["storybook"], folder, 600, storybook_chars=60_000)
    return runs.subword_data(prepared, corpora.by_level(corpora.parse("storybook")))


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Models of 16 neurons, so that a run takes a second."""
    build = runs.build

    def tiny(mode, vocab, seed, **given):
        return build(mode, vocab, seed, embed=8, hidden=16, **given)

    monkeypatch.setattr(runs, "build", tiny)


def run(data, folder, name="curriculum", seeds=2, overwrite=False, **given):
    plan = experiments.Plan(name, seeds=seeds, settings=SMALL | given)
    table = experiments.Table(folder / f"{name}.json", overwrite=overwrite)
    table.claim(plan)
    return experiments.compare(plan, data, torch.device("cpu"), table, progress=False)


def test_every_variant_with_every_seed_and_nothing_twice(data, tmp_path, monkeypatch):
    table = run(data, tmp_path)
    names = [(row["name"], row["seed"]) for row in table["rows"]]
    assert sorted(set(names)) == sorted(names)
    assert len(names) == 4
    assert json.loads((tmp_path / "curriculum.json").read_text()) == table
    for row in table["rows"]:
        assert (tmp_path / row["log"]).exists()
        assert [part["phase"] for part in row["table"]][-1] == "mixed"
    with_seed_0, without_seed_0 = table["rows"][:2]
    assert len(with_seed_0["table"]) > len(without_seed_0["table"]) == 1
    assert not list(tmp_path.glob("*.safetensors"))
    monkeypatch.setattr(runs, "train_version", None)  # a finished comparison trains nothing
    assert run(data, tmp_path) == table


def test_an_interrupted_comparison_goes_on(data, tmp_path, monkeypatch):
    train, calls = runs.train_version, []

    def interrupted(*args, **kwargs):
        calls.append(args[0])
        return None if len(calls) == 2 else train(*args, **kwargs)

    monkeypatch.setattr(runs, "train_version", interrupted)
    assert len(run(data, tmp_path, seeds=1)["rows"]) == 1
    assert len(run(data, tmp_path, seeds=1)["rows"]) == 2
    assert len(calls) == 3


def test_ablation_variants_differ_as_they_say(data, tmp_path):
    table = run(data, tmp_path, "ablation", seeds=1)
    assert [row["name"] for row in table["rows"]] == [
        v.name for v in experiments.COMPARISONS["ablation"]
    ]
    assert len({row["val"] for row in table["rows"]}) == 6
    text = "\n".join(comparison_lines(table))
    assert "no stress" in text and "nats per token" in text


def test_mistakes_get_one_sentence(data, tmp_path):
    with pytest.raises(RealSamError, match="no comparison 'x'; choose"):
        run(data, tmp_path, "x")
    with pytest.raises(RealSamError, match="seeds is 0; ask for 1 to"):
        experiments.Plan("curriculum", seeds=0)
    run(data, tmp_path, seeds=1)
    with pytest.raises(RealSamError, match="other settings or texts; choose another --out, or add"):
        run(data, tmp_path, seeds=1, lr=1e-3)
    with pytest.raises(RealSamError, match=r"x.txt is no name for a table; choose one ending in"):
        experiments.Table(tmp_path / "x.txt")


def test_earlier_work_is_replaced_on_request_only(data, tmp_path, monkeypatch):
    """Somebody else's card or log is not taken for a table, nor written over."""
    file, log = tmp_path / "curriculum.json", tmp_path / "curriculum_with.jsonl"
    for content in ('{"training": {"steps": 1}, "corpus": {}}', "[1]", "no JSON"):
        file.write_text(content)
        with pytest.raises(RealSamError, match="is no table of a comparison; choose another --out"):
            run(data, tmp_path, seeds=1, steps=2)
        assert file.read_text() == content
    file.unlink()
    log.write_text("mine")
    with pytest.raises(RealSamError, match=r"curriculum_with.jsonl is there already, and no"):
        run(data, tmp_path, seeds=1, steps=2)
    assert log.read_text() == "mine"
    (tmp_path / "curriculum_with.resume").write_text("of a run that nobody wants any more")
    table = run(data, tmp_path, seeds=1, steps=2, overwrite=True)
    assert len(table["rows"]) == 2 and log.read_text() != "mine"
    changed = run(
        data, tmp_path, seeds=1, steps=2, lr=1e-3, overwrite=True
    )  # anew, with other settings
    assert [row["val"] for row in changed["rows"]] != [row["val"] for row in table["rows"]]
    assert json.loads(file.read_text()) == changed


def test_what_is_to_go_on_keeps_its_precision(data, tmp_path):
    run(data, tmp_path, seeds=1, steps=2, precision="bf16")
    table = experiments.Table(tmp_path / "curriculum.json")
    assert table.begun_precision() == "bf16"
    assert experiments.Table(table.path, overwrite=True).begun_precision() is None
