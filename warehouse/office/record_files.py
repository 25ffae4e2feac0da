"""Rows of staff records as files: what a core system would deliver, checked as its files are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ingestion.csv_cells import input_fields
from ingestion.decoded import Context, Decoded
from ingestion.findings import Finding, Refused
from ingestion.layout import Layout, load_layouts
from ingestion.reader import read
from ingestion.row_rules import DUE_KEY
from warehouse.config import Home
from warehouse.errors import OsameError

Row = Mapping[str, Any]
_MILLISECOND = timedelta(milliseconds=1)
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


def text_of(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


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
