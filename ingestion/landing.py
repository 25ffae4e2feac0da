"""The landing store: append-only evidence, one transaction per file, exactly once by content.

``loads`` has one row per file ever offered, ``quarantine`` one row per row that broke its contract, and every landing
table of the layouts the accepted rows with ``load_id`` and ``source_line``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

import duckdb
import pyarrow as pa

from ingestion.layout import GROUP, LINEAGE, Layout, is_grouped, landing_schema, quoted
from ingestion.offer import Offer, last_version, load_id_of, sha256_of
from ingestion.readers.decoded import Decoded, SentRequest
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.rewritten import rewritten_keys

# One row per file ever offered. load_id names the content, of an extract with its version: offers of the same share it,
# one of them has landed.
LOADS = {
    "offer_no": "bigint",
    "load_id": "bigint",
    "file_name": "varchar",
    "sha256": "varchar",
    "bytes": "bigint",
    "format": "varchar",
    "role": "varchar",
    "landing_table": "varchar",
    "status": "varchar",
    "records": "bigint",
    "amount_yen": "bigint",
    "quarantined": "bigint",
    "warnings": "bigint",
    "business_date": "date",
    "sequence_no": "integer",
    "is_full": "boolean",
    "landed_at": "timestamp",
    "reason_code": "varchar",
    "reason": "varchar",
    "facts": "varchar",
}
QUARANTINE = {
    "load_id": "bigint",
    "format": "varchar",
    "source_line": "integer",
    "reason_code": "varchar",
    "reason": "varchar",
    "row_text": "varchar",
}


class Landing:
    """Writes to an open landing store. The caller holds ``landing_lock(exclusive=True)``.

    ``rehearsal``: the store is open for reading; everything is checked and told as ever, and nothing is written.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, layouts: dict[str, Layout], rehearsal: bool = False
    ) -> None:
        self._db = connection
        self._layouts = layouts
        self._in_transaction = False
        self._rehearsed: set[int] | None = set() if rehearsal else None  # the loads that would have landed
        if not rehearsal:
            self._prepare()

    def _prepare(self) -> None:
        """Make missing tables and add columns that a layout has gained; nothing is ever dropped or rewritten."""
        wanted: dict[str, dict[str, str]] = {"loads": LOADS, "quarantine": QUARANTINE}
        for table, columns in landing_schema(self._layouts).items():
            lineage = dict(LINEAGE) | ({GROUP[0]: GROUP[1]} if is_grouped(table, self._layouts) else {})
            wanted[table] = lineage | {c.name: c.sql_type for c in columns}
        rows = self._db.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns() where database_name = 'landing'"
        ).fetchall()
        have: dict[str, set[str]] = {}
        for table, column, _ in rows:
            have.setdefault(table, set()).add(column)
        for table, spec in wanted.items():
            if table not in have:
                body = ", ".join(f"{quoted(name)} {sql}" for name, sql in spec.items())
                self._db.execute(f"create table landing.{quoted(table)} ({body})")
                continue
            for name, sql in spec.items():
                if name not in have[table]:
                    self._db.execute(f"alter table landing.{quoted(table)} add column {quoted(name)} {sql}")

    def landed_load(self, sha256: str, decoded: Decoded | None = None) -> int | None:
        """The load that holds this content (of an extract: as this version), or None. Without ``decoded``: any."""
        any_version = decoded is None or not decoded.layout.extract
        row = self._db.execute(
            """
            select load_id from landing.loads
            where sha256 = $sha256 and status = 'landed' and (
                $any_version
                or (business_date = $business_date and sequence_no = $sequence_no and is_full = $is_full)
            )
            order by load_id
            """,
            {
                "sha256": sha256,
                "any_version": any_version,
                "business_date": decoded.business_date if decoded else None,
                "sequence_no": decoded.sequence_no if decoded else None,
                "is_full": decoded.is_full if decoded else None,
            },
        ).fetchone()
        if row is None and self._rehearsed:
            here = load_id_of(sha256, None if decoded is None else decoded.version)
            return here if here in self._rehearsed else None
        return None if row is None else int(row[0])

    def is_no_extract(self, sha256: str) -> bool:
        """Whether this content has landed as something of which there is one version only: a duplicate at sight."""
        rows = self._db.execute(
            "select distinct format from landing.loads where sha256 = ? and status = 'landed'", [sha256]
        ).fetchall()
        return any(name not in self._layouts or not self._layouts[name].extract for (name,) in rows)

    def sent_requests(self, consignor_code: str, mmdd: str) -> list[SentRequest]:
        """Requests of a consignor for a month and day: they tell the year of a result."""
        rows = self._db.execute(
            """
            select debit_date, total_count, total_yen from landing.direct_debit_requests_groups
            where consignor_code = ? and month(debit_date) * 100 + day(debit_date) = ?
            """,
            [consignor_code, int(mmdd)],
        ).fetchall()
        return [SentRequest(row[0], row[1], row[2]) for row in rows]

    def land(
        self,
        decoded: Decoded,
        data: bytes,
        file_name: str,
        landed_at: datetime,
        on_step: Callable[[str], None] = lambda _step: None,
    ) -> Offer:
        """Land a file that passed, in one transaction.

        Raises:
            Refused: it contradicts what has landed before (ING-051), or its keys are written otherwise (ING-052).
        """
        sha256 = sha256_of(data)
        load_id = load_id_of(sha256, decoded.version)
        other = self._db.execute(
            "select sha256 from landing.loads where load_id = ? and status = 'landed'", [load_id]
        ).fetchone()
        if other is not None:
            raise RuntimeError(f"load_id {load_id} of {file_name} already belongs to {other[0]}: a hash collision")
        self._refuse_contradiction(decoded)
        self._refuse_rewritten_keys(decoded)
        offer = Offer(
            file_name=file_name,
            sha256=sha256,
            load_id=load_id,
            status="landed",
            format=decoded.layout.id,
            role=decoded.role,
            records=decoded.records,
            amount_yen=decoded.amount_yen,
            quarantined=len(decoded.quarantined),
            findings=(),
            warnings=tuple(decoded.warnings),
        )
        with self.transaction():
            for table, rows in decoded.tables.items():
                self._insert(table, rows, load_id)
                on_step(f"inserted {table}")
            self._insert_quarantine(decoded, load_id)
            self._insert_load(offer, len(data), landed_at, decoded)
            on_step("before commit")
        on_step("committed")
        return offer

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is landed within, or nothing. Within another it is a part of that one."""
        if self._in_transaction:
            yield
            return
        self._db.execute("begin")
        self._in_transaction = True
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            self._rollback()
            raise
        finally:
            self._in_transaction = False

    def _rollback(self) -> None:
        """Roll back what is open; a failed statement may have ended the transaction already."""
        try:
            self._db.execute("rollback")
        except duckdb.TransactionException:
            return

    def last_version(self, table: str, business_date: date) -> int:
        """As the function of this name."""
        return last_version(self._db, table, business_date)

    def last_business_date(self, decoded: Decoded) -> date | None:
        """The latest business date of what has landed under the keys of an extract's rows; None if nothing has."""
        table = decoded.layout.table_for(decoded.role)
        self._db.register("_rows", decoded.tables[table])
        try:
            row = self._db.execute(
                f"""
                select max(ld.business_date)
                from _rows as rw
                inner join landing."{table}" as had using ({", ".join(decoded.layout.primary_key)})
                inner join landing.loads as ld on ld.load_id = had.load_id and ld.status = 'landed'
                """
            ).fetchone()
        finally:
            self._db.unregister("_rows")
        return None if row is None else row[0]

    def last_landed_at(self) -> datetime | None:
        """When the last file landed (JST)."""
        row = self._db.execute("select max(landed_at) from landing.loads").fetchone()
        return None if row is None else row[0]

    def refuse(self, refused: Refused, data: bytes, file_name: str, offered_at: datetime) -> Offer:
        """Record that a file was refused. Nothing of it lands."""
        sha256 = sha256_of(data)
        first = refused.findings[0]
        offer = Offer(
            file_name=file_name,
            sha256=sha256,
            load_id=load_id_of(sha256),
            status="rejected",
            format=refused.layout_id,
            role=None,
            records=0,
            amount_yen=0,
            quarantined=0,
            findings=tuple(refused.findings),
            warnings=(),
        )
        self._insert_load(offer, len(data), offered_at, None, first.code, first.japanese())
        return offer

    def duplicate(self, data: bytes, file_name: str, offered_at: datetime, load_id: int) -> Offer:
        """Record that what has landed as ``load_id`` was offered again. Nothing changes."""
        sha256 = sha256_of(data)
        row = self._db.execute(
            "select format, role from landing.loads where load_id = ? and status = 'landed'", [load_id]
        ).fetchone()
        fmt, role = row if row is not None else (None, None)
        offer = Offer(file_name, sha256, load_id, "duplicate", fmt, role, 0, 0, 0, (), ())
        self._insert_load(offer, len(data), offered_at, None, "duplicate", "同じ内容のファイルが取込済みです")
        return offer

    def _insert(self, table: str, rows: pa.Table, load_id: int) -> None:
        if self._rehearsed is not None:
            return
        self._db.register("_rows", rows)
        try:
            self._db.execute(f"insert into landing.{quoted(table)} by name select {load_id} as load_id, * from _rows")
        finally:
            self._db.unregister("_rows")

    def _insert_quarantine(self, decoded: Decoded, load_id: int) -> None:
        if not decoded.quarantined:
            return
        rows = decoded.quarantined
        table = pa.table(
            {
                "format": [decoded.layout.id] * len(rows),
                "source_line": pa.array([r.line for r in rows], pa.int32()),
                "reason_code": [r.findings[0].code for r in rows],
                "reason": ["; ".join(f.japanese() for f in r.findings) for r in rows],
                "row_text": [r.row_text for r in rows],
            }
        )
        self._insert("quarantine", table, load_id)

    def _insert_load(
        self,
        offer: Offer,
        size: int,
        landed_at: datetime,
        decoded: Decoded | None,
        reason_code: str | None = None,
        reason: str | None = None,
    ) -> None:
        values = [
            offer.load_id,
            offer.file_name,
            offer.sha256,
            size,
            offer.format,
            offer.role,
            decoded.layout.table_for(decoded.role) if decoded else None,
            offer.status,
            offer.records,
            offer.amount_yen,
            offer.quarantined,
            len(offer.warnings),
            decoded.business_date if decoded else None,
            decoded.sequence_no if decoded else None,
            decoded.is_full if decoded else None,
            landed_at,
            reason_code,
            reason,
            json.dumps(decoded.facts if decoded else {}, ensure_ascii=False, sort_keys=True),
        ]
        if self._rehearsed is not None:
            self._rehearsed.update([offer.load_id] if offer.status == "landed" else [])
            return
        names = ", ".join(name for name in LOADS if name != "offer_no")
        marks = ", ".join("?" for _ in values)
        self._db.execute(
            f"insert into landing.loads (offer_no, {names}) "
            f"select coalesce(max(offer_no), 0) + 1, {marks} from landing.loads",
            values,
        )

    def _refuse_rewritten_keys(self, decoded: Decoded) -> None:
        """A key in another writing is a second due, person or payment to every rule that compares keys."""
        findings = rewritten_keys(self._db, decoded)
        if findings:
            raise Refused(findings, decoded.layout.id)

    def _refuse_contradiction(self, decoded: Decoded) -> None:
        """A debit whose result has landed with another code: only a person can say which of the two is right."""
        rows = decoded.tables.get("direct_debit_results")
        if rows is None:
            return
        self._db.register("_rows", rows)
        self._db.register("_groups", decoded.tables["direct_debit_results_groups"])
        try:
            found = self._db.execute(
                """
                select r.source_line, r.result_code, o.result_code, l.file_name, o.source_line
                from _rows as r
                join _groups as g on g.group_no = r.group_no
                join landing.direct_debit_results as o
                    on o.customer_no = r.customer_no and o.amount_yen = r.amount_yen
                join landing.direct_debit_results_groups as og
                    on og.load_id = o.load_id and og.group_no = o.group_no
                    and og.consignor_code = g.consignor_code and og.debit_date = g.debit_date
                join landing.loads as l on l.load_id = o.load_id and l.status = 'landed'
                where o.result_code <> r.result_code
                order by r.source_line
                """
            ).fetchall()
        finally:
            self._db.unregister("_rows")
            self._db.unregister("_groups")
        if found:
            raise Refused(
                [
                    Finding("ING-051", line, None, "振替結果コード", here, f"{there}（{name} {other_line}行目と同じ）")
                    for line, here, there, name, other_line in found
                ],
                decoded.layout.id,
            )
