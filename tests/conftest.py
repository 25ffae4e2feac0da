"""What every test finds: no settings of an office, a temporary folder of the run, and one town that is built once."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from osame.home import Home
from tests.fixtures.office import BuiltTown, build_town, hire
from tests.fixtures.shared import Shelf

BUILD_NOTHING = ("unit", "property", "docs")  # folders: what make test-fast runs

# A machine that is busy makes no property false.
settings.register_profile("osame", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("osame")
gc.set_threshold(50_000)  # dbt makes a million small objects in each build, and hardly one of them is garbage


@pytest.fixture(scope="session", autouse=True)
def _surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Homes, keys and clocks of whoever runs the tests are not theirs; what they leave behind goes with the run.

    dbt writes no JSON about what it has parsed and run, which nothing here reads: that of the town has it all.
    """
    folder = tmp_path_factory.getbasetemp() / "tmp"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OSAME_")]:
            patch.delenv(name)
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("DBT_WRITE_JSON", "false")
        yield


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """What is made once in a run."""
    return Shelf(tmp_path_factory)


@pytest.fixture(scope="session")
def built_town(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> BuiltTown:
    """A town of 600 people and 2 years: made, landed, built with every dbt test, and reported. Read it, never write."""
    made: BuiltTown = shelf.take("town", lambda folder: build_town(folder / "home"))
    return made.copied(tmp_path_factory.mktemp("town") / "home")


@pytest.fixture
def staffed(shelf: Shelf, tmp_path: Path) -> Home:
    """A home of one's own in which nothing has landed but the register of staff."""
    made = Home(shelf.take("staffed", _staffed))
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path)


def _staffed(folder: Path) -> Path:
    hire(Home(folder).create())
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What builds comes first, so that no long file is left when other processes have nothing more to do.

    Raises:
        pytest.UsageError: a test of a folder that builds nothing asks for what is built.
    """
    items.sort(key=_builds_nothing)
    wrong = [item.nodeid for item in items if _builds_nothing(item) and "shelf" in getattr(item, "fixturenames", ())]
    if wrong:
        raise pytest.UsageError(
            f"{', '.join(wrong)}: found the fixture 'shelf' or what is made with it, in a folder whose tests build "
            "nothing (make test-fast) -> move the test to tests/integration"
        )


def _builds_nothing(item: pytest.Item) -> bool:
    return item.path.parent.name in BUILD_NOTHING
