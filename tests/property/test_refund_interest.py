"""還付加算金: the scalar rule, its set-based SQL and a count of single days agree, and the day it runs from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.law_macros import law_database, load_macros
from warehouse.law.refund_interest import first_day, refund_interest

ONE_DAY = timedelta(days=1)
MACROS = load_macros("duckdb")
DAYS = st.dates(date(2014, 1, 1), date(2026, 12, 31))
# per 100,000 a year, from the published tables (LAW §1.1)
RATES = {
    2014: 1900, 2015: 1800, 2016: 1800, 2017: 1700, 2018: 1600, 2019: 1600, 2020: 1600, 2021: 1000,
    2022: 900, 2023: 900, 2024: 900, 2025: 900, 2026: 1300,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An amount, the days that count, and the notice and claim that may make a pause."""

    principal: int
    first: date
    last: date
    notice: date | None = None
    claim: date | None = None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    principal = draw(st.one_of(st.sampled_from([0, 999, 1000, 1999, 2000, 2999]), st.integers(0, 30_000_000)))
    first = draw(DAYS)
    last = min(first + timedelta(days=draw(st.integers(-5, 2200))), date(2026, 12, 31))
    if not draw(st.booleans()):
        return Case(principal, first, last)
    notice = first + timedelta(days=draw(st.integers(-40, 400)))
    waited = draw(st.one_of(st.none(), st.sampled_from([0, 29, 30, 31, 32]), st.integers(0, 500)))
    return Case(principal, first, last, notice, None if waited is None else notice + timedelta(days=waited))


def count_days(case: Case) -> int:
    """One day at a time; no arithmetic shared with the code under test."""
    if case.principal < 2000:
        return 0
    parts, run, days = [], None, 0
    day = case.first
    while day <= case.last:
        earns = case.notice is None or day <= case.notice + timedelta(days=30)
        if not earns:
            earns = case.claim is not None and day > case.claim
        now = RATES[day.year] if earns else None
        if now != run:
            parts.append((run, days))
            run, days = now, 0
        days += 1
        day += ONE_DAY
    parts.append((run, days))
    total = sum(case.principal // 1000 * 1000 * rate * length // 36_500_000 for rate, length in parts if rate)
    return 0 if total < 1000 else total // 100 * 100


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = law_database()
    yield connection
    connection.close()


def in_sql(database: duckdb.DuckDBPyConnection, case: Case) -> int:
    """The macro over one part, with the pause as fct_overpayments gives it."""
    pause_from = case.notice + timedelta(days=31) if case.notice else None
    pause_to = (case.claim or case.last) if case.notice else None
    query = MACROS.refund_interest_by_part("parts")
    database.execute("drop table if exists parts")
    database.execute(
        "create temp table parts as select 'p' as part_id, ?::bigint as principal_yen, ?::date as from_date, "
        "?::date as to_date, ?::date as pause_from, ?::date as pause_to",
        [case.principal, case.first, case.last, pause_from, pause_to],
    )
    found = database.execute(query).fetchone()
    return 0 if found is None else int(found[1])


@settings(max_examples=300)
@given(case=cases())
def test_the_rule_its_sql_and_a_count_of_days_agree(database: duckdb.DuckDBPyConnection, case: Case) -> None:
    scalar = refund_interest(
        case.principal, case.first, case.last, notice_date=case.notice, claimed_date=case.claim
    ).refund_interest_yen
    assert scalar == count_days(case)
    assert in_sql(database, case) == scalar


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Case(350_700, date(2021, 7, 1), date(2026, 3, 31)), 15_400),  # LAW §4: 1号, 1,764 + 12,608 + 1,121
        (Case(600_000, date(2024, 8, 2), date(2025, 2, 14)), 2_900),  # LAW §4: 4号, 2,914
    ],
)
def test_the_derived_cases(database: duckdb.DuckDBPyConnection, case: Case, expected: int) -> None:
    assert count_days(case) == expected
    assert in_sql(database, case) == expected


def test_a_day_without_a_rate_gives_no_amount(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("drop table if exists parts")
    database.execute(
        "create temp table parts as select 'p' as part_id, 600000::bigint as principal_yen, date '2026-12-01' "
        "as from_date, date '2027-01-01' as to_date, null::date as pause_from, null::date as pause_to"
    )
    found = database.execute(MACROS.refund_interest_by_part("parts")).fetchone()
    assert found == ("p", None)


@settings(max_examples=300)
@given(cause=st.sampled_from([1, 2, 3, 4]), paid=DAYS, claim=DAYS, corrected=DAYS, notice=DAYS)
def test_the_first_day_is_the_scalar_rules(
    database: duckdb.DuckDBPyConnection, cause: int, paid: date, claim: date, corrected: date, notice: date
) -> None:
    event = notice if cause == 3 else corrected
    expected = first_day(cause, paid, claim_date=claim, event_date=event)  # type: ignore[arg-type]
    sql = MACROS.refund_interest_from("c.cause", "c.paid", "c.claim", "c.corrected", "c.notice", "ac")
    found = database.execute(
        f"select {sql} from (select ? as cause, ?::date as paid, ?::date as claim, ?::date as corrected, "
        "?::date as notice) as c cross join law_refund_interest_accrual as ac",
        [str(cause), paid, claim, corrected, notice],
    ).fetchone()
    assert found == (expected,)
