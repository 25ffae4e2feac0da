"""Charts: interactive with Plotly where its script is at hand, plain SVG on paper and everywhere else."""

from __future__ import annotations

import json
from datetime import date
from itertools import accumulate

import plotly.graph_objects as go

from reports.look import svg, text
from reports.look.html import Html, escape, paragraph
from reports.look.svg import Chart, Series
from reports.queries import DailyCollection, Listing

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
THIS_YEAR, YEAR_BEFORE = "#2f4b6e", "#b58a3c"


def daily_by_channel(data: DailyCollection, as_of: date) -> Html:
    """What was collected each day (suspense included), stacked by channel."""
    days = data.period.days(as_of)
    if not data.by_day or not days:
        return paragraph("この期間の収納はないため、日別のグラフはありません。")
    amounts = {(line.posted_date, line.channel_code): line.collected_yen for line in data.by_day_and_channel}
    channels = {line.channel_code: line.channel_name for line in data.by_channel}
    series = [
        Series(
            name,
            [amounts.get((day, code), 0) for day in days],
            CHANNEL_COLOURS.get(code or "", OTHER_COLOUR),
        )
        for code, name in channels.items()
    ]
    highest = max(data.by_day, key=lambda line: line.collected_yen)
    summary = (
        f"最も多い日は{text.short_day(highest.posted_date)}の{text.yen(highest.collected_yen)}円です。"
        "数値は下の「日別収納額」の表にあります。"
    )
    return _show(
        Chart(
            "chart-daily",
            "stacked_bars",
            "日別・納付方法別の収納額",
            summary,
            [_axis_label(day, index) for index, day in enumerate(days)],
            [text.short_day(day) for day in days],
            series,
        )
    )


def cumulative(data: DailyCollection, as_of: date) -> Html:
    """The running total since the first day, against the same days a year before where there are any."""
    days = data.period.days(as_of)
    if not data.by_day or not days:
        return paragraph("この期間の収納はないため、累計のグラフはありません。")
    this_year, before = running_totals(data, as_of)
    series = [Series("当期", list(this_year), THIS_YEAR)]
    summary = f"当期の累計は{text.yen(this_year[-1])}円です。"
    if before:
        series.append(Series("前年同期", list(before), YEAR_BEFORE, dashed=True))
        difference = this_year[-1] - before[-1]
        summary += (
            f"前年同期の同じ日までの累計は{text.yen(before[-1])}円で、"
            f"{text.yen(abs(difference))}円{'の増' if difference >= 0 else 'の減'}です。"
        )
    else:
        summary += "前年同期のデータはありません。"
    return _show(
        Chart(
            "chart-cumulative",
            "lines",
            "収納額の累計",
            summary,
            [_axis_label(day, index) for index, day in enumerate(days)],
            [text.short_day(day) for day in days],
            series,
        )
    )


def cumulative_by_month(months: Listing, group: str) -> Html:
    """The running total of a fiscal year by month against the year before; no line for months that are still to come.

    Args:
        months: the list ``by_month`` of the report 税目別月別収入, in the order of its months.
        group: of tax_group_name.
    """
    named = [dict(zip(months.names, row, strict=True)) for row in months.rows]
    rows = [row for row in named if row["tax_group_name"] == group]
    past = [row for row in rows if row["principal_to_date_yen"] is not None]
    if not past:
        return paragraph("この会計年度の収入はないため、グラフはありません。")
    collected, before = past[-1]["principal_to_date_yen"], past[-1]["previous_to_date_yen"]
    summary = f"{text.month(past[-1]['posted_month'])}までの累計は{text.yen(collected)}円です。"
    series = [Series("当年度", [row["principal_to_date_yen"] for row in rows], THIS_YEAR)]
    if any(row["previous_principal_yen"] for row in rows):
        series.append(Series("前年度", [row["previous_to_date_yen"] for row in rows], YEAR_BEFORE, dashed=True))
        difference = collected - before
        summary += (
            f"前年度の同じ月までの累計は{text.yen(before)}円で、"
            f"{text.yen(abs(difference))}円{'の増' if difference >= 0 else 'の減'}です。"
        )
    else:
        summary += "前年度のデータはありません。"
    labels = [f"{row['posted_month'].month}月" for row in rows]
    hover = [text.month(row["posted_month"]) for row in rows]
    return _show(Chart("chart-months", "lines", f"{group}の収入済額の累計", summary, labels, hover, series))


def _axis_label(day: date, index: int) -> str:
    return f"{day.month}/{day.day}" if index == 0 or day.day == 1 else str(day.day)


def running_totals(data: DailyCollection, as_of: date) -> tuple[list[int], list[int]]:
    """Yen collected since the first day, for each day up to ``as_of``: this period, and the same a year before.

    The second list is empty where the year before has no data at all.
    """
    days = data.period.days(as_of)
    this_year = _running(days, {line.posted_date: line.collected_yen for line in data.by_day})
    if not data.year_before:
        return this_year, []
    amounts: dict[date, int] = {}
    year_before = data.period.year_before()
    for total in data.year_before:
        # Day by day from the first; where a 29 February makes the year before longer, the last day takes the rest.
        day = data.period.first + (total.posted_date - year_before.first)
        amounts[min(day, data.period.last)] = amounts.get(min(day, data.period.last), 0) + total.collected_yen
    return this_year, _running(days, amounts)


def _running(days: list[date], amounts: dict[date, int]) -> list[int]:
    return list(accumulate(amounts.get(day, 0) for day in days))


def _show(chart: Chart) -> Html:
    figure = json.dumps(_plotly(chart), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return Html(
        f'<figure class="chart" id="{chart.chart_id}">'
        f'<figcaption id="{chart.chart_id}-caption"><b>{escape(chart.title)}</b> {escape(chart.summary)}</figcaption>'
        f'{svg.render(chart)}<div class="chart-live" aria-hidden="true"></div>'
        f'<script type="application/json">{figure}</script></figure>'
    )


def _plotly(chart: Chart) -> dict[str, object]:
    scale = svg.scale(*svg.extent(chart))
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
    hover = "%{customdata}<br>" + escape(series.name) + "：%{y:,d}円<extra></extra>"
    common = {
        "name": escape(series.name),
        "x": positions,
        "y": series.values,
        "customdata": chart.hover_labels,
        "hovertemplate": hover,
    }
    if chart.kind == "stacked_bars":
        return go.Bar(marker={"color": series.colour}, **common)
    line = {"color": series.colour, "width": 2.5, "dash": "dash" if series.dashed else "solid"}
    return go.Scatter(mode="lines", line=line, **common)
