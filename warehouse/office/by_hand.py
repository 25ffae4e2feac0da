"""Rows that people record: put down, and landed with those of everybody who records at the same moment.

Any number of processes do this at once and most never open a store: what reads layouts and DuckDB is imported by the
one that lands.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from osame.errors import told_again
from osame.home import CODE, Home
from osame.locks import Waiting, register_locks
from warehouse.office import pending
from warehouse.office.rows import Rows


def record_rows(home: Home, rows: Rows, waiting: Waiting | None = None) -> dict[str, Any]:
    """Record rows and land them, wholly or not at all; others may record in the same register meanwhile.

    Returns:
        What ``ingestion.offer.Offer`` says of the file that landed, without findings.

    Raises:
        OsameError: there is no such register, who records may not, or a value breaks its layout; nothing is recorded.
        StoreBusy: an act on the register or another process that holds landing did not end; nothing is recorded.
    """
    _require_register(home, rows.register)
    with register_locks(home, [rows.register], exclusive=False, waiting=waiting):
        answer = pending.recorded(home, asdict(rows), lambda number: _land(home, number), waiting)
    if "refused" in answer:
        raise told_again(answer["refused"])
    return dict(answer["offer"])


def _require_register(home: Home, name: str) -> None:
    """A layout is named as its file is: whether there is one is seen without reading any."""
    known = (folder / f"{name}.yml" for folder in (CODE / "ingestion" / "layouts", home.layouts))
    if Path(name).name == name and any(map(Path.exists, known)):
        return
    from warehouse.office.registers import register_of

    register_of(home, name)  # says which there are


def _land(home: Home, number: str) -> None:
    from warehouse.office.recorder import recorder

    with recorder(home) as desk:
        desk.serve(number)
