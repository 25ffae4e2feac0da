"""What a person has to look at in a home: one list, for ``osame status`` (what is wrong) and ``osame doctor`` (all)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from ingestion.delivered import files_below
from ingestion.layout_catalog import broken_layouts
from osame.clock import today, yesterday
from osame.errors import OsameError, StoreBusy
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import landing_traces, open_landing, open_vault, open_warehouse
from warehouse.build_record import last_build
from warehouse.law.office import LAST_KNOWN, parameters_of, rates_end
from warehouse.lost_loads import some
from warehouse.office.freshness import freshness
from warehouse.settings import load_settings

_RATES_NOTICE = timedelta(days=60)


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at."""

    name: str
    passed: bool
    found: str
    advice: str = ""


def examine_home(home: Home) -> list[Examined]:
    """Every check of a home, those that passed too. Nothing is changed, and nothing of it needs leave to write."""
    return [*_files(home), *_stores(home), *_builds(home), *_configuration(home)]


def waiting_files(home: Home) -> int:
    """Files that the next ingest would offer."""
    return len(files_below([home.inbox])) if home.inbox.is_dir() else 0


def refused_files(home: Home) -> int:
    """Refused files that nobody has put away."""
    return sum(1 for _ in home.rejected.glob("*.reason.json"))


def _files(home: Home) -> Iterator[Examined]:
    count = waiting_files(home)
    yield Examined("no file waits in the inbox", count == 0, f"{count:,} files", "run: osame ingest")
    count = refused_files(home)
    yield Examined(
        "no refused file is open",
        count == 0,
        f"{count:,} files",
        f"read their reason slips in {home.rejected}, ask for them again, then move them away with their slips",
    )


def _stores(home: Home) -> Iterator[Examined]:
    yield _landing(home)
    yield _derived(
        "vault opens with its key", home, is_there=home.vault.exists(), is_wanted=home.warehouse.exists, of="vault"
    )
    yield _derived(
        "warehouse opens",
        home,
        is_there=home.warehouse.exists(),
        is_wanted=lambda: has_landed(home),
        of="warehouse",
    )


def _landing(home: Home) -> Examined:
    name = "landing opens with its key"
    if not home.landing.exists() and not landing_traces(home):
        return Examined(name, True, "not made yet")
    try:
        with landing_lock(home, exclusive=False, wait=False):
            open_landing(home).close()
    except StoreBusy:
        return Examined(name, True, "in use: files are landing at this moment")
    except (OsameError, OSError) as error:
        return _not_opened(name, error)
    return Examined(name, True, str(home.landing))


def _not_opened(name: str, error: OsameError | OSError) -> Examined:
    if isinstance(error, OsameError):
        return Examined(name, False, error.message, error.advice)
    return Examined(name, False, str(error), "give this user leave to read it, or run this as the home's owner")


def _derived(name: str, home: Home, *, is_there: bool, is_wanted: Callable[[], bool], of: str) -> Examined:
    if not is_there:
        missing = is_wanted()
        return Examined(name, not missing, "missing" if missing else "not made yet", "run: osame build")
    try:
        (open_vault if of == "vault" else open_warehouse)(home).close()
    except (OsameError, OSError) as error:
        return _not_opened(name, error)
    return Examined(name, True, str(getattr(home, of)))


def has_landed(home: Home) -> bool:
    """Whether any file has landed; False too if landing cannot be read now, which the check of the store tells."""
    if not home.landing.exists():
        return False
    try:
        with landing_lock(home, exclusive=False, wait=False):
            connection = open_landing(home)
            try:
                found = connection.execute("select 1 from landing.loads where status = 'landed' limit 1").fetchone()
            finally:
                connection.close()
    except (OsameError, OSError, duckdb.Error):
        return False
    return found is not None


def unbuilt(home: Home, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the landed files that bear on the books and are not in this warehouse."""
    try:
        return [file.file_name for file in freshness(home, connection, wait=False).files("books")]
    except (OsameError, OSError):  # landing is missing or damaged: told by the check of the store
        return []


def _builds(home: Home) -> Iterator[Examined]:
    tried = last_build(home)
    if tried is not None:
        said = f"{tried.state}, as of {tried.as_of}, begun {tried.started_at}"
        if tried.reason:
            said += f": {tried.reason}"
        yield Examined(
            "the last build ended well",
            tried.state in ("ok", "running"),
            said,
            "the old warehouse is still in place; mend what the message names (docs/operations.md), run: osame build",
        )
    if not home.warehouse.exists():
        return
    try:
        connection = open_warehouse(home)
        try:
            as_of: date = connection.execute("select as_of_date from run_info").fetchall()[0][0]
            new = unbuilt(home, connection)
        finally:
            connection.close()
    except (OsameError, OSError):  # told by the check of the store
        return
    except (duckdb.Error, IndexError) as error:
        found = " ".join(str(error).split())
        yield Examined("the warehouse can be read", False, found, "run: osame build")
        return
    yield Examined(
        "the books are of yesterday", as_of >= yesterday(), f"as of {as_of}; today is {today()}", "run: osame build"
    )
    yield Examined(
        "the warehouse knows all that has landed",
        not new,
        f"{len(new):,} files have landed since: {some(new)}" if new else "yes",
        "run: osame build",
    )


def _configuration(home: Home) -> Iterator[Examined]:
    broken = broken_layouts(home.layouts if home.layouts.is_dir() else None)
    yield Examined(
        "the layouts can be read",
        not broken,
        "\n".join(f"{layout.path}: {layout.problem}" for layout in broken) or "yes",
        f"correct the layout in {home.layouts}; the others are in use",
    )
    try:
        beyond = load_settings(home).policies.late_charge_rates_beyond
        yield Examined("the settings can be read", True, str(home.settings_file))
    except OsameError as error:
        yield Examined("the settings can be read", False, error.message, error.advice)
        return
    try:
        ends = rates_end(parameters_of(home))
    except OsameError as error:
        yield Examined("the legal values can be read", False, error.message, error.advice)
        return
    said = f"announced up to {ends}"
    if beyond == LAST_KNOWN:
        said += "; after that the last ones are used provisionally (policies.late_charge_rates_beyond)"
    yield Examined(
        "rates are known for 60 days to come",
        today() + _RATES_NOTICE <= ends,
        said,
        f"add the announced ones below {home.law} (docs/operations.md, New rates)",
    )
