"""The town through the whole path: all is what the truth says, and a lie would be noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.fixtures.office import BuiltTown, count, landing_rows
from warehouse.truth import Verdict, compare_with_truth


@pytest.fixture(scope="module")
def verdict(built_town: BuiltTown) -> Verdict:
    return compare_with_truth(built_town.home, built_town.town.truth)


def test_every_receipt_and_due_is_what_the_truth_says(verdict: Verdict) -> None:
    assert verdict.receipts > 4_000
    assert verdict.dues > 4_000
    assert verdict.records > verdict.receipts
    assert verdict.wrong_receipts == []
    assert verdict.wrong_records == []
    assert verdict.wrong_dues == []
    assert verdict.passed


def test_every_overpayment_and_repayment_is_what_the_truth_says(built_town: BuiltTown, verdict: Verdict) -> None:
    """And every kind of them is there."""
    assert verdict.wrong_overpayments == []
    assert verdict.wrong_repayments == []
    assert verdict.overpayments == count(built_town.home, "select count(*) from fct_overpayments") > 30
    assert verdict.repayments == pq.read_table(built_town.town.truth / "repayments.parquet").num_rows > 15
    lots = pq.read_table(built_town.town.truth / "overpayments.parquet").to_pylist()
    assert {"1", "4"} <= {lot["cause_code"] for lot in lots}
    assert sum(lot["refund_interest_yen"] > 0 for lot in lots) >= 3
    assert any(lot["notified_yen"] > 0 for lot in lots)
    assert any(lot["balance_yen"] == 0 for lot in lots)
    repaid = pq.read_table(built_town.town.truth / "repayments.parquet").to_pylist()
    assert {(r["kind"], r["component"], r["budget_side"]) for r in repaid} >= {
        ("refund", None, "revenue"),
        ("refund", None, "expenditure"),
        ("offset", "principal", "revenue"),
        ("offset", "principal", "expenditure"),  # its interest
        ("offset", "late_charge", "revenue"),
        ("reallocation", "principal", None),
    }
    assert sum(r["kind"] == "refund" and r["refund_interest_yen"] > 0 for r in repaid) >= 3


def test_no_yen_is_lost_between_the_files_and_the_marts(built_town: BuiltTown, verdict: Verdict) -> None:
    told = built_town.town.summary["truth"]
    assert verdict.yen["landed"] == verdict.yen["received"] + verdict.yen["overpaid"] + verdict.yen["suspense"]
    assert told["records"] == verdict.records
    principal = count(built_town.home, "select sum(principal_paid_yen) from fct_dues")
    truth = pq.read_table(built_town.town.truth / "dues.parquet")
    assert principal == pc.sum(truth["principal_paid_yen"]).as_py()


@pytest.mark.parametrize(
    ("table", "column", "wrong"),
    [
        ("receipts", "principal_yen", "wrong_receipts"),
        ("receipts", "suspense_yen", "wrong_receipts"),
        ("receipts", "due_key", "wrong_receipts"),
        ("receipts", "fate", "wrong_records"),
        ("dues", "principal_balance_yen", "wrong_dues"),
        ("dues", "late_charge_yen", "wrong_dues"),
        ("dues", "due_key", "wrong_dues"),
        ("overpayments", "balance_yen", "wrong_overpayments"),
        ("overpayments", "refund_interest_yen", "wrong_overpayments"),
        ("overpayments", "cause_code", "wrong_overpayments"),
        ("repayments", "refund_interest_yen", "wrong_repayments"),
        ("repayments", "budget_side", "wrong_repayments"),
        ("repayments", "other_due_key", "wrong_repayments"),
    ],
)
def test_one_changed_figure_of_the_truth_is_reported(
    built_town: BuiltTown, tmp_path: Path, table: str, column: str, wrong: str
) -> None:
    truth = tmp_path / "truth"
    shutil.copytree(built_town.town.truth, truth)
    rows = pq.read_table(truth / f"{table}.parquet")
    at = rows["fate"].to_pylist().index("due") if table == "receipts" else 7
    values = rows[column].to_pylist()
    kind = rows.schema.field(column).type
    values[at] = {"fate": "suspense"}.get(column, "something else" if kind == pa.string() else -1)
    changed = pa.array(values, kind)
    pq.write_table(
        rows.set_column(rows.column_names.index(column), rows.schema.field(column), changed), truth / f"{table}.parquet"
    )
    verdict = compare_with_truth(built_town.home, truth)
    assert not verdict.passed
    assert 1 <= len(getattr(verdict, wrong)) <= 2
    assert any("100.00" not in line for line in verdict.lines()[:5])


def test_a_record_that_the_truth_does_not_know_is_reported(built_town: BuiltTown, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    shutil.copytree(built_town.town.truth, truth)
    rows = pq.read_table(truth / "dues.parquet")
    pq.write_table(rows.slice(1), truth / "dues.parquet")
    verdict = compare_with_truth(built_town.home, truth)
    assert [row["found_assessed_yen"] for row in verdict.wrong_dues] == rows["assessed_yen"].slice(0, 1).to_pylist()


def test_every_file_of_the_town_has_landed_and_every_broken_one_is_refused(built_town: BuiltTown) -> None:
    expected = json.loads((built_town.town.truth / "broken.json").read_text(encoding="utf-8"))
    refused = {o.file_name: {f.code for f in o.findings} for o in built_town.offers if o.status == "rejected"}
    assert {name: code for name, code in expected.items() if code not in refused.get(name, set())} == {}
    assert len(refused) == len(expected)
    assert sum(o.status == "landed" for o in built_town.offers) == built_town.town.summary["files"]


def test_every_landed_row_is_accounted_for(built_town: BuiltTown) -> None:
    """accepted + quarantined = rows of the file, from landing itself."""
    held = dict(landing_rows(built_town.home, "select load_id, count(*) from landing.quarantine group by 1"))
    for offer in built_town.offers:
        if offer.status != "landed":
            continue
        assert held.get(offer.load_id, 0) == offer.quarantined, offer.file_name
        if offer.file_name.endswith(".csv"):
            data = (built_town.town.files / offer.file_name).read_bytes()
            assert offer.records + offer.quarantined == data.count(b"\r\n") - 1, offer.file_name


def test_the_build_ran_every_test_and_the_report_is_there(built_town: BuiltTown) -> None:
    assert built_town.built.nodes > 60
    assert built_town.report.status == "finished"
    assert built_town.report.page is not None
    assert built_town.report.page.exists()
    assert not list(built_town.home.work.glob("build-*"))
