"""和暦: Japanese eras to and from dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

FIRST_DAY = date(1873, 1, 1)  # 明治6年1月1日: the first day of the Gregorian calendar in Japan


@dataclass(frozen=True, slots=True)
class Era:
    """An era by its letter, its name, and its first and last day; ``year_one`` is the western year of 元年."""

    letter: str
    name: str
    first: date
    last: date
    year_one: int


def _eras() -> tuple[Era, ...]:
    starts = [
        ("M", "明治", FIRST_DAY, 1868),
        ("T", "大正", date(1912, 7, 30), 1912),
        ("S", "昭和", date(1926, 12, 25), 1926),
        ("H", "平成", date(1989, 1, 8), 1989),
        ("R", "令和", date(2019, 5, 1), 2019),
    ]
    lasts = [first - timedelta(days=1) for _, _, first, _ in starts[1:]] + [date.max]
    return tuple(
        Era(letter, name, first, last, one) for (letter, name, first, one), last in zip(starts, lasts, strict=True)
    )


ERAS = _eras()
ERA_BY_SIGN = {sign: era for era in ERAS for sign in (era.letter, era.name)}


class EraYear(NamedTuple):
    """An era and a year of it, from 1."""

    letter: str
    name: str
    year: int


def era_year(day: date) -> EraYear:
    """The era and year of a day.

    Raises:
        ValueError: the day lies before 1873: Japan used another calendar.

    >>> era_year(date(2019, 5, 1))
    EraYear(letter='R', name='令和', year=1)
    """
    for era in reversed(ERAS):
        if day >= era.first:
            return EraYear(era.letter, era.name, day.year - era.year_one + 1)
    raise ValueError(f"{day} lies before {FIRST_DAY}: Japan used another calendar then")


def format_wareki(day: date) -> str:
    """令和7年6月30日; the first year is 元年.

    >>> format_wareki(date(2019, 6, 3))
    '令和元年6月3日'
    """
    era = era_year(day)
    return f"{era.name}{'元' if era.year == 1 else era.year}年{day.month}月{day.day}日"


def format_wareki_short(day: date) -> str:
    """R7.6.30, as lists print it.

    >>> format_wareki_short(date(2025, 6, 30))
    'R7.6.30'
    """
    era = era_year(day)
    return f"{era.letter}{era.year}.{day.month}.{day.day}"


def format_fiscal_year(year: int) -> str:
    """令和7年度: named after the era at the end of the calendar year; that in which 令和 began is 令和元年度.

    >>> format_fiscal_year(2025), format_fiscal_year(2019)
    ('令和7年度', '令和元年度')
    """
    era = era_year(date(year, 12, 31))
    return f"{era.name}{'元' if era.year == 1 else era.year}年度"
