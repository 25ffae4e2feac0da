"""Offers of files to landing: what became of each, and by which numbers it is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import duckdb

from ingestion.readers.findings import Finding

# failed: nothing was decided, the file is offered again by the next run; only the others leave a row in loads.
Status = Literal["landed", "rejected", "duplicate", "failed"]

# 52 bits of the hash: exact in JSON, JavaScript and Excel, and about one chance in a million of a collision in 100,000
# files. A collision is refused loudly (see Landing.land), never merged.
_LOAD_ID_HEX = 13
A_MOMENT = timedelta(microseconds=1)  # between what a build knew and what landed after it


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def load_id_of(sha256: str, version: str | None = None) -> int:
    """The load of some content (of an extract: as a version). Never of when it landed: that leaves no trace in marts.

    ``version``: of an extract, ``Decoded.version``. Money is the same money under any name and on any day; what an
    extract says may be said again on a later day, to set a value back to what it was.
    """
    return int((sha256 if version is None else sha256_of(f"{sha256} {version}".encode("ascii")))[:_LOAD_ID_HEX], 16)


def last_version(landing: duckdb.DuckDBPyConnection, table: str, business_date: date) -> int:
    """The highest n of a register's files of a business date; -1 if there is none."""
    row = landing.execute(
        """
        select max(sequence_no) from landing.loads
        where status = 'landed' and landing_table = ? and business_date = ?
        """,
        [table, business_date],
    ).fetchone()
    return -1 if row is None or row[0] is None else int(row[0])


@dataclass(frozen=True)
class Offer:
    """What became of one offered file. Amounts in whole yen; ``records`` counts rows that landed."""

    file_name: str
    sha256: str
    load_id: int
    status: Status
    format: str | None
    role: str | None
    records: int
    amount_yen: int
    quarantined: int
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
