"""Every figure of the book: `(data, ax=None) -> ax`; nothing trained, changed or shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from .palette import PALETTE, PALETTE_DARK, THEMES

__all__ = [
    "PALETTE",
    "PALETTE_DARK",
    "describe_raster",
    "plot_loss",
    "plot_membrane",
    "plot_raster",
    "plot_rates",
    "plot_surrogate",
    "use_style",
    "version_map",
]

FONTS = ("Source Sans 3", "Inter", "Open Sans", "Noto Sans", "Segoe UI", "Helvetica Neue", "Arial")
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 3)), (0, (9, 2)))
ABOVE = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.1}  # legends
DASHED = {"ls": (0, (5, 3)), "lw": 1.4}
MAX_MARKS = 60_000  # more spikes than this are drawn as an image

VERSIONS = {  # name -> (size and tokens, what it adds)
    "V1": ("≈1 M · characters", "spikes and\nrecurrence"),
    "V2": ("≈3 M · subwords", "depth, residual\nstream, dialogue"),
    "V3": ("≈6 M · subwords", "thresholds that\nregulate firing"),
    "V4": ("≈6 M · subwords", "shared stress,\ndiverse neurons"),
}

_active = PALETTE


def use_style(theme: str = "light") -> dict[str, str]:
    """Set the book's matplotlib style and return its colors by role."""
    global _active
    _active = THEMES[theme]
    mpl.rcParams.update(_rc(_active))
    _retina()
    return _active


def _has_minus(family: str) -> bool:
    """Logarithmic ticks need the minus sign U+2212, which some cuts of a font leave out."""
    return font_manager.get_font(font_manager.findfont(family)).get_char_index(0x2212) != 0


def _rc(c: Mapping[str, str]) -> dict:
    installed = set(font_manager.get_font_names())
    have = [f for f in FONTS if f in installed and _has_minus(f)]
    layers = [c[f"layer{i}"] for i in range(1, 7)]
    return {
        "font.family": [*have[:1], "DejaVu Sans"],
        "font.size": 12,
        "mathtext.fontset": "dejavusans",
        "axes.titlesize": 13,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 12,
        "axes.labelcolor": c["ink"],
        "axes.edgecolor": c["muted"],
        "axes.linewidth": 0.9,
        "axes.facecolor": c["paper"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.prop_cycle": mpl.cycler(color=layers),
        "axes.xmargin": 0.01,
        "text.color": c["ink"],
        "xtick.color": c["muted"],
        "ytick.color": c["muted"],
        "xtick.labelcolor": c["ink"],
        "ytick.labelcolor": c["ink"],
        "xtick.labelsize": 11,
        "ytick.labelsize": 11,
        "grid.color": c["grid"],
        "grid.linewidth": 0.8,
        "lines.linewidth": 2,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.fontsize": 11,
        "figure.figsize": (7.4, 3.2),
        "figure.facecolor": c["paper"],
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "savefig.facecolor": c["paper"],
        "savefig.dpi": 200,
        "image.interpolation": "nearest",
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


def _np(x) -> np.ndarray:
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)


def _axes(ax: Axes | None, **size) -> Axes:
    return ax if ax is not None else plt.subplots(**size)[1]


def plot_membrane(mem, spk, thr, ax: Axes | None = None, cur=None) -> Axes:
    """Membrane of one neuron, dashed threshold, a mark for every spike; `cur` adds the input."""
    ax, c = _axes(ax), _active
    mem, spk = _np(mem).ravel(), _np(spk).ravel() > 0
    t, thr = np.arange(mem.size), float(np.ravel(_np(thr))[0])
    fired = np.flatnonzero(spk)
    if cur is not None:
        cur = np.broadcast_to(_np(cur).ravel(), mem.shape)
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
    spk = _np(spk) > 0
    layers = spk[None] if spk.ndim == 2 else spk
    ax, c = _axes(ax, figsize=(7.4, 3.2 if layers.shape[0] == 1 else 4.6)), _active
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
        rgba[..., :3] = mpl.colors.to_rgb(color or _active[f"layer{i % 6 + 1}"])
        rgba[..., 3] = layer.T
        extent = (-0.5, steps - 0.5, (i + 1) * neurons - 0.5, i * neurons - 0.5)
        ax.imshow(rgba, aspect="auto", extent=extent, interpolation="antialiased")


def _neuron_ticks(ax: Axes, layers: int, neurons: int) -> None:
    marks = [0, neurons // 2] if neurons > 8 else range(neurons)
    ticks = [(i * neurons + m, str(m)) for i in range(layers) for m in marks]
    ax.set_yticks([y for y, _ in ticks], [name for _, name in ticks])


def describe_raster(spk) -> str:
    """Alternative text for a raster (T, N) or (L, T, N), made from its numbers."""
    spk = _np(spk) > 0
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
    ax, c = _axes(ax), _active
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


def plot_loss(histories: Mapping[str, Sequence], ax: Axes | None = None, floors=None) -> Axes:
    """Loss in nats per token: a line per {label: [(step, loss), ...]}, dashed {name: floor}."""
    ax, c = _axes(ax, figsize=(7.4, 3.6)), _active
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


def plot_rates(rates, ax: Axes | None = None, target: float = 0.1, band=(0.08, 0.12)) -> Axes:
    """How often each neuron fires: a histogram per layer, target dashed, allowed band shaded."""
    ax, c = _axes(ax), _active
    groups = rates if isinstance(rates, Mapping) else dict(_named_layers(rates))
    high = max(float(_np(r).max()) for r in groups.values())
    bins = np.linspace(0, max(high * 1.02, target * 2.5), 41)
    allowed = f"band {band[0]:.0%} to {band[1]:.0%}"
    ax.axvspan(*band, color=c["target"], alpha=0.16, lw=0, label=allowed)
    ax.axvline(target, color=c["threshold"], **DASHED, label=f"target {target:.0%}")
    for i, (name, rate) in enumerate(groups.items()):
        rate, ink = _np(rate).ravel(), c[f"layer{i % 6 + 1}"]
        label = f"{name}: mean {rate.mean():.1%}, {(rate == 0).sum()} silent"
        ax.hist(rate, bins, histtype="step", lw=2, color=ink, ls=DASHES[i % 6], label=label)
        ax.hist(rate, bins, color=ink, alpha=0.12)
    ax.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1, decimals=0))
    ax.set(xlabel="share of time steps at which a neuron fires", ylabel="neurons")
    ax.set_xlim(0, bins[-1])
    ax.legend(loc="upper right")
    return ax


def _named_layers(rates):
    many = isinstance(rates, list | tuple) and np.ndim(_np(rates[0])) == 1
    named = [(f"layer {i + 1}", rate) for i, rate in enumerate(rates)]
    return named if many else [("all neurons", rates)]


def version_map(highlight: str = "V1", ax: Axes | None = None) -> Axes:
    """The road from V1 to V4 with 'you are here' on one of them."""
    ax = _axes(ax, figsize=(7.4, 2.15))
    for i, name in enumerate(VERSIONS):
        _version_box(ax, i, name, here=name == highlight)
        if i:
            look = {"arrowstyle": "-|>", "mutation_scale": 14, "lw": 1.6, "color": _active["muted"]}
            ends = (i - 0.155, 0.5), (i + 0.005, 0.5)
            ax.add_patch(FancyArrowPatch(*ends, shrinkA=0, shrinkB=0, **look))
    ax.set(xlim=(-0.04, len(VERSIONS) - 0.12), ylim=(-0.06, 1.34))
    ax.set_axis_off()
    return ax


def _version_box(ax: Axes, i: int, name: str, here: bool) -> None:
    c, middle = _active, i + 0.42
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
