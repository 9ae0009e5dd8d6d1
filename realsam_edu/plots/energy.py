"""Figures of the energy estimate: picojoules in, nothing measured; they say so themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from .style import ABOVE, DASHED, DASHES, axes, colors

MICRO = 1e-6  # picojoules to microjoules


def plot_energy_rows(rows: Mapping[str, Mapping[str, float]], ax: Axes | None = None) -> Axes:
    """Estimated energy of a token, per way of counting a bar for each network.

    Ways of counting differ by a hundred times, so each has its own scale: its largest is 100 %.

    Args:
        rows: picojoules by network, by way of counting; the same networks everywhere.
        ax: axes to draw on.
    """
    names = list(next(iter(rows.values())))
    ax, c = axes(ax, figsize=(7.4, 1.0 + 0.36 * len(rows) * len(names))), colors()
    inks, height = [c["spike"], c["membrane"], c["layer2"]], 0.8 / len(names)
    for i, name in enumerate(names):
        at = np.arange(len(rows)) + (i - (len(names) - 1) / 2) * height
        shares = [100 * row[name] / max(row.values()) for row in rows.values()]
        hatch = {"hatch": "//", "ec": c["paper"]} if i == 0 else {}
        ax.barh(at, shares, height * 0.9, color=inks[i], lw=0, label=name, **hatch)
        for y, share, row in zip(at, shares, rows.values(), strict=True):
            place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "size": 10.5}
            ax.annotate(f"{row[name] * MICRO:,.3g} µJ", (share, y), color=c["ink"], **place)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(ylim=(len(rows) - 0.45, -0.55), xlim=(0, 116))
    ax.set_xlabel("percent of the row's largest: an estimate, not measured")
    ax.legend(**ABOVE, ncols=len(names))
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def plot_break_even(
    rates: Sequence[float],
    sam: Sequence[float],
    twins: Mapping[str, float],
    marks: Mapping[str, float],
    rate: float,
    ax: Axes | None = None,
) -> Axes:
    """Estimated energy of a token over the firing rate, with the twins that do not fire.

    Args:
        rates: firing rates between 0 and 1.
        sam: picojoules of the spiking network at each.
        twins: picojoules of each dense twin.
        marks: break-even rate of each twin; those above 1 have no mark.
        rate: at which the network fired.
        ax: axes to draw on.
    """
    ax, c = axes(ax), colors()
    ax.plot([100 * r for r in rates], np.multiply(sam, MICRO), color=c["spike"], label="Sam")
    for i, (name, energy) in enumerate(twins.items()):
        look = {"color": c["layer1" if i == 0 else "layer2"], "ls": DASHES[1 + i]}
        ax.plot([0, 100], [energy * MICRO] * 2, label=name, **look)
        if 0 <= marks[name] <= 1:
            ax.plot(
                100 * marks[name], energy * MICRO, "o", ms=9, mfc=c["paper"], color=look["color"]
            )
            at = 100 * marks[name], energy * MICRO
            place = {"xytext": (9, -17), "ha": "left"} if i else {"xytext": (-9, 9), "ha": "right"}
            place |= {"textcoords": "offset points", "color": c["ink"]}
            ax.annotate(f"break-even {100 * marks[name]:.0f} %", at, **place)
    ax.axvline(100 * rate, color=c["threshold"], **DASHED)
    ax.text(100 * rate + 1.2, 0.04, f"Sam fires at {100 * rate:.1f} %", color=c["ink"],
            transform=ax.get_xaxis_transform())  # fmt: skip
    ax.set(xlim=(0, 100), ylim=(0, None), xlabel="firing rate, percent")
    ax.set_ylabel("µJ per token (estimate)")
    ax.legend(**ABOVE, ncols=3)
    ax.grid()
    return ax
