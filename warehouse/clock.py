"""The office's clock: the only place that asks what time it is. Everything else is told."""

from __future__ import annotations

import os
from datetime import date, datetime
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """Now in Japan, without a zone (every ``_at`` column is JST). ``OSAME_NOW`` (ISO) sets it for tests and replays."""
    fixed = os.environ.get("OSAME_NOW")
    if fixed:
        return datetime.fromisoformat(fixed)
    return datetime.now(JST).replace(tzinfo=None)


def today() -> date:
    """Today in Japan."""
    return now().date()
