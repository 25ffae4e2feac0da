"""検算: two sums that must be equal, and what a reader must know before using the figures. Sentences in Japanese."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from reports.look import text
from reports.period import Period
from warehouse.law.calendar import non_business_day_name
from warehouse.law.parameters import ParameterNotFoundError


@dataclass(frozen=True, slots=True)
class Check:
    """Two sums that must be equal, in yen."""

    name: str
    left_yen: int
    right_yen: int

    @property
    def holds(self) -> bool:
        return self.left_yen == self.right_yen

    def sentence(self) -> str:
        """The outcome, in words."""
        if self.holds:
            return f"{self.name}: {text.yen(self.left_yen)}円で一致しています。"
        return (
            f"{self.name}: {text.yen(self.left_yen)}円と{text.yen(self.right_yen)}円で、"
            f"{text.yen(self.left_yen - self.right_yen)}円の差があります。"
        )


def period_warnings(period: Period, as_of: date) -> list[str]:
    """What a reader must know where the period goes beyond the build's day."""
    if period.first > as_of:
        return [f"対象期間は基準日（{text.wareki_day(as_of)}）より後です。"]
    if period.last > as_of:
        return [f"対象期間のうち基準日（{text.wareki_day(as_of)}）より後の日は、まだ含まれていません。"]
    return []


def calendar_effects(period: Period) -> str:
    """Which months of a period paid in the next, because their last day was no business day (地方税法20条の5).

    A due date at the end of such a month is moved, and what is paid by it is booked a month later than in other years.
    """
    moved = []
    day = period.first.replace(day=1)
    while day <= period.last:
        following = (day + timedelta(days=32)).replace(day=1)
        last = following - timedelta(days=1)
        name = _closed(last)
        if name is not None:
            moved.append(f"{text.month(day)}（{last.day}日が{name}）")
        day = following
    if not moved:
        return ""
    return f"月末の納期限が翌月に移った月: {'、'.join(moved)}。その納期の納付の一部は翌月の収入になります。"


def _closed(day: date) -> str | None:
    """Why banks are closed on ``day``; None where they are open, or where nobody knows yet."""
    try:
        return non_business_day_name(day)
    except ParameterNotFoundError:
        return None
