"""還付加算金: from when it runs, and how much it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from warehouse.law.calendar import period_end
from warehouse.law.interest import Segment, floor_to_unit, rate_parts, rounded_total, segment
from warehouse.law.parameters import LawInputError, Parameters, load_parameters

ONE_DAY = timedelta(days=1)
Cause = Literal[1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class RefundInterest:
    """Refund interest and the parts that give it."""

    refund_interest_yen: int
    segment_sum_yen: int
    segments: tuple[Segment, ...]


def first_day(
    cause: Cause,
    paid_date: date,
    *,
    claim_date: date | None = None,
    event_date: date | None = None,
    params: Parameters | None = None,
) -> date:
    """The day from which refund interest runs.

    Legal basis:
        地方税法第17条の4第1項: 1号 (更正・決定・賦課決定) the day after payment; 2号 (更正の請求) after the earlier of
        the months from the claim and from the correction; 3号 (所得税の更正・申告) after the months from the notice
        or return; 4号 (誤納, 二重納付) after the months from the payment, or from the correction of a tax by
        return that nobody claimed (施行令第6条の15第1項). The months are in ``refund_interest.accrual``.
    Assumptions:
        claim_date is the claim of cause 2; event_date the correction of cause 2 or 4, the notice or return of cause 3.
        Interest never runs before the money was there: not before the day after paid_date.

    Raises:
        LawInputError: a date that the cause needs is missing, or there is no such cause.

    >>> first_day(4, date(2024, 7, 1))
    datetime.date(2024, 8, 2)
    """
    known = (params or load_parameters())["refund_interest.accrual"].at(paid_date)

    def after(day: date | None, field: str, where: str) -> date:
        if day is None:
            raise LawInputError(where, "nothing", f"a date, for cause {cause}", f"give the {where}")
        return period_end(day + ONE_DAY, known.integer(field)) + ONE_DAY

    start = paid_date + ONE_DAY
    if cause == 1:
        return start
    if cause == 2:
        claimed = after(claim_date, "claim_months", "claim date")
        return max(start, min(claimed, after(event_date, "correction_months", "correction date")))
    if cause == 3:
        return max(start, after(event_date, "notice_months", "notice date"))
    if cause == 4:
        return after(max(paid_date, event_date or paid_date), "payment_months", "paid date")
    raise LawInputError("cause", str(cause), "1, 2, 3 or 4", "choose the number of 地方税法第17条の4第1項")


def refund_interest(
    principal_yen: int,
    from_date: date,
    to_date: date,
    *,
    notice_date: date | None = None,
    claimed_date: date | None = None,
    params: Parameters | None = None,
) -> RefundInterest:
    """Interest on a refund from ``from_date`` (see ``first_day``) to the decision, both days included.

    Units:
        principal_yen: the overpayment, whole yen. The result is whole yen.
    Legal basis:
        地方税法第17条の4, 附則第3条の2, 第20条の4の2; 施行令附則第3条の2第3項 (parts are floored to 1 yen). Rates and
        rounding are in ``refund_interest.rates`` and ``refund_interest.rounding``.
    Assumptions:
        to_date is the day of the decision to pay, or of the offset, or of 充当適状 where that is earlier. With a
        notice_date the days after ``unclaimed_days`` from it up to the claim (or to_date, when there was none) earn
        nothing.

    Raises:
        LawInputError: a negative principal, or a claim before the notice.
        ParameterNotFoundError: no rate is known on a day of the period.

    >>> refund_interest(600_000, date(2024, 8, 2), date(2025, 2, 14)).refund_interest_yen
    2900
    """
    known = params or load_parameters()
    if principal_yen < 0:
        raise LawInputError("principal", f"{principal_yen} yen", "0 or more", "give the amount that is refunded")
    rounding = known["refund_interest.rounding"].at(to_date)
    if principal_yen < rounding.integer("minimum_principal_yen"):
        return RefundInterest(0, 0, ())
    base = floor_to_unit(principal_yen, rounding.integer("base_unit_yen"))
    merge = rounding.flag("merge_equal_adjacent_years")
    segments = [
        segment(start, end, "refund", base, rate, rounding)
        for first, last in _earning_days(from_date, to_date, notice_date, claimed_date, known)
        for start, end, rate in rate_parts(known["refund_interest.rates"], "rate", first, last, merge_equal=merge)
    ]
    total, amount = rounded_total(segments, rounding)
    return RefundInterest(amount, total, tuple(segments))


def _earning_days(
    from_date: date, to_date: date, notice_date: date | None, claimed_date: date | None, params: Parameters
) -> list[tuple[date, date]]:
    if notice_date is None:
        return [(from_date, to_date)]
    if claimed_date is not None and claimed_date < notice_date:
        raise LawInputError("claim", str(claimed_date), f"{notice_date} (the notice) or later", "check both dates")
    waiting = timedelta(days=params["refund_interest.accrual"].at(notice_date).integer("unclaimed_days"))
    pause_from, pause_to = notice_date + waiting + ONE_DAY, claimed_date or to_date
    if pause_to < pause_from:
        return [(from_date, to_date)]
    return [(from_date, min(to_date, pause_from - ONE_DAY)), (max(from_date, pause_to + ONE_DAY), to_date)]
