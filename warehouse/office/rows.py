"""What somebody asks to be recorded, as it waits for whoever lands it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """Rows of one register, and who records them.

    Args:
        register: id of the extract.
        rows: texts by column name; ``due_key`` and ``offset_due_key`` stand for the nine columns of a due key each.
        by: 職員番号.
        reason: why, in words.
        at: the instant (ISO, JST).
        permission: name and Japanese title of what is permitted; None: to record rows of this register by hand.
    """

    register: str
    rows: Sequence[Mapping[str, str]]
    by: str
    reason: str
    at: str
    permission: tuple[str, str] | None = None
