"""The year of a date that a bank's file does not write: MMDD, and YYMMDD of a Japanese era without the era.

In this order (EXTRACTS.md): the request that we sent · eight digits YYYYMMDD in the file's name whose MMDD agrees ·
the business date · the day of landing. Which one was used is kept (``sources``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from ingestion.readers.decoded import Context, SentRequest
from osame.bilingual import said
from osame.wareki import ERAS

# 昭和 is the oldest era that a machine-readable bank file can be in.
BANK_ERAS = tuple(era for era in ERAS if era.letter in "SHR")
# A date of an era is only believed if it lies in the ten years of history before the day we reckon from.
HISTORY_DAYS = 3_653
_SOURCES_JA = {"business_date": "業務日付", "landing_day": "取込日"}
_EIGHT_DIGITS = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def dates_in_name(file_name: str) -> list[date]:
    """Every real day written as exactly eight digits in a file's name."""
    found = (_day(int(y), int(m), int(d)) for y, m, d in _EIGHT_DIGITS.findall(file_name))
    return [day for day in found if day is not None]


@dataclass
class Years:
    """Resolves the years of one file. ``days_ahead``: how far after the day we reckon from a date may lie."""

    context: Context
    days_ahead: int = 0
    sources: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._named = dates_in_name(self.context.file_name)

    @property
    def _anchor(self) -> tuple[date, str]:
        if self.context.business_date is not None:
            return self.context.business_date, "business_date"
        return self.context.landed_on, "landing_day"

    def month_day(self, mmdd: int, requests: list[SentRequest]) -> date | None:
        """The day of MMDD; ``requests`` are those that agree with the file in consignor, MMDD, count and amount.

        Returns None when it cannot be told: several requests of different years agree and nothing else decides.
        """
        month, day = divmod(mmdd, 100)
        sent = {r.debit_date for r in requests if (r.debit_date.month, r.debit_date.day) == (month, day)}
        return self._choose(sent, {d for d in self._named if (d.month, d.day) == (month, day)}) or (
            None if len(sent) > 1 else self._latest(month, day)
        )

    def _choose(self, sent: set[date], named: set[date]) -> date | None:
        if len(sent) == 1:
            return self._used(sent.pop(), "request")
        among = (named & sent) if sent else named
        if len(among) == 1:
            return self._used(among.pop(), "file_name")
        if self.context.business_date in sent:
            return self._used(self.context.business_date, "business_date")
        return None

    def _latest(self, month: int, day: int) -> date | None:
        """The latest such day not after the anchor (29 February: of the last leap year)."""
        anchor, source = self._anchor
        limit = anchor + timedelta(days=self.days_ahead)
        for year in range(limit.year, limit.year - 9, -1):
            found = _day(year, month, day)
            if found is not None and found <= limit:
                return self._used(found, source)
        return None

    def era_candidates(self, yymmdd: int) -> list[date]:
        """The days that YYMMDD can be, one per era at most."""
        days = ((_day(era.year_one - 1 + yymmdd // 10000, yymmdd // 100 % 100, yymmdd % 100), era) for era in BANK_ERAS)
        return [day for day, era in days if day is not None and era.first <= day <= era.last]

    def era_date(self, yymmdd: int, requests: list[SentRequest] | None = None) -> date | None:
        """The day of YYMMDD, or None when no era, or more than one, fits."""
        candidates = set(self.era_candidates(yymmdd))
        sent = {r.debit_date for r in requests or [] if r.debit_date in candidates}
        chosen = self._choose(sent, candidates & set(self._named))
        if chosen is not None:
            return chosen
        first, last, source = self._window()
        fitting = [day for day in candidates if first <= day <= last]
        return self._used(fitting[0], source) if len(fitting) == 1 else None

    def _window(self) -> tuple[date, date, str]:
        anchor, source = self._anchor
        return anchor - timedelta(days=HISTORY_DAYS), anchor + timedelta(days=self.days_ahead), source

    def window_text(self) -> str:
        first, last, source = self._window()
        english = f"a day of exactly one era between {first} and {last} (reckoned from the {source.replace('_', ' ')})"
        return said(english, f"{first} から {last} までの、1つの元号に定まる日（{_SOURCES_JA[source]}から数えて）")

    def _used(self, day: date, source: str) -> date:
        self.sources.add(source)
        return day
