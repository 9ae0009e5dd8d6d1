"""What the slow tests share: one smoke build of the book, a browser, and no silent skips in CI."""

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, settings
from project import CI, ROOT, Book, build_book
from xdist.scheduler import LoadScopeScheduling

LOCAL_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
pytest.register_assert_rewrite("widget_page")
# No verdict hangs on the clock, not even that examples are drawn too slowly.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")
# Before torch is loaded: threads that wait awake are slow where others use the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class ByFile(LoadScopeScheduling):
    """With `-n 2` the tests of a file stay together, and all that share the built book.

    The notebooks are the first of those: what they show is kept for the build.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        of_the_book = ("notebooks/", "tests/book/", "tests/notebooks/")
        return "book" if file.startswith(of_the_book) else file


def pytest_xdist_make_scheduler(config, log):
    """Hand out the tests file by file."""
    return ByFile(config, log)


def pytest_terminal_summary(terminalreporter):
    """In CI a skipped test is a failed run: say so where it is read."""
    if CI and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("Tests were skipped; in CI every test has to run.", red=True)


def pytest_sessionfinish(session, exitstatus):
    """In CI a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and exitstatus == 0 and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def book() -> Book:
    """Build the book at smoke budget once; its executed notebooks serve several tests."""
    done = build_book("smoke")
    return Book(done.returncode, done.stdout + done.stderr, ROOT / "_build" / "smoke")


@pytest.fixture(scope="session")
def site(book: Book):
    """Serve the built book on this machine; yield its address."""
    assert book.returncode == 0, book.output[-3000:]

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = partial(Quiet, directory=str(book.html))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def clean_style():
    """Draw in the light theme and on no screen; leave the style as it was and no figure open."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from realsam_edu import plots

    with plots.themed("light"):
        yield
        pyplot.close("all")


@pytest.fixture(scope="session")
def chromium():
    """Start Chromium with every name but 127.0.0.1 unresolvable."""
    from realsam_edu.experiments.browser import chromium_path

    path = chromium_path()
    if path is None:
        (pytest.fail if CI else pytest.skip)("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", LOCAL_ONLY]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def node() -> str:
    """Return the path of node."""
    path = shutil.which("node")
    if path is None:
        (pytest.fail if CI else pytest.skip)("node is not installed")
    return path
