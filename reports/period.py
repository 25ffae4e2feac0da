"""The period that a report covers, from its parameters."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

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

    def year_before(self) -> Period:
        """The same days a year before; a whole month gives the whole month."""
        first = one_year_before(self.first)
        return month_of(first) if self.is_month else Period(first, one_year_before(self.last))


def one_year_before(day: date) -> date:
    """The same day of the year before; 29 February gives 28 February."""
    return date(day.year - 1, day.month, min(day.day, monthrange(day.year - 1, day.month)[1]))


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
