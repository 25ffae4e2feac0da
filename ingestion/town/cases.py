"""The awkward cases: what each looks like, how often it happens, and how many there are at least.

Every fiscal year has at least ``minimum`` of each case that fits it, whatever the size of the town (``files``: the year
of the payment files, ``history``: the years before, ``eve``: the last of these, ``both``: every year).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ingestion.town.city import (
    BANK_CHANNELS,
    BANK_OCR,
    COUNTER,
    CVS_LIMIT_YEN,
    DIRECT_DEBIT,
    EL_QR,
    SMARTPHONE,
    STORE,
)
from ingestion.town.days import day, month_end
from ingestion.town.oracle import Due
from ingestion.town.story import DUNNING, FURTHER, YEARLY, Story

# which dues a case can happen to (masks are made in year.py): plain = by slip, 2,000-250,000 yen; first = with the next
# instalment of the notice; early = due by September and large enough for late charges; whole = the first of four;
# large = any tax by slip, due by July, on which refund interest is more than 1,000 yen; pair, large_pair = two
# instalments that follow, both enough for a late charge or for interest
Pool = Literal["plain", "debit", "first", "early", "whole", "large", "pair", "large_pair"]
When = Literal["both", "files", "history", "eve"]


@dataclass(frozen=True, slots=True)
class Case:
    """``tell`` gets the dues that the case takes out of the ordinary: one, two (first, pairs) or four (whole)."""

    name: str
    pool: Pool
    tell: Callable[[Story, list[Due]], None]
    rate: float
    when: When = "both"
    minimum: int = 1


def in_time(story: Story, due: Due, channel: int, days: int = 0) -> int:
    """A day of payment up to some days before 納期限 (at most twelve)."""
    when = max(due.due - (days or int(story.rng.integers(0, 10))), due.notified + 1)
    return story.open_day(channel, when) if channel in BANK_CHANNELS else when


def _store(story: Story) -> int:
    return STORE if story.rng.random() < 0.6 else SMARTPHONE


def double_slip(story: Story, dues: list[Due]) -> None:
    due, slip, channel = dues[0], story.original_slip(dues[0]), _store(story)
    when = in_time(story, due, channel, 10)
    story.pay(due, when, channel, slip=slip)
    story.pay(due, when + int(story.rng.integers(1, 9)), channel, slip=slip)


def _double_debit(story: Story, dues: list[Due]) -> None:
    """Someone with direct debit asks for a slip, pays it, and is debited too."""
    due = dues[0]
    slip = story.reissue(due, due.due - 12, due.due)
    story.pay(due, due.due - 5, STORE, slip=slip)
    story.pay(due, due.due, DIRECT_DEBIT, amount=due.tax)


def _over_paid(story: Story, dues: list[Due]) -> None:
    story.pay(
        dues[0], in_time(story, dues[0], COUNTER), COUNTER, amount=dues[0].tax + 1000 * int(story.rng.integers(1, 6))
    )


def _short(story: Story, due: Due) -> None:
    """A bank clerk keys too little from the slip."""
    missing = min(1000 * int(story.rng.integers(1, 6)), due.tax - 1000)
    slip = story.original_slip(due)
    story.pay(due, in_time(story, due, BANK_OCR), BANK_OCR, amount=due.tax - missing, slip=slip)


def _short_then_rest(story: Story, dues: list[Due]) -> None:
    _short(story, dues[0])
    pay_late(story, dues[0], dues[0].due + int(story.rng.integers(25, 50)), "slip")


def _short_open(story: Story, dues: list[Due]) -> None:
    _short(story, dues[0])


def _open_early(story: Story, dues: list[Due]) -> None:
    """The first instalment stays open while the second is paid by its slip; then the first follows, late."""
    channel = story.pick_channel(dues[1].tax)
    story.pay(dues[1], in_time(story, dues[1], channel), channel, slip=story.original_slip(dues[1]))
    story.remind(dues[0], dues[1].due)
    pay_late(story, dues[0], dues[1].due + 20, "slip")


def pay_in_time(story: Story, due: Due, latest: int | None = None) -> None:
    channel = story.pick_channel(due.tax)
    when = in_time(story, due, channel)
    slip = story.original_slip(due)
    story.pay(due, when if latest is None else min(when, latest), channel, slip=slip)


def _reduced_after(story: Story, dues: list[Due]) -> None:
    due = dues[0]
    pay_in_time(story, due)
    story.change(due, due.due + int(story.rng.integers(20, 60)), -(due.tax * 3 // 10 // 100 + 1) * 100, 4, 1)


def _reduced_in_closing(story: Story, dues: list[Due]) -> None:
    """Paid in time, reduced between 4/1 and 5/31: 調定 of the year that is being closed."""
    due = dues[0]
    pay_in_time(story, due)
    story.change(due, day(due.levy_year + 1, 4, 20), -(due.tax // 4 // 100 + 1) * 100, 4, int(story.rng.integers(1, 5)))


def _cancelled_after(story: Story, dues: list[Due]) -> None:
    due = dues[0]
    pay_in_time(story, due)
    story.change(due, due.due + int(story.rng.integers(20, 60)), -due.tax, 5, 1)


def _cancelled_unpaid(story: Story, dues: list[Due]) -> None:
    story.change(dues[0], dues[0].due - 2, -dues[0].tax, 5, 1)


def _reduced_before(story: Story, dues: list[Due]) -> None:
    due = dues[0]
    story.change(due, due.notified + 3, -(due.tax // 4 // 100 + 1) * 100, 4, 1)
    slip = story.reissue(due, due.notified + 4, due.due)
    story.pay(due, due.due - 3, story.pick_channel(due.tax), slip=slip)


def _increased_same_day(story: Story, dues: list[Due]) -> None:
    """An increase before 納期限 that keeps it."""
    due = dues[0]
    story.change(due, due.notified + 3, 1000 * int(story.rng.integers(1, 9)), 3)
    slip = story.reissue(due, due.notified + 4, due.due)
    story.pay(due, due.due - 3, story.pick_channel(due.tax), slip=slip)


def _further(story: Story, due: Due, instalment: int, tax_year: int, kind: int, case: str) -> None:
    assessed = due.due + 10
    yen = 1000 * int(story.rng.integers(3, 40))
    new = story.further_due(due, instalment, tax_year, assessed, month_end(assessed + 25), yen, kind, case)
    pay_in_time(story, new)


def _increased_own_day(story: Story, dues: list[Due]) -> None:
    """An increase after payment has an instalment and a 納期限 of its own."""
    pay_in_time(story, dues[0])
    _further(story, dues[0], FURTHER + 1, dues[0].tax_year, 3, dues[0].case)


def _levied_late(story: Story, dues: list[Due]) -> None:
    """随時, for the tax year before (過年度随時)."""
    pay_in_time(story, dues[0])
    _further(story, dues[0], FURTHER + 2, dues[0].tax_year - 1, 2, dues[0].case)


def _provisional_cancelled(story: Story, dues: list[Due]) -> None:
    due, channel = dues[0], _store(story)
    slip = story.original_slip(due)
    story.provisional_only(due, in_time(story, due, channel, 12), channel, slip, taken_back=True)
    story.pay(due, due.due - 1, BANK_OCR, slip=slip)


def _provisional_open(story: Story, dues: list[Due]) -> None:
    """A late payment at the end of the closing period, of which only the 速報 has come."""
    due, when = dues[0], story.setting.as_of - int(story.rng.integers(3, 14))
    slip = story.reissue(due, when - 5, story.setting.as_of)
    story.pay(due, when, _store(story), slip=slip)


def _provisional_stale(story: Story, dues: list[Due]) -> None:
    due, channel = dues[0], _store(story)
    story.provisional_only(due, in_time(story, due, channel, 8), channel, story.original_slip(due), taken_back=False)


def _final_alone(story: Story, dues: list[Due]) -> None:
    due, channel = dues[0], _store(story)
    story.pay(due, in_time(story, due, channel), channel, slip=story.original_slip(due), provisional=False)


def _debit_failed(code: int) -> Callable[[Story, list[Due]], None]:
    def tell(story: Story, dues: list[Due]) -> None:
        story.failed_debit(dues[0], code)
        pay_late(story, dues[0], dues[0].due + int(story.rng.integers(15, 70)), "slip")

    return tell


def pay_late(story: Story, due: Due, when: int, style: str) -> None:
    """A late payment.

    Style ``slip``: a new slip with fee and late charge; ``tax``: the tax alone, by the old slip or at the counter.
    """
    when = min(when, story.setting.as_of - 10)
    if style == "tax" and not due.debit:
        slip = story.original_slip(due) if story.rng.random() < 0.6 else None
        story.pay(due, when, BANK_OCR if slip else COUNTER, amount=story.state(due).balance, slip=slip)
        return
    slip = story.reissue(due, when - int(story.rng.integers(1, 8)), when + int(story.rng.integers(5, 15)))
    channel = story.pick_channel(slip.total, late=True)
    when = story.open_day(channel, when)
    if when < story.setting.go_live:
        story.remind(due, when)
        late = max(story.state(due).late_at(when), 0) - due.late
        story.pay(due, when, channel, split=(due.balance, due.fee_at(when), late))
        return
    story.pay(due, when, channel, slip=slip)


def _late_tax_only(story: Story, dues: list[Due]) -> None:
    pay_late(story, dues[0], dues[0].due + int(story.rng.integers(60, 150)), "tax")


def _late_with_charge(story: Story, dues: list[Due]) -> None:
    pay_late(story, dues[0], dues[0].due + int(story.rng.integers(90, 170)), "slip")


def _late_charge_after(story: Story, dues: list[Due]) -> None:
    """The tax late and alone, then fee and late charge by a slip (in the history: 収納区分 7)."""
    due = dues[0]
    pay_late(story, due, due.due + 130, "tax")
    when = story.open_day(BANK_OCR, due.due + 160)
    if when < story.setting.go_live:
        story.state(due)
        story.pay(due, when, BANK_OCR, split=(0, due.fee_at(when), due.late_at(when) - due.late))
        return
    story.pay(due, when, BANK_OCR, slip=story.reissue(due, when - 5, when + 20, parts="fl"))


def _printed_stands(story: Story, dues: list[Due]) -> None:
    """The late charge printed as of the day of issue stands if paid by the slip's date, though more has accrued."""
    due = dues[0]
    issued = due.due + 120
    slip = story.reissue(due, issued, issued + 30, print_as_of=issued)
    story.pay(due, issued + 26, BANK_OCR, slip=slip)


def _slip_expired(story: Story, dues: list[Due]) -> None:
    """A new slip, paid at a bank after its date: its figures do not stand any more."""
    due = dues[0]
    slip = story.reissue(due, due.due + 110, due.due + 120)
    story.pay(due, due.due + 150, BANK_OCR, slip=slip)


def _late_then_reduced(story: Story, dues: list[Due]) -> None:
    """A reduction after a late payment: the late charge is that of the reduced tax, from what was overpaid."""
    due = dues[0]
    story.pay(due, due.due + 100, COUNTER, amount=due.tax)
    story.change(due, due.due + 130, -(due.tax // 5 // 100 + 1) * 100, 4, 1)


def _several_dues(story: Story, dues: list[Due]) -> None:
    """催告: one slip for what is open of two instalments."""
    issued, when = dues[1].due + 40, story.open_day(BANK_OCR, dues[1].due + 48)
    for due in dues:
        story.remind(due, issued)
        story.state(due)
    # the core system's history has what was due on the day; a slip has what it prints for its date
    charged = when if when < story.setting.go_live else issued + 20
    lines = [(d, d.balance, d.fee_at(issued), d.late_at(charged)) for d in dues]
    slip = story.joint_slip(lines, DUNNING, issued, issued + 20)
    story.by_joint_slip(slip, when, BANK_OCR if slip.total > CVS_LIMIT_YEN else _store(story))


def _prepaid(story: Story, dues: list[Due]) -> None:
    """全期前納: one slip for the year."""
    slip = story.joint_slip([(d, d.tax, 0, 0) for d in dues], YEARLY, dues[0].notified, dues[0].due)
    story.by_joint_slip(slip, dues[0].due - 2, BANK_OCR if slip.total > CVS_LIMIT_YEN else _store(story))


def _prepaid_and_again(story: Story, dues: list[Due]) -> None:
    """The slip for the year was paid, and later the slip of an instalment too."""
    _prepaid(story, dues)
    pay_in_time(story, dues[1])


def _record_taken_back(story: Story, dues: list[Due]) -> None:
    due, slip = dues[0], story.original_slip(dues[0])
    when = due.due - 12
    story.cancelled_slip(due, when, BANK_OCR, slip, slip.total * 10)
    story.pay(due, when + 2, BANK_OCR, slip=slip)


def _el_taken_back(story: Story, dues: list[Due]) -> None:
    due, slip = dues[0], story.original_slip(dues[0])
    story.cancelled_slip(due, due.due - 12, EL_QR, slip, slip.total)
    story.pay(due, due.due - 6, EL_QR, slip=slip)


def _refunded(story: Story, dues: list[Due]) -> None:
    due = dues[0]
    double_slip(story, dues)
    when = due.due + 40
    payment = story.movement("refund", "refund", due, None, when, when, due.tax)
    story.history_row(payment, BANK_OCR, 2, (-due.tax, 0, 0))


def _offset(story: Story, dues: list[Due]) -> None:
    """An instalment paid twice; the second payment is set against the next one before that is due."""
    due, following = dues
    double_slip(story, [due])
    booked = story.of_due[id(due)][-1].posted  # what is set off must be in the books
    when, yen = max(due.due + 20, booked + 2), min(due.tax, following.tax)
    payment = story.movement("offset", "offset", due, following, when, when, yen)
    story.history_row(payment, COUNTER, 3, (-yen, 0, 0), other=following, moved=yen)
    mirror = story.movement("none", "not_money", due, following, when, when, yen)
    story.history_row(mirror, COUNTER, 4, (yen, 0, 0), other=due, due=following, moved=yen)
    if following.tax > yen:
        story.pay(following, following.due - 3, COUNTER, amount=following.tax - yen)


def _moved(story: Story, dues: list[Due]) -> None:
    """組替: the second instalment was paid in place of the first; the money is moved, the rest follows."""
    due, wrong = dues
    when = story.open_day(COUNTER, due.due - 6)
    yen = min(due.tax, wrong.tax)
    story.pay(wrong, when, COUNTER, amount=yen)
    payment = story.movement("move", "reallocation", wrong, due, when, due.due - 1, yen)
    story.history_row(payment, COUNTER, 5, (0, 0, 0), other=due, moved=yen)
    if due.tax > yen:
        story.pay(due, due.due, COUNTER, amount=due.tax - yen)
    story.pay(wrong, wrong.due - 3, COUNTER, amount=wrong.tax)


def _corrected(story: Story, dues: list[Due]) -> None:
    """訂正: an entry keyed for the wrong amount, taken back and entered again."""
    due = dues[0]
    when = story.open_day(COUNTER, due.due - 9)
    wrong = story.movement("none", "cancelled", due, None, when, when, due.tax + 900)
    story.history_row(wrong, COUNTER, 1, (due.tax + 900, 0, 0))
    back = story.movement("none", "not_money", due, None, when, when + 1, due.tax + 900)
    story.history_row(back, COUNTER, 6, (-due.tax - 900, 0, 0), corrects=wrong.pid)
    story.pay(due, when, COUNTER, amount=due.tax)


CASES = (
    Case("double_slip", "plain", double_slip, 5e-4, minimum=2),
    Case("double_debit", "debit", _double_debit, 2e-4),
    Case("over_paid", "plain", _over_paid, 2e-4),
    Case("short_then_rest", "plain", _short_then_rest, 2e-4),
    Case("short_open", "plain", _short_open, 1e-4),
    Case("open_early", "first", _open_early, 5e-4),
    Case("reduced_after", "plain", _reduced_after, 5e-4, minimum=2),
    Case("reduced_in_closing", "plain", _reduced_in_closing, 1e-4),
    Case("cancelled_after", "plain", _cancelled_after, 2e-4),
    Case("cancelled_unpaid", "plain", _cancelled_unpaid, 1e-4),
    Case("reduced_before", "plain", _reduced_before, 3e-4),
    Case("increased_same_day", "plain", _increased_same_day, 1e-4),
    Case("increased_own_day", "early", _increased_own_day, 2e-4),
    Case("levied_late", "early", _levied_late, 2e-4),
    Case("provisional_cancelled", "plain", _provisional_cancelled, 3e-4, "files"),
    Case("provisional_open", "early", _provisional_open, 2e-4, "files"),
    Case("provisional_stale", "plain", _provisional_stale, 5e-5, "files"),
    Case("final_alone", "plain", _final_alone, 2e-4, "files"),
    *(
        Case(f"debit_failed_{code}", "debit", _debit_failed(code), rate, "files")
        for code, rate in ((1, 2e-3), (2, 2e-4), (3, 1e-4), (4, 1e-4), (8, 5e-5), (9, 5e-5))
    ),
    Case("late_tax_only", "early", _late_tax_only, 3e-4),
    Case("late_with_charge", "early", _late_with_charge, 3e-4),
    Case("late_charge_after", "early", _late_charge_after, 2e-4),
    Case("printed_stands", "early", _printed_stands, 2e-4, "files"),
    Case("slip_expired", "early", _slip_expired, 1e-4, "files"),
    Case("late_then_reduced", "early", _late_then_reduced, 1e-4, "files"),
    Case("several_dues", "first", _several_dues, 2e-4),
    Case("prepaid", "whole", _prepaid, 1e-3, minimum=2),
    Case("prepaid_and_again", "whole", _prepaid_and_again, 1e-4),
    Case("record_taken_back", "plain", _record_taken_back, 1e-4, "files"),
    Case("el_taken_back", "plain", _el_taken_back, 5e-5, "files"),
    Case("refunded", "plain", _refunded, 3e-4, "history"),
    Case("offset", "first", _offset, 2e-4, "history"),
    Case("moved", "first", _moved, 1e-4, "history"),
    Case("corrected", "plain", _corrected, 1e-4, "history"),
)
