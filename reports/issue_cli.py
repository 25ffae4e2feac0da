"""``osame issue``: documents on paper. Each document has a command here; the work is in the module that it names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.cli.output import err, out, parse_day, print_json, told, yen
from warehouse.clock import now
from warehouse.config import open_home
from warehouse.errors import OsameError

if TYPE_CHECKING:  # Typst, segno and the barcode library are loaded by the commands that print
    from reports.documents.slip import IssuedSlips

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


@app.command()
def slip(
    pay_by: Annotated[str, typer.Option(help="Last day of the slip (ISO or 和暦); its late charge is that day's.")],
    by: By,
    reason: Reason,
    due_keys: Annotated[list[str] | None, typer.Argument(metavar="[DUE_KEY]...", help="Dues, one slip each.")] = None,
    addressee: Annotated[str | None, typer.Option(help="All dues on which this 宛名番号 owes something.")] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    despite_provisional: Annotated[
        bool, typer.Option("--despite-provisional", help="Although a 速報 says that it was paid.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print payment slips again (再発行納付書), with the late charge as of their last day, and register them.

    The slip lands as 再発行 at once; the next build matches its payment and honours the printed amounts.

    Example: osame issue slip --addressee 0001000031 --pay-by 2026-12-25 --by 1001 --reason 窓口での再発行申出
    """
    from ingestion.vault_log import Purpose
    from reports.documents.slip import DOCUMENT, issue_slips
    from warehouse.settings import load_settings

    with told():
        home = open_home()
        if bool(due_keys) == bool(addressee):
            raise OsameError("name due keys or an addressee, not both", "osame issue slip DUE_KEY... or --addressee NO")
        last = parse_day(pay_by, "--pay-by")
        done = issue_slips(
            home,
            load_settings(home),
            due_keys or [],
            addressee,
            last,
            Purpose(DOCUMENT, by, reason, now()),
            show_protected=show_protected,
            despite_provisional=despite_provisional,
        )
    if as_json:
        print_json(
            {
                "folder": str(done.issued.folder),
                "withheld": done.withheld,
                "warnings": done.warnings,
                **done.issued.manifest,
            }
        )
    else:
        _show_slips(done)


def _show_slips(done: IssuedSlips) -> None:
    for one in done.slips:
        due = one.due
        out.print(
            f"{one.slip_no}  {due.due_key}  本税 {yen(due.principal_yen)}  督促手数料 {yen(due.reminder_fee_yen)}  "
            f"延滞金 {yen(due.late_charge_yen)}  計 {yen(due.total_yen)}円"
            + ("" if one.cvs_barcode else "  (over the convenience stores' limit: no barcode)"),
            markup=False,
        )
    for path in done.issued.files:
        out.print(str(path), markup=False)
    for warning in done.warnings:
        err.print(f"[yellow]Warning:[/] {warning}")
    for number in done.withheld:
        err.print(
            f"[yellow]Warning:[/] addressee {number} is under 支援措置: the paper has no address. Hand it over in "
            "person; do not post it"
        )


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
