"""Payment slips that we issue ourselves (再発行納付書): their numbers, their codes, the record that matches them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingestion import barcode, el_qr, ocr_line
from ingestion.due_key import DUE_KEY
from ingestion.offer import Offer
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing
from osame.wareki import era_year
from warehouse.law.parameters import load_parameters
from warehouse.office.records import Book, acting_on
from warehouse.office.registers import split_due_key
from warehouse.office.standing import DueLine
from warehouse.settings import Digits, Slips

ISSUE = Permission("slip", "納付書の再発行", asks_reason=True)
REISSUED = "2"  # 発行区分
_NUMBER_DIGITS = 16
_MOST_REISSUES = 9  # 再発行区分 has one digit
_CONFIRMATION_DIGITS = 6


@dataclass(frozen=True)
class Slip:
    """One slip for one due, which is as it stands on ``pay_by_date``.

    The eL番号 and its payload are None where the body may not make them.
    """

    slip_no: str
    due: DueLine
    issued_date: date
    pay_by_date: date
    cvs_barcode: str | None
    ocr_upper: str
    ocr_lower: str
    el_no: tuple[str, str, str, str] | None
    el_qr_payload: str | None


@dataclass(frozen=True)
class Numbers:
    """What a new slip needs to know of those that have landed."""

    first_free: int
    reissued: dict[str, int]

    def slip_no(self, place: int, settings: Slips) -> str:
        """The number of the ``place``-th slip from 0.

        Raises:
            OsameError: the prefix has no numbers left.
        """
        width = _NUMBER_DIGITS - len(settings.number_prefix)
        number = str(self.first_free + place).zfill(width)
        if len(number) > width:
            raise OsameError(
                f"slip numbers that begin with {settings.number_prefix} are used up",
                "agree another office.slips.number_prefix with the operator of the core system",
            )
        return settings.number_prefix + number


@contextmanager
def numbering(home: Home, settings: Slips, due_keys: Sequence[str], act: Act) -> Iterator[tuple[Numbers, Book]]:
    """Numbers that nobody else takes while this is held: record the slips before it ends."""
    with acting_on(home, ["slips"], act) as book:
        yield _landed(home, settings.number_prefix, due_keys), book


def _landed(home: Home, prefix: str, due_keys: Sequence[str]) -> Numbers:
    key = " || '-' || ".join(DUE_KEY)
    with landing_lock(home, exclusive=False):
        landing = open_landing(home)
        try:
            row = landing.execute(
                "select coalesce(max(cast(substr(slip_no, ?) as bigint)), 0) + 1 from landing.slips "
                "where starts_with(slip_no, ?)",
                [len(prefix) + 1, prefix],
            ).fetchone()
            reissued = landing.execute(
                f"select {key} as due_key, count(distinct slip_no) from landing.slips "
                f"where slip_type_code = ? and {key} in (select unnest(?)) group by all",
                [REISSUED, list(due_keys)],
            ).fetchall()
        finally:
            landing.close()
    return Numbers(row[0] if row else 1, dict(reissued))


def make_slips(
    settings: Slips, dues: Sequence[DueLine], numbers: Numbers, issued_date: date, pay_by_date: date
) -> list[Slip]:
    """A slip for each due, with what is left of it; ``dues`` are as they stand on ``pay_by_date``.

    Raises:
        OsameError: a code of the settings does not fit its place.
    """
    limit_yen = load_parameters()["slips.convenience_store"].at(issued_date).integer("limit_yen")
    return [
        _slip(
            settings,
            due,
            numbers.slip_no(place, settings),
            min(numbers.reissued.get(due.due_key, 0) + 1, _MOST_REISSUES),
            issued_date,
            pay_by_date,
            limit_yen,
        )
        for place, due in enumerate(dues)
    ]


def _slip(
    settings: Slips, due: DueLine, slip_no: str, reissue: int, issued_date: date, pay_by_date: date, limit_yen: int
) -> Slip:
    payment_class = settings.payment_classes.get(due.tax_item_code, due.tax_item_code.zfill(3))
    items = {
        "amount_yen": str(due.balance_yen),
        "biller_no": settings.biller_no,
        "payment_class": payment_class,
        "levy_era_year": str(era_year(date(int(due.levy_year), 12, 31)).year),
        "tax_item_code": due.tax_item_code,
        "slip_no": slip_no,
    }
    el_no, payload = None, None
    if settings.makes_el_qr:
        number = el_qr.ElQr(
            body_code=settings.el_qr_body_code,
            payment_no=slip_no.zfill(20),
            confirmation_no=f"{secrets.randbelow(10**_CONFIRMATION_DIGITS):0{_CONFIRMATION_DIGITS}d}",
            payment_class=payment_class,
            office_code="000",
            amount_yen=due.balance_yen,
            levy_year=int(due.levy_year),
            tax_year=int(due.tax_year),
            instalment_code=due.instalment_no.zfill(2),
            due_date=due.due_date,
            pay_by_date=pay_by_date,
        )
        el_no = (number.body_code, number.payment_no, number.confirmation_no, number.payment_class)
        payload = _payload(number)
    return Slip(
        slip_no=slip_no,
        due=due,
        issued_date=issued_date,
        pay_by_date=pay_by_date,
        cvs_barcode=(
            barcode.compose(settings.company_code, settings.client_code, slip_no, reissue, pay_by_date, due.balance_yen)
            if due.balance_yen <= limit_yen
            else None
        ),
        ocr_upper=_ocr_line("ocr_upper", settings.ocr_upper, items),
        ocr_lower=_ocr_line("ocr_lower", settings.ocr_lower, items),
        el_no=el_no,
        el_qr_payload=payload,
    )


def _payload(number: el_qr.ElQr) -> str:
    try:
        payload = el_qr.compose(number)
        if el_qr.parse(payload) != number:
            raise RuntimeError(f"the eL-QR of slip {number.payment_no} does not read back as it was written")
    except el_qr.ElQrError as error:
        raise OsameError(str(error), "correct office.slips in osame.yml, or set makes_el_qr to false") from None
    return payload


def _ocr_line(name: str, parts: Iterable[Digits], items: dict[str, str]) -> str:
    body = ""
    for part in parts:
        text = part.digits or items[str(part.item)].zfill(part.width or 0)
        if part.width is not None and len(text) > part.width or not (text.isascii() and text.isdigit()):
            raise OsameError(
                f"office.slips.{name}: {part.item} is {text!r}, the line has {part.width} digits for it",
                "correct the parts of the line in osame.yml",
            )
        body += text
    return ocr_line.with_check_digits(body)


def register(book: Book, slips: Sequence[Slip]) -> Offer:
    """Land the slips as an extract of 納付書発行, so that the next build matches their payments.

    Raises:
        OsameError: landing refused them.
    """
    return book.record("slips", [_row(slip) for slip in slips])


def _row(slip: Slip) -> dict[str, Any]:
    body_code, payment_no, confirmation_no, payment_class = slip.el_no or (None,) * 4
    return {
        "slip_no": slip.slip_no,
        "line_no": "1",
        **split_due_key(slip.due.due_key),
        "issued_date": slip.issued_date,
        "slip_type_code": REISSUED,
        "principal_yen": slip.due.principal_balance_yen,
        "reminder_fee_yen": slip.due.reminder_fee_balance_yen,
        "late_charge_yen": slip.due.late_charge_balance_yen,
        "pay_by_date": slip.pay_by_date,
        "cvs_barcode": slip.cvs_barcode,
        "ocr_upper": slip.ocr_upper,
        "ocr_lower": slip.ocr_lower,
        "biller_no": body_code,
        "payment_no": payment_no,
        "confirmation_no": confirmation_no,
        "payment_class": payment_class,
        "el_qr_payload": slip.el_qr_payload,
    }
