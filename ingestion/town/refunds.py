"""What the truth is of money that was too much: its cause, the interest on it, and what of it is still there.

Written apart from the models and the law package, like the oracle; days are counted one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.town.city import CLAIMED_BEFORE_DAYS, INCOME_TAX_BEFORE_DAYS
from ingestion.town.days import NONE, day, fiscal_year, to_date
from ingestion.town.oracle import Due, Payment, low_rate_end, replay

# 還付加算金の割合 in tenths of a percent a year, from 1 January (附則3条の2)
_RATES = {
    2014: 19, 2015: 18, 2016: 18, 2017: 17, 2018: 16, 2019: 16, 2020: 16,
    2021: 10, 2022: 9, 2023: 9, 2024: 9, 2025: 9, 2026: 13,
}  # fmt: skip
_WAIT_DAYS = 30  # a claim within so many days of the notice stops nothing
REVENUE, EXPENDITURE = "revenue", "expenditure"  # 戻出, 歳出


@dataclass(slots=True)
class Overpayment:
    """What one receipt brought too much for one due, by one cause. Yen and day numbers; dues in ``due``."""

    payment: Payment
    due: Due
    cause: int
    amount: int
    arisen: int
    interest_from: int
    balance: int
    promised: int = 0
    interest: int = 0


def refund_interest(yen: int, first: int, last: int, told: int = NONE, claimed: int = NONE) -> int:
    """還付加算金 in yen for the days ``first`` through ``last``, without those of a late claim (地方税法17条の4)."""
    if yen < 2000:
        return 0
    base = yen // 1000 * 1000
    total, rate, days = 0, 0, 0
    for when in range(first, last + 1):
        waits = told != NONE and told + _WAIT_DAYS < when and (claimed == NONE or when <= claimed)
        today = 0 if waits else _RATES[to_date(when).year]
        if today != rate:
            total += base * rate * days // (1000 * 365)
            rate, days = today, 0
        days += 1
    total += base * rate * days // (1000 * 365)
    return 0 if total < 1000 else total // 100 * 100


def interest_from(cause: int, received: int, reduced: int = NONE) -> int:
    """The first day with interest. The claim of cause 2 and the notice of cause 3 came some days before the reduction.

    Cause 4 is money paid by mistake, or (with ``reduced``) a reduction that nobody claimed (施行令6条の15第1項).
    """
    if cause == 1:
        return received + 1
    if cause == 2:
        claimed = low_rate_end(reduced - CLAIMED_BEFORE_DAYS, 3)
        return max(received, min(claimed, low_rate_end(reduced, 1))) + 1
    if cause == 3:
        return max(received, low_rate_end(reduced - INCOME_TAX_BEFORE_DAYS, 1)) + 1
    return low_rate_end(max(received, reduced), 1) + 1


def came_in(due: Due, received: int) -> int:
    """会計年度 of a receipt: the due's own until its books close on 31 May, else the year of the day."""
    if received <= day(due.levy_year + 1, 5, 31):
        return due.levy_year
    return fiscal_year(received)


def books(money_of: int, posted: int) -> tuple[str, int]:
    """From which side and in which year money goes back: the year of the money until its books close, then today's."""
    if posted <= day(money_of + 1, 5, 31):
        return REVENUE, money_of
    return EXPENDITURE, fiscal_year(posted)


def source_of(repayment: Payment, payments: Iterable[Payment]) -> Payment:
    """The last receipt that the money of a repayment can come from; for a move, the one of its day."""
    due = repayment.due
    assert due is not None  # noqa: S101 - how the town is written, not data
    upto = repayment.received if repayment.mode == "move" else repayment.taken_on
    return max((p for p in payments if p.meant_for(due) and p.received <= upto), key=lambda p: p.order)


def overpayments(dues: list[Due], payments: list[Payment], as_of: int) -> list[Overpayment]:
    """All overpayments of one payer, as they stand on a day. Leaves the dues as ``replay`` does."""
    replay(dues, payments)
    found = [
        (payment, part.due, part.overpaid)
        for payment in sorted(payments, key=lambda p: p.order)
        for part in payment.parts
        if part.due is not None and part.overpaid > 0 and (payment.fate == "due" or part.due is payment.other)
    ]
    lots = [lot for payment, due, yen in found for lot in _by_cause(payment, due, yen, dues, payments)]
    for due in dues:
        _settle([lot for lot in lots if lot.due is due], payments, as_of)
    return lots


def _by_cause(payment: Payment, due: Due, yen: int, dues: list[Due], payments: list[Payment]) -> Iterable[Overpayment]:
    """誤納 is what was too much on the day itself; the rest became too much by the reduction."""
    reductions = [event for event in due.events if event[1] < 0]
    mistaken = min(yen, _too_much_on_its_day(payment, due, dues, payments)) if reductions else yen
    if mistaken:
        start = interest_from(4, payment.received)
        yield Overpayment(payment, due, 4, mistaken, payment.received, start, mistaken)
    if yen > mistaken:
        when, _, _, reason = reductions[-1]
        start = interest_from(reason, payment.received, when)
        yield Overpayment(payment, due, reason, yen - mistaken, when, start, yen - mistaken)


def _too_much_on_its_day(payment: Payment, due: Due, dues: list[Due], payments: list[Payment]) -> int:
    """What of a receipt was too much when it came: told again with what had happened before."""
    later = {id(d): d.events for d in dues}
    known = [
        p
        for p in payments
        if p is payment or (p.order < payment.order and (p.fate == "due" or p.taken_on < payment.received))
    ]
    for one in dues:
        one.events = [e for e in one.events if e[0] < payment.received or e is one.events[0]]
    replay(dues, known)
    too_much = sum(part.overpaid for part in payment.parts if part.due is due)
    for one in dues:
        one.events = later[id(one)]
    replay(dues, payments)
    return too_much


def _settle(lots: list[Overpayment], payments: list[Payment], as_of: int) -> None:
    """Repayments and promises take from the last receipts on, 誤納 first; then the interest on what is left."""
    told, claimed = NONE, NONE
    mine = [p for p in payments if lots and p.due is lots[0].due and p.mode in ("refund", "offset", "promise")]
    for repayment in sorted(mine, key=lambda p: (p.mode == "promise", p.taken_on, p.pid)):
        rest = repayment.amount
        for lot in sorted(lots, key=lambda lot: lot.payment.order, reverse=True):  # keeps the causes' order
            if lot.payment.received > repayment.taken_on:
                continue
            if repayment.mode == "promise":
                yen = min(rest, lot.balance - lot.promised)
                lot.promised += yen
            else:
                yen = min(rest, lot.balance)
                lot.balance -= yen
            rest -= yen
        if rest:
            raise ValueError("the town may not pay back more than was too much")
        if repayment.mode == "promise":
            told, claimed = repayment.told, repayment.claimed
    for lot in lots:
        if _five_years_after(lot.arisen) >= as_of:
            notice = (told, claimed) if lot.promised else (NONE, NONE)
            lot.interest = refund_interest(lot.balance, lot.interest_from, as_of, *notice)


def _five_years_after(when: int) -> int:
    """The last day of a claim (地方税法18条の3)."""
    d = to_date(when)
    return day(d.year + 5, d.month, d.day)
