"""Where things are, and who may look into them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from osame.home import Home, open_home


def test_a_home_is_made_with_private_folders(tmp_path: Path) -> None:
    home = open_home(tmp_path / "a" / "b")
    folders = {p.name: stat.S_IMODE(p.stat().st_mode) for p in home.root.iterdir()}
    private = {"inbox", "archive", "rejected", "keys", "work"}
    assert {name for name, mode in folders.items() if mode == 0o700} >= private
    assert set(folders) == private | {"published"}


def test_a_folder_that_has_been_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    home.inbox.chmod(0o755)
    open_home(tmp_path)
    assert stat.S_IMODE(home.inbox.stat().st_mode) == 0o700


def test_the_home_is_named_or_in_the_environment_or_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_home().root == tmp_path / "data"
    monkeypatch.setenv("OSAME_HOME", str(tmp_path / "office"))
    assert open_home().root == tmp_path / "office"
    assert open_home(tmp_path / "named").root == tmp_path / "named"
    assert open_home("relative").root == tmp_path / "relative"


def test_keys_are_in_the_home_or_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Home(tmp_path).keys == tmp_path / "keys"
    monkeypatch.setenv("OSAME_KEYS", str(tmp_path / "stick"))
    assert Home(tmp_path).keys == tmp_path / "stick"
