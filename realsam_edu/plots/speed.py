"""Figures of speed: who computes what and when, how long it takes, and all that a bench measured.

Like all figures: `(data, ax=None) -> ax`, nothing measured or shown, in the colors of `use_style`.
Those of `realsam bench` are made from its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .style import DASHED, DASHES, MARKS, axes, colors, themed

STEPS, OPERATIONS, PROGRAMS = 3, 5, 3  # drawn in `plot_launches`
OWN = "Sam"  # labels of Sam's own paths begin with it


def plot_order(order, ax: Axes | None = None) -> Axes:
    """Turn at which each layer reads each token: numbers (L, T), first is 1, later is darker."""
    order = np.asarray(order)
    ax, c = axes(ax, figsize=(4.2, 2.4)), colors()
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
    ax, c = axes(ax, figsize=(7.4, 2.9)), colors()
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
    ax, c = axes(ax, figsize=(7.4, 0.8 + 0.42 * len(times))), colors()
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


def plot_launches(kernel: bool, ax: Axes | None = None) -> Axes:
    """Who works when on a GPU, a sketch and not to scale: a kernel per operation, or one for all.

    Args:
        kernel: the loop over time runs inside one kernel; else Python starts each operation.
        ax: axes to draw on.
    """
    ax, c = axes(ax, figsize=(7.4, 1.9)), colors()
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


def plot_training_speed(part: Mapping, ax: Axes | None = None) -> Axes:
    """Tokens per second of every rival as a bar, the slowest and fastest round as a line on it.

    Args:
        part: `train.v4` or `train.v1` of the table.
        ax: axes to draw on.
    """
    rows, tokens = list(part["rows"].values()), part["batch_size"] * part["seq_len"]
    ax, c = axes(ax, figsize=(7.4, 0.8 + 0.34 * len(rows))), colors()
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
    ax, c = axes(ax, figsize=(7.4, 3.4)), colors()
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
    line, ax, c = part[name], axes(ax, figsize=(7.4, 3.4)), colors()
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
        panels.append((title, height, lambda ax, part=part: plot_training_speed(part, ax)))
    if "generate" in table:
        panels.append(("V4 writes", 3.0, lambda ax: plot_token_cost(table["generate"], ax)))
    if "scaling" in table:
        panels.append(("Growth with T", 2.6, lambda ax: plot_growth(table["scaling"], ax)))
    return panels


def bench_figure(table: Mapping) -> Figure:
    """Return all that is measured as one figure, light, without changing the style in force."""
    with themed("light"):
        panels = _panels(table)
        heights = [height for _, height, _ in panels]
        figure = Figure(figsize=(8, 0.9 * sum(heights)), layout="constrained")
        rows = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for ax, (title, _, draw) in zip(rows, panels, strict=True):
            draw(ax).set_title(title)
    return figure
