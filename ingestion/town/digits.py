"""Digit strings with their check digits, made for whole columns at once: a matrix of digits, one row per string."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.town.city import BARCODE_CLIENT, BARCODE_COMPANY, BILLER_NO
from ingestion.town.days import Ints

Digits = npt.NDArray[np.uint8]


def columns(value: Ints | int | str, width: int, rows: int) -> Digits:
    """A number as ``width`` digits, zero-filled; one row each, or the same constant in all rows."""
    if isinstance(value, str):
        return np.broadcast_to(np.frombuffer(value.encode(), np.uint8) - 48, (rows, width))
    rest = np.broadcast_to(np.asarray(value, np.int64), (rows,)).copy()
    out = np.empty((rows, width), np.uint8)
    for place in range(width - 1, -1, -1):
        rest, out[:, place] = np.divmod(rest, 10)
    return out


def join(*parts: Digits) -> Digits:
    return np.concatenate(parts, axis=1)


def as_text(matrix: Digits) -> pa.Array:
    """The rows as strings."""
    rows, width = matrix.shape
    data = np.ascontiguousarray(matrix + np.uint8(48))
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int64)
    large = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))
    return large.cast(pa.string())


def pad(values: Ints, width: int) -> pa.Array:
    """Numbers as zero-filled text."""
    return pc.utf8_lpad(pa.array(values).cast(pa.string()), width, "0")


def weighted(matrix: Digits, weights: list[int]) -> Ints:
    return matrix.astype(np.int64) @ np.array(weights, np.int64)


def barcode(slip_no: Ints, reissue: Ints, pay_by: Ints, amount: Ints) -> Digits:
    """The 44 digits of GS1-128 on a slip (FORMATS §2.1); ``pay_by`` is YYMMDD."""
    n = len(slip_no)
    body = join(
        columns(91, 2, n),
        columns(BARCODE_COMPANY, 6, n),
        columns(BARCODE_CLIENT, 5, n),
        columns(slip_no, 16, n),
        columns(reissue, 1, n),
        columns(pay_by, 6, n),
        columns(0, 1, n),
        columns(amount, 6, n),
    )
    check = -weighted(body, [3 if place % 2 == 0 else 1 for place in range(43)]) % 10
    return join(body, columns(check, 1, n))


def with_ocr_check(body: Digits) -> Digits:
    """An OCR line: the two check digits of the MPN guideline before the body (FORMATS §3.1)."""
    n, width = body.shape
    places = range(3, width + 3)
    ones = [9 - (p - 3) // 2 % 8 if p % 2 else 1 for p in places]
    second = weighted(body, ones) % 10
    twos = [1 if p % 2 else 2 + (p - 2) // 2 % 8 for p in places]
    first = (weighted(body, twos) + second * 2) % 11 % 10
    return join(columns(first, 1, n), columns(second, 1, n), body)


def ocr_lines(slip_no: Ints, amount: Ints, payment_class: Ints, levy_year: Ints) -> tuple[Digits, Digits]:
    """Upper (39) and lower (44) OCR line of a slip."""
    n = len(slip_no)
    upper = join(
        columns(0, 11, n),
        columns(amount, 11, n),
        columns(2, 1, n),
        columns(BILLER_NO, 5, n),
        columns(0, 1, n),
        columns(payment_class, 3, n),
        columns(levy_year - 2018, 2, n),
        columns(1, 1, n),
        columns(1, 2, n),
    )
    lower = join(
        columns(1, 1, n),
        columns(payment_class, 6, n),
        columns(11, 2, n),
        columns(slip_no, 18, n),
        columns(slip_no * 31 % 9973, 4, n),
        columns(0, 11, n),
    )
    return with_ocr_check(upper), with_ocr_check(lower)


def el_number(slip_no: Ints) -> tuple[Digits, Digits]:
    """案件特定キー (20 digits; not the slip number itself) and 確認番号 (6)."""
    n = len(slip_no)
    return join(columns(7, 1, n), columns(slip_no, 16, n), columns(slip_no % 997, 3, n)), columns(
        (slip_no % 1_000_003) * 7919 % 1_000_000, 6, n
    )


def el_qr(
    payment_no: Digits,
    confirmation: Digits,
    payment_class: Ints,
    amount: Ints,
    years: tuple[Ints, Ints],
    instalment: Ints,
    dates: tuple[Digits, Digits],
    body_code: int = int(BILLER_NO),
) -> Digits:
    """The 255 digits of an eL-QR (FORMATS §3.0). ``years`` are 賦課年度 and 課税年度; ``dates`` 納期限 and 支払期限."""
    n = len(amount)
    upper = with_ocr_check(
        join(
            columns(0, 11, n),
            columns(amount, 11, n),
            columns(2, 1, n),
            columns(13800, 5, n),
            columns(0, 1, n),
            columns(payment_class, 3, n),
            columns(0, 5, n),
        )
    )
    lower = with_ocr_check(
        join(payment_no, confirmation, columns(0, 1, n), columns(body_code, 5, n), columns(0, 3, n), columns(0, 7, n))
    )
    head = columns("000201" + "010212" + "2796" + "000513800" + "0183", 29, n)
    body = join(
        head,
        upper,
        lower,
        columns("5411", 4, n),
        columns(amount, 11, n),
        columns("6226", 4, n),
        columns(years[0], 4, n),
        columns(years[1], 4, n),
        columns(instalment, 2, n),
        *dates,
        columns("8085" + "0" * 85 + "6305", 93, n),
    )
    return join(body, columns(_crc(body), 5, n))


def _crc(matrix: Digits) -> Ints:
    """CRC-16/CCITT-FALSE of the rows as characters."""
    table = np.zeros(256, np.uint32)
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
        table[byte] = value & 0xFFFF
    crc = np.full(len(matrix), 0xFFFF, np.uint32)
    for place in range(matrix.shape[1]):
        crc = ((crc << 8) & 0xFFFF) ^ table[(crc >> 8) ^ (matrix[:, place] + np.uint32(48))]
    return crc.astype(np.int64)


def individual_number(body: Ints) -> Digits:
    """個人番号: eleven digits and the check digit of 省令85号5条."""
    n = len(body)
    eleven = columns(body, 11, n)
    rest = weighted(eleven, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return join(eleven, columns(np.where(rest <= 1, 0, 11 - rest), 1, n))


def corporate_number(body: Ints) -> Digits:
    """法人番号: the check digit, then twelve digits."""
    n = len(body)
    twelve = columns(body, 12, n)
    return join(columns(9 - weighted(twelve, [2, 1] * 6) % 9, 1, n), twelve)
