"""``osame trace``: the life of a yen."""

from __future__ import annotations

from typing import Annotated

import typer

from osame.console import Json, out, print_json, told, yen
from osame.home import find_home
from warehouse.trace import sentence
from warehouse.trace import trace as follow


def trace(
    key: Annotated[str, typer.Argument(metavar="RECEIPT_ID|DUE_KEY|FILE", help="What to follow.")],
    as_json: Json = False,
) -> None:
    """Print the life of a yen: file and line, receipt, movements with their reasons, due, reports.

    Example: osame trace paid_slips_20260501.csv
    """
    with told():
        found = follow(find_home(), key)
    if as_json:
        print_json(vars(found))
        return
    for load in found.loads:
        out.print(
            f"file     {load['file_name']}  {load['format']}  {load['status']}  landed {load['landed_at']}",
            markup=False,
        )
    for due in found.dues:
        out.print(
            f"due      {due['due_key']}  納期限 {due['due_date']}  調定 {yen(due['assessed_yen'])}円  "
            f"未納 {yen(due['principal_balance_yen'])}円  延滞金 {yen(due['late_charge_yen'])}円  {due['state']}",
            markup=False,
        )
    for receipt in found.receipts:
        out.print("receipt  " + "  ".join(f"{k} {v}" for k, v in receipt.items() if v not in (None, 0)), markup=False)
    for movement in found.movements:
        if found.kind == "file":
            out.print("movement " + "  ".join(str(v) for v in movement.values()), markup=False)
        else:
            where = f"{movement['source_file']}:{movement['source_line']}"
            out.print(f"movement {movement['posted_date']}  {sentence(movement)}  [{where}]", markup=False)
    for report in found.reports:
        out.print(f"report   {report['report']}  {report['run']}  {report['path']}", markup=False)
