"""No serious fault of accessibility on the pages that most readers see, light and dark."""

import sys

import axe
import pytest
from project import ROOT

sys.path.insert(0, str(ROOT / "book"))
import pages

pytestmark = pytest.mark.browser
WANTED = ("book/index", "notebooks/00", "notebooks/09", "notebooks/10")
NAMES = [name for name in pages.toc_files(ROOT) if name.startswith(WANTED)]
PATIENCE = 600_000  # milliseconds; a busy machine is slow, and no test judges by the clock


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_no_serious_violation(site, chromium, name, scheme):
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{site}/{name}.html", wait_until="networkidle")
    while page.evaluate("document.documentElement.dataset.theme") != scheme:  # "auto" at first
        page.wait_for_timeout(100)
    if page.locator(".rs-widget").count():
        page.locator(".rs-widget").first.wait_for(state="visible")
    assert axe.grave(page) == []
    context.close()


def test_a_planted_fault_is_found(chromium):
    page = chromium.new_page()
    page.set_content(
        "<!doctype html><html lang='en'><title>x</title><main><h1>x</h1><button></button>"
        "<p style='color:#999;background:#fff'>pale</p></main></html>"
    )
    found = " ".join(axe.grave(page))
    assert "button-name" in found and "color-contrast" in found
    page.close()
