"""決裁: what one person drafts takes effect when another approves it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ingestion.landing import Offer
from warehouse.config import Home
from warehouse.errors import OsameError
from warehouse.office.records import current_rows, record, registers

_NUMBER = "%Y%m%d%H%M%S%f"


def new_decision_no(at: datetime) -> str:
    """起案番号: the instant of the draft to the millisecond, 17 digits."""
    return at.strftime(_NUMBER)[:17]


def current_lines(home: Home, decision_no: str | None = None) -> list[dict[str, Any]]:
    """The lines of one decision or of all, as they hold now, drafts and approved alike."""
    return [row for row in current_rows(home, "decisions") if decision_no in (None, row["decision_no"])]


def draft_of(home: Home, decision_no: str) -> list[dict[str, Any]]:
    """The lines of one decision as they hold now.

    Raises:
        OsameError: there is no such decision.
    """
    lines = current_lines(home, decision_no)
    if not lines:
        raise OsameError(f"there is no decision {decision_no!r}", "osame decisions lists them")
    return lines


def list_decisions(home: Home, *, waiting: bool) -> list[dict[str, Any]]:
    """One dict per decision: its number, kind, lines, yen, who drafted and approved it; drafts first."""
    codes = next(c for c in registers(home)["decisions"].columns if c.name == "decision_type_code").codes or {}
    out: dict[str, dict[str, Any]] = {}
    for line in current_lines(home):
        item = out.setdefault(
            line["decision_no"],
            {
                "decision_no": line["decision_no"],
                "title_ja": "",
                "lines": 0,
                "amount_yen": 0,
                **{n: line[n] for n in ("drafted_by", "drafted_date", "approved_by", "approved_date")},
            },
        )
        title = codes[line["decision_type_code"]]
        if title not in item["title_ja"]:
            item["title_ja"] += ("・" if item["title_ja"] else "") + title
        item["lines"] += 1
        item["amount_yen"] += line["amount_yen"]
    found = [item for item in out.values() if not (waiting and item["approved_by"])]
    return sorted(found, key=lambda item: (item["approved_by"] is not None, item["decision_no"]))


def approve(home: Home, decision_no: str, by: str, on: date, at: datetime) -> Offer:
    """Approve a draft: every line lands again with who approved it and when.

    Args:
        home: the office's data.
        decision_no: 起案番号.
        by: 職員番号 of who approves; another than who drafted it.
        on: 決裁日.
        at: now.

    Raises:
        OsameError: no such draft, it is approved already, or the same person drafted it.
    """
    lines = draft_of(home, decision_no)
    done = {line["approved_by"] for line in lines if line["approved_by"]}
    if done:
        raise OsameError(
            f"decision {decision_no} was approved by {', '.join(sorted(done))} already", "nothing is to be done"
        )
    return record(home, "decisions", [line | {"approved_by": by, "approved_date": on} for line in lines], at)


def withdraw(home: Home, decision_no: str, at: datetime) -> Offer:
    """Take a decision back: what it moved is as if it had never been decided (削除フラグ=1)."""
    return record(home, "decisions", [line | {"is_withdrawn": 1} for line in draft_of(home, decision_no)], at)
