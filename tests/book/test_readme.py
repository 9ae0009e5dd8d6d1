"""The results in the README are those of the cards, and a missing card is not passed over."""

import json
import re
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import readme as results

from realsam_edu.experiments.report import bench_markdown, page_markdown, versions_markdown
from realsam_edu.plots.recording import EVERY, recording_svg


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
            "command": f"realsam train --mode {name[:2]} --path tales=../elsewhere",
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
    measured = {"date": "2026-01-02", "hardware": hardware, "commit": "abc"}
    walk = [{"token": 100, "over_first": 1.0}, {"token": 100_000, "over_first": 1.03}]
    long = [{"token": 100_000, "over_first": 44.4, "memory_mb": 1228.0}]
    write = {"event_tokens_per_second": 1234.0, "written_tokens_per_second": 987.0}
    write |= {"event_over_dense": 2.6, "positions": walk}
    table = {
        "train": {"v4": v4, "v1": {"fused_over_snntorch": 5.5}},
        "generate": {"v4": write, "gpt": {"positions": long}},
        "scaling": {"T": {"r2": 0.999}, "B": {"r2": 0.998}},
    }
    for section in (*table["train"].values(), table["generate"], table["scaling"]):
        section["measured"] = dict(measured)
    return table


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
    lines = versions_markdown(results.cards(results.VERSIONS, folder)).splitlines()
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
    assert "`realsam train --mode v4 --path tales=FOLDER`" in text and "../" not in text


def test_only_what_stands_between_the_marks_is_written(folder):
    parts = (f"{begin}old\n{end}" for begin, end in (results.MARKS, results.SPEED_MARKS))
    readme = "before\n{}\n{}\nafter\n".format(*parts)
    new = results.with_results(readme, folder)
    assert new.startswith("before\n") and new.endswith("\nafter\n") and "\nold\n" not in new
    assert results.with_results(new, folder) == new


def test_speed_is_that_of_the_benchmark():
    text = bench_markdown(bench())
    assert "| snnTorch | 7 | 900 | **1.00** | 58 MB |" in text
    assert "| Sam | 8 | 3,600 | **4.01** | 55 MB |" in text
    for said in (
        "Norse: not installed.", "does 72% of", "177 GFLOP/s", "V1 learns 5.5 times",
        "1,234 tokens per second", "(987 if it", "2.6 times as many",
        "Token 100,000 costs 1.03 times token 100;",
        "44.4 times, and 1,228 MB", "(R² 0.999)", "(R² 0.998)", "2026-01-02", "2 threads", "`abc`",
    ):  # fmt: skip
        assert said in text, said


def test_the_page_is_told_from_its_table():
    hardware = {"cpu": "a processor", "threads": 2, "gpu": None}
    speed = {"tokens_per_second": 1234.5, "browser": "Chromium 1", "hardware": hardware}
    row = {"loss": {"cost_nats": -0.0004}, "speed": speed | {"commit": "abc"}}
    text = page_markdown({"v1": row, "v4": row | {"loss": {"cost_nats": 0.0123}}})
    assert "V1 1,234, V4 1,234 (Chromium 1, a processor, 2 threads, commit `abc`)" in text
    assert "cost: V1 -0.0004, V4 +0.0123." in text
    for table in ({}, {"v1": row}, {"v1": row, "v4": {"loss": {}}}):
        assert "has not been measured for" in page_markdown(table)
        assert "v4" in page_markdown(table)


def test_a_benchmark_that_is_missing_or_unfinished_is_named(folder):
    half = bench()
    del half["scaling"], half["train"]["v1"]
    (folder / "bench.json").write_text(json.dumps(half))
    with pytest.raises(
        SystemExit, match=r"bench\.json is missing or unfinished \(train\.v1, scaling\)"
    ):
        results.bench(folder)
    (folder / "bench.json").unlink()
    with pytest.raises(SystemExit, match="run `realsam bench`"):
        results.bench(folder)


@pytest.mark.parametrize("run", ["v1", "v4", "v1_seed2"])
def test_a_missing_card_is_named(folder, run):
    (folder / f"{run}.json").unlink()
    with pytest.raises(SystemExit, match=rf"There is no card {run}\.json"):
        results.with_results("", folder)


def test_parts_of_different_runs_are_not_shown_as_one(folder):
    table = bench()
    table["scaling"]["measured"]["commit"] = "another"
    (folder / "bench.json").write_text(json.dumps(table))
    with pytest.raises(SystemExit, match="parts of different runs: run `realsam bench`"):
        results.bench(folder)


def test_sizes_dates_and_memory_come_from_the_files():
    """Outside the parts that are written from files the README has no number of its own."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for marks in (results.MARKS, results.SPEED_MARKS):
        readme = results.between(readme, marks, "")
    own = r"20\d\d-\d\d-\d\d|\d+(\.\d+)? ?[MG]i?B\b|\d{1,3}(,\d{3})+ (parameters|tokens)"
    assert not re.search(own, readme)
    for planted in ("on 2026-01-02", "takes 663 MB", "1.5 GB", "has 6,046,721 parameters"):
        assert re.search(own, planted)


def test_no_page_names_a_folder_that_a_reader_has_not():
    """Cards keep the command as it was typed; README, pages and notebooks do not show it."""
    pages = [ROOT / "README.md", *ROOT.glob("book/*.md"), *ROOT.glob("notebooks/**/*.ipynb")]
    assert len(pages) > 10
    for path in [*pages, *ROOT.glob("realsam_edu/**/*.py")]:
        assert "shared/data" not in path.read_text(encoding="utf-8"), path.name


def test_the_picture_shows_every_spike_of_the_neurons_it_draws():
    rng = np.random.default_rng(0)
    spk = (rng.random((2, 5, 16)) < 0.3).astype(np.int8)  # (L, T, N)
    recording = SimpleNamespace(
        chars=["a", "<", "\n", " ", "é"], prompt_len=2, text="a<\n é", rate=spk.mean(), spk=spk,
        mem=rng.normal(size=spk.shape), thr=np.ones((2, 16)),
    )  # fmt: skip
    svg = recording_svg(recording)
    root = ElementTree.fromstring(svg)
    marks = [path.get("d").count("M") for path in root.iter() if path.get("transform")]
    assert marks == [int(spk[layer][:, ::EVERY].sum()) for layer in (0, 1)]
    neuron = int(re.search(r"neuron (\d+)", svg)[1])
    assert svg.count("<circle") == spk[1][:, neuron].sum()
    assert all(f">{char}<" in svg for char in ("a", "&lt;", "↵", "·", "é"))
