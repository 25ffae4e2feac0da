"""Runs scenarios: lands their files into a temporary home, builds the same models, compares what comes out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ingestion.inbox import Options, ingest
from warehouse.build import build
from warehouse.config import Home
from warehouse.connection import open_warehouse
from warehouse.errors import OsameError
from warehouse.scenario.files import Written, write_files
from warehouse.scenario.model import Scenario, load_scenario

_ALLOCATION_COLUMNS = "receipt_id, due_key, principal_yen, reminder_fee_yen, late_charge_yen, overpaid_yen"


@dataclass(frozen=True)
class Check:
    """One expected value and what was found."""

    what: str
    expected: Any
    found: Any

    @property
    def passed(self) -> bool:
        return bool(self.expected == self.found)


@dataclass
class Outcome:
    """What a scenario came to: its checks, and the rows of its dues and receipts as the marts have them."""

    path: str
    name: str
    source: str
    as_of: date
    checks: list[Check] = field(default_factory=list)
    dues: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(c.passed for c in self.checks)

    def as_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str, ensure_ascii=False))
        plain["passed"] = self.passed
        for check, plain_check in zip(self.checks, plain["checks"], strict=True):
            plain_check["passed"] = check.passed
        return plain


def run_scenarios(paths: list[Path], on_group: Callable[[int, int], None] = lambda _done, _all: None) -> list[Outcome]:
    """Run scenario files: one build for every distinct (as_of, policy), so many files cost little more than one.

    Raises:
        OsameError: a file is no scenario, or its files do not land; the message says which and why.
    """
    scenarios = [(path, load_scenario(path)) for path in paths]
    groups: dict[str, list[int]] = {}
    for index, (_, scenario) in enumerate(scenarios):
        key = json.dumps([scenario.as_of.isoformat(), scenario.policy], sort_keys=True)
        groups.setdefault(key, []).append(index)
    outcomes: dict[int, Outcome] = {}
    for done, members in enumerate(groups.values()):
        on_group(done, len(groups))
        group = [scenarios[i] for i in members]
        for index, outcome in zip(members, _run_group(group), strict=True):
            outcomes[index] = outcome
    on_group(len(groups), len(groups))
    return [outcomes[i] for i in range(len(scenarios))]


def _run_group(group: list[tuple[Path, Scenario]]) -> Iterator[Outcome]:
    first = group[0][1]
    with tempfile.TemporaryDirectory(prefix="osame-scenario-") as folder:
        home = Home(Path(folder)).create()
        files = Path(folder) / "files"
        files.mkdir()
        try:
            written = write_files([s for _, s in group], files)
        except ValueError as error:
            names = ", ".join(str(p) for p, _ in group)
            raise OsameError(f"{names}: {error}", "mend the scenario") from None
        _land(home, files)
        build(
            home,
            first.as_of,
            overrides={"policies": first.policy} if first.policy else None,
            with_tests=False,
            with_vault=False,
        )
        connection = open_warehouse(home)
        try:
            for (path, scenario), names in zip(group, written, strict=True):
                yield _compare(connection, path, scenario, names)
        finally:
            connection.close()


def _land(home: Home, files: Path) -> None:
    at = datetime.combine(date(2000, 1, 2), time())
    for offer in ingest(home, [files], Options(now=lambda: at)):
        if offer.status != "landed" or offer.quarantined:
            findings = "; ".join(f.english() for f in offer.findings) or f"{offer.quarantined} rows quarantined"
            raise OsameError(f"the scenario's {offer.file_name} did not land whole: {findings}", "mend the scenario")


def _rows(connection: Any, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, parameters)
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _compare(connection: Any, path: Path, scenario: Scenario, names: Written) -> Outcome:
    outcome = Outcome(str(path), scenario.name, scenario.source, scenario.as_of)
    ids = {key: due_id for due_id, key in names.due_keys.items()}
    for row in _rows(connection, "select * from fct_dues where list_contains(?, due_key)", [list(ids)]):
        outcome.dues[ids[row["due_key"]]] = row
    receipt_ids: dict[str, str] = {}
    for name, (file, line) in names.receipts.items():
        for row in _rows(
            connection, "select * from fct_receipts where source_file = ? and source_line = ?", [file, line]
        ):
            outcome.receipts[name] = row
            receipt_ids[row["receipt_id"]] = name
    outcome.checks += _column_checks("dues", scenario.expect.dues, outcome.dues)
    outcome.checks += _column_checks("receipts", scenario.expect.receipts, outcome.receipts)
    outcome.checks += _list_checks(connection, scenario, ids, receipt_ids)
    return outcome


def _column_checks(what: str, expected: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> Iterator[Check]:
    for name, columns in expected.items():
        row = found.get(name)
        for column, value in columns.items():
            if row is None:
                yield Check(f"{what}.{name}.{column}", value, "no such row")
            elif column not in row:
                raise OsameError(
                    f"expect.{what}.{name}.{column} is no public column", f"columns: {', '.join(sorted(row))}"
                )
            else:
                yield Check(f"{what}.{name}.{column}", value, row[column])


def _list_checks(
    connection: Any, scenario: Scenario, dues: dict[str, str], receipts: dict[str, str]
) -> Iterator[Check]:
    """Whole lists, each row cut to the columns that the expectation names."""
    queries = {
        "allocations": f"""
            select {_ALLOCATION_COLUMNS} from bridge_receipt_dues where list_contains(?, receipt_id)
            union all
            select {_ALLOCATION_COLUMNS} from fct_receipts
            where list_contains(?, receipt_id) and due_key is not null and record_status = 'final'
        """,
        "overpayments": "select * from fct_overpayments where list_contains(?, receipt_id)",
        "suspense": "select * from fct_suspense where list_contains(?, receipt_id)",
    }
    for what, sql in queries.items():
        expected = getattr(scenario.expect, what)
        if expected is None:
            continue
        rows = _rows(connection, sql, [list(receipts)] * sql.count("?"))
        for row in rows:
            row["receipt"] = receipts[row["receipt_id"]]
            row["due"] = dues.get(row.get("due_key") or "")
        columns = sorted({c for e in expected for c in e})
        missing = {c for c in columns for r in rows if c not in r}
        if missing:
            raise OsameError(
                f"expect.{what}: {', '.join(sorted(missing))} are no public columns", "see docs/scenarios.md"
            )
        found = [{c: r[c] for c in columns} if columns else r for r in rows]
        yield Check(what, _sorted(expected), _sorted(found))


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str))
