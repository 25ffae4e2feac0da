"""The period that a report covers, from its parameters."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

LONGEST_DAYS = 366
"""A page with more daily rows than this is not read; ask for months instead."""

PERIOD_PARAMETERS = ("month", "from_date", "to_date")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def is_month(self) -> bool:
        return self == month_of(self.first)

    def days(self, until: date) -> list[date]:
        """Every day of the period that is not after ``until``."""
        end = min(self.last, until)
        return [self.first + timedelta(days=number) for number in range((end - self.first).days + 1)]

    def years_before(self, years: int) -> Period:
        """The same days some years before; a whole month gives the whole month."""
        first = years_later(self.first, -years)
        return month_of(first) if self.is_month else Period(first, years_later(self.last, -years))

    def months_before(self, months: int) -> date:
        """The first day of the month that lies so many months before the first one of the period."""
        number = self.first.year * 12 + self.first.month - 1 - months
        return date(number // 12, number % 12 + 1, 1)


def years_later(day: date, years: int) -> date:
    """The same day some years later, or earlier; 29 February gives 28 February.

    >>> years_later(date(2024, 2, 29), 1), years_later(date(2024, 2, 29), -4)
    (datetime.date(2025, 2, 28), datetime.date(2020, 2, 29))
    """
    year = day.year + years
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def month_of(day: date) -> Period:
    """The calendar month that ``day`` lies in."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def period_problems(values: Mapping[str, object]) -> list[str]:
    """What is wrong with month, from_date and to_date taken together; empty for a report without them."""
    month, first, last = (str(values.get(name, "")) for name in PERIOD_PARAMETERS)
    if month and (first or last):
        return ['give either "month" or "from_date" and "to_date", not both']
    if bool(first) != bool(last):
        return ['"from_date" and "to_date" go together: one of them is missing']
    if not first:
        return []
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if days < 1:
        return [f'"from_date" {first} is after "to_date" {last}']
    if days > LONGEST_DAYS:
        return [f"the period has {days} days, at most {LONGEST_DAYS} fit a report"]
    return []


def resolve_period(month: str, from_date: str, to_date: str, as_of: date) -> Period:
    """The days meant by the three parameters; without any, the month of ``as_of``.

    Raises:
        ValueError: the three contradict each other (checked before a run, so only an interactive user sees it).
    """
    problems = period_problems({"month": month, "from_date": from_date, "to_date": to_date})
    if problems:
        raise ValueError("; ".join(problems))
    if from_date:
        return Period(date.fromisoformat(from_date), date.fromisoformat(to_date))
    return month_of(date.fromisoformat(f"{month}-01") if month else as_of)


def fiscal_year(year: int) -> Period:
    """The days of a fiscal year, April to March."""
    return Period(date(year, 4, 1), date(year + 1, 3, 31))


def covered(values: Mapping[str, object], as_of: date) -> Period:
    """The days that a report with these parameters is about; of one without a period, the day of the build."""
    if any(name in values for name in PERIOD_PARAMETERS):
        month, first, last = (str(values.get(name, "")) for name in PERIOD_PARAMETERS)
        return resolve_period(month, first, last, as_of)
    year = values.get("fiscal_year")
    return fiscal_year(int(str(year))) if year is not None else Period(as_of, as_of)


NAMES_OF_YEARS = ("当期", "前年同期", "前々年同期")


def running_totals(
    amounts: Mapping[date, int], period: Period, as_of: date, years: int
) -> list[dict[str, date | str | int]]:
    """Amounts added up day by day over a period up to a day, beside the same days of years before.

    Day by day from the first; where a 29 February makes an earlier year longer, its last day takes the rest.

    Returns:
        ``posted_date`` (of the period), ``year`` (its name) and ``running_yen``; a year without any amount is left out.
    """
    days = period.days(as_of)
    found: list[dict[str, date | str | int]] = []
    for back, name in enumerate(NAMES_OF_YEARS[:years]):
        then = period.years_before(back)
        moved: dict[date, int] = {}
        for day, yen in amounts.items():
            if then.first <= day <= then.last:
                place = min(period.first + (day - then.first), period.last)
                moved[place] = moved.get(place, 0) + yen
        if moved or back == 0:
            sums = accumulate(moved.get(day, 0) for day in days)
            found += [
                {"posted_date": day, "year": name, "running_yen": total} for day, total in zip(days, sums, strict=True)
            ]
    return found
