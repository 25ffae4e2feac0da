"""過誤納の通知: a payer is told of an approved decision once, by a letter, and the register says on which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from ingestion.vault import People, read_people
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of
from warehouse.collection.decisions import REGISTERS
from warehouse.collection.refunds import INTEREST, not_told, notice_of, told_before
from warehouse.office.limits import OFFSET, REFUND, due_key_of
from warehouse.office.records import acting_on

TELL = Permission("refund_notice", "過誤納金還付・充当の通知", asks_reason=True)
Row = dict[str, Any]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Told:
    """What payers are told: the lines of each decision, the dues that they name, and the people.

    ``days``: 通知日 by decision. ``missing``: decisions, with their payer, who is not in the vault: they wait.
    """

    by_decision: dict[str, list[Row]]
    days: dict[str, date]
    dues: dict[str, Row]
    people: People
    as_of: date
    known_at: datetime | None
    missing: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> list[Row]:
        return [line for of_decision in self.by_decision.values() for line in of_decision]

    def total_yen(self, kind: str) -> int:
        """Of all lines of a kind (``OFFSET``, ``REFUND``)."""
        return sum(line["amount_yen"] for line in self.lines if line["decision_type_code"] == kind)


def tell(
    home: Home, decision_nos: list[str], act: Act, make: Callable[[Told], Made], *, show_protected: bool = False
) -> tuple[Told, Made]:
    """Tell payers of approved decisions that they have not been told of, and land the notices.

    The letters are made before the notices are landed, and handed out after: a crash in between may leave a notice in
    the register that nobody holds, never a letter that the register lacks. ``tell_again`` gives what is missing then.

    Args:
        home: the office's data.
        decision_nos: which decisions; none means all that wait.
        act: ``TELL``; the reading of names is logged with it.
        make: makes the letters.
        show_protected: read addresses under 支援措置.

    Decisions whose payer the vault does not have are left out and told: they wait for the next time.

    Raises:
        OsameError: nothing waits, a decision is not approved or has been told of, less is overpaid than it says, or no
            payer at all is in the vault.
    """
    with acting_on(home, REGISTERS, act) as book:
        lines = not_told(home, decision_nos or None)
        if not lines:
            raise OsameError(
                "no approved decision waits for its notice",
                "osame decisions lists them; --again prints the letters of a day once more",
            )
        told = _told(home, lines, act, show_protected=show_protected, are_new=True)
        day = act.at.date()
        told = replace(told, days=dict.fromkeys(told.by_decision, day))
        made = make(told)
        book.record("overpayment_notices", [notice_of(line, day) for line in told.lines])
        return told, made


def tell_again(home: Home, decision_nos: list[str], on: date, act: Act, *, show_protected: bool = False) -> Told:
    """What payers were told before (a letter is lost, or was never made after a crash); nothing is recorded.

    Args:
        home: the office's data.
        decision_nos: which decisions; none means all of the day.
        on: 通知日, where no decision is named.
        act: ``TELL``; the reading of names is logged with it.
        show_protected: read addresses under 支援措置.

    Raises:
        OsameError: a decision was not told of by us, or none was on the day.
    """
    lines, days = told_before(home, decision_nos, on)
    return replace(_told(home, lines, act, show_protected=show_protected, are_new=False), days=days)


def _told(home: Home, lines: list[Row], act: Act, *, show_protected: bool, are_new: bool) -> Told:
    """``are_new``: they promise money, which must be there."""
    dues, as_of, known_at = _dues(home, lines)
    by_decision = _by_decision(lines, dues)
    if are_new:
        _require_overpaid(lines, dues)
    payers = {number: of_decision[0]["addressee_no"] for number, of_decision in by_decision.items()}
    people = read_people(home, set(payers.values()), act, show_protected=show_protected, may_lack=True)
    missing = tuple((number, payer) for number, payer in payers.items() if payer in people.missing)
    for number, _ in missing:
        del by_decision[number]
    return Told(by_decision, {}, dues, people, as_of, known_at, missing)


def _by_decision(lines: list[Row], dues: dict[str, Row]) -> dict[str, list[Row]]:
    """Lines by their decision. What one leaves blank, payer and cause, the warehouse knows by its due."""
    found: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        due = dues[due_key_of(line)]
        found[line["decision_no"]].append(
            line | {name: line[name] or due[name] for name in ("addressee_no", "cause_code")}
        )
    problems = []
    for number, of_decision in found.items():
        payers = sorted({line["addressee_no"] for line in of_decision})
        if len(payers) > 1:
            problems.append(f"decision {number} is about several payers ({', '.join(payers)})")
        problems += [
            f"decision {number}, line {line['line_no']}: nothing is overpaid on {due_key_of(line)}"
            for line in of_decision
            if line["cause_code"] is None
        ]
    _refuse(problems)
    return dict(found)


def _require_overpaid(lines: list[Row], dues: dict[str, Row]) -> None:
    """Nothing is promised that is not there, or that another notice has promised."""
    refunded: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["decision_type_code"] == REFUND and line["from_component_code"] != INTEREST:
            refunded[due_key_of(line)] += line["amount_yen"]
    free = {key: dues[key]["free_yen"] for key in refunded}
    _refuse(
        [
            f"{amount:,} yen of {key} are to be refunded, and {free[key]:,} are overpaid and not promised yet"
            for key, amount in refunded.items()
            if amount > free[key]
        ]
    )


def _refuse(problems: list[str]) -> None:
    if problems:
        raise OsameError(
            "no notice was issued: " + "; ".join(problems), "withdraw these decisions, and draft them anew"
        )


def _dues(home: Home, lines: list[Row]) -> tuple[dict[str, Row], date, Any]:
    """What the letters say of the dues that the lines name."""
    keys = {due_key_of(line) for line in lines} | {
        due_key_of(line, "offset_") for line in lines if line["decision_type_code"] == OFFSET
    }
    connection = open_warehouse(home)
    try:
        rows = rows_of(
            connection,
            """
            select
                du.due_key, du.addressee_no, du.levy_year, du.notice_no, du.instalment_no, ti.tax_item_name,
                max(op.arisen_date) as arisen_date, max_by(op.cause_code, op.arisen_date) as cause_code,
                cast(coalesce(sum(op.balance_yen - op.notified_yen), 0) as bigint) as free_yen
            from fct_dues as du
            inner join dim_tax_items as ti on ti.tax_item_code = du.tax_item_code
            left join fct_overpayments as op on op.due_key = du.due_key
            where list_contains(?, du.due_key)
            group by all
            """,
            sorted(keys),
        )
        found = {row["due_key"]: row for row in rows}
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
    finally:
        connection.close()
    missing = sorted(keys - set(found))
    if missing:
        raise OsameError(f"{', '.join(missing)} are no dues of the warehouse", "run: osame build")
    return found, as_of, known_at
