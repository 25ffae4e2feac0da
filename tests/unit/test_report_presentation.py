"""Words, figures, tables and drawings, without a warehouse."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from reports.look import svg, text
from reports.look.html import attention, paragraph
from reports.look.svg import Chart, Series
from reports.look.tables import Column, Line, Table, render
from reports.period import Period


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
        assert "<script" not in piece.markup
        assert "&lt;script&gt;" in piece.markup


def test_a_table_has_caption_and_header_cells() -> None:
    table = Table(
        "t", "表題", "税目", [Column("件数"), Column("額", spanner="計")], [Line("市民税", ["1", "2"], "年度")]
    )
    markup = render(table).markup
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
    drawing = ElementTree.fromstring(svg.render(chart("stacked_bars", [100, 0], [300, -200])))
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
