"""Words, figures, tables and drawings, without a warehouse."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.checks import calendar_effects
from reports.look import svg, text
from reports.look.html import attention, paragraph
from reports.look.listing import columns_of, in_order, permille, with_rates, with_sums
from reports.look.svg import Chart, Series
from reports.look.tables import Column, Line, Table, render
from reports.period import Period, month_of, running_totals


def test_figures_and_dates_in_japanese() -> None:
    assert text.yen(1234567) == "1,234,567"
    assert text.yen(-1000) == "▲1,000"
    assert text.yen(None) == "－"
    assert text.wareki_day(date(2026, 5, 1)) == "令和8年5月1日"
    assert text.short_day(date(2026, 5, 1)) == "5月1日(金)"
    assert text.moment(datetime.fromisoformat("2026-06-01 07:05")) == "令和8年6月1日 7時05分"
    assert text.fiscal_year(2026) == "令和8年度"


def test_periods_in_japanese() -> None:
    assert text.period(Period(date(2026, 5, 1), date(2026, 5, 31))) == "令和8年5月分"
    assert text.period(Period(date(2026, 5, 1), date(2026, 5, 1))) == "令和8年5月1日（金）"
    assert text.period(Period(date(2019, 4, 1), date(2019, 5, 31))) == "平成31年4月1日から令和元年5月31日まで"


def test_data_is_escaped_everywhere() -> None:
    hostile = "<script>alert('x')</script>"
    table = Table("t", hostile, hostile, [Column(hostile)], [Line(hostile, [hostile], hostile)])
    for piece in (paragraph(hostile), attention([hostile]), render(table)):
        assert "<script" not in str(piece)
        assert "&lt;script&gt;" in str(piece)


def test_a_table_has_caption_and_header_cells() -> None:
    table = Table(
        "t", "表題", "税目", [Column("件数"), Column("額", spanner="計")], [Line("市民税", ["1", "2"], "年度")]
    )
    markup = str(render(table))
    assert '<caption id="t-caption">表題</caption>' in markup
    assert re.search(r'<th scope="row"[^>]*>市民税</th>', markup)
    assert re.search(r'<th[^>]*scope="col"[^>]*>件数</th>', markup)
    assert re.search(r'<th[^>]*scope="colgroup"[^>]*>年度</th>', markup)
    assert "<style" not in markup
    assert "style=" not in markup


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_a_scale_encloses_what_it_shows_in_few_even_steps(one: int, other: int) -> None:
    low, high = min(one, other, 0), max(one, other, 0)
    scale = svg.scale(low, high)
    assert scale.low <= low <= high <= scale.high
    assert 2 <= len(scale.ticks) <= svg.MOST_STEPS + 2
    assert len({after - before for before, after in zip(scale.ticks, scale.ticks[1:], strict=False)}) == 1
    assert len(scale.texts) == len(set(scale.texts)) == len(scale.ticks)


def chart(kind: str, *values: list[int | None]) -> Chart:
    series = [Series(f"系列<{number}>", line, "#123456") for number, line in enumerate(values)]
    labels = [str(number + 1) for number in range(len(values[0]))]
    return Chart("c", kind, "題", "要約", labels, labels, series)  # type: ignore[arg-type]


def test_stacked_bars_are_as_high_as_their_yen() -> None:
    drawing = ElementTree.fromstring(svg.render(chart("bars", [100, 0], [300, -200])))
    bars = [element for element in drawing.iter() if element.tag.endswith("rect") and element.get("width") != "14"]
    heights = [float(bar.get("height", 0)) for bar in bars]
    assert len(heights) == 3
    assert abs(heights[1] / heights[0] - 3) < 0.01
    assert abs(heights[2] / heights[0] - 2) < 0.01
    bottom_of_second = float(bars[1].get("y", 0)) + heights[1]
    assert abs(bottom_of_second - float(bars[0].get("y", 0))) < 0.02


def test_lines_leave_out_what_is_missing() -> None:
    drawing = ElementTree.fromstring(svg.render(chart("lines", [1, 2, None])))
    lines = [element for element in drawing.iter() if element.tag.endswith("polyline")]
    assert [len(line.get("points", "").split()) for line in lines] == [2]


def test_rates_are_drawn_where_they_change_and_counts_in_their_unit() -> None:
    assert svg.extent(replace(chart("lines", [968, 991]), unit="permille")) == (968, 991)
    assert svg.scale(968, 991, "permille").unit == "‰"
    assert svg.scale(200, 991, "permille").unit == "％"
    assert svg.scale(0, 2_500, "count").unit == "件"
    alone = ElementTree.fromstring(svg.render(replace(chart("lines", [968]), unit="permille")))
    assert [element for element in alone.iter() if element.tag.endswith("circle")]


def test_running_totals_stand_beside_those_of_the_years_before() -> None:
    """29 February 2024 has no day of its own in the months that are compared with it: the last day takes it."""
    amounts = {date(2025, 2, 3): 5, date(2025, 2, 28): 1, date(2024, 2, 3): 7, date(2024, 2, 29): 2}
    rows = running_totals(amounts, month_of(date(2025, 2, 1)), date(2025, 2, 28), 3)
    ends = {str(row["year"]): row["running_yen"] for row in rows}
    assert ends == {"当期": 6, "前年同期": 9}
    assert len(rows) == 2 * 28
    until = running_totals(amounts, month_of(date(2025, 2, 1)), date(2025, 2, 10), 3)
    assert [row["running_yen"] for row in until if row["posted_date"] == date(2025, 2, 10)] == [5, 7]


ROWS = [
    {"kind": "b", "item": "x", "paid_yen": 2, "owed_yen": 4, "n_to_date_yen": 9},
    {"kind": "a", "item": "y", "paid_yen": 1, "owed_yen": 0, "n_to_date_yen": 8},
    {"kind": "a", "item": "x", "paid_yen": 3, "owed_yen": 6, "n_to_date_yen": 7},
    {"kind": None, "item": "z", "paid_yen": 5, "owed_yen": 5, "n_to_date_yen": 6},
]


def test_sums_stand_behind_what_they_sum() -> None:
    rows = in_order(ROWS, ["kind", "item"], [])
    assert [row["kind"] for row in rows] == ["a", "a", "b", None]
    lines = with_sums(rows, ["kind", "item"], [["kind"], ["item"], []])
    told = [(line.is_sum, line.values["kind"], line.values["item"], line.values["paid_yen"]) for line in lines]
    assert told == [
        (False, "a", "x", 3),
        (False, "a", "y", 1),
        (True, "a", None, 4),
        (False, "b", "x", 2),
        (True, "b", None, 2),
        (False, None, "z", 5),
        (True, None, None, 5),
        (True, None, "x", 5),
        (True, None, "y", 1),
        (True, None, "z", 5),
        (True, None, None, 11),
    ]
    assert {line.values["n_to_date_yen"] for line in lines if line.is_sum} == {None}


def test_rates_are_those_of_the_sums_and_shares_those_of_the_whole() -> None:
    lines = with_sums([dict(row) for row in ROWS], ["kind", "item"], [[]])
    with_rates(lines, {"rate_permille": ("paid_yen", "owed_yen")}, {"share_permille": "paid_yen"})
    assert [line.values["rate_permille"] for line in lines] == [500, None, 500, 1000, 733]
    assert [line.values["share_permille"] for line in lines] == [182, 91, 273, 455, 1000]


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_tenths_of_a_percent_are_half_up(part: int, base: int) -> None:
    expected = (Decimal(part) * 1000 / Decimal(base)).quantize(Decimal(1), ROUND_HALF_UP)
    if abs(Decimal(part) * 1000 / Decimal(base) % 1 - Decimal("0.5")) > Decimal("1e-12"):
        assert permille(part, base) == expected


def test_a_column_without_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label for strange_yen"):
        columns_of(["strange_yen", "assessed_yen"], ["fct_settlement_lines"], {}, {})
    label, own = columns_of(["assessed_yen", "strange_yen"], ["fct_settlement_lines"], {"strange_yen": "別の額"}, {})
    assert (label.label, own.label) == ("調定額", "別の額")


def test_codes_are_shown_by_their_words() -> None:
    state, item = columns_of(
        ["state", "tax_item_code"], ["fct_dues"], {}, {"tax_item_code": {None: "なし", "10": "税"}}
    )
    assert (state.shown("delinquent"), state.shown("no such"), state.shown(None)) == ("滞納", "no such", "")
    assert (item.label, item.shown("10"), item.shown(None), item.shown(None, is_sum=True)) == ("科目", "税", "なし", "")


def test_the_months_that_paid_in_the_next_are_named() -> None:
    said = calendar_effects(Period(date(2025, 4, 1), date(2026, 3, 31)))
    assert "令和7年5月（31日が土曜日）" in said and "令和7年11月（30日が日曜日）" in said
    assert "令和7年6月" not in said
    assert calendar_effects(month_of(date(2025, 6, 10))) == ""
