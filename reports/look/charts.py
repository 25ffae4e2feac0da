"""Charts: interactive with Plotly where its script is at hand, plain SVG on paper and everywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import plotly.graph_objects as go

from reports.look import svg, text
from reports.look.html import Html
from reports.look.svg import Chart, Series

CHANNEL_COLOURS = {
    "01": "#7f8c99",
    "02": "#2f4b6e",
    "03": "#4a7fb5",
    "04": "#8fb8d9",
    "05": "#2e7d6b",
    "06": "#79b8a4",
    "07": "#b58a3c",
    "08": "#d9c07a",
    "09": "#8a4f5d",
    "10": "#5c5470",
    "11": "#a9a3b8",
}
"""One colour for each channel in every report, so that two reports can be laid side by side."""
OTHER_COLOUR = "#c4c4c4"
YEAR_COLOURS = ("#2f4b6e", "#b58a3c", "#9aa5b1", "#c9ced6")
"""The year that a report is about, then those before it."""
COLOURS = ("#2f4b6e", "#b58a3c", "#2e7d6b", "#8a4f5d", "#4a7fb5", "#79b8a4", "#d9c07a", "#5c5470", "#8fb8d9", "#7f8c99")

Unit = Literal["yen", "count", "permille"]


def colour_of(column: str | None, code: Any, place: int) -> str:
    """The colour of a series: a channel has its own everywhere, all else by its place."""
    if column == "channel_code":
        return CHANNEL_COLOURS.get(str(code), OTHER_COLOUR)
    return COLOURS[place] if place < len(COLOURS) else OTHER_COLOUR


def unit_of(column: str) -> Unit:
    """What the values of a column are, by its name."""
    if column.endswith("_permille"):
        return "permille"
    return "yen" if column.endswith("_yen") else "count"


def axis_labels(values: Sequence[Any], column: str) -> tuple[list[str], list[str]]:
    """What stands below each place of the x axis, and what is shown when one points at it."""
    if column.endswith("_month"):
        is_one_year = len(values) < svg.FEW  # then the month says enough, but for the first of each calendar year
        short = [
            f"{day.month}月" if is_one_year and index and day.month != 1 else text.short_month(day)
            for index, day in enumerate(values)
        ]
        return short, [text.month(day) for day in values]
    if column.endswith("_year"):
        named = [text.fiscal_year(int(year)) for year in values]
        return named, named
    if values and isinstance(values[0], date):
        short = [f"{d.month}/{d.day}" if index == 0 or d.day == 1 else str(d.day) for index, d in enumerate(values)]
        return short, [text.short_day(day) for day in values]
    named = [str(value) for value in values]
    return named, named


def pivoted(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    series: str | None,
    missing: int | None,
    every: Sequence[Any] = (),
) -> tuple[list[Any], dict[Any, list[int | None]]]:
    """Rows as one list of values for each series; both in the order in which they come.

    Args:
        rows: with one row at most for each place and series.
        x: column of the places.
        y: column of the values.
        series: column that tells the series apart; None if there is one.
        missing: what stands where there is no row.
        every: all places, in their order; by default those that have a row.
    """
    places = list(every) or list(dict.fromkeys(row[x] for row in rows))
    codes = list(dict.fromkeys(row[series] if series else None for row in rows))
    found = {(row[x], row[series] if series else None): row[y] for row in rows}
    return places, {code: [found.get((place, code), missing) for place in places] for code in codes}


def carried(values: Sequence[int | None], places: int) -> list[int | None]:
    """A running total stays where it is, in the first so many places, where nothing is added.

    >>> carried([None, 3, None, 5, None], 4)
    [None, 3, 3, 5, None]
    """
    found: list[int | None] = []
    for place, value in enumerate(values):
        found.append(value if value is not None or not found or place >= places else found[-1])
    return found


def summary(chart: Chart) -> str:
    """What a chart says, in words: where the bars are highest, or where each line ends."""
    if chart.kind == "bars":
        sums = [sum(series.values[place] or 0 for series in chart.series) for place in range(len(chart.hover_labels))]
        highest = sums.index(max(sums))
        return f"最も多いのは{chart.hover_labels[highest]}の{valued(chart.unit, sums[highest])}です。"
    ends = []
    for series in chart.series:
        known = [place for place, value in enumerate(series.values) if value is not None]
        if known:
            ends.append(f"{series.name}は{valued(chart.unit, series.values[known[-1]] or 0)}")
    return f"{chart.hover_labels[-1]}まで: {'、'.join(ends)}。"


def valued(unit: Unit, value: int) -> str:
    """A value with its unit."""
    if unit == "permille":
        return f"{value / 10:.1f}％".replace("-", "▲")
    return f"{text.yen(value)}{'円' if unit == 'yen' else '件'}"


def show(chart: Chart) -> Html:
    """The chart as markup: its summary, the drawing, and what Plotly makes of it."""
    figure = json.dumps(_plotly(chart), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return Html(
        '<figure class="chart" id="{id}"><figcaption id="{id}-caption"><b>{title}</b> {summary}</figcaption>'
        '{drawing}<div class="chart-live" aria-hidden="true"></div>'
        '<script type="application/json">{figure}</script></figure>'
    ).format(
        id=chart.chart_id,
        title=chart.title,
        summary=chart.summary,
        drawing=Html(svg.render(chart)),
        figure=Html(figure),
    )


def _plotly(chart: Chart) -> dict[str, object]:
    scale = svg.scale(*svg.extent(chart), chart.unit)
    positions = list(range(len(chart.labels)))
    figure = go.Figure(
        data=[_trace(chart, series, positions) for series in chart.series],
        layout=go.Layout(
            template="none",
            barmode="relative",
            bargap=0.3,
            hovermode="closest",
            showlegend=True,
            height=340,
            margin={"l": 78, "r": 12, "t": 44, "b": 34},
            font={"size": 12, "color": "#222"},
            legend={"orientation": "h", "x": 0, "y": 1.04, "yanchor": "bottom", "traceorder": "normal"},
            xaxis={
                "tickvals": positions[:: svg.label_step(len(positions))],
                "ticktext": chart.labels[:: svg.label_step(len(positions))],
                "range": [-0.5, len(positions) - 0.5],
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
                "tickangle": 0,
            },
            yaxis={
                "tickvals": scale.ticks,
                "ticktext": scale.texts,
                "range": [scale.low, scale.high],
                "gridcolor": "#ddd",
                "zerolinecolor": "#555",
                "fixedrange": True,
            },
            annotations=[
                {
                    "text": f"（{scale.unit}）",
                    "showarrow": False,
                    "xref": "paper",
                    "yref": "paper",
                    "x": 0,
                    "y": 1.06,
                    "xanchor": "right",
                    "yanchor": "bottom",
                }
            ],
        ),
    )
    content: dict[str, object] = json.loads(figure.to_json())
    return content


def _trace(chart: Chart, series: Series, positions: list[int]) -> go.Bar | go.Scatter:
    name = str(Html("{}").format(series.name))
    value = {"yen": "%{y:,d}円", "count": "%{y:,d}件", "permille": "%{text}％"}[chart.unit]
    common = {
        "name": name,
        "x": positions,
        "y": series.values,
        "customdata": chart.hover_labels,
        "hovertemplate": "%{customdata}<br>" + name + "：" + value + "<extra></extra>",
    }
    if chart.unit == "permille":
        common["text"] = ["" if value is None else f"{value / 10:.1f}" for value in series.values]
    if chart.kind == "bars":
        return go.Bar(marker={"color": series.colour}, **common, textposition="none")
    line = {"color": series.colour, "width": 2.5, "dash": "dash" if series.dashed else "solid"}
    return go.Scatter(mode="lines+markers" if len(positions) < svg.FEW else "lines", line=line, **common)
