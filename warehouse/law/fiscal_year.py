"""会計年度: the year that a due belongs to, and the year in whose books its receipt goes."""

from __future__ import annotations

from datetime import date, timedelta

from warehouse.law.parameters import Collection, LawInputError, Parameters, load_parameters

ONE_DAY = timedelta(days=1)


def fiscal_year_of(day: date, params: Parameters | None = None) -> int:
    """The fiscal year in which a day lies (地方自治法第208条第1項).

    >>> fiscal_year_of(date(2025, 3, 31)), fiscal_year_of(date(2025, 4, 1))
    (2024, 2025)
    """
    month, first = (params or load_parameters())["fiscal_year.rules"].at(day).items("year_start")
    return day.year if (day.month, day.day) >= (month, first) else day.year - 1


def due_fiscal_year(
    due_date: date,
    *,
    collection: Collection = "ordinary",
    notice_date: date | None = None,
    params: Parameters | None = None,
) -> int:
    """The fiscal year that a due, and its reminder fee, late charge and disposition cost, belong to.

    Legal basis:
        地方自治法施行令第142条: the year of the last day of the due period **as if no holiday moved it**; tax
        deducted by employers: the year of the month of deduction, April and May being the old year's, but not where
        employers pay twice a year; an occasional due whose notice is sent: the year of sending; a notice not sent by
        the year's end: the year of sending; 第3項: fees and charges follow the principal.
    Assumptions:
        due_date is un-rolled. Employers pay on the 10th of the month after the deduction, so the month of deduction is
        the one before due_date.

    Raises:
        LawInputError: an occasional due without notice_date.

    >>> due_fiscal_year(date(2025, 3, 31))
    2024
    >>> due_fiscal_year(date(2025, 6, 10), collection="special_collection")
    2024
    """
    known = params or load_parameters()
    if collection == "occasional":
        if notice_date is None:
            raise LawInputError(
                "notice date", "nothing", "the day of sending", "an occasional due needs its notice date"
            )
        return fiscal_year_of(notice_date, known)
    if collection == "special_collection":
        deducted = due_date.replace(day=1) - ONE_DAY
        months = {int(month) for month in known["fiscal_year.rules"].at(due_date).items("old_year_months")}
        year = fiscal_year_of(deducted, known) - (1 if deducted.month in months else 0)
    else:
        year = fiscal_year_of(due_date, known)
    return year if notice_date is None else max(year, fiscal_year_of(notice_date, known))


def receipt_fiscal_year(
    due_year: int,
    received_date: date,
    *,
    arrears_cut: tuple[int, int] | None = None,
    params: Parameters | None = None,
) -> int:
    """The fiscal year in whose books a receipt goes, given the fiscal year of the due it pays.

    In the closing period (4/1-5/31) the old year is open for its own dues. Dues carried over from still earlier years
    change to the new year after 3/31, or after 5/31 where the office cuts arrears then (``arrears_cut``, month and
    day). A receipt is never booked before the year of its due.

    Legal basis:
        地方自治法第235条の5, 施行令第142条, 第160条; ``arrears_cut`` is the office's choice.

    Raises:
        LawInputError: arrears_cut is neither the last day of the year nor of the closing period.

    >>> receipt_fiscal_year(2024, date(2025, 5, 31)), receipt_fiscal_year(2024, date(2025, 6, 1))
    (2024, 2025)
    >>> receipt_fiscal_year(2023, date(2025, 4, 1))
    2025
    """
    known = params or load_parameters()
    rules = known["fiscal_year.rules"].at(received_date)
    cut = arrears_cut or rules.items("arrears_cut")
    start, closing_end = rules.items("year_start"), rules.items("closing_end")
    day_before_start = date(2001, *start) - ONE_DAY
    year_end = (day_before_start.month, day_before_start.day)
    if cut not in (year_end, closing_end):
        raise LawInputError(
            "arrears_cut",
            "{:02d}-{:02d}".format(*cut),
            "{:02d}-{:02d} or {:02d}-{:02d}".format(*year_end, *closing_end),
            "arrears are cut at the end of the year or of the closing period",
        )
    year = fiscal_year_of(received_date, known)
    in_closing_period = start <= (received_date.month, received_date.day) <= closing_end
    if in_closing_period and (due_year == year - 1 or (due_year < year - 1 and cut == closing_end)):
        return year - 1
    return max(year, due_year)


def is_carried_over(due_year: int, fiscal_year: int) -> bool:
    """滞納繰越: the due's fiscal year lies before the books' year; 年度分 plays no part in it."""
    return due_year < fiscal_year
