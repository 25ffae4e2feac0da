"""Personal values are in landing and the vault, encrypted, and in nothing else that is built, published or printed."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion import archive
from ingestion.layout import landing_schema
from ingestion.layout_catalog import load_layouts
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.keys import landing_key, vault_key
from osame.stores import crypto_extension, open_landing, open_memory, open_vault, open_warehouse
from tests.fixtures.needles import Search, account_numbers, needles
from tests.fixtures.office import BuiltTown, osame


@pytest.fixture(scope="module")
def search(built_town: BuiltTown) -> Search:
    return Search(needles(built_town.town.truth))


def files_of(*places: Path) -> Iterator[Path]:
    for place in places:
        yield from [p for p in sorted(place.rglob("*")) if p.is_file()] if place.is_dir() else [place]


def leaks(search: Search, places: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    return {where: found for where, data in places.items() if (found := search.find(data))}


# --- the search itself can find ----------------------------------------------------------------------------------


def test_the_search_finds_personal_values_in_the_delivered_files(built_town: BuiltTown, search: Search) -> None:
    found = {p.name.split("_")[0]: set(search.find(p.read_bytes())) for p in files_of(built_town.town.files)}
    assert found["addressees"] == {"name", "kana", "individual number", "address", "phone"}
    assert found["bank"] == {"half-width kana"}
    assert found["zengin91"] == {"half-width kana"}
    accounts = Search({"account number": account_numbers(built_town.town.truth)})
    assert accounts.find(next(built_town.town.files.glob("zengin91_request_*")).read_bytes())


def test_the_search_finds_every_one_of_its_needles(built_town: BuiltTown, search: Search) -> None:
    for kind, wanted in needles(built_town.town.truth).items():
        assert len(wanted) > 100, kind
        for needle in wanted:
            assert kind in search.find(b"\x00\xff" + needle + b"\x00")
        assert search.find(b"".join(needle[:-1] + b"\x00" for needle in list(wanted)[:50])) == {}


def test_landing_and_vault_hold_them_when_opened_with_their_keys(built_town: BuiltTown) -> None:
    names = {row[0] for row in _rows(open_landing(built_town.home), "select name from landing.addressees")}
    kept = {row[0] for row in _rows(open_vault(built_town.home), "select name from vault.addressees")}
    assert len(names) > 100
    assert kept == names


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


# --- where they may not be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["landing.duckdb", "vault.duckdb", "archive"])
def test_encrypted_stores_show_nothing(built_town: BuiltTown, search: Search, place: str) -> None:
    """Account numbers too: in encrypted bytes seven given digits do not occur by chance."""
    paths = list(files_of(built_town.home.root / place, *built_town.home.root.glob(f"{place}.wal")))
    assert paths
    all_kinds = Search(needles(built_town.town.truth) | {"account number": account_numbers(built_town.town.truth)})
    assert leaks(all_kinds, {str(p): p.read_bytes() for p in paths}) == {}


@pytest.mark.parametrize("place", ["warehouse.duckdb", "published", "work", "osame.yml"])
def test_what_is_built_published_and_logged_shows_nothing(built_town: BuiltTown, search: Search, place: str) -> None:
    paths = list(files_of(built_town.home.root / place))
    assert paths
    assert leaks(search, {str(p): p.read_bytes() for p in paths}) == {}


def test_the_scratch_of_a_running_build_shows_nothing(built_town: BuiltTown, search: Search) -> None:
    """A killed build leaves it behind."""
    assert any("scratch.duckdb" in name for name in built_town.build_leftovers)
    assert leaks(search, built_town.build_leftovers) == {}


def test_workbooks_are_looked_into(built_town: BuiltTown, search: Search) -> None:
    """An xlsx is a ZIP: its parts are compressed."""
    import zipfile

    parts: dict[str, bytes] = {}
    for path in built_town.home.published.rglob("*.xlsx"):
        with zipfile.ZipFile(path) as book:
            parts |= {f"{path.name}/{name}": book.read(name) for name in book.namelist()}
    assert parts
    assert leaks(search, parts) == {}


def test_what_the_commands_print_shows_nothing(built_town: BuiltTown, search: Search, tmp_path: Path) -> None:
    home = Home(built_town.home.root)
    receipt = _one(home, "select receipt_id from fct_receipts where suspense_yen > 0 order by 1 limit 1")
    due = _one(home, "select due_key from fct_dues order by principal_balance_yen desc, due_key limit 1")
    other = open_home(tmp_path / "other")
    other.settings_file.write_bytes(home.settings_file.read_bytes())
    done = {
        "ingest of what holds people": osame(
            other,
            "ingest",
            *sorted(built_town.town.files.glob("[ab]*_2026*")),
            *sorted(built_town.town.broken.iterdir()),
        ),
        "trace of a receipt": osame(home, "trace", receipt),
        "trace of a due": osame(home, "trace", due, "--json"),
        "trace of a statement": osame(home, "trace", "statement03_20250430.dat"),
        "sql": osame(home, "sql", "select * from fct_suspense", "--format", "json"),
        "status": osame(home, "status"),
    }
    places = {name: (run.stdout + run.stderr).encode() for name, run in done.items()}
    assert all(len(text) > 50 for text in places.values()), {name: len(text) for name, text in places.items()}
    assert leaks(search, places) == {}


def test_account_numbers_are_no_value_of_the_warehouse(built_town: BuiltTown) -> None:
    """Compared value by value in columns of text: among amounts, seven digits are equal by chance."""
    numbers = {number.decode() for number in account_numbers(built_town.town.truth)}
    connection = open_warehouse(built_town.home)
    try:
        columns = connection.execute(
            "select format('{}.{}', schema_name, table_name), column_name from duckdb_columns() "
            "where database_name = 'warehouse' and data_type = 'VARCHAR' and not internal"
        ).fetchall()
        assert len(columns) > 50
        for table, column in columns:
            values = {row[0] for row in connection.execute(f'select distinct "{column}" from {table}').fetchall()}
            parts = {part for value in values if value for part in re.split(r"\D+", value) if len(part) == 7}
            assert not parts & numbers, f"{table}.{column}"
    finally:
        connection.close()


def test_no_personal_column_is_in_the_warehouse(built_town: BuiltTown) -> None:
    """No relation that a build publishes has a personal column of any layout (DESIGN §1)."""
    layouts = load_layouts()
    personal = {f.name for layout in layouts.values() for f in layout.data_fields() if f.personal}
    personal |= {c.name for table in landing_schema(layouts).values() for c in table if c.personal}
    assert {"name", "individual_no", "account_no", "holder_name", "address"} <= personal
    connection = open_warehouse(built_town.home)
    try:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    finally:
        connection.close()
    assert len(columns) > 100
    assert [pair for pair in columns if pair[1] in personal] == []


def test_the_keys_are_in_no_other_file(built_town: BuiltTown) -> None:
    """dbt is given landing's key: it may be in no log, manifest or compiled model."""
    home = built_town.home
    keys = Search({"key": {landing_key(home).encode(), vault_key(home).encode()}})
    assert keys.find((home.keys / "landing.key").read_bytes())
    places = [p for p in files_of(home.root) if home.keys not in p.parents]
    assert any("logs" in p.parts for p in places)
    assert [str(p) for p in places if keys.find(p.read_bytes())] == []
    assert [name for name, data in built_town.build_leftovers.items() if keys.find(data)] == []


# --- keys --------------------------------------------------------------------------------------------------------


def attach(store: Path, options: str) -> None:
    connection = open_memory()
    try:
        connection.execute(f"load '{crypto_extension()}'")
        connection.execute(f"attach '{store}' as store ({options})")
        connection.execute("select count(*) from duckdb_tables() where database_name = 'store'")
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["landing", "vault"])
def test_a_store_opens_with_its_own_key_only(built_town: BuiltTown, name: str) -> None:
    home = built_town.home
    keys = {"landing": landing_key(home), "vault": vault_key(home)}
    own = keys.pop(name)
    (foreign,) = keys.values()
    store = home.root / f"{name}.duckdb"
    attach(store, f"encryption_key '{own}', read_only")
    for options in ("read_only", f"encryption_key '{foreign}', read_only", f"encryption_key '{own[:-1]}', read_only"):
        with pytest.raises(duckdb.Error):
            attach(store, options)


def test_a_wrong_key_file_is_said_in_a_sentence(built_town: BuiltTown, tmp_path: Path) -> None:
    home = open_home(tmp_path)
    shutil.copy(built_town.home.landing, home.landing)
    (home.keys / "landing.key").write_text("ab" * 32)
    (home.keys / "landing.key").chmod(0o600)
    with pytest.raises(OsameError, match="does not open with its key"):
        open_landing(home)
    for command, code in (("status", 1), ("doctor", 1), ("ingest", 2), ("build", 2)):
        done = osame(home, command)
        assert (command, done.returncode) == (command, code), done.stderr
        assert "does not open with its key" in " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in done.stderr


def test_an_archived_file_opens_with_landings_key_only(built_town: BuiltTown, tmp_path: Path) -> None:
    from cryptography.exceptions import InvalidTag

    source = next(p for p in files_of(built_town.town.files) if p.name.startswith("addressees"))
    kept = next(p for p in files_of(built_town.home.archive) if p.name.endswith(source.name))
    assert archive.fetch(built_town.home, kept) == source.read_bytes()
    stranger = open_home(tmp_path)
    with pytest.raises(InvalidTag):
        archive.fetch(stranger, kept)


def test_modes_of_keys_and_folders(built_town: BuiltTown) -> None:
    home = built_town.home
    for key in (home.keys / "landing.key", home.keys / "vault.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    folders = [home.inbox, home.archive, home.rejected, home.keys, home.work]
    folders += [p for p in home.archive.rglob("*") if p.is_dir()]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folders} == {0o700}
    kept = [*files_of(home.archive, home.rejected), home.vault]
    assert {stat.S_IMODE(p.stat().st_mode) for p in kept} == {0o600}


def _one(home: Home, sql: str) -> str:
    connection = open_warehouse(home)
    try:
        row = connection.execute(sql).fetchone()
        assert row is not None
        return str(row[0])
    finally:
        connection.close()
