"""The office's clock: the only place that asks what time it is. Everything else is told."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from osame.errors import OsameError

JST = ZoneInfo("Asia/Tokyo")


def instant(text: str) -> datetime:
    """An instant as typed (ISO), in Japan and without a zone. With an offset it is that instant, else it is JST.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(JST).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{text!r} has no day in Japan") from None


def now() -> datetime:
    """Now in Japan, without a zone (every ``_at`` column is JST). ``OSAME_NOW`` (ISO) sets it for tests and replays.

    Raises:
        OsameError: ``OSAME_NOW`` is no instant.
    """
    fixed = os.environ.get("OSAME_NOW")
    if not fixed:
        return datetime.now(JST).replace(tzinfo=None)
    try:
        return instant(fixed)
    except ValueError:
        raise OsameError(f"OSAME_NOW: {fixed!r} is no instant", "write it like 2026-05-31T18:00:00") from None


def today() -> date:
    """Today in Japan."""
    return now().date()


def yesterday() -> date:
    """The last day that is over in Japan: the day of the books, where no other is named."""
    return today() - timedelta(days=1)
