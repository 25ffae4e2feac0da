"""Keys that have landed before and come again written otherwise: a spreadsheet took their zeros, or made them wide.

Such a row is new to every rule that compares keys, so a due, a person or a payment would be there twice. What landed
first is not presumed right: a key that was withdrawn (削除フラグ 1) is compared no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.layout import FieldDef, Layout, quoted
from ingestion.readers.collector import MAX_LISTED, listed
from ingestion.readers.decoded import Decoded
from ingestion.readers.findings import Finding

_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_NARROW = "".join(chr(code) for code in range(0x21, 0x7F)) + " "


@dataclass(frozen=True)
class _Key:
    """What tells one row of a layout from another, and those of its columns whose width the layout leaves open."""

    columns: list[FieldDef]
    loose: set[str]

    def raw(self, alias: str) -> str:
        return ", ".join(f"{alias}.{quoted(c.name)}" for c in self.columns)

    def plain(self, alias: str) -> str:
        """The same values however they are written."""
        return ", ".join(
            _plain(f"{alias}.{quoted(c.name)}") if c.name in self.loose else f"{alias}.{quoted(c.name)}"
            for c in self.columns
        )


def rewritten_keys(landing: duckdb.DuckDBPyConnection, decoded: Decoded) -> list[Finding]:
    """One finding for each row whose key has landed in another writing only. ``landing`` is the attached store."""
    key = _key_of(decoded.layout)
    table = decoded.layout.table_for(decoded.role) if decoded.layout.kind == "csv" else ""
    if not key.loose or not table or not _is_stored(landing, table, key):
        return []
    rows = decoded.tables[table]
    if rows.num_rows == 0:
        return []
    landing.register("_rows", rows)
    try:
        if not _may_differ(landing, table, key):
            return []
        lines = _lines(landing, table, key, decoded, rows)
        return _findings(landing, table, key, lines) if lines else []
    finally:
        landing.unregister("_rows")


def _key_of(layout: Layout) -> _Key:
    """The primary key; of a payment record, which has none, all of it but what is personal."""
    fields = {f.name: f for f in layout.data_fields() if not f.personal}
    columns = [fields[name] for name in layout.primary_key if name in fields] or list(fields.values())
    return _Key(columns, {c.name for c in columns if c.sql_type == "varchar" and not _is_exact(c)})


def _is_exact(column: FieldDef) -> bool:
    """A column that one writing only passes needs no comparing."""
    return column.codes is not None or column.type == "hm" or column.exact_digits is not None


def _plain(column: str) -> str:
    """Mostly there is no wide character, and to look for one of 95 takes ten times as long as to count bytes."""
    narrow = _NARROW.replace("'", "''")
    return (
        f"case when strlen({column}) = length({column}) then ltrim({column}, '0') "
        f"else ltrim(translate({column}, '{_WIDE}', '{narrow}'), '0') end"
    )


def _is_stored(landing: duckdb.DuckDBPyConnection, table: str, key: _Key) -> bool:
    """A store of before the layout gained the table or a column has no such key."""
    rows = landing.execute(
        "select column_name from duckdb_columns() where database_name = 'landing' and table_name = ?", [table]
    ).fetchall()
    return {c.name for c in key.columns} <= {name for (name,) in rows}


def _may_differ(landing: duckdb.DuckDBPyConnection, table: str, key: _Key) -> bool:
    """Whether any value has a zero in front or a wide character, here or there. Mostly none has: nothing to compare."""
    names = sorted(key.loose)
    found = " or ".join(f"vl.{quoted(name)} <> {_plain(f'vl.{quoted(name)}')}" for name in names)
    for source in ("_rows", f"landing.{quoted(table)}"):
        if landing.execute(f"select 1 from {source} as vl where {found} limit 1").fetchone() is not None:
            return True
    return False


def _lines(landing: duckdb.DuckDBPyConnection, table: str, key: _Key, decoded: Decoded, rows: pa.Table) -> list[int]:
    """The rows of the file with no key like theirs in landing but in another writing, by hashes of the keys.

    A full extract has millions of rows: two numbers for each are compared, not ten texts.
    """
    withdrawn = "coalesce(ld.is_withdrawn, 0)" if decoded.layout.extract else "0"
    days, bounds = _within(key, rows)
    found = landing.execute(
        f"""
        with here as (
            select rw.source_line, hash({key.raw("rw")}) as written, hash({key.plain("rw")}) as plain
            from _rows as rw
        ),
        there as (
            select hash({key.raw("ld")}) as written, hash({key.plain("ld")}) as plain, {withdrawn} as withdrawn
            from landing.{quoted(table)} as ld
            where {days}
        ),
        spellings as (
            select hr.source_line, th.written = hr.written as is_same, max(th.withdrawn) as withdrawn
            from here as hr
            inner join there as th on th.plain = hr.plain
            group by hr.source_line, hr.written, th.written
        )
        select source_line from spellings
        group by source_line
        having not bool_or(is_same) and bool_or(withdrawn = 0)
        order by source_line
        """,
        bounds,
    ).fetchall()
    return [int(line) for (line,) in found]


def _within(key: _Key, rows: pa.Table) -> tuple[str, list[object]]:
    """Only rows of the days that the file speaks of can have its keys."""
    conditions, bounds = ["true"], []
    for column in key.columns:
        if column.sql_type == "date" and not column.may_be_null:
            days = pc.min_max(rows[column.name]).as_py()
            conditions.append(f"ld.{quoted(column.name)} between ? and ?")
            bounds += [days["min"], days["max"]]
    return " and ".join(conditions), bounds


def _findings(landing: duckdb.DuckDBPyConnection, table: str, key: _Key, lines: list[int]) -> list[Finding]:
    """The values themselves of those that are listed, with where the other writing stands."""
    same = " and ".join(
        f"{_plain(f'ld.{quoted(c.name)}')} is not distinct from {_plain(f'rw.{quoted(c.name)}')}"
        if c.name in key.loose
        else f"ld.{quoted(c.name)} is not distinct from rw.{quoted(c.name)}"
        for c in key.columns
    )
    loose = [c for c in key.columns if c.name in key.loose]
    pairs = ", ".join(f"rw.{quoted(c.name)}, min(ld.{quoted(c.name)})" for c in loose)
    found = landing.execute(
        f"""
        select rw.source_line, min(lo.file_name), {pairs}
        from _rows as rw
        inner join landing.{quoted(table)} as ld on {same}
        inner join landing.loads as lo on lo.load_id = ld.load_id and lo.status = 'landed'
        where rw.source_line in (select unnest(?))
        group by rw.source_line, {", ".join(f"rw.{quoted(c.name)}" for c in loose)}
        order by rw.source_line
        """,
        [lines[:MAX_LISTED]],
    ).fetchall()
    findings = [_finding(line, file, loose, values) for line, file, *values in found]
    return listed(findings, len(lines))


def _finding(line: int, file: str, loose: list[FieldDef], values: list[str | None]) -> Finding:
    pairs = zip(loose, values[::2], values[1::2], strict=True)
    differing = [(c.label_ja, here, there) for c, here, there in pairs if here != there]
    label = "、".join(name for name, _, _ in differing)
    here, there = (" ".join(str(pair[at] or "") for pair in differing) for at in (1, 2))
    return Finding("ING-052", line, None, label, here, f"{there}（{file} で取込済み）")
