"""The archive: what was delivered comes out again, and nothing else does."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from ingestion import archive
from ingestion.offer import sha256_of
from osame.files import write_whole
from osame.home import Home, open_home

AT = datetime(2025, 7, 3, 9)
DATA = "宛名番号,氏名\r\n1,納税　太郎\r\n".encode("cp932")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path)


def store(home: Home, data: bytes = DATA, name: str = "宛名.csv", at: datetime = AT) -> Path:
    return archive.store(home, data, sha256_of(data), name, at)


def test_what_was_stored_comes_out_again(home: Home) -> None:
    path = store(home)
    assert path == home.archive / "2025" / "07" / f"{sha256_of(DATA)}-宛名.csv"
    assert archive.fetch(home, path) == DATA
    assert archive.find(home, sha256_of(DATA)) == path
    assert DATA not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_content_is_kept_once(home: Home) -> None:
    first = store(home)
    before = first.read_bytes()
    assert store(home, name="other.csv", at=datetime(2025, 8, 1)) == first
    assert first.read_bytes() == before
    assert len([p for p in home.archive.rglob("*") if p.is_file()]) == 1


def test_two_files_never_share_a_nonce(home: Home) -> None:
    nonces = {store(home, data=b"%d" % i).read_bytes()[:12] for i in range(50)}
    assert len(nonces) == 50


def test_a_changed_byte_or_another_place_is_noticed(home: Home) -> None:
    path = store(home)
    blob = bytearray(path.read_bytes())
    blob[20] ^= 1
    path.write_bytes(bytes(blob))
    with pytest.raises(InvalidTag):
        archive.fetch(home, path)
    blob[20] ^= 1
    moved = path.with_name("0" * 64 + "-宛名.csv")  # an entry cannot pass for another
    moved.write_bytes(bytes(blob))
    with pytest.raises(InvalidTag):
        archive.fetch(home, moved)


def test_an_empty_file_is_stored_too(home: Home) -> None:
    assert archive.fetch(home, store(home, data=b"")) == b""


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "納" * 83 + ".csv", "長" * 85, "a." + "b" * 250, "x.csv"])
def test_names_fit_on_the_disk_and_keep_their_suffix(home: Home, name: str) -> None:
    path = store(home, name=name)
    assert archive.find(home, sha256_of(DATA)) == path
    assert path.suffix == ".csv" or not name.endswith(".csv")
    assert len(os.fsencode(path.name)) <= 200
    assert archive.fetch(home, path) == DATA


def test_a_short_name_stays_as_it_is() -> None:
    assert archive.short_name("宛名_20250401.csv") == "宛名_20250401.csv"
    assert archive.short_name("no suffix") == "no suffix"


def test_a_failed_write_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    target = home.archive / "x"
    target.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingestion.archive.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"new")
    assert [p.name for p in home.archive.iterdir()] == ["x"]
    assert target.read_bytes() == b"old"


def test_what_killed_writes_left_is_removed_and_nothing_else(home: Home) -> None:
    kept = store(home)
    for folder in (kept.parent, home.rejected):
        (folder / ".abc-x.csv.7.partial").write_bytes(b"half")
    (home.rejected / "abc-x.partial").write_bytes(b"a refused file of that name")
    archive.clear_partials(home)
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]
    assert [p.name for p in home.rejected.iterdir()] == ["abc-x.partial"]
