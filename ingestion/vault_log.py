"""Who has read about whom in the vault, when and why: one line per reading, each with the hash of the line before.

A line that is changed or removed shows, because the next line no longer follows it; that the last lines are missing
shows where an issued document names the reading that it was made from.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from osame.act import Act
from osame.home import Home

LOG_FILE = "vault_reads.jsonl"
BEGINNING = "0" * 64
_CHUNK = 65_536


def append(home: Home, act: Act, what: str, addressees: Sequence[str], *, shows_protected: bool) -> str:
    """Write one line, on the disk before this returns. Returns the line's hash, by which a manifest names it.

    Args:
        home: whose log.
        act: who asks, and why.
        what: ``people`` or ``accounts``; ``search`` for a person, which gives numbers only.
        addressees: numbers of everyone who is read about; of a search none, for what was looked for may be a name.
        shows_protected: whether addresses under 支援措置 are given out.
    """
    path = home.make_private(home.logs) / LOG_FILE
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(fd, "r+b", buffering=0) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        last, is_whole = _last_line(handle.fileno())
        line = json.dumps(
            {
                "at": act.at.isoformat(sep=" ", timespec="seconds"),
                "os_user": _os_user(),
                "by": act.by,
                "document": act.permission.name,
                "reason": act.reason,
                "what": what,
                "shows_protected": shows_protected,
                "count": len(addressees),
                "addressees": list(addressees),
                "previous": BEGINNING if last is None else _hash(last),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        # A line that a crash cut off stays as it is, and shows.
        handle.write((b"" if is_whole else b"\n") + line + b"\n")
        os.fsync(handle.fileno())
    return _hash(line)


def _os_user() -> str:
    """Who runs this, as the system knows it: not $USER, which anyone may set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def entries(home: Home) -> Iterator[dict[str, Any]]:
    """Every reading, oldest first. Lines that are none are left to ``problems``."""
    for _, line in _lines(home.logs / LOG_FILE):
        entry = _parsed(line)
        if entry is not None:
            yield entry


def problems(home: Home) -> list[str]:
    """What shows that the log was changed; empty if nothing does."""
    found = []
    expected = BEGINNING
    known = set()
    for number, line in _lines(home.logs / LOG_FILE):
        entry = _parsed(line)
        if entry is None:
            found.append(f"line {number} is no entry: changed by hand, or cut off by a crash")
        elif entry["previous"] != expected:
            found.append(f"line {number} does not follow the line before it: one was changed or removed there")
        expected = _hash(line)
        known.add(expected)
    for path in sorted(home.documents.glob("*/*/manifest.json")):
        for read in json.loads(path.read_text(encoding="utf-8")).get("vault_reads", []):
            if read not in known:
                found.append(f"{path.parent} was made from a reading that is not in the log")
    return found


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "previous" in entry else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if not path.exists():
        return
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            yield number, line.rstrip(b"\n")


def _last_line(fd: int) -> tuple[bytes | None, bool]:
    """The last line, and whether it ends as a line does. The log may be large: it is read from its end."""
    end = os.lseek(fd, 0, os.SEEK_END)
    if end == 0:
        return None, True
    start, tail = end, b""
    while start > 0 and b"\n" not in tail[:-1]:
        size = min(_CHUNK, start)
        start -= size
        tail = os.pread(fd, size, start) + tail
    is_whole = tail.endswith(b"\n")
    return tail.removesuffix(b"\n").rsplit(b"\n", 1)[-1], is_whole
