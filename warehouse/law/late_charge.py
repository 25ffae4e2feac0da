"""延滞金: the scalar rule, for the counter and as the oracle of warehouse/macros/law/late_charge.sql."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.law.calendar import period_end
from warehouse.law.interest import Segment, floor_to_unit, rate_parts, rounded_total, segment
from warehouse.law.parameters import LawInputError, Parameters, Values, load_parameters

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PartPayment:
    """What was paid to the principal, by the day it was received (領収日). Whole yen, more than 0."""

    received_date: date
    principal_yen: int


@dataclass(frozen=True, slots=True)
class LateCharge:
    """The late charge and the parts that give it: ``late_charge_yen`` is ``segment_sum_yen``, rounded as a total."""

    late_charge_yen: int
    segment_sum_yen: int
    segments: tuple[Segment, ...]


def late_charge(
    principal_yen: int,
    due_date: date,
    paid_date: date,
    *,
    payments: Iterable[PartPayment] = (),
    taken_back: Iterable[PartPayment] = (),
    rate_family: str = "local_tax",
    low_rate_months: int = 1,
    params: Parameters | None = None,
) -> LateCharge:
    """The late charge of one due (期別), from the day after its due date to ``paid_date``.

    Units:
        principal_yen: the tax after reductions, whole yen. The result is whole yen.
    Legal basis:
        地方税法第326条, 第369条 etc.; 割合: 附則第3条の2, parameter ``late_charge_rates.<rate_family>``; 端数:
        第20条の4の2, parameter ``late_charge.rounding``; 期間: 民法第143条.
    Assumptions:
        due_date is the date as it counts, rolled over holidays. paid_date is the day on which the rest is received, or
        the day up to which the charge accrues; it counts. payments are what was received before; from the day after
        each the base is the rest, floored again. They reduce the base but not the test against the minimum tax.
        taken_back is what left the due again (組替), in yen above 0: the base grows from the day after.
        No 減免 and no 徴収猶予.

    Raises:
        LawInputError: a negative principal or window, a payment of nothing, after paid_date, or beyond the principal.
        ParameterNotFoundError: no rate is known on a day of the period.

    >>> late_charge(65_000, date(2021, 5, 31), date(2022, 1, 31)).late_charge_yen
    3400
    """
    known = params or load_parameters()
    paid = _by_day(principal_yen, paid_date, payments, taken_back)
    rounding = known["late_charge.rounding"].at(max(paid_date, due_date))
    if principal_yen < rounding.integer("minimum_tax_yen") or paid_date <= due_date:
        return LateCharge(0, 0, ())
    rates = known.late_charge_rates(rate_family)
    low_to = period_end(due_date + ONE_DAY, low_rate_months)
    merge = rounding.flag("merge_equal_adjacent_years")
    segments = []
    for first, last, base_yen in _intervals(principal_yen, due_date, paid_date, paid, rounding):
        for phase, start, end in (("low", first, min(last, low_to)), ("high", max(first, low_to + ONE_DAY), last)):
            for part_from, part_to, rate in rate_parts(rates, phase, start, end, merge_equal=merge):
                segments.append(segment(part_from, part_to, phase, base_yen, rate, rounding))
    total, amount = rounded_total(segments, rounding)
    return LateCharge(amount, total, tuple(segments))


def _by_day(
    principal_yen: int, paid_date: date, payments: Iterable[PartPayment], taken_back: Iterable[PartPayment]
) -> dict[date, int]:
    """Payments of one day, less what was taken back on it, are one change of the balance."""
    if principal_yen < 0:
        raise LawInputError("principal", f"{principal_yen} yen", "0 or more", "give the tax after reductions")
    paid: dict[date, int] = defaultdict(int)
    for sign, payment in [*((1, payment) for payment in payments), *((-1, payment) for payment in taken_back)]:
        where = f"payment of {payment.received_date}"
        if payment.principal_yen <= 0:
            raise LawInputError(
                where, f"{payment.principal_yen} yen", "more than 0", "leave out payments that were taken back"
            )
        if payment.received_date > paid_date:
            raise LawInputError(
                where, "a day after the last day", f"a day up to {paid_date}", "give a later last day or leave it out"
            )
        paid[payment.received_date] += sign * payment.principal_yen
    total = sum(paid.values())
    if total > principal_yen:
        raise LawInputError(
            "payments",
            f"{total} yen",
            f"at most the principal, {principal_yen} yen",
            "give only what paid the principal",
        )
    return {day: yen for day, yen in paid.items() if yen}


def _intervals(
    principal_yen: int, due_date: date, paid_date: date, paid: dict[date, int], rounding: Values
) -> Iterator[tuple[date, date, int]]:
    """Days with one balance: (first, last, base). Those whose balance is below one unit of the base are left out."""
    unit = rounding.integer("base_unit_yen")
    balance = principal_yen - sum(yen for day, yen in paid.items() if day <= due_date)
    first = due_date + ONE_DAY
    for day in sorted(day for day in paid if due_date < day < paid_date):
        if balance >= unit:
            yield first, day, floor_to_unit(balance, unit)
        balance -= paid[day]
        first = day + ONE_DAY
    if balance >= unit:
        yield first, paid_date, floor_to_unit(balance, unit)
