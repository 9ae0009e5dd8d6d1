"""Drawings of the front page as SVG: the curve of a training run, the dots of a comparison.

Colors are classes of `front.css`; nothing here says more than the numbers it is given.
"""

from __future__ import annotations

from math import ceil, floor

from markupsafe import Markup

from .facts import Effect

SVG = Markup('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" class="{}" {}>{}</svg>')
TEXT = Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>')
LINE = Markup('<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" class="{}"/>')


def _path(points: list[tuple[float, float]], css: str) -> Markup:
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup('<path d="M{}" class="{}"/>').format(steps, css)


class Frame:
    """Where values lie in a drawing: tokens from left to right, nats from the bottom up."""

    def __init__(self, width: int, height: int, tokens: int, nats: list[float]):
        self.width, self.height, self.tokens = width, height, tokens
        self.left, self.right, self.top, self.base = 40, width - 12, 46, height - 34
        self.low, self.high = floor(min(nats)), ceil(max(nats))

    def x(self, tokens: float) -> float:
        """Return the pixel of so many tokens read."""
        return self.left + tokens / self.tokens * (self.right - self.left)

    def y(self, nats: float) -> float:
        """Return the pixel of a loss."""
        return self.base - (nats - self.low) / (self.high - self.low) * (self.base - self.top)


def _bands(frame: Frame, phases: list[dict], roomy: bool) -> Markup:
    """Return the phases as strips behind the curves, each with its number and its name."""
    out = []
    for row in phases:
        left, right = frame.x(row["begin"]), frame.x(row["end"])
        middle, wide = (left + right) / 2, right - left
        band = Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" class="band band{}"/>')
        out.append(band.format(left, frame.top, wide, frame.base - frame.top, row["number"] % 2))
        name = f"{row['number']} {row['phase']}"
        fits = roomy and wide > 6.6 * len(name)
        out.append(TEXT.format(middle, frame.top - 12, "name", name if fits else row["number"]))
    return Markup("").join(out)


def _grid(frame: Frame) -> Markup:
    """Return lines and numbers at whole nats, and millions of tokens below."""
    out = []
    for nats in range(frame.low, frame.high + 1):
        out.append(LINE.format(frame.left, frame.y(nats), frame.right, frame.y(nats), "grid"))
        out.append(TEXT.format(frame.left - 8, frame.y(nats) + 4, "tick end", nats))
    step = 2_000_000 if frame.width > 600 else 5_000_000
    for tokens in range(0, frame.tokens + 1, step):
        say = f"{tokens // 1_000_000} M tokens" if tokens else "0"
        css = "tick end" if frame.tokens - tokens < step else "tick"
        out.append(TEXT.format(frame.x(tokens), frame.base + 22, css, say))
    out.append(TEXT.format(2, 14, "tick start", "nats per token"))
    return Markup("").join(out)


def run_curve(phases: list[dict], entries: list[dict], width: int, height: int, css: str) -> Markup:
    """Return the losses of a training run over the tokens read, phase by phase.

    Args:
        phases: as `facts.phases` returns them.
        entries: the validations of the run's log.
        width, height: of the drawing, in its own pixels.
        css: class of the drawing.
    """
    nats = [entry[key] for entry in entries for key in ("loss", "val")]
    frame = Frame(width, height, entries[-1]["tokens"], nats)
    curves = [_bands(frame, phases, width > 600), _grid(frame)]
    for row in phases:
        mine = [e for e in entries if row["begin"] < e["tokens"] <= row["end"]]
        for key in ("loss", "val"):
            points = [(frame.x(e["tokens"]), frame.y(e[key])) for e in mine]
            curves.append(_path(points, key))
            dots = [Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2"/>').format(*p) for p in points]
            curves.append(Markup('<g class="{}">{}</g>').format(key, Markup("").join(dots)))
    curves.append(LINE.format(frame.right, frame.top, frame.right, frame.base, "cursor"))
    place = Markup('data-left="{}" data-right="{}" aria-hidden="true"')
    place = place.format(frame.left, frame.right)
    return SVG.format(width, height, f"curve {css}", place, Markup("").join(curves))


def seed_dots(effect: Effect, names: tuple[str, str], low: float, high: float) -> Markup:
    """Return the losses of all seeds as dots: with the part above, without it below.

    Args:
        effect: the comparison.
        names: of the two rows.
        low, high: ends of the axis, in nats per token; equal axes make drawings comparable.
    """
    left, right, out = 12, 328, []

    def x(nats: float) -> float:
        return left + (nats - low) / (high - low) * (right - left)

    for name, values, y, css in zip(
        names, (effect.with_it, effect.without), (34, 78), ("with", "without"), strict=True
    ):
        out.append(TEXT.format(left, y - 13, "row", name))
        out.append(LINE.format(left, y, right, y, "grid"))
        dots = [Markup('<circle cx="{:.1f}" cy="{}" r="5"/>').format(x(v), y) for v in values]
        out.append(Markup('<g class="{}">{}</g>').format(css, Markup("").join(dots)))
    for nats, css in ((low, "tick start"), (high, "tick end")):
        out.append(TEXT.format(x(nats), 104, css, f"{nats:.2f}"))
    out.append(TEXT.format((left + right) / 2, 104, "tick", "nats per token, lower is better"))
    said = " ".join(
        f"{name}: {', '.join(f'{v:.3f}' for v in values)}."
        for name, values in zip(names, (effect.with_it, effect.without), strict=True)
    )
    role = Markup('role="img" aria-label="{}"').format(f"Losses of the seeds. {said}")
    return SVG.format(340, 112, "dots", role, Markup("").join(out))
