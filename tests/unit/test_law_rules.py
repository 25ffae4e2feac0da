"""Calendar, fiscal years, reminder fees, refund interest and eras, at their boundaries."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from osame import wareki
from osame.dates import parse_date
from tests.fixtures.law_macros import seed_rows
from warehouse.law.calendar import add_months, is_holiday, non_business_day_name, period_end, roll_due_date
from warehouse.law.fiscal_year import due_fiscal_year, fiscal_year_of, is_carried_over, receipt_fiscal_year
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.law.parameters import LawInputError, ParameterNotFoundError, load_parameters
from warehouse.law.refund_interest import first_day, refund_interest
from warehouse.law.reminder_fee import reminder_fee

D = date
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "late_charge_published.csv"


# ---- 民法143条
@pytest.mark.parametrize(
    ("due", "months", "end"),
    [
        (D(2025, 5, 31), 1, D(2025, 6, 30)),
        (D(2025, 7, 31), 1, D(2025, 8, 31)),
        (D(2025, 8, 31), 1, D(2025, 9, 30)),
        (D(2026, 2, 2), 1, D(2026, 3, 2)),  # 28 days, published by 中央市
        (D(2025, 5, 7), 1, D(2025, 6, 7)),  # published by 柏市
        (D(2025, 1, 28), 1, D(2025, 2, 28)),
        (D(2025, 1, 29), 1, D(2025, 2, 28)),
        (D(2025, 1, 30), 1, D(2025, 2, 28)),
        (D(2025, 1, 31), 1, D(2025, 2, 28)),
        (D(2024, 1, 28), 1, D(2024, 2, 28)),
        (D(2024, 1, 29), 1, D(2024, 2, 29)),
        (D(2024, 1, 30), 1, D(2024, 2, 29)),
        (D(2024, 1, 31), 1, D(2024, 2, 29)),
        (D(2024, 2, 28), 1, D(2024, 3, 28)),
        (D(2024, 2, 29), 1, D(2024, 3, 31)),
        (D(2025, 11, 30), 1, D(2025, 12, 31)),
        (D(2025, 12, 1), 1, D(2026, 1, 1)),
        (D(2021, 4, 30), 3, D(2021, 7, 31)),
        (D(2024, 11, 29), 3, D(2025, 2, 28)),
        (D(2025, 6, 30), 0, D(2025, 6, 30)),
    ],
)
def test_period_end(due: date, months: int, end: date) -> None:
    first = date.fromordinal(due.toordinal() + 1)
    assert period_end(first, months) == end


def test_period_end_refuses_a_negative_length() -> None:
    with pytest.raises(LawInputError, match="months: found -1, expected 0 or more"):
        period_end(D(2025, 1, 1), -1)


def test_add_months_keeps_to_the_month() -> None:
    assert add_months(D(2024, 1, 31), 1) == D(2024, 2, 29)
    assert add_months(D(2025, 11, 30), 14) == D(2027, 1, 30)
    assert add_months(D(2025, 3, 31), -1) == D(2025, 2, 28)


# ---- days on which no due date ends
@pytest.mark.parametrize(
    ("due", "rolled"),
    [
        (D(2025, 6, 30), D(2025, 6, 30)),
        (D(2025, 8, 31), D(2025, 9, 1)),  # a Sunday
        (D(2025, 5, 31), D(2025, 6, 2)),  # a Saturday
        (D(2025, 12, 25), D(2025, 12, 25)),
        (D(2025, 12, 28), D(2026, 1, 5)),  # a Sunday, then the turn of the year and a weekend
        (D(2025, 12, 31), D(2026, 1, 5)),
        (D(2026, 1, 31), D(2026, 2, 2)),
        (D(2019, 4, 27), D(2019, 5, 7)),  # the ten days at the change of the era
        (D(2024, 8, 10), D(2024, 8, 13)),  # Saturday, holiday on Sunday, its substitute on Monday
        (D(2026, 9, 21), D(2026, 9, 24)),  # a day between two holidays is one
    ],
)
def test_roll_due_date(due: date, rolled: date) -> None:
    assert roll_due_date(due) == rolled


def test_names_of_days() -> None:
    assert non_business_day_name(D(2025, 8, 30)) == "土曜日"
    assert non_business_day_name(D(2025, 1, 1)) == "元日"
    assert non_business_day_name(D(2025, 1, 2)) == "年末年始"
    assert non_business_day_name(D(2025, 1, 6)) is None
    assert is_holiday(D(2025, 12, 29)) and not is_holiday(D(2025, 12, 26))


def test_the_holiday_seed_is_the_rule() -> None:
    listed = {row["holiday_date"]: row["holiday_name"] for row in seed_rows("law_holidays")}
    for ordinal in range(D(2000, 1, 1).toordinal(), D(2030, 12, 31).toordinal() + 1, 17):
        day = date.fromordinal(ordinal)
        assert listed.get(day.isoformat()) == non_business_day_name(day)


# ---- 会計年度
def test_fiscal_year_of() -> None:
    assert [fiscal_year_of(day) for day in (D(2025, 3, 31), D(2025, 4, 1), D(2025, 12, 31), D(2026, 1, 1))] == [
        2024,
        2025,
        2025,
        2025,
    ]


@pytest.mark.parametrize(
    ("due", "collection", "year"),
    [
        (D(2024, 3, 31), "ordinary", 2023),  # a Sunday: paid in time on 1 April, yet the old year's
        (D(2025, 4, 1), "ordinary", 2025),
        (D(2025, 4, 10), "special_collection", 2024),  # deducted in March
        (D(2025, 5, 10), "special_collection", 2024),  # deducted in April: the old year's
        (D(2025, 6, 10), "special_collection", 2024),  # deducted in May: the old year's
        (D(2025, 7, 10), "special_collection", 2025),
        (D(2026, 1, 10), "special_collection", 2025),
        (D(2025, 6, 10), "special_collection_semiannual", 2025),
        (D(2025, 12, 10), "special_collection_semiannual", 2025),
    ],
)
def test_due_fiscal_year(due: date, collection: str, year: int) -> None:
    assert due_fiscal_year(due, collection=collection) == year  # type: ignore[arg-type]


def test_notices_decide_the_year_of_occasional_and_late_dues() -> None:
    assert due_fiscal_year(D(2025, 4, 30), collection="occasional", notice_date=D(2025, 3, 31)) == 2024
    assert due_fiscal_year(D(2025, 3, 31), notice_date=D(2025, 3, 20)) == 2024
    assert due_fiscal_year(D(2025, 3, 31), notice_date=D(2025, 4, 2)) == 2025
    with pytest.raises(LawInputError, match="notice date: found nothing"):
        due_fiscal_year(D(2025, 4, 30), collection="occasional")


@pytest.mark.parametrize(
    ("due_year", "received", "cut", "books"),
    [
        (2024, D(2025, 3, 31), None, 2024),
        (2024, D(2025, 4, 1), None, 2024),
        (2024, D(2025, 5, 31), None, 2024),
        (2024, D(2025, 6, 1), None, 2025),
        (2023, D(2025, 3, 31), None, 2024),
        (2023, D(2025, 4, 1), None, 2025),
        (2023, D(2025, 4, 1), (5, 31), 2024),
        (2023, D(2025, 5, 31), (5, 31), 2024),
        (2023, D(2025, 6, 1), (5, 31), 2025),
        (2025, D(2025, 4, 1), None, 2025),
        (2025, D(2025, 3, 20), None, 2025),  # paid before its year began
    ],
)
def test_receipt_fiscal_year(due_year: int, received: date, cut: tuple[int, int] | None, books: int) -> None:
    assert receipt_fiscal_year(due_year, received, arrears_cut=cut) == books
    assert is_carried_over(due_year, books) == (due_year < books)


def test_arrears_are_cut_on_one_of_two_days() -> None:
    with pytest.raises(LawInputError, match="arrears_cut: found 04-30, expected 03-31 or 05-31"):
        receipt_fiscal_year(2024, D(2025, 4, 1), arrears_cut=(4, 30))


# ---- 督促手数料
def test_reminder_fee_was_abolished_by_levy_year() -> None:
    sent = D(2025, 7, 20)
    assert [reminder_fee(year, year, sent) for year in (2022, 2023, 2024, 2025)] == [100, 100, 0, 0]
    assert reminder_fee(2024, 2023, sent) == 0  # a levy of 2024 for 2023


def test_reminder_fee_keyed_by_the_day_of_sending(tmp_path: Path) -> None:
    from warehouse.law.parameters import PARAMETER_DIR

    for name in ("reminder_fee/amount.yml", "fiscal_year/rules.yml"):
        (tmp_path / name).parent.mkdir()
        text = (PARAMETER_DIR / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("keyed_by: levy_year", "keyed_by: sent_date"), encoding="utf-8")
    params = load_parameters(tmp_path)
    assert reminder_fee(2020, 2020, D(2024, 3, 31), params) == 100
    assert reminder_fee(2020, 2020, D(2024, 4, 1), params) == 0


# ---- 還付加算金
def test_refund_interest_of_a_cancelled_levy() -> None:
    start = first_day(1, D(2021, 6, 30))
    result = refund_interest(350_700, start, D(2026, 3, 31))
    assert [(part.days, part.rate_percent, part.yen) for part in result.segments] == [
        (184, "1.0", 1764),
        (1461, "0.9", 12608),
        (90, "1.3", 1121),
    ]
    assert (result.segment_sum_yen, result.refund_interest_yen) == (15_493, 15_400)


def test_refund_interest_of_a_double_payment() -> None:
    start = first_day(4, D(2024, 7, 1))
    result = refund_interest(600_000, start, D(2025, 2, 14))
    assert start == D(2024, 8, 2)
    assert [(part.days, part.yen) for part in result.segments] == [(197, 2914)]
    assert result.refund_interest_yen == 2900


def test_refund_interest_starts_by_cause() -> None:
    paid = D(2024, 1, 31)
    assert first_day(2, paid, claim_date=D(2024, 6, 30), event_date=D(2024, 8, 15)) == D(2024, 9, 16)
    assert first_day(2, paid, claim_date=D(2024, 6, 30), event_date=D(2024, 9, 15)) == D(2024, 10, 1)
    assert first_day(3, paid, event_date=D(2024, 6, 30)) == D(2024, 8, 1)
    assert first_day(3, D(2024, 12, 1), event_date=D(2024, 6, 30)) == D(2024, 12, 2)
    with pytest.raises(LawInputError, match="claim date: found nothing"):
        first_day(2, paid, event_date=D(2024, 9, 15))
    with pytest.raises(LawInputError, match="cause: found 5"):
        first_day(5, paid)  # type: ignore[arg-type]


def test_refund_interest_boundaries() -> None:
    assert refund_interest(1999, D(2000, 1, 1), D(2026, 12, 31)).segments == ()
    assert refund_interest(2000, D(2000, 1, 1), D(2026, 12, 31)).segment_sum_yen > 0
    assert refund_interest(100_000, D(2025, 2, 1), D(2025, 1, 31)).refund_interest_yen == 0
    year = refund_interest(111_000, D(2025, 1, 1), D(2025, 12, 31))
    assert (year.segment_sum_yen, year.refund_interest_yen) == (999, 0)
    year = refund_interest(112_000, D(2025, 1, 1), D(2025, 12, 31))
    assert (year.segment_sum_yen, year.refund_interest_yen) == (1008, 1000)


def test_a_refund_not_claimed_in_time_earns_nothing_meanwhile() -> None:
    notice, start, end = D(2025, 3, 1), D(2025, 1, 1), D(2025, 12, 31)

    def days(claimed: date | None) -> int:
        parts = refund_interest(1_000_000, start, end, notice_date=notice, claimed_date=claimed).segments
        return sum(part.days for part in parts)

    assert days(D(2025, 3, 31)) == 365  # the 30th day after the notice
    assert days(D(2025, 4, 1)) == 364
    assert days(D(2025, 4, 30)) == 335
    assert days(None) == 90
    with pytest.raises(LawInputError, match="claim: found 2025-02-28"):
        days(D(2025, 2, 28))


# ---- 延滞金
with GOLDEN.open(encoding="utf-8", newline="") as handle:
    PUBLISHED = list(csv.DictReader(handle))


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["source"].split()[0] for case in PUBLISHED])
def test_published_late_charges(case: dict[str, str]) -> None:
    result = late_charge(
        int(case["principal_yen"]),
        date.fromisoformat(case["due_date"]),
        date.fromisoformat(case["paid_date"]),
        low_rate_months=int(case["low_rate_months"]),
    )
    assert result.late_charge_yen == int(case["expected_late_charge_yen"])


def test_the_sum_decides_at_1000_yen() -> None:
    def charge(yen: int) -> tuple[int, int]:
        result = late_charge(yen, D(2022, 12, 31), D(2023, 12, 31))
        return result.segment_sum_yen, result.late_charge_yen

    assert charge(122_000) == (248 + 9712, 9900)
    assert charge(12_000) == (24 + 955, 0)
    assert charge(13_000) == (26 + 1034, 1000)


def test_a_payment_lowers_the_base_from_the_next_day() -> None:
    result = late_charge(60_000, D(2024, 7, 31), D(2025, 3, 31), payments=[PartPayment(D(2024, 8, 1), 40_000)])
    assert [part.yen for part in result.segments] == [3, 39, 1010]
    assert result.late_charge_yen == 1000


def test_payments_until_the_due_date_and_of_one_day() -> None:
    due, until = D(2024, 7, 31), D(2025, 3, 31)
    early = late_charge(60_000, due, until, payments=[PartPayment(D(2024, 7, 1), 10_000), PartPayment(due, 10_000)])
    assert early == late_charge(40_000, due, until)
    two = late_charge(
        60_000, due, until, payments=[PartPayment(D(2024, 9, 1), 5_000), PartPayment(D(2024, 9, 1), 5_000)]
    )
    assert two == late_charge(60_000, due, until, payments=[PartPayment(D(2024, 9, 1), 10_000)])
    left = late_charge(60_000, due, until, payments=[PartPayment(due, 59_001)])
    assert left.segments == ()


@pytest.mark.parametrize(
    ("principal", "payments", "message"),
    [
        (-1, [], "principal: found -1 yen, expected 0 or more"),
        (5000, [PartPayment(D(2025, 5, 1), 0)], "payment of 2025-05-01: found 0 yen, expected more than 0"),
        (5000, [PartPayment(D(2026, 5, 1), 10)], "payment of 2026-05-01: found a day after the last day"),
        (
            5000,
            [PartPayment(D(2025, 5, 1), 5001)],
            "payments: found 5001 yen, expected at most the principal, 5000 yen",
        ),
    ],
)
def test_impossible_input_is_refused(principal: int, payments: list[PartPayment], message: str) -> None:
    with pytest.raises(LawInputError, match=message):
        late_charge(principal, D(2025, 4, 30), D(2025, 12, 31), payments=payments)


def test_no_rate_no_amount() -> None:
    assert late_charge(100_000, D(2027, 4, 30), D(2027, 4, 30)).late_charge_yen == 0
    with pytest.raises(ParameterNotFoundError, match="2027-01-01"):
        late_charge(100_000, D(2026, 11, 30), D(2027, 1, 31))


# ---- 和暦
@pytest.mark.parametrize(
    ("day", "text", "short"),
    [
        (D(1912, 7, 29), "明治45年7月29日", "M45.7.29"),
        (D(1912, 7, 30), "大正元年7月30日", "T1.7.30"),
        (D(1926, 12, 24), "大正15年12月24日", "T15.12.24"),
        (D(1926, 12, 25), "昭和元年12月25日", "S1.12.25"),
        (D(1989, 1, 7), "昭和64年1月7日", "S64.1.7"),
        (D(1989, 1, 8), "平成元年1月8日", "H1.1.8"),
        (D(2019, 4, 30), "平成31年4月30日", "H31.4.30"),
        (D(2019, 5, 1), "令和元年5月1日", "R1.5.1"),
        (D(2025, 6, 30), "令和7年6月30日", "R7.6.30"),
    ],
)
def test_wareki(day: date, text: str, short: str) -> None:
    assert wareki.format_wareki(day) == text
    assert wareki.format_wareki_short(day) == short
    assert parse_date(text) == parse_date(short) == day


def test_wareki_has_a_beginning() -> None:
    with pytest.raises(ValueError, match="before 1873-01-01"):
        wareki.format_wareki(D(1872, 12, 31))


def test_fiscal_year_names() -> None:
    assert [wareki.format_fiscal_year(year) for year in (1988, 1989, 2018, 2019, 2025)] == [
        "昭和63年度",
        "平成元年度",
        "平成30年度",
        "令和元年度",
        "令和7年度",
    ]
