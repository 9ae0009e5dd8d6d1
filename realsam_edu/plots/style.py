"""The book's look, for every figure: colors by role, fonts, dashes and marks.

The theme in force is kept where matplotlib keeps its style, in `rcParams`: what restores the one
restores the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib import font_manager
from matplotlib.axes import Axes

from .palette import THEMES

FONTS = ("Source Sans 3", "Inter", "Open Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 3)), (0, (9, 2)))
ABOVE = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.1}  # legends
DASHED = {"ls": (0, (5, 3)), "lw": 1.4}
MARKS = "osD^vP"
LOOK = {  # the same on light and dark paper
    "font.size": 12,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 12,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.xmargin": 0.01,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 11,
    "figure.figsize": (7.4, 3.2),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "image.interpolation": "nearest",
}


def use_style(theme: str = "light") -> dict[str, str]:
    """Set the book's matplotlib style, "light" or "dark", and return its colors by role."""
    mpl.rcParams.update(_rc(THEMES[theme]))
    _retina()
    return colors()


@contextmanager
def themed(theme: str) -> Iterator[dict[str, str]]:
    """Draw in a theme for a while and yield its colors; afterwards the style is what it was."""
    with mpl.rc_context(_rc(THEMES[theme])):
        yield colors()


def colors() -> dict[str, str]:
    """The colors, by role, of the theme in force; those of light paper under a foreign style."""
    paper = mpl.rcParams["figure.facecolor"]
    worn = (c for c in THEMES.values() if mpl.colors.same_color(c["paper"], paper))
    return next(worn, THEMES["light"])


def axes(ax: Axes | None = None, **size) -> Axes:
    """Return `ax`, or the axes of a new figure; `size` is for `plt.subplots`, as `figsize`."""
    return ax if ax is not None else plt.subplots(**size)[1]


def _has_minus(family: str) -> bool:
    """Logarithmic ticks need the minus sign U+2212, which some cuts of a font leave out."""
    return font_manager.get_font(font_manager.findfont(family)).get_char_index(0x2212) != 0


def _rc(c: Mapping[str, str]) -> dict:
    """Matplotlib's parameters for a theme: the look in its colors and the first font at hand."""
    installed = set(font_manager.get_font_names())
    have = [f for f in FONTS if f in installed and _has_minus(f)]
    layers = [c[f"layer{i}"] for i in range(1, 7)]
    return LOOK | {
        "font.family": [*have[:1], "DejaVu Sans"],
        "axes.labelcolor": c["ink"],
        "axes.edgecolor": c["muted"],
        "axes.facecolor": c["paper"],
        "axes.prop_cycle": mpl.cycler(color=layers),
        "text.color": c["ink"],
        "xtick.color": c["muted"],
        "ytick.color": c["muted"],
        "xtick.labelcolor": c["ink"],
        "ytick.labelcolor": c["ink"],
        "grid.color": c["grid"],
        "figure.facecolor": c["paper"],
        "savefig.facecolor": c["paper"],
    }


def _retina() -> None:
    """Inside a notebook, send figures at twice the pixels and the same size on the page."""
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        set_matplotlib_formats("retina")
