"""Figures of notebook 04: who computes what and when, and how long it takes.

Like `plots`: `(data, ax=None) -> ax`, nothing measured, changed or shown, colors of `use_style`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from . import neurons as plots
from .neurons import DASHED

__all__ = ["plot_ladder", "plot_launches", "plot_order", "plot_throughput"]


def plot_order(order, ax: Axes | None = None) -> Axes:
    """Turn at which each layer reads each token: numbers (L, T), first is 1, later is darker."""
    order = np.asarray(order)
    ax, c = plots._axes(ax, figsize=(4.2, 2.4)), plots._active
    shades = mpl.colors.LinearSegmentedColormap.from_list("turns", [c["panel"], c["layer6"]])
    ax.imshow(order, cmap=shades, aspect="auto", origin="lower")
    layers, steps = order.shape
    for layer in range(layers):
        for t in range(steps):
            at = {"ha": "center", "va": "center", "color": c["ink"], "size": 10}
            ax.text(t, layer, str(order[layer, t]), **at)
    ax.set_xticks(np.arange(steps - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(layers - 1) + 0.5, minor=True)
    ax.grid(which="minor", color=c["paper"], lw=2)
    ax.tick_params(which="both", length=0)
    ax.set_xticks(range(steps))
    ax.set_yticks(range(layers), [str(layer + 1) for layer in range(layers)])
    ax.set(xlabel="token", ylabel="block")
    return ax


def plot_throughput(speeds: Mapping[int, float], peak: float, ax: Axes | None = None) -> Axes:
    """Speed of a product over its number of rows, and the machine's best (dashed).

    Args:
        speeds: operations per second by number of rows.
        peak: operations per second of a large product.
        ax: axes to draw on.
    """
    ax, c = plots._axes(ax, figsize=(7.4, 2.9)), plots._active
    rows, speed = list(speeds), [value / 1e9 for value in speeds.values()]
    ax.plot(rows, speed, "o-", ms=6, color=c["membrane"])
    ax.axhline(peak / 1e9, color=c["threshold"], **DASHED)
    at = {"x": 0.01, "y": peak / 1e9, "transform": ax.get_yaxis_transform()}
    ax.text(**at, s="a large square product", va="bottom", color=c["muted"])
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(mpl.ticker.FixedLocator(rows))
    ax.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    ax.set(xlabel="rows multiplied at once", ylabel="GFLOP/s", ylim=(0, None))
    ax.margins(x=0.04, y=0.16)
    ax.grid(axis="y")
    return ax


def plot_ladder(times: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Milliseconds of a step per way of computing it: median as a bar, the rounds as strokes.

    Args:
        times: seconds of every round, per way; the first way is what the others are held to.
            Rounds that lie beyond 1.3 times the longest bar, interrupted ones, are not drawn.
        ax: axes to draw on.
    """
    ax, c = plots._axes(ax, figsize=(7.4, 0.8 + 0.42 * len(times))), plots._active
    first = median(next(iter(times.values())))
    room = 1.3 * max(map(median, times.values()))
    for y, seconds in enumerate(times.values()):
        middle, seconds = median(seconds), [s for s in seconds if s <= room]
        ax.barh(y, 1e3 * middle, height=0.62, color=c["layer6"], lw=0)
        ax.plot([1e3 * s for s in seconds], [y] * len(seconds), "|", ms=10, color=c["ink"])
        said = _milliseconds(middle) + (f", {first / middle:.1f}×" if y else "")
        at = (1e3 * max(seconds), y)
        ax.annotate(said, at, (7, 0), textcoords="offset points", va="center", color=c["ink"])
    ax.set_yticks(range(len(times)), list(times))
    ax.set(ylim=(len(times) - 0.4, -0.6), xlim=(0, 1.2e3 * room))
    ax.set_xlabel("milliseconds (less is better)")
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:,.0f} ms" if seconds >= 0.01 else f"{1e3 * seconds:.2g} ms"


STEPS, OPERATIONS, PROGRAMS = 3, 5, 3  # drawn in `plot_launches`


def plot_launches(kernel: bool, ax: Axes | None = None) -> Axes:
    """Who works when on a GPU, a sketch and not to scale: a kernel per operation, or one for all.

    Args:
        kernel: the loop over time runs inside one kernel; else Python starts each operation.
        ax: axes to draw on.
    """
    ax, c = plots._axes(ax, figsize=(7.4, 1.9)), plots._active
    lanes = ["Python", *(f"texts {16 * i + 1} to {16 * i + 16}" for i in range(PROGRAMS))]
    texts = range(1, len(lanes))
    if kernel:
        _box(ax, 0, 0, 0.9, c["stress"])
        for lane in texts:
            _box(ax, lane, 1.0, 1.1 * STEPS, c["membrane"])
            for step in range(STEPS):
                look = {"ha": "center", "va": "center", "color": c["paper"], "size": 10}
                ax.text(1.55 + 1.1 * step, lane, f"t={step}", **look)
    else:
        for i in range(STEPS * OPERATIONS):
            _box(ax, 0, i, 0.9, c["stress"])
            for lane in texts:
                _box(ax, lane, i + 1.0, 0.22, c["membrane"])
        for step in range(STEPS + 1):
            ax.axvline(step * OPERATIONS + 0.95, color=c["grid"], zorder=0)
            if step < STEPS:
                at = (step + 0.5) * OPERATIONS + 0.95
                ax.text(at, -0.75, f"t={step}", ha="center", color=c["ink"], size=10)
    ax.set_yticks(range(len(lanes)), lanes)
    ax.set(xlim=(-0.2, STEPS * OPERATIONS + 1.6), ylim=(len(lanes) - 0.4, -0.9), xticks=[])
    ax.set_xlabel("time (sketch, not to scale)")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _box(ax: Axes, lane: int, start: float, width: float, color: str) -> None:
    ax.add_patch(Rectangle((start, lane - 0.32), width, 0.64, fc=color, lw=0))
