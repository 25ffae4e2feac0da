"""The beginning of a landing store."""

from __future__ import annotations

from ingestion.landing import Landing
from ingestion.layout_catalog import load_layouts
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import make_landing, open_landing


def begin_landing(home: Home) -> bool:
    """An empty landing store where none is, whatever tells that there was one. False if there is one: it stays."""
    with landing_lock(home, exclusive=True):
        if home.landing.exists():
            return False
        make_landing(home)
        connection = open_landing(home, read_only=False)
        try:
            Landing(connection, load_layouts(home.layouts if home.layouts.is_dir() else None))
        finally:
            connection.close()
    return True
