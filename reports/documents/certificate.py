"""証明書 of three kinds (納税, 滞納がないこと, 軽自動車税継続検査用), with number and code to verify them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer

from ingestion.vault import Person
from osame.act import Act
from osame.clock import now, today
from osame.console import err, out, print_json, told
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.wareki import format_fiscal_year, format_wareki, format_wareki_short
from reports.documents.asking import By, Json
from reports.documents.publish import Issued, publish
from reports.documents.render import render
from reports.documents.symbols import qr_code
from warehouse.collection.certificates import ISSUE, KIND_CODES, Certified, certify
from warehouse.law.certificates import MATTERS, Kind, Line, Matter, Request
from warehouse.law.parameters import load_parameters
from warehouse.office.permissions import begin
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


def command(
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
    kinds: dict[str, Kind] = {name.replace("_", "-"): name for name in KIND_CODES}
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
