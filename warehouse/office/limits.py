"""No decision moves more than is there: what a line takes is bounded by what the books have and others have not taken.

The books are those of the last build; what was recorded since is looked up in landing. The models bound decisions once
more, whoever delivered them: this is told before, to the person who can still change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from ingestion.current import current_rows
from ingestion.due_key import DUE_KEY
from ingestion.layout import Layout
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse

Row = dict[str, Any]
REFUND, OFFSET, REALLOCATION, SUSPENSE = "1", "2", "3", "4"
_INTEREST = "4"  # 還付加算金 is added by the city: no credit bounds it
_COMPONENTS = {"1": "principal", "2": "reminder_fee", "3": "late_charge"}
_COLUMNS = (
    "decision_no",
    "line_no",
    "decision_type_code",
    *DUE_KEY,
    "receipt_id",
    "from_component_code",
    "amount_yen",
    "approved_by",
    "approved_date",
)
_SHOWN = 10

# What money is taken from: overpaid on a due, paid on a part of a due, or an item in suspense.
Source = tuple[str, str]


@dataclass(frozen=True)
class _Books:
    """What the published warehouse knows: loads, its day, and yen by source."""

    loads: frozenset[int]
    as_of: Any
    there: Mapping[Source, int]


def require_room(
    home: Home, landing: duckdb.DuckDBPyConnection, layouts: Mapping[str, Layout], lines: list[Row]
) -> None:
    """That the lines of decisions that are to be recorded take no more than is there.

    A draft must leave room for all other lines, drafts too; one that is approved for those that are approved. Where
    nothing is built nothing can be said: the models bound it then.

    Args:
        home: the office's data.
        landing: the open store, before the lines are in it.
        layouts: every layout.
        lines: as they are to be recorded, by column name.

    Raises:
        OsameError: every line that takes too much is named, with what is there and who has taken the rest.
    """
    taking = [line for line in lines if not line.get("is_withdrawn") and _source(line) is not None]
    if not taking or not home.warehouse.exists():
        return
    books = _books(home, {source for line in taking if (source := _source(line)) is not None})
    others = _others(landing, layouts, lines, books, are_approved=all(line["approved_by"] for line in taking))
    left = dict(books.there)
    for other in others:
        source = _source(other)
        if source is not None and source in left:
            left[source] -= other["amount_yen"]
    problems = []
    for line in taking:
        source = _source(line)
        if source is None:
            continue
        if line["amount_yen"] > max(left[source], 0):
            problems.append(_problem(line, source, left[source], others))
        left[source] -= line["amount_yen"]
    if problems:
        more = [f"and {len(problems) - _SHOWN:,} more"] if len(problems) > _SHOWN else []
        listed = "\n".join(f"  {text}" for text in [*problems[:_SHOWN], *more])
        raise OsameError(
            f"no decision moves more than is there:\n{listed}",
            "decide on what is left, or withdraw the decision that takes it (osame decisions); if the money has landed "
            "since the last build: osame build",
        )


def due_key_of(row: Mapping[str, Any], prefix: str = "") -> str:
    """The due key that the nine columns of a row make up."""
    return "-".join(str(row[f"{prefix}{name}"]) for name in DUE_KEY)


def _source(line: Row) -> Source | None:
    """What a line takes from; None if it takes nothing that is there."""
    kind, component = line["decision_type_code"], line["from_component_code"]
    if kind == SUSPENSE:
        return "suspense", str(line["receipt_id"])
    if component == _INTEREST:
        return None
    if kind == REALLOCATION:
        return _COMPONENTS[str(component)], due_key_of(line)
    return "overpaid", due_key_of(line)


def _problem(line: Row, source: Source, left: int, others: Sequence[Row]) -> str:
    takers = sorted({other["decision_no"] for other in others if _source(other) == source})
    what = {"suspense": "of the item in suspense", "overpaid": "of what is overpaid on it"}.get(
        source[0], f"of its paid {source[0].replace('_', ' ')}"
    )
    taken = f" (taken by {', '.join(takers[:3])}{' …' if takers[3:] else ''})" if takers else ""
    return (
        f"decision {line['decision_no']} line {line['line_no']}: {line['amount_yen']:,} yen from {source[1]}; "
        f"{max(left, 0):,} yen {what} are left{taken}"
    )


def _books(home: Home, sources: set[Source]) -> _Books:
    there: dict[Source, int] = dict.fromkeys(sources, 0)
    names: dict[str, list[str]] = defaultdict(list)
    for kind, name in sources:
        names[kind].append(name)
    connection = open_warehouse(home)
    try:
        loads = frozenset(row[0] for row in connection.execute("select load_id from fct_loads").fetchall())
        as_of = connection.execute("select as_of_date from run_info").fetchall()[0][0]
        for name, amount in connection.execute(
            """
            select due_key, cast(sum(balance_yen - notified_yen) as bigint) from fct_overpayments
            where state <> 'expired' and due_key in (select unnest(?)) group by due_key
            """,
            [names["overpaid"]],
        ).fetchall():
            there["overpaid", name] = amount
        for name, amount in connection.execute(
            "select receipt_id, balance_yen from fct_suspense where receipt_id in (select unnest(?))",
            [names["suspense"]],
        ).fetchall():
            there["suspense", name] = amount
        for component in _COMPONENTS.values():
            overpaid = " + overpaid_yen" if component == "principal" else ""
            for name, amount in connection.execute(
                f"select due_key, {component}_paid_yen{overpaid} from fct_dues where due_key in (select unnest(?))",
                [names[component]],
            ).fetchall():
                there[component, name] = amount
    finally:
        connection.close()
    return _Books(loads, as_of, there)


def _others(
    landing: duckdb.DuckDBPyConnection,
    layouts: Mapping[str, Layout],
    lines: list[Row],
    books: _Books,
    *,
    are_approved: bool,
) -> list[Row]:
    """Lines of other decisions that take from the same sources and that the books do not have yet."""
    own = {(line["decision_no"], line["line_no"]) for line in lines}
    rows = current_rows(landing, layouts["decisions"], _COLUMNS)
    found = [
        row
        for row in rows
        if (row["decision_no"], row["line_no"]) not in own
        and _source(row) in books.there
        and (row["approved_by"] or not are_approved)
    ]
    told = _told(landing, layouts, books) if any(row["decision_type_code"] == REFUND for row in found) else set()
    return [row for row in found if not _is_booked(row, books, told)]


def _is_booked(row: Row, books: _Books, told: set[str]) -> bool:
    """Whether the warehouse has taken it off already: a refund from the day on which its payer was told, others when
    they are approved. Lines of before the approval have no effect, so the version that holds is the one to look at.
    """
    if row["decision_type_code"] == REFUND:
        return f"{row['decision_no']}-{row['line_no']}" in told
    return bool(row["approved_by"]) and row["load_id"] in books.loads and row["approved_date"] <= books.as_of


def _told(landing: duckdb.DuckDBPyConnection, layouts: Mapping[str, Layout], books: _Books) -> set[str]:
    """Numbers of the notices that the books have, in whatever version: a claim recorded since changes no amount."""
    holding = {
        row["overpayment_notice_no"]
        for row in current_rows(landing, layouts["overpayment_notices"], ["overpayment_notice_no", "notified_date"])
        if row["notified_date"] <= books.as_of
    }
    rows = landing.execute(
        f'select distinct load_id, overpayment_notice_no from landing."{layouts["overpayment_notices"].table}"'
    ).fetchall()
    return {number for load_id, number in rows if load_id in books.loads and number in holding}
