"""Reports that are a row of lists: the same lists on the page and in the workbook, straight from their queries.

A query's column names say all: ``_yen`` and ``_count`` are figures, ``_permille`` is a rate, dates and 年度 are
written in 和暦, codes in the words of the office. A new list is a query in ``queries.py`` and a title here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from osame.wareki import format_wareki_short
from reports import checks, provenance, queries
from reports.context import Report
from reports.look import text
from reports.look.html import Html, attention, join, paragraph
from reports.look.tables import LONGEST_LIST, Column, Line, Table, render
from reports.look.workbook import Book, Cell, Field
from reports.queries import Listing


@dataclass(frozen=True, slots=True)
class Title:
    """What stands over a list: the name of its sheet, its caption on the page, and what is said when it is empty."""

    sheet: str
    caption: str
    nothing: str


TITLES: dict[str, dict[str, Title]] = {
    "overpayments": {
        "by_state": Title("事由別", "過誤納の状態・事由別（単位：円）", "過誤納はありません。"),
        "waiting": Title(
            "過誤納一覧", "還付・充当の済んでいない過誤納（単位：円）", "還付・充当の済んでいない過誤納はありません。"
        ),
        "told": Title(
            "還付待ち", "通知済・請求済で還付の済んでいないもの（単位：円）", "通知済で還付を待つものはありません。"
        ),
        "offsets": Title("充当候補", "充当候補（法定の順。単位：円）", "充当できる未納はありません。"),
        "repaid": Title("還付・充当済", "会計年度別の還付・充当（単位：円）", "還付・充当の記録はありません。"),
        "expiring": Title(
            "時効", "請求権の期限が近い過誤納（単位：円）", "期日までに請求権の期限が来る過誤納はありません。"
        ),
        "wrong_instalments": Title(
            "納期違い", "先の期別が未納のままの納付（新しい順。単位：円）", "納期違いの納付はありません。"
        ),
    },
    "settlement": {
        "by_tax_item": Title(
            "決算", "税目別の決算（本税・市の分。単位：円）", "この会計年度の調定と収入はありません。"
        ),
        "chain": Title(
            "繰越の照合", "前年度の収入未済額と当年度の繰越額（本税。単位：円）", "前年度からの繰越はありません。"
        ),
        "carried_over": Title("滞納繰越", "滞納繰越調書の集計（単位：円）", "滞納繰越の記録はありません。"),
        "other_lines": Title(
            "県・国・税外", "県・国の分、督促手数料及び延滞金（単位：円）", "県・国の分と税外の収入はありません。"
        ),
    },
    "collection_results": {
        "form": Title("徴収実績調", "市町村税の徴収実績調（単位：千円、率は％）", "この会計年度の実績はありません。"),
    },
    "monthly_collection": {
        "by_month": Title("月別", "月別の収入済額（本税。単位：円）", "この会計年度の収入はありません。"),
        "by_tax_item": Title("税目別", "税目別の収入済額（単位：円）", "この会計年度の収入はありません。"),
        "by_month_and_tax_item": Title(
            "税目別月別", "税目別・月別の収入済額（単位：円）", "この会計年度の収入はありません。"
        ),
    },
    "reconciliation": {
        "by_status": Title("記録の状態", "収納の記録の状態別（単位：円）", "この期間の収納の記録はありません。"),
        "by_method": Title(
            "消込方法", "消込の方法・納付方法別（確定した記録。単位：円）", "この期間に確定した収納はありません。"
        ),
        "suspense": Title("不明金", "基準日現在の不明金（単位：円。氏名は表示しません）", "不明金はありません。"),
        "candidates": Title(
            "不明金の候補", "不明金の消込先の候補（点数の高い順。単位：円）", "候補のある不明金はありません。"
        ),
        "history": Title(
            "収納履歴との相違", "収納履歴と納付ファイルの相違（単位：円）", "収納履歴と納付ファイルに相違はありません。"
        ),
    },
    "payment_channels": {
        "by_channel": Title("納付方法別", "納付方法別の収納（単位：円、割合は％）", "この会計年度の収納はありません。"),
        "by_tax_item": Title("税目別", "税目別・納付方法別の収納（単位：円）", "この会計年度の収納はありません。"),
    },
}
"""The lists of each report, in the order of the workbook's sheets."""

LABELS = {
    "addressee_no": "宛名番号",
    "amount_yen": "金額",
    "arisen_date": "生じた日",
    "arrears_class": "現年・滞繰",
    "assessed_yen": "調定額",
    "balance_yen": "残額",
    "body": "団体",
    "budget_side": "歳入・歳出",
    "candidate_no": "順位",
    "carried_in_yen": "繰越額",
    "cause_code": "事由",
    "channel_name": "納付方法",
    "claim_expires_on": "請求権の期限",
    "claimed_date": "請求日",
    "collected_yen": "収納額",
    "collection_permille": "徴収率（％）",
    "component": "区分",
    "component_code": "区分",
    "count_share_permille": "件数の割合",
    "date_score": "日付の点数",
    "difference_kind": "相違の種類",
    "difference_yen": "差額",
    "due_count": "期別数",
    "due_keys": "期別キー",
    "file_due_key": "期別キー（ファイル）",
    "file_received_date": "領収日（ファイル）",
    "file_yen": "金額（ファイル）",
    "fiscal_year": "会計年度",
    "history_due_key": "期別キー（収納履歴）",
    "history_received_date": "領収日（収納履歴）",
    "history_yen": "金額（収納履歴）",
    "instalment_no": "期別",
    "interest_from_date": "加算金の起算日",
    "is_before_due_date": "納期限内か",
    "late_charge_yen": "延滞金",
    "levy_year": "調定年度",
    "match_name": "消込の方法",
    "movable_yen": "組替可能額",
    "movement_count": "件数",
    "movement_type": "異動",
    "name_score": "名義の点数",
    "notified_date": "通知日",
    "notified_yen": "通知済額",
    "offset_order": "順",
    "offset_yen": "充当額",
    "open_due_date": "先の納期限",
    "open_instalment_no": "未納の期別",
    "open_yen": "先の未納額",
    "outstanding_yen": "収入未済額",
    "overpaid_yen": "過誤納額",
    "overpayment_count": "件数",
    "overpayment_state": "状態",
    "posted_date": "収納日",
    "posted_month": "収納月",
    "previous_collected_yen": "前年度の収納額",
    "previous_count_share_permille": "前年度の件数の割合",
    "previous_outstanding_yen": "前年度の収入未済額",
    "previous_principal_yen": "前年度",
    "previous_receipt_count": "前年度の件数",
    "previous_to_date_yen": "前年度の累計",
    "principal_to_date_yen": "累計",
    "principal_yen": "本税",
    "reason": "理由",
    "receipt_count": "件数",
    "receipt_id": "収納ID",
    "received_date": "領収日",
    "received_yen": "収入済額",
    "record_status": "記録の状態",
    "refund_interest_yen": "還付加算金",
    "refund_unpaid_yen": "還付未済額",
    "reminder_fee_yen": "督促手数料",
    "score": "点数",
    "source_file": "ファイル",
    "source_line": "行",
    "status_reason": "理由",
    "suitable_date": "充当適状日",
    "suspense_yen": "不明金",
    "tax_group_name": "区分",
    "tax_item_name": "科目",
    "tax_year": "年度分",
    "written_off_yen": "不納欠損額",
    "yen_share_permille": "収納額の割合",
}
"""The header of every column."""

_COMPONENTS = {
    "principal": "本税",
    "reminder_fee": "督促手数料",
    "late_charge": "延滞金",
    "refund_interest": "還付加算金",
}
WORDS: dict[str, dict[Any, str]] = {
    "arrears_class": text.ARREARS_CLASSES,
    "body": {"city": "市", "prefecture": "県", "state": "国"},
    "budget_side": {"revenue": "歳入（戻出）", "expenditure": "歳出"},
    "cause_code": {"1": "1号", "2": "2号", "3": "3号", "4": "4号"},
    "component": _COMPONENTS,
    "component_code": {"1": "本税", "2": "督促手数料", "3": "延滞金"},
    "difference_kind": {
        "date_differs": "日付の相違",
        "amount_differs": "金額の相違",
        "split_differs": "内訳の相違",
        "due_differs": "期別の相違",
        "missing_in_files": "ファイルになし",
        "missing_in_history": "収納履歴になし",
        "counted_twice": "二重計上",
        "counted_nowhere": "計上漏れ",
    },
    "is_before_due_date": {True: "はい", False: "いいえ"},
    "movement_type": {"refunded": "還付", "offset_out": "充当"},
    "overpayment_state": {
        "open": "未通知",
        "notified": "通知済",
        "claimed": "請求済",
        "settled": "還付・充当済",
        "expired": "時効",
    },
    "record_status": {"final": "確定", "provisional": "速報", "superseded": "置換済", "cancelled": "取消"},
    "status_reason": {
        "resent": "再送",
        "before_go_live": "稼働前（収納履歴による）",
        "final_record_came": "確報の到着",
        "reversed": "取消された記録",
        "reversal": "取消の記録",
        "reversal_without_record": "対象のない取消",
    },
}
"""What the codes of a column are called. A code that is not here is shown as it is."""

_WIDTHS = {"_name": 36, "reason": 60, "_key": 50, "_keys": 100, "_file": 36, "receipt_id": 42}
"""Characters, by how a column's name ends: wide enough that nothing wraps."""

_SUM = "is_sum"
_FIGURES = ("_yen", "_count", "_permille", "_order", "score", "_line", "candidate_no")


@dataclass(frozen=True, slots=True)
class Listings:
    """All lists of one report."""

    report_id: str
    lists: dict[str, Listing]


def read(report: Report) -> Listings:
    """The lists of an open report.

    Raises:
        WrongWarehouseError: the warehouse lacks a table of them.
    """
    parameters: dict[str, date | int | str] = {
        **report.order.parameters,
        "as_of": report.as_of,
        "first": report.period.first,
        "last": report.period.last,
    }
    return Listings(
        report.entry.id, queries.read_ledger(report.connection, queries.LEDGERS[report.entry.id], parameters)
    )


def show(found: Listings, name: str) -> Html:
    """The list ``name`` as a table of the page; of a long one the first rows."""
    title, listing = TITLES[found.report_id][name], found.lists[name]
    if not listing.rows:
        return paragraph(title.nothing)
    names = _columns(listing)
    columns = [Column(LABELS[column], "right" if column.endswith(_FIGURES) else "left") for column in names[1:]]
    lines = []
    for cells, is_sum in _lines(listing):
        shown = [_shown(column, cell) for column, cell in zip(names, cells, strict=True)]
        lines.append(Line(shown[0], shown[1:], is_sum=is_sum))
    table = render(Table(name.replace("_", "-"), title.caption, LABELS[names[0]], columns, lines[:LONGEST_LIST]))
    if len(lines) <= LONGEST_LIST:
        return table
    return join(
        table,
        text.note(
            f"{text.count(len(lines))}行のうち{LONGEST_LIST}行を表示しました。全件はブックの「{title.sheet}」にあります。"
        ),
    )


def warnings(report: Report) -> Html:
    """注意事項 as a box; nothing where there is none."""
    return attention(_warnings(report))


def _warnings(report: Report) -> list[str]:
    return checks.period_warnings(report.period, report.info)


def record(report: Report, found: Listings) -> Html:
    """作成記録."""
    return provenance.record_block(report, figures_sha256(found))


def figures_sha256(found: Listings) -> str:
    """One value for all figures: equal when the same report is made again of the same build."""
    return hashlib.sha256(repr(sorted(found.lists.items(), key=lambda item: item[0])).encode()).hexdigest()


def workbook(report: Report, found: Listings, path: Path) -> None:
    """Every list whole, one sheet each; amounts are whole yen, dates are dates."""
    subtitle = "　".join(f"{name} {value}" for name, value in provenance.facts(report)[:-2])
    book = Book(path, f"{report.city}　{report.entry.title_ja}", subtitle, report.made_at)
    for name, title in TITLES[found.report_id].items():
        listing = found.lists[name]
        names = _columns(listing)
        sheet = book.sheet(title.sheet, [Field(LABELS[column], _width(column)) for column in names])
        for cells, is_sum in _lines(listing):
            sheet.line([_cell(column, cell) for column, cell in zip(names, cells, strict=True)], is_sum)
        sheet.filter()
        if not listing.rows:
            sheet.sentence(title.nothing)
    book.close()


def finish(report: Report, found: Listings) -> None:
    """Leave the record for the manifest. The files behind the figures are all that had landed: its watermark."""
    report.conclude(_warnings(report), [], figures_sha256(found))


def _columns(listing: Listing) -> list[str]:
    return [name for name in listing.names if name != _SUM]


def _lines(listing: Listing) -> Iterator[tuple[list[Any], bool]]:
    """Each row without its mark, and whether it is a sum; a sum is named in its first empty cell."""
    for row in listing.rows:
        cells = [cell for name, cell in zip(listing.names, row, strict=True) if name != _SUM]
        is_sum = _SUM in listing.names and bool(row[listing.names.index(_SUM)])
        if is_sum and None in cells:
            cells[cells.index(None)] = "計"
        yield cells, is_sum


def _shown(column: str, cell: Any) -> str:
    value = _cell(column, cell)
    if value is None:
        return ""
    if isinstance(value, date):
        return format_wareki_short(value)
    return text.yen(value) if isinstance(value, int) else str(value)


def _cell(column: str, cell: Any) -> Cell:
    if cell is None:
        return None
    if column in WORDS:
        return WORDS[column].get(cell, str(cell))
    if column.endswith("_year") and isinstance(cell, int):
        return text.fiscal_year(cell)
    if column.endswith("_month"):
        return text.month(cell)
    if column.endswith("_permille"):
        return Decimal(cell).scaleb(-1)
    found: Cell = cell
    return found


def _width(column: str) -> int:
    return next((width for end, width in _WIDTHS.items() if column.endswith(end)), 15)
