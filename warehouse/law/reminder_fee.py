"""督促手数料: the fee of one reminder."""

from __future__ import annotations

from datetime import date

from warehouse.law.parameters import LawInputError, ParameterError, Parameters, load_parameters


def reminder_fee(levy_year: int, tax_year: int, sent_date: date, params: Parameters | None = None) -> int:
    """The fee in yen of a reminder sent on ``sent_date`` for a due of that levy year (調定年度) and tax year (年度分).

    Which of the three decides is ``keyed_by`` of the parameter ``reminder_fee.amount``, the choice of the ordinance.

    Legal basis:
        市税条例 (地方税法第330条, 第372条 etc. leave fee and amount to it).

    Raises:
        LawInputError: a year that is no year.
        ParameterNotFoundError: no fee is known for that year or day.

    >>> reminder_fee(2023, 2023, date(2025, 7, 20)), reminder_fee(2024, 2023, date(2025, 7, 20))
    (100, 0)
    """
    known = params or load_parameters()
    fees = known["reminder_fee.amount"]
    keyed_by = fees.periods[-1].text("keyed_by")
    if keyed_by == "sent_date":
        return fees.at(sent_date).integer("fee_yen")
    years = {"levy_year": levy_year, "tax_year": tax_year}
    if keyed_by not in years:
        raise ParameterError(f"{fees.id}: keyed_by is {keyed_by!r}, expected levy_year, tax_year or sent_date")
    year = years[keyed_by]
    if not date.min.year <= year <= date.max.year:
        raise LawInputError(keyed_by, str(year), "a year such as 2025", "give the year in the western calendar")
    month, day = known["fiscal_year.rules"].at(date(year, 12, 31)).items("year_start")
    return fees.at(date(year, month, day)).integer("fee_yen")
