"""Sam's files for the pages: made once, whole, the same bytes in both forms, one script for all."""

import base64
import json
import re
import sys

import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import sam_files

from realsam_edu import checkpoint
from realsam_edu.generation.browser import pack
from realsam_edu.widgets.base import classic


@pytest.fixture(scope="module")
def made():
    sam_files.install()
    return sam_files.SAM


def test_all_are_there_and_are_not_made_again(made):
    assert sorted(sam_files.FILES) == ["sam.css", "sam.js", "v1.bin", "v1.js", "v4.bin", "v4.js"]
    assert all((made / name).stat().st_size > 1000 for name in sam_files.FILES)
    assert not sam_files.install()


def test_what_is_missing_or_old_is_made_again(made, tmp_path, monkeypatch):
    monkeypatch.setattr(sam_files, "SAM", tmp_path / "sam")
    monkeypatch.setattr(sam_files, "ROOT", tmp_path)
    monkeypatch.setattr(sam_files, "_write_weights", lambda name: wrote.append(name))
    monkeypatch.setattr(sam_files, "FILES", ("sam.js", "sam.css"))
    wrote = []
    assert sam_files.install() and wrote == ["v1", "v4"]
    assert not sam_files.install()
    (tmp_path / "sam" / "sam.css").unlink()
    assert sam_files.install()
    (tmp_path / "sam" / "made-from.txt").write_text("something else")
    assert sam_files.install() and wrote == ["v1", "v4"] * 3


@pytest.mark.parametrize("name", sam_files.VERSIONS)
def test_both_forms_hold_the_same_bytes(made, name):
    data = (made / f"{name}.bin").read_bytes()
    loaded = checkpoint.load(ROOT / "data" / "checkpoints" / f"{name}.safetensors")
    assert data == pack(loaded.model, loaded.tokenizer, loaded.card)
    script = (made / f"{name}.js").read_text()
    found = re.fullmatch(r'\(window\.realsamFiles \?\?= \{\}\)\["(\w+)"\] = (".*");\n', script)
    assert found.group(1) == name and base64.b64decode(json.loads(found.group(2))) == data


def test_a_module_becomes_a_classic_script():
    module = "const a = 1;\nfunction f() {}\nexport { a, f as g };\nexport default { render: f };\n"
    script = classic(module, "window.A = { f };")
    assert "export" not in script and script.startswith("(() => {")
    assert "const a = 1;" in script and script.rstrip().endswith("})();")


@pytest.mark.browser
def test_the_script_brings_sam_to_a_page_without_modules(made, chromium, tmp_path):
    """Opened from a folder: nothing but scripts, a strict policy, and Sam writes."""
    policy = "default-src 'none'; script-src file: 'sha256-INLINE'; style-src file: 'unsafe-inline'"
    page = chromium.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    folder = made.as_uri()
    (tmp_path / "page.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>Sam</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<link rel="stylesheet" href="{folder}/sam.css"><body><div id="sam"></div>'
        f'<script src="{folder}/sam.js"></script><script src="{folder}/v1.js"></script></body>'
    )
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("Object.keys(window.RealSam)") == ["mount"]
    assert page.evaluate("Object.keys(window.realsamFiles)") == ["v1"]
    globals_ = "() => ['loadSam', 'clamp', 'Writer', 'renderWriter'].filter((n) => n in window)"
    assert page.evaluate(globals_) == []
    page.close()
    assert problems == []
