"""証明書 of three kinds (納税, 滞納がないこと, 軽自動車税継続検査用), with number and code to verify them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion.vault import Person, numbers_of_one_person, read_people
from reports.documents.publish import Issued, publish
from reports.documents.render import render
from reports.documents.symbols import qr_code
from warehouse.act import Act
from warehouse.config import Home
from warehouse.law.certificates import Decision, Line, Request
from warehouse.office.certificates import Certificate, decide_on, register
from warehouse.office.inquiry import Inquiry, inquire
from warehouse.settings import load_settings
from warehouse.wareki import format_fiscal_year, format_wareki, format_wareki_short

DOCUMENT = "certificate"
_TITLES = {
    "tax": "納税証明書",
    "no_delinquency": "滞納がないことの証明書",
    "light_vehicle": "軽自動車税（種別割）納税証明書（継続検査用）",
}
_NOTHING = "－"


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate and where its paper is."""

    certificate: Certificate
    decision: Decision
    issued: Issued


def issue_certificate(
    home: Home,
    addressee_no: str,
    request: Request,
    act: Act,
    *,
    vehicle_no: str | None = None,
    show_protected: bool = False,
    as_built: bool = False,
) -> IssuedCertificate:
    """Decide, number, register and print one certificate.

    Args:
        home: the office's data.
        addressee_no: whose certificate; dues under every number that 名寄せ links with it count.
        request: what is asked for, on which day.
        act: by whom and for what use; also the reason of the vault's log.
        vehicle_no: 車両番号, printed on a vehicle's certificate.
        show_protected: print an address that is under 支援措置.
        as_built: certify by the build although files have landed since.

    Raises:
        CertificateRefused: it may not be issued; every reason is named.
        OsameError: the figures are old, nobody has the number, or the paper cannot be printed. No number is spent.
    """
    inquiry = inquire(home, addressee_no, request.issued_on, "addressee", may_be_empty=True, wait_for_landing=True)
    for other in numbers_of_one_person(home, addressee_no):
        if other != addressee_no:
            inquiry.dues.extend(inquire(home, other, request.issued_on, "addressee", may_be_empty=True).dues)
    decision = decide_on(inquiry, request, as_built=as_built)
    people = read_people(home, [addressee_no], act, show_protected=show_protected)
    settings = load_settings(home)

    def paper(certificate: Certificate) -> bytes:
        row = certificate_row(certificate, decision, inquiry, people[addressee_no], act.reason, vehicle_no)
        return render(DOCUMENT, [row], settings, home, act.at)

    certificate, pdf = register(
        home,
        inquiry,
        decision,
        act=act,
        vehicle_no=vehicle_no,
        make=paper,
    )
    issued = publish(
        home,
        act,
        {f"{certificate.certificate_no}.pdf": pdf},
        count=1,
        as_of=inquiry.as_of_date,
        known_at=inquiry.known_at,
        vault_reads=[people.vault_read],
        details={
            "certificate_no": certificate.certificate_no,
            "kind": request.kind,
            "sheets": decision.sheets,
            "content_sha256": certificate.row["content_sha256"],
        },
    )
    return IssuedCertificate(certificate, decision, issued)


def certificate_row(
    certificate: Certificate,
    decision: Decision,
    inquiry: Inquiry,
    person: Person,
    use: str,
    vehicle_no: str | None,
) -> dict[str, Any]:
    """What ``certificate.typ`` prints. Amounts are whole yen; what may not be certified is None."""
    request = decision.request
    return {
        "kind": request.kind,
        "title": _TITLES[request.kind],
        "number": certificate.certificate_no,
        "code": certificate.code,
        "qr": qr_code(f"OSAME {certificate.certificate_no} {certificate.code}"),
        "name": person.name,
        "address": _address(person),
        "addressee_no": inquiry.addressee_no,
        "use": use,
        "issued_on": format_wareki(request.issued_on),
        "as_of": format_wareki(inquiry.as_of_date),
        "tax_items": list(decision.tax_item_names),
        "shows_amounts": "amounts" in request.matters,
        "shows_due_dates": "due_dates" in request.matters,
        "lines": [_line(line) for line in decision.lines],
        "has_unpaid_only": any(line.assessed_yen is None for line in decision.lines),
        "sheets": decision.sheets,
        "vehicle_no": vehicle_no or _NOTHING,
        "notice_no": decision.notice_no,
        "paid_on": format_wareki(decision.paid_on) if decision.paid_on else "納付すべき額なし",
        "valid_until": format_wareki(decision.valid_until) if decision.valid_until else None,
    }


def _address(person: Person) -> str:
    """Where the person lives; under 支援措置 nothing, unless the reading asked for it."""
    place = person.address
    if place is None:
        return "（支援措置により記載を省略）" if person.is_protected else _NOTHING
    return "　".join(part for part in (place.address, place.building) if part) or _NOTHING


def _line(line: Line) -> dict[str, Any]:
    return {
        "year": f"{format_fiscal_year(line.tax_year)}分",
        "tax_item": line.tax_item_name,
        "assessed_yen": line.assessed_yen,
        "paid_yen": line.paid_yen,
        "unpaid_overdue_yen": line.unpaid_overdue_yen,
        "unpaid_not_due_yen": line.unpaid_not_due_yen,
        "charges_unpaid_yen": line.charges_unpaid_yen,
        "due_dates": _days(line.statutory_due_dates) if line.assessed_yen is not None else _NOTHING,
    }


def _days(days: Sequence[date]) -> str:
    return "、".join(format_wareki_short(day) for day in days)
