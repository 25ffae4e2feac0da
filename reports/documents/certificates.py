"""証明書 of three kinds (納税, 滞納がないこと, 軽自動車税継続検査用), with number and code to verify them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion.vault import Person
from osame.act import Act
from osame.home import Home
from osame.wareki import format_fiscal_year, format_wareki, format_wareki_short
from reports.documents.publish import Issued, publish
from reports.documents.render import render
from reports.documents.symbols import qr_code
from warehouse.collection.certificates import Certified, certify
from warehouse.law.certificates import Line, Request
from warehouse.settings import load_settings

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

    certified: Certified
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
    """Issue one certificate (``warehouse.collection.certificates.certify``), and publish its paper."""
    settings = load_settings(home)

    def paper(certified: Certified) -> bytes:
        return render(DOCUMENT, [certificate_row(certified, act.reason, vehicle_no)], settings, home, act.at)

    done, pdf = certify(
        home,
        addressee_no,
        request,
        act,
        paper,
        vehicle_no=vehicle_no,
        show_protected=show_protected,
        as_built=as_built,
    )
    issued = publish(
        home,
        act,
        {f"{done.certificate.certificate_no}.pdf": pdf},
        count=1,
        as_of=done.standing.as_of_date,
        known_at=done.standing.known_at,
        vault_reads=[done.people.vault_read],
        details={
            "certificate_no": done.certificate.certificate_no,
            "kind": request.kind,
            "sheets": done.certifiable.sheets,
            "content_sha256": done.certificate.row["content_sha256"],
        },
    )
    return IssuedCertificate(done, issued)


def certificate_row(certified: Certified, use: str, vehicle_no: str | None) -> dict[str, Any]:
    """What ``certificate.typ`` prints. Amounts are whole yen; what may not be certified is None."""
    certificate, certifiable, person = certified.certificate, certified.certifiable, certified.person
    request = certifiable.request
    return {
        "kind": request.kind,
        "title": _TITLES[request.kind],
        "number": certificate.certificate_no,
        "code": certificate.code,
        "qr": qr_code(f"OSAME {certificate.certificate_no} {certificate.code}"),
        "name": person.name,
        "address": _address(person),
        "addressee_no": certified.standing.addressee_no,
        "use": use,
        "issued_on": format_wareki(request.issued_on),
        "as_of": format_wareki(certified.standing.as_of_date),
        "tax_items": list(certifiable.tax_item_names),
        "shows_amounts": "amounts" in request.matters,
        "shows_due_dates": "due_dates" in request.matters,
        "lines": [_line(line) for line in certifiable.lines],
        "has_unpaid_only": any(line.assessed_yen is None for line in certifiable.lines),
        "sheets": certifiable.sheets,
        "vehicle_no": vehicle_no or _NOTHING,
        "notice_no": certifiable.notice_no,
        "paid_on": format_wareki(certifiable.paid_on) if certifiable.paid_on else "納付すべき額なし",
        "valid_until": format_wareki(certifiable.valid_until) if certifiable.valid_until else None,
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
