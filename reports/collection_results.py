"""市町村税の徴収実績調 in the layout of the official form: 千円, its rows and its columns.

Each cell is rounded half up by itself, so that sums may differ from their parts by the rounding. What no extract
delivers (標準税率超過, 徴収猶予) has its column and stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from reports.context import Report
from reports.listings import Listings
from reports.look import text
from reports.look.html import Html, join, paragraph
from reports.look.tables import Column, Line, Table, render
from reports.look.workbook import HEAD_ROW, RATE_FORMAT, YEN_FORMAT, Book, set_up_print

NOTE = (
    "単位未満は四捨五入したため、計と内訳が一致しないことがあります。標準税率超過及び徴収猶予の欄は、"
    "抽出データに項目がないため空欄です。"
)
_ALL_BODIES = "合計は国民健康保険税（料）を含みません。県民税及び森林環境税は含みません。"
_FIRST_ROW = HEAD_ROW + 3
"""Row (from 0) of the form's first line: its head takes three."""


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column of the form: the group above it, its header, its letter, the query's column (None: not delivered)."""

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


def form_rows(found: Listings) -> list[tuple[str, list[int | Decimal | None]]]:
    """Each row's heading, indented as on the form, and its cells as they are printed."""
    listing = found.lists["form"]
    rows = []
    for values in listing.rows:
        row = dict(zip(listing.names, values, strict=True))
        rows.append(("　" * max(row["depth"] - 1, 0) + row["label_ja"], [_cell(row, column) for column in COLUMNS]))
    return rows


def _cell(row: dict[str, Any], column: FormColumn) -> int | Decimal | None:
    value = None if column.source is None else row[column.source]
    if value is None:
        return None
    return percent(value) if isinstance(value, Decimal) else thousands(value)


def show(found: Listings) -> Html:
    """The form's rows that hold something, as a table of the page; the workbook has every row."""
    columns = [Column(column.label, spanner=column.group) for column in COLUMNS if column.source]
    lines = [
        Line(label, [_shown(cell) for cell, column in zip(cells, COLUMNS, strict=True) if column.source])
        for label, cells in form_rows(found)
        if any(cells)
    ]
    table = render(Table("form", "市町村税の徴収実績調（単位：千円）", "区分", columns, lines))
    return join(table, text.note(NOTE), paragraph(_ALL_BODIES, "note"))


def _shown(cell: int | Decimal | None) -> str:
    if isinstance(cell, int):
        return text.yen(cell)
    return text.NOTHING if cell is None else str(cell).replace("-", "▲")


def workbook(report: Report, found: Listings, path: Path) -> None:
    """The form on one sheet of A4 landscape, with every row and every column of it."""
    year = text.fiscal_year(int(report.order.parameters["fiscal_year"]))
    book = Book(path, f"{report.city}　{report.entry.title_ja}", year, report.made_at)
    page = book.file.add_worksheet("徴収実績調")
    page.write_string(0, 0, f"市町村税の徴収実績調　{year}", book.style(bold=True, font_size=14))
    page.write_string(1, 0, f"{report.city}　{text.wareki_day(report.as_of)}現在", book.style())
    page.write_string(1, len(COLUMNS) - 1, "（単位：千円、％）", book.style())
    _write_head(book, page)
    edge = {"border": 1, "valign": "vcenter"}
    for number, (label, cells) in enumerate(form_rows(found), _FIRST_ROW):
        page.write_string(number, 0, label, book.style(**edge))
        for column, cell in enumerate(cells, 1):
            if cell is None:
                page.write_blank(number, column, None, book.style(**edge))
            else:
                shape = RATE_FORMAT if isinstance(cell, Decimal) else YEN_FORMAT
                page.write_number(number, column, cell, book.style(**edge, num_format=shape))
    last = _FIRST_ROW + len(found.lists["form"].rows)
    page.write_string(last, 0, NOTE, book.style(font_size=9))
    page.write_string(last + 1, 0, _ALL_BODIES, book.style(font_size=9))
    page.set_column(0, 0, 34)
    page.set_column(1, len(COLUMNS), 12)
    page.freeze_panes(_FIRST_ROW, 1)
    set_up_print(page, f"{report.city}　{report.entry.title_ja}", one_page=True)
    book.close()


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
