"""The registers of an office: which there are, and what they hold now.

Landing is read, not the warehouse: what was recorded a minute ago is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from ingestion.current import current_rows as rows_that_hold
from ingestion.due_key import DUE_KEY
from ingestion.layout import Layout
from ingestion.layout_catalog import load_layouts
from ingestion.readers.input_fields import input_fields
from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing

Row = Mapping[str, Any]
# Registers in which a single row would say what only an act of its own may say: two persons sign it, or it is numbered.
_KEPT_BY = {
    "certificates": "osame issue certificate, osame withdraw-certificate",
    "closings": "osame draft-closing, osame close",
    "closing_lines": "osame close",
    "closing_flows": "osame close",
}


def known_layouts(home: Home) -> dict[str, Layout]:
    """Every layout of an office, ours and its own, by id."""
    return load_layouts(home.layouts if home.layouts.is_dir() else None)


def registers(home: Home) -> dict[str, Layout]:
    """What may be recorded: every extract, by id."""
    return {name: layout for name, layout in known_layouts(home).items() if layout.extract}


def register_of(home: Home, name: str) -> Layout:
    known = registers(home)
    if name not in known:
        raise OsameError(f"{name!r} is no register", f"use one of {', '.join(sorted(known))}")
    return known[name]


def register_to_record(home: Home, name: str) -> Layout:
    """A register of which single rows are recorded by hand.

    Raises:
        OsameError: there is none of that name, or an act of its own keeps it.
    """
    layout = register_of(home, name)
    if name in _KEPT_BY:
        raise OsameError(f"{layout.title_ja} ({name}) is not recorded row by row", f"use: {_KEPT_BY[name]}")
    return layout


def split_due_key(due_key: str, prefix: str = "") -> dict[str, str]:
    """The nine columns of a due key, each with a prefix (``offset_``).

    Raises:
        OsameError: the key has not nine parts.
    """
    parts = due_key.split("-")
    if len(parts) != len(DUE_KEY):
        raise OsameError(f"{due_key!r} has {len(parts)} parts, a due key has {len(DUE_KEY)}", "copy it from fct_dues")
    return {f"{prefix}{name}": part for name, part in zip(DUE_KEY, parts, strict=True)}


_KEYS = {"due_key": "", "offset_due_key": "offset_"}


def with_keys(row: Mapping[str, str]) -> dict[str, Any]:
    """A row with the columns that its ``due_key`` and ``offset_due_key`` stand for.

    Raises:
        OsameError: a key has not nine parts.
    """
    whole: dict[str, Any] = {}
    for name, text in row.items():
        whole |= split_due_key(text, _KEYS[name]) if name in _KEYS else {name: text}
    return whole


def taken_back(act: Act) -> dict[str, Any]:
    """What a row gains that somebody takes back: 削除フラグ, 取消者 and 取消理由."""
    return {"is_withdrawn": 1, "withdrawn_by": act.by, "withdrawn_reason": act.reason}


def current_rows(
    home: Home,
    register: str,
    *,
    withdrawn: bool = False,
    where: str = "true",
    parameters: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows of a register as they hold now, by column name, in the order of the primary key; with their ``load_id``.

    Landing is read, not the warehouse: what was recorded a minute ago is seen. For registers of staff records; those of
    the core systems are too large for it. See ``ingestion.current`` for the rule.

    Args:
        home: the office's data.
        register: id of the extract.
        withdrawn: those that were taken back instead, as they say.
        where: a condition on the rows that hold, ``cr`` in SQL.
        parameters: its values.
    """
    layout = register_of(home, register)
    columns = [f.name for f in input_fields(layout) if f.name != "is_withdrawn"]
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            return rows_that_hold(
                connection, layout, columns, withdrawn=withdrawn, where=where, parameters=dict(parameters or {})
            )
        finally:
            connection.close()


def recordable(row: Row) -> dict[str, Any]:
    """A row that holds, to be recorded again with a change: without where it came from."""
    return {name: value for name, value in row.items() if name not in ("load_id", "source_line")}


def text_of(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
