"""The oracle of the synthetic city, by hand-reckoned cases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.town.days import NONE, number
from ingestion.town.oracle import Due, Payment, Slip, late_charge, low_rate_end, replay
from ingestion.town.refunds import books, interest_from, overpayments, refund_interest
from warehouse.law.refund_interest import first_day
from warehouse.law.refund_interest import refund_interest as rule


def on(text: str) -> int:
    return number(date.fromisoformat(text))


def a_due(yen: int, when: str, levy_year: int = 2024, notice: int = 1) -> Due:
    return Due(
        item=30, detail=0, levy_year=levy_year, tax_year=levy_year, notice=notice, instalment=1, payer=0,
        addressee_no=1, assessed=on("2019-04-01"), notified=on("2019-04-01"), unrolled=on(when), due=on(when),
        debit=False, events=[(on("2019-04-01"), yen, 1, 0)],
    )  # fmt: skip


def pay(pid: int, when: str, yen: int, mode: str = "due", **more: object) -> Payment:
    return Payment(pid, on(when), on(when), yen, mode, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("yen", "due", "paid", "months", "expected"),
    [  # examples that cities published: 豊橋市, 品川区, 宇都宮市, 中央市
        (65_000, "2021-05-31", "2022-01-31", 1, 3_400),
        (100_000, "2021-04-30", "2021-10-31", 3, 2_800),
        (20_000, "2020-06-30", "2023-04-01", 1, 4_700),
        (56_400, "2026-02-02", "2026-05-29", 1, 1_300),
        (1_999, "2020-06-30", "2026-04-01", 1, 0),
        (65_000, "2021-05-31", "2021-05-31", 1, 0),
    ],
)
def test_late_charges_are_the_published_ones(yen: int, due: str, paid: str, months: int, expected: int) -> None:
    assert late_charge(yen, on(due), months, {on(paid): yen}, on(paid)) == expected


@pytest.mark.parametrize(
    ("due", "end"),
    [
        ("2024-05-31", "2024-06-30"),
        ("2024-07-31", "2024-08-31"),
        ("2026-02-02", "2026-03-02"),
        ("2025-01-30", "2025-02-28"),
    ],
)
def test_the_first_month_ends_by_the_civil_code(due: str, end: str) -> None:
    assert low_rate_end(on(due), 1) == on(end)


def test_an_overpayment_sits_on_the_receipt_that_is_last() -> None:
    due = a_due(10_000, "2024-07-31")
    first, second = pay(1, "2024-07-10", 10_000, due=due), pay(2, "2024-07-20", 10_000, due=due)
    replay([due], [second, first])
    assert (first.parts[0].principal, first.parts[0].overpaid) == (10_000, 0)
    assert (second.parts[0].principal, second.parts[0].overpaid) == (0, 10_000)
    due.events.append((on("2024-09-01"), -4_000, 4, 1))
    replay([due], [first, second])
    assert (first.parts[0].principal, first.parts[0].overpaid) == (6_000, 4_000)
    assert due.overpaid == 14_000


def test_a_late_payment_pays_tax_then_fee_then_late_charge() -> None:
    due = a_due(65_000, "2021-05-31", levy_year=2021)
    due.reminded = on("2021-06-21")
    payment = pay(1, "2022-01-31", 70_000, due=due)
    replay([due], [payment])
    part = payment.parts[0]
    assert (part.principal, part.fee, part.late, part.overpaid) == (65_000, 100, 3_400, 1_500)


def test_a_printed_late_charge_stands_until_the_date_of_the_slip() -> None:
    due = a_due(65_000, "2021-05-31")
    slip = Slip(1, 2, on("2021-12-01"), on("2022-01-31"), [(due, 65_000, 0, 2_000)])
    in_time, too_late = (pay(1, day, 67_000, "slip", slip=slip, due=due) for day in ("2022-01-31", "2022-02-01"))
    replay([due], [in_time])
    assert (due.late_at(on("2025-01-01")), due.late, due.overpaid) == (2_000, 2_000, 0)
    replay([due], [too_late])
    assert (due.late_at(on("2025-01-01")), due.late) == (3_500, 2_000)


def test_a_lump_sum_pays_all_taxes_before_any_late_charge() -> None:
    old, new = a_due(65_000, "2021-05-31"), a_due(20_000, "2021-08-02", notice=2)
    lump = pay(1, "2022-01-31", 86_000, "spread")
    replay([new, old], [lump])
    assert [(p.due, p.principal, p.late) for p in lump.parts] == [(old, 65_000, 1_000), (new, 20_000, 0)]


def test_moved_money_keeps_its_day() -> None:
    right, wrong = a_due(30_000, "2024-07-31"), a_due(30_000, "2024-09-30", notice=2)
    paid = pay(1, "2024-07-20", 30_000, due=wrong)
    moved = Payment(2, on("2024-07-20"), on("2024-08-10"), 30_000, "move", "reallocation", due=wrong, other=right)
    replay([right, wrong], [paid, moved])
    assert (right.balance, wrong.balance) == (0, 30_000)
    assert right.late_at(on("2025-07-31")) == 0
    assert wrong.late_at(on("2025-07-31")) == late_charge(30_000, wrong.due, 1, {}, on("2025-07-31")) > 0


def test_what_was_told_of_is_not_taken_up_by_a_later_increase() -> None:
    due = a_due(10_000, "2024-07-31")
    receipts = [pay(1, "2024-07-01", 10_000, due=due), pay(2, "2024-07-02", 10_000, due=due)]
    due.events.append((on("2024-07-20"), 4_000, 3, 0))
    replay([due], receipts)
    assert (due.balance, due.overpaid) == (0, 6_000)
    told = pay(3, "2024-07-10", 10_000, "promise", fate="not_money", due=due, told=on("2024-07-10"))
    lots = overpayments([due], [*receipts, told], on("2024-12-31"))
    assert (due.balance, due.overpaid) == (4_000, 10_000)
    assert [(lot.payment.pid, lot.cause, lot.amount, lot.balance, lot.promised) for lot in lots] == [
        (2, 4, 10_000, 10_000, 10_000)
    ]


def test_an_overpayment_is_by_mistake_by_a_reduction_or_both() -> None:
    due = a_due(300_000, "2024-07-31")
    both = pay(1, "2024-07-01", 420_000, due=due)
    due.events.append((on("2024-09-01"), -200_000, 4, 1))
    mistaken, reduced = overpayments([due], [both], on("2025-06-30"))
    assert (mistaken.cause, mistaken.amount, mistaken.interest_from) == (4, 120_000, on("2024-08-02"))
    assert (reduced.cause, reduced.amount, reduced.interest_from) == (1, 200_000, on("2024-07-02"))
    assert (reduced.arisen, reduced.interest) == (on("2024-09-01"), 1_700)  # 200,000 x 0.9% x 364 days = 1,795
    refund = pay(2, "2025-02-01", 120_000, "refund", fate="refund", due=due)
    left = overpayments([due], [both, refund], on("2025-06-30"))
    assert [(lot.cause, lot.balance) for lot in left] == [(4, 0), (1, 200_000)]


def test_an_offset_pays_tax_then_late_charge_as_of_its_day() -> None:
    source, other = a_due(100_000, "2024-07-31"), a_due(65_000, "2021-05-31", levy_year=2021, notice=2)
    twice = [pay(1, "2022-01-31", 100_000, due=source), pay(2, "2022-01-31", 100_000, due=source)]
    tax, late = (
        Payment(3 + n, on("2022-01-31"), on("2022-03-01"), yen, "offset", "offset", due=source, other=other, to=to)
        for n, (yen, to) in enumerate(((65_000, 1), (3_400, 3)))
    )
    replay([source, other], [*twice, tax, late])
    assert (other.balance, other.late, other.late_at(on("2022-12-31"))) == (0, 3_400, 3_400)
    assert source.overpaid == 31_600


def test_money_goes_back_from_its_year_until_the_books_close() -> None:
    assert books(2024, on("2025-05-31")) == ("revenue", 2024)
    assert books(2024, on("2025-06-01")) == ("expenditure", 2025)


DAYS = st.dates(date(2014, 1, 1), date(2026, 12, 31))


@given(
    yen=st.integers(0, 3_000_000), days=st.tuples(DAYS, DAYS, DAYS, DAYS), is_told=st.booleans(), waits=st.booleans()
)
def test_refund_interest_is_that_of_the_rule(yen: int, days: tuple[date, ...], is_told: bool, waits: bool) -> None:
    """Both were written from the law, one by parts and one by days."""
    first, (told, claimed, last) = days[0], sorted(days[1:])
    notice = told if is_told else None
    claim = None if waits or notice is None else claimed
    expected = rule(yen, first, last, notice_date=notice, claimed_date=claim).refund_interest_yen
    told_day, claim_day = (number(d) if d else NONE for d in (notice, claim))
    assert refund_interest(yen, number(first), number(last), told_day, claim_day) == expected


@given(cause=st.sampled_from([1, 2, 3, 4]), paid=DAYS, later=st.integers(0, 400), is_reduced=st.booleans())
def test_the_first_day_of_interest_is_that_of_the_rule(cause: int, paid: date, later: int, is_reduced: bool) -> None:
    reduced = paid + timedelta(days=later)
    events = {2: reduced, 3: reduced - timedelta(days=20), 4: reduced if is_reduced else None}
    claim = reduced - timedelta(days=30)
    expected = first_day(cause, paid, claim_date=claim, event_date=events.get(cause))  # type: ignore[arg-type]
    known = number(reduced) if cause != 4 or is_reduced else NONE
    assert interest_from(cause, number(paid), known) == number(expected)


@pytest.mark.parametrize(
    ("yen", "first", "last", "expected"),
    [(350_700, "2021-07-01", "2026-03-31", 15_400), (600_000, "2024-08-02", "2025-02-14", 2_900)],
)
def test_refund_interest_of_the_derived_cases(yen: int, first: str, last: str, expected: int) -> None:
    assert refund_interest(yen, on(first), on(last)) == expected
