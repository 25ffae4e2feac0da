"""Whether the build is behind: which files have landed that it does not know, and what their rows do to the books.

The one answer, for whatever shows or decides and for ``osame status``. Files are compared by load,
never by instant: a build made with ``--known-at`` leaves out files that landed before it, and clocks go back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from ingestion.layout import Effect, tables_by_effect
from ingestion.layout_catalog import load_layouts
from osame.errors import StoreBusy
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file that has landed and that the build does not know. ``effect`` is what its layout says of its rows."""

    load_id: str
    file_name: str
    landed_at: datetime
    effect: Effect


@dataclass(frozen=True, slots=True)
class Freshness:
    """What has landed since the build, in the order of landing.

    ``is_landing``: another process writes at this moment, and nobody waited for it, so that nothing is known.
    """

    since: tuple[LandedFile, ...]
    is_landing: bool = False

    def files(self, *effects: Effect) -> list[LandedFile]:
        """Those whose rows have one of these effects."""
        return [file for file in self.since if file.effect in effects]

    @property
    def is_behind(self) -> bool:
        """Whether a due may look more paid, or less, than it is."""
        return bool(self.files("books"))


def freshness(home: Home, warehouse: duckdb.DuckDBPyConnection, *, wait: bool = True) -> Freshness:
    """What has landed since a warehouse was built.

    Args:
        home: whose landing.
        warehouse: as ``open_warehouse`` gives it.
        wait: for a process that is landing files; else the answer is that it is.

    Raises:
        StoreBusy: with ``wait``, another process still writes to landing after the longest wait.
    """
    built = warehouse.execute("select load_id from fct_loads where status = 'landed'").fetchall()
    known = {str(load) for (load,) in built}
    try:
        with landing_lock(home, exclusive=False, wait=wait):
            landing = open_landing(home)
            try:
                rows = landing.execute(
                    "select load_id, file_name, landed_at, landing_table from landing.loads "
                    "where status = 'landed' order by landed_at, load_id"
                ).fetchall()
            finally:
                landing.close()
    except StoreBusy:
        if wait:
            raise
        return Freshness((), is_landing=True)
    unknown = [row for row in rows if str(row[0]) not in known]
    effects = _effects(home) if unknown else {}
    return Freshness(
        # A table that no layout has any more (the office took its own away) may hold anything.
        tuple(LandedFile(str(load), name, at, effects.get(table, "books")) for load, name, at, table in unknown)
    )


def _effects(home: Home) -> dict[str, Effect]:
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    return {table: effect for effect, tables in tables_by_effect(layouts).items() for table in tables}
