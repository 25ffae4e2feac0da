"""Dates as Japanese systems write them: one text to one day, or a refusal that says why.

Accepted, and nothing else:

* ISO ``2025-06-30`` and ``20250630``: half-width digits only.
* An era letter and dots, ``R07.06.30`` or ``R7.6.30``: half-width only.
* An era in kanji, ``令和7年6月30日`` or ``令和元年5月1日``. Full-width digits are taken here (``令和７年６月３０日``),
  because that is how documents print them and nothing else can be meant.

A day must exist and must lie in the era that is written: ``H31.05.01`` is a day of 令和 and is refused, not corrected.
Days before 1873-01-01 are refused: Japan used another calendar.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from osame.bilingual import said
from osame.wareki import ERA_BY_SIGN, FIRST_DAY

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_LETTER = re.compile(r"([MTSHR])([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{1,2})")
_KANJI = re.compile(r"(明治|大正|昭和|平成|令和)([0-9]{1,2}|元)年([0-9]{1,2})月([0-9]{1,2})日")


class DateError(ValueError):
    """A text that is no day; the message (``expected``, in both languages) says what was expected."""

    @property
    def expected(self) -> str:
        words: str = self.args[0]
        return words


@lru_cache(maxsize=1 << 16)
def parse_date(text: str) -> date:
    """The day that a text names.

    Raises:
        DateError: the notation is unknown, the day does not exist, or it lies outside the era that is written.
    """
    western = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if western is not None:
        return _day(*(int(part) for part in western.groups()))
    japanese = _LETTER.fullmatch(text) or _KANJI.fullmatch(unicodedata.normalize("NFKC", text))
    if japanese is None:
        raise DateError("2025-06-30, 20250630, R07.06.30, 令和7年6月30日")
    sign, year_text, month, day = japanese.groups()
    era = ERA_BY_SIGN[sign]
    year = 1 if year_text == "元" else int(year_text)
    if year == 0:
        raise DateError(f"{era.name}1年～")
    found = _day(era.year_one + year - 1, int(month), int(day))
    if not era.first <= found <= era.last:
        until = "" if era.last == date.max else era.last.isoformat()
        raise DateError(f"{era.name} {era.first.isoformat()}～{until}")
    return found


def parse_ymd(text: str) -> date:
    """The day of eight digits YYYYMMDD.

    Raises:
        DateError: other characters, or a day that does not exist.
    """
    if _COMPACT.fullmatch(text) is None:
        raise DateError("YYYYMMDD")
    return parse_date(text)


def _day(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise DateError(said("a day of the calendar", "暦にある日")) from error
    if found < FIRST_DAY:
        raise DateError(f"{FIRST_DAY.isoformat()}～")
    return found
