"""収納状況照会 as a page and a workbook: the ``AddresseeStanding`` that the terminal and the paper show too."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import cast

from osame.home import Home
from osame.wareki import format_wareki_short
from reports import provenance
from reports.context import Report
from reports.look import text
from reports.look.html import Html, attention, join, paragraph
from reports.look.tables import LONGEST_LIST, Column, Line, Table, render
from reports.look.workbook import Book, Cell, Field
from warehouse.collection.addressee_standing import AddresseeStanding, Kind, look_up_in
from warehouse.law.office import parameters_of
from warehouse.office.standing import DueLine

_AMOUNTS = {
    "assessed_yen": "調定額",
    "principal_paid_yen": "納付額",
    "principal_balance_yen": "未納額",
    "reminder_fee_balance_yen": "督促手数料未納",
    "late_charge_balance_yen": "延滞金未納",
    "balance_yen": "納付すべき額",
    "provisional_paid_yen": "速報（別掲）",
    "overpaid_yen": "過誤納",
}
_PARTS = {
    "principal_yen": "本税",
    "reminder_fee_yen": "督促手数料",
    "late_charge_yen": "延滞金",
    "overpaid_yen": "過誤納",
}


def look_up(report: Report) -> AddresseeStanding:
    """What the report's parameters ask for.

    Raises:
        OsameError: nothing has the key, or several things have it.
        ParameterNotFoundError: no late-charge rate is known on a day that counts.
    """
    given = report.order.parameters
    on = date.fromisoformat(str(given["on_date"])) if given["on_date"] else report.as_of
    params = parameters_of(Home(Path(report.order.home)))
    return look_up_in(
        report.connection, str(given["key"]), on, cast("Kind | None", given["kind"] or None), params=params
    )


def summary(found: AddresseeStanding) -> Html:
    """Whose dues, on which day, and what would settle them."""
    whose = "" if found.kind == "addressee" else f"（宛名番号 {found.addressee_no}）"
    over = sum(line.balance_yen for line in found.overpayments)
    return join(
        attention([notice.japanese for notice in found.notices]),
        paragraph(
            f"{text.KEY_KINDS[found.kind]} {found.key}{whose}の"
            f"{len(found.dues)}期別について、"
            f"{text.wareki_day(found.on)}に納付する場合の額は{text.yen(found.total('balance_yen'))}円です。"
            f"納期限を過ぎた未納は{len(found.overdue)}期別、還付・充当の済んでいない過誤納は{text.yen(over)}円です。"
            "氏名は表示しません。"
        ),
    )


def dues(found: AddresseeStanding) -> Html:
    """期別の状況, with the total."""
    if not found.dues:
        return paragraph("調定された期別はありません。")
    columns = [Column("納期限", "left"), Column("状態", "center"), *map(Column, _AMOUNTS.values())]
    lines = [
        Line(
            _name(due),
            [
                text.wareki_day(due.due_date),
                text.due_state(due.state),
                *(text.yen(getattr(due, name)) for name in _AMOUNTS),
            ],
        )
        for due in found.dues
    ]
    lines.append(Line("合計", ["", "", *(text.yen(found.total(name)) for name in _AMOUNTS)], is_sum=True))
    return render(Table("dues", "期別の状況（単位：円）", "期別", columns, lines))


def receipts(found: AddresseeStanding) -> Html:
    """収納の記録, the newest first, each with its place in a file."""
    if not found.receipts:
        return paragraph("収納の記録はありません。")
    names = _names(found)
    columns = [
        Column("収納日", "left"),
        Column("納付方法", "left"),
        Column("期別", "left"),
        *map(Column, _PARTS.values()),
        Column("ファイルと行", "left"),
    ]
    lines = [
        Line(
            text.wareki_day(line.received_date),
            [
                text.wareki_day(line.posted_date),
                line.channel_name + ("（速報）" if line.record_status == "provisional" else ""),
                names.get(line.due_key, line.due_key),
                *(text.yen(getattr(line, part)) for part in _PARTS),
                f"{line.source_file} {line.source_line}行目",
            ],
        )
        for line in found.receipts[: -LONGEST_LIST - 1 : -1]
    ]
    listed = render(Table("receipts", "収納の記録（単位：円。新しい順）", "領収日", columns, lines))
    return join(listed, _rest(len(found.receipts), "収納"))


def overpayments(found: AddresseeStanding) -> Html:
    """過誤納: cause, amount, and what is left of it."""
    if not found.overpayments:
        return paragraph("過誤納はありません。")
    names = _names(found)
    columns = [Column("期別", "left"), Column("事由", "center"), Column("過誤納額"), Column("残額")]
    lines = [
        Line(
            text.wareki_day(over.received_date),
            [
                names.get(over.due_key, over.due_key),
                f"{over.cause_code}号",
                text.yen(over.amount_yen),
                text.yen(over.balance_yen),
            ],
        )
        for over in found.overpayments
    ]
    return render(Table("overpayments", "過誤納（単位：円）", "領収日", columns, lines))


def events(found: AddresseeStanding) -> Html:
    """異動の経過 in the words that an officer reads out, the newest first."""
    if not found.events:
        return paragraph("異動の記録はありません。")
    names = _names(found)
    columns = [Column("期別", "left"), Column("内容", "left"), Column("ファイルと行", "left")]
    lines = [
        Line(
            format_wareki_short(event.posted_date),
            [
                names.get(event.due_key, event.due_key),
                event.sentence,
                f"{event.source_file} {event.source_line}行目",
            ],
        )
        for event in found.events[: -LONGEST_LIST - 1 : -1]
    ]
    listed = render(Table("events", "異動の経過（新しい順）", "日付", columns, lines))
    return join(listed, _rest(len(found.events), "経過"))


def record(report: Report, found: AddresseeStanding) -> Html:
    """作成記録."""
    return provenance.record_block(report, figures_sha256(found))


def figures_sha256(found: AddresseeStanding) -> str:
    """One value for all figures: equal when the same key is asked for again, of the same build and day."""
    return hashlib.sha256(repr(sorted(asdict(found).items())).encode()).hexdigest()


def finish(report: Report, found: AddresseeStanding) -> None:
    """Leave the record for the manifest: the files that the receipts and events come from, and the notices."""
    names = sorted({event.source_file for event in found.events})
    rows = report.connection.execute(
        "select ld.load_id, ld.file_name, ld.sha256 from fct_loads as ld "
        "where ld.status = 'landed' and ld.file_name in (select unnest(?)) order by ld.file_name, ld.load_id",
        [names],
    ).fetchall()
    loads = [{"load_id": str(load_id), "file_name": name, "sha256": sha256} for load_id, name, sha256 in rows]
    report.conclude([notice.japanese for notice in found.notices], loads, figures_sha256(found))


def workbook(report: Report, found: AddresseeStanding, path: Path) -> None:
    """The same lists as a workbook, whole; all amounts are whole yen."""
    title = f"{report.city}　{report.entry.title_ja}"
    subtitle = f"{text.KEY_KINDS[found.kind]} {found.key}　{text.wareki_day(found.on)}現在"
    book = Book(path, title, subtitle, report.made_at)
    names = _names(found)
    _sheet(
        book,
        "期別",
        [
            Field("期別", 44),
            Field("期別キー", 50),
            Field("納期限", 12),
            Field("状態", 14),
            *map(Field, _AMOUNTS.values()),
        ],
        [
            [
                _name(due),
                due.due_key,
                due.due_date,
                text.due_state(due.state),
                *(getattr(due, name) for name in _AMOUNTS),
            ]
            for due in found.dues
        ],
        ["合計", None, None, None, *(found.total(name) for name in _AMOUNTS)],
    )
    _sheet(
        book,
        "収納",
        [
            *(Field("領収日", 12), Field("収納日", 12), Field("納付方法", 22), Field("記録", 10), Field("期別", 44)),
            *map(Field, _PARTS.values()),
            *(Field("ファイル", 36), Field("行", 8)),
        ],
        [
            [
                line.received_date,
                line.posted_date,
                line.channel_name,
                "速報" if line.record_status == "provisional" else "確定",
                names.get(line.due_key, line.due_key),
                *(getattr(line, part) for part in _PARTS),
                line.source_file,
                line.source_line,
            ]
            for line in found.receipts
        ],
    )
    _sheet(
        book,
        "過誤納",
        [Field("領収日", 12), Field("期別", 44), Field("事由", 8), Field("過誤納額"), Field("残額")],
        [
            [
                over.received_date,
                names.get(over.due_key, over.due_key),
                f"{over.cause_code}号",
                over.amount_yen,
                over.balance_yen,
            ]
            for over in found.overpayments
        ],
    )
    _sheet(
        book,
        "経過",
        [Field("日付", 12), Field("期別", 44), Field("内容", 70), Field("ファイル", 36), Field("行", 8)],
        [
            [
                event.posted_date,
                names.get(event.due_key, event.due_key),
                event.sentence,
                event.source_file,
                event.source_line,
            ]
            for event in found.events
        ],
    )
    book.close()


def _sheet(
    book: Book, name: str, fields: list[Field], rows: Sequence[Sequence[Cell]], total: Sequence[Cell] | None = None
) -> None:
    sheet = book.sheet(name, fields)
    for row in rows:
        sheet.line(row)
    sheet.filter()
    if not rows:
        sheet.sentence("該当する記録はありません。")
    elif total is not None:
        sheet.line(total, is_sum=True)


def _name(due: DueLine) -> str:
    return text.due_name(due.tax_item_name, due.tax_year, due.instalment_no)


def _yen(due: DueLine) -> list[int]:
    return [getattr(due, name) for name in _AMOUNTS]


def _names(found: AddresseeStanding) -> dict[str, str]:
    return {due.due_key: _name(due) for due in found.dues}


def _rest(found: int, sheet: str) -> Html:
    if found <= LONGEST_LIST:
        return Html("")
    return text.note(
        f"{text.count(found)}件のうち新しい{LONGEST_LIST}件を表示しました。全件はブックの「{sheet}」にあります。"
    )
