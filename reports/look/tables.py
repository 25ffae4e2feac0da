"""Tables of a page, made with great-tables: a caption, row and column headers in the markup, right-aligned figures."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
from great_tables import GT, loc, style

from reports.look import text
from reports.look.html import Html, escape, join, paragraph
from reports.queries import Amounts, DailyCollection, LoadLine, RemittanceLine, SuspenseLine

LONGEST_LIST = 100
"""Rows of a list on the page; the workbook always has all of them."""

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its alignment, and the header above it if several share one."""

    label: str
    align: Align = "right"
    spanner: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the text of its header cell, the other cells, its group, and whether it is a sum."""

    header: str
    cells: Sequence[str]
    group: str | None = None
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table before it is markup. ``header`` labels the column of row headers."""

    table_id: str
    caption: str
    header: str
    columns: Sequence[Column]
    lines: Sequence[Line] = field(default_factory=list)


_AMOUNT_COLUMNS = [
    Column("件数"),
    Column("本税", spanner="収入済額"),
    Column("督促手数料", spanner="収入済額"),
    Column("延滞金", spanner="収入済額"),
    Column("過誤納", spanner="収入済額"),
    Column("不明金"),
    Column("収納額計"),
    Column("還付", spanner="別掲"),
    Column("充当（受）", spanner="別掲"),
    Column("充当（払）", spanner="別掲"),
]


def _amounts(line: Amounts) -> list[str]:
    return [
        text.count(line.receipt_count),
        text.yen(line.principal_yen),
        text.yen(line.reminder_fee_yen),
        text.yen(line.late_charge_yen),
        text.yen(line.overpaid_yen),
        text.yen(line.suspense_yen),
        text.yen(line.collected_yen),
        text.yen(line.refunded_yen),
        text.yen(line.offset_in_yen),
        text.yen(line.offset_out_yen),
    ]


def render(table: Table) -> Html:
    """The table as markup. The page's style sheet dresses it, so great-tables' own style is left out."""
    grouped = any(line.group for line in table.lines)
    content = {"header": [line.header for line in table.lines]}
    if grouped:
        content["group"] = [line.group or "" for line in table.lines]
    for number in range(len(table.columns)):
        content[f"c{number}"] = [line.cells[number] for line in table.lines]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PyArrow Table support is currently experimental")
        built = _dress(
            GT(
                pa.table(content),
                id=table.table_id,
                rowname_col="header",
                groupname_col="group" if grouped else None,
            ).tab_stubhead(table.header),
            table,
        )
        markup = built.as_raw_html()
    found = re.search(r"<table.*</table>", markup, re.DOTALL)
    body = found.group(0) if found else ""
    caption = f'<caption id="{table.table_id}-caption">{escape(table.caption)}</caption>'
    body = re.sub(r"<table[^>]*>", lambda _: f"<table>{caption}", body, count=1)
    return Html(
        f'<div class="table" role="region" tabindex="0" aria-labelledby="{table.table_id}-caption">{body}</div>'
    )


def _dress(built: GT, table: Table) -> GT:
    built = built.cols_label({f"c{number}": column.label for number, column in enumerate(table.columns)})
    for align in ("left", "right", "center"):
        names = [f"c{number}" for number, column in enumerate(table.columns) if column.align == align]
        if names:
            built = built.cols_align(align, names)
    for spanner in dict.fromkeys(column.spanner for column in table.columns if column.spanner):
        names = [f"c{number}" for number, column in enumerate(table.columns) if column.spanner == spanner]
        built = built.tab_spanner(spanner, names)
    sums = [number for number, line in enumerate(table.lines) if line.is_sum]
    if sums:
        heavy = [style.text(weight="bold"), style.fill("#f3f4f6")]
        built = built.tab_style(heavy, loc.body(rows=sums)).tab_style(heavy, loc.stub(rows=sums))
    return built


def key_figures(data: DailyCollection) -> Html:
    """The figures that a head of finance reads first."""
    totals = data.totals
    balance, provisional = data.suspense_balance, data.provisional
    figures = [
        ("収納額", totals.collected_yen, "円", "本税から不明金までの計"),
        ("本税", totals.principal_yen, "円", ""),
        ("督促手数料", totals.reminder_fee_yen, "円", ""),
        ("延滞金", totals.late_charge_yen, "円", ""),
        ("過誤納", totals.overpaid_yen, "円", ""),
        ("不明金", totals.suspense_yen, "円", "期間中の増減"),
        ("収納件数", totals.receipt_count, "件", ""),
        ("還付", totals.refunded_yen, "円", "別掲（収納額は控除前）"),
        ("不明金残高", balance.yen, "円", f"期末までの受入分 {text.count(balance.count)}件"),
        ("仮消込（速報）残", provisional.yen, "円", f"確報待ち {text.count(provisional.count)}件（収納額の外）"),
    ]
    items = "".join(
        f"<div{' class=lead' if number == 0 else ''}><dt>{escape(name)}</dt>"
        f"<dd><b>{text.yen(value)}</b><small>{escape(unit)}</small></dd>"
        f"{f'<dd class=remark>{escape(remark)}</dd>' if remark else ''}</div>"
        for number, (name, value, unit, remark) in enumerate(figures)
    )
    return Html(f'<dl class="key-figures">{items}</dl>')


def by_tax_item(data: DailyCollection) -> Html:
    """税目別収納額: tax item × 現年/滞繰 below each fiscal year, sub-totals, suspense, total."""
    if data.is_empty:
        return paragraph("この期間の収納はありません。")
    lines: list[Line] = []
    for year in data.by_year:
        group = text.fiscal_year(year.fiscal_year)
        lines += [
            Line(text.tax_item(item.tax_item_code, item.tax_item_name), _item_cells(item, item.arrears_class), group)
            for item in data.by_tax_item
            if item.tax_item_code is not None and item.fiscal_year == year.fiscal_year
        ]
        parts = [part for part in data.by_year_and_class if part.fiscal_year == year.fiscal_year]
        if len(parts) > 1:
            lines += [Line("小計", _item_cells(part, part.arrears_class), group, is_sum=True) for part in parts]
        lines.append(Line(f"{group} 計", _item_cells(year, None), group, is_sum=True))
    lines += [
        Line(text.tax_item(None, None), _item_cells(item, None), "合計")
        for item in data.by_tax_item
        if item.tax_item_code is None
    ]
    lines.append(Line("総計", _item_cells(data.totals, None), "合計", is_sum=True))
    columns = [Column("区分", "center"), *_AMOUNT_COLUMNS]
    return render(Table("by-tax-item", "税目別収納額（単位：円）", "税目", columns, lines))


def _item_cells(line: Amounts, arrears_class: str | None) -> list[str]:
    return ["" if arrears_class is None else text.arrears_class(arrears_class), *_amounts(line)]


def by_channel(data: DailyCollection) -> Html:
    """納付方法別収納額."""
    if data.is_empty:
        return paragraph("この期間の収納はありません。")
    lines = [Line(line.channel_name, _amounts(line)) for line in data.by_channel]
    lines.append(Line("総計", _amounts(data.totals), is_sum=True))
    return render(Table("by-channel", "納付方法別収納額（単位：円）", "納付方法", _AMOUNT_COLUMNS, lines))


def by_day(data: DailyCollection) -> Html:
    """日別収納額, with the running total."""
    if data.is_empty:
        return paragraph("この期間の収納はありません。")
    lines = [Line(text.short_day(line.posted_date), _day_cells(line, line.cumulative_yen)) for line in data.by_day]
    lines.append(Line("総計", _day_cells(data.totals, None), is_sum=True))
    columns = [*_AMOUNT_COLUMNS[:7], Column("収納額の累計"), *_AMOUNT_COLUMNS[7:]]
    return render(Table("by-day", "日別収納額（単位：円。収納のない日は省略）", "収納日", columns, lines))


def _day_cells(line: Amounts, cumulative_yen: int | None) -> list[str]:
    cells = _amounts(line)
    return [*cells[:7], "" if cumulative_yen is None else text.yen(cumulative_yen), *cells[7:]]


def remittances(data: DailyCollection) -> Html:
    """入金照合: expected against credited for each channel, then each credit that does not agree."""
    if not data.remittances:
        return paragraph("この期間の振込予定と入金はありません。")
    columns = [
        Column("対象件数"),
        Column("振込予定額"),
        Column("手数料"),
        Column("入金額"),
        *(Column(name, spanner="振込の件数") for name in text.REMITTANCE_STATES.values()),
    ]
    lines = [
        Line(
            line.channel_name,
            [
                text.count(line.expected_count),
                text.yen(line.expected_yen),
                text.yen(line.fee_yen),
                text.yen(line.credited_yen),
                text.count(line.matched),
                text.count(line.pending),
                text.count(line.missing),
                text.count(line.different),
                text.count(line.unexpected),
            ],
        )
        for line in data.remittance_channels
    ]
    summary = render(
        Table(
            "remittances",
            "納付方法別の入金照合（単位：円。振込予定額は手数料を差し引く前の額）",
            "納付方法",
            columns,
            lines,
        )
    )
    waiting = sum(line.pending for line in data.remittance_channels)
    listed = _disagreeing([line for line in data.remittances if line.state not in ("matched", "pending")])
    if not waiting:
        return join(summary, listed)
    return join(summary, paragraph(f"入金待ちの{text.count(waiting)}件は、入金を待つ期間の内にあります。"), listed)


def _disagreeing(found: list[RemittanceLine]) -> Html:
    if not found:
        return paragraph("入金のない振込予定、金額の違う入金、予定のない入金はありません。")
    columns = [
        Column("納付方法", "left"),
        Column("結果", "center"),
        Column("振込予定額"),
        Column("手数料"),
        Column("入金額"),
        Column("差額"),
        Column("入金日", "left"),
    ]
    lines = [
        Line(
            text.wareki_day(line.remittance_date or line.credited_date),
            [
                line.channel_name,
                text.remittance_state(line.state),
                text.yen(line.expected_yen),
                text.yen(line.fee_yen),
                text.yen(line.credited_yen),
                text.yen(line.difference_yen),
                text.short_day(line.credited_date),
            ],
        )
        for line in found[:LONGEST_LIST]
    ]
    listed = render(Table("remittances-open", "確認を要する入金（単位：円）", "振込予定日", columns, lines))
    return join(listed, _rest(len(found), "入金照合"))


def suspense(data: DailyCollection) -> Html:
    """不明金: each payment that has no due, and why. No names: the record is found by its file and line."""
    if not data.suspense:
        return paragraph("期末までに受け入れた不明金で、基準日現在残っているものはありません。")
    columns = [
        Column("領収日", "left"),
        Column("納付方法", "left"),
        Column("受入額"),
        Column("残高"),
        Column("理由", "left"),
        Column("ファイルと行", "left"),
    ]
    lines = [Line(text.wareki_day(line.posted_date), _suspense_cells(line)) for line in data.suspense[:LONGEST_LIST]]
    total = ["", "", "", text.yen(data.suspense_balance.yen), f"{text.count(data.suspense_balance.count)}件", ""]
    lines.append(Line("総計", total, is_sum=True))
    listed = render(
        Table(
            "suspense",
            "期末までに受け入れ、基準日現在残っている不明金（単位：円。氏名は表示しません）",
            "収納日",
            columns,
            lines,
        )
    )
    return join(listed, _rest(len(data.suspense), "不明金"))


def _suspense_cells(line: SuspenseLine) -> list[str]:
    return [
        text.wareki_day(line.received_date),
        line.channel_name,
        text.yen(line.amount_yen),
        text.yen(line.balance_yen),
        line.reason,
        f"{line.source_file} {line.source_line}行目",
    ]


def loads(data: DailyCollection) -> Html:
    """データの取込状況: the files behind the period's receipts and those offered in it, by state."""
    if not data.loads:
        return paragraph("この期間の収納のもとになったファイルも、この期間に受け付けたファイルもありません。")
    columns = [
        Column("取込済", spanner="ファイル数"),
        Column("拒否", spanner="ファイル数"),
        Column("重複", spanner="ファイル数"),
        Column("取込件数"),
        Column("取込金額"),
        Column("保留行"),
        Column("注意"),
    ]
    formats = sorted({load.format or "" for load in data.loads}, key=lambda name: (name == "", name))
    lines = [
        Line(name or "（形式不明）", _load_cells([load for load in data.loads if (load.format or "") == name]))
        for name in formats
    ]
    lines.append(Line("総計", _load_cells(data.loads), is_sum=True))
    summary = render(Table("loads", "形式別の取込状況（金額の単位：円）", "ファイル形式", columns, lines))
    return join(summary, _troubled([load for load in data.loads if load.status == "rejected" or load.quarantined]))


def _load_cells(loads: Sequence[LoadLine]) -> list[str]:
    landed = [load for load in loads if load.status == "landed"]
    return [
        text.count(len(landed)),
        text.count(sum(1 for load in loads if load.status == "rejected")),
        text.count(sum(1 for load in loads if load.status == "duplicate")),
        text.count(sum(load.records for load in landed)),
        text.yen(sum(load.amount_yen for load in landed)),
        text.count(sum(load.quarantined for load in landed)),
        text.count(sum(load.warnings for load in landed)),
    ]


def _troubled(found: list[LoadLine]) -> Html:
    if not found:
        return paragraph("受付を拒否したファイルと、保留した行はありません。")
    columns = [Column("受付", "left"), Column("結果", "center"), Column("保留行"), Column("理由", "left")]
    lines = [
        Line(
            load.file_name,
            [
                text.moment(load.landed_at),
                text.load_state(load.status),
                text.count(load.quarantined),
                load.reason or (text.NOTHING if load.status == "rejected" else "契約に合わない行を保留しました"),
            ],
        )
        for load in found[:LONGEST_LIST]
    ]
    listed = render(Table("loads-open", "確認を要するファイル", "ファイル名", columns, lines))
    return join(listed, _rest(len(found), "取込状況"))


def _rest(found: int, sheet: str) -> Html:
    if found <= LONGEST_LIST:
        return Html("")
    return text.note(
        f"{text.count(found)}件のうち{LONGEST_LIST}件を表示しました。全件はブックの「{sheet}」にあります。"
    )
