"""Whether the stores still hold what was put into them: landing against the warehouse and the archive."""

from __future__ import annotations

import duckdb

from ingestion import archive
from osame.errors import OsameError, StoreDamaged, StoreMissing
from osame.home import Home
from osame.stores import open_warehouse

_SHOWN = 5


def landed(landing: duckdb.DuckDBPyConnection) -> dict[int, tuple[str, str]]:
    """Every landed load: its id, with sha256 and file name."""
    rows = landing.execute("select load_id, sha256, file_name from landing.loads where status = 'landed'").fetchall()
    return {load_id: (sha256, name) for load_id, sha256, name in rows}


def lost_loads(home: Home, here: dict[int, tuple[str, str]]) -> list[str]:
    """Names of files that the published warehouse knows and landing (``here``: what has landed) does not.

    A warehouse that cannot be read tells nothing; then the archive does, which has every file that has landed.
    """
    try:
        connection = open_warehouse(home)
        try:
            known = connection.execute("select load_id, file_name from fct_loads where status = 'landed'").fetchall()
        finally:
            connection.close()
    except StoreMissing:
        return []
    except (StoreDamaged, duckdb.Error):
        return not_in_landing(home, here)
    return sorted(name for load_id, name in known if load_id not in here)


def not_in_landing(home: Home, here: dict[int, tuple[str, str]]) -> list[str]:
    """Names of archived files whose content has not landed: landing is older than its archive."""
    hashes = {sha256 for sha256, _ in here.values()}
    return sorted(name for sha256, name in archive.archived(home) if sha256 not in hashes)


def not_in_archive(home: Home, here: dict[int, tuple[str, str]]) -> list[str]:
    """Names of landed files that the archive does not have."""
    hashes = {sha256 for sha256, _ in archive.archived(home)}
    return sorted(name for sha256, name in here.values() if sha256 not in hashes)


def require_all_loads(home: Home, landing: duckdb.DuckDBPyConnection) -> None:
    """A build takes nothing out of the books by the way.

    Raises:
        OsameError: the warehouse that it would replace knows files that landing has not.
    """
    lost = lost_loads(home, landed(landing))
    if not lost:
        return
    raise OsameError(
        f"{home.landing} lacks {len(lost):,} files that the published warehouse knows: {some(lost)}; "
        "nothing was built, and that warehouse stays",
        "put landing.duckdb back from its backup (osame doctor tells what else is missing); only if these files are "
        "meant to leave the books: osame build --allow-fewer-loads",
    )


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    left = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {left:,} more" if left > 0 else "")
