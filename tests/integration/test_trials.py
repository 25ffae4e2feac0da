"""What an analyst does in JupyterLab: a notebook from the top as it stands, and the warehouse as Ibis."""

from __future__ import annotations

import pytest
from ibis import _

import osame
from reports.catalog import load_catalog
from tests.fixtures.notebooks import run_cells
from tests.fixtures.office import BuiltTown, count


@pytest.mark.parametrize("report_id", [entry.id for entry in load_catalog().reports])
def test_a_notebook_runs_from_the_top_without_a_parameter(
    built_town: BuiltTown, monkeypatch: pytest.MonkeyPatch, report_id: str
) -> None:
    published = sorted(built_town.home.published.rglob("*"))
    with run_cells(built_town.home, report_id, monkeypatch) as report:
        assert report.is_trial
        report.finish()
        assert report.lists
        assert any(listing.rows for listing in report.lists.values())
        assert all(check.holds for check in report.checks)
        assert all(chart.series and chart.summary for _, chart in report.charts.values())
        assert report.charts or report_id == "standing", (
            "a trend or a composition leads; one person on one day has none"
        )
        assert report.output(f"{report_id}.xlsx").stat().st_size > 0
    if "fiscal_year" in report.order.parameters:
        assert report.fiscal_year == 2025, "the last year whose 出納整理期間 is over on 2026-05-31"
    assert sorted(built_town.home.published.rglob("*")) == published


def test_the_warehouse_is_asked_in_ibis_and_not_written(built_town: BuiltTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_HOME", str(built_town.home.root))
    warehouse = osame.connect()
    owed = warehouse.table("fct_dues").filter(_.state == "delinquent").principal_balance_yen.sum()
    expected = count(built_town.home, "select sum(principal_balance_yen) from fct_dues where state = 'delinquent'")
    assert owed.to_pyarrow().as_py() == expected > 0
    with pytest.raises(Exception, match="read-only"):
        warehouse.raw_sql("delete from fct_dues")
    with pytest.raises(Exception, match=r"disabled|Permission"):
        warehouse.raw_sql("select * from read_csv('/etc/hostname')")
