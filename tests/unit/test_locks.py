"""Who may use landing at this moment, who is next, and what is copied and put down under the locks."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import Event, Thread

import pytest

from osame import locks
from osame.errors import StoreBusy
from osame.home import Home
from osame.locks import is_landing_wanted, landing_lock
from osame.stores import _copy
from warehouse.office import pending


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


def wait_for(condition: object) -> None:
    for _ in range(500):
        if condition():  # type: ignore[operator]
            return
        Event().wait(0.01)
    raise AssertionError("it never came true")


def test_readers_share_and_a_writer_is_alone(home: Home) -> None:
    with landing_lock(home, exclusive=False), landing_lock(home, exclusive=False, wait=False) as held:
        assert held
        with pytest.raises(StoreBusy, match="in use at this moment"), landing_lock(home, exclusive=True, wait=False):
            pass
    with landing_lock(home, exclusive=True) as held:
        assert held and not is_landing_wanted(home)


def test_who_comes_after_a_writer_that_waits_stands_behind_it(home: Home) -> None:
    order: list[str] = []

    def use(name: str, exclusive: bool) -> None:
        with landing_lock(home, exclusive=exclusive):
            order.append(name)

    writer = Thread(target=use, args=("writer", True))
    reader = Thread(target=use, args=("reader", False))
    with landing_lock(home, exclusive=False):
        writer.start()
        wait_for(lambda: is_landing_wanted(home))
        reader.start()
        Event().wait(0.2)
        assert order == []  # the reader could share the lock, and waits
        with landing_lock(home, exclusive=False, wait=False) as held:
            assert held  # who does not wait passes by the door
    writer.join(10)
    reader.join(10)
    assert sorted(order) == ["reader", "writer"] and order[0] == "writer"


def test_who_waits_long_is_told_once_and_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(locks, "_WAIT_SECONDS", 0.3)
    told: list[str] = []
    with (
        landing_lock(home, exclusive=True),
        pytest.raises(StoreBusy, match="still in use"),
        landing_lock(home, exclusive=False, waiting=lambda: told.append("waits")),
    ):
        pass
    assert told == ["waits"]


@pytest.mark.parametrize("refusal", [errno.EXDEV, errno.EOPNOTSUPP, None])
def test_a_store_is_copied_whole_where_the_system_copies_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    def copy(*_: object) -> int:
        if refusal is None:
            return 0
        raise OSError(refusal, os.strerror(refusal))

    data = os.urandom(3_000_001)
    (tmp_path / "one").write_bytes(data)
    _copy(tmp_path / "one", tmp_path / "by the system")
    monkeypatch.setattr(os, "copy_file_range", copy)
    _copy(tmp_path / "one", tmp_path / "by us")
    assert (tmp_path / "by the system").read_bytes() == (tmp_path / "by us").read_bytes() == data


def test_a_full_disk_stops_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "one").write_bytes(b"x")
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="No space left"):
        _copy(tmp_path / "one", tmp_path / "other")


def test_what_nobody_waits_for_is_cleared_away(home: Home) -> None:
    folder = home.make_private(home.work / "records")
    for name in ("a.waiting", "b.taken", "b.done", "c.done", ".999999999.d"):
        (folder / name).write_text("{}")
    assert pending.take_waiting(home) == ([], [])
    assert list(folder.iterdir()) == []


def test_a_request_that_is_answered_while_another_looks_stops_nobody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home.make_private(home.work / "records")
    (folder / "a.taken").write_text("{}")
    monkeypatch.setattr(pending, "_is_awaited", lambda path: path.unlink() is None)
    assert pending.take_waiting(home) == ([], [])
