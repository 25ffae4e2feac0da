"""A chart as plain SVG: what is printed, and what is seen where the interactive one cannot load."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

WIDTH, HEIGHT = 1040, 330
LEFT, RIGHT, BOTTOM = 78, 12, 34
LEGEND_LINE = 20
FULL_WIDTH_PX = 12.5
MOST_STEPS = 6
MOST_LABELS = 31
UNITS: dict[str, tuple[tuple[int, str], ...]] = {
    "yen": ((100_000_000, "億円"), (1_000_000, "百万円"), (1_000, "千円"), (1, "円")),
    "count": ((10_000, "万件"), (1_000, "千件"), (1, "件")),
    "permille": ((10, "％"), (1, "‰")),
}
FEW = 14
"""With fewer places than this, a line shows each of them as a point: one place alone would be no line."""


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart. ``values`` are in its unit, one for each of its labels; None: nothing to draw there."""

    name: str
    values: list[int | None]
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows, whatever draws it."""

    chart_id: str
    kind: Literal["bars", "lines"]
    title: str
    summary: str
    labels: list[str]
    hover_labels: list[str]
    series: list[Series]
    unit: Literal["yen", "count", "permille"] = "yen"

    def saying(self, summary: str) -> Chart:
        """The same chart with a summary."""
        return replace(self, summary=summary)


@dataclass(frozen=True, slots=True)
class Scale:
    """The value axis: tick positions, their texts, and the unit that the texts are in."""

    ticks: list[int]
    texts: list[str]
    unit: str

    @property
    def low(self) -> int:
        return self.ticks[0]

    @property
    def high(self) -> int:
        return self.ticks[-1]


def extent(chart: Chart) -> tuple[int, int]:
    """Lowest and highest value that is drawn; 0 is inside, but for rates, whose changes would not be seen."""
    if chart.kind == "lines":
        values = [value for series in chart.series for value in series.values if value is not None]
        if chart.unit == "permille" and values:
            return min(values), max(values)
        return min([0, *values]), max([0, *values])
    columns = [[series.values[index] or 0 for series in chart.series] for index in range(len(chart.labels))]
    highs = [sum(value for value in column if value > 0) for column in columns]
    lows = [sum(value for value in column if value < 0) for column in columns]
    return min([0, *lows]), max([0, *highs])


def scale(low: int, high: int, unit: str = "yen") -> Scale:
    """Round tick marks (1, 2 or 5 times a power of ten) that enclose ``low`` and ``high``.

    >>> scale(0, 3_400_000).texts, scale(0, 3_400_000).unit
    (['0', '1', '2', '3', '4'], '百万円')
    """
    span = max(high - low, 1)
    power = 1
    while power * 10 * MOST_STEPS <= span:
        power *= 10
    step = next((power * factor for factor in (1, 2, 5) if power * factor * MOST_STEPS >= span), power * 10)
    ticks = list(range(low // step * step, -(-high // step) * step + 1, step))
    if len(ticks) == 1:
        ticks.append(ticks[0] + step)
    size, name = next((size, name) for size, name in UNITS[unit] if step % size == 0)
    return Scale(ticks, [f"{tick // size:,}".replace("-", "▲") for tick in ticks], name)


def label_step(count: int) -> int:
    """Every how many labels of the x axis one is written."""
    return -(-count // MOST_LABELS)


def render(chart: Chart) -> str:
    """The chart as an ``<svg>`` element that needs nothing else."""
    legend, legend_lines = _legend(chart)
    drawing = _Drawing(chart, top=24 + legend_lines * LEGEND_LINE)
    return (
        f'<svg class="chart-static" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="12" fill="#222" '
        f'aria-labelledby="{chart.chart_id}-caption">{legend}{drawing.axes()}{drawing.marks()}</svg>'
    )


def _text_width(text: str) -> float:
    wide = sum(1 if unicodedata.east_asian_width(character) in "WFA" else 0.55 for character in text)
    return wide * FULL_WIDTH_PX


def _legend(chart: Chart) -> tuple[str, int]:
    parts: list[str] = []
    x, line = float(LEFT), 0
    for series in chart.series:
        width = 26 + _text_width(series.name) + 18
        if x + width > WIDTH - RIGHT and x > LEFT:
            x, line = float(LEFT), line + 1
        y = 14 + line * LEGEND_LINE
        if chart.kind == "lines":
            dash = ' stroke-dasharray="6 4"' if series.dashed else ""
            mark = (
                f'<line x1="{x:.1f}" x2="{x + 20:.1f}" y1="{y - 4}" y2="{y - 4}" '
                f'stroke="{series.colour}" stroke-width="2.5"{dash}/>'
            )
        else:
            mark = f'<rect x="{x:.1f}" y="{y - 10}" width="14" height="11" fill="{series.colour}"/>'
        parts.append(f'{mark}<text x="{x + 26:.1f}" y="{y}">{escape(series.name)}</text>')
        x += width
    return "".join(parts), line + 1


class _Drawing:
    """Positions on the canvas for one chart."""

    def __init__(self, chart: Chart, top: int) -> None:
        self.chart = chart
        self.top = top
        self.scale = scale(*extent(chart), chart.unit)
        self.slot = (WIDTH - LEFT - RIGHT) / max(len(chart.labels), 1)

    def y(self, value: int) -> float:
        height = HEIGHT - BOTTOM - self.top
        return HEIGHT - BOTTOM - height * (value - self.scale.low) / (self.scale.high - self.scale.low)

    def centre(self, index: int) -> float:
        return LEFT + self.slot * (index + 0.5)

    def axes(self) -> str:
        parts = [f'<text x="{LEFT - 8}" y="14" text-anchor="end">（{self.scale.unit}）</text>']
        for tick, text in zip(self.scale.ticks, self.scale.texts, strict=True):
            y = self.y(tick)
            colour = "#555" if tick == 0 else "#ddd"
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
        for index in range(0, len(self.chart.labels), label_step(len(self.chart.labels))):
            parts.append(
                f'<text x="{self.centre(index):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                f"{escape(self.chart.labels[index])}</text>"
            )
        return "".join(parts)

    def marks(self) -> str:
        return self._bars() if self.chart.kind == "bars" else self._lines()

    def _bars(self) -> str:
        parts: list[str] = []
        width = self.slot * 0.7
        for index in range(len(self.chart.labels)):
            above, below = 0, 0
            for series in self.chart.series:
                value = series.values[index] or 0
                start = above if value > 0 else below
                if value > 0:
                    above += value
                elif value < 0:
                    below += value
                else:
                    continue
                top, bottom = sorted((self.y(start), self.y(start + value)))
                parts.append(
                    f'<rect x="{self.centre(index) - width / 2:.1f}" y="{top:.2f}" width="{width:.1f}" '
                    f'height="{bottom - top:.2f}" fill="{series.colour}"/>'
                )
        return "".join(parts)

    def _lines(self) -> str:
        parts: list[str] = []
        for series in self.chart.series:
            points = " ".join(
                f"{self.centre(index):.1f},{self.y(value):.1f}"
                for index, value in enumerate(series.values)
                if value is not None
            )
            dash = ' stroke-dasharray="6 4"' if series.dashed else ""
            parts.append(f'<polyline points="{points}" fill="none" stroke="{series.colour}" stroke-width="2.5"{dash}/>')
            if len(self.chart.labels) < FEW:
                parts += [
                    f'<circle cx="{self.centre(index):.1f}" cy="{self.y(value):.1f}" r="3.5" fill="{series.colour}"/>'
                    for index, value in enumerate(series.values)
                    if value is not None
                ]
        return "".join(parts)
