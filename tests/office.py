"""Offices for tests: homes in temporary folders, the ``osame`` command in its own process, and what a store holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ingestion.delivered import files_below
from ingestion.inbox import Options, ingest
from ingestion.offer import Offer
from ingestion.town import Town
from reports.run import RunResult, run_report
from tests.unit.test_delimited import ASSESSMENT, LAYOUTS, PAID_SLIP, SLIP, Row, file_of
from warehouse.act import Act, Permission
from warehouse.build import Built, build
from warehouse.config import PROJECT, Home, open_home
from warehouse.connection import open_landing, open_memory
from warehouse.demo import make_city
from warehouse.locks import landing_lock
from warehouse.office.permissions import record_permission
from warehouse.office.record_files import csv_of
from warehouse.office.records import record
from warehouse.office.registers import registers

POPULATION, YEARS, SEED = 600, 2, 1
LATEST = datetime(2026, 7, 1, 7, 0)  # after the last file of the town has landed
STAFF = ("1001", "1002", "1003")
_SECONDS = 240  # no process of a test may run longer; none comes near it


# --- the osame command -------------------------------------------------------------------------------------------


def environment(home: Home, **more: str) -> dict[str, str]:
    """A process's environment: this home, this project, and nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OSAME_")}
    return kept | {"OSAME_HOME": str(home.root), "PYTHONPATH": str(PROJECT), "COLUMNS": "200"} | more


def osame(home: Home, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own. Keyword arguments are environment variables."""
    return python("-m", "warehouse.cli.main", *words, env=environment(home, **more))


def python(*words: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)], env=env, cwd=PROJECT, capture_output=True, text=True, timeout=_SECONDS
    )


def start(home: Home, *words: str | Path) -> subprocess.Popen[str]:
    """The same, without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "warehouse.cli.main", *map(str, words)],
        env=environment(home),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- files and landing -------------------------------------------------------------------------------------------


def tiny_files(amount: int = 25_000) -> dict[str, bytes]:
    """A due of 25,000 yen, its slip, and a payment of it: enough for a build."""
    rows: dict[str, list[Row]] = {
        "assessments_20250401.csv": [ASSESSMENT],
        "slips_20250601.csv": [SLIP],
        "paid_slips_20250702.csv": [PAID_SLIP | {"金額": str(amount)}],
    }
    return {name: file_of(LAYOUTS[name.rsplit("_", 1)[0]], content) for name, content in rows.items()}


def deliver(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def deliver_rows(home: Home, register: str, rows: list[dict[str, Any]], at: datetime) -> None:
    """Rows of a register as another system delivers them: they land whatever our own acts would say."""
    path = home.inbox / f"{register}_{at:%Y%m%d}_{at:%H%M%S}.csv"
    path.write_text(csv_of(LAYOUTS[register], rows), encoding="utf-8")
    (offer,) = land(home, [path], at)
    assert (offer.status, offer.quarantined) == ("landed", 0)


def land(home: Home, paths: list[Path], at: datetime = LATEST, **options: Any) -> list[Offer]:
    return list(ingest(home, paths, Options(now=lambda: at, **options)))


def day_of(path: Path) -> datetime:
    """When a file of the town arrives: the morning after the day in its name."""
    found = re.search(r"_(\d{8})", path.name)
    day = date.fromisoformat(found[1]) if found else date(2026, 5, 31)
    return datetime.combine(day + timedelta(days=1), time(7))


def land_by_name(home: Home, folders: list[Path]) -> list[Offer]:
    """Land files in the order of their names, each at the time that its own name tells."""
    times = iter([day_of(path) for path in files_below(folders)])
    return list(ingest(home, folders, Options(now=lambda: next(times))))


def hire(home: Home, *numbers: str) -> None:
    """Put people into the register of staff; without any, the three whom the tests know."""
    rows = [{"staff_no": no, "name": "試験 職員", "from_date": date(2000, 4, 1)} for no in numbers or STAFF]
    first = Act(record_permission(registers(home)["staff"]), rows[0]["staff_no"], "", datetime(2000, 4, 1))
    record(home, "staff", rows, first)


def act_of(permission: Permission, by: str = "1001", at: datetime = LATEST, reason: str = "試験") -> Act:
    return Act(permission, by, reason, at)


def recording(register: str, by: str = "1001", at: datetime = LATEST) -> Act:
    """The act of recording rows of a register by hand."""
    return Act(record_permission(LAYOUTS[register]), by, "", at)


@contextmanager
def landing_of(home: Home) -> Iterator[Any]:
    """The landing store, to be read."""
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            yield connection
        finally:
            connection.close()


def landing_rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with landing_of(home) as landing:
        return landing.execute(sql).fetchall()


def evidence(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """All that has landed, without when and in which order: what a crash may not change."""
    what = "file_name, sha256, format, role, records, amount_yen, quarantined"
    with landing_of(home) as landing:
        tables = landing.execute("select table_name from duckdb_tables() where database_name = 'landing'").fetchall()
        out = {
            name: landing.execute(f'select * from landing."{name}" order by all').fetchall()
            for (name,) in sorted(tables)
            if name != "loads"
        }
        out["loads"] = landing.execute(
            f"select {what} from landing.loads where status = 'landed' order by all"
        ).fetchall()
    return out


# --- the town ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BuiltTown:
    """A town in its home, with all that came out of it."""

    home: Home
    town: Town
    offers: list[Offer]
    built: Built
    report: RunResult
    build_leftovers: dict[str, bytes] = field(repr=False)

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.town.as_of)


def build_town(root: Path) -> BuiltTown:
    """Make, land, build with every dbt test, and report."""
    home = open_home(root)
    town = make_city(home, POPULATION, YEARS, SEED)
    offers = land_by_name(home, [town.files, town.broken])
    leftovers: dict[str, bytes] = {}

    def look(_done: int, _all: int, node: str) -> None:
        """What lies on the disk while the build runs; a killed build would leave it there."""
        if node == "rpt_daily_collection":
            leftovers.update({p.name: p.read_bytes() for p in home.work.glob("build-*/**/*") if p.is_file()})

    built = build(home, date.fromisoformat(town.as_of), with_unit_tests=True, progress=look)
    report = run_report(home, "daily_collection", {"month": "2026-01"}, LATEST, "test")
    return BuiltTown(home, town, offers, built, report, leftovers)


def sibling(of: Home, root: Path, *, with_landing: bool = False) -> Home:
    """A new home with the settings of another, and dbt's notes on the models, which spare it reading them again."""
    home = open_home(root)
    if of.settings_file.exists():
        shutil.copy(of.settings_file, home.settings_file)
    shutil.copytree(of.work / "dbt", home.work / "dbt", dirs_exist_ok=True)
    if with_landing:
        shutil.copy(of.landing, home.landing)
        shutil.copytree(of.keys, home.keys, dirs_exist_ok=True)
    return home


# --- marts -------------------------------------------------------------------------------------------------------

_OF_THE_OFFER = ("offer_no", "landed_at")


def marts(home: Home) -> list[str]:
    connection = open_memory()
    try:
        connection.execute(f"attach '{home.warehouse}' as w (read_only)")
        rows = connection.execute("select table_name from duckdb_tables() where database_name = 'w' order by 1")
        return [name for (name,) in rows.fetchall() if name.startswith(("fct_", "bridge_", "rpt_", "dim_"))]
    finally:
        connection.close()


def differences(one: Home, other: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each mart that only one of two warehouses has (the first 5 of each); empty when they are equal.

    ``fct_loads`` is compared by what landed, without the number and the time of the offer.
    """
    connection = open_memory()
    found: dict[str, list[tuple[Any, ...]]] = {}
    try:
        connection.execute(f"attach '{one.warehouse}' as a (read_only)")
        connection.execute(f"attach '{other.warehouse}' as b (read_only)")
        for table in marts(one):
            columns, where = "*", ""
            if table == "fct_loads":
                columns, where = f"* exclude ({', '.join(_OF_THE_OFFER)})", "where status = 'landed'"
            sides = {s: f"select {columns} from {s}.main.{table} {where}" for s in ("a", "b")}
            for here, there in (("a", "b"), ("b", "a")):
                rows = connection.execute(
                    f"select '{here}' as only_in, * from ({sides[here]} except all {sides[there]}) limit 5"
                ).fetchall()
                if rows:
                    found.setdefault(table, []).extend(rows)
    finally:
        connection.close()
    return found


def count(home: Home, sql: str) -> Any:
    connection = open_memory()
    try:
        connection.execute(f"attach '{home.warehouse}' as w (read_only)")
        connection.execute("use w")
        row = connection.execute(sql).fetchone()
        return None if row is None else row[0]
    finally:
        connection.close()


def json_of(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def names(files: Iterable[Path]) -> list[str]:
    return sorted(path.name for path in files)
