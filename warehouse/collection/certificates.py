"""証明書交付簿: certificates are numbered, registered before they are handed out, and verified by their code.

The register is the extract ``certificates`` of landing: one row per certificate, with what it certifies. The code is a
keyed hash of number and content, so that a paper made or changed elsewhere has none that holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb

from ingestion.vault import People, Person, numbers_of_one_person, read_people
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.keys import certificate_key
from osame.locks import landing_lock
from osame.stores import open_landing, rows_of
from warehouse.collection.addressee_standing import AddresseeStanding, look_up
from warehouse.law.certificates import Certifiable, Kind, Reason, Request, decide
from warehouse.law.fiscal_year import fiscal_year_of
from warehouse.law.parameters import load_parameters
from warehouse.office.records import acting_on
from warehouse.office.registers import current_rows, recordable, taken_back

REGISTER = "certificates"
ISSUE = Permission("certificate", "証明書の発行", asks_reason=True)
WITHDRAW = Permission("withdraw-certificate", "証明書の取消し", asks_reason=True)
KIND_CODES: dict[Kind, str] = {"tax": "1", "no_delinquency": "2", "light_vehicle": "3"}
_CODE_CHARACTERS = 16  # 80 bits of the hash
_CODE_GROUP = 4

Made = TypeVar("Made")


class CertificateRefused(OsameError):
    """It may not be issued. ``reasons`` has every one, in English and in Japanese for the clerk."""

    exit_code = 1

    def __init__(self, reasons: list[Reason]) -> None:
        listed = "\n".join(f"  [{reason.code}] {reason.english}\n    {reason.japanese}" for reason in reasons)
        super().__init__(f"the certificate may not be issued:\n{listed}", "nothing was issued or numbered")
        self.reasons = reasons


@dataclass(frozen=True)
class Certificate:
    """A certificate with its number and code, before or after it is registered."""

    certificate_no: str
    code: str
    row: dict[str, Any]

    @property
    def content(self) -> dict[str, Any]:
        """What it certifies."""
        found: dict[str, Any] = json.loads(self.row["content"])
        return found


@dataclass(frozen=True)
class Verification:
    """Whether a paper is ours. ``row`` is the register's line of a genuine one; ``reason`` says what is wrong else."""

    is_genuine: bool
    reason: str
    row: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """What the paper must say, without what the register holds of the person's own words. Empty if not genuine."""
        if self.row is None:
            return {}
        names = ("issued_date", "issued_by", "sheets", "known_at")
        return {**json.loads(self.row["content"]), **{name: self.row[name] for name in names}}


@dataclass(frozen=True)
class Certified:
    """What is printed: a certificate, what was decided, the figures that it rests on, and whom it is about."""

    certificate: Certificate
    certifiable: Certifiable
    standing: AddresseeStanding
    people: People

    @property
    def person(self) -> Person:
        return self.people[self.standing.addressee_no]


def certify(
    home: Home,
    addressee_no: str,
    request: Request,
    act: Act,
    make: Callable[[Certified], Made],
    *,
    vehicle_no: str | None = None,
    show_protected: bool = False,
    as_built: bool = False,
) -> tuple[Certified, Made]:
    """Decide, number, make and register one certificate.

    Args:
        home: the office's data.
        addressee_no: whose certificate; dues under every number that 名寄せ links with it count.
        request: what is asked for, on which day.
        act: by whom and for what use (``ISSUE``); also the reason of the vault's log.
        make: makes the paper.
        vehicle_no: 車両番号, printed on a vehicle's certificate.
        show_protected: read an address that is under 支援措置.
        as_built: certify by the build although files have landed since.

    Raises:
        CertificateRefused: it may not be issued; every reason is named.
        OsameError: the figures are old, nobody has the number, or the paper cannot be made. No number is spent.
    """
    found = look_up(home, addressee_no, request.issued_on, "addressee", may_be_empty=True, wait_for_landing=True)
    for other in numbers_of_one_person(home, addressee_no):
        if other != addressee_no:
            found.dues.extend(look_up(home, other, request.issued_on, "addressee", may_be_empty=True).dues)
    certifiable = decide_on(found, request, as_built=as_built)
    people = read_people(home, [addressee_no], act, show_protected=show_protected)

    def paper(certificate: Certificate) -> tuple[Certified, Made]:
        certified = Certified(certificate, certifiable, found, people)
        return certified, make(certified)

    return register(home, found, certifiable, act=act, vehicle_no=vehicle_no, make=paper)[1]


def decide_on(found: AddresseeStanding, request: Request, *, as_built: bool = False) -> Certifiable:
    """What of a person's dues may be certified.

    Args:
        found: the person's dues on the day of issue.
        request: what is asked for.
        as_built: certify by the build although files have landed since; the paper names the build's date.

    Raises:
        CertificateRefused: with every reason.
        OsameError: the figures are not those of the day: files have landed since the build, or it is of a later day.
    """
    for notice in found.notices:
        if notice.code == "behind" and not as_built:
            raise OsameError(
                f"no certificate from old figures: {notice.english}",
                "run osame build first, or give --as-built to certify what was booked up to the build's date",
            )
    if found.as_of_date > request.issued_on:
        raise OsameError(
            f"the warehouse is as of {found.as_of_date}, after the day of issue {request.issued_on}",
            f"run: osame build --as-of {request.issued_on}",
        )
    certifiable = decide(request, found.dues)
    if not certifiable.is_granted:
        raise CertificateRefused(certifiable.refusals)
    return certifiable


def register(
    home: Home,
    found: AddresseeStanding,
    certifiable: Certifiable,
    *,
    act: Act,
    vehicle_no: str | None,
    make: Callable[[Certificate], Made],
) -> tuple[Certificate, Made]:
    """Give a certificate the next number of its fiscal year, make its paper, and land its line in the register.

    One process at a time: numbers have no gaps and no doubles. The paper is made before the line is landed, so that a
    number is spent only on a paper that could be printed.

    Args:
        home: whose register.
        found: the figures.
        certifiable: what of them is certified.
        act: ``ISSUE``; its reason is 使用目的, as the person says it.
        vehicle_no: 車両番号 on a vehicle's certificate.
        make: makes the paper of the numbered certificate.

    Raises:
        OsameError: a value does not fit the register, or landing refused it; then no number is spent.
    """
    content = json.dumps(_content(found, certifiable, vehicle_no), ensure_ascii=False, separators=(",", ":"))
    lines = certifiable.lines
    with acting_on(home, [REGISTER], act) as book:
        number = _next_number(home, fiscal_year_of(certifiable.request.issued_on, load_parameters()))
        row: dict[str, Any] = {
            "certificate_no": number,
            "kind_code": KIND_CODES[certifiable.request.kind],
            "addressee_no": found.addressee_no,
            "tax_years": " ".join(str(year) for year in sorted({line.tax_year for line in lines})) or None,
            "tax_item_codes": " ".join(sorted(certifiable.tax_item_codes)),
            "sheets": certifiable.sheets,
            "issued_date": certifiable.request.issued_on,
            "issued_by": act.by,
            "purpose": act.reason,
            "valid_until": certifiable.valid_until,
            "as_of_date": found.as_of_date,
            "known_at": found.known_at.isoformat(sep=" "),
            "content": content,
            "content_sha256": hashlib.sha256(content.encode("utf-8")).hexdigest(),
        }
        certificate = Certificate(number, code_of(home, number, row["content_sha256"]), row)
        made = make(certificate)
        book.record(REGISTER, [row])
    return certificate, made


def code_of(home: Home, certificate_no: str, content_sha256: str) -> str:
    """The code on the paper: base32 of a keyed hash of number and content, in groups of four."""
    text = f"{certificate_no}:{content_sha256}".encode("ascii")
    digest = hmac.new(certificate_key(home).encode("ascii"), text, hashlib.sha256).digest()
    code = base64.b32encode(digest).decode("ascii")[:_CODE_CHARACTERS]
    return "-".join(code[at : at + _CODE_GROUP] for at in range(0, _CODE_CHARACTERS, _CODE_GROUP))


def verify(home: Home, certificate_no: str, code: str) -> Verification:
    """Whether number and code of a paper are those of a certificate that was issued and not withdrawn.

    The paper itself must then be compared with ``row``: a genuine code may have been copied onto another paper.
    """
    row = _issued(home, certificate_no)
    if row is None:
        return Verification(False, f"no certificate {certificate_no} was issued")
    expected = code_of(home, certificate_no, hashlib.sha256(row["content"].encode("utf-8")).hexdigest())
    if not hmac.compare_digest(_plain(expected).encode(), _plain(code).encode()):
        return Verification(False, f"the code is not that of certificate {certificate_no}")
    if row["is_withdrawn"]:
        by = f" by {row['withdrawn_by']}" if row.get("withdrawn_by") else ""
        return Verification(False, f"certificate {certificate_no} was issued and has been withdrawn{by}")
    return Verification(True, "genuine", row)


def withdraw(home: Home, certificate_no: str, act: Act) -> None:
    """Take a certificate back (made out wrongly, not handed out): it is no longer genuine, and its number stays spent.

    ``act``: ``WITHDRAW``; its reason is kept.

    Raises:
        OsameError: no such certificate was issued, or it is withdrawn already.
    """
    with acting_on(home, [REGISTER], act) as book:
        row = _issued(home, certificate_no)
        if row is None:
            raise OsameError(
                f"no certificate {certificate_no} was issued", "give the number as printed, like 2026-000001"
            )
        if row["is_withdrawn"]:
            raise OsameError(f"certificate {certificate_no} has been withdrawn before", "nothing is left to do")
        book.record(REGISTER, [{n: v for n, v in recordable(row).items() if n != "is_withdrawn"} | taken_back(act)])


def _plain(code: str) -> str:
    """As typed from a paper: without hyphens and spaces, in capitals."""
    return "".join(code.split()).replace("-", "").upper()


def _content(found: AddresseeStanding, certifiable: Certifiable, vehicle_no: str | None) -> dict[str, Any]:
    request = certifiable.request
    content: dict[str, Any] = {
        "kind": request.kind,
        "addressee_no": found.addressee_no,
        "issued_on": request.issued_on.isoformat(),
        "as_of": found.as_of_date.isoformat(),
        "tax_items": list(certifiable.tax_item_names),
    }
    if certifiable.lines:
        content["matters"] = list(request.matters)
        content["lines"] = [
            {
                "tax_year": line.tax_year,
                "tax_item_code": line.tax_item_code,
                "assessed_yen": line.assessed_yen,
                "paid_yen": line.paid_yen,
                "unpaid_overdue_yen": line.unpaid_overdue_yen,
                "unpaid_not_due_yen": line.unpaid_not_due_yen,
                "charges_unpaid_yen": line.charges_unpaid_yen,
                "statutory_due_dates": [day.isoformat() for day in line.statutory_due_dates],
            }
            for line in certifiable.lines
        ]
    if certifiable.valid_until is not None:
        content |= {
            "valid_until": certifiable.valid_until.isoformat(),
            "notice_no": certifiable.notice_no,
            "vehicle_no": vehicle_no,
            "paid_on": certifiable.paid_on.isoformat() if certifiable.paid_on else None,
        }
    return content


# --- the register --------------------------------------------------------------------------------------------------


def _next_number(home: Home, fiscal_year: int) -> str:
    rows = _rows(
        home,
        "select max(ct.certificate_no) as last_no from landing.certificates as ct where ct.certificate_no like ?",
        f"{fiscal_year}-%",
    )
    last = rows[0]["last_no"] if rows else None
    return f"{fiscal_year}-{int(last.split('-')[1]) + 1 if last else 1:06d}"


def _issued(home: Home, certificate_no: str) -> dict[str, Any] | None:
    """The register's line of a certificate as it holds, or as it was taken back."""
    for is_withdrawn in (False, True):
        rows = current_rows(
            home,
            REGISTER,
            withdrawn=is_withdrawn,
            where="cr.certificate_no = $certificate_no",
            parameters={"certificate_no": certificate_no},
        )
        if rows:
            return rows[0] | {"is_withdrawn": is_withdrawn}
    return None


def _rows(home: Home, sql: str, *parameters: object) -> list[dict[str, Any]]:
    if not home.landing.exists():
        return []
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            return rows_of(connection, sql, *parameters)
        except duckdb.CatalogException:  # landing is older than the register: nothing was issued yet
            return []
        finally:
            connection.close()
