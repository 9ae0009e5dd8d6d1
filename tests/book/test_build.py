"""The book builds with warnings as errors, and its pages are whole and need no network."""

import re
import sys

import nbformat
import pytest
from nbmake.nb_run import NotebookRun
from project import CI, PATIENCE, ROOT, Book, build_book

sys.path.insert(0, str(ROOT / "book"))
import execute
import pages

from realsam_edu.model.v1 import V1, V1Config
from realsam_edu.model.v4 import V4Config

pytestmark = pytest.mark.book
PAGES = pages.toc_files(ROOT)
WIDGET_PAGES = [p for p in PAGES if pages.shows_a_widget(pages.source_of(ROOT, p))]


def test_builds_without_a_warning(book: Book):
    assert book.returncode == 0, book.output[-4000:]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_there_and_titled(book: Book, page: str):
    text = (book.html / f"{page}.html").read_text(encoding="utf-8")
    assert "<h1" in text
    assert "Smoke build" in text  # no reader can take its numbers for results


@pytest.mark.parametrize("page", WIDGET_PAGES)
def test_widgets_carry_their_state(book: Book, page: str):
    text = (book.html / f"{page}.html").read_text(encoding="utf-8")
    assert pages.STATE in text
    assert "application/vnd.jupyter.widget-view+json" in text


def test_notebooks_show_widgets():
    assert "notebooks/00_meet_sam" in WIDGET_PAGES


def test_no_page_loads_anything_remote(book: Book):
    if not book.report["offline"]:
        (pytest.fail if CI else pytest.skip)("the browser files are not installed: npm is missing")
    remote = {name: page["remote"] for name, page in book.report["pages"].items()}
    assert not any(remote.values()), remote


def test_remote_loads_are_recognised():
    html = """
    <script src="https://cdn.example/a.js"></script><link rel="stylesheet" href="//x.example/b.css">
    <style>@import url("https://fonts.example/c.css");</style><a href="https://fine.example">d</a>
    <link rel="canonical" href="https://fine.example"><script src="_static/e.js"></script>"""
    assert len(pages.remote_loads(html)) == 3


def test_no_figure_or_cell_shows_an_error(book: Book):
    for name in PAGES:
        text = (book.html / f"{name}.html").read_text(encoding="utf-8")
        assert "Traceback (most recent call last)" not in text, name


def test_second_build_runs_nothing_and_needs_no_terminal_that_shows_all(book: Book):
    assert book.returncode == 0
    before = (book.html / f"{PAGES[1]}.html").stat().st_mtime_ns
    again = build_book("smoke", PYTHONIOENCODING="ascii")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "have code, 0 of them have to run" in again.stdout
    assert re.search(r"^\? \d+ pages in", again.stdout, re.MULTILINE)
    assert (book.html / f"{PAGES[1]}.html").stat().st_mtime_ns == before


def write_notebook(path, *cells: str):
    """Write a notebook of code cells called one, two, …; return its path."""
    names = ("one", "two", "three")
    code = [nbformat.v4.new_code_cell(c, id=n) for c, n in zip(cells, names, strict=False)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel}), path)
    return path


def test_a_notebook_that_fails_is_named_and_leaves_the_others_alone(tmp_path, capfd):
    good = write_notebook(tmp_path / "good.ipynb", "print(6 * 7)")
    wrong = write_notebook(tmp_path / "wrong.ipynb", "a = 1", "raise ValueError('no such luck')")
    gone = write_notebook(tmp_path / "gone.ipynb", "a = 1", "import os; os._exit(9)", "a")
    faults = execute.run_missing([good, wrong, gone], tmp_path / "cache")
    assert faults[wrong] == "stopped in cell `two`: ValueError: no such luck"
    assert re.match(r"stopped in cell .*`two`.*: Kernel died", faults[gone])
    assert set(faults) == {wrong, gone}
    (cell,) = execute.kept(tmp_path / "cache", good).cells
    assert cell.outputs[0].text == "42\n"
    said, warned = capfd.readouterr()
    assert "3 pages have code, 3 of them have to run." in said and "0 left" in said
    assert "good started" in said and "wrong stopped in cell `two`" in said
    assert "WARNING" not in warned

    write_notebook(wrong, "a = 1", "a + 1")
    assert set(execute.run_missing([good, wrong, gone], tmp_path / "cache")) == {gone}
    said, _ = capfd.readouterr()
    assert "3 pages have code, 2 of them have to run." in said and "good" not in said


def test_what_nbmake_ran_is_found(tmp_path):
    path = write_notebook(tmp_path / "one.ipynb", "a = 1")
    result = NotebookRun(path, default_timeout=PATIENCE).execute()
    assert execute.kept(tmp_path / "cache", path) is None
    execute.keep(tmp_path / "cache", path, result.nb, 1.0)
    assert execute.kept(tmp_path / "cache", path).cells[0].execution_count == 1


def test_the_report_names_a_notebook_that_failed(book: Book):
    failed = {"notebooks/00_meet_sam.ipynb": "stopped in cell `two`: ValueError: no"}
    cache = execute.cache_folder("smoke")
    report = pages.check(ROOT, book.html, cache, offline=False, failed=failed)
    (problem,) = report["problems"]
    assert problem.startswith("notebooks/00_meet_sam.ipynb stopped in cell `two`: ValueError: no")
    assert "its page shows the code without results" in problem


def test_drawing_of_v1_matches_its_config():
    drawing = (ROOT / "book/static/v1.svg").read_text(encoding="utf-8")
    config = V1Config()
    assert f"{config.embed} neurons" in drawing
    assert len(re.findall(f">{config.hidden} neurons<", drawing)) == len(V1(config).layers)
    assert f"{config.vocab} scores" in drawing


def test_drawing_of_v4_matches_its_config():
    drawing = (ROOT / "book/static/v4.svg").read_text(encoding="utf-8")
    config = V4Config()
    for words in (
        f">{config.embed} neurons<",
        f">{config.embed} → {config.hidden}<",
        f"{config.hidden} real numbers",
        f">{config.hidden} neurons<",
        f"{config.vocab:,} scores",
    ):
        assert words in drawing, words
    assert config.depth == 6 and "block, one of six" in drawing


def test_budget_must_be_known():
    done = build_book("huge")
    assert done.returncode == 2
    assert "smoke, class, full" in done.stdout + done.stderr
