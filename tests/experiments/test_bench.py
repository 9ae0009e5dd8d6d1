"""The benchmark: what it counts, how it compares, what it keeps; never how fast anything is."""

import json
import math
import os

import numpy as np
import pytest
import torch
from torch import nn

from realsam_edu.cli import main
from realsam_edu.experiments.bench import command as bench
from realsam_edu.experiments.bench import growth as bench_scaling
from realsam_edu.experiments.bench import timing as stopwatch
from realsam_edu.experiments.bench import training as bench_train
from realsam_edu.experiments.bench import writing as bench_generate
from realsam_edu.experiments.report import bench_lines, measured_sections
from realsam_edu.experiments.rivals import GPTConfig, GPTModel, count_parameters
from realsam_edu.model.output import Output
from realsam_edu.neurons.scan import asked_scan
from realsam_edu.training.config import TrainConfig

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REALSAM_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def table():
    """One quick run of everything, as the command makes it."""
    return bench.measure(CPU, True, bench.chosen(None), lambda text: None)


def command(*words):
    return main(["bench", "--device", "cpu", *map(str, words)])


# what is counted


def test_shares_of_the_peak():
    workload = bench_train.Workload("v4", {}, 2, 5, product=100)
    times = {"fused": [2.0], "bf16": [1.0], "product": [0.5], "product_bf16": [0.25]}
    said = bench_train.shares(times, 50_000, workload)
    assert said["flops"] == 6 * 50_000 * 10 / 2.0
    assert said["product"]["flops"] == 2 * 100**3 / 0.5
    assert said["share_of_peak"] == pytest.approx(1.5e6 / 4e6)
    assert said["bf16_share_of_peak"] == pytest.approx(3e6 / 4e6)
    assert said["bf16_share_of_bf16_peak"] == pytest.approx(3e6 / 8e6)


def test_ratios_above_one_are_faster_and_taken_round_by_round():
    times = {"snntorch": [4.0, 8.0, 40.0], "fused": [1.0, 4.0, 10.0], "reference": [2.0, 4.0, 5.0]}
    said = bench_train.ratios(times | {"product": [1.0, 1.0, 1.0]})
    assert said["fused_over_snntorch"] == 4.0  # of 4, 2 and 4; the medians alone would say 2
    assert said["fused_over_reference"] == 1.0
    assert set(said) == {
        "fused_over_snntorch", "reference_over_snntorch", "fused_over_reference",
    }  # fmt: skip
    without = bench_train.ratios({"fused": [1.0], "gpt_equal_parameters": [2.0]})
    assert without == {"fused_over_gpt_equal_parameters": 2.0}


def test_everybody_runs_once_per_round():
    order = []
    runs = {name: lambda name=name: order.append(name) for name in "abc"}
    times = stopwatch.race(runs, CPU, rounds=3, warmup=2)
    assert order == list("abc") * 5
    assert [len(seconds) for seconds in times.values()] == [3, 3, 3]
    order.clear()
    times = stopwatch.race(runs, CPU, rounds=1, warmup=0, settle=2)
    assert order == list("aaabbbccc") and [len(seconds) for seconds in times.values()] == [1, 1, 1]
    assert stopwatch.summary([3.0, 1.0, 2.0]) == {"seconds": 2.0, "spread": [1.0, 3.0]}


def test_lines_are_fitted():
    x, y = [16, 32, 64, 128], [3.0, 4.5, 9.0, 16.0]
    said = bench_scaling.fit_line(x, y)
    slope, intercept = np.polyfit(x, y, 1)
    assert (said["slope"], said["intercept"]) == pytest.approx((slope, intercept))
    assert said["r2"] == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    law = bench_scaling.growth([1, 2, 4], [0.5, 2.0, 8.0])
    assert (law["exponent"], law["exponent_r2"]) == pytest.approx((2.0, 1.0))
    assert law["r2"] < 0.99


# what a training step is


class Spy(nn.Module):
    """A model of two weights that notes how it is called."""

    def __init__(self, rates=True):
        super().__init__()
        self.encoder = nn.ModuleDict({"table": nn.Embedding(3, 2)})
        self.weight, self.quiet = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
        self.rates, self.seen = rates, []

    def forward(self, tokens, targets):
        half = torch.is_autocast_enabled("cpu")
        self.seen.append((asked_scan(), half, self.weight.grad))
        loss = 1000.0 * self.weight.sum()
        return Output(None, loss, (), [self.quiet * 0.3] if self.rates else [])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_step_is_a_whole_training_step(precision):
    spy, batch = Spy(), (torch.zeros(1, 1), torch.zeros(1, 1))
    config = TrainConfig(steps=1, lr=0.1, precision=precision)
    step = bench_train.training_step(spy, batch, config, "reference")
    step()
    step()
    assert spy.seen == [("reference", precision == "bf16", None)] * 2  # gradients are cleared
    assert asked_scan() is None
    norm = math.hypot(spy.weight.grad.item(), spy.quiet.grad.item())
    assert norm == pytest.approx(1.0, abs=1e-3)  # clipped
    assert spy.quiet.grad.item() > 0  # the penalty on rates is part of the loss
    assert spy.weight.item() == pytest.approx(0.8, abs=0.01)  # AdamW took two steps
    quiet = Spy(rates=False)
    bench_train.training_step(quiet, batch, config)()
    assert quiet.quiet.grad is None


def test_rivals_of_one_race_start_from_the_same_weights_and_batch():
    workload = bench_train.workload_of("v4", CPU, quick=True)
    losses = {}
    for name in ("snntorch", "reference", "fused"):
        model, step = bench_train.prepared(bench_train.ENTRANTS["v4"][name], workload, CPU)
        step()
        losses[name] = [p.detach().sum().item() for p in model.readout.parameters()]
    assert losses["fused"] == pytest.approx(losses["reference"], abs=1e-5)
    assert losses["snntorch"] == pytest.approx(losses["reference"], abs=1e-5)


def test_nobody_has_dropout():
    for version in ("v1", "v4"):
        config = bench_train.workload_of(version, CPU, quick=False).sam().config
        assert config.dropout == 0.0 and getattr(config, "readout_dropout", 0.0) == 0.0


def test_peak_memory_is_that_of_a_process_of_its_own():
    ballast = torch.ones(100_000_000)  # 400 MB that are not the entrant's
    workload = bench_train.Workload("v1", {"hidden": 1024}, 2, 6)
    weights = (
        4 * 4 * count_parameters(workload.sam()) / 1e6
    )  # weights, gradients, AdamW's two means
    assert weights < bench_train.peak_memory(["fused"], workload, CPU)["fused"] < 3 * weights
    del ballast


# one quick run


def test_a_script_finds_its_numbers(table):
    train, write = table["train"], table["generate"]
    for key in (
        "fused_over_snntorch", "bf16_over_snntorch", "reference_over_snntorch", "share_of_peak",
        "lstm_equal_parameters_over_snntorch", "lstm_equal_width_over_snntorch",
        "gpt_equal_parameters_over_snntorch", "bf16_share_of_peak", "bf16_share_of_bf16_peak",
    ):  # fmt: skip
        assert train["v4"][key] > 0, key
    assert train["v1"]["fused_over_snntorch"] > 0
    for key in ("event_tokens_per_second", "dense_tokens_per_second", "event_over_dense"):
        assert write["v4"][key] > 0, key
    assert write["v4"]["token_40_over_20"] > 0 and write["gpt"]["token_40_over_20"] > 0
    lines = [table["scaling"][name] for name in "TBN"]
    assert all(math.isfinite(line[key]) for line in lines for key in ("slope", "r2", "exponent"))
    assert list(measured_sections(table)) == ["train.v4", "train.v1", "generate", "scaling"]
    for part in (*train.values(), write, table["scaling"]):
        assert part["measured"]["hardware"]["threads"] == torch.get_num_threads()
        assert len(part["measured"]["date"]) == 10 and part["measured"]["quick"] is True
    json.dumps(table)


def test_what_cannot_run_is_named(table, monkeypatch):
    part = table["train"]["v4"]
    run, not_run = {row["label"] for row in part["rows"].values()}, set(part["not_run"])
    assert run | not_run == {entrant.label for entrant in bench_train.ENTRANTS["v4"].values()}
    assert not run & not_run
    monkeypatch.setattr(bench_train, "installed", lambda library: False)
    bare = bench_train.measure_training(bench_train.workload_of("v4", CPU, True), CPU, memory=False)
    assert bare["not_run"]["snnTorch, step by step"] == "not installed"
    assert not any(key.endswith("_over_snntorch") for key in bare)
    bare["measured"] = part["measured"]
    text = "\n".join(bench_lines({"stamp": table["stamp"], "train": {"v4": bare}}))
    for label in ("snnTorch, step by step", "SpikingJelly, same wiring", "Norse, same wiring"):
        assert any(label in line and "not installed" in line for line in text.splitlines())


def test_the_table_says_what_the_json_says(table):
    text = "\n".join(bench_lines(table))
    assert "Tiny sizes" in text and "training steps of 2 × 6 tokens" in text
    row = table["train"]["v4"]["rows"]["fused"]
    line = next(line for line in text.splitlines() if "Sam, fused loop  " in line)
    assert f"{row['tokens_per_second']:,.0f}" in line
    assert f"{table['train']['v4']['fused_over_snntorch']:.2f}" in line
    assert f"{table['train']['v4']['share_of_peak']:.0%} of a float32" in text
    assert f"{table['scaling']['T']['r2']:.3f}" in text
    for line in text.splitlines():
        assert len(line) <= 110 or "rounds (" in line


def test_a_walk_ends_where_it_says():
    counted = []

    class Counter:
        def __init__(self, model):
            self.steps = 0
            counted.append(self)

        def load(self, state):
            self.steps = 0

        def step(self, token):
            self.steps += 1

    original, bench_generate.EventStep = bench_generate.EventStep, Counter
    try:
        walk = bench_generate.Walk((50, 400), window=20)
        rows = bench_generate.along(None, torch.zeros(1, 60, dtype=torch.int64), (), walk)
    finally:
        bench_generate.EventStep = original
    old, young = counted
    assert old.steps == 410 and young.steps == 60  # half a window past the position
    assert [row["token"] for row in rows] == [50, 400]


def test_the_cache_of_the_bench_is_the_memory_of_the_transformer():
    torch.manual_seed(0)
    model = GPTModel(GPTConfig(50, 32, 4, 64, 3, 8)).double()
    walker, tokens = bench_generate.CachedStep(model, 8), torch.arange(8)[None] * 5
    with torch.no_grad():
        for _ in range(2):  # full after 8 tokens, it starts anew
            for t, logits in enumerate(model(tokens).logits[0]):
                torch.testing.assert_close(walker.step(int(tokens[0, t])), logits)
        far = bench_generate.CachedStep(model, 30)  # longer than the context: only to be timed
        far.go_to(20)
        assert far.step(3).shape == (50,)
    assert walker.bytes_at(5) == 2 * 3 * 5 * 32 * 8  # K and V, blocks, tokens, width, bytes
    assert far.rooms[0].tokens == 21


# what is kept


@pytest.fixture
def parts(monkeypatch):
    """Parts that only note that they were measured; those in `broken` are interrupted."""
    calls, broken = [], set()

    def stub(name):
        def measured(device, quick):
            calls.append(name)
            if name in broken:
                raise KeyboardInterrupt
            section = {"call": len(calls)}
            return {"v4": section, "v1": dict(section)} if name == "train" else section

        return measured

    monkeypatch.setattr(bench, "PARTS", {name: stub(name) for name in bench.PARTS})
    monkeypatch.setattr(bench, "draw", lambda table, target: False)
    monkeypatch.setattr(bench, "bench_lines", lambda table: [])
    return calls, broken


def kept(folder):
    return json.loads((folder / "bench_quick.json").read_text())


def test_an_interrupted_run_leaves_the_table_as_it_was(parts, own_folder, capsys):
    calls, broken = parts
    assert command("--quick") == 0
    before = kept(own_folder)
    broken.add("train")
    for flags in ((), ("--only", "train")):
        assert command("--quick", *flags) == 130
        assert "bench_quick.json is as it was" in capsys.readouterr().err
        assert kept(own_folder) == before
    broken.clear()
    calls.clear()
    assert command("--quick") == 0
    assert calls == list(bench.PARTS)


def test_only_some_parts_keep_the_others(parts, own_folder):
    calls, _ = parts
    assert command("--quick") == 0
    assert command("--quick", "--only", "scaling,train") == 0
    assert calls[3:] == ["train", "scaling"]
    table = kept(own_folder)
    assert (table["generate"]["call"], table["scaling"]["call"]) == (1, 5)
    assert set(measured_sections(table)) == {"train.v4", "train.v1", "generate", "scaling"}
    assert all(len(s["measured"]["date"]) == 10 for s in measured_sections(table).values())


def test_a_half_finished_file_of_an_older_version_is_no_hindrance(parts, own_folder):
    """It had a stamp, a list of what was open, and some sections."""
    calls, _ = parts
    own_folder.mkdir()
    half = {"stamp": {"commit": "old"}, "open": ["train.v1", "scaling"]}
    half |= {"train": {"v4": {"call": 0, "measured": {}}}, "generate": {"call": 0}}
    path = own_folder / "bench_quick.json"
    path.write_text(json.dumps(half))
    assert command("--quick", "--only", "scaling") == 0
    table = kept(own_folder)
    assert "open" not in table and table["generate"] == {"call": 0}
    assert table["train"] == half["train"] and table["scaling"]["call"] == 1
    path.write_text(json.dumps(half))
    assert command("--quick") == 0
    assert kept(own_folder)["generate"]["call"] == 2 and calls[1:] == list(bench.PARTS)


@pytest.mark.parametrize("stray", ["half a tab", "[1]", "3", '"train"'])
def test_a_file_that_is_no_table_is_named(parts, own_folder, capsys, stray):
    calls, _ = parts
    own_folder.mkdir()
    (own_folder / "bench_quick.json").write_text(stray)
    assert command("--quick", "--only", "scaling") == 2
    assert "bench_quick.json is no table of a bench; move it" in capsys.readouterr().err
    assert not calls  # known before minutes are spent
    assert command("--quick") == 0  # a whole run replaces it


def test_a_table_is_replaced_on_request_only(parts, tmp_path, capsys):
    out = tmp_path / "mine.json"
    assert command("--quick", "--out", out) == 0
    assert command("--quick", "--out", out) == 2
    assert "mine.json is there already" in capsys.readouterr().err
    assert command("--quick", "--out", out, "--overwrite") == 0
    assert command("--quick", "--out", out, "--only", "scaling") == 0


def test_a_quick_run_does_not_touch_the_results(parts, own_folder):
    own_folder.mkdir()
    (own_folder / "bench.json").write_text("{}")
    assert command("--quick") == 0
    assert (own_folder / "bench.json").read_text() == "{}"


def test_mistakes_and_a_busy_machine_get_one_sentence(parts, capsys, monkeypatch):
    assert command("--only", "train,speed") == 2
    assert "nothing called 'speed'; choose generate, train, scaling." in capsys.readouterr().err
    monkeypatch.setattr(os, "getloadavg", lambda: (1.7, 0.0, 0.0))
    assert command("--quick", "--json") == 0
    said = capsys.readouterr()
    assert said.err.count("load 1.7") == 1 and "may be off" in said.err
    json.loads(said.out)  # nothing but JSON on standard output
    monkeypatch.setattr(os, "getloadavg", lambda: (0.2, 9.0, 9.0))
    assert command("--quick") == 0
    assert "other programs" not in capsys.readouterr().err


def test_the_command_writes_and_draws(own_folder, capsys, monkeypatch):
    monkeypatch.setenv("REALSAM_BUDGET", "smoke")  # quick without the flag
    assert command("--only", "scaling") == 0
    assert "Growth" in capsys.readouterr().out
    assert set(json.loads((own_folder / "bench_quick.json").read_text())) == {
        "stamp", "scaling",
    }  # fmt: skip
    assert (own_folder / "bench_quick.svg").read_text().startswith("<?xml")
