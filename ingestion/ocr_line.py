"""OCR lines of payment slips: two check digits, then the body (MPN 標準帳票ガイドライン, FORMATS §3.1).

Places are counted from 1 on the whole line, the check digits being 1 and 2.
"""

from __future__ import annotations

UPPER, LOWER = 39, 44  # digits of a line
CHECK_DIGITS = 2
_DESCENDING = (9, 8, 7, 6, 5, 4, 3, 2)  # of places 3, 5, 7, … for the second check digit
_ASCENDING = (2, 3, 4, 5, 6, 7, 8, 9)  # of places 2, 4, 6, … for the first
_FIRST_MODULUS = 11


def with_check_digits(body: str) -> str:
    """The line of a body.

    Raises:
        ValueError: the body is not of digits.

    >>> with_check_digits("0000000000000000003600226000033421101")[:2]
    '61'
    """
    if not (body.isascii() and body.isdigit()):
        raise ValueError(f"an OCR line has digits only, not {body!r}")
    digits = [int(c) for c in body]
    second = sum(_times(digits[0::2], _DESCENDING)) + sum(digits[1::2])
    second %= 10
    first = sum(_times([second, *digits[1::2]], _ASCENDING)) + sum(digits[0::2])
    return f"{first % _FIRST_MODULUS % 10}{second}{body}"


def _times(digits: list[int], weights: tuple[int, ...]) -> list[int]:
    return [digit * weights[place % len(weights)] for place, digit in enumerate(digits)]


def is_whole(line: str) -> bool:
    """Whether a line begins with the check digits of the rest."""
    return len(line) > 2 and line.isascii() and line.isdigit() and with_check_digits(line[2:]) == line
