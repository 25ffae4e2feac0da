"""Staff records: one small extract file per act, put into the inbox, landed like everything else.

Any number of staff may record at once: a file appears whole or not at all, under a name that no other has.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.csv_cells import input_fields
from ingestion.decoded import Context
from ingestion.findings import Finding, Refused
from ingestion.landing import Offer
from ingestion.layout import Layout, load_layouts
from ingestion.reader import read
from ingestion.row_rules import DUE_KEY
from warehouse.config import Home
from warehouse.connection import act_lock, landing_lock, open_landing
from warehouse.errors import OsameError

Row = Mapping[str, Any]
_MILLISECOND = timedelta(milliseconds=1)
_SHOWN = 10


def registers(home: Home) -> dict[str, Layout]:
    """What may be recorded: every extract, by id."""
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    return {name: layout for name, layout in layouts.items() if layout.extract}


def split_due_key(due_key: str, prefix: str = "") -> dict[str, str]:
    """The nine columns of a due key, each with a prefix (``offset_``).

    Raises:
        OsameError: the key has not nine parts.
    """
    parts = due_key.split("-")
    if len(parts) != len(DUE_KEY):
        raise OsameError(f"{due_key!r} has {len(parts)} parts, a due key has {len(DUE_KEY)}", "copy it from fct_dues")
    return {f"{prefix}{name}": part for name, part in zip(DUE_KEY, parts, strict=True)}


def due_key_of(row: Row, prefix: str = "") -> str:
    """The due key that the nine columns of a row make up."""
    return "-".join(str(row[f"{prefix}{name}"]) for name in DUE_KEY)


def write_record(home: Home, register: str, rows: Iterable[Row], at: datetime) -> Path:
    """Check rows as the reader will, and put them into the inbox as one file.

    Args:
        home: the office's data.
        register: id of the extract.
        rows: values by column name; dates as ``date``, yen as ``int``; a column that is not named is blank.
        at: when it is recorded (JST): its day is the business date, its time orders the versions of that day.

    Returns:
        The file. Its name carries the time in milliseconds, the next free one.

    Raises:
        OsameError: there is no such register, or a value breaks the layout; the first are named, nothing is written.
    """
    known = registers(home)
    if register not in known:
        raise OsameError(f"{register!r} is no register", f"use one of {', '.join(sorted(known))}")
    layout = known[register]
    data = csv_of(layout, rows).encode("utf-8")
    _require_sound(layout, data, at.date())
    midnight = datetime.combine(at.date(), datetime.min.time())
    number = (at - midnight) // _MILLISECOND
    while True:
        target = home.inbox / f"{register}_{at:%Y%m%d}_{number}.csv"
        if _appear(target, data):
            return target
        number += 1


def record(home: Home, register: str, rows: Iterable[Row], at: datetime) -> Offer:
    """Write rows into the inbox and land them at once.

    Raises:
        OsameError: as ``write_record``, or landing refused the file.
    """
    from ingestion.inbox import Options, ingest

    path = write_record(home, register, rows, at)
    (offer,) = ingest(home, [path], Options(now=lambda: at))
    if offer.status == "rejected":
        raise OsameError(
            f"{path.name} was refused: {'; '.join(f.english() for f in offer.findings)}",
            f"see the reason slip in {home.rejected}",
        )
    return offer


@contextmanager
def acting_on(home: Home, registers: Sequence[str], at: datetime) -> Iterator[None]:
    """Read what registers hold and record what follows, with nobody in between.

    Without it two people who pay, approve or number at once would both see what neither has recorded yet. Files of
    these registers that wait in the inbox (of a run that was killed, or of the core system) land first, so that they
    count. The lock is that of the first register.
    """
    from ingestion.inbox import Options, ingest

    with act_lock(home, registers[0]):
        waiting = sorted(path for name in registers for path in home.inbox.glob(f"{name}_*.csv"))
        if waiting:
            list(ingest(home, waiting, Options(now=lambda: at)))
        yield


def taken_back(by: str, reason: str) -> dict[str, Any]:
    """What a row gains that somebody takes back: 削除フラグ, 取消者 and 取消理由.

    Raises:
        OsameError: nobody, or no reason; the layout asks nothing but the key of a row that withdraws.
    """
    for name, value in (("--by", by), ("--reason", reason)):
        if not value.strip():
            raise OsameError(f"{name} is empty; who takes a record back, and why, is kept", f"give {name}")
    return {"is_withdrawn": 1, "withdrawn_by": by, "withdrawn_reason": reason}


def current_rows(
    home: Home, register: str, landed_after: datetime | None = None, *, withdrawn: bool = False
) -> list[dict[str, Any]]:
    """The rows of a register as they hold now, by column name, in the order of the primary key.

    ``landed_after``: only those whose version that holds landed after this instant (JST).

    The highest version of each key, without those that were withdrawn (``withdrawn``: those alone). Landing is read,
    not the warehouse: what was recorded a minute ago is seen. For registers of staff records; those of the core
    systems are too large for it.
    """
    layout = registers(home)[register]
    wanted = [f.name for f in input_fields(layout)]
    key = ", ".join(f"rw.{name}" for name in layout.primary_key)
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            # A store of before the layout gained a column gains it when the next file lands; until then it is blank.
            stored = {name for name, *_ in connection.execute(f"describe landing.{layout.table}").fetchall()}
            rows = connection.execute(
                f"""
                select {", ".join(f"rw.{name}" if name in stored else f"null as {name}" for name in wanted)}
                from landing.{layout.table} as rw
                inner join landing.loads as ld on ld.load_id = rw.load_id and ld.status = 'landed'
                qualify row_number() over (
                    partition by {key} order by ld.business_date desc, ld.sequence_no desc, ld.sha256 desc
                ) = 1 and ($after is null or ld.landed_at > $after)
                order by {key}
                """,
                {"after": landed_after},
            ).fetchall()
        finally:
            connection.close()
    found = [dict(zip(wanted, row, strict=True)) for row in rows]
    return [
        {n: v for n, v in row.items() if n != "is_withdrawn"} for row in found if bool(row["is_withdrawn"]) == withdrawn
    ]


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
