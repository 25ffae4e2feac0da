"""Who may use something at this moment: locks between processes, each ending with the process that holds it.

A lock is a file, and beside it a door (``.door``). Who wants the lock alone keeps the door while others finish, so that
those who share it and come later wait behind: nobody is passed over for ever.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from osame.errors import StoreBusy
from osame.home import Home, limit

_WAIT_SECONDS = float(limit("OSAME_LOCK_WAIT", "600", r"\d{1,9}(\.\d+)?"))
_PATIENCE_SECONDS = 1.0  # before somebody is told that they wait
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1 / 64, 1 / 4

Waiting = Callable[[], None]


@contextmanager
def landing_lock(
    home: Home,
    exclusive: bool,
    waiting: Waiting | None = None,
    *,
    wait: bool = True,
    unless: Callable[[], bool] | None = None,
) -> Iterator[bool]:
    """One writer, or any number of readers, of landing.duckdb across processes.

    DuckDB itself refuses a second writer at once; this waits for it (``OSAME_LOCK_WAIT`` seconds, 600 by default).

    Args:
        home: the office's data.
        exclusive: to write.
        waiting: called once when it has waited for a second.
        wait: else it is refused at once while another holds it; who waits at the door is then passed by.
        unless: what makes the lock needless; asked while it waits, and once more when it has the lock.

    Yields:
        Whether it holds the lock; False if ``unless`` came true.

    Raises:
        StoreBusy: the wait ran out.
    """
    with _locked(
        home.root / ".landing.lock", "landing is", exclusive=exclusive, waiting=waiting, wait=wait, unless=unless
    ) as held:
        yield held


def is_landing_wanted(home: Home) -> bool:
    """Whether somebody waits for landing's lock, which the caller holds."""
    door = _open(_door(home.root / ".landing.lock"), is_reader=True)
    if door is None:
        return False
    with door:
        return not _take(door, fcntl.LOCK_EX)


@contextmanager
def register_locks(
    home: Home, registers: Sequence[str], *, exclusive: bool = True, waiting: Waiting | None = None
) -> Iterator[None]:
    """Alone with some registers, to read what they hold and to record what follows; or, shared, to add to them.

    Taken in one order by everybody, so that nobody waits for one who waits; and before landing's lock, never while that
    is held: what is recorded lands within.

    Raises:
        StoreBusy: the wait ran out.
    """
    with ExitStack() as stack:
        for name in sorted(registers):
            stack.enter_context(
                _locked(home.root / f".{name}.lock", f"{name} are", exclusive=exclusive, waiting=waiting)
            )
        yield


@contextmanager
def build_lock(home: Home, waiting: Waiting | None = None) -> Iterator[None]:
    """One build of a home at a time: an older one must not take the place of a newer.

    Raises:
        StoreBusy: the wait ran out.
    """
    with _locked(home.root / ".build.lock", "the warehouse is", exclusive=True, waiting=waiting):
        yield


def is_alive(pid: str) -> bool:
    """Whether a process of this machine still runs."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _locked(
    path: Path,
    what: str,
    *,
    exclusive: bool,
    waiting: Waiting | None = None,
    wait: bool = True,
    unless: Callable[[], bool] | None = None,
) -> Iterator[bool]:
    with ExitStack() as held:
        door = _open(_door(path), is_reader=not exclusive) if wait else None
        with ExitStack() as at_the_door:
            if door is not None:
                at_the_door.enter_context(door)
            handle = _open(path, is_reader=not exclusive)
            if handle is not None:
                held.enter_context(handle)
            queue = [(door, fcntl.LOCK_EX), (handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)]
            is_mine = _wait([(file, flag) for file, flag in queue if file], what, waiting, wait, unless)
        yield is_mine


def _wait(
    queue: list[tuple[IO[bytes], int]],
    what: str,
    waiting: Waiting | None,
    wait: bool,
    unless: Callable[[], bool] | None,
) -> bool:
    """Take one lock after the other. False as soon as ``unless`` is true."""
    began, pause, is_told = time.monotonic(), _SHORTEST_PAUSE, False
    for file, flag in queue:
        while not _take(file, flag):
            if unless is not None and unless():
                return False
            waited = time.monotonic() - began
            if not wait or waited > _WAIT_SECONDS:
                raise StoreBusy(
                    f"{what} still in use after {_WAIT_SECONDS:.0f} s" if wait else f"{what} in use at this moment",
                    "wait for the other osame process to end, or set OSAME_LOCK_WAIT (seconds)",
                )
            if waiting is not None and not is_told and waited > _PATIENCE_SECONDS:
                waiting()
                is_told = True
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    return unless is None or not unless()


def _take(file: IO[bytes], flag: int) -> bool:
    try:
        fcntl.flock(file, flag | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _door(path: Path) -> Path:
    return path.with_suffix(".door")


def _open(path: Path, *, is_reader: bool) -> IO[bytes] | None:
    """The file to lock. Whoever only reads needs no leave to write; where it never was and cannot be, nobody writes."""
    try:
        return path.open("ab")
    except OSError as error:
        if not is_reader or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
