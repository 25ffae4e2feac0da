"""Collects findings while a file is read: counts all of them, writes out only as many as a person can use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ingestion.findings import Finding

# A file with 200,000 faults has one cause; a thousand lines are enough to see it. The rest is counted (ING-099).
MAX_LISTED = 1_000

Lines = NDArray[np.int64]


class Collector:
    """Errors refuse the file; warnings (one per code and field, with a count) are kept beside the load."""

    def __init__(self, cap: int = MAX_LISTED) -> None:
        self._cap = cap
        self._errors: list[Finding] = []
        self._listed: dict[tuple[str, str | None], int] = {}
        self._warnings: dict[tuple[str, str | None], tuple[int, int | None, int | None, str, str]] = {}
        self.error_count = 0

    def error(
        self, code: str, line: int | None, byte: int | None, field: str | None, found: str, expected: str
    ) -> None:
        """One error."""
        self.error_count += 1
        key = (code, field)
        if self._listed.get(key, 0) < self._cap:
            self._listed[key] = self._listed.get(key, 0) + 1
            self._errors.append(Finding(code, line, byte, field, found, expected))

    def errors_at(
        self,
        code: str,
        lines: Lines,
        byte: int | NDArray[np.int64] | None,
        field: str | None,
        found: Callable[[int], str],
        expected: str,
    ) -> None:
        """One error per entry of ``lines`` (record numbers from 1); ``found(i)`` describes entry i."""
        self.error_count += len(lines)
        key = (code, field)
        room = max(0, self._cap - self._listed.get(key, 0))
        for i in range(min(room, len(lines))):
            position = int(byte[i]) if isinstance(byte, np.ndarray) else byte
            self._errors.append(Finding(code, int(lines[i]), position, field, found(i), expected))
        self._listed[key] = self._listed.get(key, 0) + min(room, len(lines))

    def warn(self, code: str, lines: Lines, byte: int | None, field: str | None, what: str, expected: str) -> None:
        """The same warning on ``lines``: kept once per code and field, with the first line and how many records."""
        if len(lines) == 0:
            return
        count, line, at, first, wanted = self._warnings.get((code, field), (0, int(lines[0]), byte, what, expected))
        self._warnings[(code, field)] = (count + len(lines), line, at, first, wanted)

    def errors(self) -> list[Finding]:
        """By line and byte, at most the cap, then ING-099 with the number found."""
        ordered = sorted(self._errors, key=lambda f: (f.line or 0, f.byte or 0, f.code))[: self._cap]
        if self.error_count > len(ordered):
            total, listed = f"{self.error_count:,} findings", f"the first {len(ordered):,} are listed"
            ordered.append(Finding("ING-099", None, None, None, total, listed))
        return ordered

    def warnings(self) -> list[Finding]:
        """One per code and field, by line."""
        found = [
            Finding(code, line, byte, field, f"{what} ({count:,} record{'s' if count > 1 else ''})", expected)
            for (code, field), (count, line, byte, what, expected) in self._warnings.items()
        ]
        return sorted(found, key=lambda f: (f.line or 0, f.byte or 0, f.code))
