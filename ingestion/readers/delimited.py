"""Reads a CSV by its layout: the extracts of the core systems, and the payment files that come as CSV.

An extract is evidence about the city's own books: a row that breaks its contract is quarantined and the rest lands. A
payment file is money: one broken row and the whole file is refused. What is wrong is always told in full.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.layout import Layout
from ingestion.readers.collector import listed
from ingestion.readers.csv_cells import Rows, read_cells
from ingestion.readers.csv_grid import Grid, is_error_notice, read_grid
from ingestion.readers.decoded import Context, Decoded, QuarantinedRow, arrow_type
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.input_fields import input_fields
from ingestion.readers.row_rules import group_rows, refuse_dashes_in_due_keys, rule_named
from osame.bilingual import said
from osame.dates import DateError, parse_ymd

__all__ = ["decode", "is_error_notice"]
_CODE_SHAPES = ("ING-065", "ING-069")  # a code that is shorter or longer than it may be, or written otherwise


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which version of an extract a file is: its business date, its number on that day, and whether it is whole."""

    business_date: date
    sequence_no: int
    is_full: bool


def decode(data: bytes, layout: Layout, context: Context) -> Decoded:
    """Read a CSV (CP932 or UTF-8, any line end, RFC 4180 quotes) by its layout.

    ``source_line`` is the physical line on which a row begins; the header is line 1. Columns are matched by header, in
    any order. Rows that land and rows that are quarantined are together the rows of the file.

    Raises:
        Refused: with every finding: unreadable (ING-002, -013, -062, -068), the header differs (ING-060), the business
            date of an extract is unknown (ING-063), or any row of a payment file is broken.
        LayoutError: the layout names a rule that does not exist.
    """
    delivery = delivery_of(layout, context) if layout.extract else None
    grid = read_grid(data, layout.id)
    _check_header(grid, layout)
    rows = Rows(layout, grid.lines[grid.sound])
    if grid.rows == 0:
        _without_rows(rows, delivery)
    cells = {header: grid.cells.column(i).combine_chunks() for i, header in enumerate(grid.headers)}
    read_cells(rows, cells, trim=b" " in grid.text or b"\t" in grid.text)
    refuse_dashes_in_due_keys(rows)
    for name in layout.rules:
        rule_named(name)(rows)
    _check_primary_key(rows)
    _refuse_lost_digits(rows)
    quarantined = _quarantine(grid, rows)
    if quarantined and not layout.extract:
        raise Refused(listed([finding for row in quarantined for finding in row.findings]), layout.id)
    table = _table(rows)
    return Decoded(
        layout=layout,
        role=None,
        tables={str(layout.table): table},
        records=table.num_rows,
        amount_yen=(pc.sum(table[layout.amount]).as_py() or 0) if layout.amount else 0,
        business_date=delivery.business_date if delivery else context.business_date,
        sequence_no=delivery.sequence_no if delivery else 0,
        is_full=delivery.is_full if delivery else False,
        quarantined=quarantined,
        warnings=rows.warned.warnings(),
        facts={"encoding": grid.encoding},
    )


def delivery_of(layout: Layout, context: Context) -> Delivery:
    """The version of an extract, from ``<extract>_<YYYYMMDD>[_full][_<n>].csv`` or ``.xlsx``, else as the caller says.

    Raises:
        Refused: neither tells the business date (ING-063).
    """
    pattern = rf"{re.escape(layout.id)}_([0-9]{{8}})(_full)?(?:_([0-9]{{1,9}}))?\.(?:csv|xlsx)"
    name = re.fullmatch(pattern, context.file_name, flags=re.IGNORECASE)
    if name is not None:
        try:
            number = context.sequence_no if name[3] is None else int(name[3])
            return Delivery(parse_ymd(name[1]), number, name[2] is not None)
        except DateError:
            found = name[1]
    elif context.business_date is not None:
        return Delivery(context.business_date, context.sequence_no, False)
    else:
        found = context.file_name
    raise Refused(
        [Finding("ING-063", None, None, None, found, _named(layout))],
        layout.id,
    )


def _named(layout: Layout) -> str:
    name = f"{layout.id}_YYYYMMDD[_full][_n].csv"
    return said(f"{name}, --business-date", f"{name} の形のファイル名")


def _without_rows(rows: Rows, delivery: Delivery | None) -> None:
    """Nothing today is a delivery, and one that somebody should see. A full extract of nothing is none.

    Raises:
        Refused: ING-008: landing it would withdraw every key, and more likely the export failed.
    """
    found = said("a header row alone", "見出し行だけ")
    if delivery is not None and delivery.is_full:
        raise Refused([Finding("ING-008", None, None, None, found, said("rows", "1行以上"))], rows.layout.id)
    rows.warned.file("ING-007", found, said("rows, or nothing that day", "1行以上（その日に何もなければ0件）"))


def _check_header(grid: Grid, layout: Layout) -> None:
    """Every column of the layout once, and no other. A first row without any known header is data: never shown."""
    fields = input_fields(layout)
    known = {str(f.header) for f in fields}
    delivered = grid.headers
    line = grid.header_line
    if not known.intersection(delivered):
        wanted = ",".join(str(f.header) for f in fields if not f.optional_column)
        raise Refused(
            [Finding("ING-060", line, None, None, said("no header row", "見出し行がない"), wanted)], layout.id
        )
    findings = [
        Finding("ING-060", line, None, str(f.header), said("missing", "見出しがない"), str(f.header))
        for f in fields
        if not f.optional_column and str(f.header) not in delivered
    ]
    known_only = said("a column of the layout", "定められた見出し")
    for header in dict.fromkeys(delivered):
        if header not in known:
            findings.append(Finding("ING-060", line, None, header, said("unknown", "不明な見出し"), known_only))
        elif delivered.count(header) > 1:
            times = delivered.count(header)
            found = said(f"{times} times", f"{times}回")
            findings.append(Finding("ING-060", line, None, header, found, said("once", "1回")))
    if findings:
        raise Refused(findings, layout.id)


def _check_primary_key(rows: Rows) -> None:
    """Which of two rows with one key holds cannot be told: none of them lands."""
    names = rows.layout.primary_key
    if not names or len(rows) == 0:
        return
    numbers, complete = group_rows(rows.value[name] for name in names)
    numbers = np.where(complete, numbers, -1)
    order = np.argsort(numbers, kind="stable")
    same = numbers[order][1:] == numbers[order][:-1]
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[order[1:][same]] = True
    repeated[order[:-1][same]] = True
    repeated &= complete
    if not repeated.any():
        return
    lines: dict[int, list[int]] = {}
    for row in np.flatnonzero(repeated).tolist():
        lines.setdefault(int(numbers[row]), []).append(int(rows.lines[row]))

    def others(row: int) -> str:
        listed = [str(n) for n in lines[int(numbers[row])] if n != int(rows.lines[row])]
        return f"主キーは1行（同じ主キー: {', '.join(listed[:5])}行目）"

    rows.fault(repeated, "ING-064", names[-1], others)


def _refuse_lost_digits(rows: Rows) -> None:
    """Codes of a wrong length in most rows are no fault of rows: a spreadsheet has saved the file again.

    Quarantining them all would land an empty version, and an empty version of a full extract withdraws every key.
    """
    short = [
        finding
        for row in np.flatnonzero(rows.faulty).tolist()
        for finding in rows.findings(row)
        if finding.code in _CODE_SHAPES
    ]
    broken = {finding.line for finding in short}
    if len(broken) > 1 and 2 * len(broken) > len(rows):
        raise Refused(listed(short), rows.layout.id)


def _quarantine(grid: Grid, rows: Rows) -> list[QuarantinedRow]:
    broken: dict[int, list[Finding]] = {b.row: [b.finding] for b in grid.broken}
    for row in np.flatnonzero(rows.faulty).tolist():
        broken[int(grid.sound[row])] = rows.findings(row)
    return [QuarantinedRow(int(grid.lines[row]), grid.row_text(row), tuple(broken[row])) for row in sorted(broken)]


def _table(rows: Rows) -> pa.Table:
    """The rows without a fault, with the columns and types of the landing table."""
    (columns,) = rows.layout.table_schemas().values()
    texts = {f"{f.name}_text": rows.text[f.name] for f in rows.layout.columns if f.type == "date"}
    arrays = [pa.array(rows.lines, pa.int32())]
    for column in columns:
        array = texts[column.name] if column.name in texts else rows.value[column.name]
        arrays.append(array.cast(arrow_type(column)))
    table = pa.table(arrays, names=["source_line", *(c.name for c in columns)])
    return table.filter(pa.array(~rows.faulty)) if rows.faulty.any() else table
