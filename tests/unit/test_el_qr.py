"""eL-QR and OCR lines: the vectors of FORMATS, every item written and read back, and what is refused by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.barcode import check_digit
from ingestion.barcode import compose as compose_barcode
from ingestion.el_qr import LENGTH, ElQr, ElQrError, compose, parse
from ingestion.ocr_line import is_whole, with_check_digits

# Made for FORMATS §3.0, with its check digits (09, 19) and CRC reckoned elsewhere.
VECTOR = (
    "00020101021227960005138000183090000000000000000025000213800000100000190000000000000000000712345601520200000000005411"
    "000000250006226202620260120260630202607318085" + "0" * 85 + "630527666"
)
PARTS = ElQr(
    body_code="15202",
    payment_no="00000000000000000007",
    confirmation_no="123456",
    payment_class="001",
    office_code="000",
    amount_yen=25_000,
    levy_year=2026,
    tax_year=2026,
    instalment_code="01",
    due_date=date(2026, 6, 30),
    pay_by_date=date(2026, 7, 31),
)


def digits(width: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=width, max_size=width)


DAYS = st.dates(date(2019, 5, 1), date(2099, 12, 31))
ANY = st.builds(
    ElQr,
    body_code=digits(5),
    payment_no=digits(20),
    confirmation_no=digits(6),
    payment_class=digits(3),
    office_code=digits(3),
    amount_yen=st.integers(0, 10**11 - 1),
    levy_year=st.integers(2000, 2099),
    tax_year=st.integers(2000, 2099),
    instalment_code=digits(2),
    due_date=DAYS,
    pay_by_date=DAYS,
)


def test_the_vector_is_written_and_read() -> None:
    assert compose(PARTS) == VECTOR
    assert parse(VECTOR) == PARTS


@given(ANY)
def test_what_is_written_is_read_back(el_qr: ElQr) -> None:
    payload = compose(el_qr)
    assert len(payload) == LENGTH
    assert parse(payload) == el_qr


@given(ANY, st.integers(0, LENGTH - 1), st.integers(1, 9))
def test_no_digit_may_differ(el_qr: ElQr, place: int, more: int) -> None:
    payload = compose(el_qr)
    changed = str((int(payload[place]) + more) % 10)
    with pytest.raises(ElQrError):
        parse(payload[:place] + changed + payload[place + 1 :])


@pytest.mark.parametrize(
    ("place", "text", "item"),
    [
        (4, "02", "形式バージョン (00)"),
        (10, "11", "種別 (01)"),
        (12, "26", "加盟店情報 (27)"),
        (20, "13801", "識別コード (27-00)"),
        (25, "0184", "MPN情報 (27-01)"),
        (29, "10", "上段チェックデジット"),
        (29 + 39, "20", "下段チェックデジット"),
        (112, "5410", "取引金額 (54)"),
        (116, "00000025001", "取引金額 (54)"),
        (127, "6227", "追加情報 (62)"),
        (141, "20260631", "納期限"),
        (149, "20261301", "支払期限"),
        (157, "8084", "予約 (80)"),
        (246, "6205", "CRC (63)"),
        (250, "27667", "CRC (63)"),
        (254, "x", "文字"),
        (254, "", "長さ"),
    ],
)
def test_what_is_wrong_is_named(place: int, text: str, item: str) -> None:
    with pytest.raises(ElQrError) as caught:
        parse(VECTOR[:place] + text + VECTOR[place + max(len(text), 1) :])
    assert caught.value.item == item
    assert item in str(caught.value) and "expected" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"amount_yen": 10**11}, "払込金額"),
        ({"amount_yen": -1}, "払込金額"),
        ({"payment_no": "7"}, "案件特定キー"),
        ({"instalment_code": "A1"}, "期別コード"),
    ],
)
def test_what_does_not_fit_is_not_written(change: dict[str, object], item: str) -> None:
    with pytest.raises(ElQrError) as caught:
        compose(replace(PARTS, **change))  # type: ignore[arg-type]
    assert caught.value.item == item


# --- OCR lines and barcodes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "check"),
    [("0000000000000000003600226000033421101", "61"), ("100250881102000000061050501000000000000000", "22")],
)
def test_the_vectors_of_ocr_lines(body: str, check: str) -> None:
    line = with_check_digits(body)
    assert line == check + body
    assert is_whole(line)
    assert not is_whole("00" + body)


@given(st.text("0123456789", min_size=37, max_size=42), st.integers(0, 41), st.integers(1, 9))
def test_a_misread_digit_shows(body: str, place: int, more: int) -> None:
    line = with_check_digits(body)
    at = 2 + place % len(body)
    assert not is_whole(line[:at] + str((int(line[at]) + more) % 10) + line[at + 1 :])


@pytest.mark.parametrize("body", ["", "12a", "１２"])
def test_a_line_has_digits_only(body: str) -> None:
    with pytest.raises(ValueError, match="digits only"):
        with_check_digits(body)


def test_a_barcode_is_put_together() -> None:
    digits = compose_barcode("912345", "01234", "5678901234567890", 1, date(2001, 3, 31), 123_000)
    assert digits == "91912345012345678901234567890" + "1" + "010331" + "0" + "123000" + digits[-1]
    assert int(digits[-1]) == check_digit(digits[:-1])
    with pytest.raises(ValueError, match="1000000 yen"):
        compose_barcode("912345", "01234", "5678901234567890", 0, date(2001, 3, 31), 1_000_000)
