"""Days as whole numbers (days since 1970-01-01), the business calendar, and dates as text."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeAlias

import jpholiday
import numpy as np
import pyarrow as pa

Ints: TypeAlias = Any  # NDArray: mypy takes longer over its operators in the town than over all other code
NONE = -1
_EPOCH = date(1970, 1, 1)


def day(year: int, month: int, dom: int) -> int:
    """The day number of a date; a day of the month beyond its end is cut to the end."""
    return number(date(year, month, min(dom, calendar.monthrange(year, month)[1])))


def number(value: date) -> int:
    return (value - _EPOCH).days


def to_date(value: int) -> date:
    return _EPOCH + timedelta(days=int(value))


def fiscal_year(value: int) -> int:
    """会計年度 of a day: from April to March."""
    d = to_date(value)
    return d.year if d.month >= 4 else d.year - 1


def month_end(value: int) -> int:
    d = to_date(value)
    return day(d.year, d.month, 31)


class BusinessDays:
    """Days on which banks are open: not Saturdays, Sundays, holidays or 12/29-1/3."""

    def __init__(self, first: int, last: int) -> None:
        self.first = first
        span = [to_date(n) for n in range(first, last + 1)]
        self.open = np.array([_is_open(d) for d in span])
        index = np.arange(len(span))
        self.days = index[self.open] + first
        self._next = self.days[np.searchsorted(self.days, index + first)[: len(span) - 15]]

    def roll(self, value: Ints) -> Ints:
        """The day itself if open, else the next open one (地方税法20条の5)."""
        return np.asarray(self._next[np.asarray(value) - self.first])

    def back(self, value: Ints) -> Ints:
        """The day itself if open, else the open one before it."""
        return np.asarray(self.days[np.searchsorted(self.days, value, side="right") - 1])

    def after(self, value: Ints, count: int) -> Ints:
        """The ``count``-th open day after a day; a negative count goes back from it."""
        if count > 0:
            return np.asarray(self.days[np.searchsorted(self.days, value, side="right") + count - 1])
        return np.asarray(self.days[np.searchsorted(self.days, value, side="left") + count])


def _is_open(d: date) -> bool:
    if d.weekday() >= 5 or (d.month, d.day) in {(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)}:
        return False
    return not jpholiday.is_holiday(d)


def iso(value: int) -> str:
    return to_date(value).isoformat()


def ymd(value: int) -> str:
    return to_date(value).strftime("%Y%m%d")


def wareki(value: int) -> str:
    """R07.06.30, the short Japanese form."""
    d = to_date(value)
    era, start = ("R", 2019) if d >= date(2019, 5, 1) else ("H", 1989) if d >= date(1989, 1, 8) else ("S", 1926)
    return f"{era}{d.year - start + 1:02d}.{d.month:02d}.{d.day:02d}"


def text(values: Ints, form: Callable[[int], str] = iso) -> pa.Array:
    """Days as text, null for NONE; each distinct day is formatted once."""
    distinct, index = np.unique(values, return_inverse=True)
    words = pa.array([None if n == NONE else form(int(n)) for n in distinct], pa.string())
    return words.take(pa.array(index.reshape(-1)))


def yymmdd(values: Ints, none: int = 999999) -> Ints:
    """Days as the number YYMMDD (西暦), ``none`` for NONE."""
    distinct, index = np.unique(values, return_inverse=True)
    out = np.array([none if n == NONE else int(to_date(int(n)).strftime("%y%m%d")) for n in distinct], np.int64)
    return out[index.reshape(-1)] if out.size else np.zeros(0, np.int64)
