"""Figures of training runs and populations: losses, curricula, ablations, rates, thresholds.

Like all figures: `(data, ax=None) -> ax`, nothing trained or shown, in the colors of `use_style`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from ..runtime.errors import RealSamError
from .arrays import as_array
from .style import ABOVE, DASHED, DASHES, MARKS, axes, colors

MILLION = mpl.ticker.FuncFormatter(lambda n, _: f"{n / 1e6:g} M")


def plot_loss(histories: Mapping[str, Sequence], ax: Axes | None = None, floors=None) -> Axes:
    """Loss in nats per token: a line per {label: [(step, loss), ...]}, dashed {name: floor}."""
    ax, c = axes(ax, figsize=(7.4, 3.6)), colors()
    for i, (label, history) in enumerate(histories.items()):
        step, loss = np.asarray(history, dtype=float).T
        ax.plot(step, loss, color=c[f"layer{i % 6 + 1}"], ls=DASHES[i % 6], label=label)
        ax.plot(step[-1], loss[-1], "o", ms=6, color=c[f"layer{i % 6 + 1}"])
    for name, nats in dict(floors or {}).items():
        ax.axhline(nats, color=c["threshold"], **DASHED)
        at = {"x": 0.995, "y": nats, "transform": ax.get_yaxis_transform()}
        ax.text(**at, s=f"{name}: {nats:.2f}", ha="right", va="bottom", color=c["muted"])
    ax.set(xlabel="training step", ylabel="loss (nats per token)")
    ax.grid(axis="y")
    if len(histories) > 1:
        ax.legend(**ABOVE, ncols=3, handlelength=2.8)
    return ax


def _curve(log: Sequence[Mapping], which: str) -> list[tuple[float, float]]:
    """(tokens, value) wherever the log has the value."""
    points = [(e["tokens"], e[which]) for e in log if e.get(which) is not None]
    if not points:
        raise RealSamError(f"No entry of the log has '{which}'; give the lines of a run log.")
    return points


def _broken(log: Sequence[Mapping], which: str) -> list[tuple[float, float]]:
    """The curve, interrupted where a phase ends: the next is measured on another text."""
    ends = {stop for _, _, stop in _bands(log)[:-1]}
    points = _curve(log, which)
    return sorted([*points, *((stop + 0.5, np.nan) for stop in ends)], key=lambda point: point[0])


def _bands(log: Sequence[Mapping]) -> list[tuple[str, float, float]]:
    """(phase, tokens at which it starts, tokens at which it ends), in the order of the log."""
    bands, start = [], 0
    for name, entries in groupby(log, key=lambda entry: entry.get("phase") or ""):
        end = list(entries)[-1]["tokens"]
        bands.append((name, start, end))
        start = end
    return bands


def _tokens_axis(ax: Axes, end: float) -> None:
    ax.set(xlabel="tokens read", xlim=(0, end))
    ax.xaxis.set_major_formatter(MILLION)


def plot_curriculum(
    logs: Mapping[str, Sequence[Mapping]], phases=None, ax: Axes | None = None, which: str = "val"
) -> Axes:
    """Loss over tokens of several runs, the phases of the first that has them as labelled bands.

    Each phase is measured on text of its own kind ("mixed" on stories), so no line joins phases.

    Args:
        logs: {label: entries of a run log}.
        phases: the phase table of that run's card; adds each phase's length to its label.
        ax: axes to draw on.
        which: "val" or "loss", in nats per token.
    """
    curves = {label: _broken(log, which) for label, log in logs.items()}
    ax = plot_loss(curves, axes(ax, figsize=(7.4, 4)))
    end = max(points[-1][0] for points in curves.values())
    staged = next((log for log in logs.values() if len(_bands(log)) > 1), None)
    lengths = {row["phase"]: row["seq_len"] for row in phases or []}
    for i, (name, start, stop) in enumerate(_bands(staged) if staged else []):
        _draw_band(ax, i, name, (start, stop), end, lengths.get(name))
    _tokens_axis(ax, end)
    ax.set_ylabel(f"{'validation' if which == 'val' else 'training'} loss (nats per token)")
    if ax.get_legend():
        ax.legend(loc="upper right", handlelength=2.8, facecolor=colors()["paper"])
    return ax


def _draw_band(ax: Axes, i: int, name: str, span, end: float, length: int | None) -> None:
    c, (start, stop) = colors(), span
    ax.axvspan(start, stop, color=c["panel"] if i % 2 == 0 else c["paper"], lw=0, zorder=-2)
    if i:
        ax.axvline(start, color=c["muted"], lw=0.8, ls=(0, (2, 3)), zorder=-1)
    middle, wide = (start + stop) / 2, (stop - start) / end > 0.13
    words = f"{i + 1} {name}" + (f"\n{length} tokens" if length and wide else "")
    place = {"ha": "center", "va": "bottom", "transform": ax.get_xaxis_transform(), "size": 10}
    ax.text(middle, 1.015, words if wide else str(i + 1), color=c["ink"], **place)


def describe_curriculum(logs: Mapping[str, Sequence[Mapping]], which: str = "val") -> str:
    """Alternative text of `plot_curriculum`, made from its numbers."""
    said = []
    for label, log in logs.items():
        points, ends = _curve(log, which), []
        for name, start, stop in _bands(log):
            inside = [nats for tokens, nats in points if start < tokens <= stop]
            ends += [f"{name} {inside[-1]:.2f}"] if inside else []
        if len(ends) > 1:
            said.append(f"{label}, at the end of each phase, on its own text: {', '.join(ends)}.")
        else:
            (first, high), (last, low) = points[0], points[-1]
            said.append(
                f"{label}: {high:.2f} at {first / 1e6:.2f} M, {low:.2f} at {last / 1e6:.2f} M."
            )
    return " ".join(["Loss in nats per token over tokens.", *said])


def plot_ablation(table: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Every seed as a point, each row's mean as a bar; the first row is the reference (dashed).

    Args:
        table: {label: nats per token of each seed}.
        ax: axes to draw on.
    """
    rows = {label: np.asarray(list(nats), float) for label, nats in table.items()}
    if not rows or any(nats.size == 0 for nats in rows.values()):
        raise RealSamError("The ablation table has a row without a seed; run it, or leave it out.")
    ax, c = axes(ax, figsize=(7.4, 0.7 + 0.52 * len(rows))), colors()
    reference = next(iter(rows.values())).mean()
    ax.axvline(reference, color=c["threshold"], **DASHED)
    for y, nats in enumerate(rows.values()):
        ink = c["membrane"] if y == 0 else c["spike"]
        ax.vlines(nats.mean(), y - 0.27, y + 0.27, color=ink, lw=3)
        shift = np.linspace(-0.14, 0.14, nats.size) if nats.size > 1 else np.zeros(1)
        for k, x in enumerate(nats):
            ax.plot(x, y + shift[k], MARKS[k % 6], ms=7, color=ink, mec=c["paper"], clip_on=False)
        sd = f" ± {nats.std(ddof=1):.3f}" if nats.size > 1 else ""
        change = "" if y == 0 else f"  ({nats.mean() - reference:+.3f})".replace("-", "−")
        at = {"x": 1.01, "y": y, "transform": ax.get_yaxis_transform(), "va": "center"}
        ax.text(s=f"{nats.mean():.3f}{sd}{change}", color=c["ink"], size=10.5, **at)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(
        ylim=(len(rows) - 0.5, -0.5), xlabel="nats per token, one mark per seed (less is better)"
    )
    ax.margins(x=0.06)
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def describe_ablation(table: Mapping[str, Sequence[float]]) -> str:
    """Alternative text of `plot_ablation`, made from its numbers."""
    rows = {label: np.asarray(list(nats), float) for label, nats in table.items()}
    first, reference = next((label, nats.mean()) for label, nats in rows.items())
    said = [
        f"{label}: mean {nats.mean():.3f}, seeds {', '.join(f'{x:.3f}' for x in nats)}"
        + ("." if label == first else f", {nats.mean() - reference:+.3f} against {first}.")
        for label, nats in rows.items()
    ]
    return " ".join(["Nats per token, lower is better.", *said])


def plot_thresholds(log: Sequence[Mapping], ax: Axes | None = None, layers=None) -> Axes:
    """Thresholds over tokens: each layer's median, with its 5 and 95 % quantiles as thin lines.

    One or two layers have the range between them shaded instead.

    Args:
        log: entries of a run log with "thr": [[q05, q50, q95] per layer].
        ax: axes to draw on.
        layers: which layers, counted from 0; all if None.
    """
    known = [entry for entry in log if entry.get("thr")]
    if not known:
        raise RealSamError("No entry of the log has 'thr'; only V3 records its thresholds.")
    tokens = np.array([entry["tokens"] for entry in known])
    thr = np.array([entry["thr"] for entry in known], float)  # (n, L, 3)
    ax, c = axes(ax, figsize=(7.4, 3.6)), colors()
    chosen = list(range(thr.shape[1]) if layers is None else layers)
    for i in chosen:
        low, middle, high = thr[:, i].T
        ink = c[f"layer{i % 6 + 1}"]
        if len(chosen) < 3:  # more areas on top of each other would be mud
            ax.fill_between(tokens, low, high, color=ink, alpha=0.16, lw=0)
        else:
            ax.plot(tokens, np.stack([low, high], 1), color=ink, ls=DASHES[i % 6], lw=0.9)
        ax.plot(tokens, middle, color=ink, ls=DASHES[i % 6], label=f"layer {i + 1}")
    _tokens_axis(ax, tokens[-1])
    ax.set_ylabel("threshold $θ_i$ (median, 5–95 %)")
    ax.grid(axis="y")
    ax.legend(**ABOVE, ncols=6, columnspacing=1.1, handlelength=1.7, handletextpad=0.5)
    return ax


def plot_rates(rates, ax: Axes | None = None, target: float = 0.1, band=(0.08, 0.12)) -> Axes:
    """How often each neuron fires: a histogram per layer, target dashed, allowed band shaded."""
    ax, c = axes(ax), colors()
    groups = rates if isinstance(rates, Mapping) else dict(_named_layers(rates))
    high = max(float(as_array(r).max()) for r in groups.values())
    bins = np.linspace(0, max(high * 1.02, target * 2.5), 41)
    allowed = f"band {band[0]:.0%} to {band[1]:.0%}"
    ax.axvspan(*band, color=c["target"], alpha=0.16, lw=0, label=allowed)
    ax.axvline(target, color=c["threshold"], **DASHED, label=f"target {target:.0%}")
    for i, (name, rate) in enumerate(groups.items()):
        rate, ink = as_array(rate).ravel(), c[f"layer{i % 6 + 1}"]
        label = f"{name}: mean {rate.mean():.1%}, {(rate == 0).sum()} silent"
        ax.hist(rate, bins, histtype="step", lw=2, color=ink, ls=DASHES[i % 6], label=label)
        ax.hist(rate, bins, color=ink, alpha=0.12)
    ax.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    ax.set(xlabel="share of time steps at which a neuron fires", ylabel="neurons")
    ax.set_xlim(0, bins[-1])
    ax.legend(loc="upper right")
    return ax


def _named_layers(rates):
    many = isinstance(rates, list | tuple) and np.ndim(as_array(rates[0])) == 1
    named = [(f"layer {i + 1}", rate) for i, rate in enumerate(rates)]
    return named if many else [("all neurons", rates)]


def plot_rate_histogram(
    rates, ax: Axes | None = None, band=(0.01, 0.30), target: float = 0.1
) -> Axes:
    """How often each neuron (N,) fires, and the share of neurons whose rate lies in `band`."""
    flat = as_array(rates).ravel()
    ax, c = plot_rates(flat, ax, target, band), colors()
    inside = ((flat >= band[0]) & (flat <= band[1])).mean()
    ax.set_xlim(0, max(ax.get_xlim()[1], 1.15 * band[1]))
    words = f"{inside:.1%} of the {flat.size} neurons fire\nbetween {band[0]:.0%} and {band[1]:.0%}"
    place = {"ha": "right", "va": "top", "transform": ax.transAxes}
    ax.text(0.985, 0.6, words, color=c["ink"], weight="bold", **place)
    return ax


def plot_floor(
    losses: Mapping[str, Sequence], floor: float, ax: Axes | None = None, name: str = "floor"
) -> Axes:
    """Loss over tokens, {label: [(tokens, nats), ...]}, above what no model can beat (hatched)."""
    ax, c = axes(ax, figsize=(7.4, 3.6)), colors()
    gap = {label: f"{history[-1][1] - floor:+.2f}" for label, history in losses.items()}
    named = {f"{k}: {gap[k].replace('-', '−')}": history for k, history in losses.items()}
    plot_loss(named, ax, {name: floor})
    lowest = min(min(nats for _, nats in history) for history in losses.values())
    low, high = min(floor, lowest), ax.get_ylim()[1]
    room = high - low
    ax.set_ylim(low - 0.14 * room, high)
    ax.texts[-1].set(y=floor - 0.02 * room, va="top", bbox={"fc": c["paper"], "ec": "none"})
    hatch = {"facecolor": "none", "edgecolor": c["grid"], "hatch": "///", "lw": 0}
    ax.axhspan(ax.get_ylim()[0], floor, **hatch)
    end = max(history[-1][0] for history in losses.values())
    _tokens_axis(ax, end)
    ax.legend(loc="upper right", title="last value, above the floor", handlelength=2.8)
    return ax


def plot_diversity(diversity, stress=(0, 0.25, 0.5, 1), ax: Axes | None = None) -> Axes:
    """Gain 1 + stress·diversity of every neuron (N,), sorted, for several values of stress.

    Dotted: the uniform population at the same stress, where every diversity is 1.
    """
    d = np.sort(as_array(diversity).ravel())
    ax, c = axes(ax), colors()
    share = (np.arange(d.size) + 0.5) / d.size
    for i, s in enumerate(np.atleast_1d(stress)):
        ink = c[f"layer{i % 6 + 1}"]
        ax.plot(share, 1 + s * d, color=ink, ls=DASHES[i % 6], label=f"stress {s:g}")
        ax.axhline(1 + s, color=ink, ls=":", lw=1.1)
    ax.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    ax.set(xlabel="neurons, from the least to the most diverse", ylabel="gain $g_i$", xlim=(0, 1))
    legend = ax.legend(loc="upper left", handlelength=2.8, title="dotted: uniform population")
    legend.set_alignment("left")
    return ax
