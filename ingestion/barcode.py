"""GS1-128 of payment slips: the 44 digits of 「標準料金代理収納ガイドライン」 and their check digit (FORMATS §2.1)."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

LENGTH = 44
APPLICATION_IDENTIFIER = "91"
_AMOUNT_DIGITS = 6

# Modulus 10, weight 3 on the digit left of the check digit, then 1 and 3 in turn.
_WEIGHTS = np.array([3 if (LENGTH - 1 - i) % 2 else 1 for i in range(LENGTH - 1)], dtype=np.int32)


def check_digits(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Check digit of each row of the first 43 digits (values 0-9, one column per digit)."""
    total = np.asarray(digits[:, : LENGTH - 1].astype(np.int32) @ _WEIGHTS, dtype=np.int32)
    return (10 - total % 10) % 10


def check_digit(first_43: str) -> int:
    """Check digit of one barcode.

    Raises:
        ValueError: not 43 digits.
    """
    if len(first_43) != LENGTH - 1 or not (first_43.isascii() and first_43.isdigit()):
        raise ValueError(f"a payment barcode has 43 digits before its check digit, not {first_43!r}")
    return int(check_digits(np.frombuffer(first_43.encode(), np.uint8)[None, :] - ord("0"))[0])


def compose(company_code: str, client_code: str, slip_no: str, reissue: int, pay_by: date, amount_yen: int) -> str:
    """The 44 digits of a slip; its 印紙フラグ is 0, as for all public money.

    Args:
        company_code: 請求書発行企業コード, 6 digits.
        client_code: 利用企業コード, 5.
        slip_no: 16.
        reissue: 再発行区分, 0 for the first, to 9.
        pay_by: 支払期限.
        amount_yen: whole yen, 6 digits at most.

    Raises:
        ValueError: a part does not fit its place.
    """
    if not 0 <= amount_yen < 10**_AMOUNT_DIGITS:
        raise ValueError(f"{amount_yen} yen does not fit the {_AMOUNT_DIGITS} digits of a payment barcode")
    body = (
        f"{APPLICATION_IDENTIFIER}{company_code}{client_code}{slip_no}{reissue}{pay_by:%y%m%d}0"
        f"{amount_yen:0{_AMOUNT_DIGITS}d}"
    )
    return f"{body}{check_digit(body)}"
