"""Draw the picture that is shown where somebody shares the book: `python book/preview.py`.

The committed V4 writes a line; its spikes, its words and the title become `static/preview.png`,
1200 × 630 pixels. Needs Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from playwright.sync_api import sync_playwright

from realsam_edu import checkpoint
from realsam_edu.inside.trace import trace_generation
from realsam_edu.plots.palette import css_variables
from realsam_edu.plots.recording import raster_svg

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "book/static"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPENING, WRITTEN, SEED = "Once upon a time, there was a little dog. One day,", 56, 0
SIZE = {"width": 1200, "height": 630}


def page(recording) -> str:
    """Return the picture of a recording as a web page."""
    templates = Environment(loader=FileSystemLoader(ROOT / "book/front"), autoescape=True)
    return templates.get_template("preview.html").render(
        fonts=(STATIC / "vendor/fonts").as_uri(),
        colors=Markup(css_variables("dark")),
        begun="".join(recording.chars[1 : recording.prompt_len]),
        written="".join(recording.chars[recording.prompt_len :]),
        raster=Markup(raster_svg(recording, 1290, names=False)),
    )


def main() -> None:
    """Draw the picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("The picture is drawn by Chromium, which is not installed.")
    sam = checkpoint.load(ROOT / "data/checkpoints/v4.safetensors")
    recording = trace_generation(sam.model, sam.tokenizer, OPENING, WRITTEN, 0.7, SEED)
    source = ROOT / "_build/preview.html"  # a file, since a page without address loads no fonts
    source.parent.mkdir(exist_ok=True)
    source.write_text(page(recording), encoding="utf-8")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport=SIZE)
        tab.goto(source.as_uri())
        tab.evaluate("document.fonts.ready")
        tab.screenshot(path=STATIC / "preview.png")
        chromium.close()
    source.unlink()


if __name__ == "__main__":
    sys.exit(main())
