"""What a machine needs, checked one by one, for ``osame doctor``."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb
from cryptography.exceptions import InvalidTag

from ingestion import archive
from ingestion.layout import Layout
from ingestion.layout_catalog import load_layouts
from ingestion.vault_log import problems
from osame.act import Permission
from osame.errors import OsameError
from osame.home import Home
from osame.locks import is_alive, landing_lock
from osame.stores import damaged, open_landing, open_vault, open_warehouse
from warehouse.health import Examined, examine_home
from warehouse.lost_loads import landed, lost_loads, not_in_archive, not_in_landing, some
from warehouse.office.permissions import record_permission
from warehouse.settings import load_settings

_PACKAGES = (
    "duckdb",
    "duckdb-extension-httpfs",
    "dbt-core",
    "dbt-duckdb",
    "papermill",
    "plotly",
    "typst",
    "xlsxwriter",
)
_MINIMUM_FREE_BYTES = 5 * 2**30
_MOST_BYTES = 512 * 2**20  # of one store, and of the archive, that are read where --full is not given


def examine(home: Home, *, full: bool = False) -> list[Examined]:
    """Every check, those that passed too; none of them changes anything.

    Args:
        home: the office's data.
        full: read every store and every archived file wholly; else up to so many bytes of each.
    """
    return [
        *_machine(home),
        *_folders(home),
        *examine_home(home),
        *_contents(home, full=full),
        *_vault_log(home),
        *_permissions(home),
    ]


def _machine(home: Home) -> Iterator[Examined]:
    found = ".".join(map(str, sys.version_info[:3]))
    yield Examined("Python 3.11 or later", sys.version_info >= (3, 11), found, "install Python 3.11 or later")
    for package in _PACKAGES:
        try:
            yield Examined(package, True, version(package))
        except PackageNotFoundError:
            yield Examined(package, False, "not installed", "make setup")
    same = version("duckdb-extension-httpfs") == duckdb.__version__
    yield Examined(
        "the crypto extension fits duckdb",
        same,
        f"{version('duckdb-extension-httpfs')} for {duckdb.__version__}",
        "make setup",
    )
    if not home.root.is_dir():
        yield Examined("the home is there", False, f"{home.root} is no folder", "set OSAME_HOME, or run: osame ingest")
        return
    free = shutil.disk_usage(home.root).free
    yield Examined(
        "free disk",
        free >= _MINIMUM_FREE_BYTES,
        f"{free / 2**30:.1f} GiB",
        f"free at least 5 GiB on the disk of {home.root}",
    )


def _folders(home: Home) -> Iterator[Examined]:
    for folder in (home.inbox, home.archive, home.rejected, home.keys):
        if not folder.is_dir():
            yield Examined(f"{folder.name}/ is private", True, "not made yet")
            continue
        mode = stat.S_IMODE(folder.stat().st_mode)
        yield Examined(f"{folder.name}/ is private", mode & 0o077 == 0, oct(mode), f"chmod 700 {folder}")
    for key in sorted(home.keys.glob("*.key")):
        mode = stat.S_IMODE(key.stat().st_mode)
        yield Examined(f"{key.name} is private", mode & 0o077 == 0, oct(mode), f"chmod 600 {key}")
    left = [p for p in home.work.glob("build-*") if not is_alive(p.name.removeprefix("build-"))]
    yield Examined(
        "no build was killed",
        not left,
        f"{len(left)} left over",
        "nothing to do: the next osame build clears them away",
    )
    yield Examined("writable", os.access(home.root, os.W_OK), str(home.root), "give this user the folder")


def _contents(home: Home, *, full: bool) -> Iterator[Examined]:
    """Whether what is in the stores can be read, and whether they agree on what has landed."""
    for path, opener in (
        (home.landing, open_landing),
        (home.vault, open_vault),
        (home.warehouse, open_warehouse),
    ):
        if path.exists():
            yield _read_through(home, path, opener, full=full)
    yield from _agree(home)
    yield _archive(home, full=full)


def _read_through(
    home: Home, path: Path, opener: Callable[[Home], duckdb.DuckDBPyConnection], *, full: bool
) -> Examined:
    """Read every block of a store: DuckDB checks each by its checksum, and an encrypted one by its tag."""
    name = f"{path.name} can be read throughout"
    if path.stat().st_size > _MOST_BYTES and not full:
        return Examined(name, True, "too large to be read by the way: osame doctor --full")
    read = 0
    try:
        with landing_lock(home, exclusive=False):
            connection = opener(home)
            try:
                tables = connection.execute(
                    "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
                    " order by all"
                ).fetchall()
                for names in tables:
                    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in names)
                    connection.execute(f"select bit_xor(hash(t)) from {quoted} as t").fetchall()
                    read += 1
            finally:
                connection.close()
    except OsameError as error:
        return Examined(name, False, error.message, error.advice)
    except OSError as error:
        return Examined(name, False, str(error), "give this user leave to read it, or run this as the home's owner")
    except duckdb.Error as error:
        broken = damaged(path, " ".join(str(error).split()))
        return Examined(name, False, broken.message, broken.advice)
    return Examined(name, True, f"{read} tables")


def _agree(home: Home) -> Iterator[Examined]:
    if not home.landing.exists():
        return
    try:
        with landing_lock(home, exclusive=False):
            landing = open_landing(home)
            try:
                here = landed(landing)
            finally:
                landing.close()
            lost = lost_loads(home, here)
    except (OsameError, OSError, duckdb.Error):  # told by the check of the store
        return
    without = not_in_archive(home, here)
    yield Examined(
        "every landed file is in the archive",
        not without,
        f"{len(without):,} are not: {some(without)}" if without else f"{len(here):,} files",
        "put archive/ back from its backup; what has landed is not touched by this",
    )
    older = sorted({*lost, *not_in_landing(home, here)})
    yield Examined(
        "landing has all that has ever landed",
        not older,
        f"{len(older):,} files are in the archive or the warehouse and not in it: {some(older)}" if older else "yes",
        "put landing.duckdb back from its latest backup",
    )


def _archive(home: Home, *, full: bool) -> Examined:
    """Open archived files, the newest first: each tells by its tag whether it is what was written."""
    name = "archived files are whole"
    paths = sorted((p for p in home.archive.glob("*/*/*") if not p.name.startswith(".")), key=_age)
    bytes_left, looked_at, broken = _MOST_BYTES, 0, []
    for path in paths:
        if bytes_left <= 0 and not full:
            break
        bytes_left -= path.stat().st_size
        looked_at += 1
        try:
            archive.fetch(home, path)
        except (InvalidTag, ValueError, OSError) as error:
            broken.append(f"{path} ({type(error).__name__})")
        except OsameError as error:  # the key: the same for every file
            return Examined(name, False, error.message, error.advice)
    said = f"{looked_at:,} of {len(paths):,} looked at"
    if looked_at < len(paths):
        said += " (osame doctor --full looks at all)"
    return Examined(
        name,
        not broken,
        f"{said}; {len(broken):,} damaged: {some(broken)}" if broken else said,
        "put these files back from the backup of archive/",
    )


def _age(path: Path) -> float:
    return -path.stat().st_mtime


def _vault_log(home: Home) -> Iterator[Examined]:
    found = problems(home)
    yield Examined(
        "the log of the vault is whole",
        not found,
        f"{len(found)} things wrong with it" if found else "yes",
        "osame vault-log --verify",
    )


def declared_permissions(home: Home) -> set[str]:
    """The name of every permission that an act asks for: they are declared beside the acts."""
    names = {record_permission(layout).name for layout in _layouts(home) if layout.extract}
    for package in ("warehouse.office", "warehouse.collection"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            declared = vars(importlib.import_module(module.name)).values()
            names |= {value.name for value in declared if isinstance(value, Permission)}
    return names


def _layouts(home: Home) -> list[Layout]:
    return list(load_layouts(home.layouts if home.layouts.is_dir() else None).values())


def _permissions(home: Home) -> Iterator[Examined]:
    """A name that no act asks for restricts nobody: most likely it is misspelt."""
    try:
        asked = load_settings(home).permissions
    except OsameError:  # told by the check of the settings
        return
    known = declared_permissions(home)
    unknown = sorted(set(asked) - known)
    yield Examined(
        "the permissions of the settings exist",
        not unknown,
        f"unknown: {', '.join(unknown)}" if unknown else "yes",
        f"correct permissions in {home.settings_file}; there are: {', '.join(sorted(known))}",
    )
