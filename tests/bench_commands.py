"""``python -m tests.bench_commands HOME``: processor seconds of commands, each the median of five, on a built home.

The home is copied first: nothing of it changes. Each run is a process of its own, as at a counter; its seconds are
those of the process and of what it started. Nothing here is a test.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb

RUNS = 5
NOW = "2026-06-02T09:00:00"
PAPER = "--by 1001 --reason 窓口"
COMMANDS = (
    "--help",
    "calc late-charge --tax-item 30 --principal 65000 --due 2021-05-31 --paid 2022-01-31",
    "sql show\u3000tables",
    "status",
    "decisions",
    "refunds",
    "vault-log",
    "trace {due}",
    "standing {payer}",
    "standing {payer} --kind addressee --with-name " + PAPER,
    "record reminders due_key={due} sent_date=2026-05-0{n} reminder_fee_yen=0 --by 1001",
    "record decisions decision_no={n} line_no=1 decision_type_code=1 due_key={overpaid} from_component_code=1 "
    "amount_yen=100 fiscal_year=2025 drafted_date=2026-06-02 --by 1001",
    "approve {n} --by 1002",
    "withdraw {n} --by 1003 --reason 誤り",
    "issue slip {due} --pay-by 2026-06-30 " + PAPER,
    "ingest",
    "report --list",
    "report daily_collection -p month=2026-01",
)


def main(home: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy)
        print(f"{'processor':>9} {'clock':>6}  command (median of {RUNS})")
        for command in COMMANDS:
            runs = [_run(copy, command, number) for number in range(1, RUNS + 1)]
            processor, clock = (median(run[i] for run in runs) for i in (0, 1))
            print(f"{processor:9.2f} {clock:6.2f}  osame {command.replace(chr(0x3000), ' ')}", flush=True)


def _run(home: Path, command: str, number: int) -> tuple[float, float]:
    words = command.format(n=number, **_numbers(home)).split(" ")
    environment = os.environ | {"OSAME_HOME": str(home), "OSAME_NOW": NOW}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "osame.cli", *(word.replace("\u3000", " ") for word in words)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    clock = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode and not command.startswith("status"):
        raise SystemExit(f"osame {' '.join(words)}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def _numbers(home: Path) -> dict[str, str]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:  # noqa: TID251 (a reader)
        ((due, payer),) = warehouse.execute(
            "select due_key, addressee_no from fct_dues where state = 'delinquent' order by 1 limit 1"
        ).fetchall()
        ((overpaid,),) = warehouse.execute(
            "select due_key from fct_overpayments where balance_yen > 1000 and notified_yen = 0 order by 1 limit 1"
        ).fetchall()
    return {"due": due, "payer": payer, "overpaid": overpaid}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
