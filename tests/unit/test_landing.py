"""The landing store: one transaction a file, exactly once by content, and never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from ingestion.landing import LOADS, Landing
from ingestion.layout import LINEAGE, Layout, landing_schema
from ingestion.layout_catalog import load_layouts
from ingestion.offer import load_id_of, sha256_of
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded, SentRequest
from ingestion.readers.findings import Finding, Refused
from osame.stores import open_memory
from tests.fixtures.csv_files import ASSESSMENT, PAID_SLIP, file_of
from tests.fixtures.fixed_files import debit_group, debits

LAYOUTS = load_layouts()
AT = datetime(2025, 8, 2, 9)


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_memory()
    connection.execute("attach ':memory:' as landing")
    yield connection
    connection.close()


@pytest.fixture
def landing(db: duckdb.DuckDBPyConnection) -> Landing:
    return Landing(db, LAYOUTS)


def decoded(data: bytes, name: str) -> Decoded:
    return read(data, Context(name, AT.date()), LAYOUTS)


def assessments(count: int = 2) -> bytes:
    rows = [ASSESSMENT | {"調定異動番号": str(i), "異動区分": "1"} for i in range(1, count + 1)]
    return file_of(LAYOUTS["assessments"], [*rows, ASSESSMENT | {"調定異動番号": "99", "税額": "x"}])


def rows_of(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return db.execute(sql).fetchall()


def test_a_file_lands_with_its_lineage_and_its_load(db: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    data = assessments()
    offer = landing.land(decoded(data, "assessments_20250801_3.csv"), data, "assessments_20250801_3.csv", AT)
    assert (offer.status, offer.records, offer.amount_yen, offer.quarantined) == ("landed", 2, 50_000, 1)
    assert offer.load_id == load_id_of(sha256_of(data), "2025-08-01 3 differential")
    assert rows_of(db, "select load_id, source_line, delta_yen from landing.assessments order by 2") == [
        (offer.load_id, 2, 25_000),
        (offer.load_id, 3, 25_000),
    ]
    assert rows_of(db, "select load_id, source_line, reason_code from landing.quarantine") == [
        (offer.load_id, 4, "ING-030")
    ]
    what = (
        "offer_no, status, bytes, records, quarantined, business_date, sequence_no, is_full, landed_at, landing_table"
    )
    assert rows_of(db, f"select {what} from landing.loads") == [
        (1, "landed", len(data), 2, 1, date(2025, 8, 1), 3, False, AT, "assessments")
    ]
    assert landing.landed_load(sha256_of(data)) == offer.load_id
    assert landing.landed_load(sha256_of(b"other")) is None


def test_what_was_odd_about_a_file_is_kept_on_its_load(db: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    data = file_of(LAYOUTS["paid_slips"], [])
    offer = landing.land(decoded(data, "paid_slips_20250801.csv"), data, "paid_slips_20250801.csv", AT)
    assert (offer.status, offer.records, [w.code for w in offer.warnings]) == ("landed", 0, ["ING-007"])
    ((count, facts),) = rows_of(db, "select warnings, facts from landing.loads")
    assert count == 1
    assert "ファイル全体 [ING-007] データが1件もありません" in json.loads(facts)["warnings"]


def test_an_error_at_any_step_lands_nothing(db: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    data = debits("zengin91_120")
    steps: list[str] = []
    landing.land(decoded(data, "debit.dat"), data, "debit.dat", AT, steps.append)
    assert steps == [
        "inserted direct_debit_results",
        "inserted direct_debit_results_groups",
        "before commit",
        "committed",
    ]
    other = debits("zengin91_120", groups=[debit_group("9999999999")])
    for fatal in steps[:-1]:

        def on_step(step: str, fatal: str = fatal) -> None:
            if step == fatal:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            landing.land(decoded(other, "other.dat"), other, "other.dat", AT, on_step)
        assert rows_of(db, "select file_name from landing.loads") == [("debit.dat",)]
        assert rows_of(db, "select count(*) from landing.direct_debit_results") == [(3,)]
        assert rows_of(db, "select count(*) from landing.direct_debit_results_groups") == [(1,)]
    assert landing.land(decoded(other, "other.dat"), other, "other.dat", AT).status == "landed"


def test_what_is_offered_again_or_refused_changes_nothing(db: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    data = file_of(LAYOUTS["paid_slips"], [PAID_SLIP])
    first = landing.land(decoded(data, "a.csv"), data, "a.csv", AT)
    again = landing.duplicate(data, "b.csv", AT, first.load_id)
    refused = landing.refuse(Refused([Finding("ING-002", None, None, None, "0 bytes", "data")]), b"", "c.csv", AT)
    assert (again.status, again.load_id, again.format, again.records) == ("duplicate", first.load_id, "paid_slips", 0)
    assert (refused.status, refused.format, refused.records) == ("rejected", None, 0)
    assert rows_of(db, "select offer_no, file_name, status, reason_code from landing.loads order by 1") == [
        (1, "a.csv", "landed", None),
        (2, "b.csv", "duplicate", "duplicate"),
        (3, "c.csv", "rejected", "ING-002"),
    ]
    assert rows_of(db, "select count(*) from landing.paid_slips") == [(1,)]


def test_the_load_is_named_by_its_content_alone() -> None:
    assert load_id_of("0000000000001" + "f" * 51) == 1
    assert load_id_of("f" * 64) == 2**52 - 1  # exact in JSON, JavaScript and Excel
    assert load_id_of(sha256_of(b"a")) != load_id_of(sha256_of(b"b"))


@pytest.mark.parametrize(
    ("name", "is_new"),
    [
        ("assessments_20250801_3.csv", False),
        ("assessments_20250802_3.csv", True),
        ("assessments_20250801_4.csv", True),
        ("assessments_20250801_full_3.csv", True),
    ],
)
def test_an_extract_is_the_same_only_as_the_same_version(
    db: duckdb.DuckDBPyConnection, landing: Landing, name: str, is_new: bool
) -> None:
    data = assessments()
    first = landing.land(decoded(data, "assessments_20250801_3.csv"), data, "assessments_20250801_3.csv", AT)
    again = decoded(data, name)
    assert (landing.landed_load(sha256_of(data), again) is None) == is_new
    if is_new:
        assert landing.land(again, data, name, AT).load_id != first.load_id
        assert rows_of(db, "select count(*) from landing.assessments") == [(4,)]


def test_money_is_the_same_money_on_any_day(landing: Landing) -> None:
    data = file_of(LAYOUTS["paid_slips"], [PAID_SLIP])
    landing.land(decoded(data, "paid_slips_20250702.csv"), data, "paid_slips_20250702.csv", AT)
    assert landing.landed_load(sha256_of(data), decoded(data, "paid_slips_20250703.csv")) is not None


def test_two_contents_of_one_load_id_are_never_merged(db: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    data = file_of(LAYOUTS["paid_slips"], [PAID_SLIP])
    landing.land(decoded(data, "a.csv"), data, "a.csv", AT)
    db.execute("update landing.loads set sha256 = 'of another file'")
    with pytest.raises(RuntimeError, match="collision"):
        landing.land(decoded(data, "a.csv"), data, "a.csv", AT)
    assert rows_of(db, "select count(*) from landing.paid_slips") == [(1,)]


def test_a_debit_that_has_landed_with_another_result_is_held_for_a_person(landing: Landing) -> None:
    first = debits("zengin91_120")
    landing.land(decoded(first, "first.dat"), first, "first.dat", AT)
    other = debits("zengin91_120", groups=[debit_group(codes=("0", "0", "0"))])
    with pytest.raises(Refused) as refused:
        landing.land(decoded(other, "second.dat"), other, "second.dat", AT)
    (finding,) = refused.value.findings
    assert (finding.code, finding.line, finding.found) == ("ING-051", 3, "0")
    assert "first.dat" in finding.expected
    assert landing.landed_load(sha256_of(other)) is None


def test_sent_requests_are_found_by_month_and_day(landing: Landing) -> None:
    data = debits("zengin91_120", role="request")
    landing.land(decoded(data, "zengin91_request_20250630.dat"), data, "zengin91_request_20250630.dat", AT)
    assert landing.sent_requests("1234567890", "0630") == [SentRequest(date(2025, 6, 30), 3, 6_000)]
    assert landing.sent_requests("1234567890", "0731") == []
    assert landing.sent_requests("0000000000", "0630") == []


def test_every_table_is_made_and_an_older_store_gains_what_is_missing(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("create table landing.loads (load_id bigint, file_name varchar)")
    db.execute("insert into landing.loads values (1, 'old.csv')")
    db.execute("create table landing.assessments (load_id bigint, source_line integer, column_of_old_days varchar)")
    db.execute("insert into landing.assessments values (1, 2, 'kept')")
    Landing(db, LAYOUTS)
    columns: dict[str, list[str]] = {}
    for table, column in rows_of(
        db, "select table_name, column_name from duckdb_columns() where database_name = 'landing' order by column_index"
    ):
        columns.setdefault(table, []).append(column)
    schema = landing_schema(LAYOUTS)
    assert set(columns) == set(schema) | {"loads", "quarantine"}
    assert set(LOADS) == set(columns["loads"])
    for table, wanted in schema.items():
        assert {c.name for c in wanted} | {name for name, _ in LINEAGE} <= set(columns[table]), table
    assert rows_of(db, "select column_of_old_days, delta_yen from landing.assessments") == [("kept", None)]
    assert rows_of(db, "select file_name, status from landing.loads") == [("old.csv", None)]


def test_the_layouts_are_not_changed_by_landing(landing: Landing) -> None:
    before: dict[str, Layout] = dict(LAYOUTS)
    data = assessments()
    landing.land(decoded(data, "assessments_20250801.csv"), data, "assessments_20250801.csv", AT)
    assert before == LAYOUTS
