"""What late charges and refund interest share: parts with one rate, each floored, and the total's rounding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from warehouse.law.parameters import RATE_DENOMINATOR, Parameter, RatePeriod, Values


@dataclass(frozen=True, slots=True)
class Segment:
    """Days (first and last included) with one base, one phase and one rate. Yen are whole; the rate is annual."""

    from_date: date
    to_date: date
    phase: str
    base_yen: int
    rate_per_100000: int
    yen: int

    @property
    def days(self) -> int:
        return (self.to_date - self.from_date).days + 1

    @property
    def rate_percent(self) -> str:
        """The rate as a notice prints it: at least one decimal, exact."""
        whole, thousandths = divmod(self.rate_per_100000, RATE_DENOMINATOR // 100)
        decimals = f"{thousandths:03d}".rstrip("0") or "0"
        return f"{whole}.{decimals}"


def rate_parts(
    rates: Parameter, field: str, first: date, last: date, *, merge_equal: bool
) -> Iterator[tuple[date, date, int]]:
    """The days from ``first`` to ``last`` split where the rate changes: (from, to, rate per 100,000 a year).

    Raises:
        ParameterNotFoundError: no rate is known on one of the days.
    """
    if last < first:
        return
    rates.at(first)
    rates.at(last)
    period: RatePeriod
    for period in rates.rate_periods(field, merge_equal=merge_equal):
        start, end = max(first, period.first), min(last, period.last)
        if start <= end:
            yield start, end, period.rate_per_100000


def segment(first: date, last: date, phase: str, base_yen: int, rate_per_100000: int, rounding: Values) -> Segment:
    """One part. Its yen are base x rate x days / (days of a year), floored to the unit of a part."""
    days = (last - first).days + 1
    unit = rounding.integer("segment_unit_yen")
    divisor = rounding.integer("year_days") * RATE_DENOMINATOR * unit
    return Segment(first, last, phase, base_yen, rate_per_100000, base_yen * rate_per_100000 * days // divisor * unit)


def rounded_total(segments: Iterable[Segment], rounding: Values) -> tuple[int, int]:
    """The sum of the parts, and the amount due: nothing below the minimum, else floored to its unit."""
    total = sum(part.yen for part in segments)
    if total < rounding.integer("minimum_total_yen"):
        return total, 0
    return total, floor_to_unit(total, rounding.integer("total_unit_yen"))


def floor_to_unit(amount_yen: int, unit_yen: int) -> int:
    return amount_yen // unit_yen * unit_yen
