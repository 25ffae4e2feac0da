"""決裁: what one person drafts takes effect when another approves it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from ingestion.offer import Offer
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from warehouse.office.limits import due_key_of
from warehouse.office.records import acting_on
from warehouse.office.registers import current_rows, recordable, registers, taken_back

REGISTERS = ("decisions", "overpayment_notices")  # what acts on refunds, offsets and reallocations read and record
APPROVE = Permission("approve", "決裁")
WITHDRAW = Permission("withdraw", "決裁の取消し", asks_reason=True)
_SIGNED = ("drafted_by", "drafted_date", "approved_by", "approved_date", "withdrawn_by", "withdrawn_reason")
_NUMBER = "%Y%m%d%H%M%S%f"


def new_decision_no(at: datetime) -> str:
    """起案番号: the instant of the draft to the millisecond, 17 digits."""
    return at.strftime(_NUMBER)[:17]


def current_lines(home: Home, *, withdrawn: bool = False) -> list[dict[str, Any]]:
    """The lines of all decisions, as they hold now, drafts and approved alike; or those that were taken back."""
    return [recordable(row) for row in current_rows(home, "decisions", withdrawn=withdrawn)]


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
    """One dict per decision: its number, kind, lines, yen, whom and what it concerns, who drafted and approved it.

    Drafts first. ``details`` has a dict per line: kind, payer, from which due or item to which, yen, reason (備考) and
    day of effect: what somebody needs to see who is to approve it.

    Args:
        home: the office's data.
        waiting: only drafts.
        withdrawn: those that were taken back, with who did it and why; they are not among the others.
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
                "addressee_nos": [],
                **{n: line[n] for n in _SIGNED},
                "details": [],
            },
        )
        title = codes[line["decision_type_code"]]
        if title not in item["title_ja"]:
            item["title_ja"] += ("・" if item["title_ja"] else "") + title
        if line["addressee_no"] and line["addressee_no"] not in item["addressee_nos"]:
            item["addressee_nos"].append(line["addressee_no"])
        item["lines"] += 1
        item["amount_yen"] += line["amount_yen"]
        item["details"].append(_detail(line, title))
    found = [item for item in out.values() if not (waiting and item["approved_by"])]
    return sorted(found, key=lambda item: (item["approved_by"] is not None, item["decision_no"]))


def _detail(line: dict[str, Any], title_ja: str) -> dict[str, Any]:
    names = ("line_no", "addressee_no", "receipt_id", "from_component_code", "to_component_code", "amount_yen")
    return {
        **{name: line[name] for name in names},
        "title_ja": title_ja,
        "due_key": due_key_of(line) if line["notice_no"] else None,
        "offset_due_key": due_key_of(line, "offset_") if line["offset_notice_no"] else None,
        "value_date": line["value_date"],
        "cause_code": line["cause_code"],
        "reason": line["remarks"],
    }


def draft_line(home: Home, row: dict[str, Any], act: Act, *, land: bool = True) -> str:
    """Record a line by hand, as the draft of who records it; it returns the name of the file.

    Args:
        home: the office's data.
        row: by column name; drafted_by and drafted_date may be left out.
        act: to record rows of ``decisions``.
        land: at once; else the file waits in the inbox.

    Raises:
        OsameError: the row says that another drafted it or that it is approved, or its number is that of a decision
            which is approved or was taken back (neither is changed by recording it again), or it moves more than is
            there.
    """
    if row.get("approved_by") or row.get("approved_date"):
        raise OsameError(
            "approved_by and approved_date are not recorded with a draft",
            "leave them out; another person approves it: osame approve",
        )
    if row.get("drafted_by", act.by) != act.by:
        raise OsameError(f"drafted_by is {row['drafted_by']}, and {act.by} records it", "leave drafted_by out")
    number = row.get("decision_no")
    with acting_on(home, ["decisions"], act) as book:
        if any(line["decision_no"] == number and line["approved_by"] for line in current_lines(home)):
            raise OsameError(
                f"decision {number} is approved and is not changed any more", "withdraw it: osame withdraw"
            )
        if any(line["decision_no"] == number for line in current_lines(home, withdrawn=True)):
            raise OsameError(f"decision {number} was taken back", "give the new draft another decision_no")
        signed = {"drafted_date": act.at.date()} | row | {"drafted_by": act.by}
        if not land:
            return book.put_down("decisions", [signed]).name
        return book.record("decisions", [signed]).file_name


def approve(home: Home, decision_nos: Collection[str], act: Act, on: date) -> Offer:
    """Approve drafts, all or none: every line lands again with who approved it and when.

    Args:
        home: the office's data.
        decision_nos: 起案番号.
        act: ``APPROVE``, by another than who drafted them.
        on: 決裁日: builds as of this day or later apply them.

    Raises:
        OsameError: a draft does not exist, is approved already, was drafted by the same person, or moves more than is
            there.
    """
    with acting_on(home, REGISTERS, act) as book:
        lines = lines_of(home, decision_nos)
        done = {line["decision_no"]: line["approved_by"] for line in lines if line["approved_by"]}
        if done:
            shown = ", ".join(f"{number} was approved by {who} already" for number, who in sorted(done.items()))
            raise OsameError(shown, "leave them out" if len(done) < len(set(decision_nos)) else "nothing is to be done")
        for line in lines:
            act.require_another_than(line["drafted_by"], line["decision_no"])
        return book.record("decisions", [line | {"approved_by": act.by, "approved_date": on} for line in lines])


def withdraw(home: Home, decision_nos: Collection[str], act: Act) -> Offer:
    """Take decisions back: what they moved is as if it had never been decided (削除フラグ=1), nor told to the payer.

    Args:
        home: the office's data.
        decision_nos: 起案番号.
        act: ``WITHDRAW``; its reason is kept.

    Raises:
        OsameError: one of them does not exist, or its refund has been paid.
    """
    with acting_on(home, REGISTERS, act) as book:
        lines = lines_of(home, decision_nos)
        notices = [
            recordable(row) for row in current_rows(home, "overpayment_notices") if row["decision_no"] in decision_nos
        ]
        paid = sorted({f"{row['decision_no']} was paid on {row['paid_date']}" for row in notices if is_paid(row)})
        if paid:
            raise OsameError(
                f"decision {', '.join(paid)}", "money that has left is claimed back, not withdrawn; leave it out"
            )
        gone = {"overpayment_notices": [row | {"is_withdrawn": 1} for row in notices]} if notices else {}
        *_, offer = book.record_all(gone | {"decisions": [line | taken_back(act) for line in lines]})
        return offer


def is_paid(notice: dict[str, Any]) -> bool:
    """Whether the money of a notice has left and has not come back."""
    return notice["paid_date"] is not None and notice.get("returned_date") is None
