"""Every notebook, run from top to bottom at smoke budget, hides no error and shows no warning.

nbmake runs them (`pytest --nbmake notebooks`), or else the book's build; here they are read.
"""

import sys

import pytest
from project import ROOT, Book

sys.path.insert(0, str(ROOT / "book"))
import execute

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="module")
def results(book: Book):
    """Where the results are, the book having been built."""
    return execute.cache_folder("smoke")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request, book: Book, results):
    found = execute.kept(results, request.param)
    assert found is not None, book.output[-3000:]
    return found


def outputs(notebook):
    """Yield (cell id, output) of all cells."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell.id, output


def test_every_cell_was_run_at_smoke_budget(notebook):
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code" and c.source]
    assert counts == list(range(1, len(counts) + 1))
    printed = [output.get("text", "") for _, output in outputs(notebook)]
    assert not any("budget: class" in text or "budget: full" in text for text in printed)


def test_no_error_and_no_warning_is_shown(notebook):
    for cell, output in outputs(notebook):
        assert output.output_type != "error", cell
        text = output.get("text", "")
        assert "Warning" not in text and "Traceback" not in text, (cell, text[:400])


def test_no_widget_hides_an_error(notebook):
    """ipywidgets catches what a callback raises; the trace lands in the widget's own output."""
    models = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    for model in models.values():
        for output in model.get("state", {}).get("outputs", []):
            assert output.get("output_type") != "error", output
