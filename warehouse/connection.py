"""The only place that opens DuckDB: keys, extensions, limits, locks and read-only access."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

from warehouse.config import Home
from warehouse.errors import OsameError, StoreBusy
from warehouse.keys import landing_key, vault_key

MEMORY_LIMIT = os.environ.get("OSAME_MEMORY_LIMIT", "6GB")
THREADS = int(os.environ.get("OSAME_THREADS", "0")) or (os.cpu_count() or 2)
_LOCK_WAIT_SECONDS = float(os.environ.get("OSAME_LOCK_WAIT", "600"))


def crypto_extension() -> Path:
    """The signed httpfs extension from its PyPI package: writing an encrypted file needs its OpenSSL."""
    folder = Path(duckdb_extension_httpfs.__file__).parent
    for path in folder.rglob("httpfs.duckdb_extension"):
        return path
    raise OsameError(
        f"no httpfs.duckdb_extension below {folder}",
        f"install duckdb-extension-httpfs=={duckdb.__version__} (make setup)",
    )


def _connect(database: str = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(  # noqa: TID251 (this is the module that the rule sends others to)
        database,
        read_only=read_only,
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY_LIMIT,
            "threads": str(THREADS),
        },
    )


def _quote(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _encrypted(home: Home, store: Path, alias: str, key: str, read_only: bool) -> duckdb.DuckDBPyConnection:
    connection = _connect()
    connection.execute(f"load {_quote(crypto_extension())}")
    connection.execute("set temp_file_encryption = true")
    connection.execute(f"set temp_directory = {_quote(home.work / 'spill')}")
    connection.execute("set preserve_insertion_order = false")
    # Choosing among all compressions costs more than landing a file (990,000 records: 2.9 s of processor, not 1.3 s).
    connection.execute("set force_compression = 'auto'")
    mode = ", read_only" if read_only else ""
    try:
        connection.execute(f"attach {_quote(store)} as {alias} (encryption_key {_quote(key)}{mode})")
    except duckdb.Error as error:
        connection.close()
        text = str(error)
        if "lock" in text:
            raise StoreBusy(f"{store.name} is in use by another process", "try again when it has finished") from error
        if "encrypt" in text.lower() or "key" in text.lower():
            raise OsameError(f"{store} does not open with its key", "put the right key file back") from None
        raise
    connection.execute(f"use {alias}")
    return connection


def open_landing(home: Home, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """landing.duckdb, attached as ``landing``. Only ingestion opens it for writing, under ``landing_lock``."""
    if not read_only and not home.landing.exists():
        _make_landing(home)
    return _encrypted(home, home.landing, "landing", landing_key(home), read_only)


def _make_landing(home: Home) -> None:
    """Make an empty store beside its place and rename it: a crash or a full disk leaves none that does not open."""
    partial = home.root / ".landing.duckdb.partial"
    partial.unlink(missing_ok=True)
    connection = _encrypted(home, partial, "landing", landing_key(home), read_only=False)
    connection.execute("checkpoint landing")
    connection.close()
    partial.replace(home.landing)


def open_vault(home: Home, path: Path | None = None, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """vault.duckdb (or the one being made at ``path``), attached as ``vault``."""
    return _encrypted(home, path or home.vault, "vault", vault_key(home), read_only)


def open_warehouse(home: Home) -> duckdb.DuckDBPyConnection:
    """The published warehouse, read-only. A build that finishes meanwhile does not disturb this reader.

    Attached to a database in memory: a second ``duckdb.connect`` on the path would share the first one's file, and a
    notebook that keeps a connection would never see the next build.
    """
    if not home.warehouse.exists():
        raise OsameError(f"{home.warehouse} does not exist yet", "run: osame build")
    connection = _connect()
    connection.execute(f"set temp_directory = {_quote(home.work / 'spill')}")
    connection.execute(f"attach {_quote(home.warehouse)} as warehouse (read_only)")
    connection.execute("use warehouse")
    connection.execute("set enable_external_access = false")
    return connection


def open_memory() -> duckdb.DuckDBPyConnection:
    """A database in memory, for tools and tests."""
    return _connect()


def open_file(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A plain DuckDB file: the warehouse that a build is making."""
    return _connect(str(path), read_only=read_only)


def attach_landing(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Attach landing read-only to a connection that has the crypto extension."""
    connection.execute(
        f"attach {_quote(home.landing)} as landing (encryption_key {_quote(landing_key(home))}, read_only)"
    )


def attach_for_build(connection: duckdb.DuckDBPyConnection, home: Home, target: Path) -> None:
    """Give dbt's connection ``warehouse`` (the target), landing (read-only) and ``scratch``, which dies with the build.

    Limits are set here, once: dbt sets those of its profile again for every cursor, and DuckDB refuses to change the
    encryption of temporary files once one has spilled.
    """
    connection.execute(f"load {_quote(crypto_extension())}")
    connection.execute("set temp_file_encryption = true")
    connection.execute(f"set temp_directory = {_quote(target.parent / 'spill')}")
    connection.execute(f"set memory_limit = {_quote(MEMORY_LIMIT)}")
    connection.execute("set preserve_insertion_order = false")
    attach_landing(connection, home)
    connection.execute(f"attach {_quote(target)} as warehouse")
    connection.execute(f"attach {_quote(target.parent / 'scratch.duckdb')} as scratch")


@contextmanager
def landing_lock(home: Home, exclusive: bool, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """One writer, or any number of readers, of landing.duckdb across processes.

    DuckDB itself refuses a second writer at once; this waits for it (``OSAME_LOCK_WAIT`` seconds, 600 by default).

    Raises:
        StoreBusy: the wait ran out.
    """
    with _locked(home.root / ".landing.lock", "landing is", exclusive=exclusive, waiting=waiting):
        yield


@contextmanager
def act_lock(home: Home, register: str) -> Iterator[None]:
    """One process at a time reads what a register holds and records what follows from it. Waits as ``landing_lock``.

    Taken before landing's lock, never while that is held: what is recorded lands within.

    Raises:
        StoreBusy: the wait ran out.
    """
    with _locked(home.root / f".{register}.lock", f"{register} are", exclusive=True):
        yield


@contextmanager
def _locked(path: Path, what: str, *, exclusive: bool, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    handle = path.open("a+")
    flag = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    told = False
    try:
        while True:
            try:
                fcntl.flock(handle, flag | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told and waiting is not None:
                    waiting()
                    told = True
                if time.monotonic() > deadline:
                    raise StoreBusy(
                        f"{what} still in use after {_LOCK_WAIT_SECONDS:.0f} s",
                        "wait for the other osame process to end, or set OSAME_LOCK_WAIT (seconds)",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        handle.close()
