"""Races of every pair of acts on one decision (``python -m tests.races`` runs each a hundred times)."""

from __future__ import annotations

import pytest

from tests.office import hire
from tests.races import PAIRS, race
from warehouse.config import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("races")).create()
    hire(made)
    return made


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_what_was_called_done_stands(home: Home, pair: tuple[str, str]) -> None:
    for turn, seconds_apart in enumerate((0, -1)):
        race(home, pair, f"{PAIRS.index(pair):02}{turn:04}", seconds_apart)
