"""Every day from 1873 to 2100, in every notation, comes back as itself."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from osame.dates import DateError, parse_date
from osame.wareki import ERAS, FIRST_DAY, Era

LAST_DAY = date(2100, 12, 31)


def era_of(day: date) -> Era:
    """By looking from the newest era back: not how the reader finds it."""
    return next(era for era in reversed(ERAS) if day >= era.first)


def notations(day: date) -> list[str]:
    era = era_of(day)
    year = day.year - era.year_one + 1
    kanji = [f"{era.name}{year}年{day.month}月{day.day}日"]
    kanji += [f"{era.name}元年{day.month}月{day.day}日"] if year == 1 else []
    return [
        day.isoformat(),
        f"{day.year}{day.month:02d}{day.day:02d}",
        f"{era.letter}{year:02d}.{day.month:02d}.{day.day:02d}",
        f"{era.letter}{year}.{day.month}.{day.day}",
        *kanji,
        *(text.translate(str.maketrans("0123456789", "０１２３４５６７８９")) for text in kanji),
    ]


def test_round_trip_of_every_day() -> None:
    day, wrong = FIRST_DAY, []
    read = parse_date.__wrapped__  # the cache would be filled and emptied, to no purpose
    while day <= LAST_DAY:
        wrong += [text for text in notations(day) if read(text) != day]
        day += timedelta(days=1)
    assert wrong == []


def test_a_day_belongs_to_one_era() -> None:
    for earlier, later in zip(ERAS, ERAS[1:], strict=False):
        for day, other in ((later.first, earlier), (earlier.last, later)):
            year = day.year - other.year_one + 1
            for text in (
                f"{other.letter}{year}.{day.month}.{day.day}",
                f"{other.name}{year}年{day.month}月{day.day}日",
            ):
                try:
                    found = parse_date(text)
                except DateError:
                    continue
                raise AssertionError(f"{text} was read as {found}")


@given(st.text(max_size=12) | st.from_regex(r"[MTSHR]?[0-9]{1,4}[-.]?[0-9]{1,2}[-.]?[0-9]{1,2}", fullmatch=True))
def test_any_text_is_a_day_or_is_refused(text: str) -> None:
    try:
        day = parse_date(text)
    except DateError as error:
        assert str(error)
    else:
        assert text.isascii() or "年" in text
        assert day >= FIRST_DAY
