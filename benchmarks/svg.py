"""Plots as SVG: panels of bars or of lines, in a grid, as plain text that a browser and a diff can read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

_WIDTH, _HEIGHT = 480, 250
"""Of a panel, in pixels."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 64, 34, 40
_CLIPPED = 6
"""A bar of more than so many medians ends there, so that the others can be told apart; its number tells."""
_OURS = "#1f6f5c"
_OTHERS = ("#b5562b", "#3b5b92", "#8a6d3b", "#7a4b8f", "#6b7280", "#a03c58", "#4d7c0f")


@dataclass(frozen=True)
class Bar:
    """A value with the least and the most of its rounds."""

    name: str
    value: float
    least: float
    most: float
    is_ours: bool = False


@dataclass(frozen=True)
class Panel:
    """One plot: bars by name, or lines of points by name."""

    title: str
    bars: Sequence[Bar] = ()
    lines: Mapping[str, Sequence[tuple[float, float]]] | None = None
    unit: str = ""
    """Under the lines."""


def draw(title: str, panels: Sequence[Panel], columns: int = 2) -> str:
    """The whole file."""
    rows = -(-len(panels) // columns)
    width, height = columns * _WIDTH, rows * _HEIGHT + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(width / 2, 20, title, "middle", "15"),
    ]
    for number, panel in enumerate(panels):
        x, y = number % columns * _WIDTH, number // columns * _HEIGHT + 30
        body = _lines(panel.lines, panel.unit) if panel.lines is not None else _bars(panel.bars)
        parts += [f'<g transform="translate({x} {y})">', _text(12, 22, panel.title, weight="bold"), *body, "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _bars(bars: Sequence[Bar]) -> list[str]:
    """Sideways, with a whisker from the least to the most."""
    parts: list[str] = []
    if not bars:
        return parts
    longest = min(max(bar.most for bar in bars), _CLIPPED * median(bar.value for bar in bars))
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    step = min(26.0, (_HEIGHT - _TOP - 16) / len(bars))
    for number, bar in enumerate(bars):
        y = _TOP + number * step
        middle, length = y + step / 2, min(bar.value, longest) * scale
        least, most = (_LEFT + min(value, longest) * scale for value in (bar.least, bar.most))
        colour = _OURS if bar.is_ours else "#b9c0c9"
        parts += [
            _text(_LEFT - 6, middle + 4, bar.name, "end", weight="bold" if bar.is_ours else "normal"),
            f'<rect x="{_LEFT}" y="{y + 3:.1f}" width="{length:.1f}" height="{step - 6:.1f}" fill="{colour}"/>',
            _line([(least, middle), (most, middle)], "#333", 1),
            _text(most + 5, middle + 4, _shown(bar.value)),
        ]
    return parts


def _lines(lines: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> list[str]:
    """Both axes logarithmic, since what is asked is how many times more."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return []
    right, bottom = _WIDTH - 110, _HEIGHT - _BOTTOM
    xs, ys = [x for x, _ in points], [y for _, y in points]
    place_x = _axis(min(xs), max(xs), 60, right)
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
    place_y = _axis(low, high, bottom, _TOP)
    parts = [_text(60, _HEIGHT - 6, unit)]
    value = low
    while value <= high * 1.001:
        parts.append(_line([(60, place_y(value)), (right, place_y(value))], "#ddd", 1))
        parts.append(_text(54, place_y(value) + 4, _short(value), "end"))
        value *= 10
    parts += [_text(place_x(x), bottom + 16, _short(x), "middle", "10") for x in sorted(set(xs))]
    names = []
    for number, (name, line) in enumerate(lines.items()):
        if line:
            colour = _OURS if not number else _OTHERS[number % len(_OTHERS)]
            placed = [(place_x(x), place_y(y)) for x, y in line]
            parts.append(_line(placed, colour, 2))
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in placed]
            names.append((placed[-1][1], name, colour))
    below = 0.0
    for y, name, colour in sorted(names):  # names do not lie on each other
        below = max(y + 4, below + 13)
        parts.append(_text(right + 6, below, name, colour=colour))
    return parts


def _axis(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = math.log(high / low) or 1.0
    return lambda value: start + (end - start) * math.log(value / low) / span


def _line(points: Sequence[tuple[float, float]], colour: str, width: int) -> str:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float, y: float, text: str, anchor: str = "start", size: str = "12", weight: str = "normal", colour: str = "#222"
) -> str:
    font = f'font-family="sans-serif" font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {font}>{escape(text)}</text>'


def _shown(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
