"""What is landed, built, published and waiting, for ``osame status``."""

from __future__ import annotations

from typing import Any

import duckdb

from ingestion.inbox import files_below
from warehouse.config import Home
from warehouse.connection import landing_lock, open_landing, open_warehouse
from warehouse.office.freshness import freshness


def status(home: Home) -> dict[str, Any]:
    """The state of a home; the keys are stable."""
    return {
        "home": str(home.root),
        "inbox_files": len(files_below([home.inbox])),
        "rejected_files": sum(1 for _ in home.rejected.glob("*.reason.json")),
        "landing": _landing(home),
        "warehouse": _warehouse(home),
        "published_runs": sum(1 for _ in home.published.glob("*/*/manifest.json")),
    }


def _landing(home: Home) -> dict[str, Any]:
    empty = {"landed": 0, "rejected": 0, "duplicate": 0, "records": 0, "quarantined": 0, "last_landed_at": None}
    if not home.landing.exists():
        return empty
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
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
    connection = open_warehouse(home)
    try:
        row = connection.execute(
            """
            select ri.as_of_date, ri.known_at, ri.code_version,
                (select count(*) from fct_dues), (select count(*) from fct_receipts)
            from run_info as ri
            """
        ).fetchone()
        is_behind = home.landing.exists() and freshness(home, connection).is_behind
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
