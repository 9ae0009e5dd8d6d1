"""What every widget loads: its script behind the shared helpers, and the style sheets."""

import re
from pathlib import Path

from ..plots.palette import css_variables

HERE = Path(__file__).parent
ENGINE = tuple(  # Sam in a page
    f"engine/{part}.js" for part in ("file", "tokenizer", "sampling", "engine", "writer")
)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def script(name: str, *parts: str) -> str:
    """A widget's module: the shared helpers, the `parts` it needs, then its own code.

    A part without a folder lies in `shared/`.
    """
    found = (part if "/" in part else f"shared/{part}" for part in ("common.js", *parts))
    return "".join(map(_read, (*found, name)))


def classic(module: str, last: str) -> str:
    """A module as a classic script, which also runs in a page that was opened from a folder.

    What the module exports is kept to itself; the line `last` hands on what the page shall have.
    """
    body = re.sub(r"^export (?:default )?\{[^}]*\};?$", "", module, flags=re.M)
    return f'(() => {{\n"use strict";\n{body}{last}\n}})();\n'


def styles(*more: str) -> str:
    """The shared style sheet with the palette of both themes in front, then `more` sheets."""
    light = f".rs-widget {{\n{css_variables('light')}\n}}\n"
    dark = f'.rs-widget[data-rs-theme="dark"] {{\n{css_variables("dark")}\n}}\n'
    sheets = (f"shared/{sheet}" for sheet in ("widgets.css", *more))
    return light + dark + "".join(map(_read, sheets))
