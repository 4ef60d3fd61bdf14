"""Charts as SVG text: no library, colours from the page, so light and dark both work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

_TOP, _RIGHT, _BOTTOM = 14, 14, 46
_SMALLEST = 1e-100  # below this a value is drawn as 0
_CHARACTER = 7.0  # pixels of one, at the size that the page gives to labels
_LETTER = 8.5  # pixels of one of an axis' own label, with a wide font


class Size(NamedTuple):
    """Width and height of a chart, pixels."""

    width: int
    height: int


class Dot(NamedTuple):
    """A point of a chart.

    Args:
        x: Its place.
        y: Its place.
        kind: Its class in the page's style.
        title: What it says when it is pointed at.
    """

    x: float
    y: float
    kind: str
    title: str = ""


class Line(NamedTuple):
    """A line of a chart.

    Args:
        points: Its places.
        kind: Its class in the page's style.
        steps: Whether it goes sideways first, then up or down.
    """

    points: Sequence[tuple[float, float]]
    kind: str
    steps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis.

    Args:
        label: What it shows, with the unit.
        low: Its lower end.
        high: Its upper end, above the lower one.
    """

    label: str
    low: float
    high: float

    def ticks(self, most: int) -> list[float]:
        """Round numbers on the axis: 1, 2 or 5 times a power of ten apart."""
        raw = (self.high - self.low) / max(1, most)
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def axis_of(label: str, values: Sequence[float], *, from_zero: bool = False) -> Axis:
    """An axis with room for some finite values.

    Args:
        label: What it shows.
        values: The values.
        from_zero: Whether it begins at 0, for what cannot be negative.
    """
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low = 0.0
    size = max(abs(low), abs(high))
    if size < _SMALLEST:
        margin = 1.0
    elif high - low < 1e-9 * size:  # nothing to tell apart
        margin = 0.04 * size
    else:
        margin = 0.04 * (high - low)
    return Axis(label=label, low=low if from_zero else low - margin, high=high + margin)


def chart(
    size: Size,
    x: Axis,
    y: Axis,
    *,
    dots: Sequence[Dot] = (),
    lines: Sequence[Line] = (),
    name: str,
) -> str:
    """A chart of points and lines; points beyond the value axis are drawn at its edge.

    Args:
        size: Width and height.
        x: The axis below.
        y: The axis to the left.
        dots: Points.
        lines: Lines, drawn below the points.
        name: What a screen reader says of it.
    """
    ticks = y.ticks(5)
    y_ticks = list(zip(ticks, _tick_texts(ticks), strict=True))
    left = 30 + _CHARACTER * max((len(text) for _, text in y_ticks), default=1)
    right, bottom = size.width - _RIGHT, size.height - _BOTTOM

    def place(at_x: float, at_y: float) -> tuple[float, float]:
        part = (at_x - x.low) / (x.high - x.low)
        up = min(max((at_y - y.low) / (y.high - y.low), 0.0), 1.0)
        return left + part * (right - left), bottom - up * (bottom - _TOP)

    out = [
        f'<svg viewBox="0 0 {size.width} {size.height}" width="{size.width}" '
        f'height="{size.height}" role="img" aria-label="{escape(name)}">'
    ]
    for tick, text in y_ticks:
        _, at = place(x.low, tick)
        out.append(f'<line class="grid" x1="{left:.1f}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        out.append(f'<text class="y" x="{left - 6:.1f}" y="{at + 4:.1f}">{text}</text>')
    ticks = x.ticks(max(2, size.width // 110))
    for tick, text in zip(ticks, _tick_texts(ticks), strict=True):
        at, _ = place(tick, y.low)
        out.append(f'<text class="x" x="{at:.1f}" y="{bottom + 18}">{text}</text>')
    out.append(f'<line class="axis" x1="{left:.1f}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    middle = (left + right) / 2
    below = escape(_fitted(x.label, 2.0 * (size.width - middle)))
    out.append(f'<text class="x name" x="{middle:.1f}" y="{size.height - 8}">{below}</text>')
    middle = (_TOP + bottom) / 2
    beside = escape(_fitted(y.label, 2.0 * middle))
    turned = f"translate(12 {middle:.1f}) rotate(-90)"
    out.append(f'<text class="x name" transform="{turned}">{beside}</text>')
    for line in lines:
        path = _path([place(*point) for point in line.points], steps=line.steps)
        out.append(f'<path class="{line.kind}" d="{path}"/>')
    for dot in dots:
        at_x, at_y = place(dot.x, dot.y)
        title = f"<title>{escape(dot.title)}</title>" if dot.title else ""
        out.append(
            f'<circle class="{dot.kind}" cx="{at_x:.1f}" cy="{at_y:.1f}" r="4">{title}</circle>'
        )
    return "".join((*out, "</svg>"))


def _path(points: Sequence[tuple[float, float]], *, steps: bool) -> str:
    out = []
    for place, (at_x, at_y) in enumerate(points):
        if not place:
            out.append(f"M{at_x:.1f} {at_y:.1f}")
        elif steps:
            out.append(f"H{at_x:.1f}V{at_y:.1f}")
        else:
            out.append(f"L{at_x:.1f} {at_y:.1f}")
    return "".join(out)


def _tick_texts(ticks: Sequence[float]) -> list[str]:
    """The ticks, with the decimals that tell them apart."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    if not step or not 1e-6 < step < 1e6 or max(map(abs, ticks)) >= 1e7:
        return [f"{tick:.4g}" for tick in ticks]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{tick + 0.0:,.{decimals}f}" for tick in ticks]


def _fitted(label: str, pixels: float) -> str:
    """The beginning and the end of a label that is too long; the page has the whole one."""
    most = int(pixels / _LETTER)
    return label if len(label) <= most else f"{label[: most // 2]}…{label[most // 2 + 1 - most :]}"
