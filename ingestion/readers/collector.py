"""Collects findings while a file is read: counts all of them, writes out only as many as a person can use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ingestion.readers.findings import Finding
from osame.bilingual import in_japanese, said

# A file with 200,000 faults has one cause; a thousand lines are enough to see it. The rest is counted (ING-099).
MAX_LISTED = 1_000

Lines = NDArray[np.int64]


def listed(findings: list[Finding], total: int | None = None) -> list[Finding]:
    """As many as a person can use, and the number of all (ING-099)."""
    count = len(findings) if total is None else total
    if count <= MAX_LISTED:
        return findings
    found = said(f"{count:,} findings", f"指摘{count:,}件")
    expected = said(f"the first {MAX_LISTED:,} are listed", f"最初の{MAX_LISTED:,}件を表示")
    return [*findings[:MAX_LISTED], Finding("ING-099", None, None, None, found, expected)]


class Collector:
    """Errors refuse the file; warnings (one per code and field, with a count) are kept beside the load."""

    def __init__(self) -> None:
        self._errors: list[Finding] = []
        self._listed: dict[tuple[str, str | None], int] = {}
        self._warnings: dict[tuple[str, str | None], tuple[int, int | None, int | None, str, str]] = {}
        self._of_file: list[Finding] = []
        self.error_count = 0

    def error(
        self, code: str, line: int | None, byte: int | None, field: str | None, found: str, expected: str
    ) -> None:
        """One error."""
        self.error_count += 1
        key = (code, field)
        if self._listed.get(key, 0) < MAX_LISTED:
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
        room = max(0, MAX_LISTED - self._listed.get(key, 0))
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

    def file(self, code: str, found: str, expected: str) -> None:
        """A warning about the file as a whole."""
        self._of_file.append(Finding(code, None, None, None, found, expected))

    def errors(self) -> list[Finding]:
        """By line and byte, at most the cap, then ING-099 with the number found."""
        ordered = sorted(self._errors, key=lambda f: (f.line or 0, f.byte or 0, f.code))
        return listed(ordered, self.error_count)

    def warnings(self) -> list[Finding]:
        """One per code and field, by line."""
        found = [
            Finding(code, line, byte, field, _counted(what, count), expected)
            for (code, field), (count, line, byte, what, expected) in self._warnings.items()
        ]
        return self._of_file + sorted(found, key=lambda f: (f.line or 0, f.byte or 0, f.code))


def _counted(what: str, count: int) -> str:
    english = f"{what} ({count:,} record{'s' if count > 1 else ''})"
    return said(english, f"{in_japanese(what)}（{count:,}件）")
