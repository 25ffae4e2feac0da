"""What the truth is: a replay of one payer's events, written apart from the models, the law package and the readers.

Only dues out of the ordinary are replayed; a due that was assessed once and paid once, in time, needs no oracle.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ingestion.town.city import FEE_LAST_LEVY_YEAR, FEE_YEN, ITEM
from ingestion.town.days import NONE, day, number, to_date

# 延滞金の割合 in tenths of a percent a year, from 1 January: in the first month, and after it (附則3条の2)
_RATES = {
    2014: (29, 92), 2015: (28, 91), 2016: (28, 91), 2017: (27, 90), 2018: (26, 89), 2019: (26, 89), 2020: (26, 89),
    2021: (25, 88), 2022: (24, 87), 2023: (24, 87), 2024: (24, 87), 2025: (24, 87), 2026: (28, 91),
}  # fmt: skip
FIRST_YEAR, LAST_YEAR = min(_RATES), max(_RATES)
_NEW_RATE = [
    [day(y, 1, 1) for y in sorted(_RATES) if y == FIRST_YEAR or _RATES[y][phase] != _RATES[y - 1][phase]]
    for phase in (0, 1)
]
_RATE_FROM = [[_RATES[to_date(first).year][phase] for first in _NEW_RATE[phase]] for phase in (0, 1)]


def low_rate_end(due: int, months: int) -> int:
    """The last day at the low rate: ``months`` counted from the day after 納期限 (民法143条)."""
    first = to_date(due + 1)
    year, month = first.year + (first.month - 1 + months) // 12, (first.month - 1 + months) % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return number(date(year, month, last)) if first.day > last else number(date(year, month, first.day)) - 1


def late_charge(tax: int, due: int, months: int, paid: dict[int, int], upto: int) -> int:
    """延滞金 in yen for the days after ``due`` through ``upto``; ``paid`` is principal by day of receipt."""
    if tax < 2000 or upto <= due:
        return 0
    open_yen = tax - sum(yen for when, yen in paid.items() if when <= due)
    start, total, low_end = due + 1, 0, low_rate_end(due, months)
    for when in [*sorted(d for d, yen in paid.items() if due < d <= upto and yen), upto]:
        total += _interval(max(open_yen, 0), start, when, low_end)
        open_yen -= paid.get(when, 0) if when > due else 0
        start = when + 1
    return 0 if total < 1000 else total // 100 * 100


def _interval(open_yen: int, first: int, last: int, low_end: int) -> int:
    """The charge on one unchanged balance: a segment per rate, each floored to the yen."""
    base = open_yen // 1000 * 1000
    total = 0
    for phase, start, end in ((0, first, min(last, low_end)), (1, max(first, low_end + 1), last)):
        while base and start <= end:
            at = bisect_right(_NEW_RATE[phase], start)
            stop = min(end, _NEW_RATE[phase][at] - 1) if at < len(_NEW_RATE[phase]) else end
            total += base * _RATE_FROM[phase][at - 1] * (stop - start + 1) // (1000 * 365)
            start = stop + 1
    return total


@dataclass(slots=True, eq=False)
class Due:
    """A due out of the ordinary. ``events`` are (day, yen, 異動区分, 更正事由); the replay fills the money fields."""

    item: int
    detail: int
    levy_year: int
    tax_year: int
    notice: int
    instalment: int
    payer: int
    addressee_no: int
    assessed: int
    notified: int
    unrolled: int
    due: int
    debit: bool
    events: list[tuple[int, int, int, int]]
    case: str = ""
    reminded: int = NONE
    paid_by: dict[int, int] = field(default_factory=dict)
    printed_late: int = NONE  # 延滞金 of a slip that was paid by its date: it stands
    principal: int = 0
    fee: int = 0
    late: int = 0
    overpaid: int = 0
    provisional: int = 0

    @property
    def key(self) -> tuple[int, ...]:
        return (self.item, self.detail, self.levy_year, self.tax_year, self.notice, self.instalment)

    @property
    def tax(self) -> int:
        return sum(event[1] for event in self.events)

    @property
    def balance(self) -> int:
        return self.tax - self.principal

    def fee_at(self, when: int) -> int:
        """督促手数料 chargeable on a day and not yet paid; nothing more after a slip that stands as printed."""
        if self.printed_late != NONE:
            return 0
        charged = FEE_YEN if NONE < self.reminded <= when and self.levy_year <= FEE_LAST_LEVY_YEAR else 0
        return charged - self.fee

    def late_at(self, when: int) -> int:
        """延滞金 accrued through a day, paid or not."""
        if self.printed_late != NONE:
            return self.printed_late
        return late_charge(self.tax, self.due, ITEM[self.item].low_rate_months, self.paid_by, when)

    def forget(self) -> None:
        """Back to the state before any payment."""
        self.paid_by, self.printed_late = {}, NONE
        self.principal = self.fee = self.late = self.overpaid = self.provisional = 0


@dataclass(slots=True, eq=False)
class Slip:
    """A payment slip: lines are (due, principal, fee, late charge) as printed."""

    number: int
    kind: int
    issued: int
    pay_by: int
    lines: list[tuple[Due, int, int, int]]
    reissue: int = 0

    @property
    def total(self) -> int:
        return sum(sum(line[1:]) for line in self.lines)


@dataclass(slots=True)
class Part:
    """What one record does to one due (or, without a due, to suspense)."""

    due: Due | None
    principal: int = 0
    fee: int = 0
    late: int = 0
    overpaid: int = 0
    suspense: int = 0


@dataclass(slots=True, eq=False)
class Payment:
    """Money that came in, or a movement of it, as one record in a file. mode says how it finds its dues:

    due (a key, a request) · recorded (split by the core system) · slip · spread (names the payer only) · refund,
    offset, move (of the money of ``due``; ``other`` receives it) · interest (refund interest of ``due`` that pays
    ``other``) · promise (a refund that the payer was told of) · none (no money, or not final: see ``fate``).
    """

    pid: int
    received: int
    posted: int
    amount: int
    mode: str
    fate: str = "due"
    due: Due | None = None
    other: Due | None = None
    slip: Slip | None = None
    split: tuple[int, int, int] = (0, 0, 0)
    taken: int = NONE  # of a refund, offset or promise: the day on which the money was chosen, if not ``posted``
    told: int = NONE  # of a refund or promise: when the payer was told, and when the claim came
    claimed: int = NONE
    interest: int = 0  # 還付加算金 that a refund adds
    to: int = 1  # which part of ``other`` an offset pays: 1 tax, 2 fee, 3 late charge
    parts: list[Part] = field(default_factory=list)
    bound: dict[int, int] = field(default_factory=dict)  # by id of the due: what a repayment takes from this money

    @property
    def order(self) -> tuple[int, int, int]:
        """The order of the books."""
        return self.received, self.posted, self.pid

    def dues(self) -> list[Due]:
        """The dues that it names."""
        if self.mode == "slip":
            assert self.slip is not None  # noqa: S101
            return list({id(line[0]): line[0] for line in self.slip.lines}.values())
        return [] if self.due is None else [self.due]

    def meant_for(self, due: Due) -> int:
        """What it brings to the tax of a due first; 0 for movements and for what is no money."""
        if self.fate != "due":
            return 0
        if self.mode == "slip":
            assert self.slip is not None  # noqa: S101
            return sum(line[1] for line in self.slip.lines if line[0] is due) if self.as_printed else self.amount
        if self.due is not due:
            return 0
        return self.split[0] if self.mode == "recorded" else self.amount if self.mode == "due" else 0

    @property
    def taken_on(self) -> int:
        """The day up to whose receipts the money of a repayment is looked for."""
        return self.posted if self.taken == NONE else self.taken

    @property
    def as_printed(self) -> bool:
        """Whether it pays just what its slip says, by the slip's day."""
        return self.slip is not None and self.amount == self.slip.total and self.received <= self.slip.pay_by


def replay(dues: list[Due], payments: Iterable[Payment]) -> None:
    """Applies payments in the order of the books and fills ``parts`` and the dues' figures.

    Give all dues of one payer; or one due, to know its own state while the story is told (other dues stay untouched).
    """
    for due in dues:
        due.forget()
    in_order = sorted(payments, key=lambda p: p.order)
    _bind(dues, in_order)
    for payment in in_order:
        payment.parts = []
        if payment.fate == "provisional":
            assert payment.due is not None  # noqa: S101 - how the town is written, not data
            payment.due.provisional += payment.amount
            payment.parts = [Part(payment.due)]
        elif payment.mode != "none":
            _MODES[payment.mode](payment, dues)


def _bind(dues: list[Due], payments: list[Payment]) -> None:
    """Money that goes back, or is promised to, comes from the last receipts before: no tax takes it up again."""
    for payment in payments:
        payment.bound = {}
    withdrawals = [p for p in payments if p.mode in ("refund", "promise", "offset")]
    for withdrawal in sorted(withdrawals, key=lambda p: (p.taken_on, p.pid)):
        due, rest = withdrawal.due, withdrawal.amount
        if due is None or not _in(due, dues):
            continue
        for payment in reversed(payments):
            if payment.received <= withdrawal.taken_on:
                free = payment.meant_for(due) - payment.bound.get(id(due), 0)
                yen = min(free, rest)
                if yen > 0:
                    payment.bound[id(due)] = payment.bound.get(id(due), 0) + yen
                    rest -= yen


def _principal(due: Due, when: int, yen: int) -> int:
    """Pays as much of the tax as is open; what was paid."""
    yen = min(yen, max(due.balance, 0))
    if yen:
        due.principal += yen
        due.paid_by[when] = due.paid_by.get(when, 0) + yen
    return yen


def _allocate(payment: Payment, due: Due, amount: int) -> Part:
    """Tax first, then the reminder fee, then the late charge as of the day of receipt; the rest is overpaid."""
    bound = payment.bound.get(id(due), 0)
    part = Part(due, _principal(due, payment.received, amount - bound))
    rest = amount - bound - part.principal
    part.fee = min(rest, due.fee_at(payment.received))
    due.fee += part.fee
    part.late = min(rest - part.fee, max(due.late_at(payment.received) - due.late, 0))
    due.late += part.late
    part.overpaid = bound + rest - part.fee - part.late
    due.overpaid += part.overpaid
    return part


def _to_due(payment: Payment, _: list[Due]) -> None:
    assert payment.due is not None  # noqa: S101
    payment.parts = [_allocate(payment, payment.due, payment.amount)]


def _as_recorded(payment: Payment, _: list[Due]) -> None:
    assert payment.due is not None  # noqa: S101
    payment.parts = [_keep(payment, payment.due, payment.split)]


def _keep(payment: Payment, due: Due, split: tuple[int, int, int]) -> Part:
    """A split that stands; principal beyond the balance is overpaid."""
    paid = _principal(due, payment.received, split[0] - payment.bound.get(id(due), 0))
    due.fee += split[1]
    due.late += split[2]
    due.overpaid += split[0] - paid
    return Part(due, paid, split[1], split[2], split[0] - paid)


def _in(due: Due | None, dues: list[Due]) -> bool:
    return any(due is one for one in dues)


def _by_slip(payment: Payment, dues: list[Due]) -> None:
    slip = payment.slip
    assert slip is not None  # noqa: S101
    if payment.as_printed:
        charged = any(fee or late for _, _, fee, late in slip.lines)
        for due, principal, fee, late in slip.lines:
            if not _in(due, dues):
                continue
            payment.parts.append(_keep(payment, due, (principal, fee, late)))
            if charged:
                due.printed_late = due.late
        return
    assert len(slip.lines) == 1  # noqa: S101
    payment.parts = [_allocate(payment, slip.lines[0][0], payment.amount)]


def _spread(payment: Payment, dues: list[Due]) -> None:
    """All taxes in order of 納期限, then fees, then late charges."""
    rest, when = payment.amount, payment.received
    parts = {id(d): Part(d) for d in sorted(dues, key=lambda d: (d.due, d.key)) if d.assessed <= when}
    for part in parts.values():
        assert part.due is not None  # noqa: S101
        part.principal = _principal(part.due, when, rest)
        rest -= part.principal
    for part in parts.values():
        assert part.due is not None  # noqa: S101
        part.fee = min(rest, part.due.fee_at(when))
        part.due.fee += part.fee
        rest -= part.fee
    for part in parts.values():
        assert part.due is not None  # noqa: S101
        part.late = min(rest, max(part.due.late_at(when) - part.due.late, 0))
        part.due.late += part.late
        rest -= part.late
    payment.parts = [p for p in parts.values() if p.principal or p.fee or p.late]
    if rest:
        raise ValueError("a lump sum of the town may not exceed what its payer owes")


def _refund(payment: Payment, _: list[Due]) -> None:
    assert payment.due is not None  # noqa: S101
    payment.due.overpaid -= payment.amount
    payment.parts = [Part(payment.due, overpaid=-payment.amount)]


def _offset(payment: Payment, dues: list[Due]) -> None:
    if payment.due is not None and _in(payment.due, dues):
        _refund(payment, dues)
    _bring(payment, dues)


def _bring(payment: Payment, dues: list[Due]) -> None:
    """What an offset pays of the other due: its tax, its fee or its late charge."""
    if payment.other is not None and _in(payment.other, dues):
        split = (
            payment.amount * (payment.to == 1),
            payment.amount * (payment.to == 2),
            payment.amount * (payment.to == 3),
        )
        payment.parts.append(_keep(payment, payment.other, split))


def _promise(payment: Payment, _: list[Due]) -> None:
    """No money moves."""
    payment.parts = []


def _move(payment: Payment, dues: list[Due]) -> None:
    """組替: the money goes from one due to another with its day of receipt."""
    source, when = payment.due, payment.received
    if source is not None and _in(source, dues):
        source.principal -= payment.amount
        source.paid_by[when] = source.paid_by.get(when, 0) - payment.amount
        payment.parts.append(Part(source, -payment.amount))
    if payment.other is not None and _in(payment.other, dues):
        payment.parts.append(Part(payment.other, _principal(payment.other, when, payment.amount)))


_MODES = {
    "due": _to_due,
    "recorded": _as_recorded,
    "slip": _by_slip,
    "spread": _spread,
    "refund": _refund,
    "offset": _offset,
    "interest": _bring,
    "promise": _promise,
    "move": _move,
}
