"""再発行納付書: from the dues to the paper, and to the register by which its payment is matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion.el_qr import SYMBOL_LEVEL, SYMBOL_VERSION
from ingestion.vault import read_people
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render_files
from reports.documents.symbols import gs1_128, qr_code
from warehouse.act import Act
from warehouse.config import Home
from warehouse.connection import open_warehouse
from warehouse.errors import OsameError
from warehouse.law.calendar import non_business_day_name
from warehouse.office.freshness import Freshness, freshness
from warehouse.office.slips import Slip, make_slips, numbering, register
from warehouse.office.standing import DueLine, dues_to_pay, owing_keys
from warehouse.settings import Settings
from warehouse.wareki import format_fiscal_year, format_wareki

DOCUMENT = "slip"


@dataclass(frozen=True)
class IssuedSlips:
    """Slips that are on paper and in the register. ``warnings`` are for the person who hands them out.

    ``missing``: payers who are not in the vault; for their dues nothing was printed or registered.
    """

    slips: tuple[Slip, ...]
    issued: Issued
    withheld: tuple[str, ...]
    warnings: tuple[str, ...]
    missing: tuple[str, ...]


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
    """Print one slip for each due and land it as 再発行; in this order: read, render, land, publish.

    A crash in between may leave a slip in the register that nobody holds, never a paper that the register lacks.

    Args:
        home: the office's data.
        settings: the office's.
        due_keys: of the dues; none means all on which the addressee owes something.
        addressee_no: whose dues, where no key is given.
        pay_by: the day up to which the slips may be used, and for which their late charge is reckoned.
        act: who asks, and why.
        show_protected: print addresses under 支援措置.
        despite_provisional: print a slip although a 速報 of a payment stands.

    Raises:
        OsameError: nothing is owed, a day is past, a 速報 stands: every due in the way is named, nothing is issued; or
            no payer at all is in the vault.
    """
    issued_date = act.at.date()
    if pay_by < issued_date:
        raise OsameError(f"--pay-by: {pay_by} is past; today is {issued_date}", "give today or a later day")
    warehouse = open_warehouse(home)
    try:
        keys = list(dict.fromkeys(due_keys)) or _keys_of(warehouse, addressee_no)
        dues = dues_to_pay(warehouse, keys, pay_by)
        as_of, known_at = warehouse.execute("select as_of_date, known_at from run_info").fetchall()[0]
        fresh = freshness(home, warehouse)
    finally:
        warehouse.close()
    _refuse(dues, despite_provisional)
    people = read_people(home, {due.addressee_no for due in dues}, act, show_protected=show_protected, may_lack=True)
    dues = [due for due in dues if due.addressee_no in people.by_no]
    with numbering(home, settings.office.slips, keys, act) as (numbers, book):
        slips = make_slips(settings.office.slips, dues, numbers, issued_date, pay_by)
        rows = [slip_row(slip, letter(people[slip.due.addressee_no])) for slip in slips]
        pdfs = render_files(DOCUMENT, rows, settings, home, act.at)
        register(book, slips)
    issued = publish(
        home,
        act,
        pdfs,
        count=len(slips),
        as_of=as_of,
        known_at=known_at,
        vault_reads=[people.vault_read],
        details={
            "pay_by_date": pay_by.isoformat(),
            "missing": list(people.missing),
            "slips": [{"slip_no": s.slip_no, "due_key": s.due.due_key, "total_yen": s.due.balance_yen} for s in slips],
        },
    )
    warnings = _warnings(as_of, fresh, issued_date, pay_by)
    return IssuedSlips(tuple(slips), issued, tuple(people.withheld), tuple(warnings), people.missing)


def _keys_of(warehouse: Any, addressee_no: str | None) -> list[str]:
    if addressee_no is None:
        raise OsameError("no due is named", "name due keys, or an addressee with --addressee")
    keys = owing_keys(warehouse, addressee_no)
    if not keys:
        raise OsameError(
            f"addressee {addressee_no} owes nothing, or has no dues in the warehouse",
            f"see: osame sql \"select * from fct_dues where addressee_no = '{addressee_no}'\"",
        )
    return keys


def _refuse(dues: Sequence[DueLine], despite_provisional: bool) -> None:
    problems = [f"{due.due_key}: nothing is owed" for due in dues if due.balance_yen == 0]
    if not despite_provisional:
        problems += [
            f"{due.due_key}: a 速報 says that {due.provisional_paid_yen:,} yen were paid; its 確報 has not come"
            for due in dues
            if due.balance_yen > 0 and due.provisional_paid_yen > 0
        ]
    if problems:
        raise OsameError(
            "no slip was issued: " + "; ".join(problems),
            "leave these dues out; give --despite-provisional only if the payer says that nothing was paid",
        )


def _warnings(as_of: date, fresh: Freshness, issued_date: date, pay_by: date) -> list[str]:
    found = []
    if as_of < issued_date:
        found.append(f"balances are those of {as_of}; a payment since then is not taken off")
    if fresh.is_behind:
        found.append(
            f"{len(fresh.files('books'))} files have landed since the warehouse was built; to have them in: osame build"
        )
    closed = non_business_day_name(pay_by)
    if closed is not None:
        found.append(f"{pay_by} is no business day ({closed}): banks are closed on the last day of the slip")
    return found


def slip_row(slip: Slip, to: dict[str, Any]) -> dict[str, Any]:
    """What slip.typ prints of a slip to someone: ``to`` is an address block of ``letter``."""
    due = slip.due
    return {
        "to": to,
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
