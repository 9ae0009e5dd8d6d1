"""What the project says of its trained models, held against the committed cards and weights."""

import json
from itertools import islice
from math import log

import pytest
from project import ROOT

from realsam_edu import checkpoint
from realsam_edu.experiments.compare import COMPARISONS
from realsam_edu.text import storybook
from realsam_edu.text.token_files import text_length

RESULTS = ROOT / "data/results"
PARAMETERS = {"v2": (2.7e6, 3.3e6), "v3": (5.7e6, 6.3e6), "v4": (5.7e6, 6.3e6)}


def card(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text())


@pytest.mark.parametrize("mode", PARAMETERS)
def test_trained_models(mode):
    about = card(mode)
    low, high = PARAMETERS[mode]
    assert low <= about["parameters"] <= high
    assert about["training"]["tokens"] >= 8_000_000
    assert [row["phase"] for row in about["phases"]] == [
        "words", "phrases", "sentences", "stories", "conversations", "mixed",
    ]  # fmt: skip
    val = about["results"]["val"]
    assert val["tokens"] > 120_000  # the whole validation file
    loaded = checkpoint.load(ROOT / f"data/checkpoints/{mode}.safetensors")
    assert sum(p.numel() for p in loaded.model.parameters()) == about["parameters"]
    assert loaded.card == about
    lines = [json.loads(line) for line in (RESULTS / f"{mode}.jsonl").read_text().splitlines()]
    assert lines[-1]["tokens"] == about["training"]["tokens"]


def test_v4_fires_sparsely_and_evenly():
    val = card("v4")["results"]["val"]
    assert 0.08 <= val["rate"] <= 0.12
    assert val["moderate"] >= 0.95


def test_v4_reaches_its_first_mark():
    assert card("v4")["results"]["val"]["nats_per_token"] <= 2.80


def test_v2_ends_near_the_floor_of_the_storybook_and_not_below():
    results = card("storybook_v2")["results"]
    val, floor = results["val"], results["floors"]["stories"]
    assert val["nats_per_token"] <= floor + 0.35
    documents = list(islice(storybook.scored("stories", seed=1), 800))
    nats, chars = zip(*((n, text_length(text)) for text, n in documents), strict=True)
    _, error = storybook.mean_and_error(nats, chars)
    exact = storybook.entropy("stories").nats_per_char
    assert not storybook.leaks(val["bpc"] * log(2), error, exact)
    assert storybook.leaks(0.9 * exact, error, exact)  # so good would be too good


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_have_three_seeds_of_every_variant(name):
    rows = card(name)["rows"]
    wanted = {(variant.name, seed) for variant in COMPARISONS[name] for seed in range(3)}
    assert {(row["name"], row["seed"]) for row in rows} == wanted
    assert len({row["table"][-1]["phase"] for row in rows}) == 1
    assert len({sum(part["tokens"] for part in row["table"]) for row in rows}) == 1  # equal tokens
