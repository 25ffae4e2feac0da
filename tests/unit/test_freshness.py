"""Whether the build is behind: by load and by what rows do to the books, one answer for all that ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from osame.errors import OsameError
from osame.home import Home, open_home
from osame.locks import landing_lock
from osame.stores import open_memory
from tests.fixtures.office import LATEST, deliver, land, landing_rows, tiny_files
from warehouse.collection.addressee_standing import behind_notice
from warehouse.collection.closing import _require_all_built
from warehouse.office.freshness import Freshness, LandedFile, freshness


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(tmp_path / "home")
    deliver(home.inbox, tiny_files())
    assert {offer.status for offer in land(home, [home.inbox])} == {"landed"}
    return home


def warehouse_that_knows(home: Home, *files: str) -> Any:
    """What freshness asks of a warehouse: the loads that it was built from."""
    rows = landing_rows(home, "select load_id, file_name from landing.loads where status = 'landed'")
    connection = open_memory()
    connection.execute("create table fct_loads (load_id varchar, status varchar)")
    for load, name in rows:
        status = "landed" if name.split("_2")[0] in files else "rejected"
        connection.execute("insert into fct_loads values (?, ?)", [load, status])
    return connection


@pytest.mark.parametrize(
    ("known", "since", "is_behind", "closes"),
    [
        (["assessments", "slips", "paid_slips"], [], False, True),
        (["assessments", "paid_slips"], ["match"], False, False),  # a slip that lands late matches what waits
        (["assessments", "slips"], ["books"], True, False),
        ([], ["books", "match", "books"], True, False),
    ],
)
def test_files_since_the_build_by_their_effect(
    home: Home, known: list[str], since: list[str], is_behind: bool, closes: bool
) -> None:
    found = freshness(home, warehouse_that_knows(home, *known))
    assert sorted(file.effect for file in found.since) == sorted(since)
    assert found.is_behind is is_behind
    notice = behind_notice(found)
    assert (notice is not None and notice.code == "behind") is is_behind
    if closes:
        _require_all_built(found)
    else:
        with pytest.raises(OsameError, match="landed after the build"):
            _require_all_built(found)


def test_what_a_build_left_out_counts_though_it_landed_before_it(home: Home) -> None:
    """``osame build --known-at``: the instants say nothing, the loads do."""
    found = freshness(home, warehouse_that_knows(home, "assessments", "slips"))
    assert [file.file_name for file in found.files("books")] == ["paid_slips_20250702.csv"]
    assert found.since[0].landed_at == LATEST


def test_a_table_that_no_layout_has_any_more_may_hold_anything(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.office.freshness.tables_by_effect", lambda _layouts: {"none": {"slips"}})
    found = freshness(home, warehouse_that_knows(home))
    assert sorted(file.effect for file in found.since) == ["books", "books", "none"]


def test_who_does_not_wait_is_told_that_files_are_landing(home: Home) -> None:
    warehouse = warehouse_that_knows(home)
    with landing_lock(home, exclusive=True):
        found = freshness(home, warehouse, wait=False)
    assert found == Freshness((), is_landing=True)
    notice = behind_notice(found)
    assert notice is not None and notice.code == "landing_now"


def test_the_notice_counts_what_matters_and_says_when_it_came() -> None:
    at = datetime(2026, 7, 1, 9, 30)
    files = [
        LandedFile("1", "a.csv", at, "books"),
        LandedFile("2", "b.csv", at + timedelta(minutes=5), "books"),
        LandedFile("3", "slips.csv", at + timedelta(hours=1), "match"),
    ]
    notice = behind_notice(Freshness(tuple(files)))
    assert notice is not None
    assert "2 files have landed" in notice.english and "2026-07-01 09:35" in notice.english
    assert "2件" in notice.japanese
