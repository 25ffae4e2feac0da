"""The dialect and fiscal-year macros equal Python on many days and amounts, and their text stays portable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osame.stores import open_memory
from tests.fixtures.law_macros import load_macros, macro_files
from warehouse.law.calendar import add_months
from warehouse.law.fiscal_year import fiscal_year_of, receipt_fiscal_year

DAYS = st.dates(date(2000, 4, 1), date(2040, 12, 31))
DENIED = re.compile(
    r"\bqualify\b|\bexclude\b|group by all|::|//|\bstrftime\b|\blist_|\basof\b|\btry_cast\b|\bdate_diff\b"
)
MACROS = {cut: load_macros("duckdb", {"policies": {"arrears_cut": cut}}) for cut in ("03-31", "05-31")}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_memory()
    yield connection
    connection.close()


def value(database: duckdb.DuckDBPyConnection, expression: str, **columns: object) -> object:
    """The expression over one row with these columns."""
    row = ", ".join(f"? as {name}" for name in columns)
    found = database.execute(f"select {expression} from (select {row})", list(columns.values())).fetchone()
    assert found is not None
    return found[0]


@settings(max_examples=150)
@given(day=DAYS, other=DAYS, months=st.integers(-30, 30))
def test_dates(database: duckdb.DuckDBPyConnection, day: date, other: date, months: int) -> None:
    columns = {"a": day, "b": other, "n": months}
    assert value(database, MACROS["03-31"].days_between("a", "b"), **columns) == (other - day).days
    assert value(database, MACROS["03-31"].add_days("a", "n"), **columns) == day + timedelta(days=months)
    assert value(database, MACROS["03-31"].add_months("a", "n"), **columns) == add_months(day, months)


@settings(max_examples=150)
@given(amount=st.integers(0, 10**15), unit=st.integers(1, 10**6))
def test_integer_division(database: duckdb.DuckDBPyConnection, amount: int, unit: int) -> None:
    columns = {"a": amount, "u": unit}
    assert value(database, MACROS["03-31"].int_div("a", "u"), **columns) == amount // unit
    assert value(database, MACROS["03-31"].default__int_div("a", "u"), **columns) == amount // unit
    assert value(database, MACROS["03-31"].floor_to_unit("a", "u"), **columns) == amount // unit * unit
    assert value(database, f"typeof({MACROS['03-31'].sum_yen('a')})", **columns) == "BIGINT"


@settings(max_examples=150)
@given(received=DAYS, years=st.integers(-12, 2), cut=st.sampled_from(["03-31", "05-31"]))
def test_fiscal_years(database: duckdb.DuckDBPyConnection, received: date, years: int, cut: str) -> None:
    macros = MACROS[cut]
    due_year = received.year + years
    assert value(database, macros.fiscal_year_of("d"), d=received) == fiscal_year_of(received)
    month, day = (int(part) for part in cut.split("-"))
    assert value(database, macros.fiscal_year_of_receipt("y", "d"), y=due_year, d=received) == receipt_fiscal_year(
        due_year, received, arrears_cut=(month, day)
    )


def test_text_outside_the_dialect_macros_is_portable() -> None:
    law = [path for path in macro_files() if path.parent.name != "dialect"]
    assert law
    for path in law:
        code = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not DENIED.findall(code), path.name
    spark = load_macros("spark").late_charge_by_due("dues", "payments")
    assert not DENIED.findall(spark)
    assert "to_months" not in spark and " div (" in spark and "datediff(" in spark
