"""Figures of what goes on in Sam: who answers to what, what surgery costs, how long he remembers.

Like all figures: `(data, ax=None) -> ax`, nothing measured or shown, in the colors of `use_style`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from ..runtime.errors import RealSamError
from .arrays import as_array
from .style import ABOVE, DASHED, DASHES, MARKS, axes, colors

BEST = 12  # neurons that a row of `plot_selectivity` shows


def plot_selectivity(z, chance, names: Sequence[str], ax: Axes | None = None, held=None) -> Axes:
    """The best neurons of each class against what chance reached: a row per class.

    Args:
        z: (K, M) standard errors between a neuron's rates inside and outside of a class.
        chance: (S, K) best |z| of any neuron under labels that mean nothing.
        names: of the K classes.
        ax: axes to draw on.
        held: (K, M) bool, who showed it again on another text: filled marks, the others hollow.
    """
    z, chance, c = np.abs(as_array(z)), as_array(chance), colors()
    held = np.ones_like(z, bool) if held is None else as_array(held)
    ax = axes(ax, figsize=(7.4, 1.0 + 0.36 * len(names)))
    for y, row in enumerate(z):
        limit, best = chance[:, y].max(), np.argsort(-row)[:BEST]
        ax.plot(chance[:, y], np.full(len(chance), y), "|", ms=9, color=c["muted"], alpha=0.5)
        ax.vlines(limit, y - 0.38, y + 0.38, color=c["threshold"], lw=2)
        for filled in (True, False):
            show = best[held[y, best] == filled]
            face = c["spike"] if filled else "none"
            ax.plot(row[show], np.full(len(show), y), "o", ms=6.5, mfc=face, mec=c["spike"])
        at = {"x": 1.01, "y": y, "transform": ax.get_yaxis_transform(), "va": "center"}
        ax.text(s=f"{int((held[y] & (row > limit)).sum()):,}", color=c["ink"], size=10.5, **at)
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", ylim=(len(names) - 0.4, -0.6), xlabel="|z| (standard errors)")
    ax.set_xticks(ticks := [3, 5, 10, 20, 50, 100], [str(tick) for tick in ticks])
    ax.set_xlim(min(2.5, 0.9 * chance.min()), 1.15 * max(100, z.max()))
    ax.minorticks_off()
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    return ax


def describe_selectivity(z, chance, names: Sequence[str]) -> str:
    """Alternative text of `plot_selectivity`, made from its numbers."""
    z, limit = np.abs(as_array(z)), as_array(chance).max(0)
    rows = [
        f"{name}: best |z| {row.max():.1f}, chance up to {top:.1f}, {(row > top).sum()} beyond."
        for name, row, top in zip(names, z, limit, strict=True)
    ]
    return " ".join(["Standard errors of the best neurons, class by class.", *rows])


def plot_answers(pieces: Sequence[str], spk, names: Sequence[str], ax: Axes | None = None) -> Axes:
    """A text, token by token, above the spikes of some neurons: a column per token.

    Args:
        pieces: T tokens as text; a space at their beginning is shown as "·", a line break as "↵".
        spk: (T, R) spikes of the neurons shown.
        names: of the R rows.
        ax: axes to draw on.
    """
    spk, c = as_array(spk) > 0, colors()
    ax = axes(ax, figsize=(max(7.4, 0.19 * len(pieces)), 1.1 + 0.42 * len(names)))
    for y in range(spk.shape[1]):
        fired = np.flatnonzero(spk[:, y])
        ink = c[f"layer{y % 6 + 1}"]
        ax.vlines(fired, y - 0.36, y + 0.36, color=ink, lw=min(6.0, 300 / len(pieces)))
        ax.axhline(y + 0.5, color=c["grid"], lw=0.8)
    shown = [piece.replace(" ", "·", 1).replace("\n", "↵") for piece in pieces]
    ax.set_xticks(range(len(pieces)), shown, rotation=90, size=9.5)
    ax.set_yticks(range(len(names)), names)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set(xlim=(-0.8, len(pieces) - 0.2), ylim=(len(names) - 0.5, -0.5))
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def plot_costs(costs: Mapping[str, Mapping], ax: Axes | None = None, level: float = 0.1) -> Axes:
    """What an operation costs against how many neurons it touches; every draw as a mark.

    Args:
        costs: {label: {share of the neurons: nats per token of each draw}}.
        ax: axes to draw on.
        level: a cost to mark with a dashed line, in nats per token.
    """
    ax, c = axes(ax, figsize=(7.4, 3.6)), colors()
    ax.axhline(level, color=c["threshold"], **DASHED)
    ax.text(0.005, level, f"{level:g} nats", transform=ax.get_yaxis_transform(), va="bottom")
    for i, (label, row) in enumerate(costs.items()):
        if not row:
            raise RealSamError(f"'{label}' has no measurement; leave it out.")
        ink, share = c[f"layer{i % 6 + 1}"], np.array(list(row))
        ax.plot(share, [np.mean(nats) for nats in row.values()], color=ink, ls=DASHES[i % 6])
        for x, nats in row.items():
            ax.plot([x] * len(nats), nats, MARKS[i % 6], ms=6, color=ink, mec=c["paper"])
        ax.plot([], [], MARKS[i % 6], ls=DASHES[i % 6], color=ink, label=label)
    ax.set(xscale="log", xlabel="share of all neurons", ylabel="loss added (nats per token)")
    ax.set_yscale("symlog", linthresh=level, linscale=1.5)
    every = sorted({share for row in costs.values() for share in row})
    ax.set_xticks(every, [f"1/{round(1 / share)}" for share in every])
    ax.minorticks_off()
    ax.grid(axis="y")
    ax.legend(**ABOVE, ncols=2, handlelength=3)
    return ax


def plot_ripples(
    curves: Mapping[str, np.ndarray], ax: Axes | None = None, floor: float = 1e-4
) -> Axes:
    """How far twins are apart, token by token: the mean, and the middle 80 % as a band.

    Args:
        curves: {label: (F, T)}, a row for each pair of twins.
        ax: axes to draw on.
        floor: below it the axis is linear and ends at 0.
    """
    ax, c = axes(ax, figsize=(7.4, 3.4)), colors()
    for i, (label, rows) in enumerate(curves.items()):
        rows, ink = as_array(rows), c[f"layer{i % 6 + 1}"]
        time = np.arange(rows.shape[1])
        low, high = np.quantile(rows, [0.1, 0.9], axis=0)
        ax.fill_between(time, low, high, color=ink, alpha=0.14, lw=0)
        ax.plot(time, rows.mean(0), color=ink, ls=DASHES[i % 6], label=label)
    ax.set_yscale("symlog", linthresh=floor)
    ax.set(xlabel="tokens since", ylim=(0, None))
    ax.grid(axis="y")
    ax.legend(**ABOVE, ncols=2, handlelength=3)
    return ax


def plot_position(curves: Mapping[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Loss by how much has been read, in doublings: means and two standard errors over windows.

    Args:
        curves: {label: (W, T)} nats of each prediction of each window.
        ax: axes to draw on.
    """
    ax, c = axes(ax, figsize=(7.4, 3.4)), colors()
    steps = max(np.shape(as_array(nats))[1] for nats in curves.values())
    ends = [1, *(2 ** np.arange(1, 1 + int(np.ceil(np.log2(max(2, steps))))))]
    spans = list(zip([0, *ends], ends, strict=False))  # from one to the next
    for i, (label, nats) in enumerate(curves.items()):
        nats, ink = as_array(nats), c[f"layer{i % 6 + 1}"]
        rows = [nats[:, a:b].mean(1) for a, b in spans if a < nats.shape[1]]  # (W,) each
        mean = np.array([row.mean() for row in rows])
        error = [2 * row.std(ddof=1) / np.sqrt(len(row)) if len(row) > 1 else 0 for row in rows]
        at = np.arange(len(rows)) + 0.06 * (i - 0.5 * (len(curves) - 1))
        ax.errorbar(at, mean, error, color=ink, ls=DASHES[i % 6], marker=MARKS[i % 6], label=label)
    names = [f"{a + 1}" if b - a == 1 else f"{a + 1}–{min(b, steps)}" for a, b in spans]
    ax.set_xticks(range(len(spans)), names)
    ax.set(xlabel="tokens read since the window began", ylabel="nats per token")
    ax.grid(axis="y")
    ax.legend(**ABOVE, ncols=2, handlelength=3)
    return ax


def plot_lesions(rows: Mapping[str, tuple], ax: Axes | None = None) -> Axes:
    """What it costs to silence a class's own neurons: in the class, elsewhere, and at random.

    Args:
        rows: {class: (nats in the class, nats elsewhere, [nats in the class of random groups])}.
        ax: axes to draw on.
    """
    ax, c = axes(ax, figsize=(7.4, 1.2 + 0.4 * len(rows))), colors()
    for y, (inside, outside, random) in enumerate(rows.values()):
        ax.hlines(y, min(0, outside), max(inside, 0), color=c["grid"], lw=2)
        ax.plot(random, [y] * len(random), "|", ms=12, color=c["muted"])
        ax.plot(outside, y, "s", ms=7, mfc="none", mec=c["membrane"])
        ax.plot(inside, y, "o", ms=9, color=c["spike"], mec=c["paper"])
    ax.plot([], [], "o", ms=9, color=c["spike"], label="in the class")
    ax.plot([], [], "s", ms=7, mfc="none", mec=c["membrane"], label="elsewhere")
    ax.plot([], [], "|", ms=12, color=c["muted"], label="in the class, neurons drawn at random")
    ax.axvline(0, color=c["threshold"], lw=0.9)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel="loss added (nats per token)")
    ax.margins(x=0.06)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.legend(**ABOVE, ncols=3, columnspacing=1.4)
    return ax
