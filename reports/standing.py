"""収納状況照会 for its notebook: the ``AddresseeStanding`` that the terminal and the paper show too, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from osame.errors import OsameError
from osame.home import Home
from osame.stores import rows_of
from reports.context import Report
from reports.look import text
from reports.look.html import Html, paragraph
from reports.look.listing import Row
from warehouse.collection.addressee_standing import AddresseeStanding, Kind, look_up_in
from warehouse.law.office import parameters_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_BALANCES = ("principal_balance_yen", "reminder_fee_balance_yen", "late_charge_balance_yen", "balance_yen")
_ANYBODY = "select min(addressee_no) as addressee_no from fct_dues where state = 'delinquent'"


def look_up(report: Report) -> AddresseeStanding:
    """What the report's parameters ask for; in a trial without a key, somebody who is delinquent.

    Raises:
        OsameError: nothing has the key, or several things have it.
        ParameterNotFoundError: no late-charge rate is known on a day that counts.
    """
    given = report.order.parameters
    on = date.fromisoformat(str(given["on_date"])) if given["on_date"] else report.as_of
    params = parameters_of(Home(Path(report.order.home)))
    key, kind = str(given["key"]), cast("Kind | None", given["kind"] or None)
    if not key:
        key, kind = _example(report), "addressee"
    found = look_up_in(report.connection, key, on, kind, params=params)
    report.warnings += [notice.japanese for notice in found.notices]
    names = sorted({event.source_file for event in found.events})
    loads = report.table("fct_loads")
    report.sources(loads.filter(loads.file_name.isin(names)) if names else loads.limit(0))
    return found


def _example(report: Report) -> str:
    (row,) = rows_of(report.connection, _ANYBODY)
    if not report.is_trial or row["addressee_no"] is None:
        raise OsameError("no key is given", "give a 宛名番号, 通知書番号 or due key: osame report standing -p key=…")
    return str(row["addressee_no"])


def summary(report: Report, found: AddresseeStanding) -> Html:
    """Whose dues, on which day, and what would settle them."""
    whose = "" if found.kind == "addressee" else f"（宛名番号 {found.addressee_no}）"
    over = sum(line.balance_yen for line in found.overpayments)
    report.figures(
        ("納付すべき額", found.total("balance_yen")),
        ("納期限を過ぎた未納", len(found.overdue), "件"),
        ("過誤納の残額", over),
    )
    return paragraph(
        f"{text.KEY_KINDS[found.kind]} {found.key}{whose}の"
        f"{len(found.dues)}期別について、"
        f"{text.wareki_day(found.on)}に納付する場合の額は{text.yen(found.total('balance_yen'))}円です。"
        f"納期限を過ぎた未納は{len(found.overdue)}期別、還付・充当の済んでいない過誤納は{text.yen(over)}円です。"
        "氏名は表示しません。"
    )


def dues(found: AddresseeStanding) -> list[Row]:
    """The dues by column, with what is left of each."""
    names = _names(found)
    return [
        {
            **asdict(due),
            **{name: getattr(due, name) for name in _BALANCES},
            "due": names[due.due_key],
        }
        for due in found.dues
    ]


def named(found: AddresseeStanding, rows: Sequence[DataclassInstance]) -> list[Row]:
    """Rows by column, each with its due as an officer calls it."""
    names = _names(found)
    return [(row := asdict(line)) | {"due": names.get(row["due_key"], row["due_key"])} for line in rows]


def _names(found: AddresseeStanding) -> dict[str, str]:
    return {due.due_key: text.due_name(due.tax_item_name, due.tax_year, due.instalment_no) for due in found.dues}
