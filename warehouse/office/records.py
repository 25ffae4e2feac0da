"""Staff records: each act is a small extract file that lands like everything else.

Here stand the lock that an act holds on its registers, and the order in which acts count: that of recording.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from ingestion import archive
from ingestion.csv_cells import input_fields
from ingestion.current import current_rows as rows_that_hold
from ingestion.decoded import Context
from ingestion.findings import Finding, Refused
from ingestion.landing import Landing, Offer, last_version
from ingestion.layout import Layout, load_layouts
from ingestion.reader import read
from ingestion.row_rules import DUE_KEY
from warehouse.act import Act
from warehouse.config import Home
from warehouse.connection import act_lock, landing_lock, open_landing
from warehouse.errors import OsameError
from warehouse.office.limits import require_room
from warehouse.office.permissions import require_permitted

Row = Mapping[str, Any]
_MILLISECOND = timedelta(milliseconds=1)
_A_MOMENT = timedelta(microseconds=1)
_SHOWN = 10
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


def _register(home: Home, name: str) -> Layout:
    known = registers(home)
    if name not in known:
        raise OsameError(f"{name!r} is no register", f"use one of {', '.join(sorted(known))}")
    return known[name]


def register_to_record(home: Home, name: str) -> Layout:
    """A register of which single rows are recorded by hand.

    Raises:
        OsameError: there is none of that name, or an act of its own keeps it.
    """
    layout = _register(home, name)
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


def write_record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Path:
    """Check rows as the reader will, and put them into the inbox, for the next ``osame ingest`` to land.

    Raises:
        OsameError: as ``Book.put_down``.
    """
    with acting_on(home, [register], act) as book:
        return book.put_down(register, rows)


def record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Offer:
    """Record rows of a register and land them at once, wholly or not at all.

    Raises:
        OsameError: as ``Book.record``.
    """
    with acting_on(home, [register], act) as book:
        return book.record(register, rows)


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
        layout, data = self._file(register, rows)
        day = self.act.at.date()
        with landing_lock(self.home, exclusive=False):
            number = max(_milliseconds(self.act.at), _last_version(self.home, layout.table_for(None), day) + 1)
        while not _appear(target := self.home.inbox / _name(register, day, number), data):
            number += 1
        return target

    def _file(self, register: str, rows: Iterable[Row]) -> tuple[Layout, bytes]:
        if register not in self.registers:
            raise RuntimeError(f"{register} is recorded without its lock; held are {', '.join(self.registers)}")
        layout = _register(self.home, register)
        data = csv_of(layout, rows).encode("utf-8")
        _require_sound(layout, data, self.act.at.date())
        return layout, data

    def record_all(self, rows: Mapping[str, Iterable[Row]]) -> list[Offer]:
        """Record rows of some of the registers and land them in one transaction: all, or nothing of them.

        Each is a file as a core system would deliver it, and its version is above every other of its keys: what was
        recorded last holds, whatever the clocks say. The file names who recorded it, and why, in ``loads.facts``.

        Raises:
            OsameError: a value breaks its layout, or it contradicts what has landed; nothing is recorded.
            StoreBusy: landing stayed in use; nothing is recorded.
        """
        files = [self._file(register, of_register) for register, of_register in rows.items()]
        with landing_lock(self.home, exclusive=True):
            connection = open_landing(self.home, read_only=False)
            archived: list[Path] = []
            try:
                landing = Landing(connection, known_layouts(self.home))
                last = landing.last_landed_at()
                landed_at = self.act.at if last is None else max(self.act.at, last + _A_MOMENT)
                with landing.transaction():
                    offers = [self._land(connection, landing, *file, landed_at, archived) for file in files]
            except BaseException:
                for path in archived:
                    path.unlink(missing_ok=True)
                raise
            finally:
                connection.close()
        return offers

    def _land(
        self,
        connection: duckdb.DuckDBPyConnection,
        landing: Landing,
        layout: Layout,
        data: bytes,
        landed_at: datetime,
        archived: list[Path],
    ) -> Offer:
        day = self.act.at.date()
        name = _name(layout.id, day, 0)
        try:
            decoded = read(data, Context(file_name=name, landed_on=day), {layout.id: layout})
            if layout.id == "decisions":
                require_room(self.home, connection, known_layouts(self.home), decoded.tables[layout.id].to_pylist())
            # A clock that was put back over midnight, or a file of a day to come: the act still comes after it.
            version_day = max(day, landing.last_business_date(decoded) or day)
            at_least = _milliseconds(self.act.at) if version_day == day else 0
            number = max(at_least, landing.last_version(layout.table_for(None), version_day) + 1)
            name = _name(layout.id, version_day, number)
            facts = {"by": self.act.by, "reason": self.act.reason, "permission": self.act.permission.name}
            decoded = replace(
                decoded, business_date=version_day, sequence_no=number, facts=decoded.facts | {"act": facts}
            )
            offer = landing.land(decoded, data, name, landed_at)
        except Refused as refused:
            listed = "; ".join(finding.english() for finding in refused.findings)
            raise OsameError(f"{layout.title_ja} ({layout.id}) was not recorded: {listed}", "mend the values") from None
        # Before the commit: evidence that has landed is in the archive too, whenever the machine stops.
        if archive.find(self.home, offer.sha256) is None:
            archived.append(archive.store(self.home, data, offer.sha256, name, landed_at))
        return offer


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

    with _locked(home, registers):
        require_permitted(home, act)
        waiting = sorted(path for name in registers for path in home.inbox.glob(f"{name}_*.csv"))
        if waiting:
            list(ingest(home, waiting, Options(now=lambda: act.at)))
        yield Book(home, tuple(registers), act)


@contextmanager
def _locked(home: Home, registers: Sequence[str]) -> Iterator[None]:
    """The locks of all registers, in one order for everybody, so that nobody waits for one who waits."""
    with ExitStack() as stack:
        for name in sorted(registers):
            stack.enter_context(act_lock(home, name))
        yield


def _last_version(home: Home, table: str, day: date) -> int:
    if not home.landing.exists():
        return -1
    connection = open_landing(home)
    try:
        return last_version(connection, table, day)
    finally:
        connection.close()


def _name(register: str, day: date, number: int) -> str:
    return f"{register}_{day:%Y%m%d}_{number}.csv"


def _milliseconds(at: datetime) -> int:
    """Of the day: so that a record comes after the sheets that were saved before it."""
    return (at - datetime.combine(at.date(), datetime.min.time())) // _MILLISECOND


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
    layout = _register(home, register)
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


def csv_of(layout: Layout, rows: Iterable[Row]) -> str:
    """An extract as text: header row, then the rows.

    Raises:
        OsameError: a column is unknown.
    """
    fields = {f.name: f for f in input_fields(layout)}
    rows = list(rows)
    used = [f for f in fields.values() if not f.optional_column or any(f.name in row for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([f.header for f in used])
    for row in rows:
        unknown = sorted(set(row) - set(fields))
        if unknown:
            raise OsameError(f"{layout.id} has no column {', '.join(unknown)}", f"it has {', '.join(fields)}")
        writer.writerow([_cell(row.get(f.name)) for f in used])
    return text.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _require_sound(layout: Layout, data: bytes, day: date) -> None:
    context = Context(file_name=f"{layout.id}_{day:%Y%m%d}.csv", landed_on=day, format=layout.id)
    findings: list[Finding] = []
    try:
        findings = [finding for row in read(data, context, {layout.id: layout}).quarantined for finding in row.findings]
    except Refused as refused:
        findings = list(refused.findings)
    if findings:
        listed = "\n".join(f"  {finding.english()}" for finding in findings[:_SHOWN])
        if len(findings) > _SHOWN:
            listed += f"\n  and {len(findings) - _SHOWN:,} more"
        raise OsameError(f"{layout.title_ja} ({layout.id}) was not recorded:\n{listed}", "mend the values")


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
