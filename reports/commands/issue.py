"""``osame issue``: documents on paper. Each document has a command here; the work is in the module that it names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from osame.clock import now, today
from osame.console import err, out, parse_day, print_json, told, yen
from osame.errors import OsameError
from osame.home import open_home
from warehouse.collection.certificates import KIND_CODES
from warehouse.law.certificates import MATTERS, Matter, Request
from warehouse.law.certificates import Kind as CertificateKind
from warehouse.law.parameters import load_parameters

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
    from reports.documents.slip import issue_slips
    from warehouse.collection.slips import ISSUE
    from warehouse.office.permissions import begin
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
            begin(home, ISSUE, by, now(), reason),
            show_protected=show_protected,
            despite_provisional=despite_provisional,
        )
    if as_json:
        print_json(
            {
                "folder": str(done.issued.folder),
                "withheld": tuple(done.reissued.people.withheld),
                "warnings": done.reissued.warnings,
                **done.issued.manifest,
            }
        )
    else:
        _show_slips(done)
    _tell_missing(
        [f"addressee {number}" for number in done.reissued.people.missing], "no slip was printed or registered for them"
    )


def _tell_missing(missing: Sequence[str], what: str) -> None:
    """Who was left out of a batch, and why; exit code 1 if somebody was, after the others have been issued."""
    for name in missing:
        err.print(f"[red]Left out:[/] {escape(name)} is not in the vault")
    if missing:
        err.print(
            f"{what}. -> land the addressees extract (宛名) that has them, run: osame build, and issue these again",
            markup=False,
        )
        raise typer.Exit(1)


def _show_slips(done: IssuedSlips) -> None:
    for one in done.reissued.slips:
        due = one.due
        out.print(
            f"{one.slip_no}  {due.due_key}  本税 {yen(due.principal_balance_yen)}  "
            f"督促手数料 {yen(due.reminder_fee_balance_yen)}  延滞金 {yen(due.late_charge_balance_yen)}  "
            f"計 {yen(due.balance_yen)}円"
            + ("" if one.cvs_barcode else "  (over the convenience stores' limit: no barcode)"),
            markup=False,
        )
    for path in done.issued.files:
        out.print(str(path), markup=False)
    for warning in done.reissued.warnings:
        err.print(f"[yellow]Warning:[/] {warning}")
    for number in done.reissued.people.withheld:
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
    again: Annotated[
        bool, typer.Option("--again", help="Print what payers were told of before; nothing is registered.")
    ] = False,
    on: Annotated[
        str | None, typer.Option("--told-on", help="With --again: 通知日 of the letters. Default: today.")
    ] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print 過誤納金還付・充当通知書 with 還付請求書 for approved decisions, and register that the payers were told.

    Example: osame issue refund-notice --by 1001 --reason 過誤納金の通知
    """
    from reports.documents.refund_notice import issue_notices, print_again
    from warehouse.collection.notices import TELL
    from warehouse.office.limits import OFFSET, REFUND
    from warehouse.office.permissions import begin
    from warehouse.settings import load_settings

    with told():
        home = open_home()
        settings, numbers = load_settings(home), decision_nos or []
        act = begin(home, TELL, by, now(), reason)
        if again:
            day = parse_day(on, "--told-on") if on else today()
            done = print_again(home, settings, numbers, day, act, show_protected=show_protected)
        elif on:
            raise OsameError("--told-on goes with --again", "leave it out: letters bear today's date")
        else:
            done = issue_notices(home, settings, numbers, act, show_protected=show_protected)
    if as_json:
        print_json(
            {"folder": str(done.issued.folder), "withheld": tuple(done.told.people.withheld), **done.issued.manifest}
        )
    else:
        out.print(
            f"{len(done.told.by_decision):,} letters: {yen(done.told.total_yen(OFFSET))} yen set off, "
            f"{yen(done.told.total_yen(REFUND))} yen to be claimed",
            markup=False,
        )
        for path in done.issued.files:
            out.print(str(path), markup=False)
        for number in done.told.people.withheld:
            out.print(
                f"addressee {number} is under 支援措置: the letter has no address; hand it over in person", markup=False
            )
    _tell_missing(
        [f"addressee {payer} of decision {number}" for number, payer in done.told.missing],
        "no letter was printed to them" + ("" if again else ", and nothing is recorded as told"),
    )


@app.command()
def certificate(
    kind: Annotated[str, typer.Option(help="tax 納税証明, no-delinquency 滞納がないこと, light-vehicle 継続検査用.")],
    addressee: Annotated[str, typer.Option(help="宛名番号 of whom it is about.")],
    purpose: Annotated[str, typer.Option(help="使用目的, as it is printed and logged.")],
    by: By,
    fiscal_year: Annotated[
        list[int] | None, typer.Option(help="年度分 to certify; may be repeated. Default: all that may be certified.")
    ] = None,
    tax_item: Annotated[
        list[str] | None,
        typer.Option(help="科目コード to certify; may be repeated. Default: all that are local taxes."),
    ] = None,
    matter: Annotated[
        list[str] | None, typer.Option(help="amounts or due-dates (法定納期限等); may be repeated. Default: both.")
    ] = None,
    notice_no: Annotated[str | None, typer.Option(help="通知書番号 of the vehicle, if there are several.")] = None,
    vehicle_no: Annotated[str | None, typer.Option(help="車両番号, printed on a vehicle's certificate.")] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print an address under 支援措置; logged.")
    ] = False,
    as_built: Annotated[
        bool, typer.Option("--as-built", help="Certify by the build although files have landed since.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Issue a tax certificate, or say every reason why it may not be issued.

    Exit code 0: issued, numbered and registered; 1: refused, nothing is numbered; 2: nothing was tried.

    Example: osame issue certificate --kind no-delinquency --addressee 0001000123 --purpose 融資 --by 1001
    """
    from reports.documents.certificates import issue_certificate
    from warehouse.collection.certificates import ISSUE
    from warehouse.office.permissions import begin

    with told():
        request = _certificate_request(kind, fiscal_year or [], tax_item or [], matter or [], notice_no, vehicle_no)
        home = open_home()
        wanted = begin(home, ISSUE, by, now(), purpose)
        done = issue_certificate(
            home,
            addressee,
            request,
            wanted,
            vehicle_no=vehicle_no,
            show_protected=show_protected,
            as_built=as_built,
        )
    paper, number = done.issued.files[0], done.certified.certificate
    if as_json:
        print_json(
            {
                "certificate_no": number.certificate_no,
                "code": number.code,
                "sheets": done.certified.certifiable.sheets,
                "valid_until": done.certified.certifiable.valid_until,
                "left_out": list(done.certified.certifiable.left_out),
                "content": number.content,
                "paper": str(paper),
            }
        )
        return
    out.print(
        f"issued     {number.certificate_no}  code {number.code}  {done.certified.certifiable.sheets} sheets",
        markup=False,
    )
    out.print(f"paper      {paper}", markup=False)
    for item in done.certified.certifiable.left_out:
        err.print(f"left out   {item} is no local tax, and a 納税証明書 is of 地方税 only (20条の10)", markup=False)


def _certificate_request(
    kind: str,
    years: list[int],
    tax_items: list[str],
    matters: list[str],
    notice_no: str | None,
    vehicle_no: str | None,
) -> Request:
    kinds: dict[str, CertificateKind] = {name.replace("_", "-"): name for name in KIND_CODES}
    if kind not in kinds:
        raise OsameError(f"--kind: {kind!r} is unknown", f"use one of {', '.join(kinds)}")
    known: dict[str, Matter] = {name.replace("_", "-"): name for name in MATTERS}
    unknown = [matter for matter in matters if matter not in known]
    if unknown:
        raise OsameError(f"--matter: {unknown[0]!r} is unknown", f"use {' or '.join(known)}")
    if kind != "tax" and (years or tax_items or matters):
        raise OsameError(
            f"--fiscal-year, --tax-item and --matter choose lines of a tax certificate, not of {kind}", "leave them out"
        )
    if kind == "light-vehicle" and not vehicle_no:
        raise OsameError("--vehicle-no is missing: a vehicle's certificate prints it", "give it as on 車検証")
    if kind != "light-vehicle" and (notice_no or vehicle_no):
        raise OsameError(
            f"--notice-no and --vehicle-no are of a vehicle's certificate, not of {kind}", "leave them out"
        )
    for code in tax_items:
        load_parameters().tax_item(code)
    chosen = tuple(known[matter] for matter in dict.fromkeys(matters)) or MATTERS
    return Request(kinds[kind], today(), tuple(tax_items), tuple(years), chosen, notice_no)


@app.command("debit-notice")
def debit_notice(
    date: Annotated[str, typer.Option("--date", help="引落日 of the direct debits that failed.")],
    by: By,
    reason: Reason,
    addressee: Annotated[
        list[str] | None, typer.Option(help="Only this 宛名番号; may be repeated. Default: all who are to be told.")
    ] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print 口座振替不能のお知らせ for the direct debits of a day that failed and have not been paid since.

    Example: osame issue debit-notice --date 2026-05-31 --by 1001 --reason 口座振替不能の通知
    """
    from reports.documents.debit_notice import issue_letters
    from warehouse.collection.debit_failures import TELL
    from warehouse.office.permissions import begin
    from warehouse.settings import load_settings

    with told():
        home = open_home()
        done = issue_letters(
            home,
            load_settings(home),
            parse_day(date, "--date"),
            begin(home, TELL, by, now(), reason),
            addressee or (),
            show_protected=show_protected,
        )
    if as_json:
        print_json(
            {
                "folder": str(done.issued.folder),
                "withheld": tuple(done.failures.people.withheld),
                **done.issued.manifest,
            }
        )
    else:
        out.print(
            f"{len(done.failures.by_payer):,} letters, {yen(done.total_yen)} yen that could not be debited",
            markup=False,
        )
        for path in done.issued.files:
            out.print(str(path), markup=False)
        if done.failures.unknown:
            err.print(f"[yellow]Warning:[/] {done.failures.unknown:,} failures name no due: nobody could be told")
        for number in done.failures.people.withheld:
            out.print(
                f"addressee {number} is under 支援措置: no address is printed; hand the letter over", markup=False
            )
    _tell_missing(
        [f"addressee {number}" for number in done.failures.people.missing],
        "no letter was printed to them; later: --addressee NO for each",
    )


def verify_certificate(
    certificate_no: Annotated[str, typer.Argument(metavar="NUMBER", help="証明書番号 on the paper.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="確認符号 on the paper; hyphens may be left out.")],
    as_json: Json = False,
) -> None:
    """Tell whether a certificate is ours, and what it certified: compare that with the paper.

    Exit code 0: genuine; 1: not.

    Example: osame verify-certificate 2026-000001 ABCD-EFGH-IJKL-MNOP
    """
    from warehouse.collection.certificates import verify

    with told():
        found = verify(open_home(), certificate_no.strip(), code)
    shown = found.shown()
    if as_json:
        print_json({"is_genuine": found.is_genuine, "reason": found.reason, "certified": shown})
    elif not found.is_genuine:
        err.print(f"not genuine: {found.reason}", markup=False)
    else:
        out.print(f"genuine    {certificate_no}", markup=False)
        for name, value in shown.items():
            out.print(f"{name:20} {value}", markup=False)
    if not found.is_genuine:
        raise typer.Exit(1)


def withdraw_certificate(
    certificate_no: Annotated[str, typer.Argument(metavar="NUMBER", help="証明書番号 on the paper.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who takes it back.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; it is kept with the record.")],
) -> None:
    """Take a certificate back: from now on it is not genuine. Its number is not given again.

    Example: osame withdraw-certificate 2026-000001 --by 1001 --reason 記載誤り
    """
    from warehouse.collection.certificates import WITHDRAW, withdraw
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        withdraw(home, certificate_no.strip(), begin(home, WITHDRAW, by, now(), reason))
    out.print(f"withdrawn  {certificate_no.strip()}")
