"""Draws the cost of what grows as an SVG: both axes are logarithmic, and a line that stays level costs nothing."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 20, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


class Axis(NamedTuple):
    """A logarithmic axis: the powers of ten at its ends, and where on the page these are."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "Axis":
        """The axis of whole powers of ten that has all of these values."""
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), start, end)

    def place(self, value: float) -> float:
        """Where on the page a value is."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[int]:
        """The powers of ten."""
        return [10**power for power in range(self.low, self.high + 1)]


def svg(series: Sequence[tuple[str, Sequence[tuple[int, float]]]], across: str, up: str) -> str:
    """The chart of lines that are named at their right ends."""
    points = [point for _, line in series for point in line]
    x = Axis.over([size for size, _ in points], LEFT, WIDTH - RIGHT)
    y = Axis.over([cost for _, cost in points], HEIGHT - BOTTOM, TOP)
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *grid(x, y)]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, across, anchor="middle"))
    parts.append(f'<g transform="rotate(-90)">{text(-(TOP + HEIGHT - BOTTOM) / 2, 16, up, anchor="middle")}</g>')
    labels = spread([y.place(line[-1][1]) for _, line in series], 16)
    for (name, line), label, colour in zip(series, labels, COLOURS, strict=False):
        places = [(x.place(size), y.place(cost)) for size, cost in line]
        path = " ".join(f"{across},{up}" for across, up in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across}" cy="{up}" r="3" fill="{colour}"/>' for across, up in places]
        parts.append(text(WIDTH - RIGHT + 12, label + 4, name, colour=colour))
        parts.append(
            f'<line x1="{places[-1][0]}" y1="{places[-1][1]}" x2="{WIDTH - RIGHT + 8}" y2="{label}" '
            f'stroke="{colour}" stroke-dasharray="2 3"/>'
        )
    inside = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\n{inside}\n</svg>\n'


def grid(x: Axis, y: Axis) -> list[str]:
    """The lines of the powers of ten, and their numbers."""
    parts = []
    for size in x.ticks():
        parts.append(f'<path d="M{x.place(size)} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(text(x.place(size), HEIGHT - BOTTOM + 18, f"{size:,}", anchor="middle"))
    for cost in y.ticks():
        parts.append(f'<path d="M{LEFT} {y.place(cost)}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y.place(cost) + 4, f"{cost:,}", anchor="end"))
    return parts


def text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#333") -> str:
    """A text at a place."""
    font = 'font-family="sans-serif" font-size="13"'
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}" {font}>{words}</text>'


def spread(places: Sequence[float], least: float) -> list[float]:
    """The places, moved down until any two have at least this distance."""
    moved = list(places)
    order = sorted(range(len(moved)), key=moved.__getitem__)
    for upper, lower in pairwise(order):
        moved[lower] = max(moved[lower], moved[upper] + least)
    return moved
