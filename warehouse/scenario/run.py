"""Runs scenarios: lands their files into a temporary home, builds the same models, compares what comes out."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingestion.inbox import Options, ingest
from osame.errors import OsameError
from osame.home import Home
from osame.locks import is_alive
from osame.stores import open_warehouse, rows_of
from warehouse.build import build
from warehouse.scenario.files import Written, write_files
from warehouse.scenario.model import Scenario, load_scenario

_FOLDER = "osame-scenario-"
# What a scenario cannot know: lineage, and the keys that are made for it. Names of its own stand for them.
_HIDDEN = {
    "due_key",
    "paid_due_key",
    "open_due_key",
    "offset_due_key",
    "due_keys",
    "decision_no",
    "notice_no",
    "overpayment_notice_no",
    "addressee_no",
    "receipt_id",
    "overpayment_id",
    "movement_id",
    "load_id",
    "source_file",
    "source_line",
}
_STANDS_FOR = {
    "due_key": "due",
    "paid_due_key": "paid_due",
    "open_due_key": "open_due",
    "offset_due_key": "offset_due",
    "due_keys": "due",
    "addressee_no": "addressee",
    "receipt_id": "receipt",
    "source_line": "receipt",
}
_TABLES = {
    "dues": "fct_dues",
    "receipts": "fct_receipts",
    "allocations": "bridge_receipt_dues",
    "overpayments": "fct_overpayments",
    "suspense": "fct_suspense",
    "candidates": "fct_suspense_candidates",
    "decisions": "fct_suspense_decisions",
    "decision_lines": "fct_decision_lines",
    "movements": "fct_movements",
    "offset_candidates": "fct_offset_candidates",
    "wrong_instalments": "fct_wrong_instalments",
    "carried": "fct_carried_dues",
    "settlement": "fct_settlement_lines",
    "collection_results": "rpt_collection_results",
    "prefecture_payment": "rpt_prefecture_payment",
}
# Whole for the values that an expectation names in this column.
_WHOLE_PER = {
    "movements": "movement_type",
    "settlement": "fiscal_year",
    "collection_results": "fiscal_year",
    "prefecture_payment": "fiscal_year",
}
_LISTS = {
    "allocations": """
        select receipt_id, due_key, principal_yen, reminder_fee_yen, late_charge_yen, overpaid_yen
        from bridge_receipt_dues where list_contains($records, receipt_id)
        union all
        select receipt_id, due_key, principal_yen, reminder_fee_yen, late_charge_yen, overpaid_yen
        from fct_receipts
        where list_contains($records, receipt_id) and due_key is not null and record_status = 'final'
    """,
    "overpayments": """
        select * from fct_overpayments where list_contains($records, receipt_id) or list_contains($dues, due_key)
    """,
    "suspense": "select * from fct_suspense where list_contains($records, receipt_id)",
    "candidates": """
        select * from fct_suspense_candidates where list_contains($records, receipt_id)
    """,
    "decisions": "select * from fct_suspense_decisions where list_contains($records, receipt_id)",
    "decision_lines": "select * from fct_decision_lines where list_contains($records, receipt_id)",
    "movements": """
        select mv.* exclude (due_no), concat_ws('-', mv.load_id, mv.source_line) as receipt_id
        from fct_movements as mv
        where list_contains($dues, mv.due_key) or list_contains($records, concat_ws('-', mv.load_id, mv.source_line))
    """,
    "carried": "select * from fct_carried_dues where list_contains($dues, due_key)",
    "settlement": "select * from fct_settlement_lines",
    # The form has every row in every year: those on which something stands.
    "collection_results": "select * from rpt_collection_results where assessed_yen <> 0 or received_yen <> 0",
    "prefecture_payment": "select * from rpt_prefecture_payment",
    "offset_candidates": "select * from fct_offset_candidates where list_contains($dues, due_key)",
    "wrong_instalments": "select * from fct_wrong_instalments where list_contains($dues, paid_due_key)",
}
_OF_THE_WHOLE_CITY = ("settlement", "collection_results", "prefecture_payment")
# The effect of a movement on each account is the seed's; here it is only added up.
_ACCOUNTS = """
    select
        cast(coalesce(sum(mv.amount_yen * me.due_balance), 0) as bigint) as due_balance_yen,
        cast(coalesce(sum(mv.amount_yen * me.overpayment), 0) as bigint) as overpayment_yen,
        cast(coalesce(sum(mv.amount_yen * me.suspense), 0) as bigint) as suspense_yen,
        cast(coalesce(sum(mv.amount_yen * me.assessment), 0) as bigint) as assessment_yen,
        cast(coalesce(sum(mv.amount_yen * me.revenue), 0) as bigint) as revenue_yen,
        cast(coalesce(sum(mv.amount_yen * me.cash), 0) as bigint) as cash_yen
    from fct_movements as mv
    inner join movement_effects as me
        on me.movement_type = mv.movement_type
        and coalesce(me.direction, '') = coalesce(mv.direction, '')
        and coalesce(me.budget_side, '') = coalesce(mv.budget_side, '')
        and me.component_class = case when mv.component = 'refund_interest' then 'refund_interest' else 'tax' end
    where not mv.is_provisional
        and (list_contains($dues, mv.due_key) or list_contains($records, concat_ws('-', mv.load_id, mv.source_line)))
"""
_ABSENT = "no such row"


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
    """What a scenario came to: its checks, and its rows as the marts have them, in the scenario's own names."""

    path: str
    name: str
    source: str
    as_of: date
    checks: list[Check] = field(default_factory=list)
    dues: dict[str, dict[str, Any]] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    allocations: list[dict[str, Any]] = field(default_factory=list)
    overpayments: list[dict[str, Any]] = field(default_factory=list)
    suspense: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    decision_lines: list[dict[str, Any]] = field(default_factory=list)
    movements: list[dict[str, Any]] = field(default_factory=list)
    offset_candidates: list[dict[str, Any]] = field(default_factory=list)
    wrong_instalments: list[dict[str, Any]] = field(default_factory=list)
    accounts: dict[str, int] = field(default_factory=dict)
    carried: list[dict[str, Any]] = field(default_factory=list)
    settlement: list[dict[str, Any]] = field(default_factory=list)
    collection_results: list[dict[str, Any]] = field(default_factory=list)
    prefecture_payment: list[dict[str, Any]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(c.passed for c in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as ``--json`` prints it: the keys are stable, and it does not depend on what else was run."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str, ensure_ascii=False))
        plain["passed"] = self.passed
        for check, plain_check in zip(self.checks, plain["checks"], strict=True):
            plain_check["passed"] = check.passed
        return plain


def run_scenarios(paths: list[Path], on_group: Callable[[int, int], None] = lambda _done, _all: None) -> list[Outcome]:
    """Run scenario files: one build for every distinct (as_of, policy), so many files cost little more than one.

    A scenario whose figures are of the whole city (settlement, 按分) has a build of its own.

    Args:
        paths: the files.
        on_group: called with builds done and builds in all.

    Raises:
        OsameError: files are no scenarios, or what they say cannot be landed or built; the message names every one.
    """
    scenarios = list(zip(paths, _load_all(paths), strict=True))
    groups: dict[str, list[int]] = {}
    for index, (_, scenario) in enumerate(scenarios):
        alone = index if scenario.stands_alone else None
        key = json.dumps([scenario.as_of.isoformat(), scenario.policy, alone], sort_keys=True, default=str)
        groups.setdefault(key, []).append(index)
    outcomes: dict[int, Outcome] = {}
    for done, members in enumerate(groups.values()):
        on_group(done, len(groups))
        group = [scenarios[i] for i in members]
        for index, outcome in zip(members, _run_group(group), strict=True):
            outcomes[index] = outcome
    on_group(len(groups), len(groups))
    return [outcomes[i] for i in range(len(scenarios))]


def _load_all(paths: list[Path]) -> list[Scenario]:
    scenarios, errors = [], []
    for path in paths:
        try:
            scenarios.append(load_scenario(path))
        except OsameError as error:
            errors.append(error)
    if errors:
        raise OsameError("\n".join(e.message for e in errors), errors[0].advice)
    return scenarios


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for one group, named by this process and removed afterwards. Those of killed runs are removed first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        if not is_alive(left.name.removeprefix(_FOLDER).partition("-")[0]):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        yield Path(folder)


def _run_group(group: list[tuple[Path, Scenario]]) -> Iterator[Outcome]:
    """Build one group and compare. All of it is read before the first outcome is handed out: then the home goes."""
    first = group[0][1]
    with _temporary_folder() as folder:
        home = Home(folder).create()
        files = folder / "files"
        files.mkdir()
        written = write_files([s for _, s in group], files)
        try:
            _land(home, files, group, written)
            build(
                home,
                first.as_of,
                overrides={"policies": first.policy} if first.policy else None,
                with_tests=False,
                with_vault=False,
            )
        except OsameError as error:
            error.message = f"{', '.join(str(p) for p, _ in group)}:\n{error.message}"
            raise
        connection = open_warehouse(home)
        try:
            outcomes = [
                _compare(connection, path, scenario, names)
                for (path, scenario), names in zip(group, written, strict=True)
            ]
        finally:
            connection.close()
    unknown = [fault for outcome, faults in outcomes for fault in (f"  {outcome.path}: {f}" for f in faults)]
    if unknown:
        raise OsameError("columns are expected that the tables do not have:\n" + "\n".join(unknown), "mend the file")
    yield from (outcome for outcome, _ in outcomes)


def _land(home: Home, files: Path, group: list[tuple[Path, Scenario]], written: list[Written]) -> None:
    # after all that happens: a bank's file writes 和暦 without its era, which is told from the day of landing
    days = [event.posted or event.on for _, scenario in group for event in scenario.events]
    at = datetime.combine(max([group[0][1].as_of, *days]) + timedelta(days=1), time())
    faults = []
    for offer in ingest(home, [files], Options(now=lambda: at)):
        if offer.status == "landed" and not offer.quarantined:
            continue
        faults += [f"  {offer.file_name}: {offer.quarantined} rows quarantined"] if not offer.findings else []
        for finding in offer.findings:
            whose = "".join(
                f"; it is {names.records[(offer.file_name, finding.line)]} of {path}"
                for (path, _), names in zip(group, written, strict=True)
                if finding.line is not None and (offer.file_name, finding.line) in names.records
            )
            faults.append(f"  {offer.file_name}: {finding.english()}{whose}")
    if faults:
        raise OsameError("the files of these scenarios did not land whole:\n" + "\n".join(faults), "mend the scenario")


class _Names:
    """Puts the scenario's own names in the place of keys and lineage."""

    def __init__(self, connection: Any, written: Written) -> None:
        self.dues = {key: name for name, key in written.due_keys.items()}
        self.addressees = written.addressees
        loads = dict(connection.execute("select file_name, load_id from fct_loads where status = 'landed'").fetchall())
        self.records = {f"{loads[file]}-{line}": name for (file, line), name in written.records.items()}

    def rows(self, connection: Any, sql: str) -> list[dict[str, Any]]:
        parameters = {"dues": list(self.dues), "records": list(self.records)}
        named = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return [self._named(row) for row in rows_of(connection, sql, **named)]

    def _named(self, row: dict[str, Any]) -> dict[str, Any]:
        out = {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in row.items()
            if name not in _HIDDEN
        }
        if "receipt_id" in row:
            out["receipt"] = self.records.get(row["receipt_id"])
        for key in ("due_key", "paid_due_key", "open_due_key", "offset_due_key"):
            if key in row:
                out[_STANDS_FOR[key]] = self.dues.get(row[key] or "")
        if "due_keys" in row:
            out["due"] = " ".join(self.dues.get(key, "?") for key in row["due_keys"].split())
        if "addressee_no" in row:
            out["addressee"] = self.addressees.get(row["addressee_no"] or "")
        return out


def _compare(connection: Any, path: Path, scenario: Scenario, written: Written) -> tuple[Outcome, list[str]]:
    """The outcome of one scenario, and the columns that it expects and no table has."""
    names = _Names(connection, written)
    outcome = Outcome(str(path), scenario.name, scenario.source, scenario.as_of)
    dues = names.rows(connection, "select * exclude (due_no) from fct_dues where list_contains($dues, due_key)")
    outcome.dues = _by_name(dues, "due", written.due_keys)
    receipts = names.rows(connection, "select * from fct_receipts where list_contains($records, receipt_id)")
    outcome.receipts = _by_name(receipts, "receipt", map(scenario.event_name, range(len(scenario.events))))
    for what, sql in _LISTS.items():
        if what in _OF_THE_WHOLE_CITY and not scenario.stands_alone:
            continue
        setattr(outcome, what, _sorted(names.rows(connection, sql)))
    outcome.accounts = names.rows(connection, _ACCOUNTS)[0]
    known = _columns(connection) | {"accounts": sorted(outcome.accounts)}
    faults: list[str] = []
    for check, unknown in _checks(scenario, outcome, known):
        outcome.checks.append(check)
        faults += unknown
    return outcome, faults


def _columns(connection: Any) -> dict[str, list[str]]:
    """What may be expected of each table."""
    out = {}
    for what, table in _TABLES.items():
        columns = {d[0] for d in connection.execute(f"select * from {table} limit 0").description}
        columns |= {name for key, name in _STANDS_FOR.items() if key in columns}
        out[what] = sorted(columns - _HIDDEN - {"dues": {"due"}, "receipts": {"receipt"}}.get(what, set()))
    return out


def _by_name(rows: list[dict[str, Any]], key: str, order: Iterable[str]) -> dict[str, dict[str, Any]]:
    found = {row.pop(key): row for row in rows}
    return {name: found[name] for name in order if name in found}


def _checks(scenario: Scenario, outcome: Outcome, known: dict[str, list[str]]) -> Iterator[tuple[Check, list[str]]]:
    def unknown(what: str, columns: Any) -> list[str]:
        return [
            f"expect.{what}: {column!r}; there are {', '.join(known[what])}"
            for column in sorted(set(columns) - set(known[what]))
        ]

    for what, expected in (("dues", scenario.expect.dues), ("receipts", scenario.expect.receipts)):
        found: dict[str, dict[str, Any]] = getattr(outcome, what)
        for name, columns in expected.items():
            row = found.get(name)
            if columns is None:
                yield Check(f"{what}.{name}", _ABSENT, _ABSENT if row is None else row), []
                continue
            for column, value in columns.items():
                found_value = _ABSENT if row is None else row.get(column)
                yield Check(f"{what}.{name}.{column}", value, found_value), unknown(what, [column])
    for column, value in scenario.expect.accounts.items():
        yield Check(f"accounts.{column}", value, outcome.accounts.get(column)), unknown("accounts", [column])
    for what in _LISTS:
        rows = getattr(scenario.expect, what)
        if rows is None:
            continue
        named = sorted({c for row in rows for c in row})
        have = getattr(outcome, what)
        if what in _WHOLE_PER and rows:
            per = _WHOLE_PER[what]
            named_values = {row[per] for row in rows}
            have = [row for row in have if row[per] in named_values]
        cut = [{c: row.get(c) for c in named} if named else row for row in have]
        yield Check(what, _sorted(rows), _sorted(cut)), unknown(what, named)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True, default=str))
