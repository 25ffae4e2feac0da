"""The oracle of the synthetic city, by hand-reckoned cases."""

from __future__ import annotations

from datetime import date

import pytest

from ingestion.town.days import number
from ingestion.town.oracle import Due, Payment, Slip, late_charge, low_rate_end, replay


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
