"""Digit strings of the synthetic city against published vectors and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import cn, in_

from ingestion.town import digits


def one(matrix: digits.Digits) -> str:
    return str(digits.as_text(matrix)[0].as_py())


@given(st.integers(0, 10**11 - 1))
def test_individual_numbers_are_valid(body: int) -> None:
    assert in_.is_valid(one(digits.individual_number(np.array([body]))))


@given(st.integers(10**11, 10**12 - 1))
def test_corporate_numbers_are_valid(body: int) -> None:
    assert cn.is_valid(one(digits.corporate_number(np.array([body]))))


@pytest.mark.parametrize(
    ("body", "checked"),
    [
        ("0000000000000000003600226000033421101", "61"),
        ("100250881102000000061050501000000000000000", "22"),
    ],
)
def test_ocr_lines_have_the_check_digits_of_the_guideline(body: str, checked: str) -> None:
    line = one(digits.with_ocr_check(digits.columns(body, len(body), 1)))
    assert line == checked + body


def test_barcodes_are_whole() -> None:
    """44 digits that begin with 91; weights 3 and 1 from the right over the first 43 and the check digit give 0."""
    many = np.arange(1, 500, dtype=np.int64) * 7_777_777_777
    bars = digits.as_text(digits.barcode(many, many % 3, np.full(len(many), 260630), many % 300_000)).to_pylist()
    for bar, slip in zip(bars, many, strict=True):
        assert len(bar) == 44 and bar[:2] == "91" and bar[13:29] == f"{slip:016d}"
        assert sum(int(d) * (3 if place % 2 else 1) for place, d in enumerate(reversed(bar))) % 10 == 0


def test_an_el_qr_equals_the_synthetic_vector() -> None:
    """Body 15202, 税目 001, key 7, 確認番号 123456, 25,000 yen, 2026 first instalment, pay by 2026-07-31."""
    expected = (
        "000201010212279600051380001830900000000000000000250002138000001000001900000000000000000007123456015202000000"
        "000054110000002500062262026202601202606302026073180850000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000630527666"
    )
    year = np.array([2026])
    found = digits.el_qr(
        digits.columns(7, 20, 1),
        digits.columns(123456, 6, 1),
        np.array([1]),
        np.array([25_000]),
        (year, year),
        np.array([1]),
        (digits.columns(20260630, 8, 1), digits.columns(20260731, 8, 1)),
        body_code=15202,
    )
    assert one(found) == expected
