"""Rows of staff records as files: what a core system would deliver, checked as its files are."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from ingestion.layout import Layout
from ingestion.offer import last_version
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.input_fields import input_fields
from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing
from warehouse.office.registers import Row, register_of, text_of

_MILLISECOND = timedelta(milliseconds=1)
_SHOWN = 10


def file_name(register: str, day: date, number: int) -> str:
    return f"{register}_{day:%Y%m%d}_{number}.csv"


def milliseconds(at: datetime) -> int:
    """Of the day: so that a record comes after the sheets that were saved before it."""
    return (at - datetime.combine(at.date(), datetime.min.time())) // _MILLISECOND


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
        writer.writerow([text_of(row.get(f.name)) for f in used])
    return text.getvalue()


def decoded_soundly(layout: Layout, data: bytes, day: date) -> Decoded:
    """What the reader makes of a file of records, of which every row must be sound.

    Raises:
        OsameError: a value breaks the layout; the first are named.
    """
    context = Context(file_name=f"{layout.id}_{day:%Y%m%d}.csv", landed_on=day, format=layout.id)
    try:
        decoded = read(data, context, {layout.id: layout})
    except Refused as refused:
        raise _unsound(layout, refused.findings) from None
    findings = [finding for row in decoded.quarantined for finding in row.findings]
    if findings:
        raise _unsound(layout, findings)
    return decoded


def _unsound(layout: Layout, findings: list[Finding]) -> OsameError:
    listed = "\n".join(f"  {finding.english()}" for finding in findings[:_SHOWN])
    if len(findings) > _SHOWN:
        listed += f"\n  and {len(findings) - _SHOWN:,} more"
    return OsameError(f"{layout.title_ja} ({layout.id}) was not recorded:\n{listed}", "mend the values")


def put_down(home: Home, register: str, rows: Iterable[Row], act: Act) -> Path:
    """As ``Book.put_down``."""
    layout, day = register_of(home, register), act.at.date()
    data = csv_of(layout, rows).encode("utf-8")
    decoded_soundly(layout, data, day)
    with landing_lock(home, exclusive=False):
        number = max(milliseconds(act.at), _last_version(home, layout.table_for(None), day) + 1)
    while not _appear(target := home.inbox / file_name(register, day, number), data):
        number += 1
    return target


def _last_version(home: Home, table: str, day: date) -> int:
    if not home.landing.exists():
        return -1
    connection = open_landing(home)
    try:
        return last_version(connection, table, day)
    finally:
        connection.close()


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
