"""An outcome in lines that a person reads: its checks, and what became of each due and receipt where nobody expects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from warehouse.scenario.run import Outcome

Line = tuple[str, str]  # mark (pass, FAIL, ran, ok, not or nothing) and text

_DUE = (
    ("tax", "assessed_yen"),
    ("paid", "principal_paid_yen"),
    ("left", "principal_balance_yen"),
    ("written off", "written_off_yen"),
    ("provisional", "provisional_paid_yen"),
    ("fee", "reminder_fee_yen"),
    ("fee paid", "reminder_fee_paid_yen"),
    ("late charge", "late_charge_yen"),
    ("late charge paid", "late_charge_paid_yen"),
    ("overpaid", "overpaid_yen"),
)
_YEAR = (
    ("carried in", "carried_in_yen"),
    ("assessed", "assessed_yen"),
    ("of it on no revenue line", "beyond_yen"),
    ("received", "received_yen"),
    ("repaid from expenditure", "repaid_yen"),
    ("written off", "written_off_yen"),
    ("overpaid and not repaid", "refund_unpaid_yen"),
    ("left", "outstanding_yen"),
)
_PARTS = (
    ("principal", "principal_yen"),
    ("fee", "reminder_fee_yen"),
    ("late charge", "late_charge_yen"),
    ("overpaid", "overpaid_yen"),
    ("suspense", "suspense_yen"),
)


def lines(outcome: Outcome) -> Iterator[Line]:
    """What to print of an outcome. The rows of dues and receipts follow unless all was as expected."""
    mark = ("pass" if outcome.passed else "FAIL") if outcome.checks else "ran"
    yield mark, f"{outcome.name}  (as of {outcome.as_of}; {outcome.path})"
    for check in outcome.checks:
        if check.passed:
            yield "ok", f"{check.what} = {_text(check.what, check.found)}"
        else:
            expected, found = _text(check.what, check.expected), _text(check.what, check.found)
            yield "not", f"{check.what}: expected {expected}, found {found}"
    if not outcome.checks or not outcome.passed:
        yield from (("", line) for line in _rows(outcome))


def _rows(outcome: Outcome) -> Iterator[str]:
    for name, due in outcome.dues.items():
        yield f"due {name}: {due['state']}, {_amounts(due, _DUE, always=3)}"
    for name, receipt in outcome.receipts.items():
        named = receipt["match_detail"] or receipt["status_reason"]
        yield (
            f"receipt {name}: {receipt['received_date']} {receipt['amount_yen']:,} {receipt['record_status']}"
            f"{f' ({named})' if named else ''}{_tail(_amounts(receipt, _PARTS), receipt['due'])}"
        )
        if receipt["due_count"] > 1:
            parts = [row for row in outcome.allocations if row["receipt"] == name]
            yield from (f"  {_amounts(row, _PARTS)} on {row['due']}" for row in parts)
    for row in outcome.overpayments:
        yield (
            f"overpayment of {row['due']} by {row['receipt']}: {row['amount_yen']:,} ({row['cause_code']}号), "
            f"{row['balance_yen']:,} left"
        )
    for row in outcome.carried:
        yield f"year {row['fiscal_year']} of {row['due']}: {_amounts(row, _YEAR)}"
    for row in outcome.suspense:
        yield f"suspense {row['receipt']}: {row['amount_yen']:,} ({row['reason']})"


def _amounts(row: dict[str, Any], columns: tuple[Line, ...], always: int = 0) -> str:
    """The amounts of a row; those that are 0 are left out, except the first few."""
    return ", ".join(
        f"{label} {row[name]:,}"
        for index, (label, name) in enumerate(columns)
        if name in row and (index < always or row[name])
    )


def _tail(amounts: str, due: str | None) -> str:
    return (f": {amounts}" if amounts else "") + (f" on {due}" if due else "")


def _text(name: str, value: Any) -> str:
    if isinstance(value, list):
        return f"[{'; '.join(_text(name, v) for v in value)}]"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(k, v)}" for k, v in value.items())
    if name.endswith("_yen") and isinstance(value, int):
        return f"{value:,}"
    return "nothing" if value is None else str(value)
