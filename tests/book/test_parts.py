"""The parts of the front page: their numbers are those of the result files, their text is text."""

import ast
import json
import re
import shutil
import struct
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import execute
import front
import pages
from front import facts
from markupsafe import Markup

from realsam_edu import checkpoint
from realsam_edu.plots import raster_svg

PARTS = sorted(path.stem for path in (ROOT / "book/front/parts").glob("*.html"))
HEAD = {"site": "", "heading": "h", "description": "d", "preview": "p"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&lt;\"'"


class Tags(HTMLParser):
    """The tags of a page, and what stands in its JSON."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.attributes, self.json, self.inside = [], [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.inside = tag == "script" and ("type", "application/json") in attrs

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.json += data if self.inside else ""


def effect(*changes: float) -> facts.Effect:
    return facts.Effect(tuple(3.0 + c for c in changes), (3.0,) * len(changes))


def test_a_part_helped_or_cost_only_if_every_seed_says_so():
    assert effect(-0.2, -0.1, -0.3).words == "Lowers the loss by 0.200 ± 0.100 nats per token"
    assert effect(0.2, 0.1, 0.3).words == "Raises the loss by 0.200 ± 0.100 nats per token"
    assert effect(-0.2, 0.1, -0.3).verdict == effect(0.0, 0.1, 0.1).verdict == "open"
    assert effect(-0.2, 0.1, -0.2).words.startswith("No effect shown: −0.100 ± 0.173")


def test_variants_are_compared_seed_by_seed():
    rows = [
        {"name": name, "seed": seed, "val": val}
        for name, seed, val in (("a", 1, 2.0), ("b", 0, 1.5), ("a", 0, 1.0), ("b", 1, 2.25))
    ]
    assert facts.effect(rows, "a", "b").changes == [-0.5, -0.25]


def test_the_axis_holds_every_loss():
    low, high = facts.axis([effect(-0.19, 0.0), effect(0.31, 0.1)])
    assert low <= 2.81 and high >= 3.31 and high - low < 0.6


def test_weights_are_counted_as_torch_counts_them():
    sam, count = checkpoint.load(ROOT / "data/checkpoints/v4.safetensors"), facts.parts_of_v4()
    assert sum(count[part] for part in facts.PARTS) == sam.card["parameters"]
    matrices = {k: p.numel() for k, p in sam.model.named_parameters() if p.ndim == 2}
    outside = ("encoder", "readout")
    assert count["binary"] == sum(n for k, n in matrices.items() if not k.startswith(outside))
    assert count["block"] == sum(p.numel() for p in sam.model.blocks[0].parameters())
    assert count["diversity"] == sam.model.diversity.numel()


def test_a_weight_that_is_gone_is_named(tmp_path):
    head = json.dumps({"a": {"shape": [2, 3]}, "__metadata__": {}}).encode()
    (tmp_path / "x").write_bytes(struct.pack("<Q", len(head)) + head)
    sizes = facts.weights(tmp_path / "x")
    assert sizes == {"a": 6}
    with pytest.raises(ValueError, match="has no b"):
        facts.counted(sizes, ("a", "b"))


def test_the_phases_are_the_whole_run():
    card, entries = facts.table("v4"), facts.log("v4")
    rows = facts.phases(card, entries)
    assert rows[-1]["end"] == card["training"]["tokens"] == entries[-1]["tokens"]
    assert [row["begin"] for row in rows[1:]] == [row["end"] for row in rows[:-1]]
    for row in rows:
        last = [e for e in entries if row["begin"] < e["tokens"] <= row["end"]][-1]
        assert (last["phase"], last["sample"].strip()) == (row["phase"], row["sample"])


def test_every_notebook_of_the_book_is_on_the_path_with_its_question():
    wanted = [name for name in pages.toc_files(ROOT) if name.startswith("notebooks/")]
    rows = facts.chapters()
    assert [row["file"] for row in rows] == [f"../{name}.html" for name in wanted]
    for row in rows:
        assert row["question"].endswith("?") and row["question"][0].isupper(), row


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A copy of the result files, from which the parts are made."""
    shutil.copytree(facts.RESULTS, tmp_path / "results")
    monkeypatch.setattr(facts, "RESULTS", tmp_path / "results")
    return tmp_path / "results"


def rewrite(path, change):
    """Change every JSON value of a file, be it one or one per line."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines() if path.suffix == ".jsonl" else [text]
    values = [json.loads(line) for line in lines]
    for value in values:
        change(value)
    path.write_text("\n".join(map(json.dumps, values)) + "\n", encoding="utf-8")


def test_numbers_follow_the_files(results):
    rewrite(results / "v4.json", lambda card: card["results"]["val"].update(rate=0.4567))
    rewrite(results / "v4.json", lambda card: card.update(minutes=77.7))
    numbers = front.part("numbers")
    assert "45.7%" in numbers and "78 minutes" in numbers
    rewrite(results / "ablation.json", lambda t: [r.update(val=3.0) for r in t["rows"]])
    rewrite(
        results / "ablation.json",
        lambda t: [r.update(val=2.9) for r in t["rows"] if r["name"] == "no stress"],
    )
    assert "Raises the loss by 0.100 ± 0.000" in front.part("mechanisms")
    rewrite(results / "v2.json", lambda card: card["results"]["val"].update(nats_per_token=9.8765))
    assert "9.877" in front.part("results")


def test_what_sam_wrote_cannot_become_markup(results):
    clean = Tags(front.part("timeline"))
    rewrite(results / "v4.jsonl", lambda entry: entry.update(sample=HOSTILE))
    html = front.part("timeline")
    found = Tags(html)
    assert found.tags == clean.tags
    assert not any(name.startswith("on") for _, name, _ in found.attributes)
    assert {entry["sample"] for entry in json.loads(found.json)} == {HOSTILE}
    assert html.count("alert(2)&gt;") == 6  # one quote per phase


def test_stories_and_the_recording_cannot_become_markup():
    """The cells of the page put Sam's text into templates that escape."""
    cells = [c for c in execute.read(ROOT / "book/index.md").cells if c.cell_type == "code"]
    spk = np.ones((2, 3, 8), np.int8)  # (L, T, N)
    names = {
        "json": json, "Markup": Markup, "HTML": str, "raster_svg": raster_svg, "OPENING": HOSTILE,
        "recording_of": lambda recording: {"tokens": recording.chars},
        "generate": lambda *args, **kwargs: HOSTILE, "v1": SimpleNamespace(model=0, tokenizer=0),
        "v4": SimpleNamespace(model=0, tokenizer=0),
        "recording": SimpleNamespace(spk=spk, rate=1.0, chars=["", HOSTILE, HOSTILE], prompt_len=2),
    }  # fmt: skip
    shown = []
    for cell in cells[1:]:
        *steps, last = ast.parse(cell.source).body
        exec(compile(ast.Module(steps, []), "cell", "exec"), names)
        shown.append(str(eval(compile(ast.Expression(last.value), "cell", "eval"), names)))
    assert len(shown) == 2
    for html in shown:
        tags = Tags(html)
        assert "img" not in tags.tags and not any(n.startswith("on") for _, n, _ in tags.attributes)
        assert "alert(2)&gt;" in html
    assert Tags(shown[0]).tags.count("script") == 1
    assert json.loads(Tags(shown[0]).json) == {"tokens": ["", HOSTILE, HOSTILE]}
    assert "script" not in Tags(shown[1]).tags


@pytest.mark.parametrize("name", PARTS)
def test_a_part_leads_to_pages_that_exist_and_carries_no_script(name):
    tags = Tags(front.part(name, **(HEAD if name == "entrance" else {})))
    book = set(pages.toc_files(ROOT))
    for tag, attribute, value in tags.attributes:
        assert not attribute.startswith("on") and attribute != "style", (tag, attribute)
        if attribute == "href" and re.match(r"(\.\./)?[\w/]+\.html", value):
            page = value.split(".html")[0].removeprefix("../")
            page = page if "/" in page else f"book/{page}"
            assert page in book, value


def test_the_policy_allows_no_script_in_the_page():
    assert "unsafe" not in front.POLICY and "http" not in front.POLICY and "*" not in front.POLICY


def test_the_preview_is_a_picture_of_the_agreed_size():
    data = (ROOT / "book/static" / front.PREVIEW).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) <= 200_000
    assert struct.unpack(">II", data[16:24]) == (1200, 630)


def test_the_raster_draws_one_neuron_in_eight():
    spk = (np.random.default_rng(0).random((3, 7, 32)) < 0.4).astype(np.int8)  # (L, T, N)
    svg = raster_svg(SimpleNamespace(spk=spk, rate=spk.mean()))
    marks = [path.count("M") for path in re.findall(r' d="([^"]*)"', svg)]
    assert marks == [int(layer[:, ::8].sum()) for layer in spk]
    assert all(f"layer {k}" in svg for k in (1, 2, 3))
    assert "layer 1" not in raster_svg(SimpleNamespace(spk=spk, rate=0.4), names=False).replace(
        "6 layers", ""
    )
