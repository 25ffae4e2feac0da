"""What a due stands at on a day, from its row in the books and its movements, and what may be printed of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osame.errors import OsameError
from osame.stores import open_memory
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.law.parameters import load_parameters
from warehouse.office.standing import accrued, dues_to_pay, standing

AS_OF, ON, DUE_DATE = date(2026, 6, 30), date(2026, 12, 25), date(2025, 7, 31)
PAID = [PartPayment(date(2025, 9, 1), 40_000), PartPayment(date(2026, 2, 1), 10_000)]
TAKEN_BACK = [PartPayment(date(2026, 3, 1), 25_000)]
TAX = 90_000
PARAMETERS = load_parameters()
Row = dict[str, Any]


def charge(until: date) -> int:
    return late_charge(TAX, DUE_DATE, until, payments=PAID, taken_back=TAKEN_BACK).late_charge_yen


def move(kind: str, day: date, yen: int, component: str = "principal", direction: str | None = None) -> Row:
    return {
        "due_key": "d",
        "due_no": 1,
        "movement_type": kind,
        "direction": direction,
        "component": component,
        "value_date": day,
        "amount_yen": yen,
        "is_provisional": False,
    }


MOVES = [
    *(move("received", p.received_date, p.principal_yen) for p in PAID),
    *(move("reallocated", p.received_date, p.principal_yen, direction="out") for p in TAKEN_BACK),
    move("received", date(2026, 2, 1), 600, "late_charge"),
]


def due(**changes: Any) -> Row:
    return {
        "due_key": "d",
        "due_no": 1,
        "addressee_no": "A",
        "tax_item_code": "30",
        "tax_item_name": "固定資産税",
        "levy_year": "2025",
        "tax_year": "2025",
        "notice_no": "1",
        "instalment_no": "02",
        "fiscal_year": 2025,
        "is_carried_over": True,
        "first_assessed_date": date(2025, 5, 1),
        "statutory_due_date": DUE_DATE,
        "due_date": DUE_DATE,
        "as_of_date": AS_OF,
        "assessed_yen": TAX,
        "principal_paid_yen": 25_000,
        "principal_balance_yen": 65_000,
        "reminder_fee_yen": 100,
        "late_charge_yen": charge(AS_OF),
        "last_received_date": date(2026, 2, 1),
        "state": "delinquent",
        **changes,
    }


@pytest.fixture
def warehouse() -> Iterator[Any]:
    connection = open_memory()
    connection.execute("create table dim_tax_items as select '30' as tax_item_code, '固定資産税' as tax_item_name")
    row = {name: value for name, value in due().items() if name != "tax_item_name"}
    columns = ", ".join(f"${name} as {name}" for name in row)
    connection.execute(f"create table fct_dues as select {columns}", row)
    connection.execute(
        "create table fct_movements (due_key text, due_no bigint, movement_type text, direction text, component text, "
        "value_date date, amount_yen bigint, is_provisional boolean, "
        "posted_date date, load_id bigint, source_line integer, movement_id decimal(38, 0))"
    )
    connection.executemany(
        f"insert into fct_movements ({', '.join(MOVES[0])}) values (?, ?, ?, ?, ?, ?, ?, ?)",
        [[*m.values()] for m in MOVES],
    )
    yield connection
    connection.close()


def test_what_was_paid_and_taken_back_counts_from_its_day(warehouse: Any) -> None:
    (line,) = dues_to_pay(warehouse, ["d", "d"], ON)
    assert charge(ON) > charge(AS_OF) > 600
    owed = (line.principal_balance_yen, line.reminder_fee_balance_yen, line.late_charge_balance_yen)
    assert owed == (65_000, 100, charge(ON) - 600)
    assert line.balance_yen == 65_100 + charge(ON) - 600


@pytest.mark.parametrize(
    "change", ["late_charge_yen = late_charge_yen - 100", "principal_balance_yen = principal_balance_yen - 1"]
)
def test_a_due_on_which_something_else_bears_is_refused(warehouse: Any, change: str) -> None:
    warehouse.execute(f"update fct_dues set {change}")
    with pytest.raises(OsameError, match="a 減免 or 猶予 bears on it"):
        dues_to_pay(warehouse, ["d"], ON)


def test_a_warehouse_of_an_older_installation_is_built_again(warehouse: Any) -> None:
    warehouse.execute("alter table fct_dues drop due_no")
    with pytest.raises(OsameError, match="an older Osame built the warehouse") as refused:
        dues_to_pay(warehouse, ["d"], ON)
    assert refused.value.advice == "run: osame build"


def test_a_day_before_the_books_is_refused(warehouse: Any) -> None:
    with pytest.raises(OsameError, match="lies before the day of the books"):
        dues_to_pay(warehouse, ["d"], date(2026, 6, 29))


def test_an_unknown_due_is_refused(warehouse: Any) -> None:
    with pytest.raises(OsameError, match="no due x, y in the warehouse"):
        dues_to_pay(warehouse, ["d", "x", "y"], ON)


def test_a_fixed_late_charge_grows_no_more() -> None:
    """Honoured as printed: less than the law's, and so it stays."""
    settled = due(principal_paid_yen=TAX, principal_balance_yen=0, late_charge_yen=1_300, state="principal_paid")
    line = standing(settled, [move("received", date(2026, 5, 1), TAX)], ON, PARAMETERS)
    assert (line.principal_balance_yen, line.late_charge_balance_yen, line.state) == (0, 1_300, "principal_paid")


def test_a_write_off_of_a_part_ends_its_late_charge_from_the_next_day() -> None:
    """65,000 are open, 40,000 of them written off with 500 of the late charge: the rest runs on alone."""
    day = date(2026, 4, 10)
    moves = [*MOVES, move("written_off", day, 40_000), move("written_off", day, 500, "late_charge")]
    gone = [*PAID, PartPayment(day, 40_000)]
    for on in (day, date(2026, 4, 11), AS_OF, ON):
        line = standing(due(), moves, on, PARAMETERS)
        paid = [payment for payment in gone if payment.received_date <= on]
        law = late_charge(TAX, DUE_DATE, on, payments=paid, taken_back=TAKEN_BACK).late_charge_yen
        assert (line.principal_balance_yen, line.late_charge_yen) == (25_000, law)
        assert line.late_charge_balance_yen == law - 600 - 500
    before = standing(due(), moves, date(2026, 4, 9), PARAMETERS)
    assert (before.written_off_yen, before.late_charge_written_off_yen) == (0, 0)
    assert before.late_charge_yen == charge(date(2026, 4, 9))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([("received", None), ("offset_in", None), ("written_off", None), ("reallocated", "in")]),
            st.dates(date(2025, 6, 1), AS_OF),
            st.integers(1, 30_000),
        ),
        max_size=3,
    ),
    st.dates(DUE_DATE, ON),
)
def test_every_step_counts_from_its_day_whatever_it_is(
    steps: list[tuple[tuple[str, str | None], date, int]], on: date
) -> None:
    """Order and kind of the steps do not matter to the late charge; the day and the yen do."""
    moves = [move(kind, day, yen, direction=direction) for (kind, direction), day, yen in steps]
    until = on if on < AS_OF else AS_OF
    paid = [PartPayment(day, yen) for _, day, yen in steps if day <= until]
    line = standing(due(), moves, on, PARAMETERS)
    assert line.principal_balance_yen == TAX - sum(payment.principal_yen for payment in paid)
    if line.principal_balance_yen:
        assert line.late_charge_yen == late_charge(TAX, DUE_DATE, on, payments=paid).late_charge_yen
    assert accrued(due(), [m for m in moves if m["value_date"] <= until], on, PARAMETERS) == accrued(
        due(), [m for m in reversed(moves) if m["value_date"] <= until], on, PARAMETERS
    )
