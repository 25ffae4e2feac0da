"""決算: the books of a fiscal year are closed by a record that two persons sign; nothing changes them afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from warehouse.config import Home
from warehouse.connection import landing_lock, open_landing, open_warehouse
from warehouse.errors import OsameError
from warehouse.law.parameters import load_parameters
from warehouse.office.freshness import Freshness, freshness
from warehouse.office.records import acting_on, record

_LINES = """
    select
        fiscal_year, row_number() over (
            partition by tax_item_code order by form_row, body, component, arrears_class
        ) as line_no,
        tax_item_code, form_row, body, component, arrears_class, carried_in_yen, assessed_yen, received_yen,
        refund_unpaid_yen, written_off_yen, outstanding_yen
    from fct_settlement_lines
    where fiscal_year = ?
    order by tax_item_code, line_no
"""
_FLOWS = """
    select
        fiscal_year, coalesce(corrects_fiscal_year, fiscal_year) as origin_fiscal_year, due_key, component,
        concat_ws('.', movement_type, direction, budget_side) as movement_kind,
        cast(sum(amount_yen) as bigint) as amount_yen
    from fct_movements
    where fiscal_year = ? and due_key is not null and not is_provisional
    group by all
    having sum(amount_yen) <> 0
    order by all
"""


@dataclass(frozen=True)
class Closing:
    """A closed year. ``lines_sha256`` names the settlement lines that were approved, ``flows_sha256`` what dues had."""

    fiscal_year: int
    is_new: bool
    closed_date: date
    as_of_date: date
    known_at: str
    line_count: int
    lines_sha256: str
    flow_count: int
    flows_sha256: str
    drafted_by: str
    approved_by: str


def close_year(home: Home, fiscal_year: int, drafted_by: str, approved_by: str, at: datetime) -> Closing:
    """Close a fiscal year as the published warehouse has it, or tell of its closing if it is closed already.

    Lands three records: what every due had in the year, the settlement lines, and, last, the closing that names both by
    their hash. Whatever lands later and would change the year is booked in the first year that is still open.

    Legal basis:
        地方自治法第233条 (決算), 第235条の5 (出納の閉鎖).

    Args:
        home: the office's data.
        fiscal_year: 会計年度.
        drafted_by: 職員番号 of who drafted the settlement.
        approved_by: 職員番号 of who approves it.
        at: now (JST).

    Raises:
        OsameError: the year's closing period is not over, an earlier year is open, nothing is built, the build is older
            than its closing day or than landing, the books have nothing of that year, or one person does both.
    """
    with acting_on(home, ["closings", "closing_lines", "closing_flows"], at):
        known = _closings(home)
        if fiscal_year in known:
            return known[fiscal_year]
        if drafted_by == approved_by:
            raise OsameError(
                f"{drafted_by} drafted the settlement of {fiscal_year} and cannot approve it",
                "another person approves: --by",
            )
        closing_end = _closing_end(fiscal_year)
        if at.date() <= closing_end:
            raise OsameError(
                f"the closing period of {fiscal_year} lasts until {closing_end}; today is {at.date()}",
                f"close it from {closing_end + timedelta(days=1)} on",
            )
        lines, flows, as_of, known_at = _books(home, fiscal_year, closing_end, set(known))
        flows_offer = record(home, "closing_flows", flows, at)
        lines_offer = record(home, "closing_lines", lines, at)
        closing = Closing(
            fiscal_year=fiscal_year,
            is_new=True,
            closed_date=at.date(),
            as_of_date=as_of,
            known_at=known_at.isoformat(),
            line_count=len(lines),
            lines_sha256=lines_offer.sha256,
            flow_count=len(flows),
            flows_sha256=flows_offer.sha256,
            drafted_by=drafted_by,
            approved_by=approved_by,
        )
        row = {name: value for name, value in vars(closing).items() if name != "is_new"}
        record(home, "closings", [row | {"drafted_date": at.date(), "approved_date": at.date()}], at)
        return closing


def _closing_end(fiscal_year: int) -> date:
    """The last day of a year's closing period (出納閉鎖)."""
    year = fiscal_year + 1
    month, day = load_parameters()["fiscal_year.rules"].at(date(year, 1, 1)).items("closing_end")
    return date(year, month, day)


def _closings(home: Home) -> dict[int, Closing]:
    """The years that are closed, as they hold now."""
    names = [name for name in Closing.__dataclass_fields__ if name != "is_new"]
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            rows = connection.execute(
                f"""
                select {", ".join(f"cl.{name}" for name in names)}
                from landing.closings as cl
                inner join landing.loads as ld on ld.load_id = cl.load_id and ld.status = 'landed'
                qualify row_number() over (
                    partition by cl.fiscal_year order by ld.business_date desc, ld.sequence_no desc, ld.sha256 desc
                ) = 1 and coalesce(cl.is_withdrawn, 0) = 0
                """
            ).fetchall()
        except duckdb.CatalogException:  # nothing has landed since this version was installed
            return {}
        finally:
            connection.close()
    return {row[0]: Closing(is_new=False, **dict(zip(names, row, strict=True))) for row in rows}


def _books(
    home: Home, fiscal_year: int, closing_end: date, closed: set[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], date, datetime]:
    """Settlement lines and flows of a year in the published warehouse, with what that was built as of and knew."""
    if not home.warehouse.exists():
        raise OsameError(f"{home.warehouse} is not there: nothing is built", "run: osame build")
    connection = open_warehouse(home)
    try:
        as_of, known_at = connection.execute("select as_of_date, known_at from run_info").fetchall()[0]
        if as_of < closing_end:
            raise OsameError(
                f"the warehouse is built as of {as_of}, before the closing period of {fiscal_year} ends, {closing_end}",
                f"run: osame build --as-of {closing_end} or later",
            )
        years = connection.execute("select distinct fiscal_year from fct_settlement_lines").fetchall()
        _require_order(fiscal_year, {year for (year,) in years}, closed)
        _require_all_built(freshness(home, connection))
        lines = _dicts(connection.execute(_LINES, [fiscal_year]))
        return lines, _dicts(connection.execute(_FLOWS, [fiscal_year])), as_of, known_at
    finally:
        connection.close()


def _require_order(fiscal_year: int, years: set[int], closed: set[int]) -> None:
    if fiscal_year not in years:
        listed = f"{min(years)} to {max(years)}" if years else "no year"
        raise OsameError(
            f"the books have nothing of {fiscal_year}; they have {listed}", "name a fiscal year (4 digits)"
        )
    earlier = sorted(year for year in years - closed if year < fiscal_year)
    if earlier:
        raise OsameError(
            f"{', '.join(map(str, earlier))} must be closed before {fiscal_year}", f"run: osame close {earlier[0]}"
        )


def _require_all_built(fresh: Freshness) -> None:
    """What landed since the build would be missing from the books; a slip that lands late can match what waits."""
    late = sorted(file.file_name for file in fresh.files("match", "books"))
    if late:
        raise OsameError(
            f"{len(late)} files landed after the build: {', '.join(late[:5])}{' …' if late[5:] else ''}",
            "run: osame build",
        )


def _dicts(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
