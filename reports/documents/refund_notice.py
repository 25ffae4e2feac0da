"""過誤納金還付・充当通知書: from approved decisions to the letters, and to the register of what payers were told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion.vault import read_people
from ingestion.vault_log import Purpose
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render_files
from warehouse.config import Home
from warehouse.connection import open_warehouse
from warehouse.errors import OsameError
from warehouse.law.calendar import add_months
from warehouse.law.parameters import load_parameters
from warehouse.office.decisions import REGISTERS
from warehouse.office.records import acting_on, due_key_of, record
from warehouse.office.refunds import INTEREST, OFFSET, REFUND, not_told, notice_of
from warehouse.settings import Settings
from warehouse.wareki import format_fiscal_year, format_wareki

DOCUMENT = "refund_notice"
Row = dict[str, Any]
_COMPONENTS = {"1": "本税", "2": "督促手数料", "3": "延滞金", "4": "還付加算金"}
_CAUSES = {
    "1": "更正・賦課決定の取消し等（1号）",
    "2": "更正の請求（2号）",
    "3": "所得税の更正等（3号）",
    "4": "誤納・二重納付（4号）",
}


@dataclass(frozen=True)
class IssuedNotices:
    """Letters that are on paper and in the register; yen of all of them, ``withheld`` under 支援措置."""

    decisions: tuple[str, ...]
    offset_yen: int
    refund_yen: int
    issued: Issued
    withheld: tuple[str, ...]


def issue_notices(
    home: Home, settings: Settings, decision_nos: list[str], purpose: Purpose, *, show_protected: bool = False
) -> IssuedNotices:
    """Print one letter for each approved decision that its payer has not been told of, and land the notices.

    In this order: read, render, land, publish: a crash in between may leave a notice in the register that nobody holds,
    never a letter that the register lacks.

    Args:
        home: the office's data.
        settings: the office's.
        decision_nos: which decisions; none means all that wait.
        purpose: who asks, and why; the reading of names is logged.
        show_protected: print addresses under 支援措置.

    Raises:
        OsameError: nothing waits, a decision is not approved or has been told of, or less is overpaid than it says.
    """
    with acting_on(home, REGISTERS, purpose.at):
        lines = not_told(home, decision_nos or None)
        if not lines:
            raise OsameError("no approved decision waits for its notice", "osame decisions lists them")
        day = purpose.at.date()
        dues, as_of, known_at = _dues(home, lines)
        by_decision = _by_decision(lines, dues)
        payers = {number: of_decision[0]["addressee_no"] for number, of_decision in by_decision.items()}
        people = read_people(home, set(payers.values()), purpose, show_protected=show_protected)
        letters = [
            letter_row(of_decision, dues, letter(people[payers[number]]), day)
            for number, of_decision in by_decision.items()
        ]
        lines = [line for of_decision in by_decision.values() for line in of_decision]
        pdfs = render_files(DOCUMENT, letters, settings, home, purpose.at)
        record(home, "overpayment_notices", [notice_of(line, day) for line in lines], purpose.at)
        issued = publish(
            home,
            purpose,
            pdfs,
            count=len(letters),
            as_of=as_of,
            known_at=known_at,
            vault_reads=[people.vault_read],
            details={"decisions": list(by_decision)},
        )
    return IssuedNotices(
        tuple(by_decision),
        sum(line["amount_yen"] for line in lines if line["decision_type_code"] == OFFSET),
        sum(line["amount_yen"] for line in lines if line["decision_type_code"] == REFUND),
        issued,
        tuple(people.withheld),
    )


def _by_decision(lines: list[Row], dues: dict[str, Row]) -> dict[str, list[Row]]:
    """Lines by their decision. What one leaves blank, payer and cause, the warehouse knows by its due."""
    found: dict[str, list[Row]] = defaultdict(list)
    refunded: dict[str, int] = defaultdict(int)
    problems = []
    for line in lines:
        due = dues[due_key_of(line)]
        if line["decision_type_code"] == REFUND and line["from_component_code"] != INTEREST:
            refunded[due_key_of(line)] += line["amount_yen"]
        found[line["decision_no"]].append(
            line | {name: line[name] or due[name] for name in ("addressee_no", "cause_code")}
        )
    for number, of_decision in found.items():
        payers = sorted({line["addressee_no"] for line in of_decision})
        if len(payers) > 1:
            problems.append(f"decision {number} is about several payers ({', '.join(payers)})")
        problems += [
            f"decision {number}, line {line['line_no']}: nothing is overpaid on {due_key_of(line)}"
            for line in of_decision
            if line["cause_code"] is None
        ]
    problems += [
        f"{amount:,} yen of {key} are to be refunded, and {dues[key]['free_yen']:,} are overpaid and not promised yet"
        for key, amount in refunded.items()
        if amount > dues[key]["free_yen"]
    ]
    if problems:
        raise OsameError(
            "no notice was issued: " + "; ".join(problems), "withdraw these decisions, and draft them anew"
        )
    return dict(found)


def _dues(home: Home, lines: list[Row]) -> tuple[dict[str, Row], date, Any]:
    """What the letters say of the dues that the lines name."""
    keys = {due_key_of(line) for line in lines} | {
        due_key_of(line, "offset_") for line in lines if line["decision_type_code"] == OFFSET
    }
    connection = open_warehouse(home)
    try:
        rows = connection.execute(
            """
            select
                du.due_key, du.addressee_no, du.levy_year, du.notice_no, du.instalment_no, ti.tax_item_name,
                max(op.arisen_date) as arisen_date, max_by(op.cause_code, op.arisen_date) as cause_code,
                cast(coalesce(sum(op.balance_yen - op.notified_yen), 0) as bigint) as free_yen
            from fct_dues as du
            inner join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
            left join fct_overpayments as op on op.due_key = du.due_key
            where list_contains($keys, du.due_key)
            group by all
            """,
            {"keys": sorted(keys)},
        )
        names = [column[0] for column in rows.description]
        found = {row[0]: dict(zip(names, row, strict=True)) for row in rows.fetchall()}
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
    finally:
        connection.close()
    missing = sorted(keys - set(found))
    if missing:
        raise OsameError(f"{', '.join(missing)} are no dues of the warehouse", "run: osame build")
    return found, as_of, known_at


def letter_row(lines: list[Row], dues: dict[str, Row], to: dict[str, Any], day: date) -> Row:
    """What refund_notice.typ prints of one decision."""
    offsets = [line for line in lines if line["decision_type_code"] == OFFSET]
    refunds = [line for line in lines if line["decision_type_code"] == REFUND]
    overpaid = [line for line in lines if line["from_component_code"] != INTEREST]
    added = sum(line["amount_yen"] for line in lines if line["from_component_code"] == INTEREST)
    refund_yen = sum(line["amount_yen"] for line in refunds)
    years = load_parameters()["refund_interest.claim_period"].at(day).integer("claim_years")
    arisen = [dues[due_key_of(line)]["arisen_date"] or day for line in refunds]
    return {
        "to": to,
        "number": lines[0]["decision_no"],
        "addressee_no": lines[0]["addressee_no"],
        "day": format_wareki(day),
        "title": "過誤納金" + "・".join([*(["充当"] if offsets else []), *(["還付"] if refunds else [])]) + "通知書",
        "overpaid": _overpaid(overpaid, dues),
        "overpaid_yen": sum(line["amount_yen"] for line in overpaid),
        "offsets": [
            [
                due_text(dues[due_key_of(line, "offset_")]),
                _COMPONENTS[line["to_component_code"]],
                format_wareki(line["value_date"]),
                line["amount_yen"],
            ]
            for line in offsets
        ],
        "offset_yen": sum(line["amount_yen"] for line in offsets),
        "refund_yen": refund_yen,
        "interest": _interest_text(added, refunds),
        "expires": format_wareki(add_months(min(arisen), 12 * years)) if arisen else None,
    }


def _overpaid(lines: list[Row], dues: dict[str, Row]) -> list[list[Any]]:
    """One line for each due, cause and component, however many ways its money goes."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        sums[due_key_of(line), line["cause_code"] or "", line["from_component_code"]] += line["amount_yen"]
    return [
        [due_text(dues[key]), dues[key]["notice_no"], _CAUSES.get(cause, ""), _COMPONENTS[component], amount]
        for (key, cause, component), amount in sums.items()
    ]


def due_text(due: Row) -> str:
    """A due as a letter names it: 年度, 税目, 期別."""
    instalment = due["instalment_no"]
    number = f"第{int(instalment)}期" if instalment.isdecimal() else instalment
    return f"{format_fiscal_year(int(due['levy_year']))} {due['tax_item_name']} {number}"


def _interest_text(added_yen: int, refunds: list[Row]) -> str:
    parts = []
    if added_yen:
        parts.append(f"充当に係る還付加算金 {added_yen:,}円を含みます。")
    if any(line["interest_from_date"] for line in refunds):
        parts.append("還付額に係る還付加算金は、支出を決定する日までの日数により計算し、振込みの際に加算します。")
    return "".join(parts) or "ありません。"
