"""Keys: made once, kept private, never silently made anew."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from osame.errors import OsameError
from osame.home import Home, open_home
from osame.keys import landing_key, vault_key


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def test_a_key_is_made_once_with_256_bits_and_read_afterwards(home: Home) -> None:
    key = landing_key(home)
    assert len(bytes.fromhex(key)) == 32
    assert landing_key(home) == key
    assert stat.S_IMODE((home.keys / "landing.key").stat().st_mode) == 0o600
    assert sorted(p.name for p in home.keys.iterdir()) == ["landing.key"]


def test_landing_and_vault_have_different_keys(home: Home) -> None:
    assert landing_key(home) != vault_key(home)


def test_two_homes_have_different_keys(home: Home, tmp_path: Path) -> None:
    assert landing_key(home) != landing_key(open_home(tmp_path / "other"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_key_that_others_can_read_is_refused(home: Home, mode: int) -> None:
    landing_key(home)
    (home.keys / "landing.key").chmod(mode)
    with pytest.raises(OsameError, match="can be read by others") as refused:
        landing_key(home)
    assert refused.value.advice == f"chmod 600 {home.keys / 'landing.key'}"


@pytest.mark.parametrize(("name", "read"), [("landing", landing_key), ("vault", vault_key)])
def test_a_lost_key_is_not_replaced_while_its_store_exists(home: Home, name: str, read: object) -> None:
    (home.root / f"{name}.duckdb").write_bytes(b"a store")
    with pytest.raises(OsameError, match=f"{name}.key is missing, and {name}.duckdb exists"):
        read(home)  # type: ignore[operator]
    assert list(home.keys.iterdir()) == []


def test_an_empty_key_is_refused(home: Home) -> None:
    landing_key(home)
    (home.keys / "landing.key").write_text("\n")
    with pytest.raises(OsameError, match="is empty"):
        landing_key(home)


def test_keys_of_the_environment_come_first(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_KEY", "from the environment")
    monkeypatch.setenv("OSAME_VAULT_KEY", "another")
    assert (landing_key(home), vault_key(home)) == ("from the environment", "another")
    assert list(home.keys.iterdir()) == []


def test_keys_may_lie_on_another_disk(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_KEYS", str(tmp_path / "stick"))
    landing_key(home)
    assert (tmp_path / "stick" / "landing.key").exists()
    assert not (home.root / "keys" / "landing.key").exists()


def test_many_who_are_first_at_once_get_the_same_key(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(landing_key, [home] * 32))
    assert len(keys) == 1
    assert sorted(p.name for p in home.keys.iterdir()) == ["landing.key"]


def test_what_a_killed_process_left_does_not_stop_the_next_of_its_number(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers the same process number comes back."""
    monkeypatch.setattr("osame.keys.os.getpid", lambda: 7)
    (home.keys / ".landing.key.7").write_text("half a key")
    assert len(landing_key(home)) == 64
