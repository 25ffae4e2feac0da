"""An act: who does something, why, when, and under which permission.

Whatever records something or shows a person takes one. Permissions are declared beside the acts that need them; whether
somebody has one is asked in one place (``warehouse.office.permissions``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from osame.errors import OsameError


@dataclass(frozen=True)
class Permission:
    """What may be done. ``name`` stands in logs, manifests and settings; ``asks_reason``: who does it must say why."""

    name: str
    title_ja: str
    asks_reason: bool = False


@dataclass(frozen=True)
class Act:
    """Somebody's doing of something, once.

    Args:
        permission: under which it is done.
        by: 職員番号 of who does it.
        reason: why, in words; kept or logged with what is done.
        at: when it was begun (JST). In which order acts were recorded is not told by it: clocks differ.

    Raises:
        OsameError: nobody is named, or no reason is given where one is asked for.
    """

    permission: Permission
    by: str
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", self.by.strip())
        object.__setattr__(self, "reason", self.reason.strip())
        if not self.by:
            raise OsameError(
                f"--by is empty; {self.permission.name} ({self.permission.title_ja}) is kept with who did it",
                "give the staff number (職員番号) of who does this",
            )
        if self.permission.asks_reason and not self.reason:
            raise OsameError(
                f"--reason is empty; {self.permission.name} ({self.permission.title_ja}) is kept with why it was done",
                "give the reason in words, such as 窓口での再発行申出",
            )

    def require_another_than(self, drafter: str, what: str) -> None:
        """Four eyes: who drafted something cannot approve it.

        Raises:
            OsameError: it is the same person.
        """
        if self.by == drafter.strip():
            raise OsameError(f"{self.by} drafted {what} and cannot approve it", "another person approves: --by")
