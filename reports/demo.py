"""``osame demo``: the whole path on a synthetic city, from files to a report, checked against the city's truth."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ingestion.inbox import Options, ingest
from ingestion.layout_catalog import load_layouts
from ingestion.town import Town, make_town
from osame.clock import now
from osame.code_version import code_version
from osame.console import out, progress, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from warehouse.build import build
from warehouse.payment_sources import source_of
from warehouse.truth import Verdict, compare_with_truth

_MARKER = "demo.json"


def run_demo(population: int, years: int, seed: int) -> None:
    """Make, land, build, check and report; prints where to look.

    Raises:
        OsameError: the home holds an office's data, or what came out is not what the truth says.
    """
    home = _empty_home()
    started = time.monotonic()
    town = _timed(f"a city of {population:,} people, {years} years", lambda: make_city(home, population, years, seed))
    offers = _timed(f"landing {_count(town.files)} files", lambda: land(home, town))
    day = date.fromisoformat(town.as_of)
    built = _timed(f"building as of {day}", lambda: _build(home, day))
    for warning in built.warnings:
        out.print(f"  warning: {warning}", markup=False)
    verdict = _timed(
        "comparing receipts, dues and repayments with the truth", lambda: compare_with_truth(home, town.truth)
    )
    run = _timed("making the report", lambda: _report(home, town))
    _summarise(offers, verdict, town)
    out.print(f"\nin all {time.monotonic() - started:.0f} s\n")
    out.print(f"report   {run.page}", soft_wrap=True, markup=False)
    out.print(f"portal   {home.published / 'index.html'}", soft_wrap=True, markup=False)
    out.print('next     osame sql "select state, count(*) from fct_dues group by state"', markup=False)
    if not verdict.passed:
        raise OsameError(
            "what came out differs from the truth of the city; see above", "this is a fault of Osame: report it"
        )


def _timed(title: str, work: Any) -> Any:
    began = time.monotonic()
    result = work()
    out.print(f"  {title:<60} {time.monotonic() - began:6.1f} s", markup=False)
    return result


def _count(folder: Path) -> int:
    return sum(1 for p in folder.iterdir() if p.is_file())


def _empty_home() -> Home:
    """The home, emptied if a demo made it; an office's home is never touched."""
    root = open_home().root
    marker = root / _MARKER
    if not marker.exists() and ((root / "landing.duckdb").exists() or any((root / "inbox").iterdir())):
        raise OsameError(
            f"{root} holds data that no demo made",
            "set OSAME_HOME to a folder of its own: OSAME_HOME=/tmp/demo osame demo",
        )
    if marker.exists():
        shutil.rmtree(root)
    home = open_home(root)
    marker.write_text("{}\n", encoding="utf-8")
    return home


def make_city(home: Home, population: int, years: int, seed: int) -> Town:
    """Make the city below ``home``/town and write the settings that fit it."""
    town = make_town(home.root / "town", population=population, years=years, seed=seed)
    (home.root / _MARKER).write_text(
        json.dumps({"population": population, "years": years, "seed": seed}) + "\n", encoding="utf-8"
    )
    home.settings_file.write_text(
        yaml.safe_dump(settings_of(town), allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return town


def settings_of(town: Town) -> dict[str, Any]:
    """osame.yml for a synthetic city: its name, go-live day and the rules of its remittances."""
    layouts = load_layouts()
    rules: dict[tuple[str, str], dict[str, Any]] = {}
    for rule in town.summary["remittance_rules"]:
        source = next(filter(None, map(source_of, layouts[rule["format"]].tables())))
        is_group = rule["payer_code"] == "consignor_code"
        rules[(source, rule["channel_code"])] = {
            "source": source,
            "channel_code": rule["channel_code"],
            "payer_code": None if is_group else rule["payer_code"],
            "payer_is_group": is_group,
            "fee_per_record_yen": rule["per_record_fee_yen"],
        }
    debits = town.summary["direct_debits"]
    account = {n: debits[n] for n in ("bank_code", "bank_name", "branch_code", "branch_name", "account_no")}
    return {
        "municipality": {
            "code": town.summary["municipality_code"],
            "name": town.summary["municipality_name"],
            "department": "総務部収納課",
        },
        "go_live": {"default": town.go_live},
        "remittances": list(rules.values()),
        "direct_debits": debits,
        "refund_transfers": {
            "client_code": f"{town.summary['municipality_code']}0099",
            "client_name": debits["consignor_name"],
            **account,
        },
    }


def land(home: Home, town: Town) -> list[Any]:
    """Offer the city's files, then its broken ones."""
    offers = []
    with progress() as bar:
        task = bar.add_task("landing", total=_count(town.files) + _count(town.broken))
        for offer in ingest(home, [town.files, town.broken], Options(now=now)):
            offers.append(offer)
            bar.advance(task)
    return offers


def _build(home: Home, day: date) -> Any:
    with progress() as bar:
        task = bar.add_task("building", total=None)
        return build(
            home,
            day,
            progress=lambda done, total, name: bar.update(task, completed=done, total=total or None, description=name),
        )


def _report(home: Home, town: Town) -> Any:
    from reports.run import run_report

    month = _busiest_month(town)
    result = run_report(home, "daily_collection", {"month": month}, now(), code_version())
    if result.status != "finished":
        raise OsameError(f"the report failed: see {result.page}", "look at its log")
    return result


def _busiest_month(town: Town) -> str:
    """January of the last year: an instalment of the inhabitant tax, and nobody's closing period."""
    return f"{date.fromisoformat(town.as_of).year}-01"


def _summarise(offers: list[Any], verdict: Verdict, town: Town) -> None:
    statuses = Counter(offer.status for offer in offers)
    landed = [offer for offer in offers if offer.status == "landed"]
    quarantined = sum(offer.quarantined for offer in landed)
    expected = json.loads((town.truth / "broken.json").read_text(encoding="utf-8"))
    refused = {
        offer.file_name: {finding.code for finding in offer.findings} for offer in offers if offer.status == "rejected"
    }
    right = sum(_codes(code) <= refused.get(name, set()) for name, code in expected.items())
    out.print()
    out.print(
        f"files        {statuses['landed']:,} landed with {sum(o.records for o in landed):,} records, {quarantined:,} "
        f"rows quarantined; {right} of {len(expected)} broken files refused for the right reason",
        markup=False,
    )
    sums = verdict.yen
    total = sums["received"] + sums["overpaid"] + sums["suspense"]
    out.print(
        f"yen          landed {yen(sums['landed'])} = received {yen(sums['received'])} "
        f"+ overpaid {yen(sums['overpaid'])} + suspense {yen(sums['suspense'])}"
        + ("" if total == sums["landed"] else f"  ** adds up to {yen(total)} **"),
        markup=False,
    )
    for line in verdict.lines():
        out.print(line, markup=False)


def _codes(expected: Any) -> set[str]:
    if isinstance(expected, str):
        return {expected}
    if isinstance(expected, dict):
        return _codes(expected.get("code", expected.get("codes")))
    return set(expected)
