"""Two hundred people record at once: none of it lost, none doubled, and all of it answered, whoever is killed."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from ingestion.due_key import DUE_KEY
from osame.home import Home, open_home
from tests.fixtures.office import environment, hire, landing_rows, python
from tests.fixtures.recorders import KEY, STEPS

PEOPLE = 200


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(tmp_path / "home")
    hire(made)
    return made


def record_all(home: Home, count: int, *step: str) -> dict[int, str | int]:
    done = python("-m", "tests.fixtures.recorders", home.root, str(count), *step, env=environment(home))
    assert done.returncode == 0, done.stderr
    return {int(number): end for number, end in json.loads(done.stdout).items()}


def landed(home: Home) -> Counter[str]:
    """How often each row has landed, by its due."""
    rows = landing_rows(
        home,
        f"select concat_ws('-', {', '.join(DUE_KEY)}) from landing.reminders "
        "inner join landing.loads using (load_id) where status = 'landed'",
    )
    return Counter(key for (key,) in rows)


def test_two_hundred_record_at_once(home: Home) -> None:
    ends = record_all(home, PEOPLE)
    assert ends == dict.fromkeys(range(PEOPLE), "ok")
    assert landed(home) == Counter(KEY.format(number) for number in range(PEOPLE))
    assert len(list(home.archive.rglob("*-reminders_*.csv"))) == PEOPLE
    assert list((home.work / "records").iterdir()) == []
    instants = landing_rows(home, "select landed_at from landing.loads order by offer_no")
    assert instants == sorted(set(instants))


@pytest.mark.parametrize("step", STEPS)
def test_the_one_that_lands_is_killed(home: Home, step: str) -> None:
    count = PEOPLE if step == "committed" else 20
    ends = record_all(home, count, step)
    killed = [number for number, end in ends.items() if end == signal.SIGKILL]
    assert len(killed) == 1
    assert {end for number, end in ends.items() if number not in killed} == {"ok"}
    rows = landed(home)
    assert rows - Counter({KEY.format(killed[0]): 1}) == Counter(
        KEY.format(number) for number in range(count) if number not in killed
    )
    assert record_all(home, 1) == {0: "ok"}  # and what it left behind is in nobody's way
    assert list((home.work / "records").iterdir()) == []
