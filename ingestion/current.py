"""Which row of a register holds: the rule of ``ingestion/macros/current_rows.sql``, for whoever reads landing itself.

The models of a build render the same macro through dbt, so that a build, the vault and an act never disagree on a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import duckdb
import jinja2

from ingestion.layout import Layout
from osame.home import PROJECT
from osame.stores import rows_of

_MACROS = PROJECT / "ingestion" / "macros" / "current_rows.sql"
_ALWAYS = "date '9999-12-31'"
_EVER = "timestamp '9999-12-31 00:00:00'"


def current_sql(
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    withdrawn: bool = False,
) -> str:
    """A query for the rows of a register that hold: ``columns``, then load_id, source_line and load_rank.

    The store is attached as ``landing``. Names are those of a layout, which were checked when it was loaded.

    Args:
        table: landing table of the register.
        key: columns of its primary key.
        columns: what to put out.
        as_of: versions that withdraw something after this day do not count yet; default: all count.
        known_at: files that landed after this instant (JST) do not count; default: all count.
        withdrawn: the keys that were withdrawn, as their last rows say, instead of those that hold.
    """
    day = f"date '{as_of.isoformat()}'" if as_of else _ALWAYS
    instant = f"timestamp '{known_at.isoformat(sep=' ')}'" if known_at else _EVER
    return str(_macros(day, instant).current_rows(table, list(key), list(columns), withdrawn))


@lru_cache(maxsize=8)
def _macros(as_of: str, known_at: str) -> Any:
    """The macros as plain Jinja, with what dbt and the dialect's macros give them: here it is always DuckDB."""
    names: dict[str, Any] = {
        "source": lambda schema, table: f'{schema}."{table}"',
        "as_of_date": lambda: as_of,
        "known_at": lambda: known_at,
        "hash64": lambda expression: f"hash({expression})",
        "not_among": lambda columns, relation: (
            f"({', '.join(columns)}) not in (select ({', '.join('na.' + c.split('.')[1] for c in columns)}) "
            f"from {relation} as na)"
        ),
        "ref": lambda _stg_loads: f"({module.load_versions()})",
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701
    module: Any = environment.from_string(_MACROS.read_text(encoding="utf-8")).make_module(names)
    return module


def current_rows(
    landing: duckdb.DuckDBPyConnection,
    layout: Layout,
    columns: Sequence[str],
    *,
    withdrawn: bool = False,
    where: str = "true",
    parameters: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows of a register that hold now, in the order of its primary key, with ``load_id`` and ``source_line``.

    A store of before the layout gained a table or a column gains it when the next file lands; until then there are no
    rows, and the column is None.

    Args:
        landing: an open landing store.
        layout: of the register.
        columns: what to put out.
        withdrawn: the keys that were withdrawn instead, as their last rows say.
        where: a condition on the rows that hold.
        parameters: its values.
    """
    table = layout.table_for(None)
    stored = _columns(landing, table)
    if not stored:
        return []
    have = [name for name in columns if name in stored]
    order = ", ".join(f"cr.{name}" for name in layout.primary_key)
    wanted = list(dict.fromkeys([*have, *layout.primary_key]))
    rule = current_sql(table, layout.primary_key, wanted, withdrawn=withdrawn)
    rows = rows_of(landing, f"select * from ({rule}) as cr where {where} order by {order}", **(parameters or {}))
    return [{name: row.get(name) for name in (*columns, "load_id", "source_line")} for row in rows]


def _columns(landing: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    rows = landing.execute(
        "select column_name from duckdb_columns() where database_name = 'landing' and table_name = ?", [table]
    ).fetchall()
    return {name for (name,) in rows}
