"""Movements of dues, read by number: asked by key, ``fct_movements`` puts together every movement's to compare it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from osame.errors import OsameError
from osame.stores import rows_of

_MOVEMENTS = """
    select * from fct_movements
    where due_no in (select du.due_no from fct_dues as du where du.due_key in (select unnest(?)))
    order by posted_date, load_id, source_line, movement_id
"""


def movements_of(connection: duckdb.DuckDBPyConnection, due_keys: Sequence[str]) -> list[dict[str, Any]]:
    """Every movement of these dues, in the order of the books; a key that is not known has none.

    Raises:
        OsameError: an installation before this one built the warehouse, and its dues have no numbers.
    """
    try:
        return rows_of(connection, _MOVEMENTS, list(due_keys))
    except duckdb.BinderException:
        raise OsameError("an older Osame built the warehouse: its dues have no due_no", "run: osame build") from None
