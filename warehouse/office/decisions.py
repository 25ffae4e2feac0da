"""決裁: what one person drafts takes effect when another approves it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from ingestion.landing import Offer
from warehouse.config import Home
from warehouse.errors import OsameError
from warehouse.office.records import acting_on, current_rows, record, registers, taken_back

REGISTERS = ("decisions", "overpayment_notices")  # what acts on refunds, offsets and reallocations read and record
_NUMBER = "%Y%m%d%H%M%S%f"


def new_decision_no(at: datetime) -> str:
    """起案番号: the instant of the draft to the millisecond, 17 digits."""
    return at.strftime(_NUMBER)[:17]


def current_lines(home: Home, *, withdrawn: bool = False) -> list[dict[str, Any]]:
    """The lines of all decisions, as they hold now, drafts and approved alike; or those that were taken back."""
    return current_rows(home, "decisions", withdrawn=withdrawn)


def lines_of(home: Home, decision_nos: Collection[str]) -> list[dict[str, Any]]:
    """The lines of some decisions as they hold now.

    Raises:
        OsameError: one of them does not exist.
    """
    lines = [line for line in current_lines(home) if line["decision_no"] in decision_nos]
    unknown = sorted(set(decision_nos) - {line["decision_no"] for line in lines})
    if unknown:
        raise OsameError(f"there is no decision {', '.join(unknown)}", "osame decisions lists them")
    return lines


def list_decisions(home: Home, *, waiting: bool = False, withdrawn: bool = False) -> list[dict[str, Any]]:
    """One dict per decision: its number, kind, lines, yen, who drafted and approved it; drafts first.

    Args:
        home: the office's data.
        waiting: only drafts.
        withdrawn: those that were taken back, with who did it; they are not among the others.
    """
    codes = next(c for c in registers(home)["decisions"].columns if c.name == "decision_type_code").codes or {}
    out: dict[str, dict[str, Any]] = {}
    for line in current_lines(home, withdrawn=withdrawn):
        item = out.setdefault(
            line["decision_no"],
            {
                "decision_no": line["decision_no"],
                "title_ja": "",
                "lines": 0,
                "amount_yen": 0,
                **{n: line[n] for n in ("drafted_by", "drafted_date", "approved_by", "approved_date", "withdrawn_by")},
            },
        )
        title = codes[line["decision_type_code"]]
        if title not in item["title_ja"]:
            item["title_ja"] += ("・" if item["title_ja"] else "") + title
        item["lines"] += 1
        item["amount_yen"] += line["amount_yen"]
    found = [item for item in out.values() if not (waiting and item["approved_by"])]
    return sorted(found, key=lambda item: (item["approved_by"] is not None, item["decision_no"]))


def approve(home: Home, decision_nos: Collection[str], by: str, on: date, at: datetime) -> Offer:
    """Approve drafts, all or none: every line lands again with who approved it and when.

    Args:
        home: the office's data.
        decision_nos: 起案番号.
        by: 職員番号 of who approves; another than who drafted them.
        on: 決裁日.
        at: now.

    Raises:
        OsameError: a draft does not exist, is approved already, or was drafted by the same person.
    """
    with acting_on(home, REGISTERS, at):
        lines = lines_of(home, decision_nos)
        done = {line["decision_no"]: line["approved_by"] for line in lines if line["approved_by"]}
        if done:
            shown = ", ".join(f"{number} was approved by {who} already" for number, who in sorted(done.items()))
            raise OsameError(shown, "leave them out" if len(done) < len(set(decision_nos)) else "nothing is to be done")
        own = sorted({line["decision_no"] for line in lines if line["drafted_by"] == by})
        if own:
            raise OsameError(f"{by} drafted {', '.join(own)} and cannot approve it", "another person approves: --by")
        return record(home, "decisions", [line | {"approved_by": by, "approved_date": on} for line in lines], at)


def withdraw(home: Home, decision_nos: Collection[str], by: str, reason: str, at: datetime) -> Offer:
    """Take decisions back: what they moved is as if it had never been decided (削除フラグ=1), nor told to the payer.

    Args:
        home: the office's data.
        decision_nos: 起案番号.
        by: 職員番号 of who takes them back.
        reason: why, in words.
        at: now.

    Raises:
        OsameError: one of them does not exist, its refund has been paid, or nobody or no reason is given.
    """
    withdrawal = taken_back(by, reason)
    with acting_on(home, REGISTERS, at):
        lines = lines_of(home, decision_nos)
        notices = [row for row in current_rows(home, "overpayment_notices") if row["decision_no"] in decision_nos]
        paid = sorted({f"{row['decision_no']} was paid on {row['paid_date']}" for row in notices if row["paid_date"]})
        if paid:
            raise OsameError(
                f"decision {', '.join(paid)}", "money that has left is claimed back, not withdrawn; leave it out"
            )
        if notices:
            record(home, "overpayment_notices", [row | {"is_withdrawn": 1} for row in notices], at)
        return record(home, "decisions", [line | withdrawal for line in lines], at)
