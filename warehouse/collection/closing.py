"""決算: the books of a fiscal year are closed by a record that two persons sign; nothing changes them afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from ingestion.offer import sha256_of
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of
from warehouse.law.parameters import load_parameters
from warehouse.office.freshness import Freshness, freshness
from warehouse.office.record_files import csv_of
from warehouse.office.records import acting_on
from warehouse.office.registers import current_rows, registers

REGISTERS = ("closings", "closing_lines", "closing_flows")
DRAFT = Permission("draft-closing", "決算の起案")
CLOSE = Permission("close", "決算の決裁")
_SUMS = ("carried_in_yen", "assessed_yen", "received_yen", "refund_unpaid_yen", "written_off_yen", "outstanding_yen")

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
    """A fiscal year that is closed, or drafted to be: then nobody has approved it and it closes nothing.

    ``lines_sha256`` names the settlement lines that were drafted and approved, ``flows_sha256`` what dues had.
    """

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
    drafted_date: date
    approved_by: str | None
    approved_date: date | None


@dataclass(frozen=True)
class Preview:
    """What a closing would hold: the settlement lines of the year, its flows, and what the build knew."""

    fiscal_year: int
    as_of_date: date
    known_at: datetime
    lines: list[dict[str, Any]]
    flows: list[dict[str, Any]]

    @property
    def sums(self) -> dict[str, int]:
        """The yen of all lines by column: what a person compares with the settlement on paper (決算書)."""
        return {name: sum(line[name] for line in self.lines) for name in _SUMS}


def preview(home: Home, fiscal_year: int, on: date) -> Preview:
    """The settlement of a year as the published warehouse has it, if it may be closed on a day. Nothing is recorded.

    Raises:
        OsameError: as ``draft_closing``.
    """
    closing_end = _closing_end(fiscal_year)
    if on <= closing_end:
        raise OsameError(
            f"the closing period of {fiscal_year} lasts until {closing_end}; today is {on}",
            f"close it from {closing_end + timedelta(days=1)} on",
        )
    known = closings(home)
    closed = {year for year, closing in known.items() if closing.approved_by is not None}
    return _books(home, fiscal_year, closing_end, closed)


def draft_closing(home: Home, fiscal_year: int, act: Act) -> Closing:
    """Draft the closing of a fiscal year as the published warehouse has it, or tell of its closing if it is closed.

    A draft names the settlement lines by their hash and closes nothing. A new draft takes the place of an older one.

    Args:
        home: the office's data.
        fiscal_year: 会計年度.
        act: ``DRAFT``.

    Raises:
        OsameError: the year's closing period is not over, an earlier year is open, nothing is built, the build is older
            than its closing day or than landing, or the books have nothing of that year.
    """
    with acting_on(home, REGISTERS, act) as book:
        known = closings(home).get(fiscal_year)
        if known is not None and known.approved_by is not None:
            return known
        found = preview(home, fiscal_year, act.at.date())
        drafted = Closing(
            fiscal_year=fiscal_year,
            is_new=True,
            closed_date=act.at.date(),
            as_of_date=found.as_of_date,
            known_at=found.known_at.isoformat(),
            **_named(home, found),
            drafted_by=act.by,
            drafted_date=act.at.date(),
            approved_by=None,
            approved_date=None,
        )
        book.record("closings", [_row(drafted)])
        return drafted


def close_year(home: Home, fiscal_year: int, act: Act) -> Closing:
    """Close a fiscal year whose closing another person has drafted, or tell of its closing if it is closed already.

    Lands in one transaction what every due had in the year, the settlement lines, and the closing that names both by
    their hash. Whatever lands later and would change the year is booked in the first year that is still open.

    Legal basis:
        地方自治法第233条 (決算), 第235条の5 (出納の閉鎖).

    Args:
        home: the office's data.
        fiscal_year: 会計年度.
        act: ``CLOSE``, by another than who drafted it.

    Raises:
        OsameError: as ``draft_closing``; or nobody has drafted it, the same person did, or the books are not those that
            were drafted any more.
    """
    with acting_on(home, REGISTERS, act) as book:
        drafted = closings(home).get(fiscal_year)
        if drafted is None:
            preview(home, fiscal_year, act.at.date())  # what else is in the way is said first
            raise OsameError(
                f"nobody has drafted the closing of {fiscal_year}",
                f"one person drafts, another closes: osame draft-closing {fiscal_year} --by NO",
            )
        if drafted.approved_by is not None:
            return drafted
        act.require_another_than(drafted.drafted_by, f"the closing of {fiscal_year}")
        found = preview(home, fiscal_year, act.at.date())
        named = _named(home, found)
        if (named["lines_sha256"], named["flows_sha256"]) != (drafted.lines_sha256, drafted.flows_sha256):
            raise OsameError(
                f"the books of {fiscal_year} are not those that {drafted.drafted_by} drafted on "
                f"{drafted.drafted_date}: the warehouse was built anew since, with other figures",
                f"look at what changed, then draft again: osame draft-closing {fiscal_year} --by NO",
            )
        closing = replace(
            drafted,
            is_new=True,
            closed_date=act.at.date(),
            as_of_date=found.as_of_date,
            known_at=found.known_at.isoformat(),
            approved_by=act.by,
            approved_date=act.at.date(),
        )
        book.record_all({"closing_flows": found.flows, "closing_lines": found.lines, "closings": [_row(closing)]})
        return closing


def _named(home: Home, found: Preview) -> dict[str, Any]:
    """How many lines and flows there are, and the hashes of the files that they will be."""
    layouts = registers(home)
    texts = {
        "lines": csv_of(layouts["closing_lines"], found.lines),
        "flows": csv_of(layouts["closing_flows"], found.flows),
    }
    hashes = {f"{name}_sha256": sha256_of(text.encode("utf-8")) for name, text in texts.items()}
    return {"line_count": len(found.lines), "flow_count": len(found.flows), **hashes}


def _row(closing: Closing) -> dict[str, Any]:
    return {name: value for name, value in vars(closing).items() if name != "is_new"}


def _closing_end(fiscal_year: int) -> date:
    """The last day of a year's closing period (出納閉鎖)."""
    year = fiscal_year + 1
    month, day = load_parameters()["fiscal_year.rules"].at(date(year, 1, 1)).items("closing_end")
    return date(year, month, day)


def closings(home: Home) -> dict[int, Closing]:
    """The years that are closed or drafted to be, as they hold now."""
    names = [name for name in Closing.__dataclass_fields__ if name != "is_new"]
    rows = current_rows(home, "closings")
    return {row["fiscal_year"]: Closing(is_new=False, **{name: row[name] for name in names}) for row in rows}


def _books(home: Home, fiscal_year: int, closing_end: date, closed: set[int]) -> Preview:
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
        lines, flows = (rows_of(connection, sql, fiscal_year) for sql in (_LINES, _FLOWS))
        return Preview(fiscal_year, as_of, known_at, lines, flows)
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
