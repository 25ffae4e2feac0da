"""Slips of our own: codes that fit the paper, the convenience stores' limit, numbers that nobody else has."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from pydantic import ValidationError

from ingestion.el_qr import parse
from ingestion.ocr_line import is_whole
from osame.errors import OsameError
from osame.home import Home, open_home
from reports.documents.render import render
from reports.documents.slip import slip_row
from reports.documents.symbols import gs1_128
from tests.fixtures.office import act_of, hire, land, landing_rows, recording, tiny_files
from tests.unit.test_documents import TO
from warehouse.collection.slips import ISSUE, Numbers, Slip, _row, make_slips, numbering, register
from warehouse.office.records import write_record
from warehouse.office.standing import DueLine
from warehouse.settings import Slips, load_settings

AT = datetime(2026, 11, 23, 9, 30)
PAY_BY = date(2026, 12, 25)
# The kinds that are looked for, as a till is set: rules and digits may pass for an ITF, which proves nothing itself.
PRINTED = [zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode]
DUE = DueLine(
    due_key="30-00-152994-152994-1-2025-2025-0000000001-02",
    addressee_no="1",
    tax_item_code="30",
    tax_item_name="固定資産税",
    levy_year="2025",
    tax_year="2025",
    notice_no="0000000001",
    instalment_no="02",
    fiscal_year=2025,
    is_carried_over=True,
    first_assessed_date=date(2025, 5, 1),
    statutory_due_date=date(2025, 7, 31),
    due_date=date(2025, 7, 31),
    assessed_yen=300_000,
    principal_paid_yen=10_000,
    written_off_yen=0,
    reminder_fee_yen=100,
    reminder_fee_paid_yen=0,
    reminder_fee_written_off_yen=0,
    late_charge_yen=10_500,
    late_charge_paid_yen=600,
    late_charge_written_off_yen=0,
    provisional_paid_yen=0,
    overpaid_yen=0,
    last_received_date=date(2025, 9, 1),
    state="delinquent",
)


def slips_settings(home: Home, **changes: Any) -> Slips:
    return load_settings(home, {"office": {"slips": changes}}).office.slips


def made(home: Home, due: DueLine = DUE, reissued: int = 0, **changes: Any) -> Slip:
    numbers = Numbers(7, {due.due_key: reissued})
    return make_slips(slips_settings(home, **changes), [due], numbers, AT.date(), PAY_BY)[0]


def test_the_codes_of_a_slip(tmp_path: Path) -> None:
    slip = made(open_home(tmp_path))
    assert slip.slip_no == "9900000000000007"
    assert slip.cvs_barcode is not None
    assert slip.cvs_barcode[:43] == "91" + "959919" + "15299" + slip.slip_no + "1" + "261225" + "0" + "300000"
    assert is_whole(slip.ocr_upper) and is_whole(slip.ocr_lower)
    assert slip.ocr_upper[2:] == "0" * 11 + "00000300000" + "2" + "15299" + "0" + "030" + "07" + "101"
    assert slip.ocr_lower[2:] == "1" + "000030" + "11" + "00" + slip.slip_no + "0" * 15
    assert (slip.el_no, slip.el_qr_payload) == (None, None)  # the body must be told that it may


@pytest.mark.parametrize(("more_yen", "has_barcode"), [(-1, True), (0, True), (1, False), (800_000, False)])
def test_no_barcode_above_the_limit(tmp_path: Path, more_yen: int, has_barcode: bool) -> None:
    due = replace(DUE, late_charge_yen=DUE.late_charge_yen + more_yen)
    assert (made(open_home(tmp_path), due).cvs_barcode is not None) == has_barcode


@pytest.mark.parametrize(("reissued", "digit"), [(0, "1"), (1, "2"), (8, "9"), (30, "9")])
def test_a_barcode_counts_the_reissues(tmp_path: Path, reissued: int, digit: str) -> None:
    barcode = made(open_home(tmp_path), reissued=reissued).cvs_barcode
    assert barcode is not None and barcode[29] == digit


def test_an_el_qr_where_the_body_may(tmp_path: Path) -> None:
    slip = made(open_home(tmp_path), makes_el_qr=True, payment_classes={"30": "127"})
    assert slip.el_qr_payload is not None
    read = parse(slip.el_qr_payload)
    assert (read.body_code, read.payment_no, read.confirmation_no, read.payment_class) == slip.el_no
    assert (read.amount_yen, read.payment_class, read.instalment_code) == (300_000, "127", "02")
    assert (read.due_date, read.pay_by_date, read.levy_year) == (DUE.due_date, PAY_BY, 2025)
    other = made(open_home(tmp_path), makes_el_qr=True).el_no
    assert other is not None and {slip.el_no[2], other[2]} - {"000000"}  # a number that nobody guesses


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ocr_upper": [{"digits": "0" * 36}]}, "37 digits"),
        ({"ocr_lower": [{"item": "slip_no", "width": 18}]}, "42 digits"),
        ({"ocr_upper": [{"digits": "0", "item": "slip_no", "width": 36}]}, "give digits, or item and width"),
        ({"number_prefix": "A"}, "number_prefix"),
        ({"company_code": "12345"}, "company_code"),
    ],
)
def test_settings_that_make_no_slip_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises((OsameError, ValidationError), match=said):
        slips_settings(open_home(tmp_path), **change)


def test_a_number_that_does_not_fit_its_line_is_named(tmp_path: Path) -> None:
    narrow = [{"item": "slip_no", "width": 10}, {"digits": "0" * 32}]
    with pytest.raises(OsameError, match="slip_no is '9900000000000007', the line has 10 digits"):
        made(open_home(tmp_path), ocr_lower=narrow)
    letters = replace(DUE, tax_item_code="3A")
    with pytest.raises(OsameError, match="tax_item_code is '00003A'"):
        made(open_home(tmp_path), letters, payment_classes={"3A": "030"})


# --- on paper ----------------------------------------------------------------------------------------------------


def read_symbols(page: Any) -> dict[str, str]:
    """What a scanner reads on a page at 300 dots an inch, by kind."""
    image = page.render(scale=300 / 72, grayscale=True).to_numpy().squeeze()
    return {str(found.format): found.bytes.decode("ascii") for found in zxingcpp.read_barcodes(image, formats=PRINTED)}


def test_the_paper_is_read_back(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    dues = [DUE, replace(DUE, instalment_no="03", late_charge_yen=10_501), replace(DUE, principal_paid_yen=299_000)]
    settings = slips_settings(home, makes_el_qr=True)
    slips = make_slips(settings, dues, Numbers(1, {}), AT.date(), PAY_BY)
    rows = [slip_row(slip, TO) for slip in slips]
    document = pypdfium2.PdfDocument(render("slip", rows, load_settings(home), home, AT))
    assert len(document) == len(slips)
    for page, slip in zip(document, slips, strict=True):
        expected = {"QR Code": slip.el_qr_payload}
        if slip.cvs_barcode:
            expected["Code 128"] = slip.cvs_barcode
        assert read_symbols(page) == expected
        text = page.get_textpage().get_text_range().replace("\r\n", "")
        for printed in (
            slip.ocr_upper,
            slip.ocr_lower,
            slip.slip_no,
            f"{slip.due.balance_yen:,} 円",
            "令和8年12月25日",
        ):
            assert printed in text, printed
        assert ("コンビニエンスストアでは使用できません" in text) == (slip.cvs_barcode is None)


def test_a_barcode_with_a_wrong_check_digit_is_not_drawn(tmp_path: Path) -> None:
    barcode = made(open_home(tmp_path)).cvs_barcode
    assert barcode is not None
    with pytest.raises(ValueError, match="not the check digit"):
        gs1_128(barcode[:-1] + str((int(barcode[-1]) + 1) % 10))


# --- numbers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Home:
    """A home in which the core system's slip has landed."""
    home = open_home(tmp_path / "home")
    for name, data in tiny_files().items():
        (home.inbox / name).write_bytes(data)
    land(home, [home.inbox])
    hire(home)
    return home


def _issue(root: Path, count: int) -> None:
    home = Home(root)
    settings = load_settings(home).office.slips
    with numbering(home, settings, [DUE.due_key], act_of(ISSUE, at=AT)) as (numbers, book):
        register(book, make_slips(settings, [DUE] * count, numbers, AT.date(), PAY_BY))


def test_any_number_may_issue_at_once_and_no_number_is_taken_twice(office: Home) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(_issue, [(office.root, 3)] * 6)
    rows = landing_rows(office, "select slip_no, slip_type_code from landing.slips where slip_type_code = '2'")
    assert sorted(int(slip_no) for slip_no, _ in rows) == [9900000000000001 + n for n in range(18)]
    assert list(office.inbox.iterdir()) == []


def test_slips_that_wait_in_the_inbox_count(office: Home) -> None:
    settings = load_settings(office).office.slips
    (waiting,) = make_slips(settings, [DUE], Numbers(41, {}), AT.date(), PAY_BY)
    write_record(office, "slips", [_row(waiting)], recording("slips", at=AT))
    with numbering(office, settings, [DUE.due_key], act_of(ISSUE, at=AT)) as (numbers, _):
        assert (numbers.first_free, numbers.reissued) == (42, {DUE.due_key: 1})


def test_numbers_that_are_used_up(office: Home) -> None:
    settings = slips_settings(office, number_prefix="99999999")
    with pytest.raises(OsameError, match="begin with 99999999 are used up"):
        make_slips(settings, [DUE], Numbers(10**8, {}), AT.date(), PAY_BY)
