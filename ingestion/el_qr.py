"""eL-QR: the 255 digits of the symbol on 地方税統一 slips, written and read item by item (FORMATS §3.0).

Known from one public source and arithmetic on it; the specification itself is not public. So nothing is guessed: a
payload is read whole or refused with the first item that is not as expected.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from datetime import date

from ingestion.ocr_line import LOWER, UPPER, is_whole, with_check_digits

LENGTH = 255
# Version and level of the symbol: 255 digits fill 6-M exactly.
SYMBOL_VERSION, SYMBOL_LEVEL = 6, "m"

_CORPORATION = "13800"  # 地方税共同機構
_HEAD = "000201" + "010212" + "2796" + "0005" + _CORPORATION + "0183"
_RESERVED = "8085" + "0" * 85
_CRC_HEAD = "6305"


class ElQrError(ValueError):
    """A payload that is not one: ``item`` names what failed."""

    def __init__(self, item: str, found: str, expected: str) -> None:
        super().__init__(f"eL-QR: {item}: found {found!r}, expected {expected}")
        self.item = item


@dataclass(frozen=True)
class ElQr:
    """What an eL-QR says. The first four are the eL番号; amounts in whole yen, years western."""

    body_code: str  # 共通納税機関コード, 5 digits
    payment_no: str  # 案件特定キー, 20
    confirmation_no: str  # 確認番号, 6
    payment_class: str  # 税目・料金番号, 3
    office_code: str  # 税務事務所コード, 3
    amount_yen: int
    levy_year: int
    tax_year: int
    instalment_code: str  # 期別コード, 2
    due_date: date
    pay_by_date: date


def compose(el_qr: ElQr) -> str:
    """The 255 digits.

    Raises:
        ElQrError: an item does not fit its place.
    """
    amount = _digits("払込金額", str(el_qr.amount_yen), 11, fill=True)
    upper = with_check_digits(
        "0" * 11 + amount + "2" + _CORPORATION + "0" + _digits("税目・料金番号", el_qr.payment_class, 3) + "0" * 5
    )
    lower = with_check_digits(
        _digits("案件特定キー", el_qr.payment_no, 20)
        + _digits("確認番号", el_qr.confirmation_no, 6)
        + "0"
        + _digits("共通納税機関コード", el_qr.body_code, 5)
        + _digits("税務事務所コード", el_qr.office_code, 3)
        + "0" * 7
    )
    about = (
        _digits("賦課年度", str(el_qr.levy_year), 4)
        + _digits("課税年度", str(el_qr.tax_year), 4)
        + _digits("期別コード", el_qr.instalment_code, 2)
        + f"{el_qr.due_date:%Y%m%d}{el_qr.pay_by_date:%Y%m%d}"
    )
    payload = f"{_HEAD}{upper}{lower}5411{amount}6226{about}{_RESERVED}{_CRC_HEAD}"
    return payload + _crc(payload)


def parse(payload: str) -> ElQr:
    """Read a payload, checking it item by item: length, tags, both check digits, the two amounts, days, CRC.

    Digits whose use is not public (口座番号, 拡張, 予約) may be any.

    Raises:
        ElQrError: the first item that is not as expected.
    """
    _expect("長さ", str(len(payload)), str(LENGTH))
    if not (payload.isascii() and payload.isdigit()):
        raise ElQrError("文字", next(c for c in payload if c not in "0123456789"), "digits only")
    rest = _Rest(payload)
    rest.expect("形式バージョン (00)", "000201")
    rest.expect("種別 (01)", "010212")
    rest.expect("加盟店情報 (27)", "2796")
    rest.expect("識別コード (27-00)", f"0005{_CORPORATION}")
    rest.expect("MPN情報 (27-01)", "0183")
    upper, lower = rest.take(UPPER), rest.take(LOWER)
    for item, line in (("上段チェックデジット", upper), ("下段チェックデジット", lower)):
        if not is_whole(line):
            raise ElQrError(item, line[:2], with_check_digits(line[2:])[:2])
    rest.expect("取引金額 (54)", "5411")
    rest.expect("取引金額 (54)", upper[13:24])
    rest.expect("追加情報 (62)", "6226")
    levy_year, tax_year, instalment = rest.take(4), rest.take(4), rest.take(2)
    due_date, pay_by = _day("納期限", rest.take(8)), _day("支払期限", rest.take(8))
    rest.expect("予約 (80)", _RESERVED[:4])
    rest.take(len(_RESERVED) - 4)
    rest.expect("CRC (63)", _CRC_HEAD)
    rest.expect("CRC (63)", _crc(payload[:-5]))
    return ElQr(
        body_code=lower[29:34],
        payment_no=lower[2:22],
        confirmation_no=lower[22:28],
        payment_class=upper[31:34],
        office_code=lower[34:37],
        amount_yen=int(upper[13:24]),
        levy_year=int(levy_year),
        tax_year=int(tax_year),
        instalment_code=instalment,
        due_date=due_date,
        pay_by_date=pay_by,
    )


class _Rest:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def take(self, length: int) -> str:
        self._at += length
        return self._text[self._at - length : self._at]

    def expect(self, item: str, value: str) -> None:
        _expect(item, self.take(len(value)), value)


def _expect(item: str, found: str, expected: str) -> None:
    if found != expected:
        raise ElQrError(item, found, expected)


def _digits(item: str, value: str, width: int, *, fill: bool = False) -> str:
    text = value.zfill(width) if fill else value
    if len(text) != width or not (text.isascii() and text.isdigit()):
        raise ElQrError(item, value, f"{width} digits")
    return text


def _day(item: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ElQrError(item, text, "a day as YYYYMMDD") from None


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE as five digits."""
    return f"{binascii.crc_hqx(text.encode('ascii'), 0xFFFF):05d}"
