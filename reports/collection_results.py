"""市町村税の徴収実績調 in the layout of the official form: 千円, its rows and its columns.

Each cell is rounded half up by itself, so that sums may differ from their parts by the rounding. What no extract
delivers (標準税率超過, 徴収猶予) has its column and stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ibis.expr.types import Table

from reports.context import ABOVE_ALL, Report
from reports.look import text
from reports.look.html import Html, join
from reports.look.listing import ListColumn, Listing, ListRow, Row
from reports.look.tables import Column, Line, render
from reports.look.tables import Table as PageTable
from reports.look.workbook import HEAD_ROW, RATE_FORMAT, YEN_FORMAT, Book, set_up_print

NOTE = (
    "単位未満は四捨五入したため、計と内訳が一致しないことがあります。標準税率超過及び徴収猶予の欄は、"
    "抽出データに項目がないため空欄です。"
)
_ALL_BODIES = "合計は国民健康保険税（料）を含みません。県民税及び森林環境税は含みません。"
_WHOLE = 100
_FIRST_ROW = HEAD_ROW + 3
"""Row (from 0) of the form's first line: its head takes three."""


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column of the form: the group above it, its header, its letter, the table's column (None: not delivered)."""

    group: str
    label: str
    letter: str
    source: str | None


_ASSESSED, _RECEIVED, _RATES = "調定済額", "収入済額", "徴収率（％）"
COLUMNS = [
    FormColumn(_ASSESSED, "現年課税分", "Ａ", "current_assessed_yen"),
    FormColumn(_ASSESSED, "滞納繰越分", "Ｂ", "carried_over_assessed_yen"),
    FormColumn(_ASSESSED, "合計", "Ｃ", "assessed_yen"),
    FormColumn(_ASSESSED, "標準税率超過調定額", "Ｄ", None),
    FormColumn(_ASSESSED, "Ｃのうち徴収猶予に係る調定済額", "", None),
    FormColumn(_RECEIVED, "現年課税分", "Ｅ", "current_received_yen"),
    FormColumn(_RECEIVED, "滞納繰越分", "Ｆ", "carried_over_received_yen"),
    FormColumn(_RECEIVED, "合計", "Ｇ", "received_yen"),
    FormColumn(_RECEIVED, "標準税率超過収入済額", "Ｈ", None),
    FormColumn(_RATES, "現年課税分", "Ｅ／Ａ", "current_collection_rate"),
    FormColumn(_RATES, "滞納繰越分", "Ｆ／Ｂ", "carried_over_collection_rate"),
    FormColumn(_RATES, "合計", "Ｇ／Ｃ", "collection_rate"),
    FormColumn("対前年度（％）", "前年度の徴収率", "", "previous_collection_rate"),
    FormColumn("対前年度（％）", "収入済額Ｇの増減率", "", "received_change_rate"),
]


def thousands(yen: int) -> int:
    """千円, half up away from zero.

    >>> thousands(1_500), thousands(1_499), thousands(-1_500)
    (2, 1, -2)
    """
    return int(Decimal(yen).scaleb(-3).quantize(Decimal(1), ROUND_HALF_UP))


def percent(rate: Decimal) -> Decimal:
    """A rate in percent with one decimal, half up.

    >>> percent(Decimal("0.967921"))
    Decimal('96.8')
    """
    return rate.scaleb(2).quantize(Decimal("0.1"), ROUND_HALF_UP)


def permille(rate: Decimal | None) -> int | None:
    """A rate in tenths of a percent, half up; None where there is none.

    >>> permille(Decimal("0.967921"))
    968
    """
    return None if rate is None else int(percent(rate).scaleb(1))


def form_rows(rows: Sequence[Row]) -> list[tuple[str, list[int | Decimal | None]]]:
    """Each row's heading, indented as on the form, and its cells as they are printed."""
    return [
        ("　" * max(row["depth"] - 1, 0) + row["label_ja"], [_cell(row, column) for column in COLUMNS]) for row in rows
    ]


def _cell(row: dict[str, Any], column: FormColumn) -> int | Decimal | None:
    value = None if column.source is None else row[column.source]
    if value is None:
        return None
    return percent(value) if isinstance(value, Decimal) else thousands(value)


def show(report: Report, form: Table) -> Html:
    """The form's rows that hold something, as a table of the page; the workbook has the form with every row.

    Args:
        report: keeps the form among its figures, and writes it into its workbook.
        form: rows of rpt_collection_results in the order of the form, with the ``depth`` of each.
    """
    names = [column.source for column in COLUMNS if column.source]
    rows = report.rows(form.select("label_ja", "depth", *names))
    listed = [ListColumn(name, name) for name in ("label_ja", "depth", *names)]
    report.lists["form"] = Listing("form", "", "", "", listed, [ListRow(row) for row in rows])
    report.sheets.append(lambda book: _write(report, rows, book))
    columns = [Column(column.label, spanner=column.group) for column in COLUMNS if column.source]
    lines = [
        Line(label, [_shown(cell) for cell, column in zip(cells, COLUMNS, strict=True) if column.source])
        for label, cells in form_rows(rows)
        if any(cells)
    ]
    table = render(PageTable("form", "市町村税の徴収実績調（単位：千円）", "区分", columns, lines))
    above = any(isinstance(cell, Decimal) and cell > _WHOLE for _, cells in form_rows(rows) for cell in cells)
    notes = [NOTE, _ALL_BODIES, *([ABOVE_ALL] if above else [])]
    return join(table, *(text.note(note) for note in notes))


def _shown(cell: int | Decimal | None) -> str:
    if isinstance(cell, int):
        return text.yen(cell)
    return text.NOTHING if cell is None else str(cell).replace("-", "▲")


def _write(report: Report, rows: Sequence[Row], book: Book) -> None:
    """The form on one sheet of A4 landscape, with every row and every column of it."""
    year = text.fiscal_year(report.fiscal_year)
    page = book.file.add_worksheet("徴収実績調")
    page.write_string(0, 0, f"市町村税の徴収実績調　{year}", book.style(bold=True, font_size=14))
    page.write_string(1, 0, f"{report.city}　{text.wareki_day(report.as_of)}現在", book.style())
    page.write_string(1, len(COLUMNS) - 1, "（単位：千円、％）", book.style())
    _write_head(book, page)
    edge = {"border": 1, "valign": "vcenter"}
    for number, (label, cells) in enumerate(form_rows(rows), _FIRST_ROW):
        page.write_string(number, 0, label, book.style(**edge))
        for column, cell in enumerate(cells, 1):
            if cell is None:
                page.write_blank(number, column, None, book.style(**edge))
            else:
                shape = RATE_FORMAT if isinstance(cell, Decimal) else YEN_FORMAT
                page.write_number(number, column, cell, book.style(**edge, num_format=shape))
    last = _FIRST_ROW + len(rows)
    page.write_string(last, 0, NOTE, book.style(font_size=9))
    page.write_string(last + 1, 0, _ALL_BODIES, book.style(font_size=9))
    page.set_column(0, 0, 34)
    page.set_column(1, len(COLUMNS), 12)
    page.freeze_panes(_FIRST_ROW, 1)
    set_up_print(page, f"{report.city}　{report.entry.title_ja}", one_page=True)


def _write_head(book: Book, page: Any) -> None:
    look = book.style(bold=True, bg_color="#E9ECF1", border=1, align="center", valign="vcenter", text_wrap=True)
    page.merge_range(HEAD_ROW, 0, HEAD_ROW + 2, 0, "区分", look)
    for first, last in _groups(COLUMNS):
        page.merge_range(HEAD_ROW, first + 1, HEAD_ROW, last + 1, COLUMNS[first].group, look)
    for number, column in enumerate(COLUMNS, 1):
        page.write_string(HEAD_ROW + 1, number, column.label, look)
        page.write_string(HEAD_ROW + 2, number, column.letter, look)
    page.set_row(HEAD_ROW + 1, 44)


def _groups(columns: Sequence[FormColumn]) -> list[tuple[int, int]]:
    """First and last column of each group."""
    names = [column.group for column in columns]
    return [(names.index(name), len(names) - 1 - names[::-1].index(name)) for name in dict.fromkeys(names)]
