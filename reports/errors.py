"""What can go wrong before, while and after a report is made."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from osame.errors import OsameError


class CatalogError(OsameError):
    """The catalogue is not what its model says, or it and a notebook disagree. A developer mends it."""


class UnknownReportError(OsameError):
    """No report of that id."""


class ReportParameterError(OsameError):
    """One or more parameters are unknown, missing, of the wrong type or not allowed. ``problems`` has all of them."""

    def __init__(self, report_id: str, problems: list[str]) -> None:
        super().__init__(
            f"report {report_id}: " + "; ".join(problems),
            "nothing was run. See the parameters with: osame report --list",
        )
        self.problems = problems


class ReportFailedError(OsameError):
    """The notebook stopped. Nothing was published but the log."""

    exit_code = 1


class WrongWarehouseError(OsameError):
    """The warehouse lacks a table, or is not at the date that the report was asked for."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """A closest match as a phrase to put behind a message: ``', did you mean "month"?'`` or the list of all."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f', did you mean "{close[0]}"?'
    return f" (known: {', '.join(choices)})" if choices else " (none is known)"
