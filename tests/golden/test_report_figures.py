"""The figures of the reports are those that hand-written SQL gave before each report asked in its own notebook.

``tests/golden/reports/<report>/<list>.csv``: one row a line of the list, the columns that both have, of a synthetic
town (600 people, 2 years). Where the town changes, so do its books, and these files are made again from the reports.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reports.context import Report
from reports.look.listing import Listing
from tests.fixtures.notebooks import run_cells
from tests.fixtures.office import BuiltTown

GOLDEN = Path(__file__).parent / "reports"
PARAMETERS: dict[str, dict[str, Any]] = {
    "daily_collection": {"month": "2026-01"},
    "overpayments": {"expires_by": "2029-12-31"},
    "settlement": {"fiscal_year": 2025},
    "collection_results": {"fiscal_year": 2025},
    "monthly_collection": {"fiscal_year": 2025},
    "reconciliation": {"from_date": "2025-06-01", "to_date": "2026-05-31"},
    "payment_channels": {"fiscal_year": 2025},
}
CHARTED = ("by_day_and_channel", "year_before", "totals")


@pytest.fixture(params=sorted(PARAMETERS))
def report(request: pytest.FixtureRequest, built_town: BuiltTown, monkeypatch: pytest.MonkeyPatch) -> Iterator[Report]:
    made = run_cells(built_town.home, request.param, monkeypatch, **PARAMETERS[request.param])
    with made:
        yield made


def read(report_id: str, name: str) -> list[dict[str, str]]:
    with (GOLDEN / report_id / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def texts(listing: Listing, name: str, expected: set[str]) -> list[str]:
    """A column as codes or, where the golden file has words, as words."""
    if name == "is_sum":
        return [str(row.is_sum) for row in listing.rows]
    (column,) = (column for column in listing.columns if column.name == name)
    codes = [as_text(row.values.get(name)) for row in listing.rows]
    if column.names is None or expected <= {*codes, ""}:
        return codes
    return [as_text(column.cell(row.values.get(name), row.is_sum)) for row in listing.rows]


def test_every_list_has_the_figures_of_its_golden_file(report: Report) -> None:
    names = {path.stem for path in (GOLDEN / report.entry.id).glob("*.csv")} - set(CHARTED)
    assert names
    for name in names:
        golden = read(report.entry.id, name)
        listing = report.lists[name]
        columns = list(golden[0]) if golden else []
        if not golden:
            assert listing.rows == [], name
            continue
        found = [texts(listing, column, {row[column] for row in golden}) for column in columns]
        rows = sorted(
            row
            for row, line in zip(zip(*found, strict=True), listing.rows, strict=True)
            if "is_sum" in columns or not line.is_sum
        )
        # A third year may bring a channel that neither of the two years of the golden file had.
        rows = [row for row in rows if report.entry.id != "payment_channels" or set(row[-4:]) != {"0"}]
        assert rows == sorted(tuple(row.values()) for row in golden), name


def test_the_charts_and_key_figures_of_the_day_book(built_town: BuiltTown, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_cells(built_town.home, "daily_collection", monkeypatch, month="2026-01") as report:
        daily, running = (report.charts[name][1] for name in ("daily", "running"))
        by_day = read("daily_collection", "by_day_and_channel")
        per_day: dict[str, int] = {}
        for row in by_day:
            day = date.fromisoformat(row["posted_date"])
            per_day[f"{day.month}月{day.day}日"] = per_day.get(f"{day.month}月{day.day}日", 0) + int(
                row["collected_yen"]
            )
        stacked = {
            label.split("(")[0]: sum(series.values[place] or 0 for series in daily.series)
            for place, label in enumerate(daily.hover_labels)
        }
        assert {day: yen for day, yen in stacked.items() if yen} == per_day
        ends = {series.name: series.values[-1] for series in running.series}
        assert ends["当期"] == sum(per_day.values())
        assert ends["前年同期"] == sum(int(row["collected_yen"]) for row in read("daily_collection", "year_before"))
        (totals,) = read("daily_collection", "totals")
        figures = {figure.name: figure.value for figure in report.key_figures}
        assert figures == {
            "収納額": int(totals["collected_yen"]),
            "本税": int(totals["principal_yen"]),
            "督促手数料": int(totals["reminder_fee_yen"]),
            "延滞金": int(totals["late_charge_yen"]),
            "過誤納": int(totals["overpaid_yen"]),
            "不明金": int(totals["suspense_yen"]),
            "収納件数": int(totals["receipt_count"]),
            "還付": int(totals["refunded_yen"]),
            "不明金残高": int(totals["suspense_balance_yen"]),
            "仮消込（速報）残": int(totals["provisional_yen"]),
        }
        assert all(check.holds for check in report.checks) and len(report.checks) == 5
