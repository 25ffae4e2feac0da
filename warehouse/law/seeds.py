"""Seeds made from the parameter files, so that SQL and Python read one source.

``python -m warehouse.law.seeds`` writes them; ``--check`` changes nothing and exits 1 when a seed differs.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from warehouse.law.calendar import non_business_day_name
from warehouse.law.parameters import (
    OPEN_END,
    RATE_DENOMINATOR,
    Parameter,
    ParameterError,
    Parameters,
    Values,
    load_parameters,
)

SEED_DIR = Path(__file__).parent.parent / "seeds"
HOLIDAY_YEARS = range(2000, 2031)
BEGINNING = date(1, 1, 1)

Row = dict[str, object]


def build(params: Parameters) -> dict[str, str]:
    """File name -> CSV text of every seed."""
    return {name: render(name, params) for name in MAKERS}


def render(name: str, params: Parameters) -> str:
    """The CSV text of one seed."""
    rows = list(MAKERS[name](params))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def differences(params: Parameters) -> dict[str, list[Row]]:
    """The rows of each seed that is another under these parameters than as shipped, by the seed's name."""
    shipped = load_parameters()
    if params is shipped:
        return {}
    return {
        name.removesuffix(".csv"): rows
        for name, maker in MAKERS.items()
        if (rows := list(maker(params))) != list(maker(shipped))
    }


def write(directory: Path = SEED_DIR) -> list[Path]:
    """Write the seeds that differ, and return them."""
    changed = drift(directory)
    texts = build(load_parameters())
    for path in changed:
        path.write_text(texts[path.name], encoding="utf-8", newline="")
    return changed


def drift(directory: Path = SEED_DIR) -> list[Path]:
    """The seeds that are missing or differ from the parameter files."""
    return [
        directory / name
        for name, text in build(load_parameters()).items()
        if not (directory / name).is_file() or (directory / name).read_bytes() != text.encode()
    ]


def _rates(parameter: Parameter, field: str, *, merge_equal: bool) -> Iterator[Row]:
    """Periods of a rate from the beginning to the end of time; days that have none get a row with an empty rate.

    With those rows a day whose rate is not known gives NULL in SQL. Without them it would give no row, and an amount
    that is too small.
    """
    periods = parameter.rate_periods(field, merge_equal=merge_equal)
    before, after = periods[0].first - timedelta(days=1), periods[-1].last + timedelta(days=1)
    yield {"valid_from": BEGINNING, "valid_to": before, "rate_per_100000": None}
    for period in periods:
        yield {"valid_from": period.first, "valid_to": period.last, "rate_per_100000": period.rate_per_100000}
    yield {"valid_from": after, "valid_to": OPEN_END, "rate_per_100000": None}


def _late_charge_rates(params: Parameters) -> Iterator[Row]:
    merge = _only_period(params["late_charge.rounding"]).flag("merge_equal_adjacent_years")
    for family in params.rate_families():
        for phase in ("low", "high"):
            for row in _rates(params.late_charge_rates(family), phase, merge_equal=merge):
                yield {"rate_family": family, "phase": phase, **row}


def _refund_interest_rates(params: Parameters) -> Iterator[Row]:
    merge = _only_period(params["refund_interest.rounding"]).flag("merge_equal_adjacent_years")
    return _rates(params["refund_interest.rates"], "rate", merge_equal=merge)


def _refund_interest_accrual(params: Parameters) -> Iterator[Row]:
    names = ("claim_months", "correction_months", "notice_months", "payment_months", "unclaimed_days")
    for values in params["refund_interest.accrual"].periods:
        yield {
            "valid_from": values.first,
            "valid_to": values.last,
            **{name: values.integer(name) for name in names},
            "claim_months_in_all": params["refund_interest.claim_period"].at(values.first).integer("claim_years") * 12,
        }


def _only_period(parameter: Parameter) -> Values:
    """A change of a rounding rule comes with a transitional provision that says which dues it meets: that is code."""
    if len(parameter.periods) != 1:
        raise ParameterError(
            f"{parameter.id}: {len(parameter.periods)} periods, but late_charge.sql and the scalar rules know one",
            "write the transitional provision into both, with a test for each side of the change",
        )
    return parameter.periods[0]


def _rounding(params: Parameters) -> Iterator[Row]:
    for rule, minimum in (("late_charge", "minimum_tax_yen"), ("refund_interest", "minimum_principal_yen")):
        values = _only_period(params[f"{rule}.rounding"])
        yield {
            "rule_code": rule,
            "base_unit_yen": values.integer("base_unit_yen"),
            "minimum_tax_yen": values.integer(minimum),
            "segment_unit_yen": values.integer("segment_unit_yen"),
            "minimum_total_yen": values.integer("minimum_total_yen"),
            "total_unit_yen": values.integer("total_unit_yen"),
            "year_days": values.integer("year_days"),
            "rate_divisor": values.integer("year_days") * RATE_DENOMINATOR,
        }


def _reminder_fees(params: Parameters) -> Iterator[Row]:
    year_start = _only_period(params["fiscal_year.rules"]).items("year_start")
    for values in params["reminder_fee.amount"].periods:
        keyed_by_year = values.text("keyed_by") != "sent_date"
        if keyed_by_year and (values.first.month, values.first.day) != year_start:
            raise ParameterError(
                f"{values.parameter_id}: the value from {values.first} is keyed by a year but does not begin with one"
            )
        last_year = values.last.year if values.last == OPEN_END else values.last.year - 1
        yield {
            "keyed_by": values.text("keyed_by"),
            "valid_from": values.first,
            "valid_to": values.last,
            "from_year": values.first.year if keyed_by_year else None,
            "to_year": last_year if keyed_by_year else None,
            "fee_yen": values.integer("fee_yen"),
        }


def _holidays(params: Parameters) -> Iterator[Row]:
    day = date(HOLIDAY_YEARS.start, 1, 1)
    while day.year < HOLIDAY_YEARS.stop:
        name = non_business_day_name(day, params)
        if name is not None:
            yield {"holiday_date": day, "holiday_name": name}
        day += timedelta(days=1)


def _tax_items(params: Parameters) -> Iterator[Row]:
    for item in params.tax_items.values():
        yield {
            "tax_item_code": item.code,
            "tax_item_name": item.name_ja,
            "is_city_tax": str(item.is_city_tax).lower(),
            "rate_family": item.rate_family,
            "low_rate_months": item.low_rate_months,
            "collection": item.collection,
            "form_row": item.form_row,
        }


MAKERS: dict[str, Callable[[Parameters], Iterable[Row]]] = {
    "law_late_charge_rates.csv": _late_charge_rates,
    "law_refund_interest_rates.csv": _refund_interest_rates,
    "law_refund_interest_accrual.csv": _refund_interest_accrual,
    "law_rounding.csv": _rounding,
    "law_reminder_fees.csv": _reminder_fees,
    "law_holidays.csv": _holidays,
    "tax_items.csv": _tax_items,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m warehouse.law.seeds", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a seed differs")
    check = parser.parse_args(arguments).check
    paths = drift() if check else write()
    for path in paths:
        sys.stdout.write(f"{path.name}: {'differs from the parameter files' if check else 'written'}\n")
    if check and paths:
        sys.stdout.write("run: python -m warehouse.law.seeds\n")
    return 1 if check and paths else 0


if __name__ == "__main__":
    sys.exit(main())
