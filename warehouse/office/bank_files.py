"""Files that go to a bank: made by the layout that reads them, read back, and put down whole where few may look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.layout_catalog import layout_in_use
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Refused
from ingestion.writer import Group, WriteError, write_fixed
from osame.errors import OsameError
from osame.files import write_whole
from osame.home import PRIVATE, Home
from warehouse.law.calendar import non_business_day_name, roll_due_date

OUR_FAULT = "this is a fault of Osame: report it"


def require_open(day: date, option: str) -> None:
    """Banks take no file for a day on which they are closed.

    Raises:
        OsameError: they are; the next day is named.
    """
    closed = non_business_day_name(day)
    if closed is not None:
        raise OsameError(
            f"{option} {day}: banks are closed ({closed})",
            f"the next day on which they are open is {roll_due_date(day)}",
        )


def require_settings(home: Home, section: str, settings: Any, names: Iterable[str]) -> None:
    """What a file says of the office is set.

    Raises:
        OsameError: with every name that is not.
    """
    lacking = [name for name in names if not getattr(settings, name)]
    if lacking:
        raise OsameError(
            f"{home.settings_file}: {section} lacks {', '.join(lacking)}", "see warehouse/defaults.yml for each"
        )


def folder_of(home: Home) -> Path:
    """``published/bank_files``, which nobody else may read: its files hold account numbers."""
    folder = home.published / "bank_files"
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    return folder


def made(
    home: Home, layout_id: str, name: str, groups: Sequence[Group], on: date, advice: str, role: str | None = None
) -> tuple[bytes, Decoded]:
    """The bytes of a file, and what our own reader finds in them.

    Args:
        home: whose layout of that id goes before ours.
        layout_id: of the format.
        name: that the file is to have.
        groups: header and records of each group.
        on: the day on which it is made.
        advice: what to mend where a value cannot be written.
        role: of the format's two directions, if it has two.

    Raises:
        OsameError: a value does not fit its place, or the file does not read back.
    """
    layout = layout_in_use(home.layouts, layout_id)
    try:
        data = write_fixed(layout, groups, role=role)
    except WriteError as error:
        raise OsameError(f"the file cannot be written: {error}", advice) from None
    context = Context(file_name=name, landed_on=on, format=f"{layout_id}:{role}" if role else layout_id)
    try:
        return data, read(data, context, {layout.id: layout})
    except Refused as refused:
        listed = "\n".join(f"  {finding.english()}" for finding in refused.findings)
        raise OsameError(f"the file does not read back:\n{listed}", advice) from None


def put(home: Home, name: str, data: bytes) -> Path:
    """Put a file down whole; a reader never sees a part of it."""
    path = folder_of(home) / name
    write_whole(path, data)
    return path
