"""Periods and non-business days: when a period ends, and where a due date moves."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

from warehouse.law.parameters import LawInputError, Parameters, Values, load_parameters

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS_JA = "月火水木金土日"


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later; where that month has no such day, its last day."""
    year, month_before = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month_before + 1, min(day.day, monthrange(year, month_before + 1)[1]))


def period_end(first_day: date, months: int) -> date:
    """The last day of a period of whole months that begins on ``first_day``.

    It is the day before the same day of the month; where the last month has no such day, its last day.

    Legal basis:
        民法第143条第2項, through 地方税法第20条の5.

    Raises:
        LawInputError: ``months`` is negative.

    >>> period_end(date(2026, 2, 3), 1)
    datetime.date(2026, 3, 2)
    >>> period_end(date(2023, 1, 31), 1)
    datetime.date(2023, 2, 28)
    """
    if months < 0:
        raise LawInputError("months", str(months), "0 or more", "give the length of the period in months")
    same_day = add_months(first_day, months)
    return same_day if same_day.day < first_day.day else same_day - timedelta(days=1)


def non_business_day_name(day: date, params: Parameters | None = None) -> str | None:
    """Why ``day`` is no business day (the holiday's name, 年末年始, or the weekday), or None when it is one.

    Legal basis:
        地方税法第20条の5第2項, 施行令第6条の18第2項, 民法第142条; the days are in ``calendar.non_business_days``.

    Raises:
        ParameterNotFoundError: the rules are not known for that day.
    """
    rules = (params or load_parameters())["calendar.non_business_days"].at(day)
    return _name(day, rules)


def _name(day: date, rules: Values) -> str | None:
    if rules.flag("national_holidays"):
        name = _national_holiday(day)
        if name is not None:
            return name
    if (day.month, day.day) in rules.items("fixed_days"):
        return "年末年始"
    if _WEEKDAYS[day.weekday()] in rules.items("weekdays"):
        return f"{_WEEKDAYS_JA[day.weekday()]}曜日"
    return None


@lru_cache(maxsize=1 << 14)
def _national_holiday(day: date) -> str | None:
    name = jpholiday.is_holiday_name(day)
    return None if name is None else str(name)


def is_holiday(day: date, params: Parameters | None = None) -> bool:
    """Whether no due date ends on ``day``. Raises ParameterNotFoundError as ``non_business_day_name``."""
    return non_business_day_name(day, params) is not None


def roll_due_date(due_date: date, params: Parameters | None = None) -> date:
    """The due date as it counts for late charges: ``due_date`` itself, or the next business day.

    Not for the fiscal year, which goes by the un-rolled date (地方自治法施行令第142条第1項第1号).

    Legal basis:
        地方税法第20条の5第2項.

    Raises:
        ParameterNotFoundError: the rules are not known for that day.

    >>> roll_due_date(date(2025, 8, 31))
    datetime.date(2025, 9, 1)
    """
    known = params or load_parameters()
    day = due_date
    while is_holiday(day, known):
        day += timedelta(days=1)
    return day
