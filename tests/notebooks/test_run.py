"""Every notebook runs from top to bottom at smoke budget, within a minute, with no hidden error."""

import os
import time

import nbformat
import pytest
from project import ROOT, Book

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 60
STATE = "application/vnd.jupyter.widget-state+json"


def executed(path, book: Book):
    """Return the notebook as the book's build ran it and its seconds; run it here if it did not."""
    from jupyter_cache import get_cache

    caches = list((book.folder / "cache").glob("*"))
    if book.returncode == 0 and caches:
        cache = get_cache(caches[0])
        try:
            record = cache.match_cache_notebook(nbformat.read(path, as_version=4))
            bundle = cache.get_cache_bundle(record.pk)
            return bundle.nb, record.data["execution_seconds"]
        except KeyError:
            pass
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    began = time.perf_counter()
    os.environ["REALSAM_BUDGET"] = "smoke"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": path.parent}}).execute()
    return notebook, time.perf_counter() - began


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def run(request, book: Book):
    return executed(request.param, book)


def test_runs_within_a_minute(run):
    notebook, seconds = run
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code" and c.source]
    assert all(count is not None for count in counts)
    assert seconds < SECONDS


def test_no_error_and_no_warning_is_shown(run):
    notebook, _ = run
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", cell.id
            text = output.get("text", "")
            assert "Warning" not in text and "Traceback" not in text, (cell.id, text[:400])


def test_no_widget_hides_an_error(run):
    """ipywidgets catches what a callback raises; the trace lands in the widget's own output."""
    notebook, _ = run
    state = notebook.metadata.get("widgets", {}).get(
        "application/vnd.jupyter.widget-state+json", {}
    )
    for model in state.get("state", {}).values():
        for output in model.get("state", {}).get("outputs", []):
            assert output.get("output_type") != "error", output
