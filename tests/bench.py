"""``make bench``: landing, build and report on a synthetic city of a chosen size. Prints throughput and peak memory.

Each phase runs in a process of its own, so that its peak memory is its own. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_PHASES = ("town", "fixed", "landing", "build", "tested-build", "report", "letters", "slips")
_PAPERS = 20_000


def main() -> None:
    """Run the phases one after the other, or one of them (in a child)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--population", type=int, default=5000)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("bench"))
    parser.add_argument("--keep", action="store_true", help="keep the city and its home")
    parser.add_argument("--phase", choices=_PHASES)
    arguments = parser.parse_args()
    if arguments.phase:
        _child(arguments)
        return
    if not (arguments.folder / "town" / "town.json").exists():
        shutil.rmtree(arguments.folder, ignore_errors=True)
    shutil.rmtree(arguments.folder / "home", ignore_errors=True)
    print(f"{arguments.population:,} people x {arguments.years} years, seed {arguments.seed}", flush=True)
    for phase in _PHASES:
        _run(phase, arguments)
    if not arguments.keep:
        shutil.rmtree(arguments.folder)


def _run(phase: str, arguments: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "tests.bench", "--phase", phase]
    for name in ("population", "years", "seed", "folder"):
        command += [f"--{name}", str(getattr(arguments, name))]
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise SystemExit(f"phase {phase} failed")


def _child(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    figures = globals()["_" + arguments.phase.replace("-", "_")](arguments)
    seconds = time.monotonic() - began
    figures.setdefault("seconds", round(seconds, 1))
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
    shown = ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in figures.items()
    )
    print(f"{arguments.phase:<13} {shown}, peak {peak:.1f} GiB", flush=True)


def _home(arguments: argparse.Namespace) -> Any:
    from osame.home import open_home

    return open_home(arguments.folder / "home")


def _made(arguments: argparse.Namespace) -> Any:
    summary = json.loads((arguments.folder / "town" / "town.json").read_text(encoding="utf-8"))
    return SimpleNamespace(summary=summary, go_live=summary["go_live"], as_of=summary["as_of"])


def _town(arguments: argparse.Namespace) -> dict[str, Any]:
    from ingestion.town import make_town

    folder = arguments.folder / "town"
    if not (folder / "town.json").exists():
        make_town(folder, arguments.population, arguments.years, arguments.seed)
    files = list((folder / "files").iterdir())
    return {"files": len(files), "bytes": sum(p.stat().st_size for p in files)}


def _fixed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fixed-length landing by itself: one direct-debit result file of a million records, decoded, checked, landed."""
    import numpy as np
    import pyarrow as pa

    from ingestion.inbox import Options, ingest
    from ingestion.layout_catalog import load_layouts
    from ingestion.writer import write_fixed
    from osame.clock import now
    from osame.home import open_home

    count = 990_000  # the trailer's count has six digits
    rng = np.random.default_rng(arguments.seed)
    names = np.array([f"ﾕｷﾐ ﾀﾛｳ{i:05d}" for i in range(50_000)])
    serial = np.arange(count)
    data = pa.table(
        {
            "bank_code": pa.array(np.full(count, "0140")),
            "branch_code": pa.array(np.full(count, "001")),
            "account_type_code": pa.array(np.full(count, "1")),
            "account_no": pa.array(np.char.zfill((serial % 10_000_000).astype(str), 7)),
            "holder_name": pa.array(names[rng.integers(0, len(names), count)]),
            "amount_yen": pa.array(rng.integers(1, 100_000, count)),
            "new_code": pa.array(np.full(count, "0")),
            "customer_no": pa.array(np.char.zfill(serial.astype(str), 20)),
            "result_code": pa.array(np.where(rng.random(count) < 0.02, "1", "0")),
        }
    )
    header = {
        "type_code": "91",
        "code_class": "0",
        "consignor_code": "0000000001",
        "consignor_name": "ﾕｷﾐｼ",
        "debit_date": date(2025, 6, 30),
        "collecting_bank_code": "0140",
    }
    blob = write_fixed(load_layouts()["zengin91_120"], [(header, data)], role="result")
    folder = arguments.folder / "fixed"
    shutil.rmtree(folder, ignore_errors=True)
    home = open_home(folder / "home")
    path = folder / "result_20250630.dat"
    path.write_bytes(blob)
    began = time.monotonic()
    offers = list(ingest(home, [path], Options(now=now)))
    seconds = time.monotonic() - began
    shutil.rmtree(folder)
    if offers[0].status != "landed":
        raise SystemExit(offers[0].findings[0].english())
    return {"records": count, "per_second": int(count / seconds), "seconds": round(seconds, 2)}


def _landing(arguments: argparse.Namespace) -> dict[str, Any]:
    import yaml

    from ingestion.inbox import Options, ingest
    from osame.clock import now
    from reports.demo import settings_of

    home, town = _home(arguments), _made(arguments)
    home.settings_file.write_text(yaml.safe_dump(settings_of(town), allow_unicode=True), encoding="utf-8")
    began = time.monotonic()
    offers = list(ingest(home, [arguments.folder / "town" / "files"], Options(now=now)))
    refused = [offer.file_name for offer in offers if offer.status != "landed"]
    if refused:
        raise SystemExit(f"refused: {refused}")
    records = sum(offer.records for offer in offers)
    seconds = time.monotonic() - began
    return {"files": len(offers), "records": records, "per_second": int(records / seconds)}


def _build(arguments: argparse.Namespace, with_tests: bool = False) -> dict[str, Any]:
    from warehouse.build import build

    home, town = _home(arguments), _made(arguments)
    built = build(home, date.fromisoformat(town.as_of), with_tests=with_tests)
    slowest = sorted(built.seconds.items(), key=lambda item: -item[1])[:8]
    return {"nodes": built.nodes, "slowest": " ".join(f"{name} {seconds:.0f}" for name, seconds in slowest)}


def _tested_build(arguments: argparse.Namespace) -> dict[str, Any]:
    return _build(arguments, with_tests=True)


def _report(arguments: argparse.Namespace) -> dict[str, Any]:
    from osame.clock import now
    from osame.code_version import code_version
    from reports.run import run_report

    home, town = _home(arguments), _made(arguments)
    result = run_report(home, "daily_collection", {"month": f"{town.as_of[:4]}-01"}, now(), code_version())
    if result.status != "finished":
        raise SystemExit(str(result.error))
    return {"outputs": len(result.outputs), "warehouse_bytes": home.warehouse.stat().st_size}


def _letters(arguments: argparse.Namespace) -> dict[str, Any]:
    """20,000 letters of one page in a window envelope: who owes what, in a table with its total, and what to do."""
    from reports.documents.debit_notice import letter_row

    failure = {
        "debit_date": date(2026, 6, 30),
        "levy_year": 2026,
        "instalment_no": "01",
        "tax_item_name": "固定資産税・都市計画税",
        "due_date": date(2026, 6, 30),
        "result": "資金不足",
        "next_attempt_date": None,
    }

    def row_of(number: int) -> dict[str, Any]:
        failures = [failure | {"notice_no": f"{number:010d}", "amount_yen": 1_000 + number}]
        return letter_row(failures, _address(number), date(2026, 7, 21))

    return _papers(arguments, "debit_notice", row_of)


def _slips(arguments: argparse.Namespace) -> dict[str, Any]:
    """20,000 payment slips with barcodes, each on a sheet of its own: the heaviest paper that we print."""
    from osame.home import open_home
    from reports.documents.slip import slip_row
    from warehouse.collection.slips import Numbers, make_slips
    from warehouse.office.standing import DueLine
    from warehouse.settings import load_settings

    day, pay_by = date(2026, 7, 21), date(2026, 8, 31)
    dues = [
        DueLine(
            due_key=f"30-00-152994-152994-1-2026-2026-{number:010d}-01",
            addressee_no=f"{number:010d}",
            tax_item_code="30",
            tax_item_name="固定資産税・都市計画税",
            levy_year="2026",
            tax_year="2026",
            notice_no=f"{number:010d}",
            instalment_no="01",
            fiscal_year=2026,
            is_carried_over=False,
            first_assessed_date=date(2026, 5, 1),
            statutory_due_date=date(2026, 6, 30),
            due_date=date(2026, 6, 30),
            assessed_yen=1_000 + number,
            principal_paid_yen=0,
            written_off_yen=0,
            reminder_fee_yen=0,
            reminder_fee_paid_yen=0,
            reminder_fee_written_off_yen=0,
            late_charge_yen=0,
            late_charge_paid_yen=0,
            late_charge_written_off_yen=0,
            provisional_paid_yen=0,
            overpaid_yen=0,
            last_received_date=None,
            state="delinquent",
        )
        for number in range(_PAPERS)
    ]
    settings = load_settings(open_home(arguments.folder / "documents"))
    slips = make_slips(settings.office.slips, dues, Numbers(1, {}), day, pay_by)
    return _papers(arguments, "slip", lambda number: slip_row(slips[number], _address(number)))


def _address(number: int) -> dict[str, Any]:
    return {
        "postal_code": "999-0001",
        "lines": [f"雪見市中央{number % 9 + 1}丁目{number % 60}番{number % 40}号", f"雪見荘{number % 300}号室"],
        "name": f"雪見　太郎{number}",
        "honorific": "様",
        "reference": f"宛名番号 {number:010d}",
        "withheld": False,
    }


def _papers(arguments: argparse.Namespace, template: str, row_of: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """From what a paper is about to the bytes of the PDFs."""
    from osame.home import open_home
    from reports.documents.render import render_files
    from warehouse.settings import load_settings

    home = open_home(arguments.folder / "documents")
    settings = load_settings(home)
    began = time.monotonic()
    rows = [row_of(number) for number in range(_PAPERS)]
    rows_ready = time.monotonic()
    pdfs = render_files(template, rows, settings, home, datetime(2026, 7, 21, 9))
    seconds = time.monotonic() - began
    shutil.rmtree(home.root)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "pages": _PAPERS,
        "rows_seconds": round(rows_ready - began, 1),
        "seconds": round(seconds, 1),
        "processor_seconds": round(sum(usage.ru_utime + usage.ru_stime for usage in used), 1),
        "per_second": int(_PAPERS / seconds),
        "files": len(pdfs),
        "bytes": sum(len(pdf) for pdf in pdfs.values()),
    }


if __name__ == "__main__":
    main()
