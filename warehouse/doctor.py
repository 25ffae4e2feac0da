"""What a machine needs, checked one by one, for ``osame doctor``."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from warehouse import connection as db
from warehouse.config import Home
from warehouse.errors import OsameError
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


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at."""

    name: str
    passed: bool
    found: str
    advice: str = ""


def examine(home: Home) -> list[Examined]:
    """Every check, the failed ones too; none of them changes anything but making missing keys."""
    return [*_machine(home), *_folders(home), *_stores(home), *_documents(home)]


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
    free = shutil.disk_usage(home.root).free
    yield Examined(
        "free disk",
        free >= _MINIMUM_FREE_BYTES,
        f"{free / 2**30:.1f} GiB",
        f"free at least 5 GiB on the disk of {home.root}",
    )


def _folders(home: Home) -> Iterator[Examined]:
    for folder in (home.inbox, home.archive, home.rejected, home.keys):
        mode = stat.S_IMODE(folder.stat().st_mode)
        yield Examined(f"{folder.name}/ is private", mode & 0o077 == 0, oct(mode), f"chmod 700 {folder}")
    for key in sorted(home.keys.glob("*.key")):
        mode = stat.S_IMODE(key.stat().st_mode)
        yield Examined(f"{key.name} is private", mode & 0o077 == 0, oct(mode), f"chmod 600 {key}")
    left = [p for p in home.work.glob("build-*") if not Path(f"/proc/{p.name.removeprefix('build-')}").exists()]
    yield Examined(
        "no build was killed",
        not left,
        f"{len(left)} left over",
        "nothing to do: the next osame build clears them away",
    )
    yield Examined("writable", os.access(home.root, os.W_OK), str(home.root), "give this user the folder")


def _stores(home: Home) -> Iterator[Examined]:
    openers: dict[str, tuple[Path, Callable[[Home], duckdb.DuckDBPyConnection]]] = {
        "landing": (home.landing, db.open_landing),
        "vault": (home.vault, db.open_vault),
    }
    for name, (path, opener) in openers.items():
        if not path.exists():
            yield Examined(f"{name} opens with its key", True, "not made yet")
            continue
        try:
            opener(home).close()
            yield Examined(f"{name} opens with its key", True, str(path))
        except OsameError as error:
            yield Examined(f"{name} opens with its key", False, error.message, error.advice)


def _documents(home: Home) -> Iterator[Examined]:
    from ingestion.vault_log import problems
    from reports.documents.fonts import loaded  # not with the others: `osame doctor` tells what is not installed

    try:
        fonts = load_settings(home).office.fonts
        loaded(fonts)
        yield Examined("documents have their fonts", True, ", ".join([*fonts.text, *fonts.heading]))
    except OsameError as error:
        yield Examined("documents have their fonts", False, error.message, error.advice)
    found = problems(home)
    yield Examined(
        "the log of the vault is whole",
        not found,
        f"{len(found)} things wrong with it" if found else "yes",
        "osame vault-log --verify",
    )
