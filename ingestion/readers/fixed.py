"""Reads fixed-length files: records by their first byte, header groups, fields and control totals as the layout says.

The whole file is checked before anything is given out; one error refuses it, with all findings. No loop over records.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.layout import FieldDef, Layout, TotalDef, columns_of
from ingestion.readers.collector import Collector
from ingestion.readers.columns import A_DAY_OF_AN_ERA, Reading, decode_field, matches, printable
from ingestion.readers.decoded import Context, Decoded, SentRequest, arrow_type
from ingestion.readers.findings import Finding, Refused, in_yen, one_of, records_of
from ingestion.readers.framing import frame, one_byte_text
from ingestion.readers.rules import RECORD_RULES, ROLE_RULES, Array, FixedFile, Ints, Kind
from ingestion.readers.years import Years
from osame.bilingual import said

# Records decoded at a time: small enough to stay in the processor's cache.
_CHUNK = 16_384
_KINDS: tuple[Kind, ...] = ("header", "data", "trailer", "end")
_HEADER, _DATA, _TRAILER, _END = 0, 1, 2, 3
_START, _UNKNOWN = 4, 5
# kind before, kind now -> the file is in order (FORMATS §1.0: (1, 2…, 8)+, 9)
_IN_ORDER = {(_START, _HEADER), (_HEADER, _DATA), (_HEADER, _TRAILER), (_DATA, _DATA), (_DATA, _TRAILER)} | {
    (_TRAILER, _HEADER),
    (_TRAILER, _END),
}


def decode(data: bytes, layout: Layout, context: Context) -> Decoded:
    """Decode and check one file of a fixed-length layout.

    Amounts are whole yen. Blank numbers become null with a warning where the layout lets them be missing.

    Raises:
        Refused: with every finding, by line and byte (at most ``collector.MAX_LISTED``, then their number).
    """
    collector = Collector()
    try:
        matrix = frame(one_byte_text(data, collector), int(layout.width or 0), collector)
    except Refused as refused:
        raise Refused(refused.findings, layout.id) from refused
    file = _structure(matrix, layout, context, collector)
    asked = _asked_role(layout, context)
    years = Years(context)
    ctx = Reading(collector, layout.encoding, years)
    for kind in _KINDS[1:]:
        _decode_kind(file, kind, ctx)
    _run_rules(file, before_totals=True)
    if layout.roles is not None:
        file.role = ROLE_RULES[layout.roles.rule](file, asked)
    years.days_ahead = layout.days_ahead.get(file.role or "all", 0)
    _decode_kind(file, "header", ctx)
    _refuse_ebcdic(file)
    for total in layout.totals:
        _compare(file, total)
    _run_rules(file, before_totals=False)
    _resolve_years(file, years)
    if collector.error_count:
        raise Refused(collector.errors(), layout.id)
    if len(file.rows["data"]) == 0:
        found = said("control records alone", "ヘッダ・トレーラ・エンドだけ")
        collector.file("ING-007", found, said("records, or nothing that day", "1件以上（その日に何もなければ0件）"))
    return _decoded(file, years)


def _asked_role(layout: Layout, context: Context) -> str | None:
    """The role in ``--format <layout>:<role>``."""
    _, _, role = (context.format or "").partition(":")
    if not role:
        return None
    roles = list(layout.roles.tables) if layout.roles else []
    if role not in roles:
        expected = one_of([f"{layout.id}:{known}" for known in roles] or [layout.id])
        asked = said(f"--format {context.format}", f"指定された形式 {context.format!r}")
        raise Refused([Finding("ING-001", None, None, None, asked, expected)], layout.id)
    return role


def _structure(matrix: NDArray[np.uint8], layout: Layout, context: Context, collector: Collector) -> FixedFile:
    """Kind and header group of every record; the order of records is checked pair by pair."""
    marks = np.ascontiguousarray(matrix[:, 0])
    kind_of = np.full(256, _UNKNOWN, np.int8)
    for code, name in enumerate(_KINDS):
        kind_of[ord(layout.records[name].mark)] = code
    kinds = kind_of[marks]
    _check_order(kinds, marks, layout, collector)
    rows: dict[Kind, Ints] = {name: np.flatnonzero(kinds == code) for code, name in enumerate(_KINDS)}
    group = np.cumsum(kinds == _HEADER) - 1
    trailer_of = np.full(len(rows["header"]), -1, np.int64)
    trailer_group = group[rows["trailer"]]
    inside = np.flatnonzero(trailer_group >= 0)
    trailer_of[trailer_group[inside][::-1]] = inside[::-1]  # the first one, if a group has several
    return FixedFile(layout, context, collector, matrix, rows, group[rows["data"]], trailer_of)


def _check_order(kinds: NDArray[np.int8], marks: NDArray[np.uint8], layout: Layout, collector: Collector) -> None:
    names = {code: repr(layout.records[name].mark) for code, name in enumerate(_KINDS)}
    unknown = np.flatnonzero(kinds == _UNKNOWN)
    collector.errors_at(
        "ING-020",
        unknown + 1,
        1,
        "データ区分",
        lambda i: printable(marks[unknown[i] : unknown[i] + 1].tobytes()),
        one_of(names.values()),
    )
    known = np.flatnonzero(kinds != _UNKNOWN)
    now = kinds[known]
    before = np.concatenate([[_START], now[:-1]]).astype(np.int8)
    ends = np.flatnonzero(now == _END)
    if len(ends) and ends[0] + 1 < len(now):
        extra = known[ends[0] + 1 :]
        count = len(extra)
        found = said(f"{count:,} more record{'s' if count > 1 else ''}", f"さらに{count:,}件のレコード")
        nothing = said("nothing after the end record", "エンド・レコードで終わり")
        collector.error("ING-023", int(extra[0]) + 1, 1, None, found, nothing)
        now, before, known = now[: ends[0] + 1], before[: ends[0] + 1], known[: ends[0] + 1]
    fits = np.zeros((6, 6), bool)
    for pair in _IN_ORDER:
        fits[pair] = True
    no_trailer = np.isin(before, (_HEADER, _DATA)) & np.isin(now, (_HEADER, _END))
    index = np.flatnonzero(no_trailer)
    collector.errors_at(
        "ING-021",
        known[index] + 1,
        1,
        "データ区分",
        lambda i: said(
            f"record {names[int(now[index[i]])]} after {names[int(before[index[i]])]}",
            f"データ区分 {names[int(before[index[i]])]} の次に {names[int(now[index[i]])]}",
        ),
        said(f"a trailer {names[_TRAILER]} first", f"先にトレーラ {names[_TRAILER]}"),
    )
    wrong = np.flatnonzero(~fits[before, now] & ~no_trailer)
    collector.errors_at(
        "ING-020",
        known[wrong] + 1,
        1,
        "データ区分",
        lambda i: said(f"record {names[int(now[wrong[i]])]}", f"データ区分 {names[int(now[wrong[i]])]}"),
        said("the order " + " ".join(names.values()), " ".join(names.values()) + " の順"),
    )
    _check_end(int(now[-1]) if len(now) else _START, len(kinds), names, collector)


def _check_end(last: int, count: int, names: dict[int, str], collector: Collector) -> None:
    ends = said("the end of the file", "ファイルの終わり")
    trailer = said(f"a trailer {names[_TRAILER]}", f"トレーラ {names[_TRAILER]}")
    if last in (_START, _HEADER, _DATA):
        collector.error("ING-021", count + 1, 1, "データ区分", ends, trailer)
    if last != _END:
        end = said(f"an end record {names[_END]}", f"エンド {names[_END]}")
        collector.error("ING-022", count + 1, 1, "データ区分", ends, end)


def _decode_kind(file: FixedFile, kind: Kind, ctx: Reading) -> None:
    """Decode all fields of the records of one kind, a cacheful of records at a time."""
    rows = file.rows[kind]
    pieces: dict[int, list[pa.Array]] = {i: [] for i in range(len(file.layout.records[kind].fields))}
    fields = file.layout.records[kind].fields
    for low in range(0, max(len(rows), 1), _CHUNK):
        part = rows[low : low + _CHUNK]
        contiguous = len(part) and part[-1] - part[0] == len(part) - 1
        records = file.matrix[part[0] : part[-1] + 1] if contiguous else file.matrix[part]
        records = np.ascontiguousarray(records)
        for i, definition in enumerate(fields):
            if kind == "header" and definition.type == "era_ymd" and file.layout.days_ahead:
                pieces[i].append(_deferred(definition, records, part + 1, ctx))
            else:
                pieces[i].append(decode_field(definition, records, part + 1, ctx))
    columns: dict[str, Array] = {}
    for i, definition in enumerate(fields):
        if not definition.landed:
            continue
        column = pa.chunked_array(pieces[i])
        known = columns.get(definition.name)
        columns[definition.name] = column if known is None else pc.coalesce(known, column)
    file.columns[kind] = columns


def _deferred(definition: FieldDef, records: NDArray[np.uint8], lines: Ints, ctx: Reading) -> pa.Array:
    """A header's YYMMDD as a number: its year may come from the request that we sent, which needs the totals."""
    return decode_field(definition.model_copy(update={"type": "number"}), records, lines, ctx)


def _run_rules(file: FixedFile, before_totals: bool) -> None:
    for name in file.layout.rules:
        rule = RECORD_RULES[name]
        if rule.before_totals == before_totals:
            rule.run(file)


def _refuse_ebcdic(file: FixedFile) -> None:
    """コード区分 1 says EBCDIC; read as JIS it would not fail but give plausible garbage (FORMATS §1.0)."""
    definition = next((f for f in file.layout.records["header"].fields if f.name == "code_class"), None)
    if definition is not None:
        at = file.lines("header")[matches(file.raw("header", definition.name), ["1"])]
        label = definition.label_ja
        file.collector.errors_at("ING-011", at, definition.start, label, lambda _i: "'1' (EBCDIC)", "'0' (JIS)")


def _figure(file: FixedFile, total: TotalDef) -> tuple[Ints, Callable[[int], str]]:
    """What the data records give for a control figure, per group; and how a finding says such a figure."""
    count = len(file.rows["data"])
    included = np.ones(count, bool)
    for name, codes in (total.where or {}).items():
        included &= matches(file.raw("data", name), codes)
    if total.equals == "count":
        return file.per_group(included.astype(np.int64)), records_of
    if total.equals == "sum":
        return file.per_group(np.where(included, file.numbers("data", str(total.of)), 0)), in_yen
    if total.equals == "groups":
        return np.ones(file.groups, np.int64), _header_groups
    group = np.cumsum(np.isin(np.arange(len(file.matrix)), file.rows["header"])) - 1
    return np.bincount(group[group >= 0], minlength=file.groups).astype(np.int64), records_of


def _header_groups(count: int) -> str:
    return said(f"{count:,} header groups", f"ヘッダ{count:,}件")


def _compare(file: FixedFile, total: TotalDef) -> None:
    """A control figure against the records it controls (ING-040 counts, ING-041 yen)."""
    if total.role is not None and total.role != file.role:
        return
    definition = file.definition(total.record, total.field)
    stated, given = file.numbers(total.record, total.field), file.present(total.record, total.field)
    computed, unit = _figure(file, total)
    code = "ING-041" if total.equals == "sum" else "ING-040"
    lines = file.lines(total.record)
    if total.scope == "file":
        pairs = [(row, int(computed.sum())) for row in range(min(1, len(stated)))]
    else:
        checked = (g for g in range(file.groups) if not (total.role and g in file.unchecked))
        pairs = [(int(file.trailer_of[g]), int(computed[g])) for g in checked if file.trailer_of[g] >= 0]
    for row, expected in pairs:
        if given[row] and stated[row] != expected:
            found, wanted = unit(int(stated[row])), unit(expected)
            file.collector.error(code, int(lines[row]), definition.start, definition.label_ja, found, wanted)


def _resolve_years(file: FixedFile, years: Years) -> None:
    """MMDD and YYMMDD of the headers, once per distinct (consignor, day, count, amount)."""
    for definition in file.layout.records["header"].fields:
        deferred = definition.type == "md" or (definition.type == "era_ymd" and bool(file.layout.days_ahead))
        if not deferred:
            continue
        written, given = file.numbers("header", definition.name), file.present("header", definition.name)
        days: list[object] = [None] * file.groups
        known: dict[tuple[int, str, int, int], object] = {}
        for group in np.flatnonzero(given):
            key = (int(written[group]), *_agreement(file, int(group)))
            if key not in known:
                known[key] = _resolve(file, years, definition, int(group), key)
            days[group] = known[key]
        file.columns["header"][definition.name] = pa.array(days, pa.date32())


def _agreement(file: FixedFile, group: int) -> tuple[str, int, int]:
    """What a result must share with the request that we sent: 委託者コード, count and yen."""
    if file.role != "result" or file.trailer_of[group] < 0:
        return "", 0, 0
    consignor = file.columns["header"]["consignor_code"][group].as_py() or ""
    return consignor, file.at("trailer", "total_count", group), file.at("trailer", "total_yen", group)


def _resolve(file: FixedFile, years: Years, definition: FieldDef, group: int, key: tuple[int, str, int, int]) -> object:
    written, consignor, count, amount = key
    era = definition.type == "era_ymd"
    sent: list[SentRequest] = []
    if consignor:
        requests = file.context.sent_requests(consignor, f"{written % 10000:04d}")
        sent = [r for r in requests if r.count == count and r.amount_yen == amount]
    if era and not years.era_candidates(written):
        code, expected = "ING-033", A_DAY_OF_AN_ERA
    else:
        day = years.era_date(written, sent) if era else years.month_day(written, sent)
        if day is not None:
            return day
        code, expected = "ING-034", years.window_text() if era else said("one year that agrees", "1つに定まる年")
    line = int(file.lines("header")[group])
    found = f"'{written:0{definition.length}d}'"
    file.collector.error(code, line, definition.start, definition.label_ja, found, expected)
    return None


def _decoded(file: FixedFile, years: Years) -> Decoded:
    layout = file.layout
    table = layout.table_for(file.role)
    trailer = pa.array(file.trailer_of)
    groups: dict[str, Array] = dict(file.columns["header"])
    groups |= {name: column.take(trailer) for name, column in file.columns["trailer"].items()}
    first_end = pa.array(np.zeros(file.groups, np.int64))
    groups |= {name: column.take(first_end) for name, column in file.columns["end"].items()}
    group_no = np.arange(1, file.groups + 1, dtype=np.int32)
    facts = {"year_source": ",".join(sorted(years.sources))} if years.sources else {}
    if file.unchecked:
        facts["result_totals"] = "missing, allowed by the operator"
    return Decoded(
        layout=layout,
        role=file.role,
        tables={
            table: _table(layout.data_fields(), layout, file.lines("data"), file.data_group + 1, file.columns["data"]),
            f"{table}_groups": _table(layout.group_fields(), layout, file.lines("header"), group_no, groups),
        },
        records=len(file.rows["data"]),
        amount_yen=int(file.numbers("data", layout.amount).sum()) if layout.amount else 0,
        business_date=file.context.business_date,
        warnings=file.collector.warnings(),
        facts=facts,
    )


def _table(
    fields: list[FieldDef], layout: Layout, lines: Ints, group_no: NDArray[np.integer], columns: dict[str, Array]
) -> pa.Table:
    schema = [("source_line", pa.int32()), ("group_no", pa.int32())]
    values: list[Array] = [pa.array(lines.astype(np.int32)), pa.array(group_no.astype(np.int32))]
    for column in columns_of(fields, layout):
        schema.append((column.name, arrow_type(column)))
        values.append(columns[column.name].cast(arrow_type(column)))
    return pa.Table.from_arrays(values, schema=pa.schema(schema))
