"""Rules of the repository: notebooks, modules, and what must never be committed."""

import fnmatch
import re
import statistics
import subprocess
import sys

import nbformat
import pytest
from project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TEXT = {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ".js", ".css", ".svg", ".json", ".bib", ""}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def ignored(name: str, rules: list[str]) -> bool:
    """Tell whether a .gitignore leaves a file out; the last of its rules that fits decides."""
    parts, found = name.split("/"), False
    for rule in rules:
        pattern = rule.removeprefix("!").strip("/")
        if "/" in rule.removeprefix("!").rstrip("/"):  # a path from the root
            paths = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        else:  # a name anywhere
            paths = parts
        if any(fnmatch.fnmatchcase(path, pattern) for path in paths):
            found = not rule.startswith("!")
    return found


def tracked() -> list:
    """Return the files that git tracks or would track; in an unpacked zip those it would track."""
    if not (ROOT / ".git").exists():
        lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
        rules = [line for line in lines if line and not line.startswith("#")]
        files = (path for path in ROOT.rglob("*") if path.is_file())
        return [path for path in files if not ignored(path.relative_to(ROOT).as_posix(), rules)]
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def words(notebook) -> int:
    prose = " ".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    prose = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$|<[^>]+>|```.*?```", " ", prose, flags=re.DOTALL)
    return len(re.findall(r"[^\W\d_][\w’'-]*", prose))


def planned_notebooks() -> set[int]:
    """Return the numbers that the status page names in the first column of what is planned."""
    status = (ROOT / "book/status.md").read_text(encoding="utf-8")
    planned = re.search(r"^## Planned$(.*?)(?=^## |\Z)", status, re.DOTALL | re.MULTILINE)
    return {int(n) for n in re.findall(r"^\| (\d\d) ·", planned.group(1), re.MULTILINE)}


def missing_numbers(numbers: list[int]) -> set[int]:
    """Return the numbers between 00 and the last notebook that no notebook has."""
    return set(range(max(numbers) + 1)) - set(numbers)


def test_the_path_starts_at_00_and_every_gap_is_a_planned_notebook():
    numbers = [int(path.stem[:2]) for path in NOTEBOOKS]
    assert len(set(numbers)) == len(numbers)
    assert numbers[0] == 0
    assert missing_numbers(numbers) <= planned_notebooks()
    assert not set(numbers) & planned_notebooks()  # what is here is no longer planned


def test_an_accidental_gap_is_found():
    assert missing_numbers([0, 1, 2, 3, 5, 7]) == {4, 6}
    assert 6 not in planned_notebooks()


@each_notebook
def test_notebook_is_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]*", i) for i in ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None, cell.id


@each_notebook
def test_notebook_has_the_house_size(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [len(re.findall(r"^.*\S", c.source, re.M)) for c in cells if c.cell_type == "code"]
    assert 40 <= len(cells) <= 70
    assert statistics.median(code) <= 6
    assert max(code) <= 40
    assert 1500 <= words(nbformat.read(path, as_version=4)) <= 2500


@each_notebook
def test_notebook_has_the_house_anatomy(path):
    notebook = nbformat.read(path, as_version=4)
    markdown = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    opening, everything = "\n".join(markdown[:4]), "\n".join(markdown)
    assert markdown[0].startswith("# ")
    assert re.search(r"\*\*[^*]*question[^*]*\*\*", opening, re.IGNORECASE)
    assert re.search(r"time", opening, re.IGNORECASE)
    assert re.search(r"you will be able to", opening, re.IGNORECASE)
    assert everything.count("**Predict") >= 3
    assert everything.count("<details>") >= 3
    assert re.search(
        r"^## .*(takeaways|summary|what you did)", everything, re.IGNORECASE | re.MULTILINE
    )
    assert re.search(r"^##+ .*exercise", everything, re.IGNORECASE | re.MULTILINE)
    assert not re.search(r"^(:::|```\{)", everything, re.MULTILINE)  # would show raw in JupyterLab
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    assert "seed_all(" in code and "budget()" in code
    assert not re.search(r"^\s*[!%]|sys\.path", code, re.MULTILINE)


def test_only_the_settings_read_the_environment():
    for path in (ROOT / "realsam_edu").rglob("*.py"):
        if path.name != "settings.py":
            assert "os.environ" not in path.read_text(encoding="utf-8"), path.name


def test_no_machine_or_registry_leaks_in():
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com"]
    hosts += ["deb.debian" + ".org"]
    folders = [rf"/{top}/\w" for top in ("ho" + "me", "Us" + "ers", "wo" + "rk", "ro" + "ot")]
    local = [rf"(?<![\w.]){folder}" for folder in folders]
    bad = re.compile("|".join([re.escape(host) for host in hosts] + local))
    for path in tracked():
        if path.suffix in TEXT and path.stat().st_size < 2_000_000:
            found = bad.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path.relative_to(ROOT)}: {found.group()}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("README.md", False),
        ("realsam_edu/__pycache__/cli.cpython-313.pyc", True),
        ("runs/v1.safetensors", True),
        ("book/runs/v1.md", False),  # only the one at the root
        ("sam_lr0.1.resume", True),
        ("data/tokenizer/other-512.json", True),
        ("data/tokenizer/tinystories-4096.json", False),
        ("data/results/v1.json", False),
        ("data/results/v1.png", True),
        ("book/static/vendor/a/b.js", True),
    ],
)
def test_outside_git_the_same_files_count(name, expected):
    rules = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored(name, [rule for rule in rules if rule and not rule.startswith("#")]) is expected


def test_files_are_small():
    for path in tracked():
        limit = 15e6 if path.suffix == ".safetensors" else 1e6
        assert path.stat().st_size <= limit, path.relative_to(ROOT)


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=lambda a: a[0])
def test_ruff_is_content(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
