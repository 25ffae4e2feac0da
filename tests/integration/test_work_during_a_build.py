"""While a build runs, people record, approve, issue and land files, and wait for nothing; the next build has it all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from osame.home import PROJECT, Home
from tests.fixtures.csv_files import LAYOUTS, PAID_SLIP, file_of
from tests.fixtures.office import BuiltTown, count, deliver, environment, landing_rows, osame
from warehouse.build import build

NOW = "2026-06-02T09:00:00"
AT_ONCE = {"OSAME_NOW": NOW, "OSAME_LOCK_WAIT": "2"}  # seconds, and a build takes longer
DECISION = "20260602090000001"


@pytest.fixture(scope="module")
def home(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return built_town.copied(tmp_path_factory.mktemp("busy") / "home").home


@pytest.fixture(scope="module")
def during_a_build(home: Home, built_town: BuiltTown) -> Iterator[list[subprocess.CompletedProcess[str]]]:
    """What each command of a working day said while a build was at its beginning, which has ended since."""
    owed, overpaid = _due(home, "state = 'delinquent'"), _due(home, "overpaid_yen > 5000")
    deliver(home.inbox, {"paid_slips_20260602.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9001"}])})
    # A date of the draft: the file of the day is another than those of the town.
    draft = f"decision_no={DECISION} line_no=1 decision_type_code=1 due_key={overpaid} from_component_code=1 " + (
        "amount_yen=1000 fiscal_year=2025 drafted_date=2026-06-02"
    )
    works = [
        f"record reminders due_key={owed} sent_date=2026-06-01 reminder_fee_yen=0 --by 1001",
        f"record decisions {draft} --by 1001",
        f"approve {DECISION} --by 1002 --on 2026-06-02",
        f"issue slip {owed} --pay-by 2026-06-30 --by 1001 --reason 窓口",
        "ingest",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.paused_build", str(home.root), built_town.town.as_of],
        env=environment(home, OSAME_NOW=NOW),
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        assert process.stdout.readline() == "paused\n"
        done = [osame(home, *work.split(), **AT_ONCE) for work in works]
        process.stdin.write("\n")
        process.stdin.close()
        assert process.wait(timeout=240) == 0
    finally:
        process.kill()
        process.wait()
    yield done


def _due(home: Home, condition: str) -> str:
    return str(count(home, f"select min(due_key) from fct_dues where {condition}"))


def test_nobody_waits(during_a_build: list[subprocess.CompletedProcess[str]]) -> None:
    for done in during_a_build:
        assert done.returncode == 0, done.stderr
        assert "waiting" not in done.stderr


def test_the_build_knows_what_had_landed_when_it_began_and_the_next_one_the_rest(
    home: Home, built_town: BuiltTown, during_a_build: list[subprocess.CompletedProcess[str]]
) -> None:
    known_at = count(home, "select known_at from run_info")
    before = f"select count(*) from landing.loads where status = 'landed' and landed_at <= '{known_at}'"
    meanwhile = landing_rows(home, f"select format from landing.loads where landed_at > '{known_at}' order by offer_no")
    assert meanwhile == [("reminders",), ("decisions",), ("decisions",), ("slips",), ("paid_slips",)]
    built = count(home, "select count(*) from fct_loads where status = 'landed'")
    assert [(built,)] == landing_rows(home, before)
    build(home, built_town.as_of, with_tests=False)
    assert count(home, "select count(*) from fct_loads where status = 'landed'") == built + len(meanwhile)
