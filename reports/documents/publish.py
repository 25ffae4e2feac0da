"""Issued documents go to ``published/documents/<document>/<run>/``: whole or not at all, never over another."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from osame.act import Act
from osame.errors import OsameError
from osame.home import Home

MANIFEST_FILE = "manifest.json"
READ_ONLY = 0o400
_MOST_RUNS_A_SECOND = 100


@dataclass(frozen=True)
class Issued:
    """Where a run of documents is."""

    folder: Path
    files: tuple[Path, ...]
    manifest: dict[str, Any]


def publish(
    home: Home,
    act: Act,
    pdfs: Mapping[str, bytes],
    *,
    count: int,
    as_of: date,
    known_at: datetime | None,
    vault_reads: Sequence[str],
    details: Mapping[str, Any] | None = None,
) -> Issued:
    """Put PDFs and their manifest into a new folder that only its owner may open.

    Args:
        home: whose ``published``.
        act: what document, by whom, why and when; the same as the readings of the vault were logged with.
        pdfs: content by file name.
        count: papers in all files.
        as_of: the day whose balances are printed.
        known_at: of the warehouse that was read.
        vault_reads: hashes of the log lines of the readings; ``osame vault-log --verify`` looks for them.
        details: what else the manifest says; no names, addresses or account numbers.
    """
    manifest = {
        "document": act.permission.name,
        "by": act.by,
        "reason": act.reason,
        "issued_at": act.at.isoformat(sep=" ", timespec="seconds"),
        "as_of_date": as_of.isoformat(),
        "known_at": known_at.isoformat(sep=" ") if known_at else None,
        "count": count,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in pdfs.items()},
        "vault_reads": list(vault_reads),
        **(details or {}),
    }
    parent = home.make_private(home.make_private(home.documents) / act.permission.name)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=parent))  # mode 0700
    try:
        contents = {**pdfs, MANIFEST_FILE: json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"}
        for name, data in contents.items():
            path = partial / name
            path.write_bytes(data)
            path.chmod(READ_ONLY)
        folder = _renamed(partial, parent, f"{act.at:%Y%m%d-%H%M%S}")
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Issued(folder, tuple(folder / name for name in pdfs), manifest)


def _renamed(partial: Path, parent: Path, base: str) -> Path:
    """The first free name of the second. A rename onto a folder that is not empty fails: nothing is ever replaced."""
    for number in range(1, _MOST_RUNS_A_SECOND):
        folder = parent / (base if number == 1 else f"{base}-{number}")
        try:
            return partial.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    raise OsameError(f"{parent}: {base} was issued {_MOST_RUNS_A_SECOND} times", "issue it again in a second")
