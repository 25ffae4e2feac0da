"""The build: landing -> dbt -> a new warehouse file -> rename into place. Readers see the old one until it is whole.

It works on a copy of landing as it was when the build began: files and records land meanwhile, for the next one.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from ingestion.landing import Landing
from ingestion.layout_catalog import load_layouts
from ingestion.vault import build_vault
from osame import stores as db
from osame.code_version import code_version
from osame.errors import BuildFailed, OsameError
from osame.home import CODE, IS_CHECKOUT, PROJECT, Home
from osame.keys import landing_key
from osame.locks import build_lock, is_alive, landing_lock
from warehouse.build_record import attempt
from warehouse.law import seeds
from warehouse.law.office import parameters_of, require_rates
from warehouse.lost_loads import require_all_loads
from warehouse.payment_sources import for_dbt, payment_sources
from warehouse.settings import Settings, load_settings

_BEGINNING = date(1, 1, 1)
_NEVER = date(9999, 12, 31)
_PARSED = PROJECT / "target" / "partial_parse.msgpack"
_ROWS_SHOWN = 3  # of what a data test found

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Built:
    """What a build did: seconds by node (model, seed, test), and the tests that warned."""

    as_of: date
    nodes: int
    warnings: list[str]
    seconds: dict[str, float] = field(default_factory=dict)


def build(
    home: Home,
    as_of: date,
    *,
    known_at: datetime | None = None,
    allow_fewer_loads: bool = False,
    overrides: dict[str, Any] | None = None,
    with_tests: bool = True,
    with_unit_tests: bool = False,
    with_vault: bool = True,
    progress: Progress = lambda _done, _all, _name: None,
    waiting: Callable[[], None] | None = None,
) -> Built:
    """Build the warehouse as of a day and put it in place.

    Args:
        home: the office's data.
        as_of: book dates after this day do not exist yet (日計日, 調定日, 処分日).
        known_at: files landed after this instant do not exist yet (JST); default: the last that landed.
        allow_fewer_loads: take the place of a warehouse that knows files which landing has not.
        overrides: settings that replace the home's (a scenario's policies).
        with_tests: also run every dbt data test; a failing test keeps the old warehouse in place.
        with_unit_tests: also run the dbt unit tests. They look at the code, not at the data: for tests and CI.
        with_vault: also derive the vault again.
        progress: called with nodes done, nodes in all and the name of the last.
        waiting: called once if it waits for another process, which builds or writes to landing.

    Raises:
        BuildFailed: a model or a test failed; the message names each.
        OsameError: settings, rates or go-live days are missing, or landing has lost files.
    """
    with build_lock(home, waiting), attempt(home, as_of, known_at):
        return _build(
            home,
            load_settings(home, overrides),
            as_of,
            known_at,
            allow_fewer_loads=allow_fewer_loads,
            left_out=([] if with_tests else ["test"]) + ([] if with_unit_tests else ["unit_test"]),
            with_vault=with_vault,
            progress=progress,
            waiting=waiting,
        )


def _build(
    home: Home,
    settings: Settings,
    as_of: date,
    known_at: datetime | None,
    *,
    allow_fewer_loads: bool,
    left_out: list[str],
    with_vault: bool,
    progress: Progress,
    waiting: Callable[[], None] | None,
) -> Built:
    require_rates(parameters_of(home, settings.policies), as_of)
    with _build_folder(home) as folder:
        target = folder / "warehouse.duckdb"
        with _snapshot(home, folder, waiting) as landing:
            if not allow_fewer_loads:
                require_all_loads(home, landing)
            variables = build_variables(home, settings, as_of, known_at, landing)
        built = _run_dbt(home, target, variables, as_of, left_out, progress)
        if with_vault:
            build_vault(home, folder, folder / home.landing.name)
        _publish(home, target)
    return built


@contextmanager
def _snapshot(
    home: Home, folder: Path, waiting: Callable[[], None] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Landing as it is at this moment, copied into ``folder``, with every table that a layout names.

    Landing's lock is held while the copy is made, and no longer.

    Raises:
        StoreBusy: another process writes to landing for too long.
        StoreMissing: landing was there and is not any more.
    """
    with landing_lock(home, exclusive=False, waiting=waiting):
        path = db.copy_landing(home, folder)
    connection = db.open_snapshot(home, path)
    try:
        Landing(connection, load_layouts(home.layouts if home.layouts.is_dir() else None))
        yield connection
    finally:
        connection.close()


@contextmanager
def _build_folder(home: Home) -> Iterator[Path]:
    """A folder for one build, removed afterwards. Those of builds that were killed are removed first."""
    for left in home.work.glob("build-*"):
        if not is_alive(left.name.removeprefix("build-")):
            shutil.rmtree(left, ignore_errors=True)
    folder = home.work / f"build-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(home: Home, target: Path) -> None:
    connection = db.open_file(target)
    connection.execute("checkpoint")
    connection.close()
    target.replace(home.warehouse)


def build_variables(
    home: Home, settings: Settings, as_of: date, known_at: datetime | None, landing: duckdb.DuckDBPyConnection
) -> dict[str, Any]:
    """The dbt variables of a build: what it is as of, and what the office has decided."""
    return {
        "as_of_date": as_of.isoformat(),
        "known_at": (known_at or _last_landed(landing) or datetime.combine(as_of, time())).isoformat(sep=" "),
        "has_closings": _has_closings(landing),
        "code_version": code_version(),
        "municipality": settings.municipality.model_dump(),
        "policies": settings.policies.model_dump(),
        "go_live": _go_live(home, settings, landing),
        "customer_no": {name: list(span) for name, span in settings.customer_no.items()},
        "remittances": [rule.model_dump() for rule in settings.remittances],
        "matching": settings.matching.model_dump(),
        "second_attempt": settings.direct_debits.second_attempt.model_dump(),
        "law_rows": _law_rows(home, settings),
    }


def _law_rows(home: Home, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The rows of each law seed that the office's added values change."""
    rows = seeds.differences(parameters_of(home, settings.policies))
    return {
        name: [{key: None if value is None else str(value) for key, value in row.items()} for row in table]
        for name, table in rows.items()
    }


def _last_landed(landing: duckdb.DuckDBPyConnection) -> datetime | None:
    """All that has landed is known: the instant of the last offer, so that the report can be made again."""
    row = landing.execute("select max(landed_at) from landing.loads").fetchone()
    return None if row is None else row[0]


def _has_closings(landing: duckdb.DuckDBPyConnection) -> bool:
    """Whether any year was ever closed: without one, no build looks for what has changed in closed years."""
    found = landing.execute("select 1 from landing.closings where approved_by is not null limit 1").fetchone()
    return found is not None


def _go_live(home: Home, settings: Settings, landing: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The first day of each channel's payment files: as set, else all history or all files where there is only one.

    Raises:
        OsameError: a channel has both 収納履歴 and payment files and no go-live day: its money would count twice.
    """
    history, files = _channels_landed(landing)
    days = dict(settings.go_live.channels)
    default = settings.go_live.default
    unset = sorted(c for c in history & files if c not in days) if default is None else []
    if unset:
        raise OsameError(
            f"channels {', '.join(unset)} have both 収納履歴 (receipts) and payment files, and no go-live day",
            f"set go_live in {home.settings_file}: the first 領収日 for which the payment files are the money, e.g.\n"
            f"     go_live: {{default: 2025-04-01}}",
        )
    for channel in history - files:
        days.setdefault(channel, default or _NEVER)
    return {
        "default": (default or _BEGINNING).isoformat(),
        "channels": {channel: day.isoformat() for channel, day in sorted(days.items())},
    }


def _channels_landed(landing: duckdb.DuckDBPyConnection) -> tuple[set[str], set[str]]:
    history = landing.execute("select distinct payment_method_code from landing.receipts").fetchall()
    files: set[str] = set()
    for source in payment_sources():
        if source.is_plain:
            rows = landing.execute(f"select distinct channel_code from landing.{source.landing_table}").fetchall()
            files |= {row[0] for row in rows}
        elif landing.execute(f"select 1 from landing.{source.landing_table} limit 1").fetchone() is not None:
            files |= set(source.channel_codes)
    return {row[0] for row in history}, files


def dbt_environment(home: Home, target: Path, variables: dict[str, Any]) -> dict[str, str]:
    """What dbt's plugin and the macro ``variable`` read from the environment."""
    return {
        "OSAME_VARIABLES": json.dumps(variables, ensure_ascii=False),
        "OSAME_HOME": str(home.root),
        "OSAME_PAYMENT_SOURCES": for_dbt(),
        "OSAME_PROJECT": str(PROJECT),
        "OSAME_BUILD_FILE": str(target),
        "OSAME_KEY": landing_key(home),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def dbt_arguments(home: Home) -> list[str]:
    """Arguments that every dbt command needs here."""
    return [
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(CODE / "warehouse"),
        "--target-path",
        str(home.work / "dbt"),
        "--log-path",
        str(home.work / "dbt" / "logs"),
    ]


def _run_dbt(
    home: Home, target: Path, variables: dict[str, Any], as_of: date, left_out: list[str], progress: Progress
) -> Built:
    from dbt.cli.main import dbtRunner  # two seconds of import that no other command should pay

    done = 0

    def on_event(event: Any) -> None:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += 1
            progress(done, total, event.data.node_info.node_name)

    total = 0 if "test" in left_out else _node_count(home)
    # A log of every query costs a small build a tenth of its time; the SQL stands in the target folder.
    quiet = ["--quiet", "--log-level", "none", "--log-level-file", "info"]
    arguments = [*quiet, "build", *dbt_arguments(home)]
    for resource_type in (*left_out, "exposure"):  # a report is nothing to build
        arguments += ["--exclude-resource-type", resource_type]
    saved = dict(os.environ)
    complains, logging.raiseExceptions = logging.raiseExceptions, False  # dbt's log on a full disk: no tracebacks
    os.environ.update(dbt_environment(home, target, variables))
    _borrow_parsed_project(home)
    try:
        result = dbtRunner(callbacks=[on_event]).invoke(arguments)
        _raise_failures(result)
        warnings = [_told(r) for r in result.result.results if str(r.status) == "warn"]
    finally:
        os.environ.clear()
        os.environ.update(saved)
        logging.raiseExceptions = complains
        _forget_connection()
    _lend_parsed_project(home)
    results = list(result.result.results)
    return Built(
        as_of=as_of,
        nodes=len(results),
        warnings=warnings,
        seconds={r.node.name: r.execution_time for r in results},
    )


@contextmanager
def dbt_session(home: Home, as_of: date) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Environment and arguments for a dbt command of a developer or of CI.

    They build into ``work/dev``, which stays, so that ``osame dbt test`` finds what ``osame dbt build`` made there.
    """
    settings = load_settings(home)
    folder = home.work / "dev"
    folder.mkdir(mode=0o700, exist_ok=True)
    with _snapshot(home, folder) as landing:
        variables = build_variables(home, settings, as_of, None, landing)
    yield dbt_environment(home, folder / "warehouse.duckdb", variables), dbt_arguments(home)


def _borrow_parsed_project(home: Home) -> None:
    """A home's first build takes the project as another's dbt has parsed it; dbt itself sees what has changed since."""
    own = home.work / "dbt" / _PARSED.name
    if _PARSED.exists() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_PARSED, own)


def _lend_parsed_project(home: Home) -> None:
    """Keep the parsed project with a checkout that may be written to. It holds no data and no variable."""
    own = home.work / "dbt" / _PARSED.name
    if (
        not IS_CHECKOUT
        or not os.access(PROJECT, os.W_OK)
        or (_PARSED.exists() and _PARSED.stat().st_mtime >= own.stat().st_mtime)
    ):
        return
    _PARSED.parent.mkdir(exist_ok=True)
    new = _PARSED.with_suffix(f".{os.getpid()}")
    shutil.copyfile(own, new)
    new.replace(_PARSED)


def _node_count(home: Home) -> int:
    """How many nodes the last build of this home had, for the progress bar; 0 if none has run yet."""
    path = home.work / "dbt" / "run_results.json"
    if not path.exists():
        return 0
    return len(json.loads(path.read_text(encoding="utf-8"))["results"])


def _forget_connection() -> None:
    """dbt-duckdb keeps its connection for the life of the process; the next build has another file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _raise_failures(result: Any) -> None:
    if result.success:
        return
    if isinstance(result.exception, OSError):  # a full disk met dbt itself: the caller says what to do
        raise result.exception
    if result.exception is not None:
        raise BuildFailed(f"dbt stopped: {result.exception}", "see the message; nothing was published") from None
    failed = [r for r in result.result.results if str(r.status) in ("error", "fail", "runtime error")]
    lines = "\n".join(f"  {_told(r)}" for r in failed)
    raise BuildFailed(
        f"{len(failed)} of {len(result.result.results)} dbt nodes failed; the old warehouse stays in place\n{lines}",
        "look at a failing test with: osame dbt test --select NAME",
    )


def _told(result: Any) -> str:
    """What a node says, and the first rows that a test found: which file and line it was."""
    message = " ".join(str(result.message).split())[:1500]
    return "\n      ".join([f"{result.node.name}: {message}", *_first_rows(result)])


def _first_rows(result: Any) -> list[str]:
    """Asked of the build's own database, which lives as long as dbt's connection. Models hold no personal column."""
    if str(result.status) not in ("fail", "warn") or not getattr(result.node, "compiled_code", None):
        return []
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    handle = DuckDBConnectionManager.env().handle()
    try:
        rows = db.rows_of(handle.cursor(), f"select * from (\n{result.node.compiled_code}\n) limit {_ROWS_SHOWN}")
    finally:
        handle.close()
    return [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]
