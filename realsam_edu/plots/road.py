"""The road from V1 to V4, with "you are here" on one of them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from .style import axes, colors

VERSIONS = {  # name -> (size and tokens, what it adds)
    "V1": ("≈1 M · characters", "spikes and\nrecurrence"),
    "V2": ("≈3 M · subwords", "depth, residual\nstream, dialogue"),
    "V3": ("≈6 M · subwords", "thresholds that\nregulate firing"),
    "V4": ("≈6 M · subwords", "shared stress,\ndiverse neurons"),
}


def version_map(highlight: str = "V1", ax: Axes | None = None) -> Axes:
    """The road from V1 to V4 with 'you are here' on one of them."""
    ax, c = axes(ax, figsize=(7.4, 2.15)), colors()
    for i, name in enumerate(VERSIONS):
        _version_box(ax, i, name, here=name == highlight)
        if i:
            look = {"arrowstyle": "-|>", "mutation_scale": 14, "lw": 1.6, "color": c["muted"]}
            ends = (i - 0.155, 0.5), (i + 0.005, 0.5)
            ax.add_patch(FancyArrowPatch(*ends, shrinkA=0, shrinkB=0, **look))
    ax.set(xlim=(-0.04, len(VERSIONS) - 0.12), ylim=(-0.06, 1.34))
    ax.set_axis_off()
    return ax


def _version_box(ax: Axes, i: int, name: str, here: bool) -> None:
    c, middle = colors(), i + 0.42
    size, adds = VERSIONS[name]
    face, ink = (c["membrane"], c["paper"]) if here else (c["panel"], c["ink"])
    shape = "round,pad=0,rounding_size=0.06"
    edge = c["membrane"] if here else c["grid"]
    ax.add_patch(FancyBboxPatch((i + 0.02, 0), 0.8, 1, boxstyle=shape, fc=face, ec=edge, lw=1.4))
    centered = {"ha": "center", "va": "center"}
    ax.text(middle, 0.82, name, size=16, weight="bold", color=ink, **centered)
    ax.text(middle, 0.6, size, size=10, color=ink, **centered)
    ax.text(middle, 0.27, adds, size=11, color=ink, linespacing=1.25, **centered)
    if here:
        ax.text(middle, 1.13, "you are here ▾", weight="bold", color=c["ink"], **centered)
