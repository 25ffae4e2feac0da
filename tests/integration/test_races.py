"""Races of every pair of acts on one decision (``python -m tests.races`` runs each a hundred times)."""

from __future__ import annotations

import pytest

from osame.home import Home
from tests.fixtures.office import hire
from tests.races import PAIRS, race


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("races")).create()
    hire(made)
    return made


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_what_was_called_done_stands(home: Home, pair: tuple[str, str]) -> None:
    race(home, pair, f"{PAIRS.index(pair):02}", seconds_apart=-1)
