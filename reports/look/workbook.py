"""The same figures as a workbook, for those who work in Excel: real dates, integers, native charts, A4 landscape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from reports.look.listing import Cell, ListColumn, Listing
from reports.look.svg import Chart
from reports.look.tables import Figure

FONT = "Yu Gothic"
RATE_FORMAT = '0.0;[Red]"▲"0.0;0.0'
YEN_FORMAT = '#,##0;[Red]"▲"#,##0;0'
DATE_FORMAT = "yyyy/mm/dd"
MOMENT_FORMAT = "yyyy/mm/dd hh:mm"
A4 = 9
HEAD_ROW = 3
"""Row (from 0) of the column headers: title, period and unit stand above."""

HEAD_HEIGHT = 30
"""Points: room for a header of two lines."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a sheet: its header and its width in characters."""

    label: str
    width: int = 15


def set_up_print(page: Any, footer: str, one_page: bool = False) -> None:
    """A4 landscape, one page wide (and high, if ``one_page``), with a footer and page numbers."""
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    page.fit_to_pages(1, 1 if one_page else 0)
    page.set_footer(f"&L{footer}&R&P / &N")
    page.hide_gridlines(2)


class Book:
    """An xlsx file in one style. Bytes depend on the content alone: the creation time is the report's."""

    def __init__(self, path: Path, title: str, subtitle: str, made_at: datetime) -> None:
        self.title = title
        self.subtitle = subtitle
        self.file = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
        self.file.set_properties({"title": title, "created": made_at})
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.file.formats[0].set_font_name(FONT)
        self.file.formats[0].set_font_size(10)

    def style(self, **properties: Any) -> Any:
        """The format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format({"font_name": FONT, "font_size": 10, **properties})
        return self._formats[key]

    def sheet(self, name: str, fields: Sequence[Field], unit: str = "単位：円", frozen_columns: int = 1) -> Sheet:
        """A new sheet with its head, printed on A4 landscape, one page wide, headers repeated."""
        return Sheet(self, name, fields, unit, frozen_columns)

    def close(self) -> None:
        """Write the file."""
        self.file.close()


class Sheet:
    """One table on one sheet, written from the top down."""

    def __init__(self, book: Book, name: str, fields: Sequence[Field], unit: str, frozen_columns: int) -> None:
        self.book = book
        self.name = name
        self.fields = fields
        self.row = HEAD_ROW + 1
        self.page = book.file.add_worksheet(name)
        self.page.write_string(0, 0, f"{book.title}　{name}", book.style(bold=True, font_size=14))
        self.page.write_string(1, 0, f"{book.subtitle}　{unit}", book.style())
        head = book.style(bold=True, bg_color="#E9ECF1", border=1, align="center", valign="vcenter", text_wrap=True)
        for column, item in enumerate(fields):
            self.page.write_string(HEAD_ROW, column, item.label, head)
            self.page.set_column(column, column, item.width)
        self.page.set_row(HEAD_ROW, HEAD_HEIGHT)
        self.page.freeze_panes(HEAD_ROW + 1, frozen_columns)
        self.page.repeat_rows(HEAD_ROW)
        set_up_print(self.page, f"{book.title}　{book.subtitle}")

    def line(self, cells: Sequence[Cell], is_sum: bool = False) -> int:
        """Write one row; returns its number (from 0)."""
        look: dict[str, Any] = {"border": 1, "border_color": "#B5BAC3", "valign": "top"}
        if is_sum:
            look |= {"bold": True, "bg_color": "#F3F4F6"}
        for column, cell in enumerate(cells):
            self._write(column, cell, look)
        self.row += 1
        return self.row - 1

    def _write(self, column: int, cell: Cell, look: dict[str, Any]) -> None:
        style = self.book.style
        if cell is None:
            self.page.write_blank(self.row, column, None, style(**look))
        elif isinstance(cell, datetime):
            self.page.write_datetime(self.row, column, cell, style(**look, num_format=MOMENT_FORMAT))
        elif isinstance(cell, date):
            self.page.write_datetime(self.row, column, cell, style(**look, num_format=DATE_FORMAT))
        elif isinstance(cell, Decimal):
            self.page.write_number(self.row, column, cell, style(**look, num_format=RATE_FORMAT))
        elif isinstance(cell, int):
            self.page.write_number(self.row, column, cell, style(**look, num_format=YEN_FORMAT))
        else:
            wide = 2 * len(cell) > self.fields[column].width
            self.page.write_string(self.row, column, cell, style(**look, text_wrap=wide, indent=1))

    def sentence(self, words: str) -> None:
        """A sentence in place of, or below, the table."""
        self.page.write_string(self.row, 0, words, self.book.style())
        self.row += 1

    def heading(self, words: str) -> None:
        """A heading inside a sheet, after an empty row."""
        self.page.write_string(self.row + 1, 0, words, self.book.style(bold=True, font_size=11))
        self.row += 2

    def filter(self) -> None:
        """Filter arrows on the headers of what has been written."""
        if self.row > HEAD_ROW + 1:
            self.page.autofilter(HEAD_ROW, 0, self.row - 1, len(self.fields) - 1)

    def chart(self, chart: Chart, columns: range, rows: range) -> None:
        """A native chart beside the cells that it reads: a series a column, its places in the first one."""
        kind = {"bars": {"type": "column", "subtype": "stacked"}, "lines": {"type": "line"}}[chart.kind]
        drawn = self.book.file.add_chart(kind)
        for series, column in zip(chart.series, columns, strict=True):
            look: dict[str, Any] = {"fill": {"color": series.colour}, "gap": 40}
            if chart.kind == "lines":
                dash = "dash" if series.dashed else "solid"
                look = {"line": {"color": series.colour, "width": 2.25, "dash_type": dash}}
            drawn.add_series(
                {
                    "name": [self.name, HEAD_ROW, column],
                    "categories": [self.name, rows.start, 0, rows.stop - 1, 0],
                    "values": [self.name, rows.start, column, rows.stop - 1, column],
                    **look,
                }
            )
        shape = RATE_FORMAT if chart.unit == "permille" else "#,##0"
        drawn.set_title({"name": chart.title, "name_font": {"name": FONT, "size": 12}, "overlay": False})
        drawn.set_x_axis({"num_font": {"name": FONT, "size": 9}})
        drawn.set_y_axis({"num_format": shape, "major_gridlines": {"visible": True, "line": {"color": "#D5D8DD"}}})
        drawn.set_legend({"position": "bottom", "font": {"name": FONT, "size": 9}})
        drawn.set_size({"width": 1000, "height": 370})
        self.page.insert_chart(HEAD_ROW, columns.stop + 1, drawn, {"description": chart.title})
        self.page.fit_to_pages(1, 1)


_WIDTHS = {"_name": 36, "reason": 60, "_key": 50, "_keys": 100, "file": 36, "_id": 42, "sha256": 66, "sentence": 70}
"""Characters, by how a column's name ends: wide enough that nothing wraps."""


def write_list(book: Book, listing: Listing) -> None:
    """A list whole, on a sheet of its own: amounts are whole yen, dates are dates."""
    fields = [Field(column.label, _width(column, listing)) for column in listing.columns]
    sheet = book.sheet(listing.sheet, fields)
    for row in listing.rows:
        cells = [column.cell(row.values.get(column.name), row.is_sum) for column in listing.columns]
        if row.is_sum and None in cells:
            cells[cells.index(None)] = "計"
        sheet.line(cells, row.is_sum)
    sheet.filter()
    if not listing.rows:
        sheet.sentence(listing.nothing)
    for sentence in listing.notes:
        sheet.sentence(sentence)


def _width(column: ListColumn, listing: Listing) -> int:
    if column.names is not None:
        longest = max((len(str(column.cell(row[column.name]) or "")) for row in listing.base), default=0)
        return min(max(2 * longest + 3, 9), 60)
    return next((width for end, width in _WIDTHS.items() if column.name.endswith(end)), 15)


def write_chart(book: Book, sheet_name: str, place: str, chart: Chart) -> None:
    """A chart on a sheet of its own, above it the cells that it reads; rates in percent."""
    fields = [Field(place, 20), *(Field(series.name, 16) for series in chart.series)]
    unit = {"yen": "単位：円", "count": "単位：件", "permille": "単位：％"}[chart.unit]
    sheet = book.sheet(sheet_name, fields, unit=unit)
    for index, label in enumerate(chart.hover_labels):
        sheet.line([label, *(_value(chart, series.values[index]) for series in chart.series)])
    rows = range(HEAD_ROW + 1, HEAD_ROW + 1 + len(chart.hover_labels))
    sheet.chart(chart, range(1, len(chart.series) + 1), rows)


def _value(chart: Chart, value: int | None) -> Cell:
    return Decimal(value).scaleb(-1) if value is not None and chart.unit == "permille" else value


def write_cover(
    book: Book, figures: Sequence[Figure], remarks: Sequence[str], record: Sequence[tuple[str, str]]
) -> None:
    """The first sheet: key figures, 検算 and warnings, and how the report was made."""
    sheet = book.sheet("概要", [Field("項目", 26), Field("値", 22), Field("備考", 70)], unit="金額の単位：円")
    for figure in figures:
        sheet.line([figure.name, figure.value, figure.remark or ("件" if figure.unit == "件" else "")])
    sheet.page.fit_to_pages(1, 1)
    sheet.heading("検算と注意事項")
    for remark in remarks or ["注意事項はありません。"]:
        sheet.sentence(remark)
    sheet.heading("作成記録")
    for name, value in record:
        sheet.sentence(f"{name}：{value}")
