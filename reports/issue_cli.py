"""``osame issue``: documents on paper. Each document has a command here; the work is in the module that it names."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from warehouse.cli.output import out, print_json, told
from warehouse.config import open_home

app = typer.Typer(help="Documents on paper (PDF), with who asked for them and why.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]
By = Annotated[str, typer.Option("--by", help="Staff number of who asks; logged.")]
Reason = Annotated[str, typer.Option("--reason", help="Why people are looked up, in words; logged.")]


@app.command("list")
def list_issued(as_json: Json = False) -> None:
    """List the runs of documents that were issued, newest first.

    Example: osame issue list
    """
    with told():
        home = open_home()
        paths = sorted(home.documents.glob("*/*/manifest.json"), key=lambda p: (p.parent.name, str(p)), reverse=True)
        runs = [{**json.loads(path.read_text(encoding="utf-8")), "folder": str(path.parent)} for path in paths]
    if as_json:
        print_json(runs)
        return
    for run in runs:
        out.print(
            f"{run['issued_at']}  {run['document']}  {run['count']:,} papers  {run['by']}  {run['reason']}  "
            f"{run['folder']}",
            markup=False,
        )
    if not runs:
        out.print("no document has been issued yet")


@app.command("refund-notice")
def refund_notice(
    by: By,
    reason: Reason,
    decision_nos: Annotated[
        list[str] | None, typer.Argument(metavar="[DECISION_NO]...", help="起案番号; default: all that wait.")
    ] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print 過誤納金還付・充当通知書 with 還付請求書 for approved decisions, and register that the payers were told.

    Example: osame issue refund-notice --by 1001 --reason 過誤納金の通知
    """
    from ingestion.vault_log import Purpose
    from reports.documents.refund_notice import DOCUMENT, issue_notices
    from warehouse.clock import now
    from warehouse.settings import load_settings

    with told():
        home = open_home()
        done = issue_notices(
            home,
            load_settings(home),
            decision_nos or [],
            Purpose(DOCUMENT, by, reason, now()),
            show_protected=show_protected,
        )
    if as_json:
        print_json({"folder": str(done.issued.folder), "withheld": done.withheld, **done.issued.manifest})
        return
    out.print(
        f"{len(done.decisions):,} letters: {done.offset_yen:,} yen set off, {done.refund_yen:,} yen to be claimed",
        markup=False,
    )
    for path in done.issued.files:
        out.print(str(path), markup=False)
    for number in done.withheld:
        out.print(
            f"addressee {number} is under 支援措置: the letter has no address; hand it over in person", markup=False
        )
