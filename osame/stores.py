"""The only place that opens DuckDB: keys, extensions, limits and read-only access."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import duckdb_extension_httpfs

from osame.errors import OsameError, StoreBusy, StoreDamaged, StoreMissing
from osame.home import UNREADABLE_LIMITS, Home, limit
from osame.keys import landing_key, vault_key

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

MEMORY_LIMIT = limit("OSAME_MEMORY_LIMIT", "4GB", r"\d+(\.\d+)?\s*[KMGT]i?B")
THREADS = int(limit("OSAME_THREADS", "0", r"\d{1,4}")) or (os.cpu_count() or 2)


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
    if UNREADABLE_LIMITS:
        raise OsameError("; ".join(UNREADABLE_LIMITS), "correct the environment variable, or unset it")
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
    is_closed = not _wal(store).exists()  # else the log has what the file lacks
    try:
        connection.execute(f"attach {_quote(store)} as {alias} (encryption_key {_quote(key)}{mode})")
    except duckdb.Error as error:
        connection.close()
        raise _not_opened(store, error) from None
    if is_closed and read_only:
        _refuse_a_part(connection, store, alias)
    connection.execute(f"use {alias}")
    return connection


_BUSY = "Could not set lock"
_WRONG_KEY = "Wrong encryption key"
_OF_THE_MACHINE = ("No space left", "Permission denied", "Read-only file system", "Out of Memory", "Could not write")


def _not_opened(store: Path, error: duckdb.Error) -> Exception:
    """Why a store did not open, as a sentence; what the machine refuses (space, leave) stays what it is."""
    text = " ".join(str(error).split())
    if _BUSY in text:
        return StoreBusy(f"{store.name} is in use by another process", "try again when it has finished")
    if any(words in text for words in _OF_THE_MACHINE):
        return error
    if _WRONG_KEY in text:
        return StoreDamaged(f"{store} does not open with its key", "put the right key file back")
    return damaged(store, text)


def _refuse_a_part(connection: duckdb.DuckDBPyConnection, store: Path, alias: str) -> None:
    """A file that was cut off opens if what describes it lies in front: the blocks that it lacks would be missed later.

    Raises:
        StoreDamaged: the file is shorter than the blocks in use (free ones at its end may have been given back).
    """
    row = connection.execute(
        "select block_size * used_blocks from pragma_database_size() where database_name = ?", [alias]
    ).fetchone()
    found, expected = store.stat().st_size, row[0] if row else 0
    if found < expected:
        connection.close()
        raise damaged(store, f"it has {found:,} bytes, and its blocks in use {expected:,}")


def damaged(store: Path, found: str) -> StoreDamaged:
    """A store whose bytes are not those that were written. Landing comes from a backup, the others from a build."""
    advice = (
        "put landing.duckdb back from its backup, then run: osame doctor"
        if store.name == "landing.duckdb"
        else f"nothing is lost, it is made from landing: remove {store}, then run: osame build"
    )
    return StoreDamaged(f"{store} is damaged: {found}", advice)


def open_landing(home: Home, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    """landing.duckdb, attached as ``landing``. Only ingestion opens it for writing, under ``landing_lock``.

    Raises:
        StoreMissing: it is not there, and was (``landing_traces``), or there is nothing to read yet.
        StoreDamaged: it cannot be read, or not with the key that is there.
    """
    if not home.landing.exists():
        _refuse_a_second_beginning(home)
        if read_only:
            raise StoreMissing(f"{home.landing} does not exist yet", "run: osame ingest")
        make_landing(home)
    if not read_only:  # whether it is whole can be told of a store that nobody is writing to
        _encrypted(home, home.landing, "landing", landing_key(home), read_only=True).close()
    return _encrypted(home, home.landing, "landing", landing_key(home), read_only)


def landing_traces(home: Home) -> list[str]:
    """What tells that files have landed in this home before: each comes into being only after landing."""
    archived = next(iter(home.archive.glob("*/*/*")), None)
    wal = home.landing.with_name(f"{home.landing.name}.wal")
    found = [path.name for path in (home.warehouse, home.vault, wal) if path.exists()]
    return [*found, *(["files in archive/"] if archived is not None else [])]


def _refuse_a_second_beginning(home: Home) -> None:
    traces = landing_traces(home)
    if traces:
        raise StoreMissing(
            f"{home.landing} is missing, and {', '.join(traces)} tell that it was there: nothing was done, because an "
            "empty one in its place would take every receipt out of the books",
            "put landing.duckdb (and landing.duckdb.wal, if there is one) back from its backup; only if it is lost "
            "for good: osame begin-landing --despite-loss",
        )


def make_landing(home: Home) -> None:
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

    Raises:
        StoreMissing: there is none yet.
        StoreDamaged: it cannot be read.
    """
    if not home.warehouse.exists():
        raise StoreMissing(f"{home.warehouse} does not exist yet", "run: osame build")
    connection = _connect()
    connection.execute(f"set temp_directory = {_quote(home.work / 'spill')}")
    try:
        connection.execute(f"attach {_quote(home.warehouse)} as warehouse (read_only)")
    except duckdb.Error as error:
        connection.close()
        raise _not_opened(home.warehouse, error) from None
    _refuse_a_part(connection, home.warehouse, "warehouse")
    connection.execute("use warehouse")
    connection.execute("set enable_external_access = false")
    return connection


def open_memory() -> duckdb.DuckDBPyConnection:
    """A database in memory, for tools and tests."""
    return _connect()


def open_file(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A plain DuckDB file: the warehouse that a build is making."""
    return _connect(str(path), read_only=read_only)


def copy_landing(home: Home, folder: Path) -> Path:
    """Landing as it is at this moment, with what its log has. The caller holds ``landing_lock``.

    Where nothing has ever landed there is nothing to copy, and the path is that of a store to be made.

    Raises:
        StoreMissing: it is not there, and was.
        StoreDamaged: it cannot be read, or not with the key that is there.
    """
    copy = folder / home.landing.name
    for store, target in ((home.landing, copy), (_wal(home.landing), _wal(copy))):
        target.unlink(missing_ok=True)
        if store.exists():
            _copy(store, target)
            target.chmod(0o600)
    if home.landing.exists():
        open_landing(home).close()
    else:
        _refuse_a_second_beginning(home)
    return copy


_CANNOT_SHARE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def _wal(store: Path) -> Path:
    return store.with_name(f"{store.name}.wal")


def _copy(source: Path, target: Path) -> None:
    """The system copies, and shares the blocks where the file system can; else we copy."""
    with source.open("rb") as one, target.open("xb") as other:
        left = os.fstat(one.fileno()).st_size
        try:
            while left and (done := os.copy_file_range(one.fileno(), other.fileno(), left)):
                left -= done
        except OSError as error:
            if error.errno not in _CANNOT_SHARE:
                raise
        if left:  # some file systems copy nothing and say so by no error
            shutil.copyfileobj(one, other, 1 << 20)  # from where the system stopped


def open_snapshot(home: Home, snapshot: Path) -> duckdb.DuckDBPyConnection:
    """A copy that ``copy_landing`` has made, attached as ``landing``; what is done to it, nobody else sees."""
    return _encrypted(home, snapshot, "landing", landing_key(home), read_only=False)


def attach_landing(connection: duckdb.DuckDBPyConnection, home: Home, store: Path) -> None:
    """Attach landing or a copy of it, read-only, to a connection that has the crypto extension."""
    connection.execute(f"attach {_quote(store)} as landing (encryption_key {_quote(landing_key(home))}, read_only)")


def attach_for_build(connection: duckdb.DuckDBPyConnection, home: Home, target: Path) -> None:
    """Give dbt's connection ``warehouse`` (the target), ``landing`` (the copy beside it) and ``scratch``.

    Limits are set here, once: dbt sets those of its profile again for every cursor, and DuckDB refuses to change the
    encryption of temporary files once one has spilled.
    """
    connection.execute(f"load {_quote(crypto_extension())}")
    connection.execute("set temp_file_encryption = true")
    connection.execute(f"set temp_directory = {_quote(target.parent / 'spill')}")
    connection.execute(f"set memory_limit = {_quote(MEMORY_LIMIT)}")
    connection.execute(f"set threads = {THREADS}")
    connection.execute("set preserve_insertion_order = false")
    attach_landing(connection, home, target.parent / home.landing.name)
    connection.execute(f"attach {_quote(target)} as warehouse")
    connection.execute(f"attach {_quote(target.parent / 'scratch.duckdb')} as scratch")


def rows_of(
    connection: duckdb.DuckDBPyConnection, sql: str, *parameters: object, **named: object
) -> list[dict[str, Any]]:
    """Rows by column name; parameters by place (``?``) or by name (``$name``)."""
    cursor = connection.execute(sql, named or list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_ibis(connection: duckdb.DuckDBPyConnection) -> Backend:
    """An open store as Ibis, on the same connection."""
    import ibis  # takes a second, which no command has that asks in SQL

    return ibis.duckdb.from_connection(connection)
