"""What a slip may print: reckoned from the movements, and refused where something else bears on the due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from warehouse.connection import open_memory
from warehouse.errors import OsameError
from warehouse.law.late_charge import Payment, late_charge
from warehouse.office.open_dues import open_dues

AS_OF, ON, DUE_DATE = date(2026, 6, 30), date(2026, 12, 25), date(2025, 7, 31)
PAID = [Payment(date(2025, 9, 1), 40_000), Payment(date(2026, 2, 1), 10_000)]
TAKEN_BACK = [Payment(date(2026, 3, 1), 25_000)]
TAX = 90_000


def charge(until: date) -> int:
    return late_charge(TAX, DUE_DATE, until, payments=PAID, taken_back=TAKEN_BACK).late_charge_yen


@pytest.fixture
def warehouse() -> Iterator[Any]:
    connection = open_memory()
    moves = [("received", None, p) for p in PAID] + [("reallocated", "out", p) for p in TAKEN_BACK]
    connection.execute("create table dim_tax_items as select '30' as tax_item_code, '固定資産税' as tax_item_name")
    connection.execute(
        "create table fct_movements (due_key varchar, component varchar, is_provisional boolean, movement_type text, "
        "direction varchar, value_date date, amount_yen bigint)"
    )
    for kind, direction, payment in moves:
        connection.execute(
            "insert into fct_movements values ('d', 'principal', false, ?, ?, ?, ?)",
            [kind, direction, payment.received_date, payment.principal_yen],
        )
    connection.execute(
        """
        create table fct_dues as select
            'd' as due_key, 'A' as addressee_no, '30' as tax_item_code, '2025' as levy_year, '2025' as tax_year,
            '1' as notice_no, '02' as instalment_no, cast(? as date) as due_date, cast(? as date) as as_of_date,
            cast(? as bigint) as assessed_yen, cast(65000 as bigint) as principal_balance_yen,
            100 as reminder_fee_yen, 0 as reminder_fee_paid_yen, 0 as reminder_fee_written_off_yen,
            0 as provisional_paid_yen,
            cast(? as bigint) as late_charge_yen, 600 as late_charge_paid_yen, 0 as late_charge_balance_yen
        """,
        [DUE_DATE, AS_OF, TAX, charge(AS_OF)],
    )
    yield connection
    connection.close()


def test_what_was_paid_and_taken_back_counts_from_its_day(warehouse: Any) -> None:
    (due,) = open_dues(warehouse, ["d", "d"], ON)
    assert charge(ON) > charge(AS_OF) > 600
    assert (due.principal_yen, due.reminder_fee_yen, due.late_charge_yen) == (65_000, 100, charge(ON) - 600)
    assert due.total_yen == 65_100 + charge(ON) - 600


@pytest.mark.parametrize(
    "change", ["late_charge_yen = late_charge_yen - 100", "principal_balance_yen = principal_balance_yen - 1"]
)
def test_a_due_on_which_something_else_bears_is_refused(warehouse: Any, change: str) -> None:
    warehouse.execute(f"update fct_dues set {change}")
    with pytest.raises(OsameError, match="a 減免 or 猶予 bears on it"):
        open_dues(warehouse, ["d"], ON)


def test_a_fixed_late_charge_grows_no_more(warehouse: Any) -> None:
    warehouse.execute("update fct_dues set principal_balance_yen = 0, late_charge_balance_yen = 1300")
    (due,) = open_dues(warehouse, ["d"], ON)
    assert (due.principal_yen, due.late_charge_yen) == (0, 1_300)


def test_a_day_before_the_books_is_refused(warehouse: Any) -> None:
    with pytest.raises(OsameError, match="lies before the day of the books"):
        open_dues(warehouse, ["d"], date(2026, 6, 29))
