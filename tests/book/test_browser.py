"""A key press moves the raster stepper and its text says who fired: built page and JupyterLab.

Chromium runs with the network cut; whatever a page needs has to come from this machine.
"""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import nbformat
import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import pages

pytestmark = pytest.mark.browser
FIRST = "notebooks/00_meet_sam.ipynb"
PATIENCE = 600_000  # milliseconds; a busy machine is slow, and no test judges by the clock

CELL = """\
import torch
from realsam_edu.inside import trace
from realsam_edu.model import V1, V1Config
from realsam_edu.text import CharTokenizer
from realsam_edu.widgets import RasterStepper

torch.manual_seed(0)
text = "To be, or not to be, that is the question"
tokenizer = CharTokenizer.from_text(text)
model = V1(V1Config(vocab=tokenizer.vocab_size, embed=32, hidden=64)).eval()
RasterStepper(trace(model, tokenizer, text))
"""


@dataclass
class Watch:
    """What a page did that it should not: errors, failed loads, loads from elsewhere."""

    home: str
    wrong: list[str] = field(default_factory=list)

    def attach(self, page) -> "Watch":
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self.console)
        page.on("request", self.request)
        page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))
        return self

    def console(self, message) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")

    def request(self, request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.wrong.append(f"remote: {request.url}")


@dataclass(frozen=True)
class Press:
    """The stepper's step and words before and after one press of the right arrow."""

    before: int
    after: int
    said: str
    says: str


def press_and_read(page) -> Press:
    """Find the stepper, stop it if it plays, press the right arrow once and read what changed."""
    from playwright.sync_api import expect

    stepper = page.get_by_test_id("raster-stepper").first
    stepper.wait_for(state="visible", timeout=PATIENCE)
    stepper.scroll_into_view_if_needed()
    play = stepper.get_by_test_id("play")
    if "pause" in play.inner_text().lower():
        play.click()
    step, fired = stepper.get_by_test_id("step"), stepper.get_by_test_id("fired")
    stepper.focus()
    page.keyboard.press("Home")
    expect(step).to_have_value("0", timeout=PATIENCE)
    page.keyboard.press("ArrowRight")
    expect(step).to_have_value("1", timeout=PATIENCE)
    said = fired.inner_text()
    page.keyboard.press("ArrowRight")
    expect(step).to_have_value("2", timeout=PATIENCE)
    return Press(1, int(step.input_value()), said, fired.inner_text())


def check(press: Press) -> None:
    assert press.after == press.before + 1
    assert press.said != press.says
    for step, words in ((press.before, press.said), (press.after, press.says)):
        assert re.search(rf"\bstep {step}\b", words, re.IGNORECASE), words
        assert re.search(r"\d+ of \d+ neurons fired", words), words


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_key_press_moves_the_stepper_on_the_built_page(site, page):
    watch = Watch(site).attach(page)
    page.goto(f"{site}/notebooks/00_meet_sam.html")
    check(press_and_read(page))
    assert not watch.wrong


@pytest.mark.parametrize("name", pages.toc_files(ROOT))
def test_page_opens_offline_with_its_mathematics_and_no_error(site, page, name):
    watch = Watch(site).attach(page)
    page.goto(f"{site}/{name}.html", wait_until="load")
    if page.locator(".math").count():
        page.locator("mjx-container").first.wait_for(state="attached", timeout=PATIENCE)
        assert page.locator("mjx-merror").count() == 0
    if "widget-view+json" in page.content():
        page.locator(".rs-widget").first.wait_for(state="visible", timeout=PATIENCE)
    page.wait_for_load_state("networkidle")
    assert not watch.wrong


# How many figures of ours a page shows: views of anywidgets, progress bars not counted.
FIGURES = """() => {
  const read = (kind) => [...document.querySelectorAll(`script[type="${kind}"]`)]
    .map((script) => JSON.parse(script.textContent));
  const states = read("application/vnd.jupyter.widget-state+json").map((whole) => whole.state);
  const models = Object.assign({}, ...states);
  return read("application/vnd.jupyter.widget-view+json")
    .filter((view) => models[view.model_id]?.model_module === "anywidget").length;
}"""


@pytest.mark.parametrize("name", [n for n in pages.toc_files(ROOT) if n != "book/index"])
def test_every_figure_of_a_page_answers_to_a_key(site, page, name):
    page.goto(f"{site}/{name}.html", wait_until="load")
    count = page.evaluate(FIGURES)
    widgets = page.locator(".rs-widget")
    for i in range(count):
        widget = widgets.nth(i)
        widget.wait_for(state="visible", timeout=PATIENCE)
        widget.scroll_into_view_if_needed()
        bar = widget.locator("input[type=range]:visible").first
        bar.wait_for(state="visible", timeout=PATIENCE)
        before, said = bar.input_value(), widget.inner_text()
        at_end = before == bar.get_attribute("max")
        bar.press("ArrowLeft" if at_end else "ArrowRight")
        assert bar.input_value() != before, f"figure {i + 1} does not move"
        new = "([figure, said]) => figure.innerText !== said"  # or else it says nothing new
        page.wait_for_function(new, arg=[widget.element_handle(), said])
    assert count == page.locator(".rs-widget").count()


@pytest.mark.parametrize("name", [n for n in pages.toc_files(ROOT) if "notebooks/" in n])
def test_no_line_of_code_is_cut_at_1280_pixels(site, page, name):
    page.goto(f"{site}/{name}.html")
    cut = """() => [...document.querySelectorAll("div.cell_input pre")]
      .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.innerText)"""
    assert page.evaluate(cut) == []


def test_no_page_is_wider_than_a_phone(site, chromium):
    context = chromium.new_context(viewport={"width": 400, "height": 800})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    for name in pages.toc_files(ROOT):
        page.goto(f"{site}/{name}.html")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 401, f"{name} is {wide} pixels wide"
    context.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab as the README says, on a small first notebook; yield address and token."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        nbformat.v4.new_code_cell(CELL.strip(), id="stepper"),
        nbformat.v4.new_markdown_cell("See [the glossary](../book/glossary.md).", id="link"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for part in ("notebooks", "book"):
        (folder / "work" / part).mkdir(parents=True)
    nbformat.write(notebook, folder / "work" / FIRST)
    (folder / "work" / "book" / "glossary.md").write_text("# Words\n", encoding="utf-8")
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    settings = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps(settings))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    words = re.search(r"&& jupyter lab (.+)", readme).group(1).split()
    command = [sys.executable, "-m", "jupyterlab", *words, "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={token}"]
    log = (folder / "log.txt").open("w+")
    server = subprocess.Popen(
        command,
        cwd=folder / "work",
        env=os.environ | {name: str(folder / place) for name, place in own.items()},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/api?token={token}", server)
        yield url, token
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)
        log.close()


def wait_for(url: str, process: subprocess.Popen) -> None:
    """Return once the address answers."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE / 1000).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError("JupyterLab did not start")


def test_key_press_moves_the_stepper_in_jupyterlab(lab, page):
    url, token = lab
    page.goto(f"{url}/lab/tree/{FIRST}?token={token}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    page.get_by_text("| Idle").first.wait_for(timeout=PATIENCE)  # the kernel listens from here on
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    check(press_and_read(page))


def test_a_link_into_the_book_opens_in_jupyterlab(lab, page):
    from playwright.sync_api import TimeoutError

    url, token = lab
    page.goto(f"{url}/lab/tree/{FIRST}?token={token}")
    link = page.locator("a[href*='files/book/glossary.md']")
    tab = page.locator(".lm-TabBar-tabLabel", has_text="glossary.md").first
    for _ in range(60):  # a click before JupyterLab listens goes nowhere
        link.click()
        try:
            tab.wait_for(timeout=10_000)
            break
        except TimeoutError:
            continue
    page.locator(".jp-FileEditor, .jp-MarkdownViewer").get_by_text("Words").first.wait_for()
