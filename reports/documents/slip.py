"""再発行納付書: the paper of a slip that an officer issues again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer

from ingestion.el_qr import SYMBOL_LEVEL, SYMBOL_VERSION
from osame.act import Act
from osame.clock import now
from osame.console import err, out, parse_day, print_json, told, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.wareki import format_fiscal_year, format_wareki
from reports.documents.asking import By, Json, Reason, tell_missing
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render_files
from reports.documents.symbols import gs1_128, qr_code
from warehouse.collection.reissue import Reissued, reissue
from warehouse.collection.slips import ISSUE, Slip
from warehouse.office.permissions import begin
from warehouse.settings import Settings, load_settings

DOCUMENT = "slip"


@dataclass(frozen=True)
class IssuedSlips:
    """Slips that are in the register, and where their papers are."""

    reissued: Reissued
    issued: Issued


def issue_slips(
    home: Home,
    settings: Settings,
    due_keys: Sequence[str],
    addressee_no: str | None,
    pay_by: date,
    act: Act,
    *,
    show_protected: bool = False,
    despite_provisional: bool = False,
) -> IssuedSlips:
    """Issue slips again (``warehouse.collection.reissue``), and publish their papers."""

    def papers(done: Reissued) -> Mapping[str, bytes]:
        rows = [
            slip_row(slip, letter(done.people[slip.due.addressee_no]), done.provisional.get(slip.slip_no))
            for slip in done.slips
        ]
        return render_files(DOCUMENT, rows, settings, home, act.at)

    done, pdfs = reissue(
        home,
        settings,
        due_keys,
        addressee_no,
        pay_by,
        act,
        papers,
        show_protected=show_protected,
        despite_provisional=despite_provisional,
    )
    slips = done.slips
    issued = publish(
        home,
        act,
        pdfs,
        count=len(slips),
        as_of=done.as_of,
        known_at=done.known_at,
        vault_reads=[done.people.vault_read],
        details={
            "pay_by_date": pay_by.isoformat(),
            "missing": list(done.people.missing),
            "slips": [{"slip_no": s.slip_no, "due_key": s.due.due_key, "total_yen": s.due.balance_yen} for s in slips],
        },
    )
    return IssuedSlips(done, issued)


def slip_row(slip: Slip, to: dict[str, Any], provisional: str | None = None) -> dict[str, Any]:
    """What slip.typ prints of a slip to someone: ``to`` is an address block of ``letter``."""
    due = slip.due
    return {
        "to": to,
        "provisional": provisional,
        "day": format_wareki(slip.issued_date),
        "pay_by": format_wareki(slip.pay_by_date),
        "fiscal_year": format_fiscal_year(int(due.levy_year)),
        "tax_year": f"{format_fiscal_year(int(due.tax_year))}分",
        "tax_item": due.tax_item_name,
        "instalment": f"第{int(due.instalment_no)}期" if due.instalment_no.isdecimal() else due.instalment_no,
        "notice_no": due.notice_no,
        "due_date": format_wareki(due.due_date),
        "principal_yen": due.principal_balance_yen,
        "reminder_fee_yen": due.reminder_fee_balance_yen,
        "late_charge_yen": due.late_charge_balance_yen,
        "total_yen": due.balance_yen,
        "slip_no": slip.slip_no,
        "barcode_svg": gs1_128(slip.cvs_barcode) if slip.cvs_barcode else None,
        "barcode_text": _readable(slip.cvs_barcode) if slip.cvs_barcode else [],
        "ocr_upper": slip.ocr_upper,
        "ocr_lower": slip.ocr_lower,
        "el_no": "-".join(slip.el_no) if slip.el_no else None,
        "qr_svg": (
            qr_code(slip.el_qr_payload, version=SYMBOL_VERSION, error=SYMBOL_LEVEL) if slip.el_qr_payload else None
        ),
    }


def _readable(digits: str) -> list[str]:
    """The two lines under a barcode, as the guideline splits them."""
    return [
        f"({digits[:2]}){digits[2:8]}-{digits[8:29]}",
        f"{digits[29]}-{digits[30:36]}-{digits[36]}-{digits[37:43]}-{digits[43]}",
    ]


def command(
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
    tell_missing(
        [f"addressee {number}" for number in done.reissued.people.missing], "no slip was printed or registered for them"
    )


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
