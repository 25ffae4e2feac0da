"""What is landed, built, published and waiting, for ``osame status``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import duckdb

from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing, open_warehouse
from warehouse.build_record import last_build
from warehouse.health import examine_home, refused_files, unbuilt, waiting_files


def status(home: Home) -> dict[str, Any]:
    """The state of a home; the keys are stable. ``warnings`` has what a person must look at."""
    tried = last_build(home)
    return {
        "home": str(home.root),
        "inbox_files": waiting_files(home),
        "rejected_files": refused_files(home),
        "landing": _landing(home),
        "warehouse": _warehouse(home),
        "published_runs": sum(1 for _ in home.published.glob("*/*/manifest.json")),
        "last_build": None if tried is None else asdict(tried),
        "warnings": [
            {"name": check.name, "found": check.found, "advice": check.advice}
            for check in examine_home(home)
            if not check.passed
        ],
    }


def _landing(home: Home) -> dict[str, Any]:
    empty = {"landed": 0, "rejected": 0, "duplicate": 0, "records": 0, "quarantined": 0, "last_landed_at": None}
    if not home.landing.exists():
        return empty
    with landing_lock(home, exclusive=False):
        try:
            connection = open_landing(home)
        except (OsameError, OSError):  # told by the warnings
            return empty
        try:
            row = connection.execute(
                """
                select
                    count(*) filter (where status = 'landed'), count(*) filter (where status = 'rejected'),
                    count(*) filter (where status = 'duplicate'), coalesce(sum(records), 0),
                    coalesce(sum(quarantined), 0), max(landed_at) filter (where status = 'landed')
                from landing.loads
                """
            ).fetchone()
        except duckdb.CatalogException:  # the store was made and its tables were not: a first run was killed
            return empty
        finally:
            connection.close()
    if row is None:
        return empty
    return dict(zip(empty, [*(int(v) for v in row[:5]), row[5]], strict=True))


def _warehouse(home: Home) -> dict[str, Any] | None:
    if not home.warehouse.exists():
        return None
    try:
        connection = open_warehouse(home)
    except (OsameError, OSError):  # told by the warnings
        return None
    try:
        row = connection.execute(
            """
            select ri.as_of_date, ri.known_at, ri.code_version,
                (select count(*) from fct_dues), (select count(*) from fct_receipts)
            from run_info as ri
            """
        ).fetchone()
        is_behind = bool(unbuilt(home, connection))
    except duckdb.Error:  # told by the warnings
        return None
    finally:
        connection.close()
    if row is None:
        return None
    return {
        "as_of_date": row[0],
        "known_at": row[1],
        "code_version": row[2],
        "dues": row[3],
        "receipts": row[4],
        "is_behind": is_behind,
    }
