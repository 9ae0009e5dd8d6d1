"""The results in the README are those of the cards, and a missing card is not passed over."""

import json
import re
import sys

import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import readme_results as results


@pytest.fixture
def folder(tmp_path):
    """Cards of four versions and of V1's other seeds, each number different from every other."""
    for i, name in enumerate(dict.fromkeys((*results.VERSIONS, *results.SEEDS))):
        val = {"nats_per_token": 2.0 + i / 8, "bpc": 1.0 + i / 8, "rate": 0.1 + i / 100}
        val |= {"alive": 1.0, "moderate": 0.9 + i / 100, "tokens": 1000 + i}
        card = {
            "version": name[:2],
            "parameters": 1_000_000 + i,
            "training": {"tokens": 8_000_000 + i * 1_000_000, "seed": int(name[-1]) % 3},
            "minutes": 10.0 + i,
            "command": f"realsam train --mode {name[:2]}",
            "hardware": {"cpu": "a processor", "threads": 2, "gpu": None, "torch": "2"},
            "corpus": {"name": "text", "sha256": "f" * 64, "sources": {"stories": ["tales"]}},
            "results": {
                "val": val,
                "train_nats_per_token": 1.9,
                "floors": {"unigram": 3.3, "bigram": 2.4},
            },
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")
    (tmp_path / "bench.json").write_text(json.dumps(bench()), encoding="utf-8")
    return tmp_path


def bench() -> dict:
    """A small table of the benchmark, each number different from every other."""
    rows = {
        "snntorch": {"label": "snnTorch", "parameters": 7, "tokens_per_second": 900.0},
        "fused": {"label": "Sam", "parameters": 8, "tokens_per_second": 3600.0},
    }
    rows = {name: row | {"peak_mb": 50.0 + len(name)} for name, row in rows.items()}
    hardware = {"cpu": "a processor", "threads": 2, "gpu": None, "torch": "2.1"}
    v4 = {"batch_size": 32, "seq_len": 64, "rounds": 7, "rows": rows, "share_of_peak": 0.72}
    v4 |= {"fused_over_snntorch": 4.01, "product": {"size": 2048, "flops": 177e9}}
    v4 |= {"not_run": {"Norse": "not installed"}}
    v4["measured"] = {"date": "2026-01-02", "hardware": hardware, "commit": "abc"}
    walk = [{"token": 100, "over_first": 1.0}, {"token": 100_000, "over_first": 1.03}]
    long = [{"token": 100_000, "over_first": 44.4, "memory_mb": 1228.0}]
    write = {"event_tokens_per_second": 1234.0, "written_tokens_per_second": 987.0}
    write |= {"event_over_dense": 2.6, "positions": walk}
    return {
        "open": [],
        "train": {"v4": v4, "v1": {"fused_over_snntorch": 5.5}},
        "generate": {"v4": write, "gpt": {"positions": long}},
        "scaling": {"T": {"r2": 0.999}, "B": {"r2": 0.998}},
    }


def test_readme_shows_the_measured_results():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results.with_results(readme) == readme


def test_runs_differ_in_the_seed_only():
    runs = results.cards()
    assert len({run["training"]["seed"] for run in runs}) == len(runs) == 3
    for key in ("corpus", "config", "parameters", "realsam_edu"):
        assert all(run[key] == runs[0][key] for run in runs), key
    assert all(run["training"] | {"seed": 0} == runs[0]["training"] for run in runs)


def test_v2_to_v4_have_learned_from_the_same_text():
    cards = results.cards(("v2", "v3", "v4"))
    for key in ("sha256", "tokenizer", "sources"):
        assert len({json.dumps(card["corpus"][key]) for card in cards}) == 1, key


def test_every_version_has_its_row_with_its_own_numbers(folder):
    lines = results.table(folder).splitlines()
    assert re.split(r" *\| *", lines[0])[1:-1][1:] == [
        "parameters", "tokens seen", "nats per token", "bits per character",
        "mean firing rate", "minutes",
    ]  # fmt: skip
    assert lines[2] == "| V1 | 1,000,000 | 8.0 M | 2.000 | **1.000** | 10.0% | 10 |"
    assert lines[4] == "| V3 (deprecated) | 1,000,002 | 10.0 M | 2.250 | **1.250** | 12.0% | 12 |"
    assert lines[5] == "| V4 | 1,000,003 | 11.0 M | 2.375 | **1.375** | 13.0% | 13 |"
    text = "\n".join(lines)
    assert "93.0% fire between" in text
    assert "1,003 tokens of the validation stories of `tales`" in text
    assert "a processor, 2 threads" in text


def test_only_what_stands_between_the_marks_is_written(folder):
    speed = f"{results.SPEED_BEGIN}old\n{results.SPEED_END}"
    readme = f"before\n{results.BEGIN}old\n{results.END}\n{speed}\nafter\n"
    new = results.with_results(readme, folder)
    assert new.startswith("before\n") and new.endswith("\nafter\n") and "\nold\n" not in new
    assert results.with_results(new, folder) == new


def test_speed_is_that_of_the_benchmark():
    text = results.speed(bench())
    assert "| snnTorch | 7 | 900 | **1.00** | 58 MB |" in text
    assert "| Sam | 8 | 3,600 | **4.01** | 55 MB |" in text
    for said in (
        "Norse: not installed.", "does 72% of", "177 GFLOP/s", "V1 learns 5.5 times",
        "1,234 tokens per second", "(987 if it", "2.6 times as many",
        "Token 100,000 costs 1.03 times token 100;",
        "44.4 times, and 1,228 MB", "(R² 0.999)", "(R² 0.998)", "2026-01-02", "2 threads", "`abc`",
    ):  # fmt: skip
        assert said in text, said


def test_a_benchmark_that_is_missing_or_unfinished_is_named(folder):
    (folder / "bench.json").write_text(json.dumps(bench() | {"open": ["scaling"]}))
    with pytest.raises(SystemExit, match=r"bench\.json is missing or unfinished \(scaling\)"):
        results.bench(folder)
    (folder / "bench.json").unlink()
    with pytest.raises(SystemExit, match="run `realsam bench`"):
        results.bench(folder)


@pytest.mark.parametrize("run", ["v1", "v4", "v1_seed2"])
def test_a_missing_card_is_named(folder, run):
    (folder / f"{run}.json").unlink()
    with pytest.raises(SystemExit, match=rf"There is no card {run}\.json"):
        results.table(folder)


def test_graphics_card_is_named_where_there_was_one():
    hardware = {"gpu": "a big one", "cpu": "a processor", "threads": 1}
    assert results.processor({"hardware": hardware}) == "a big one"
    assert results.processor({"hardware": hardware | {"gpu": None}}) == "a processor, 1 thread"
