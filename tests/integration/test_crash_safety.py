"""Killed at any moment, on a full disk, twice at once: each file lands wholly and once; readers are not disturbed."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import archive
from ingestion.offer import sha256_of
from osame.home import Home, open_home
from osame.stores import open_warehouse
from tests.fixtures.crash_driver import AT
from tests.fixtures.csv_files import ASSESSMENT, LAYOUTS, PAID_SLIP, VALID, file_of
from tests.fixtures.fixed_files import debits
from tests.fixtures.office import (
    deliver,
    environment,
    evidence,
    land,
    landing_rows,
    names,
    python,
    start,
    tiny_files,
)
from warehouse.build import build
from warehouse.doctor import examine
from warehouse.status import status

DAY, KNOWN_AT = date(2025, 8, 2), datetime(2025, 8, 31)
ASSESSED = file_of(LAYOUTS["assessments"], [ASSESSMENT, ASSESSMENT | {"調定異動番号": "2", "税額": "x"}])
OFFERED = {
    "assessments_20250401.csv": ASSESSED,  # one row of it is quarantined
    "assessments_20250401_9.csv": ASSESSED,  # the same bytes again, as a later version
    "debit.dat": debits("zengin91_120"),  # two tables
    "debit_again.dat": debits("zengin91_120"),  # the same bytes again
    "refused.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"金額": "0"}]),
}


# --- killed while files land -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    root = tmp_path_factory.mktemp("killed")
    office = open_home(root / "office")
    deliver(
        office.inbox,
        {"tax_associations_20250401.csv": file_of(LAYOUTS["tax_associations"], VALID["tax_associations"][0])},
    )
    land(office, [office.inbox], AT)
    deliver(office.inbox, OFFERED)
    done = python("-m", "tests.fixtures.crash_driver", "ingest", root, env=environment(office))
    assert done.returncode == 0, done.stderr
    return root, json.loads((root / "runs.json").read_text())


def test_a_kill_at_any_step_leaves_a_state_from_which_the_next_run_finishes(
    killed: tuple[Path, list[dict[str, Any]]],
) -> None:
    root, runs = killed
    steps = {run["step"] for run in runs}
    assert {"read", "decoded", "before commit", "committed", "recorded", "flushed", "put away", "removed"} <= steps
    assert {"inserted assessments", "inserted direct_debit_results", "inserted direct_debit_results_groups"} <= steps
    undisturbed = evidence(Home(root / "undisturbed"))
    assert [row[0] for row in undisturbed["loads"]] == [
        "assessments_20250401.csv",
        "assessments_20250401_9.csv",
        "debit.dat",
        "tax_associations_20250401.csv",
    ]
    assert len(undisturbed["quarantine"]) == 2
    for run in runs:
        where = f"killed at {run['step']!r}: {run['home']}"
        assert run["end"] == 9, where
        home = Home(Path(run["home"]))
        assert status(home)["landing"]["landed"] in (1, 2, 3, 4), where  # what is there can be read at once
        land(home, [home.inbox], AT)
        assert evidence(home) == undisturbed, where
        check_put_away(home, {row[1] for row in undisturbed["loads"]}, where)


def check_put_away(home: Home, landed: set[str], where: str) -> None:
    """Inbox empty, every landed file once in the archive as it was delivered, the refused one with its slips."""
    assert names(p for p in home.inbox.rglob("*") if p.is_file()) == [], where
    kept = [p for p in home.archive.rglob("*") if p.is_file()]
    assert sorted(sha256_of(archive.fetch(home, p)) for p in kept) == sorted(landed), where
    stem = f"{sha256_of(OFFERED['refused.csv'])[:12]}-refused.csv"
    assert names(home.rejected.iterdir()) == [stem, f"{stem}.reason.json", f"{stem}.reason.txt"], where


def test_what_became_of_each_offer(killed: tuple[Path, list[dict[str, Any]]]) -> None:
    root, _ = killed
    statuses = landing_rows(Home(root / "undisturbed"), "select file_name, status from landing.loads order by offer_no")
    assert statuses[1:] == [
        ("assessments_20250401.csv", "landed"),
        ("assessments_20250401_9.csv", "landed"),
        ("debit.dat", "landed"),
        ("debit_again.dat", "duplicate"),
        ("refused.csv", "rejected"),
    ]


# --- a full disk -------------------------------------------------------------------------------------------------

LIMITED = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.argv[0] = "osame"
from osame.cli import main
main()
"""
MANY = file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": f"{i:08}"} for i in range(2, 5_002)])


@pytest.mark.parametrize(
    ("limit", "landed"),
    [
        (4_096, set()),  # no room for an empty store
        (20_000, set()),  # none for its tables
        (400_000, {"assessments_20250401.csv", "paid_slips_20250702.csv"}),  # none for the large file
    ],
)
def test_a_full_disk_lands_nothing_by_halves(tmp_path: Path, limit: int, landed: set[str]) -> None:
    home = open_home(tmp_path)
    files = tiny_files() | {"paid_slips_large.csv": MANY}
    deliver(home.inbox, files)
    done = python("-c", LIMITED, str(limit), "ingest", env=environment(home))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert "run the same command again" in done.stderr
    again = land(home, [home.inbox])
    assert {o.file_name for o in again if o.status == "landed"} == set(files) - landed
    assert landing_rows(home, "select count(*) from landing.paid_slips") == [(5_001,)]
    assert landing_rows(home, "select count(*) from landing.loads where status = 'landed'") == [(4,)]
    assert names(home.inbox.iterdir()) == []
    assert len([p for p in home.archive.rglob("*") if p.is_file()]) == 4


def test_no_room_in_the_archive_is_made_good_by_the_next_run(tmp_path: Path) -> None:
    """The file has landed, its copy for the archive did not fit: it stays in the inbox until it has."""
    home = open_home(tmp_path)
    long_note = file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": str(i)} for i in range(3)]) + b"\r\n" * 400_000
    deliver(home.inbox, {"paid_slips_padded.csv": long_note})
    done = python("-c", LIMITED, "600000", "ingest", env=environment(home))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert landing_rows(home, "select status, records from landing.loads") == [("landed", 3)]
    assert names(home.inbox.iterdir()) == ["paid_slips_padded.csv"]
    assert [p for p in home.archive.rglob("*") if p.is_file()] == []
    assert [o.status for o in land(home, [home.inbox])] == ["duplicate"]
    (kept,) = [p for p in home.archive.rglob("*") if p.is_file()]
    assert archive.fetch(home, kept) == long_note
    assert landing_rows(home, "select count(*) from landing.paid_slips") == [(3,)]


# --- two at once -------------------------------------------------------------------------------------------------


def test_two_processes_on_one_inbox_land_each_file_once(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    files = {
        f"paid_slips_{i:02d}.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": str(i)}]) for i in range(12)
    }
    deliver(home.inbox, files)
    both = [start(home, "ingest", "--json") for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    offers = [offer for out, _ in ends for offer in json.loads(out)]
    assert sorted(o["file_name"] for o in offers if o["status"] == "landed") == sorted(files)
    assert landing_rows(home, "select count(*) from landing.paid_slips") == [(12,)]
    assert names(home.inbox.iterdir()) == []


# --- builds ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A tiny office, built once; then more has landed."""
    home = open_home(tmp_path_factory.mktemp("office"))
    deliver(home.inbox, tiny_files(amount=20_000))
    land(home, [home.inbox], datetime(2025, 7, 3))
    build(home, DAY, known_at=KNOWN_AT, with_tests=False)
    deliver(home.inbox, {"paid_slips_20250709.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"金額": "4000"}])})
    land(home, [home.inbox], datetime(2025, 7, 10))
    return home


def paid(home: Home) -> int:
    connection = open_warehouse(home)
    try:
        row = connection.execute("select cast(sum(principal_paid_yen) as bigint) from warehouse.fct_dues").fetchone()
        return int(row[0]) if row else -1
    finally:
        connection.close()


def test_a_build_that_does_not_finish_leaves_the_old_warehouse(office: Home) -> None:
    published = office.warehouse.read_bytes()
    vault = office.vault.stat().st_ino
    words = ("build", office.root, DAY, KNOWN_AT.isoformat())
    done = python("-m", "tests.fixtures.crash_driver", *words, env=environment(office))
    assert done.returncode == 0, done.stderr
    midway, unpublished, small_disk = json.loads(done.stdout)
    assert office.warehouse.read_bytes() == published
    assert paid(office) == 20_000
    assert (midway["end"], unpublished["end"], small_disk["end"]) == (9, 9, -1)
    assert (len(midway["left"]), len(unpublished["left"])) == (1, 1)  # the second has cleared the first one's away
    assert midway["left"] != unpublished["left"]
    assert small_disk["left"] == []
    assert office.vault.stat().st_ino != vault  # it was whole when the second build was killed, and was put in place
    assert "the old warehouse stays" in small_disk["said"]
    assert "Traceback" not in small_disk["said"], small_disk["said"]


def test_the_next_build_clears_up_and_does_not_disturb_readers(office: Home) -> None:
    left = office.work / "build-999999999"  # no process has this number
    left.mkdir()
    (left / "scratch.duckdb").write_bytes(b"left by a killed build")
    assert [c.passed for c in examine(office) if c.name == "no build was killed"] == [False]
    reader = open_warehouse(office)
    seen: list[int] = []

    def read_meanwhile(_done: int, _all: int, _name: str) -> None:
        cursor = reader.cursor()  # dbt's threads call this at the same time: a result for each
        row = cursor.execute("select cast(sum(principal_paid_yen) as bigint) from warehouse.fct_dues").fetchone()
        seen.append(int(row[0]) if row else -1)

    try:
        build(office, DAY, known_at=KNOWN_AT, with_tests=False, progress=read_meanwhile)
        read_meanwhile(0, 0, "after the swap")
        assert len(seen) > 20
        assert set(seen) == {20_000}  # who began with the old warehouse goes on with it
        assert paid(office) == 24_000  # who opens it now has the new one, in the same process too
    finally:
        reader.close()
    assert list(office.work.glob("build-*")) == []
    assert [c.passed for c in examine(office) if c.name == "no build was killed"] == [True]
