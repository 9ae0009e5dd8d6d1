"""Look at the built pages: are all there, do the widgets carry their state, is nothing remote?"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import yaml
from sam_files import FILES

STATE = "application/vnd.jupyter.widget-state+json"
REMOTE_CSS = re.compile(r"(?:@import\s+|url\()\s*(?:url\()?[\"']?(https?:)?//", re.IGNORECASE)


# Faults of the theme that axe-core finds: names that differ from the words that are seen.
CURES = (
    (re.compile(r'(<button class="[^"]*search-button-field[^>]*?) aria-label="Search"'), r"\1"),
    (re.compile(r'(<i class="theme-switch [^>]*?) title="[^"]*"'), r"\1"),
)


def cure(html: Path) -> None:
    """Take the faults of the theme out of the built pages; a page without any is left alone."""
    for page in html.rglob("*.html"):
        before = after = page.read_text(encoding="utf-8")
        for fault, cured in CURES:
            after = fault.sub(cured, after)
        if after != before:
            page.write_text(after, encoding="utf-8")


class _Loads(HTMLParser):
    """Collect the addresses that a page loads by itself: scripts, styles, fonts, frames, images."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of a tag that makes the browser fetch something."""
        attr = dict(attrs)
        if tag in ("script", "iframe", "img", "source", "embed"):
            self.found.append(attr.get("src") or "")
        elif tag == "link" and attr.get("rel") not in ("canonical", "next", "prev", "search"):
            self.found.append(attr.get("href") or "")


def remote_loads(html: str) -> list[str]:
    """Return the http(s) addresses that a browser would fetch on opening the page."""
    parser = _Loads()
    parser.feed(html)
    found = [url for url in parser.found if re.match(r"(https?:)?//", url)]
    styles = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL | re.IGNORECASE)
    return found + ["a style sheet inside the page" for css in styles if REMOTE_CSS.search(css)]


def toc_files(root: Path) -> list[str]:
    """Return the pages of ``_toc.yml`` as paths without suffix, in reading order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [c for part in toc.get("parts", [toc]) for c in part.get("chapters", [])]
    return [toc["root"], *(c["file"] for c in chapters if "file" in c)]


def source_of(root: Path, page: str) -> Path:
    """Return the source file of a page: a notebook, or Markdown."""
    notebook = root / f"{page}.ipynb"
    return notebook if notebook.exists() else root / f"{page}.md"


def code_of(path: Path) -> str:
    """Return the code of a page's source: its code cells, whether notebook or Markdown."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return "\n".join(re.findall(r"^```\{code-cell\}(.*?)^```", text, re.DOTALL | re.MULTILINE))


def shows_a_widget(source: Path) -> bool:
    """Return whether the code of a page makes one of the package's widgets."""
    from realsam_edu import widgets  # here, since it takes a second or two

    return re.search(rf"\b({'|'.join(widgets.__all__)})\(", code_of(source)) is not None


def run_times(cache: Path) -> dict[str, float]:
    """Return the execution time in seconds of each notebook, by the name of its file."""
    from jupyter_cache import get_cache

    if not cache.exists():
        return {}
    records = get_cache(cache).list_cache_records()
    return {Path(r.uri).name: round(r.data.get("execution_seconds", 0.0), 1) for r in records}


def missing(html: Path) -> list[str]:
    """Return which files lack without which there is no site, or Sam cannot write in it."""
    wanted = ("index.html", *(f"_static/sam/{name}" for name in FILES))
    return [name for name in wanted if not (html / name).exists()]


def check(root: Path, html: Path, cache: Path, *, offline: bool, failed: dict[str, str]) -> dict:
    """Return a report on the built pages; ``problems`` is empty when all is well.

    ``failed`` says of a source, by its path in the book, why it has no results.
    """
    seconds = run_times(cache)
    pages = {}
    problems = [
        f"{name} {fault}; its page shows the code without results, all others are built, "
        "and the next build runs only what is missing."
        for name, fault in failed.items()
    ]
    for name in toc_files(root):
        page = html / f"{name}.html"
        if not page.exists():
            problems.append(f"{name}.html was not built")
            continue
        text = page.read_text(encoding="utf-8")
        source = source_of(root, name)
        ran = source.relative_to(root).as_posix() not in failed
        remote = remote_loads(text)
        if ran and shows_a_widget(source) and STATE not in text:
            problems.append(f"{name}.html shows a widget but carries no widget state")
        if offline:
            problems += [f"{name}.html loads {url}" for url in remote]
        pages[name] = {
            "seconds": seconds.get(source.name),
            "widgets": STATE in text,
            "remote": remote,
            "bytes": page.stat().st_size,
        }
    if offline:
        for style in html.rglob("*.css"):
            if REMOTE_CSS.search(style.read_text(encoding="utf-8", errors="replace")):
                problems.append(f"{style.relative_to(html)} loads something from the network")
    problems += [f"{name} was not built" for name in missing(html)]
    return {"pages": pages, "problems": problems}
