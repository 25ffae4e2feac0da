"""Errors that a user can mend. The CLI prints them without a traceback and exits with their code."""

from __future__ import annotations

from typing import Any


class OsameError(Exception):
    """Something a user can mend: where it is, what was found and expected, and what to do next."""

    exit_code = 2

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.advice}" if self.advice else self.message

    def as_dict(self) -> dict[str, str | int]:
        """For another process, which makes it an error again (``told_again``)."""
        kind = type(self).__name__
        return {"kind": kind, "message": self.message, "advice": self.advice, "exit_code": self.exit_code}


def told_again(said: dict[str, Any]) -> OsameError:
    """An error of another process: of its kind where that is known here."""
    kinds, found = [OsameError], OsameError
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__name__ == said["kind"]:
            found = kind
    error = found.__new__(found)
    OsameError.__init__(error, said["message"], said["advice"])
    error.exit_code = said["exit_code"]
    return error


class StoreBusy(OsameError):
    """Another process holds the store."""

    exit_code = 1


class StoreMissing(OsameError):
    """A store that was there is gone: it is not begun anew by the way."""


class StoreDamaged(OsameError):
    """A store cannot be read, or not with the key that is there."""


class BuildFailed(OsameError):
    """dbt did not finish; the warehouse that readers see is the old one."""

    exit_code = 1
