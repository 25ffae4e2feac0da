"""The scalar rule, its set-based SQL, and a count of single days agree on every due."""

from __future__ import annotations

import calendar
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.law_macros import law_database, load_macros
from warehouse.law.late_charge import LateCharge, PartPayment, late_charge
from warehouse.law.parameters import PARAMETER_DIR, ParameterNotFoundError, Parameters, load_parameters
from warehouse.law.seeds import render

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A due and what was paid: negative amounts were taken back on that day."""

    principal: int
    due: date
    until: date
    months: int
    family: str
    paid: tuple[tuple[date, int], ...]


# ---- an oracle of its own: one day at a time, no arithmetic shared with the code under test
RATES = {  # per 100,000 a year, from the published tables
    "local_tax": {
        2000: (4500, 14600), 2001: (4500, 14600), **dict.fromkeys(range(2002, 2007), (4100, 14600)),
        2007: (4400, 14600), 2008: (4700, 14600), 2009: (4500, 14600),
        **dict.fromkeys(range(2010, 2014), (4300, 14600)),
        2014: (2900, 9200), 2015: (2800, 9100), 2016: (2800, 9100), 2017: (2700, 9000),
        2018: (2600, 8900), 2019: (2600, 8900), 2020: (2600, 8900), 2021: (2500, 8800),
        **dict.fromkeys(range(2022, 2026), (2400, 8700)), 2026: (2800, 9100),
    },
    "sewer_contribution": {2021: (2500, 8750), **dict.fromkeys(range(2022, 2026), (2400, 8650)), 2026: (2800, 9050)},
}  # fmt: skip


def in_window(day: date, due: date, months: int) -> bool:
    """Whether ``day`` lies in the months that begin on the day after ``due``, by walking month ends."""
    first = due + ONE_DAY
    year, month = first.year, first.month + months
    while month > 12:
        year, month = year + 1, month - 12
    last_of_month = calendar.monthrange(year, month)[1]
    if first.day > last_of_month:
        return day <= date(year, month, last_of_month)
    return day < date(year, month, first.day)


def count_days(case: Case) -> tuple[int, int]:
    """(late charge, sum of parts) by counting days one after the other."""
    if case.principal < 2000:
        return 0, 0
    changes: dict[date, int] = defaultdict(int)
    for day, yen in case.paid:
        changes[day] += yen
    balance = case.principal - sum(yen for day, yen in changes.items() if day <= case.due)
    parts: list[int] = []
    run: tuple[Any, ...] | None = None
    days = spell = 0

    def close() -> None:
        if run is not None and run[3] > 0:
            parts.append(run[3] * run[2] * days // 36_500_000)

    day = case.due + ONE_DAY
    while day <= case.until:
        low = in_window(day, case.due, case.months)
        base = max(balance, 0) // 1000 * 1000
        rate = RATES[case.family][day.year][0 if low else 1] if base else 0
        now = (spell, low, rate, base)
        if now != run:
            close()
            run, days = now, 0
        days += 1
        if changes.get(day, 0):
            balance -= changes[day]
            spell += 1
        day += ONE_DAY
    close()
    total = sum(parts)
    return (0 if total < 1000 else total // 100 * 100), total


# ---- what is generated
FIRST_YEAR = {"local_tax": 2000, "sewer_contribution": 2021}
EDGE_YEN = [0, 999, 1000, 1999, 2000, 2001, 2999, 3000, 59_999, 60_000, 1_000_000]


@st.composite
def due_dates(draw: st.DrawFn, first_year: int) -> date:
    year = draw(st.integers(first_year, 2026))
    edges = [
        (1, 28),
        (1, 29),
        (1, 30),
        (1, 31),
        (2, 27),
        (2, 28),
        (5, 31),
        (8, 31),
        (11, 30),
        (12, 1),
        (12, 30),
        (12, 31),
    ]
    if draw(st.booleans()):
        month, day = draw(st.sampled_from(edges))
    else:
        month = draw(st.integers(1, 12))
        day = draw(st.integers(1, calendar.monthrange(year, month)[1]))
    return date(year, month, day)


@st.composite
def cases(draw: st.DrawFn, *, taken_back: bool = False) -> Case:
    family = draw(st.sampled_from(["local_tax", "local_tax", "local_tax", "sewer_contribution"]))
    due = draw(due_dates(FIRST_YEAR[family]))
    principal = draw(st.one_of(st.sampled_from(EDGE_YEN), st.integers(0, 300_000), st.integers(0, 900_000_000)))
    span = st.one_of(st.sampled_from([-1, 0, 1, 27, 28, 29, 30, 31, 32, 89, 92, 93, 365, 366]), st.integers(-20, 2500))
    until = min(due + timedelta(days=draw(span)), date(2026, 12, 31))
    paid: list[tuple[date, int]] = []
    left = principal
    for _ in range(draw(st.integers(0, 4))):
        day = due + timedelta(days=draw(span))
        yen = draw(st.one_of(st.integers(0, left), st.sampled_from([left, max(left - 1000, 0), max(left - 999, 0)])))
        if day <= until and yen:
            paid.append((day, yen))
            left -= yen
            if taken_back and draw(st.booleans()):
                back = day + timedelta(days=draw(st.sampled_from([0, 0, 1, 40, 400])))
                if back <= until:
                    paid.append((back, -yen))
                    left += yen
    return Case(principal, due, until, draw(st.sampled_from([0, 1, 1, 1, 3])), family, tuple(paid))


def scalar(case: Case, params: Parameters | None = None) -> LateCharge:
    return late_charge(
        case.principal,
        case.due,
        case.until,
        payments=[PartPayment(day, yen) for day, yen in case.paid if yen > 0],
        taken_back=[PartPayment(day, -yen) for day, yen in case.paid if yen < 0],
        rate_family=case.family,
        low_rate_months=case.months,
        params=params,
    )


# ---- the SQL
@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = law_database()
    yield connection
    connection.close()


@lru_cache(maxsize=4)
def _macros(dialect: str) -> Any:
    return load_macros(dialect)


def set_based(
    connection: duckdb.DuckDBPyConnection,
    batch: list[Case],
    macro: str = "late_charge_by_due",
    rates: str | None = None,
) -> list[tuple[Any, ...]]:
    dues = pa.table(
        {
            "due_no": pa.array(range(len(batch)), pa.int64()),
            "principal_yen": pa.array([case.principal for case in batch], pa.int64()),
            "due_date": pa.array([case.due for case in batch], pa.date32()),
            "low_rate_months": pa.array([case.months for case in batch], pa.int32()),
            "rate_family": pa.array([case.family for case in batch], pa.string()),
            "accrue_to": pa.array([case.until for case in batch], pa.date32()),
        }
    )
    paid = [(number, day, yen) for number, case in enumerate(batch) for day, yen in case.paid]
    payments = pa.table(
        {
            "due_no": pa.array([row[0] for row in paid], pa.int64()),
            "received_date": pa.array([row[1] for row in paid], pa.date32()),
            "principal_yen": pa.array([row[2] for row in paid], pa.int64()),
        }
    )
    connection.register("dues", dues)
    connection.register("payments", payments)
    return connection.execute(getattr(_macros("duckdb"), macro)("dues", "payments", rates)).fetchall()


def amounts(
    connection: duckdb.DuckDBPyConnection, batch: list[Case], rates: str | None = None
) -> list[tuple[int, int, int]]:
    """(late charge, sum, number of parts) of each case; a due without a row has none."""
    found = {key: (yen, total, count) for key, total, yen, count in set_based(connection, batch, rates=rates)}
    return [found.get(number, (0, 0, 0)) for number in range(len(batch))]


@settings(max_examples=60)
@given(batch=st.lists(cases(), min_size=20, max_size=60))
def test_sql_equals_the_scalar_rule(database: duckdb.DuckDBPyConnection, batch: list[Case]) -> None:
    expected = [scalar(case) for case in batch]
    assert amounts(database, batch) == [
        (one.late_charge_yen, one.segment_sum_yen, len(one.segments)) for one in expected
    ]


@settings(max_examples=20)
@given(batch=st.lists(cases(), min_size=10, max_size=40))
def test_sql_gives_the_same_parts(database: duckdb.DuckDBPyConnection, batch: list[Case]) -> None:
    found = sorted(set_based(database, batch, "late_charge_segments"))
    expected = sorted(
        (n, part.from_date, part.to_date, part.days, part.phase, part.base_yen, part.rate_per_100000, part.yen)
        for n, case in enumerate(batch)
        for part in scalar(case).segments
    )
    assert found == expected


@settings(max_examples=150)
@given(case=st.one_of(cases(), cases(taken_back=True)))
def test_scalar_rule_equals_a_count_of_days(case: Case) -> None:
    result = scalar(case)
    assert (result.late_charge_yen, result.segment_sum_yen) == count_days(case)


@settings(max_examples=25)
@given(batch=st.lists(cases(taken_back=True), min_size=10, max_size=20))
def test_sql_equals_a_count_of_days_also_when_payments_are_taken_back(
    database: duckdb.DuckDBPyConnection, batch: list[Case]
) -> None:
    assert [found[:2] for found in amounts(database, batch)] == [count_days(case) for case in batch]


@settings(max_examples=150)
@given(case=cases())
def test_parts_cover_days_in_order_and_the_charge_is_a_rounded_sum(case: Case) -> None:
    result = scalar(case)
    for before, after in zip(result.segments, result.segments[1:], strict=False):
        assert before.to_date < after.from_date
    assert result.segment_sum_yen == sum(part.yen for part in result.segments)
    assert result.late_charge_yen % 100 == 0
    assert result.late_charge_yen == 0 or 0 <= result.segment_sum_yen - result.late_charge_yen < 100
    assert all(case.due < part.from_date and part.to_date <= case.until for part in result.segments)


@settings(max_examples=100)
@given(case=cases(), days=st.integers(1, 60))
def test_paying_later_never_costs_less(case: Case, days: int) -> None:
    later = min(case.until + timedelta(days=days), date(2026, 12, 31))
    moved = Case(case.principal, case.due, later, case.months, case.family, case.paid)
    assert scalar(moved).late_charge_yen >= scalar(case).late_charge_yen


@pytest.mark.parametrize(
    ("principal", "paid"),
    [(yen, paid) for yen in (999, 1000, 1999, 2000, 2001) for paid in (0, 1, 1000, 1001) if paid <= yen],
)
def test_boundaries_of_the_base(database: duckdb.DuckDBPyConnection, principal: int, paid: int) -> None:
    """The minimum is a test on the tax itself: 2,000 yen of which 1,000 are left still have a charge in the sum."""
    case = Case(
        principal, date(2000, 1, 31), date(2026, 12, 31), 1, "local_tax", ((date(2000, 3, 1), paid),) if paid else ()
    )
    assert (
        amounts(database, [case])[0][:2]
        == count_days(case)
        == (scalar(case).late_charge_yen, scalar(case).segment_sum_yen)
    )
    assert (scalar(case).segment_sum_yen > 0) == (principal >= 2000)


def test_an_unknown_rate_is_null_in_sql_and_an_error_in_python(database: duckdb.DuckDBPyConnection) -> None:
    beyond = Case(100_000, date(2026, 11, 30), date(2027, 1, 1), 1, "local_tax", ())
    unknown_family = Case(100_000, date(2026, 5, 31), date(2026, 9, 1), 1, "no_such_family", ())
    assert amounts(database, [beyond])[0][:2] == (None, None)
    assert amounts(database, [unknown_family])[0][:2] == (None, None)
    with pytest.raises(ParameterNotFoundError, match=r"late_charge_rates\.local_tax .*2027-01-01"):
        scalar(beyond)
    settled = Case(100_000, date(2026, 11, 30), date(2027, 1, 1), 1, "local_tax", ((date(2026, 12, 31), 100_000),))
    assert amounts(database, [settled])[0] == (scalar(settled).late_charge_yen, scalar(settled).segment_sum_yen, 1)


def test_equal_years_are_one_part_only_while_the_switch_says_so(
    tmp_path: Path, database: duckdb.DuckDBPyConnection
) -> None:
    folder = tmp_path / "parameters"
    shutil.copytree(PARAMETER_DIR, folder)
    rounding = folder / "late_charge" / "rounding.yml"
    rounding.write_text(
        rounding.read_text(encoding="utf-8").replace('years: "true"', 'years: "false"'), encoding="utf-8"
    )
    split = load_parameters(folder)
    case = Case(20_000, date(2020, 6, 30), date(2023, 4, 1), 1, "local_tax", ())
    assert [part.yen for part in scalar(case).segments] == [44, 746, 1760, 2173]
    assert [part.days for part in scalar(case, split).segments][-2:] == [365, 91]
    (tmp_path / "rates.csv").write_text(render("law_late_charge_rates.csv", split), encoding="utf-8")
    database.execute(
        "create temp table split_rates as from read_csv(?, types = {'valid_from': 'date', 'valid_to': 'date', "
        "'rate_per_100000': 'integer'})",
        [str(tmp_path / "rates.csv")],
    )
    assert amounts(database, [case], rates="split_rates") == [
        (scalar(case, split).late_charge_yen, scalar(case, split).segment_sum_yen, 5)
    ]


def test_amounts_of_a_large_company_do_not_overflow(database: duckdb.DuckDBPyConnection) -> None:
    case = Case(64_000_000_000, date(2000, 1, 31), date(2013, 12, 31), 1, "local_tax", ())
    assert amounts(database, [case])[0][:2] == count_days(case)
