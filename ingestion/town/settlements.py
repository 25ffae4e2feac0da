"""The cases in which the staff settles an overpayment: refunds, offsets and moves, told by their days.

Days are those of the year of the payment files and of the months after it, so that every kind of period is there.
"""

from __future__ import annotations

from collections.abc import Callable

from ingestion.town.cases import Case, double_slip, in_time, pay_in_time
from ingestion.town.city import BANK_OCR, COUNTER
from ingestion.town.days import day
from ingestion.town.oracle import Due
from ingestion.town.story import Story


def _day(story: Story, month: int, dom: int) -> int:
    """An office day from June of the last fiscal year to May of the next calendar year."""
    year = story.setting.last_year + (1 if month < 6 else 0)
    return story.open_day(BANK_OCR, day(year, month, dom))


def _booked(story: Story, due: Due) -> int:
    return max(p.posted for p in story.of_due[id(due)] if p.fate == "due")


def _twice(story: Story, due: Due) -> None:
    """The slip is paid at a bank, and again some days later."""
    slip, when = story.original_slip(due), in_time(story, due, BANK_OCR, 12)
    story.pay(due, when, BANK_OCR, slip=slip)
    story.pay(due, when + int(story.rng.integers(2, 9)), BANK_OCR, slip=slip)


def _zero_too_many(story: Story, due: Due) -> None:
    """Ten times the tax, by a transfer at the counter."""
    story.pay(due, in_time(story, due, COUNTER, 6), COUNTER, amount=due.tax * 10)


def _refunded_soon(story: Story, dues: list[Due]) -> None:
    """Told, claimed within thirty days, decided and paid."""
    due = dues[0]
    double_slip(story, dues)
    told = story.open_day(BANK_OCR, _booked(story, due) + 8)
    days = [story.open_day(BANK_OCR, told + n) for n in (15, 24, 33)]
    story.office.refund(due, told, *days)


def _refunded_with_interest(story: Story, dues: list[Due]) -> None:
    _twice(story, dues[0])
    story.office.refund(dues[0], *(_day(story, *d) for d in ((2, 2), (2, 20), (3, 10), (3, 24))))


def _claimed_late(story: Story, dues: list[Due]) -> None:
    """The days between the thirtieth after the notice and the claim bear no interest."""
    _zero_too_many(story, dues[0])
    story.office.refund(dues[0], *(_day(story, *d) for d in ((10, 1), (12, 10), (5, 11), (5, 20))))


def _reduced_and_refunded(story: Story, dues: list[Due]) -> None:
    due = dues[0]
    pay_in_time(story, due)
    reduced = _day(story, 11, 10)
    story.change(due, reduced, -(due.tax * 9 // 10 // 100 * 100), 4, 1)
    days = (_day(story, *d) for d in ((11, 20), (12, 5), (2, 16), (2, 27)))
    story.office.refund(due, *days, cause=1, reduced=reduced)


def _told_unclaimed(story: Story, dues: list[Due]) -> None:
    _zero_too_many(story, dues[0])
    story.office.refund(dues[0], _day(story, 4, 6))


def _reduced_open(reason: int) -> Callable[[Story, list[Due]], None]:
    """A large reduction after payment of which nothing has been done yet."""

    def tell(story: Story, dues: list[Due]) -> None:
        due = dues[0]
        pay_in_time(story, due)
        story.change(due, due.due + int(story.rng.integers(20, 60)), -(due.tax * 8 // 10 // 100 * 100), 4, reason)

    return tell


def _claimed_unpaid(story: Story, dues: list[Due]) -> None:
    _zero_too_many(story, dues[0])
    story.office.refund(dues[0], _day(story, 5, 7), _day(story, 5, 18))


def _told_then_increased(story: Story, dues: list[Due]) -> None:
    """The payer was told of the second payment; an increase after that is not paid by it."""
    pay_in_time(story, dues[0])
    due = dues[1]
    for after in (3, 6):
        story.pay(due, due.notified + after, COUNTER, amount=due.tax)
    told = story.open_day(COUNTER, due.notified + 14)
    story.office.refund(due, told, story.open_day(COUNTER, told + 20))
    story.change(due, told + 10, 1000 * int(story.rng.integers(3, 9)), 3)


def _increased_then_told(story: Story, dues: list[Due]) -> None:
    """An increase before the notice is paid by the second payment; the payer is told of the rest, and gets it."""
    pay_in_time(story, dues[0])
    due = dues[1]
    for after in (3, 6):
        story.pay(due, due.notified + after, COUNTER, amount=due.tax)
    story.change(due, due.notified + 9, 1000 * int(story.rng.integers(1, 3)), 3)
    told = story.open_day(COUNTER, due.notified + 20)
    story.office.refund(due, told, *(story.open_day(COUNTER, told + n) for n in (10, 18, 25)))


def _set_off(story: Story, dues: list[Due]) -> None:
    """A second, larger payment is set against the next instalment and its late charge; the rest is refunded."""
    due, other = dues
    pay_in_time(story, due)
    again = _day(story, 2, 10)
    story.pay(due, again, COUNTER, amount=max(due.tax, other.tax) + 20_000)
    story.office.set_off(due, other, suitable=again, approved=_day(story, 2, 20))
    story.office.refund(due, *(_day(story, *d) for d in ((2, 24), (3, 5), (3, 12), (3, 25))))


def _set_off_with_interest(story: Story, dues: list[Due]) -> None:
    """A reduction is set against the next instalment, and the interest on it pays that too; a part stays open."""
    due, other = dues
    pay_in_time(story, due)
    reduced = _day(story, 1, 15)
    story.change(due, reduced, -(min(due.tax, other.tax) * 9 // 10 // 100 * 100), 4, 1)
    story.office.set_off(due, other, suitable=reduced, approved=_day(story, 1, 26), cause=1, reduced=reduced)


def _wrong_instalment(story: Story, dues: list[Due]) -> None:
    """The second slip was paid in place of the first: moved with its day, and the rest paid."""
    due, wrong = dues
    when = in_time(story, due, BANK_OCR, 9)
    payment = story.pay(wrong, when, BANK_OCR, slip=story.original_slip(wrong))
    yen = min(due.tax, wrong.tax)
    story.office.move(wrong, due, yen, when, story.open_day(BANK_OCR, payment.posted + 12))
    for one, before in ((due, 0), (wrong, 3)):
        rest = story.state(one).balance
        if rest:
            story.pay(one, one.due - before, COUNTER, amount=rest)


def _refunded_in_closing(story: Story, dues: list[Due]) -> None:
    """Paid out in April: 戻出 of the year of the money."""
    _twice(story, dues[0])
    story.office.refund(dues[0], *(_day(story, *d) for d in ((3, 16), (4, 6), (4, 13), (4, 24))))


def _last_year_in_closing(story: Story, dues: list[Due]) -> None:
    """Of the year before, paid out in its closing period: 戻出 of that year."""
    double_slip(story, dues)
    _refund_at_start(story, dues[0], (4, 14), (4, 25), (5, 9), (5, 20))


def _last_year_after_closing(story: Story, dues: list[Due]) -> None:
    """Of the year before, paid out when its books are closed: 歳出 of the year of the payment."""
    double_slip(story, dues)
    _refund_at_start(story, dues[0], (5, 26), (6, 6), (6, 19), (7, 4))


def _refund_at_start(story: Story, due: Due, *days: tuple[int, int]) -> None:
    """Told, claimed, decided and paid in the first months of the last fiscal year."""
    year = story.setting.last_year
    story.office.refund(due, *(story.open_day(BANK_OCR, day(year, *d)) for d in days))


def _draft_only(story: Story, dues: list[Due]) -> None:
    double_slip(story, dues)
    story.office.draft(dues[0], _booked(story, dues[0]) + 9)


def _draft_offset(story: Story, dues: list[Due]) -> None:
    """An offset that was drafted and never approved; the other instalment is paid by its slip."""
    due, other = dues
    double_slip(story, [due])
    story.office.draft(due, _booked(story, due) + 2, other, other.due)
    pay_in_time(story, other)


SETTLEMENTS = (
    Case("set_off_with_interest", "large_pair", _set_off_with_interest, 5e-5, "files"),
    Case("refunded_with_interest", "large", _refunded_with_interest, 5e-5, "files"),
    Case("claimed_late", "early", _claimed_late, 5e-5, "files"),
    Case("reduced_and_refunded", "large", _reduced_and_refunded, 5e-5, "files"),
    Case("told_unclaimed", "early", _told_unclaimed, 5e-5, "files"),
    Case("set_off", "pair", _set_off, 1e-4, "files"),
    Case("refunded_soon", "early", _refunded_soon, 2e-4, "files"),
    Case("claimed_unpaid", "early", _claimed_unpaid, 1e-4, "files"),
    Case("told_then_increased", "first", _told_then_increased, 1e-4, "files"),
    Case("increased_then_told", "first", _increased_then_told, 1e-4, "files"),
    Case("wrong_instalment", "first", _wrong_instalment, 1e-4, "files"),
    Case("refunded_in_closing", "early", _refunded_in_closing, 1e-4, "files"),
    Case("last_year_in_closing", "plain", _last_year_in_closing, 1e-4, "eve"),
    Case("last_year_after_closing", "plain", _last_year_after_closing, 1e-4, "eve"),
    Case("draft_only", "early", _draft_only, 1e-4, "files"),
    Case("draft_offset", "first", _draft_offset, 1e-4, "files"),
    # small towns have few taxes so large: what is left of them
    *(Case(f"reduced_open_{n}", "large", _reduced_open(n), 3e-4, "files", minimum=0) for n in (1, 2, 3, 4)),
)
