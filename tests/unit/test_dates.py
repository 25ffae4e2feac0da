"""Dates by hand: the notations that are taken, the borders of the eras, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest

from osame.dates import DateError, parse_date, parse_ymd


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-06-30", date(2025, 6, 30)),
        ("20250630", date(2025, 6, 30)),
        ("R07.06.30", date(2025, 6, 30)),
        ("R7.6.30", date(2025, 6, 30)),
        ("令和7年6月30日", date(2025, 6, 30)),
        ("令和７年６月３０日", date(2025, 6, 30)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年5月1日", date(2019, 5, 1)),
        ("H31.04.30", date(2019, 4, 30)),
        ("H01.01.08", date(1989, 1, 8)),
        ("S64.01.07", date(1989, 1, 7)),
        ("S01.12.25", date(1926, 12, 25)),
        ("T15.12.24", date(1926, 12, 24)),
        ("T01.07.30", date(1912, 7, 30)),
        ("M45.07.29", date(1912, 7, 29)),
        ("明治6年1月1日", date(1873, 1, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("9999-12-31", date(9999, 12, 31)),
    ],
)
def test_a_day(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "00000000",
        "99999999",
        "2025-02-29",
        "2025-6-30",
        "2025/06/30",
        "２０２５-06-30",
        "20250631",
        "2506301",
        "H31.05.01",  # 令和 had begun
        "R01.04.30",
        "S64.01.08",  # 平成 had begun
        "H01.01.07",
        "T15.12.25",
        "M45.07.30",
        "M05.12.02",  # another calendar
        "1872-12-31",
        "R00.01.01",
        "R元.05.01",
        "r07.06.30",
        "A07.06.30",
        "令和7年6月31日",
        "令和7年6月",
        "昭和99年1月1日",
        " 2025-06-30",
        "2025-06-30\n",
    ],
)
def test_no_day(text: str) -> None:
    with pytest.raises(DateError):
        parse_date(text)


def test_the_message_tells_the_days_of_the_era() -> None:
    with pytest.raises(DateError, match=r"平成 1989-01-08～2019-04-30"):
        parse_date("H31.05.01")


@pytest.mark.parametrize("text", ["2025-06-30", "R07.06.30", "0", "20250631"])
def test_eight_digits_and_nothing_else(text: str) -> None:
    assert parse_ymd("20250630") == date(2025, 6, 30)
    with pytest.raises(DateError):
        parse_ymd(text)
