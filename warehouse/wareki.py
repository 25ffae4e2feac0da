"""和暦: Japanese eras to and from dates."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

# Letter, name, first day. The first year of an era is 元年. Before 1873 Japan used another calendar.
ERAS: list[tuple[str, str, date]] = [
    ("M", "明治", date(1868, 1, 25)),
    ("T", "大正", date(1912, 7, 30)),
    ("S", "昭和", date(1926, 12, 25)),
    ("H", "平成", date(1989, 1, 8)),
    ("R", "令和", date(2019, 5, 1)),
]


class EraYear(NamedTuple):
    """An era and a year of it, from 1."""

    letter: str
    name: str
    year: int


def era_year(day: date) -> EraYear:
    """The era and year of a day.

    Raises:
        ValueError: the day lies before 明治.

    >>> era_year(date(2019, 5, 1))
    EraYear(letter='R', name='令和', year=1)
    """
    for letter, name, first in reversed(ERAS):
        if day >= first:
            return EraYear(letter, name, day.year - first.year + 1)
    raise ValueError(f"{day} lies before the first era, which began on {ERAS[0][2]}")


def from_era(sign: str, year: int, month: int, day: int) -> date:
    """The day of an era date; ``sign`` is the era's letter or name.

    Raises:
        ValueError: no such era, no such day, or a day outside the era that is named.

    >>> from_era("令和", 7, 6, 30)
    datetime.date(2025, 6, 30)
    """
    for index, (letter, name, first) in enumerate(ERAS):
        if sign in (letter, name):
            found = date(first.year + year - 1, month, day)
            after = ERAS[index + 1][2] if index + 1 < len(ERAS) else None
            if year < 1 or found < first or (after is not None and found >= after):
                raise ValueError(f"{name}{year}年{month}月{day}日 lies outside {name}")
            return found
    raise ValueError(f"no era {sign!r}; expected one of {', '.join(f'{e[0]} {e[1]}' for e in ERAS)}")


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
