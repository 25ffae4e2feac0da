"""What became of the last build that was tried: ``logs/last_build.json``, for ``osame status`` and ``osame doctor``.

The published warehouse tells of the last build that ended well, and nothing of those that did not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Literal

from osame.clock import now
from osame.errors import OsameError
from osame.files import write_whole
from osame.home import Home
from osame.locks import is_alive

_LONGEST = 4096  # characters of a reason
State = Literal["running", "ok", "failed", "killed", "unreadable"]


@dataclass(frozen=True)
class BuildRecord:
    """One attempt. Times are JST; ``killed``: the process is gone and has not said what became of it."""

    state: State
    as_of: str | None
    known_at: str | None
    started_at: str | None
    finished_at: str | None
    reason: str | None
    pid: int


@contextmanager
def attempt(home: Home, as_of: date, known_at: datetime | None) -> Iterator[None]:
    """Record that a build runs, and what becomes of it. What stops it goes on to the caller."""
    running = BuildRecord(
        state="running",
        as_of=as_of.isoformat(),
        known_at=None if known_at is None else str(known_at),
        started_at=str(now()),
        finished_at=None,
        reason=None,
        pid=os.getpid(),
    )
    _write(home, running)
    try:
        yield
    except BaseException as error:
        said = error.message if isinstance(error, OsameError) else f"{type(error).__name__}: {error}".rstrip(": ")
        _write_if_there_is_room(home, replace(running, state="failed", finished_at=str(now()), reason=said[:_LONGEST]))
        raise
    _write(home, replace(running, state="ok", finished_at=str(now())))


def _write_if_there_is_room(home: Home, record: BuildRecord) -> None:
    """A full disk may be what stopped the build: that is what the caller has to hear. The record then stays "running"
    of a process that is gone, which ``last_build`` tells as killed."""
    try:
        _write(home, record)
    except OSError:
        return


def _write(home: Home, record: BuildRecord) -> None:
    home.make_private(home.logs)
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1)
    write_whole(home.build_record, (text + "\n").encode("utf-8"))


def last_build(home: Home) -> BuildRecord | None:
    """The last attempt; None if none was recorded yet."""
    try:
        content = json.loads(home.build_record.read_text(encoding="utf-8"))
        record = BuildRecord(**content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        return BuildRecord("unreadable", None, None, None, None, f"{home.build_record}: {error}", 0)
    if record.state == "running" and not is_alive(str(record.pid)):
        return replace(record, state="killed", reason="the process ended without a word: killed, or the disk was full")
    return record
