"""What an office's layout must give because models read its table: derived from the layouts shipped for that table.

A layout that leaves out a column which every shipped layout of the table fills lands rows that a model then drops or
misreads. It is refused when it is loaded, not found out by a yen that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.layout import FieldDef, Layout
from ingestion.readers.row_rules import ROW_RULES
from ingestion.readers.rules import RECORD_RULES, ROLE_RULES
from osame.stores import open_memory

_SIGNS = {"any": {-1, 0, 1}, "nonnegative": {0, 1}, "positive": {1}, "negative": {-1}}


def broken_promises(layout: Layout, shipped: Mapping[str, Layout]) -> list[str]:
    """Everything in which a layout differs from what landing and the models rely on; empty if nothing."""
    return [*_patterns(layout), *_rules(layout), *_reserved(layout), *_tables(layout, shipped)]


def _patterns(layout: Layout) -> Iterator[str]:
    """By the engine that will use them (RE2, whose time does not grow beyond the length of a text)."""
    for column in layout.columns:
        try:
            pc.match_substring_regex(pa.array([""]), column.pattern or "")
        except pa.ArrowInvalid as error:
            yield f"{column.name}: pattern {column.pattern!r} is no regular expression: {error}"


def _rules(layout: Layout) -> Iterator[str]:
    known = set(ROW_RULES if layout.kind == "csv" else RECORD_RULES)
    yield from (
        f"rule {name!r} is unknown; known: {', '.join(sorted(known))}" for name in layout.rules if name not in known
    )
    if layout.roles is not None and layout.roles.rule not in ROLE_RULES:
        yield f"rule {layout.roles.rule!r} of the roles is unknown; known: {', '.join(sorted(ROLE_RULES))}"


def _reserved(layout: Layout) -> Iterator[str]:
    """Words of SQL are no names: what stands unquoted in a query would mean something else."""
    for table, columns in layout.table_schemas().items():
        words = sorted({table, *(column.name for column in columns)} & _sql_words())
        if words:
            yield f"{table}: {', '.join(words)} is a word of SQL: choose another name"


@lru_cache(maxsize=1)
def _sql_words() -> frozenset[str]:
    connection = open_memory()
    rows = connection.execute(
        "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
    ).fetchall()
    connection.close()
    return frozenset(str(name) for (name,) in rows)


def _tables(layout: Layout, shipped: Mapping[str, Layout]) -> Iterator[str]:
    fields = _fields(layout)
    replaced = shipped.get(layout.id)
    if replaced is not None and set(replaced.tables()) != set(layout.tables()):
        yield f"it replaces {layout.id}, whose rows land in {replaced.tables()}: keep that, or give another id"
    for table in layout.tables():
        ours = [of for of in shipped.values() if table in of.tables()]
        if not ours:
            continue
        given = [_fields(of) for of in ours]
        for name in (table, f"{table}_groups"):
            if not all(name in tables for tables in given):
                continue
            if name not in fields:
                yield f"{table}: the models also read {name}, the headers and trailers of a fixed-length file"
                continue
            yield from _columns(name, fields[name], [tables[name] for tables in given])
        yield from _meaning(table, layout, ours)


def _fields(layout: Layout) -> dict[str, dict[str, FieldDef]]:
    """Landing table -> its fields by name."""
    out: dict[str, dict[str, FieldDef]] = {}
    for table in layout.tables():
        out[table] = {f.name: f for f in layout.data_fields()}
        if layout.kind == "fixed":
            out[f"{table}_groups"] = {f.name: f for f in layout.group_fields()}
    return out


def _columns(table: str, fields: Mapping[str, FieldDef], shipped: list[dict[str, FieldDef]]) -> Iterator[str]:
    for name, ours in shipped[0].items():
        everywhere = all(name in of and not of[name].may_be_null for of in shipped)
        if everywhere and name not in fields:
            yield f"{table}.{name} ({ours.label_ja}) is missing: the models need it; give the column, or a default"
        elif everywhere and fields[name].may_be_null:
            yield f"{table}.{name} ({ours.label_ja}) may be blank here: the models need it; not nullable, or a default"
    for name, field in fields.items():
        known = [of[name] for of in shipped if name in of]
        if known and (field.sql_type != known[0].sql_type or field.personal != known[0].personal):
            yield f"{table}.{name}: type {field.type}, personal {field.personal}; ours are {_kind(known[0])}"
        elif known and not _signs(field) <= set.union(*(_signs(of) for of in known)):
            yield f"{table}.{name}: sign {field.sign} is wider than the models expect ({known[0].sign})"


def _kind(field: FieldDef) -> str:
    return f"{field.type}, {field.personal}"


def _signs(field: FieldDef) -> set[int]:
    """The signs that a value may have; bytes of a fixed-length number have none."""
    if field.type == "number" and field.sign == "any":
        return _SIGNS["nonnegative"]
    return _SIGNS[field.sign] if field.type in ("number", "yen", "integer") else {0}


def _meaning(table: str, layout: Layout, shipped: list[Layout]) -> Iterator[str]:
    if all(of.extract != layout.extract for of in shipped):
        yield f"{table}: extract is {layout.extract}, the models expect {not layout.extract}"
    elif layout.extract and all(set(of.primary_key) != set(layout.primary_key) for of in shipped):
        yield f"{table}: the primary key is {layout.primary_key}, the models expect {shipped[0].primary_key}"
    if layout.amount not in [of.amount for of in shipped]:
        yield f"{table}: amount is {layout.amount}, the models count {shipped[0].amount}"
