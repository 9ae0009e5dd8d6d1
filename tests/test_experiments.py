"""Comparisons: every variant and seed is trained once, whatever happens in between."""

import json

import pytest
import torch

from realsam_edu import experiments, runs
from realsam_edu.prepare import prepare
from realsam_edu.runtime import RealSamError

SMALL = {"steps": 20, "batch_size": 8, "eval_every": 1, "seq_len": 16}


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    prepared = prepare(["storybook"], folder, 600, storybook_chars=60_000)
    return runs.words(prepared, runs.sources("storybook"))


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Models of 16 neurons, so that a run takes a second."""
    build = runs.build

    def tiny(mode, vocab, seed, **given):
        return build(mode, vocab, seed, embed=8, hidden=16, **given)

    monkeypatch.setattr(runs, "build", tiny)


def run(school, folder, name="curriculum", seeds=2, **given):
    return experiments.compare(
        name, school, torch.device("cpu"), folder=folder, seeds=seeds, progress=False,
        **(SMALL | given),
    )  # fmt: skip


def test_every_variant_with_every_seed_and_nothing_twice(school, tmp_path, monkeypatch):
    table = run(school, tmp_path)
    names = [(row["name"], row["seed"]) for row in table["rows"]]
    assert sorted(set(names)) == sorted(names)
    assert len(names) == 4
    assert json.loads((tmp_path / "results/curriculum.json").read_text()) == table
    for row in table["rows"]:
        assert (tmp_path / "results" / row["log"]).exists()
        assert [part["phase"] for part in row["table"]][-1] == "mixed"
    with_seed_0, without_seed_0 = table["rows"][:2]
    assert len(with_seed_0["table"]) > len(without_seed_0["table"]) == 1
    assert not list((tmp_path / "results").glob("*.safetensors"))
    monkeypatch.setattr(runs, "school_run", None)  # a finished comparison trains nothing
    assert run(school, tmp_path) == table


def test_an_interrupted_comparison_goes_on(school, tmp_path, monkeypatch):
    train, calls = runs.school_run, []

    def interrupted(*args, **kwargs):
        calls.append(args[0])
        return None if len(calls) == 2 else train(*args, **kwargs)

    monkeypatch.setattr(runs, "school_run", interrupted)
    assert len(run(school, tmp_path, seeds=1)["rows"]) == 1
    assert len(run(school, tmp_path, seeds=1)["rows"]) == 2
    assert len(calls) == 3


def test_ablation_variants_differ_as_they_say(school, tmp_path):
    table = run(school, tmp_path, "ablation", seeds=1)
    assert [row["name"] for row in table["rows"]] == [
        v.name for v in experiments.COMPARISONS["ablation"]
    ]
    assert len({row["val"] for row in table["rows"]}) == 6
    text = "\n".join(experiments.table_lines(table))
    assert "no stress" in text and "nats per token" in text


def test_mistakes_get_one_sentence(school, tmp_path):
    with pytest.raises(RealSamError, match="no comparison 'x'; choose"):
        run(school, tmp_path, "x")
    run(school, tmp_path, seeds=1)
    with pytest.raises(RealSamError, match="other settings or texts"):
        run(school, tmp_path, seeds=1, lr=1e-3)
