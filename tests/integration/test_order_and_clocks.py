"""The marts are a function of what has landed and the two clocks: not of order, repetition or when a build ran."""

from __future__ import annotations

import random
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from ingestion.delivered import files_below
from ingestion.inbox import Options, ingest
from ingestion.offer import Offer
from osame.home import Home
from osame.stores import open_file
from tests.fixtures.office import (
    LATEST,
    BuiltTown,
    count,
    day_of,
    deliver,
    differences,
    evidence,
    land,
    landing_rows,
    marts,
    sibling,
)
from warehouse.build import build

DAY = date(2025, 10, 31)  # book dates end here
KNOWN_AT = datetime(2025, 12, 1, 12, 0)  # files of 30 November have landed by then, those of December have not


# --- order and repetition ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["shuffled 1", "shuffled 2", "backwards, and everything twice"])
def test_landing_in_another_order_or_twice_gives_the_same_marts(
    built_town: BuiltTown, tmp_path: Path, order: str
) -> None:
    home = sibling(built_town.home, tmp_path / "home")
    files = files_below([built_town.town.files])
    if order.startswith("shuffled"):
        random.Random(order).shuffle(files)
    else:
        files.reverse()
    assert files != files_below([built_town.town.files])
    passes = 2 if "twice" in order else 1
    for number in range(passes):
        offers = land_in_order(home, files)
        assert [o.file_name for o in offers] == [p.name for p in files]
        assert {o.status for o in offers} == {"landed" if number == 0 else "duplicate"}
    build(home, built_town.as_of, known_at=LATEST, with_tests=False, with_vault=False)
    assert len(marts(home)) > 8
    assert differences(built_town.home, home) == {}


def land_in_order(home: Home, files: list[Path]) -> list[Offer]:
    """Land files in exactly this order; ``ingest`` itself goes by their names."""
    times = iter([day_of(path) for path in files])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.inbox.files_below", list)
        return list(ingest(home, files, Options(now=lambda: next(times))))


def test_the_comparison_of_marts_can_fail(built_town: BuiltTown, tmp_path: Path) -> None:
    other = sibling(built_town.home, tmp_path / "home")
    shutil.copy(built_town.home.warehouse, other.warehouse)
    assert differences(built_town.home, other) == {}
    with open_file(other.warehouse) as connection:
        connection.execute(
            "update fct_receipts set amount_yen = amount_yen + 1 "
            "where receipt_id = (select min(receipt_id) from fct_receipts)"
        )
        connection.execute("delete from rpt_daily_collection where posted_date = date '2026-01-30'")
    found = differences(built_town.home, other)
    assert set(found) == {"fct_receipts", "rpt_daily_collection"}
    assert [row[0] for row in found["fct_receipts"]] == ["a", "b"]


# --- the two clocks ----------------------------------------------------------------------------------------------


def test_what_landed_or_was_booked_later_does_not_exist(built_town: BuiltTown, tmp_path: Path) -> None:
    """A build as of a past day, knowing what was known then, equals that of an office that never had the rest."""
    whole = sibling(built_town.home, tmp_path / "whole", with_landing=True)
    build(whole, DAY, known_at=KNOWN_AT, with_tests=False, with_vault=False)

    early = sibling(whole, tmp_path / "early")
    known = [p for p in files_below([built_town.town.files]) if day_of(p) <= KNOWN_AT]
    assert 20 < len(known) < built_town.town.summary["files"]
    land_in_order(early, random.Random(3).sample(known, len(known)))
    build(early, DAY, known_at=KNOWN_AT, with_tests=False, with_vault=False)
    assert differences(whole, early) == {}

    everything = count(built_town.home, "select count(*) from fct_receipts")
    assert 0 < count(whole, "select count(*) from fct_receipts") < everything
    later = landing_rows(early, f"select count(*) from landing.paid_slips where posted_date > date '{DAY.isoformat()}'")
    assert later[0][0] > 0  # known by then, and booked after the day
    for table in ("fct_movements", "fct_receipts", "rpt_daily_collection"):
        assert count(whole, f"select max(posted_date) from {table}") <= DAY, table
    assert count(whole, "select max(first_assessed_date) from fct_dues") <= DAY


def test_a_past_build_can_be_made_again(built_town: BuiltTown, tmp_path: Path) -> None:
    """What has landed after a build changes nothing when the build is made again as of the same instant."""
    home = sibling(built_town.home, tmp_path / "home", with_landing=True)
    before = evidence(home)
    known_at = count(built_town.home, "select known_at from run_info")
    source = next(p for p in files_below([built_town.town.files]) if p.name.startswith("paid_slips_20260331"))
    lines = source.read_bytes().split(b"\r\n")
    deliver(home.inbox, {"paid_slips_20260601.csv": b"\r\n".join(lines[:3]) + b"\r\n"})
    (offer,) = land(home, [home.inbox], LATEST)
    assert offer.status == "landed"
    assert len(evidence(home)["paid_slips"]) == len(before["paid_slips"]) + 2
    build(home, built_town.as_of, known_at=known_at, with_tests=False, with_vault=False)
    found = differences(built_town.home, home)
    assert found == {}
    assert count(home, "select count(*) from fct_loads where file_name = 'paid_slips_20260601.csv'") == 0
