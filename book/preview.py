"""Draw the picture that is shown where somebody shares the book: `python book/preview.py`.

The committed V4 writes a line; its spikes, its words and the title become `static/preview.png`,
1200 × 630 pixels. Needs Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

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
PAGE = Markup("""<!doctype html><html lang="en"><meta charset="utf-8"><style>
@font-face {{ font-family: Newsreader; font-weight: 200 800; src: url("{fonts}/newsreader.woff2"); }}
:root {{ {colors} }}
body {{ margin: 0; width: 1200px; height: 630px; overflow: hidden; background: #13161C;
  color: var(--rs-ink); font-family: Newsreader, Georgia, serif; }}
h1 {{ margin: 34px 56px 0; font-size: 100px; font-weight: 500; line-height: 1; letter-spacing: -0.035em; }}
p {{ margin: 12px 58px 20px; font-size: 27px; line-height: 1.35; white-space: nowrap; }}
p b {{ font-weight: 400; color: var(--rs-muted); }}
svg {{ display: block; width: 1200px; }}
</style><h1>Sam writes in spikes</h1><p><b>{begun}</b>{written}</p>{raster}""")


def page(recording) -> str:
    """Return the picture of a recording as a web page."""
    begun, written = (
        "".join(recording.chars[a:b]) for a, b in ((1, recording.prompt_len), (recording.prompt_len, None))
    )
    raster = Markup(raster_svg(recording, 1290, names=False))
    fonts = (STATIC / "vendor/fonts").as_uri()
    return PAGE.format(
        fonts=fonts, colors=Markup(css_variables("dark")), begun=begun, written=written, raster=raster
    )


def main() -> None:
    """Draw the picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("The picture is drawn by Chromium, which is not installed.")
    sam = checkpoint.load(ROOT / "data/checkpoints/v4.safetensors")
    recording = trace_generation(sam.model, sam.tokenizer, OPENING, WRITTEN, 0.7, SEED)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport=SIZE)
        source = ROOT / "_build/preview.html"  # a file, since a page without address loads no fonts
        source.parent.mkdir(exist_ok=True)
        source.write_text(page(recording), encoding="utf-8")
        tab.goto(source.as_uri())
        tab.evaluate("document.fonts.ready")
        tab.screenshot(path=STATIC / "preview.png")
        source.unlink()
        chromium.close()


if __name__ == "__main__":
    sys.exit(main())
