"""The life of a yen: file and line -> receipt -> movements -> due -> reports, with reasons to be read out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import duckdb

from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of
from osame.wareki import format_wareki
from warehouse.movements import movements_of
from warehouse.words import word, words


@dataclass
class Trace:
    """What is known of one receipt, due or file: rows as the marts have them."""

    kind: str
    key: str
    loads: list[dict[str, Any]] = field(default_factory=list)
    dues: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)


def trace(home: Home, key: str) -> Trace:
    """Follow a receipt id, a due key or a file name (or the start of its sha256).

    Raises:
        OsameError: nothing in the warehouse has that name.
    """
    connection = open_warehouse(home)
    try:
        found = _receipt(connection, key) or _due(connection, key) or _file(connection, key)
    finally:
        connection.close()
    if found is None:
        raise OsameError(
            f"{key!r} is no receipt, due or file of this warehouse",
            "give a receipt_id (fct_receipts), a due_key (fct_dues) or a file name (fct_loads)",
        )
    found.reports = _reports(home, {row["load_id"] for row in found.loads})
    return found


# Of its own record, and of the decisions that took it out of suspense.
_MOVEMENTS_SQL = """
    select * from fct_movements
    where (load_id, source_line) in (
        select (load_id, source_line) from fct_receipts where receipt_id = $1
        union all select (load_id, source_line) from fct_suspense_decisions where receipt_id = $1
    )
    order by posted_date, load_id, source_line, movement_id
"""
_LOADS_SQL = "select * from fct_loads where status = 'landed' and load_id in (select unnest(?))"


def _receipt(connection: duckdb.DuckDBPyConnection, key: str) -> Trace | None:
    receipts = rows_of(connection, "select * from fct_receipts where receipt_id = ?", key)
    if not receipts:
        return None
    movements = rows_of(connection, _MOVEMENTS_SQL, key)
    keys = sorted({m["due_key"] for m in movements if m["due_key"]})
    return Trace(
        "receipt",
        key,
        loads=rows_of(connection, _LOADS_SQL, sorted({receipts[0]["load_id"], *(m["load_id"] for m in movements)})),
        dues=rows_of(connection, "select * from fct_dues where due_key in (select unnest(?))", keys),
        receipts=receipts,
        movements=movements,
    )


def _due(connection: duckdb.DuckDBPyConnection, key: str) -> Trace | None:
    dues = rows_of(connection, "select * from fct_dues where due_key = ?", key)
    if not dues:
        return None
    movements = movements_of(connection, [key])
    receipts = rows_of(
        connection,
        """
        select rc.* from fct_receipts as rc
        where rc.due_key = ?
            or rc.receipt_id in (select br.receipt_id from bridge_receipt_dues as br where br.due_key = ?)
        order by rc.received_date, rc.posted_date, rc.receipt_id
        """,
        key,
        key,
    )
    loads = rows_of(connection, _LOADS_SQL, sorted({m["load_id"] for m in movements}))
    return Trace("due", key, loads=loads, dues=dues, receipts=receipts, movements=movements)


def _file(connection: duckdb.DuckDBPyConnection, key: str) -> Trace | None:
    if not key:  # every sha256 begins with nothing
        return None
    loads = rows_of(
        connection,
        "select * from fct_loads where file_name = ? or starts_with(sha256, lower(?)) order by offer_no",
        key,
        key,
    )
    if not loads:
        return None
    ids = sorted({row["load_id"] for row in loads if row["status"] == "landed"})
    receipts = rows_of(
        connection,
        """
        select record_status, match_method, count(*) as receipt_count, cast(sum(amount_yen) as bigint) as amount_yen
        from fct_receipts where load_id in (select unnest(?)) and entry_type = 'payment'
        group by record_status, match_method order by record_status, match_method
        """,
        ids,
    )
    movements = rows_of(
        connection,
        """
        select movement_type, component, count(*) as movement_count, cast(sum(amount_yen) as bigint) as amount_yen
        from fct_movements where load_id in (select unnest(?)) and not is_provisional
        group by movement_type, component order by movement_type, component
        """,
        ids,
    )
    return Trace("file", key, loads=loads, receipts=receipts, movements=movements)


def _reports(home: Home, loads: set[int]) -> list[dict[str, Any]]:
    """Published reports that were made from these files, newest first."""
    found = []
    for path in home.published.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        used = {int(load["load_id"]) for load in manifest.get("loads", [])}
        if loads & used:
            found.append({"report": path.parent.parent.name, "run": path.parent.name, "path": str(path.parent)})
    return sorted(found, key=lambda r: str(r["run"]), reverse=True)


def sentence(movement: dict[str, Any]) -> str:
    """One movement in a sentence of Japanese, for an officer to read out."""
    component = word("component", movement["component"])
    kind = word("movement_type", movement["movement_type"])
    reason = words("movement_reason").get(movement["reason_code"] or "", "")
    day = format_wareki(movement["value_date"])
    if movement["movement_type"] == "received":
        text = f"{component} {movement['amount_yen']:,}円を {day} 領収分から充当"
    else:
        text = f"{kind} {component} {movement['amount_yen']:,}円（{day}）"
    return f"{text}。{reason}" if reason else text
