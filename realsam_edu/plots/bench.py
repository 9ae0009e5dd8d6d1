"""Figures of `realsam bench`: training, writing, growth; made from its JSON.

Like `plots`: `(data, ax=None) -> ax`, nothing measured, changed or shown, colors of `use_style`.
"""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import neurons as plots
from .neurons import DASHED, DASHES

__all__ = ["bench_figure", "plot_growth", "plot_token_cost", "plot_training"]

OWN = "Sam"  # labels of Sam's own paths begin with it
MARKS = "os^D"


def plot_training(part: Mapping, ax: Axes | None = None) -> Axes:
    """Tokens per second of every rival as a bar, the slowest and fastest round as a line on it.

    Args:
        part: `train.v4` or `train.v1` of the table.
        ax: axes to draw on.
    """
    rows, tokens = list(part["rows"].values()), part["batch_size"] * part["seq_len"]
    ax, c = plots._axes(ax, figsize=(7.4, 0.8 + 0.34 * len(rows))), plots._active
    for y, row in enumerate(rows):
        own = row["label"].startswith(OWN)
        speed, (fastest, slowest) = row["tokens_per_second"], row["spread"]
        hatch = {"hatch": "//", "ec": c["paper"]} if own else {}
        ax.barh(y, speed, height=0.62, color=c["spike" if own else "membrane"], lw=0, **hatch)
        ax.plot([tokens / slowest, tokens / fastest], [y, y], color=c["ink"], lw=1.6)
        ax.annotate(
            f"{speed:,.0f}", (tokens / fastest, y), (5, 0), textcoords="offset points",
            va="center", size=10.5, color=c["ink"],
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row["label"] for row in rows])
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel="training, tokens per second (more is better)")
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    ax.margins(x=0.16)
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def plot_token_cost(part: Mapping, ax: Axes | None = None) -> Axes:
    """What one more token costs at each place of a long text: Sam, and a GPT with its cache.

    Args:
        part: `generate` of the table.
        ax: axes to draw on.
    """
    ax, c = plots._axes(ax, figsize=(7.4, 3.4)), plots._active
    for i, (name, key, ink) in enumerate((("Sam", "v4", "spike"), ("GPT", "gpt", "membrane"))):
        rows = part[key]["positions"]
        at, cost = [row["token"] for row in rows], [row["microseconds"] / 1e3 for row in rows]
        ax.plot(at, cost, marker=MARKS[i], ls=DASHES[i], ms=7, color=c[ink], label=name)
    ax.set(xscale="log", yscale="log", xlabel="token of the text", ylabel="milliseconds per token")
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    ax.yaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(mpl.ticker.NullFormatter())
    ax.margins(x=0.06, y=0.12)
    ax.grid(axis="y")
    ax.legend(loc="best", handlelength=2.8)
    return ax


def plot_growth(part: Mapping, ax: Axes | None = None, name: str = "T") -> Axes:
    """Time of a whole training step over the size that varies, and the line through it (dashed).

    Args:
        part: `scaling` of the table.
        ax: axes to draw on.
        name: "T" or "B"; "N" shows the scan alone.
    """
    line, ax, c = part[name], plots._axes(ax, figsize=(7.4, 3.4)), plots._active
    sizes = np.asarray(line["sizes"], float)
    ends = np.array([0.0, sizes[-1]])
    fitted = 1e3 * (line["intercept"] + line["slope"] * ends)
    ax.plot(ends, fitted, color=c["threshold"], label=f"line, R² = {line['r2']:.3f}", **DASHED)
    ax.plot(sizes, 1e3 * np.asarray(line["seconds"]), "o", ms=7, color=c["spike"], label="measured")
    what = {"T": "tokens per text T", "B": "texts B", "N": "neurons N"}[name]
    whole = "scan" if name == "N" else "training step"
    ax.set(xlabel=what, ylabel=f"{whole} (ms)", xlim=(0, None), ylim=(0, None))
    ax.margins(0.06)
    ax.grid(axis="y")
    ax.legend(loc="upper left")
    return ax


def _panels(table: Mapping) -> list:
    """What there is to draw: (title, rows of height, drawing function)."""
    panels = []
    for version, part in table.get("train", {}).items():
        title, height = f"{version.upper()} learns", 1 + len(part["rows"]) / 3.0
        panels.append((title, height, lambda ax, part=part: plot_training(part, ax)))
    if "generate" in table:
        panels.append(("V4 writes", 3.0, lambda ax: plot_token_cost(table["generate"], ax)))
    if "scaling" in table:
        panels.append(("Growth with T", 2.6, lambda ax: plot_growth(table["scaling"], ax)))
    return panels


def bench_figure(table: Mapping) -> Figure:
    """Return all that is measured as one figure, light, without changing the style in force."""
    theme = next(name for name, colors in plots.THEMES.items() if colors is plots._active)
    with mpl.rc_context():
        plots.use_style("light")
        try:
            panels = _panels(table)
            heights = [height for _, height, _ in panels]
            figure = Figure(figsize=(8, 0.9 * sum(heights)), layout="constrained")
            axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
            for ax, (title, _, draw) in zip(axes, panels, strict=True):
                draw(ax).set_title(title)
        finally:
            plots._active = plots.THEMES[theme]
    return figure
