"""Which build of which city a report reads: its day, its files, the years that it has books of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from osame.stores import rows_of
from reports.errors import WrongWarehouseError

ALWAYS_READ = ("run_info", "dim_tax_items", "dim_channels", "fct_loads")
"""Tables that every report reads, whatever its notebook asks for."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Which build of which city: ``as_of_date`` cuts on book dates, ``known_at`` (JST) on landing."""

    as_of_date: date
    known_at: datetime
    municipality_code: str
    municipality_name: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Watermark:
    """All files behind the warehouse: how many, and one digest of their sha256 values in order."""

    landed_files: int
    digest: str


def check_tables(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Every one of ``tables`` is in the warehouse.

    Raises:
        WrongWarehouseError: naming all that are missing.
    """
    found = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
    missing = [name for name in tables if name not in found]
    if missing:
        raise WrongWarehouseError(
            f"the warehouse lacks {', '.join(missing)}", "run: osame build (with this version of osame)"
        )


def run_info(connection: duckdb.DuckDBPyConnection) -> RunInfo:
    """The one row that says which build this warehouse is.

    A build without a cut on landing says so with the year 9999. What it knows is then what had landed by the last file:
    with that moment the same figures can be had again, with 9999 they cannot.

    Raises:
        WrongWarehouseError: there is not exactly one row.
    """
    rows = rows_of(
        connection,
        """
select info.as_of_date,
    case
        when info.known_at < timestamp '9999-01-01 00:00:00' then info.known_at
        else (select coalesce(max(loaded.landed_at), info.as_of_date) from fct_loads as loaded)
    end as known_at,
    info.municipality_code, info.municipality_name, info.code_version
from run_info as info
""",
    )
    if len(rows) != 1:
        raise WrongWarehouseError(f"run_info has {len(rows)} rows, expected 1", "run: osame build")
    return RunInfo(**rows[0])


def watermark(connection: duckdb.DuckDBPyConnection) -> Watermark:
    """The files behind this warehouse, in two values that can be compared years later."""
    rows = connection.execute("select sha256 from fct_loads where status = 'landed' order by sha256").fetchall()
    return Watermark(len(rows), hashlib.sha256("\n".join(value for (value,) in rows).encode()).hexdigest())


def fiscal_years(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """The fiscal years that the warehouse has books of, the earliest first.

    Raises:
        WrongWarehouseError: the settlement is missing.
    """
    check_tables(connection, ["fct_settlement_lines"])
    rows = connection.execute("select distinct fiscal_year from fct_settlement_lines order by 1").fetchall()
    return [year for (year,) in rows]
