"""Figures of neurons at work: a membrane, a raster, the surrogate gradient.

Like all figures: `(data, ax=None) -> ax`, nothing changed or shown, in the colors of `use_style`.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from .arrays import as_array
from .style import ABOVE, DASHED, DASHES, axes, colors

MAX_MARKS = 60_000  # more spikes than this are drawn as an image


def plot_membrane(mem, spk, thr, ax: Axes | None = None, cur=None) -> Axes:
    """Membrane of one neuron, dashed threshold, a mark for every spike; `cur` adds the input."""
    ax, c = axes(ax), colors()
    mem, spk = as_array(mem).ravel(), as_array(spk).ravel() > 0
    t, thr = np.arange(mem.size), float(np.ravel(as_array(thr))[0])
    fired = np.flatnonzero(spk)
    if cur is not None:
        cur = np.broadcast_to(as_array(cur).ravel(), mem.shape)
        ax.fill_between(t, 0, cur, step="mid", color=c["current"], alpha=0.22, lw=0)
        ax.step(t, cur, where="mid", color=c["current"], lw=1.2, label="input current $I$")
    ax.plot(t, mem, color=c["membrane"], label="membrane $U$")
    ax.axhline(thr, color=c["threshold"], **DASHED, label=f"threshold $θ$ = {thr:g}")
    top = max(float(mem.max(initial=thr)), thr)
    room = top - min(float(mem.min(initial=0.0)), 0.0)
    ax.vlines(fired, top + 0.07 * room, top + 0.18 * room, color=c["spike"], lw=2.2)
    marks = {"color": c["spike"], "mec": c["paper"], "ms": 7.5, "label": "spike $S$ = 1"}
    ax.plot(fired, mem[fired], "o", **marks)
    ax.set(xlabel="time step $t$", ylabel="membrane", xlim=(-0.6, mem.size - 0.4))
    ax.set_ylim(top=top + 0.24 * room)
    ax.legend(**ABOVE, ncols=4, columnspacing=1.4)
    return ax


def plot_raster(spk, ax: Axes | None = None, color: str | None = None) -> Axes:
    """Spikes (T, N), or (L, T, N) with the layers stacked: time to the right, a row per neuron."""
    spk = as_array(spk) > 0
    layers = spk[None] if spk.ndim == 2 else spk
    ax, c = axes(ax, figsize=(7.4, 3.2 if layers.shape[0] == 1 else 4.6)), colors()
    steps, neurons = layers.shape[1:]
    if layers.sum() > MAX_MARKS:
        _raster_image(ax, layers, color)
    for i, layer in enumerate(layers):
        ink, base = color or c[f"layer{i % 6 + 1}"], i * neurons
        if layers.sum() <= MAX_MARKS:
            t, n = np.nonzero(layer)
            half = 0.5 if neurons < 40 else 0.9  # in a tall raster marks overlap, or they vanish
            ax.vlines(t, base + n - half, base + n + half, color=ink, lw=min(2.4, 340 / steps))
        if layers.shape[0] > 1:
            ax.axhline(base - 0.5, color=c["muted"], lw=0.8)
            place = {"va": "center", "rotation": 270, "transform": ax.get_yaxis_transform()}
            ax.text(1.01, base + neurons / 2, f"layer {i + 1}", color=c["ink"], **place)
    ax.set(xlabel="time step $t$", ylabel="neuron", xlim=(-0.7, steps - 0.3))
    ax.set_ylim(layers.shape[0] * neurons - 0.3, -0.7)
    _neuron_ticks(ax, layers.shape[0], neurons)
    return ax


def _raster_image(ax: Axes, layers: np.ndarray, color: str | None) -> None:
    steps, neurons = layers.shape[1:]
    for i, layer in enumerate(layers):
        rgba = np.zeros((neurons, steps, 4))
        rgba[..., :3] = mpl.colors.to_rgb(color or colors()[f"layer{i % 6 + 1}"])
        rgba[..., 3] = layer.T
        extent = (-0.5, steps - 0.5, (i + 1) * neurons - 0.5, i * neurons - 0.5)
        ax.imshow(rgba, aspect="auto", extent=extent, interpolation="antialiased")


def _neuron_ticks(ax: Axes, layers: int, neurons: int) -> None:
    marks = [0, neurons // 2] if neurons > 8 else range(neurons)
    ticks = [(i * neurons + m, str(m)) for i in range(layers) for m in marks]
    ax.set_yticks([y for y, _ in ticks], [name for _, name in ticks])


def describe_raster(spk) -> str:
    """Alternative text for a raster (T, N) or (L, T, N), made from its numbers."""
    spk = as_array(spk) > 0
    if spk.ndim == 3:
        spk = np.concatenate(list(spk), axis=1)  # (T, L*N)
    steps, neurons = spk.shape
    if not spk.any():
        return f"Raster of {neurons} neurons over {steps} time steps: no neuron fires."
    rate, count = spk.mean(0), spk.sum(1)
    silent, busiest = int((rate == 0).sum()), int(rate.argmax())
    return (
        f"Raster of {neurons} neurons over {steps} time steps. On average {spk.mean():.1%} of the "
        f"neurons fire at a step, from {count.min()} (step {count.argmin()}) to {count.max()} "
        f"(step {count.argmax()}). {silent} never fire; the busiest, neuron {busiest}, "
        f"fires in {rate[busiest]:.0%} of the steps."
    )


def plot_surrogate(slopes: Sequence[float] = (2, 5, 25), ax: Axes | None = None) -> Axes:
    """The surrogate 1/(1+k|x|)^2 for several slopes k, and the true gradient: 0, except at x=0."""
    ax, c = axes(ax), colors()
    x = np.linspace(-2, 2, 801)
    inks = [c["surrogate"], c["membrane"], c["current"], c["spike"], c["stress"]]
    for i, k in enumerate(np.atleast_1d(slopes)):
        y = 1 / (1 + k * np.abs(x)) ** 2
        ax.plot(x, y, color=inks[i % 5], ls=DASHES[i % 6], label=f"surrogate, $k$ = {k:g}")
    ink, flat = c["true_gradient"], "true gradient: 0, undefined at 0"
    ax.plot([-2, 2], [0, 0], color=ink, lw=3, label=flat)
    ax.annotate("", (0, 1.16), (0, 0), arrowprops={"arrowstyle": "-|>", "color": ink, "lw": 2})
    ax.set(xlabel="membrane minus threshold, $x = U − θ$", ylabel="gradient of the spike")
    ax.set(ylim=(-0.05, 1.2), xlim=(-2, 2), yticks=(0, 0.5, 1))
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.02), borderaxespad=0, handlelength=2.6)
    return ax
