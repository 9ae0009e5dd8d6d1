"""How `pytest --nbmake notebooks` runs the notebooks: at smoke budget, and nothing is run twice.

What a notebook shows is kept where a build of the book at the same budget looks for it.
"""

import os
import sys
import time
from pathlib import Path

import pytest
from nbmake import nb_run, pytest_items

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book"))
import execute


class KeptRun(nb_run.NotebookRun):
    """One notebook, run by nbmake."""

    def execute(self):
        """Run it; if all went well, keep what it shows."""
        folder, began = execute.cache_folder(os.environ["REALSAM_BUDGET"]), time.perf_counter()
        result = super().execute()
        if result.error is None:
            execute.keep(folder, Path(self.filename), result.nb, time.perf_counter() - began)
        return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Set what the kernel of a notebook finds in its environment, unless the user has set it."""
    with pytest.MonkeyPatch.context() as patch:
        given = {"REALSAM_BUDGET": "smoke", "OMP_NUM_THREADS": "1"} | execute.ENVIRONMENT
        for name, value in given.items():
            patch.setenv(name, os.environ.get(name, value))
        patch.setattr(pytest_items, "NotebookRun", KeptRun)
        return (yield)
