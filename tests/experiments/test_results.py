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


# --- what notebooks 03, 06, 07 and 08 say was found --------------------------------------------


def test_growing_up_cost_a_quarter_of_a_nat_and_only_after_the_reset():
    rows = {(row["name"], row["seed"]): row for row in card("curriculum")["rows"]}
    lost = [
        rows["with curriculum", seed]["val"] - rows["without curriculum", seed]["val"]
        for seed in range(3)
    ]
    assert all(0.2 < nats < 0.3 for nats in lost)
    assert {part["ended"] for row in rows.values() for part in row["table"]} == {"budget"}
    pupil, control = (log_of(f"curriculum_{one}") for one in ("with", "without"))
    assert pupil[280]["phase"] == "stories" and pupil[300]["phase"] == "conversations"
    assert round(pupil[280]["val"], 2) == 1.87 and round(control[280]["val"], 2) == 1.88
    assert pupil[280]["lr"] < control[280]["lr"] < pupil[320]["lr"]


def test_the_penalty_is_the_part_that_pays():
    table = {}
    for row in card("ablation")["rows"]:
        table.setdefault(row["name"], []).append(row)
    mean = {name: sum(row["val"] for row in rows) / 3 for name, rows in table.items()}
    v4 = mean["V4"]
    spread = max(
        max(row["val"] for row in rows) - min(row["val"] for row in rows)
        for name, rows in table.items()
        if name in ("V4", "no stress")
    )
    assert round(mean["no rate penalty"] - v4, 2) == 0.14
    assert 0.25 < 1 - mean_of(table["no rate penalty"], "moderate") < 0.35
    assert round(v4 - mean["no stress"], 3) == 0.016 and spread < 0.016
    assert abs(mean["no diversity"] - v4) < spread
    thresholds = table["thresholds instead of penalty"]
    assert round(mean["thresholds instead of penalty"] - v4, 1) == 0.1
    assert 1 / 7 < 1 - mean_of(thresholds, "moderate") < 1 / 6
    stress = [entry["stress"] for entry in log_of("ablation_v4").values()]
    assert round(stress[-1], 2) == 0.44 and stress == sorted(stress, reverse=True)
    assert max(log_of("ablation_thresholds")) == 200  # steps, where V3's η needs about 390


def log_of(name: str) -> dict:
    """The entries of a run's log by step."""
    lines = (RESULTS / f"{name}.jsonl").read_text().splitlines()
    return {entry["step"]: entry for entry in map(json.loads, lines)}


def mean_of(rows: list[dict], key: str) -> float:
    return sum(row[key] for row in rows) / len(rows)


def test_v1_took_minutes_on_one_thread():
    runs = [card(name) for name in ("v1", "v1_seed1", "v1_seed2")]
    assert all(11 <= run["minutes"] <= 13 for run in runs)
    assert {run["hardware"]["threads"] for run in runs} == {1}
