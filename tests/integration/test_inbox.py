"""One bad file does not stop a night: each fails alone, is said, and is where it was."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ingestion import archive, inbox
from ingestion.delivered import files_below
from ingestion.inbox import Options, RunStopped, ingest, is_left
from ingestion.landing import Landing
from ingestion.layout_catalog import LAYOUT_DIR
from ingestion.offer import Offer, sha256_of
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.locks import landing_lock
from osame.stores import open_landing
from tests.fixtures.csv_files import ASSESSMENT, LAYOUTS, PAID_SLIP, file_of
from tests.fixtures.office import environment, python

AT = datetime(2025, 7, 10, 9)
GOOD = file_of(LAYOUTS["paid_slips"], [PAID_SLIP])
BAD = b"x,y\n1,2\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def run(home: Home, *paths: Path, **how: Any) -> dict[str, Offer]:
    offers = list(ingest(home, list(paths) or [home.inbox], Options(now=lambda: AT, **how)))
    assert len({offer.file_name for offer in offers}) == len(offers)
    return {offer.file_name: offer for offer in offers}


def statuses(offers: dict[str, Offer]) -> dict[str, str]:
    return {name: offer.status for name, offer in offers.items()}


def in_landing(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


def a_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    socket.socket(socket.AF_UNIX).bind(f"/proc/self/fd/{folder}/{path.name}")  # the address of a socket is short
    os.close(folder)


# --- what cannot be read

UNREADABLE: dict[str, Callable[[Path], object]] = {
    "link to nowhere": lambda path: path.symlink_to("/no/such/file"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to a folder": lambda path: path.symlink_to("/tmp"),
    "pipe": os.mkfifo,
    "socket": a_socket,
}


@pytest.mark.parametrize("kind", sorted(UNREADABLE))
def test_what_cannot_be_read_fails_alone(home: Home, kind: str) -> None:
    UNREADABLE[kind](home.inbox / "a.csv")
    (home.inbox / "b.csv").write_bytes(GOOD)
    offers = run(home)
    assert statuses(offers) == {"a.csv": "failed", "b.csv": "landed"}
    (finding,) = offers["a.csv"].findings
    assert finding.code == "ING-004" and is_left(offers["a.csv"]) and not is_left(offers["b.csv"])
    assert [path.name for path in files_below([home.inbox])] == ["a.csv"]  # it waits, and status counts it
    assert in_landing(home, "select file_name from landing.loads") == [("b.csv",)]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOENT])
def test_a_file_that_may_not_be_read_or_vanished_fails_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("a.csv", "b.csv"):
        (home.inbox / name).write_bytes(GOOD if name == "b.csv" else BAD)
    opened = os.open

    def open_(path: Any, *rest: Any, **more: Any) -> int:
        if str(path).endswith("a.csv"):
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, *rest, **more)

    monkeypatch.setattr(os, "open", open_)
    offers = run(home)
    assert statuses(offers) == {"a.csv": "failed", "b.csv": "landed"}
    assert os.strerror(number) in offers["a.csv"].findings[0].found


def test_a_folder_that_may_not_be_looked_into_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.inbox / "closed").mkdir()
    (home.inbox / "closed" / "c.csv").write_bytes(GOOD)
    (home.inbox / "sub").mkdir()
    (home.inbox / "sub" / "d.csv").write_bytes(GOOD)
    scandir = os.scandir

    def closed(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert statuses(run(home)) == {"closed": "failed", "d.csv": "landed"}


def test_hidden_files_are_work_in_progress(home: Home) -> None:
    for name in (".part.csv", "~$book.xlsx", ".hidden"):
        (home.inbox / name).write_bytes(GOOD)
    (home.inbox / ".folder").mkdir()
    (home.inbox / ".folder" / "a.csv").write_bytes(GOOD)
    assert files_below([home.inbox]) == []


# --- a reader that breaks


def test_a_reader_that_breaks_fails_alone_and_tells_no_value(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.inbox / "a.csv").write_bytes(BAD)
    (home.inbox / "b.csv").write_bytes(GOOD)
    real = inbox.read

    def read(data: bytes, *rest: Any) -> Any:
        if data == BAD:
            raise KeyError("納税　太郎")
        return real(data, *rest)

    monkeypatch.setattr(inbox, "read", read)
    offers = run(home)
    assert statuses(offers) == {"a.csv": "failed", "b.csv": "landed"}
    (finding,) = offers["a.csv"].findings
    assert finding.code == "ING-005"
    assert finding.found.startswith("KeyError at test_inbox.py:")
    assert "太郎" not in finding.found
    assert (home.inbox / "a.csv").exists()


def test_rows_that_landing_cannot_take_fail_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.inbox / "a.csv").write_bytes(file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "2"}]))
    (home.inbox / "b.csv").write_bytes(GOOD)
    real, calls = Landing._insert, []

    def insert(self: Landing, *rest: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise duckdb.ConversionException("a value that is out of range")
        real(self, *rest)

    monkeypatch.setattr(Landing, "_insert", insert)
    assert statuses(run(home)) == {"a.csv": "failed", "b.csv": "landed"}
    assert in_landing(home, "select count(*) from landing.paid_slips") == [(1,)]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "x"),
        OSError(errno.EMFILE, "Too many open files", "x"),
        duckdb.IOException("Could not write file: No space left on device"),
        duckdb.FatalException("the database has been invalidated"),
        OsameError("landing is in use", "wait"),
    ],
)
def test_what_would_fail_every_file_stops_the_run(
    home: Home, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    for name in ("a.csv", "b.csv"):
        (home.inbox / name).write_bytes(GOOD)

    def land(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Landing, "land", land)
    with pytest.raises(OsameError) as stopped:
        run(home)
    assert stopped.value.advice
    assert isinstance(stopped.value, RunStopped) or stopped.value is error
    assert sorted(path.name for path in home.inbox.iterdir()) == ["a.csv", "b.csv"]


# --- where files go


def refused_name(name: str, data: bytes = BAD) -> str:
    return archive.short_name(f"{sha256_of(data)[:12]}-{name}")


@pytest.mark.parametrize("ending", ["", ".reason.json", ".reason.txt"])
def test_a_folder_in_the_way_of_a_slip_holds_up_no_other_file(home: Home, ending: str) -> None:
    way = home.rejected / (refused_name("a.csv") + ending)
    way.mkdir()
    (home.inbox / "a.csv").write_bytes(BAD)
    (home.inbox / "b.csv").write_bytes(GOOD)
    offers = run(home)
    assert statuses(offers) == {"a.csv": "rejected", "b.csv": "landed"}
    assert offers["a.csv"].findings[0].code == "ING-006"
    assert is_left(offers["a.csv"])
    assert [path.name for path in home.inbox.iterdir()] == ["a.csv"]
    way.rmdir()
    assert statuses(run(home)) == {"a.csv": "rejected"}
    assert list(home.inbox.iterdir()) == []


def test_a_folder_in_the_way_of_the_archive_holds_up_no_other_file(home: Home) -> None:
    month = home.archive / "2025" / "07"
    month.parent.mkdir()
    month.write_bytes(b"")  # a file where a folder belongs
    (home.inbox / "a.csv").write_bytes(GOOD)
    (home.inbox / "b.csv").write_bytes(BAD)
    offers = run(home)
    assert statuses(offers) == {"a.csv": "landed", "b.csv": "rejected"}
    assert [f.code for f in offers["a.csv"].findings] == ["ING-006"]
    month.unlink()
    assert statuses(run(home)) == {"a.csv": "duplicate"}
    assert list(home.inbox.iterdir()) == []
    assert in_landing(home, "select count(*) from landing.paid_slips") == [(1,)]


def test_an_inbox_that_is_a_link_to_a_share_is_emptied(home: Home, tmp_path: Path) -> None:
    share = tmp_path / "share"
    home.inbox.rmdir()
    share.mkdir()
    home.inbox.symlink_to(share)
    (share / "a.csv").write_bytes(GOOD)
    (share / "sub").mkdir()
    (share / "sub" / "b.csv").write_bytes(BAD)
    assert statuses(run(home)) == {"a.csv": "landed", "b.csv": "rejected"}
    assert files_below([home.inbox]) == []


def test_a_link_in_the_inbox_goes_and_what_it_links_to_stays(home: Home, tmp_path: Path) -> None:
    original = tmp_path / "original.csv"
    original.write_bytes(GOOD)
    (home.inbox / "a.csv").symlink_to(original)
    assert statuses(run(home)) == {"a.csv": "landed"}
    assert list(home.inbox.iterdir()) == []
    assert original.read_bytes() == GOOD


def test_a_link_elsewhere_to_a_file_of_the_inbox_leaves_it_there(home: Home, tmp_path: Path) -> None:
    (home.inbox / "a.csv").write_bytes(GOOD)
    (tmp_path / "link.csv").symlink_to(home.inbox / "a.csv")
    assert statuses(run(home, tmp_path / "link.csv")) == {"link.csv": "landed"}
    assert (home.inbox / "a.csv").exists() and (tmp_path / "link.csv").is_symlink()


def test_japanese_names_without_utf8(home: Home) -> None:
    (home.inbox / "納付済通知.csv").write_bytes(GOOD)
    (home.inbox / "不明なファイル.csv").write_bytes(BAD)
    plain = environment(home, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    done = python("-m", "osame.cli", "ingest", env=plain)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "landed" in done.stdout and "rejected" in done.stdout
    assert {path.name for path in home.rejected.iterdir()} == {
        refused_name("不明なファイル.csv") + ending for ending in ("", ".reason.json", ".reason.txt")
    }
    (kept,) = (path for path in home.archive.rglob("*") if path.is_file())
    assert kept.name.endswith("-納付済通知.csv")
    assert in_landing(home, "select file_name from landing.loads where status = 'landed'") == [("納付済通知.csv",)]
    again = python("-m", "osame.cli", "ingest", kept, "--json", env=plain)
    assert "Traceback" not in again.stderr


# --- an office's broken layout


def write_layout(home: Home, name: str, **changes: Any) -> Path:
    home.layouts.mkdir(exist_ok=True)
    content = yaml.safe_load((LAYOUT_DIR / "paid_slips.yml").read_text(encoding="utf-8"))
    path = home.layouts / f"{name}.yml"
    path.write_text(yaml.safe_dump(content | {"id": name} | changes, allow_unicode=True), encoding="utf-8")
    return path


def test_a_broken_layout_stops_its_own_files_alone(home: Home) -> None:
    write_layout(home, "paid_slips", amount="no_such_column")
    (home.inbox / "a.csv").write_bytes(GOOD)
    (home.inbox / "assessments_20250401.csv").write_bytes(file_of(LAYOUTS["assessments"], [ASSESSMENT]))
    offers = run(home)
    assert statuses(offers) == {"a.csv": "rejected", "assessments_20250401.csv": "landed"}
    (finding,) = offers["a.csv"].findings
    assert (finding.code, finding.field) == ("ING-003", "paid_slips.yml")
    assert "no_such_column" in finding.found
    write_layout(home, "paid_slips")
    (home.inbox / "a.csv").write_bytes(GOOD)
    assert statuses(run(home)) == {"a.csv": "landed"}


def test_a_file_of_a_broken_layout_is_not_taken_by_another(home: Home) -> None:
    """The office's own format has our headers, and its own meaning of them: the name of the file tells."""
    write_layout(home, "our_bank", amount="no_such_column")
    (home.inbox / "our_bank_20250702.csv").write_bytes(GOOD)
    (home.inbox / "unknown.csv").write_bytes(BAD)
    offers = run(home)
    assert statuses(offers) == {"our_bank_20250702.csv": "rejected", "unknown.csv": "rejected"}
    assert [f.code for f in offers["our_bank_20250702.csv"].findings] == ["ING-003"]
    assert [f.code for f in offers["unknown.csv"].findings][:2] == ["ING-003", "ING-001"]


def test_a_layout_without_the_day_of_the_books_lands_no_money(home: Home) -> None:
    """Such money was in no receipt, suspense or quarantine, and the build was green."""
    content = yaml.safe_load((LAYOUT_DIR / "paid_slips.yml").read_text(encoding="utf-8"))
    columns = [c for c in content["columns"] if c["name"] != "posted_date"]
    write_layout(home, "paid_slips", columns=columns)
    rows = [line.split(",") for line in GOOD.decode("cp932").splitlines()]
    at = rows[0].index("収納日")
    (home.inbox / "a.csv").write_bytes("\r\n".join(",".join(r[:at] + r[at + 1 :]) for r in rows).encode("cp932"))
    assert statuses(run(home)) == {"a.csv": "rejected"}


# --- a dry run


def everything_in(home: Home) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(home.root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in home.root.rglob("*")
        if path.is_file() and not path.name.startswith(".landing.")
    }


def test_a_dry_run_tells_what_would_become_of_each_and_writes_nothing(home: Home) -> None:
    files = {"a.csv": GOOD, "again.csv": GOOD, "bad.csv": BAD}
    for name, data in files.items():
        (home.inbox / name).write_bytes(data)
    before = everything_in(home)
    told = {"a.csv": "landed", "again.csv": "duplicate", "bad.csv": "rejected"}
    assert statuses(run(home, dry_run=True)) == told  # nothing has ever landed here
    assert everything_in(home) == before
    (home.inbox / "other.csv").write_bytes(file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "2"}]))
    run(home, home.inbox / "other.csv")
    before = everything_in(home)
    rehearsed = run(home, dry_run=True)
    assert statuses(rehearsed) == told
    assert everything_in(home) == before
    real = run(home)
    assert {name: (o.records, o.amount_yen, o.findings) for name, o in rehearsed.items()} == {
        name: (o.records, o.amount_yen, o.findings) for name, o in real.items()
    }


def test_a_dry_run_of_an_extract_offered_twice(home: Home) -> None:
    data = file_of(LAYOUTS["assessments"], [ASSESSMENT])
    (home.inbox / "assessments_20250401.csv").write_bytes(data)
    assert statuses(run(home, dry_run=True)) == {"assessments_20250401.csv": "landed"}
    run(home)
    (home.inbox / "assessments_20250401.csv").write_bytes(data)
    (home.inbox / "assessments_20250402.csv").write_bytes(data)
    assert statuses(run(home, dry_run=True)) == {
        "assessments_20250401.csv": "duplicate",
        "assessments_20250402.csv": "landed",
    }
