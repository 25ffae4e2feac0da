"""Osame (納め): what everything stands on, and the name that analysts import: ``osame.connect()``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

__all__ = ["connect"]


def connect(home: str | Path | None = None) -> Backend:
    """The published warehouse for analysts, read-only, as Ibis: ``osame.connect().table("fct_dues")``.

    A build that finishes meanwhile does not disturb it: connect again to see the new books.

    Args:
        home: the office's data, by default ``OSAME_HOME``.

    Raises:
        StoreMissing: there is no warehouse yet.
        StoreDamaged: it cannot be read.
    """
    from osame.home import find_home  # here, because every command imports this package, and Ibis takes a second
    from osame.stores import as_ibis, open_warehouse

    return as_ibis(open_warehouse(find_home(home)))
