"""What waits to be recorded: put down by any number of processes, landed together by whichever of them holds landing.

A request is a file below ``work/records``; its suffix says how far it is: ``.waiting``, ``.taken`` by who lands it,
``.done`` with the answer in it. Who put it down holds a lock on it as long as their process lives. A request whose
process has gone is dropped: nobody was told that it was done, and whoever acts next must not find it landing behind
their back. Nothing heavy is imported here: of two hundred processes that record at once, few ever land.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osame.home import Home
from osame.locks import Waiting, is_alive, landing_lock

_WAITING, _TAKEN, _DONE = ".waiting", ".taken", ".done"
Content = Mapping[str, Any]  # what JSON can say


@dataclass(frozen=True)
class Request:
    """One thing to be recorded. ``number`` is its own among all that ever were."""

    number: str
    content: Content


def recorded(home: Home, content: Content, land: Callable[[str], None], waiting: Waiting | None = None) -> Content:
    """Put a request down and wait until it was landed, by another process or by this one.

    Args:
        home: the office's data.
        content: what is to be recorded.
        land: lands all requests that wait; called with the number of this one, under landing's lock. What it raises
            goes on to the caller, and the request is gone.
        waiting: called once when it has waited for a second.

    Returns:
        The answer of who landed it.

    Raises:
        StoreBusy: landing stayed in use; nothing is recorded.
    """
    with _put_down(home, content) as (number, path):
        done = path.with_suffix(_DONE)
        while not done.exists():
            is_mine = False
            try:
                with landing_lock(home, exclusive=True, waiting=waiting, unless=done.exists) as is_mine:
                    if is_mine:
                        land(number)
            except BaseException:
                if is_mine or _is_taken_back(path):
                    raise
                # It was taken in the very moment in which this one gave up: the answer is coming.
        return _content(done)


@contextmanager
def _put_down(home: Home, content: Content) -> Iterator[tuple[str, Path]]:
    number = secrets.token_hex(12)
    folder = home.make_private(home.work / "records")
    hidden, path = folder / f".{os.getpid()}.{number}", folder / f"{number}{_WAITING}"
    fd = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(content, ensure_ascii=False).encode("utf-8"))
            file.flush()
            hidden.rename(path)
            yield number, path
    finally:
        hidden.unlink(missing_ok=True)
        _drop(path)


def _is_taken_back(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return not any(path.with_suffix(suffix).exists() for suffix in (_TAKEN, _DONE))
    return True


def take_waiting(home: Home) -> tuple[list[Request], list[Request]]:
    """All requests that somebody waits for: the new, in the order of their putting down, and those taken before.

    Who took one before was killed; it may have landed. The caller holds landing alone.
    """
    folder = home.work / "records"
    if not folder.is_dir():
        return [], []
    new, before = [], []
    for path in sorted(folder.iterdir(), key=_age):
        if path.suffix == _WAITING and _is_awaited(path):
            taken = path.with_suffix(_TAKEN)
            try:
                path.rename(taken)
                new.append(Request(path.stem, _content(taken)))
            except FileNotFoundError:  # taken back at this moment
                continue
        elif path.suffix == _TAKEN and _is_awaited(path):
            try:
                content = _content(path)
            except FileNotFoundError:  # its process has read the answer and clears up
                continue
            if not path.with_suffix(_DONE).exists():
                before.append(Request(path.stem, content))
        elif path.suffix in (_WAITING, _TAKEN) or (path.suffix == _DONE and not path.with_suffix(_TAKEN).exists()):
            _drop(path)
        elif path.name.startswith(".") and not is_alive(path.name.split(".")[1]):
            path.unlink(missing_ok=True)
    return new, before


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except FileNotFoundError:
        return 0, path.name


def _is_awaited(path: Path) -> bool:
    """Whether the process that put it down still lives."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _drop(path: Path) -> None:
    """The answer goes last: a request that was taken and has none would be landed again."""
    for left in map(path.with_suffix, (_WAITING, _TAKEN, _DONE)):
        left.unlink(missing_ok=True)


def answer(home: Home, request: Request, content: Content) -> None:
    """Tell who waits for it what became of it."""
    taken = _taken(home, request)
    hidden = taken.with_name(f".{os.getpid()}.{request.number}")
    hidden.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    hidden.rename(taken.with_suffix(_DONE))
    if not _is_awaited(taken):  # it went away meanwhile, and nobody will read this
        _drop(taken)


def _taken(home: Home, request: Request) -> Path:
    return home.work / "records" / f"{request.number}{_TAKEN}"


def _content(path: Path) -> Content:
    found: Content = json.loads(path.read_text(encoding="utf-8"))
    return found
