"""What every widget loads: its script behind the shared helpers, and the style sheets."""

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


def styles(*more: str) -> str:
    """The shared style sheet with the palette of both themes in front, then `more` sheets."""
    light = f".rs-widget {{\n{css_variables('light')}\n}}\n"
    dark = f'.rs-widget[data-rs-theme="dark"] {{\n{css_variables("dark")}\n}}\n'
    sheets = (f"shared/{sheet}" for sheet in ("widgets.css", *more))
    return light + dark + "".join(map(_read, sheets))
