"""What a reader hands to landing, and what it is told about the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from ingestion.layout import Column, Layout
from ingestion.readers.findings import Finding


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A direct-debit request that we sent: what a result's MMDD is compared with to find its year."""

    debit_date: date
    count: int
    amount_yen: int


def _no_requests(_consignor_code: str, _mmdd: str) -> list[SentRequest]:
    return []


@dataclass(frozen=True)
class Context:
    """What is known about a file besides its bytes. ``sequence_no``: of a day, if its name does not tell."""

    file_name: str
    landed_on: date
    format: str | None = None
    business_date: date | None = None
    sequence_no: int = 0
    allow_missing_result_totals: bool = False
    sent_requests: Callable[[str, str], list[SentRequest]] = _no_requests


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row of an extract that broke its contract: kept as delivered, with the reasons."""

    line: int
    row_text: str
    findings: tuple[Finding, ...]


@dataclass
class Decoded:
    """A file that passed: one Arrow table per landing table.

    Every table has ``source_line`` (int32, record number from 1) first, and its columns named and typed as in the
    layout; the tables of a grouped fixed-length layout have ``group_no`` (int32, from 1) second. ``load_id`` is
    landing's.
    records and amount_yen (whole yen) are the file's control figures: payment or extract rows that land, not headers.
    """

    layout: Layout
    role: str | None
    tables: dict[str, pa.Table]
    records: int
    amount_yen: int
    business_date: date | None = None
    sequence_no: int = 0
    is_full: bool = False
    quarantined: list[QuarantinedRow] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What was odd is kept beside the load: by then the file is in the archive."""
        if self.warnings:
            self.facts["warnings"] = "; ".join(warning.japanese() for warning in self.warnings)

    @property
    def version(self) -> str | None:
        """Which version of an extract it is: business date, n, whole or not. None where the content is all there is."""
        if not self.layout.extract:
            return None
        return f"{self.business_date} {self.sequence_no} {'full' if self.is_full else 'differential'}"


_ARROW = {"bigint": pa.int64(), "varchar": pa.string(), "date": pa.date32()}


def arrow_type(column: Column) -> pa.DataType:
    """What Arrow calls the type of a column of a landing table."""
    return _ARROW[column.sql_type]
