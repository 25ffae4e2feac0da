"""The same figures as a workbook, for those who work in Excel: real dates, integers, native charts, A4 landscape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from reports.look import text
from reports.look.charts import CHANNEL_COLOURS, OTHER_COLOUR, THIS_YEAR, YEAR_BEFORE, running_totals
from reports.queries import Amounts, DailyCollection, TaxItemLine

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

Cell = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a sheet: its header and its width in characters."""

    label: str
    width: int = 15


_AMOUNTS = [
    Field("件数", 9),
    Field("本税", 16),
    Field("督促手数料", 11),
    Field("延滞金", 11),
    Field("過誤納", 11),
    Field("収入済額計", 16),
    Field("不明金", 11),
    Field("収納額計", 16),
    Field("還付", 11),
    Field("充当（受）", 11),
    Field("充当（払）", 11),
]


def _amounts(line: Amounts) -> list[Cell]:
    return [
        line.receipt_count,
        line.principal_yen,
        line.reminder_fee_yen,
        line.late_charge_yen,
        line.overpaid_yen,
        line.revenue_yen,
        line.suspense_yen,
        line.collected_yen,
        line.refunded_yen,
        line.offset_in_yen,
        line.offset_out_yen,
    ]


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


@dataclass(frozen=True, slots=True)
class Cover:
    """What a workbook says about itself: city, the last day covered, when it was made (JST), remarks, and how."""

    city: str
    as_of: date
    made_at: datetime
    remarks: Sequence[str]
    record: Sequence[tuple[str, str]]


def daily_collection(path: Path, data: DailyCollection, cover: Cover) -> None:
    """Write the workbook of the 日計表 to ``path``; all amounts are whole yen."""
    book = Book(path, f"{cover.city}　日計表（収納状況）", text.period(data.period), cover.made_at)
    _overview(book, data, cover)
    _tax_items(book, data)
    _days(book, data, cover.as_of)
    _detail(book, data)
    _channels(book, data)
    _remittances(book, data)
    _suspense(book, data)
    _loads(book, data)
    book.close()


def _overview(book: Book, data: DailyCollection, cover: Cover) -> None:
    sheet = book.sheet("概要", [Field("項目", 26), Field("値", 22), Field("備考", 70)], unit="金額の単位：円")
    totals = data.totals
    rows: list[tuple[str, int, str]] = [
        ("収納件数", totals.receipt_count, "件"),
        ("収納額", totals.collected_yen, "収入済額と不明金の計"),
        ("　本税", totals.principal_yen, ""),
        ("　督促手数料", totals.reminder_fee_yen, ""),
        ("　延滞金", totals.late_charge_yen, ""),
        ("　過誤納", totals.overpaid_yen, ""),
        ("　不明金", totals.suspense_yen, "期間中の増減"),
        ("還付", totals.refunded_yen, "別掲"),
        ("充当（受）", totals.offset_in_yen, "別掲"),
        ("充当（払）", totals.offset_out_yen, "別掲"),
        (
            "不明金残高",
            data.suspense_balance.yen,
            f"{text.count(data.suspense_balance.count)}件（期末までの受入分の基準日残高）",
        ),
        (
            "仮消込（速報）残",
            data.provisional.yen,
            f"確報待ち {text.count(data.provisional.count)}件。収納額に含まない",
        ),
    ]
    for row in rows:
        sheet.line(row)
    sheet.page.fit_to_pages(1, 1)
    sheet.heading("検算と注意事項")
    for remark in cover.remarks:
        sheet.sentence(remark)
    sheet.heading("作成記録")
    for name, value in cover.record:
        sheet.sentence(f"{name}：{value}")


def _tax_items(book: Book, data: DailyCollection) -> None:
    fields = [Field("会計年度", 12), Field("科目", 7), Field("税目", 28), Field("区分", 8), *_AMOUNTS]
    sheet = book.sheet("日計", fields, frozen_columns=4)
    for whole in data.by_year:
        year = text.fiscal_year(whole.fiscal_year)
        for item in data.by_tax_item:
            if item.tax_item_code is not None and item.fiscal_year == whole.fiscal_year:
                sheet.line([year, *_item_cells(item)])
        for part in data.by_year_and_class:
            if part.fiscal_year == whole.fiscal_year:
                label = text.arrears_class(part.arrears_class or "none")
                sheet.line([year, None, "小計", label, *_amounts(part)], is_sum=True)
        sheet.line([year, None, "年度計", None, *_amounts(whole)], is_sum=True)
    for item in data.by_tax_item:
        if item.tax_item_code is None:
            sheet.line([None, *_item_cells(item)])
    sheet.line(["総計", None, None, None, *_amounts(data.totals)], is_sum=True)
    _say_when_empty(sheet, data)


def _item_cells(item: TaxItemLine) -> list[Cell]:
    name = text.tax_item(item.tax_item_code, item.tax_item_name)
    return [item.tax_item_code, name, text.arrears_class(item.arrears_class), *_amounts(item)]


def _say_when_empty(sheet: Sheet, data: DailyCollection) -> None:
    if data.is_empty:
        sheet.sentence("この期間の収納はありません。")


def _days(book: Book, data: DailyCollection, as_of: date) -> None:
    channels = {line.channel_code: line.channel_name for line in data.by_channel}
    fields = [Field("収納日", 12), Field("和暦", 20), Field("件数", 9)]
    fields += [Field(name, 16) for name in channels.values()]
    fields += [Field("収納額計"), Field("累計"), Field("前年同期の累計")]
    sheet = book.sheet("日別", fields, frozen_columns=2)
    amounts = {(line.posted_date, line.channel_code): line.collected_yen for line in data.by_day_and_channel}
    lines = {line.posted_date: line for line in data.by_day}
    days = data.period.days(as_of)
    this_year, before = running_totals(data, as_of)
    for number, day in enumerate(days):
        line = lines.get(day)
        sheet.line(
            [
                day,
                text.wareki_day(day),
                line.receipt_count if line else 0,
                *(amounts.get((day, code), 0) for code in channels),
                line.collected_yen if line else 0,
                this_year[number],
                before[number] if before else None,
            ]
        )
    totals = [sum(yen for (_, code), yen in amounts.items() if code == wanted) for wanted in channels]
    last = len(days) + HEAD_ROW
    sheet.line(["総計", None, data.totals.receipt_count, *totals, data.totals.collected_yen, None, None], is_sum=True)
    _say_when_empty(sheet, data)
    if not data.is_empty and days:
        _charts(sheet, list(channels), last, bool(before))


def _charts(sheet: Sheet, channels: Sequence[str | None], last: int, has_before: bool) -> None:
    """The sheet グラフ: native charts that read the daily sheet's cells."""
    first = HEAD_ROW + 1
    categories = [sheet.name, first, 0, last, 0]
    bars = sheet.book.file.add_chart({"type": "column", "subtype": "stacked"})
    for number, code in enumerate(channels):
        column = 3 + number
        bars.add_series(
            {
                "name": [sheet.name, HEAD_ROW, column],
                "categories": categories,
                "values": [sheet.name, first, column, last, column],
                "fill": {"color": CHANNEL_COLOURS.get(code or "", OTHER_COLOUR)},
                "gap": 40,
            }
        )
    running = sheet.book.file.add_chart({"type": "line"})
    column = 3 + len(channels) + 1
    for offset, colour, dash in ((0, THIS_YEAR, "solid"), (1, YEAR_BEFORE, "dash"))[: 2 if has_before else 1]:
        running.add_series(
            {
                "name": [sheet.name, HEAD_ROW, column + offset],
                "categories": categories,
                "values": [sheet.name, first, column + offset, last, column + offset],
                "line": {"color": colour, "width": 2.25, "dash_type": dash},
            }
        )
    page = sheet.book.file.add_worksheet("グラフ")
    page.write_string(0, 0, f"{sheet.book.title}　グラフ", sheet.book.style(bold=True, font_size=14))
    page.write_string(1, 0, f"{sheet.book.subtitle}　単位：円", sheet.book.style())
    set_up_print(page, f"{sheet.book.title}　{sheet.book.subtitle}", one_page=True)
    for chart, title, row in ((bars, "日別・納付方法別の収納額", 3), (running, "収納額の累計", 22)):
        chart.set_title({"name": title, "name_font": {"name": FONT, "size": 12}, "overlay": False})
        chart.set_x_axis({"num_format": "m/d", "num_font": {"name": FONT, "size": 9}, "date_axis": True})
        chart.set_y_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D5D8DD"}}})
        chart.set_legend({"position": "bottom", "font": {"name": FONT, "size": 9}})
        chart.set_size({"width": 1000, "height": 370})
        page.insert_chart(row, 0, chart, {"description": title})


def _detail(book: Book, data: DailyCollection) -> None:
    fields = [
        Field("収納日", 12),
        Field("和暦", 20),
        Field("会計年度", 12),
        Field("科目", 7),
        Field("税目", 28),
        Field("区分", 8),
        Field("納付方法", 20),
        Field("支所", 8),
        *_AMOUNTS,
    ]
    sheet = book.sheet("日計明細", fields, frozen_columns=2)
    for line in data.detail:
        sheet.line(
            [
                line.posted_date,
                text.wareki_day(line.posted_date),
                "" if line.tax_item_code is None else text.fiscal_year(line.fiscal_year),
                line.tax_item_code,
                text.tax_item(line.tax_item_code, line.tax_item_name),
                text.arrears_class(line.arrears_class),
                line.channel_name,
                line.branch_code,
                *_amounts(line),
            ]
        )
    sheet.filter()
    _say_when_empty(sheet, data)


def _channels(book: Book, data: DailyCollection) -> None:
    sheet = book.sheet("チャネル別", [Field("コード", 8), Field("納付方法", 24), *_AMOUNTS], frozen_columns=2)
    for line in data.by_channel:
        sheet.line([line.channel_code, line.channel_name, *_amounts(line)])
    last = sheet.row - 1
    sheet.line(["総計", None, *_amounts(data.totals)], is_sum=True)
    _say_when_empty(sheet, data)
    if data.is_empty:
        return
    chart = book.file.add_chart({"type": "bar"})
    collected = 2 + [item.label for item in _AMOUNTS].index("収納額計")
    chart.add_series(
        {
            "name": [sheet.name, HEAD_ROW, collected],
            "categories": [sheet.name, HEAD_ROW + 1, 1, last, 1],
            "values": [sheet.name, HEAD_ROW + 1, collected, last, collected],
            "fill": {"color": THIS_YEAR},
            "gap": 60,
        }
    )
    chart.set_title({"name": "納付方法別の収納額", "name_font": {"name": FONT, "size": 12}})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D5D8DD"}}})
    chart.set_y_axis({"reverse": True, "num_font": {"name": FONT, "size": 9}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 980, "height": 380})
    sheet.page.insert_chart(sheet.row + 2, 0, chart, {"description": "納付方法別の収納額"})


def _remittances(book: Book, data: DailyCollection) -> None:
    fields = [
        Field("振込予定日", 12),
        Field("和暦", 20),
        Field("納付方法", 24),
        Field("結果", 10),
        Field("対象件数", 10),
        Field("振込予定額"),
        Field("手数料", 12),
        Field("入金額"),
        Field("差額", 12),
        Field("入金日", 12),
        Field("照合番号", 30),
    ]
    sheet = book.sheet("入金照合", fields, frozen_columns=3)
    for line in data.remittances:
        sheet.line(
            [
                line.remittance_date,
                text.wareki_day(line.remittance_date),
                line.channel_name,
                text.remittance_state(line.state),
                line.expected_count,
                line.expected_yen,
                line.fee_yen,
                line.credited_yen,
                line.difference_yen,
                line.credited_date,
                line.remittance_id,
            ]
        )
    sheet.filter()
    if not data.remittances:
        sheet.sentence("この期間の振込予定と入金はありません。")


def _suspense(book: Book, data: DailyCollection) -> None:
    fields = [
        Field("収納日", 12),
        Field("和暦", 20),
        Field("領収日", 12),
        Field("納付方法", 22),
        Field("受入額"),
        Field("残高"),
        Field("理由コード", 14),
        Field("理由", 46),
        Field("ファイル", 36),
        Field("行", 8),
        Field("収納番号", 26),
    ]
    sheet = book.sheet("不明金", fields, frozen_columns=2)
    for line in data.suspense:
        sheet.line(
            [
                line.posted_date,
                text.wareki_day(line.posted_date),
                line.received_date,
                line.channel_name,
                line.amount_yen,
                line.balance_yen,
                line.reason_code,
                line.reason,
                line.source_file,
                line.source_line,
                line.receipt_id,
            ]
        )
    sheet.filter()
    if not data.suspense:
        sheet.sentence("期末までに受け入れた不明金で、基準日現在残っているものはありません。")
        return
    balance = data.suspense_balance
    sheet.line(["総計", None, None, None, None, balance.yen, *[None] * 5], is_sum=True)


def _loads(book: Book, data: DailyCollection) -> None:
    fields = [
        Field("受付日時", 17),
        Field("ファイル名", 34),
        Field("形式", 24),
        Field("結果", 16),
        Field("件数", 10),
        Field("金額"),
        Field("保留行", 9),
        Field("注意", 8),
        Field("この期間の収納のもと", 13),
        Field("理由", 50),
        Field("SHA-256（印刷しない）", 66),
    ]
    sheet = book.sheet("取込状況", fields, unit="金額の単位：円", frozen_columns=2)
    sheet.page.print_area(0, 0, HEAD_ROW + max(len(data.loads), 1), len(fields) - 2)
    for load in data.loads:
        sheet.line(
            [
                load.landed_at,
                load.file_name,
                load.format,
                text.load_state(load.status),
                load.records,
                load.amount_yen,
                load.quarantined,
                load.warnings,
                "はい" if load.fed_period else "いいえ",
                load.reason,
                load.sha256,
            ]
        )
    sheet.filter()
    if not data.loads:
        sheet.sentence("この期間の収納のもとになったファイルも、この期間に受け付けたファイルもありません。")
