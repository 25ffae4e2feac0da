"""Delivered files: which there are below a folder, and what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from osame.errors import OsameError


def files_below(paths: Iterable[Path]) -> list[Path]:
    """What is named, and what is in the folders named, by file name. Hidden files are work in progress.

    Everything but folders: a link to nowhere or a pipe cannot land, and is said rather than passed over.

    Raises:
        OsameError: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += _below(path)
        elif os.path.lexists(path):
            found.append(path)
        else:
            raise OsameError(f"{path} does not exist", "name a file or a folder")
    return sorted(found, key=lambda p: (p.name, str(p)))


def _below(folder: Path) -> Iterator[Path]:
    """What is in a folder and its folders. One that may not be looked into, or is a link, stands for what is in it."""
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        yield folder
        return
    for entry in listed:
        if entry.name.startswith((".", "~$")):  # being written, or what Excel puts beside a workbook that is open
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(folder / entry.name)
        else:
            yield folder / entry.name


def readable_name(path: Path) -> str:
    """The name of a delivered file. One that is no UTF-8 (from a Windows disk or an archive) is read as CP932."""
    raw = os.fsencode(path.name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace")
