"""Staff records: each act is a small extract file that lands like everything else.

Here stands the lock that an act holds on its registers while it reads them and records what follows.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.csv_cells import input_fields
from ingestion.current import current_rows as rows_that_hold
from ingestion.landing import Offer, last_version
from warehouse.act import Act
from warehouse.config import Home
from warehouse.connection import open_landing
from warehouse.locks import landing_lock, register_locks
from warehouse.office.by_hand import Rows, record_rows
from warehouse.office.permissions import require_permitted
from warehouse.office.record_files import Row, csv_of, decoded_soundly, file_name, milliseconds, register_of, text_of
from warehouse.office.recorder import recorder


def write_record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Path:
    """Check rows as the reader will, and put them into the inbox, for the next ``osame ingest`` to land.

    Raises:
        OsameError: as ``Book.put_down``.
    """
    with register_locks(home, [register]):
        require_permitted(home, act)
        return Book(home, (register,), act).put_down(register, rows)


def record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Offer:
    """Record rows of a register and land them at once, wholly or not at all. Others may record in it meanwhile.

    Raises:
        OsameError: as ``Book.record``.
    """
    texts = [{name: text_of(value) for name, value in row.items()} for row in rows]
    told = (act.permission.name, act.permission.title_ja)
    offer = record_rows(home, Rows(register, texts, act.by, act.reason, act.at.isoformat(), told))
    return Offer(**offer, findings=(), warnings=())


@dataclass(frozen=True)
class Book:
    """Registers that nobody else writes to while an act reads them and records what follows."""

    home: Home
    registers: tuple[str, ...]
    act: Act

    def record(self, register: str, rows: Iterable[Row]) -> Offer:
        """Record rows of one of the registers and land them.

        Raises:
            OsameError: as ``record_all``.
        """
        (offer,) = self.record_all({register: rows})
        return offer

    def put_down(self, register: str, rows: Iterable[Row]) -> Path:
        """Put rows of one of the registers into the inbox as one file, for the next ``osame ingest`` to land.

        Args:
            register: id of the extract.
            rows: values by column name; dates as ``date``, yen as ``int``; a column that is not named is blank.

        Returns:
            The file. Its name carries the place that it has among the versions of its day.

        Raises:
            OsameError: a value breaks the layout (the first are named); nothing is written.
        """
        self._require_held(register)
        layout = register_of(self.home, register)
        day = self.act.at.date()
        data = csv_of(layout, rows).encode("utf-8")
        decoded_soundly(layout, data, day)
        with landing_lock(self.home, exclusive=False):
            number = max(milliseconds(self.act.at), _last_version(self.home, layout.table_for(None), day) + 1)
        while not _appear(target := self.home.inbox / file_name(register, day, number), data):
            number += 1
        return target

    def record_all(self, rows: Mapping[str, Iterable[Row]]) -> list[Offer]:
        """Record rows of some of the registers and land them in one transaction: all, or nothing of them.

        Each is a file as a core system would deliver it, and its version is above every other of its keys: what was
        recorded last holds, whatever the clocks say. The file names who recorded it, and why, in ``loads.facts``.

        Raises:
            OsameError: a value breaks its layout, or it contradicts what has landed; nothing is recorded.
            StoreBusy: landing stayed in use; nothing is recorded.
        """
        for register in rows:
            self._require_held(register)
        with landing_lock(self.home, exclusive=True), recorder(self.home) as desk:
            offers = desk.land(self.act, rows)
            desk.serve()
        return offers

    def _require_held(self, register: str) -> None:
        if register not in self.registers:
            raise RuntimeError(f"{register} is recorded without its lock; held are {', '.join(self.registers)}")


@contextmanager
def acting_on(home: Home, registers: Sequence[str], act: Act) -> Iterator[Book]:
    """Read what registers hold and record what follows, with nobody in between.

    Without it two people who pay, approve or number at once would both see what neither has recorded yet. Files of
    these registers that wait in the inbox (recorded with ``write_record``, or of the core system) land first, so that
    they count.

    Raises:
        OsameError: who acts may not.
        StoreBusy: somebody else acts on one of the registers for too long.
    """
    from ingestion.inbox import Options, ingest

    with register_locks(home, registers):
        require_permitted(home, act)
        waiting = sorted(path for name in registers for path in home.inbox.glob(f"{name}_*.csv"))
        if waiting:
            list(ingest(home, waiting, Options(now=lambda: act.at)))
        yield Book(home, tuple(registers), act)


def _last_version(home: Home, table: str, day: date) -> int:
    if not home.landing.exists():
        return -1
    connection = open_landing(home)
    try:
        return last_version(connection, table, day)
    finally:
        connection.close()


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


def _appear(target: Path, data: bytes) -> bool:
    """Write a file whole under a name that nobody has taken; False if somebody has."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".") as hidden:
        hidden.write(data)
        hidden.flush()
        os.fsync(hidden.fileno())
        try:
            target.hardlink_to(hidden.name)  # unlike a rename, never in the place of another's
        except FileExistsError:
            return False
    return True
