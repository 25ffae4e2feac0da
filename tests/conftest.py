"""What tests share: an environment without an office's settings, and one small town that is landed and built once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.office import BuiltTown, build_town

settings.register_profile("osame", deadline=None)  # a machine that is busy is no failure
settings.load_profile("osame")


@pytest.fixture(scope="session", autouse=True)
def _no_office_settings() -> Iterator[None]:
    """Homes, keys and clocks of whoever runs the tests are not theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OSAME_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def built_town(tmp_path_factory: pytest.TempPathFactory) -> BuiltTown:
    """A town of 600 people and 2 years: made, landed, built with every dbt test, and reported. Read it, never write."""
    return build_town(tmp_path_factory.mktemp("built") / "home")
