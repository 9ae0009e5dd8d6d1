"""What is shown is what the files say, and a command is one that a reader can type."""

import json
import re
from types import SimpleNamespace

import pytest
from project import ROOT

from realsam_edu.experiments import report
from realsam_edu.experiments.report.bench import flops

RESULTS = ROOT / "data/results"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("realsam train --mode v2 --path tinystories=../texts/stories", "tinystories=FOLDER"),
        ("realsam train --path oasst=/data --out my.safetensors", "oasst=FOLDER"),
        ("realsam train --mode v1 --path ../texts/shakespeare.txt", "--path FILE"),
        (r"realsam data --data-dir 'C:\My texts'", "--data-dir FOLDER"),
        ("realsam data --data-dir=/tmp/x --vocab 300", "--data-dir=FOLDER --vocab 300"),
        ("realsam data --path 'dolly=/my texts/dolly.jsonl'", "dolly=FILE"),
    ],
)
def test_a_path_outside_the_project_is_shown_as_its_placeholder(typed, shown):
    command = report.shown_command(typed)
    assert shown in command
    assert not re.search(r"\.\.|texts|/data|/tmp|C:", command)


@pytest.mark.parametrize(
    "typed",
    [
        "realsam train --mode v4 --corpora tinystories,storybook:conversations --lr 6e-3",
        "realsam train --path tinystories=my_texts --out my_sam.safetensors",
        "torchrun --nproc-per-node=2 -m realsam_edu train --out runs/v1..2.safetensors",
        "realsam generate --prompt 'One day, a dog'",
    ],
)
def test_every_other_word_stays(typed):
    assert report.shown_command(typed) == typed


def test_a_reader_is_not_told_to_replace_what_came_with_the_book():
    typed = "realsam train --mode v1 --out data/checkpoints/v1.safetensors --seed 0"
    assert report.shown_command(typed) == "realsam train --mode v1 --seed 0"


def test_the_card_keeps_what_was_typed_and_the_reader_sees_a_command():
    for path in RESULTS.glob("*.json"):
        command = json.loads(path.read_text(encoding="utf-8")).get("command")
        if command is not None:
            assert ".." not in report.shown_command(command), path.name


def test_a_graphics_card_is_named_where_there_was_one():
    hardware = {"gpu": "a big one", "cpu": "a processor", "threads": 1}
    assert report.processor(hardware) == "a big one"
    assert report.processor(hardware | {"gpu": None}) == "a processor, 1 thread"
    assert report.processor(hardware | {"gpu": None, "threads": 2}) == "a processor, 2 threads"


def test_a_comparison_has_mean_and_range():
    rows = [
        {"name": name, "val": val, "rate": 0.1, "moderate": 0.9}
        for name, val in (("V4", 3.0), ("V3", 5.0), ("V4", 3.5))
    ]
    head, v4, v3 = report.comparison_lines({"rows": rows})
    assert "nats per token" in head
    assert re.split(r"\s{2,}", v4) == ["V4", "2", "3.250 (3.000 to 3.500)", "10.0%", "90.0%"]
    assert v3.split()[:2] == ["V3", "1"] and "5.000 (5.000 to 5.000)" in v3


def test_a_training_is_told_on_one_screen():
    card = json.loads((RESULTS / "v4.json").read_text(encoding="utf-8"))
    result = SimpleNamespace(seconds=1000.0, history=[{"sample": "one"}, {"sample": 'two "words"'}])
    outputs = SimpleNamespace(checkpoint="my v4.safetensors")
    finished = SimpleNamespace(card=card, result=result, outputs=outputs)
    text = report.training_summary(finished)
    assert "6,046,721 parameters, 10,035,200 tokens" in text and "(10,035 per second)" in text
    assert "validation  2.7576 nats" in text and 'it writes   "two' in text
    assert "\nSaved my v4.safetensors\n" in text
    assert text.endswith("realsam generate --checkpoint 'my v4.safetensors'")


def test_operations_have_a_readable_unit():
    assert [flops(value) for value in (94.4e9, 2.1e12, 3e6)] == [
        "94.4 GFLOP/s", "2.1 TFLOP/s", "3 MFLOP/s",
    ]  # fmt: skip


def bench_table():
    return json.loads((RESULTS / "bench.json").read_text(encoding="utf-8"))


def test_what_was_measured_elsewhere_says_so():
    """Parts of a table may be of different runs: `realsam bench --only`."""
    table = bench_table()
    origin = "torch 2.13.0+cpu, commit 697e8db49320, 2026-11-22"
    assert "\n".join(report.bench_lines(table)).count(origin) == 1
    table["scaling"]["measured"] |= {"date": "2027-01-02", "commit": "another"}
    lines = report.bench_lines(table)
    (at,) = (i for i, line in enumerate(lines) if "commit another, 2027-01-02" in line)
    assert lines[at + 2].startswith("Growth:") and origin in lines[0]
    assert not any("\n" in line for line in lines) and "" in lines


def test_a_table_of_any_parts_is_shown():
    whole = bench_table()
    for names in (["scaling"], ["train"], ["generate", "scaling"], []):
        part = {"stamp": whole["stamp"]} | {name: whole[name] for name in names}
        text = "\n".join(report.bench_lines(part))
        assert ("Growth" in text) == ("scaling" in names)
        assert ("Writing" in text) == ("generate" in names)
