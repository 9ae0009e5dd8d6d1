"""A recording as one picture: what Sam wrote, the spikes below it, one membrane. SVG, no library.

For a page that has neither kernel nor widget, such as the README.
"""

from __future__ import annotations

from html import escape

import numpy as np

from .palette import PALETTE as C

LEFT, TOP, STEP, ROW = 96, 92, 13.2, 1.0  # the grid of characters and neurons, in pixels
EVERY = 4  # one neuron in four keeps the picture small and legible
SANS = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif"
MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def _label(x: float, y: float, text: str, **style) -> str:
    """Return one line of text."""
    attributes = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in style.items())
    return f'<text x="{x:g}" y="{y:g}" {attributes}>{escape(text)}</text>'


def _letters(recording) -> list[str]:
    """Return the characters read, one per column; line breaks are shown as a hook."""
    drawn = []
    for t, char in enumerate(recording.chars):
        weight = 400 if t < recording.prompt_len else 700
        color = C["muted"] if t < recording.prompt_len else C["ink"]
        x = LEFT + (t + 0.5) * STEP
        shown = {"\n": "↵", " ": "·"}.get(char, char)
        color = C["muted"] if shown in "↵·" else color
        drawn.append(_label(x, TOP - 14, shown, fill=color, font_weight=weight))
    group = f'<g font-family="{MONO}" font-size="17" text-anchor="middle">'
    return [group, *drawn, "</g>"]


def _raster(spikes: np.ndarray, top: float, color: str) -> str:
    """Return the marks of one layer, (T, N), as a single path."""
    marks = [f"M{t * STEP + 1.5:g} {n * ROW:g}h{STEP - 3:g}" for t, n in np.argwhere(spikes)]
    place = f'transform="translate({LEFT} {top:g})"'
    return f'<path {place} d="{"".join(marks)}" stroke="{color}" stroke-width="1.25"/>'


def _membrane(recording, top: float, height: float) -> list[str]:
    """Return the membrane of a neuron that fires now and then, its threshold and its spikes."""
    counts = recording.spk[1].sum(0)
    neuron = int(np.argmin(np.abs(counts - 0.1 * len(recording.chars))))
    mem, thr = recording.mem[1][:, neuron], float(recording.thr[1][neuron])
    low, high = min(float(mem.min()), 0.0), max(float(mem.max()), thr)

    def y(value: float) -> float:
        return top + height * (1 - (value - low) / (high - low))

    points = " ".join(f"{LEFT + (t + 0.5) * STEP:.1f},{y(u):.1f}" for t, u in enumerate(mem))
    width = len(mem) * STEP
    fired = [
        f'<circle cx="{LEFT + (t + 0.5) * STEP:.1f}" cy="{y(mem[t]):.1f}" r="4"/>'
        for t in np.flatnonzero(recording.spk[1][:, neuron])
    ]
    style = f'fill="none" stroke="{C["membrane"]}" stroke-width="2" stroke-linejoin="round"'
    dash = f'stroke="{C["threshold"]}" stroke-width="1.5" stroke-dasharray="6 4"'
    return [
        f'<path d="M{LEFT} {y(thr):.1f}h{width:g}" {dash}/>',
        f'<polyline points="{points}" {style}/>',
        f'<g fill="{C["spike"]}">{"".join(fired)}</g>',
        _label(LEFT - 10, y(thr) + 5, "θ", text_anchor="end", fill=C["ink"], font_size=15),
        _label(LEFT - 10, top + height, f"neuron {neuron}", text_anchor="end", fill=C["muted"]),
    ]


def recording_svg(recording) -> str:
    """Return a recording of two layers as SVG.

    Args:
        recording: an `inside.trace.Trace`, spikes and membranes (L, T, N).
    """
    layers, steps, neurons = recording.spk.shape
    tall = neurons // EVERY * ROW
    width, first, second = LEFT + steps * STEP + 24, TOP, TOP + tall + 14
    below = second + tall + 26
    height = below + 96 + 24
    spoken = recording.text.replace("\n", " / ")
    words = (
        f"Sam writes, one character per step. Each mark is a neuron firing: "
        f"{recording.rate:.0%} of {layers} × {neurons} neurons at a time."
    )
    side = {"text_anchor": "end", "fill": C["muted"]}
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'role="img" font-family="{SANS}" font-size="13">',
            f"<title>Sam at work: {escape(spoken)}</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="16" fill="{C["paper"]}"/>',
            _label(24, 38, words, fill=C["ink"], font_size=17, font_weight=600),
            *_letters(recording),
            _label(LEFT - 10, first + tall / 2, "layer 1", **side),
            _raster(recording.spk[0][:, ::EVERY], first, C["layer1"]),
            _label(LEFT - 10, second + tall / 2, "layer 2", **side),
            _raster(recording.spk[1][:, ::EVERY], second, C["layer2"]),
            *_membrane(recording, below, 96),
            "</svg>\n",
        ]
    )


FINE, BAND, GAP = 8, 64, 12  # one neuron in eight; the height of a layer and the room between two


def raster_svg(recording, width: int = 1100, names: bool = True) -> str:
    """Return all layers of a recording as one wide raster whose colors are those of the page.

    A layer's color is the CSS variable `--rs-layerK`, labels take `--rs-muted`.

    Args:
        recording: an `inside.trace.Trace`, spikes (L, T, N).
        width: in pixels of the drawing; a time step is its T-th part.
        names: whether the layers are named at the left.
    """
    layers, steps, neurons = recording.spk.shape
    left, height = 64 if names else 0, layers * (BAND + GAP) - GAP
    step, row = (width - left) / steps, BAND / (neurons / FINE)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'class="raster" font-size="14"><title>The spikes of {layers} layers over {steps} time '
        f"steps; {recording.rate:.0%} of the neurons fire at a time</title>"
    ]
    for layer, spk in enumerate(recording.spk[:, :, ::FINE]):
        top, color = layer * (BAND + GAP), f"layer{layer % 6 + 1}"
        marks = [f"M{t * step:.1f} {(n + 0.5) * row:g}h{step - 2:.1f}" for t, n in np.argwhere(spk)]
        place, stroke = f"translate({left} {top})", f"var(--rs-{color}, {C[color]})"
        out.append(
            f'<path transform="{place}" d="{"".join(marks)}" stroke="{stroke}" stroke-width="1.2"/>'
        )
        if names:
            fill = f"var(--rs-muted, {C['muted']})"
            out.append(_label(0, top + BAND / 2 + 5, f"layer {layer + 1}", fill=fill))
    return "".join([*out, "</svg>"])
