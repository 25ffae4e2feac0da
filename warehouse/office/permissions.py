"""Who may what: the one place that is asked. Today it is the register of staff (``staff``) that answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from ingestion.current import current_rows
from ingestion.layout import Layout
from ingestion.layout_catalog import load_layouts
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import landing_traces, open_landing
from warehouse.settings import load_settings

REGISTER = "staff"
_RECORD = "record-"
_KEEP_STAFF = _RECORD + REGISTER


class NotPermitted(OsameError):
    """Somebody who may not do it."""


def record_permission(layout: Layout) -> Permission:
    """The permission to record rows of a register by hand."""
    return Permission(f"{_RECORD}{layout.id}", f"{layout.title_ja}の記録")


def begin(home: Home, permission: Permission, by: str, at: datetime, reason: str = "") -> Act:
    """An act of somebody who may do it.

    Raises:
        OsameError: nobody is named, or no reason is given where one is asked for.
        NotPermitted: they may not.
    """
    act = Act(permission, by, reason, at)
    require_permitted(home, act)
    return act


def require_permitted(home: Home, act: Act, landing: duckdb.DuckDBPyConnection | None = None) -> None:
    """That who acts is a member of staff on the day of the act, and has a role that the settings ask for.

    While nobody is registered, the first members may be recorded by whoever begins, and nothing else may be done.

    Args:
        home: the office's data.
        act: what is to be done.
        landing: where the caller has it open.

    Raises:
        NotPermitted: they may not.
    """
    staff = {row["staff_no"]: row for row in (_staff(home) if landing is None else _registered(home, landing))}
    if not staff and act.permission.name == _KEEP_STAFF:
        return
    if not staff:
        raise NotPermitted(
            f"no member of staff is registered in {home.root}, so nobody may do this ({act.permission.title_ja})",
            "land the register of staff (職員), or record the first: "
            f"osame record staff staff_no={act.by} name=NAME from_date={act.at.date()} --by {act.by}",
        )
    if act.by not in staff:
        raise NotPermitted(
            f"{act.by!r} is not in the register of staff (職員)",
            "give your own staff number (--by); somebody in the register records new staff: osame record staff …",
        )
    row = staff[act.by]
    _require_in_office(act, row)
    roles = load_settings(home).permissions.get(act.permission.name)
    if roles is not None and row["role_code"] not in roles:
        raise NotPermitted(
            f"{act.by} has the role {row['role_code'] or '(none)'}; {act.permission.name} "
            f"({act.permission.title_ja}) asks for {' or '.join(roles)}",
            f"somebody with that role does it, or {home.settings_file} says otherwise under permissions",
        )


def _require_in_office(act: Act, row: dict[str, Any]) -> None:
    day, begins, ends = act.at.date(), row["from_date"], row["to_date"]
    if day < begins or (ends is not None and ends < day):
        raise NotPermitted(
            f"{act.by} is a member of staff from {begins}" + (f" to {ends}" if ends else "") + f", not on {day}",
            "somebody who is does it; or correct the register of staff (職員)",
        )


def _staff(home: Home) -> list[dict[str, Any]]:
    if not home.landing.exists() and not landing_traces(home):
        return []
    with landing_lock(home, exclusive=False):
        landing = open_landing(home)
        try:
            return _registered(home, landing)
        finally:
            landing.close()


def _registered(home: Home, landing: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Numbers, days and roles: nobody's name is read."""
    layout = load_layouts(home.layouts if home.layouts.is_dir() else None)[REGISTER]
    return current_rows(landing, layout, ["staff_no", "role_code", "from_date", "to_date"])
