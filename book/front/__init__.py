"""The front page of the book: a template of its own, and parts made from the result files.

`index.md` places a part with the directive `{front} NAME`; its HTML is `parts/NAME.html`, filled
with what `facts` reads. The page has neither side bars nor the scripts of the theme, so it can
forbid every script that is not the book's own.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import drawings, facts

HERE = Path(__file__).parent
STATIC = HERE.parent / "static"
PAGE = "book/index"
TITLE = "Real Sam, the book that spikes"
DESCRIPTION = (
    "A small language model made of neurons that fire or stay silent writes in your browser, every "
    "neuron in view. The book builds it in notebooks, from one leaky neuron to stories."
)
PREVIEW = "preview.png"
LOADED = ("front.css", "front.js", "theme.js", "realsam.css", "sam/sam.css", "sam/sam.js")
# Nothing from elsewhere, no script inside the page. Opened from a folder, 'self' names no file, so
# `file:` stands beside it; over http a browser loads nothing from there.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' file:",
        "style-src 'self' file:",
        "img-src 'self' file: data:",
        "font-src 'self' file:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def _parts() -> Environment:
    """Return the templates of the parts: what is put into them is escaped."""
    loader = FileSystemLoader(HERE / "parts")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.globals |= {"facts": facts, "drawings": drawings, "raw": _raw}
    made.filters |= {"millions": _millions, "data": _data}
    return made


def _raw(name: str) -> Markup:
    """Return a drawing of the static folder, to stand inside the page."""
    return Markup((STATIC / name).read_text(encoding="utf-8"))


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f}\u00a0M"


def _data(value: object) -> Markup:
    """Return a value as JSON that may stand in a script element, whatever text is in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


@cache
def sources() -> tuple[Path, ...]:
    """Return the files that the parts are made from."""
    folders = (HERE, facts.RESULTS, STATIC)
    return tuple(f for d in folders for f in sorted(d.rglob("*")) if f.suffix in SUFFIXES)


SUFFIXES = (".py", ".html", ".json", ".jsonl", ".svg")


def part(name: str, **more) -> str:
    """Return the HTML of a part of the page."""
    return _parts().get_template(f"{name}.html").render(**more)


class Front(Directive):
    """`{front} NAME`: the part NAME stands here."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the part as raw HTML."""
        environment = self.state.document.settings.env
        for path in sources():
            environment.note_dependency(str(path))
        return [nodes.raw("", part(self.arguments[0]), format="html")]


def version(*names: str) -> str:
    """Return a few digits that change when one of these static files does."""
    files = [STATIC / name for name in names]
    content = b"".join(f.read_bytes() for f in files if f.exists())
    return hashlib.sha256(content).hexdigest()[:8]


def choose_template(app, pagename, templatename, context, doctree):
    """Give the front page its own template and what stands in its head."""
    if pagename != PAGE:
        return None
    context |= head(app) | {
        "policy": POLICY,
        "front_version": version(*LOADED),
    }
    return "front.html"


def head(app) -> dict:
    """Return what the heads of the front page and of the entrance tell those who share it."""
    site = (app.config.html_baseurl or "").rstrip("/")
    return {"site": site, "heading": TITLE, "description": DESCRIPTION, "preview": PREVIEW}


def write_entrance(app, exception) -> None:
    """Write the `index.html` that leads to the front page, with its picture and words."""
    if exception is None and app.builder.format == "html":
        html = part("entrance", **head(app))
        (Path(app.outdir) / "index.html").write_text(html, encoding="utf-8")


def setup(app) -> dict:
    """Tell Sphinx what this extension adds."""
    app.add_directive("front", Front)
    app.connect("html-page-context", choose_template)
    app.connect("build-finished", write_entrance, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
