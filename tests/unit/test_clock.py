"""The clock is Japan's, whatever the host's zone; an instant with an offset is that instant."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime

import pytest

from osame import clock
from osame.errors import OsameError


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def _host_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "in_japan"),
    [
        ("2026-05-31T18:00:00", datetime(2026, 5, 31, 18)),
        ("2026-05-31T18:00:00+09:00", datetime(2026, 5, 31, 18)),
        ("2026-05-31T18:00:00+00:00", datetime(2026, 6, 1, 3)),
        ("2026-05-31T18:00:00Z", datetime(2026, 6, 1, 3)),
        ("2026-06-01T05:00:00-07:00", datetime(2026, 6, 1, 21)),
        ("2026-05-31", datetime(2026, 5, 31)),
    ],
)
@pytest.mark.usefixtures("_host_zone")
def test_an_instant_with_an_offset_is_told_in_japan(text: str, in_japan: datetime) -> None:
    assert clock.instant(text) == in_japan


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01", "9999-12-31T23:00:00-12:00"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        clock.instant(text)


@pytest.mark.usefixtures("_host_zone")
def test_yesterday_is_the_last_day_that_is_over_in_japan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_NOW", "2026-05-31T16:00:00+00:00")  # 1 o'clock on 6/1 in Japan
    assert (clock.today(), clock.yesterday()) == (date(2026, 6, 1), date(2026, 5, 31))


def test_a_clock_that_cannot_be_read_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSAME_NOW", "noon")
    with pytest.raises(OsameError, match="OSAME_NOW: 'noon' is no instant"):
        clock.now()
