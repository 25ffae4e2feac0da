"""A layout: the only definition of a file format or extract. Drives the reader, the landing table and the dbt source.

One YAML file in ``ingestion/layouts`` per format. A city adds its own in ``$OSAME_HOME/layouts`` without code. Several
layouts may share one landing table (a bank's variant of a known format): columns of one name must then have one type.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

LAYOUT_DIR = Path(__file__).parent / "layouts"
# The same safe loader in C where PyYAML was built with it: ten times faster, and every command reads the layouts.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What a value is. number: digits -> bigint. digits: text of digits, leading zeros kept. text: characters.
# space: filler, never landed. ymd: YYYYMMDD. md: MMDD, the year comes from elsewhere. era_ymd: 和暦 YYMMDD without
# an era. hm: HHMM kept as text. yen: signed whole yen in CSV. integer: signed whole number in CSV.
# date (CSV): ISO, YYYYMMDD or 和暦; the text as delivered is kept beside it in <name>_text.
FieldType = Literal["number", "digits", "text", "space", "ymd", "md", "era_ymd", "hm", "yen", "integer", "date"]
Charset = Literal["branch", "party", "edi", "any"]

_ARROW: dict[str, pa.DataType] = {
    "number": pa.int64(),
    "yen": pa.int64(),
    "integer": pa.int64(),
    "digits": pa.string(),
    "text": pa.string(),
    "hm": pa.string(),
    "ymd": pa.date32(),
    "md": pa.date32(),
    "era_ymd": pa.date32(),
    "date": pa.date32(),
}
_SQL: dict[pa.DataType, str] = {
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.string(): "varchar",
    pa.date32(): "date",
}


# A byte of a record, and characters of a value: what is longer than this is none, and would fill the memory.
Place = Annotated[int, Field(ge=1, le=10_000)]
Characters = Annotated[int, Field(ge=1, le=1_000_000)]


class LayoutError(Exception):
    """A layout YAML that cannot be used; the message names the file and what is wrong."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Model):
    """Which records a field is read on, told by other bytes of the same record (a flag, or "these are all digits")."""

    start: Place
    length: Place
    codes: list[str] | None = None
    digits: bool = False
    negate: bool = False

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        if (self.codes is None) != self.digits:
            raise ValueError("give either codes or digits: true")
        return self


class FieldDef(_Model):
    """One field of a fixed-length record (start and length in bytes, from 1) or one column of a CSV (header)."""

    name: str
    label_ja: str
    type: FieldType
    start: Place | None = None
    length: Place | None = None
    header: str | None = None
    nullable: bool = False
    personal: bool = False
    # It tells about the record and decides nothing (names, remarks). What does not belong in it (a character, a code,
    # too many of them) never stops a file: it is a warning, and lands. On a sheet a line break in it becomes a space.
    descriptive: bool = False
    charset: Charset = "any"
    codes: dict[str, str] | None = None
    width: Characters | None = None  # CSV, in characters: exact for digits, the most for text
    sign: Literal["any", "nonnegative", "positive", "negative"] = "any"
    description: str = ""
    optional_column: bool = False
    when: Condition | None = None  # fixed: fields of one name with exclusive conditions make one column
    part_of: str | None = None  # CSV: a slice (start, length) of another column, such as the slip number in a barcode
    strip_prefix: str | None = None  # CSV: taken off where a value begins with it (EAN stands for a barcode's FNC1)
    default: str | None = None  # CSV: the value of a blank cell or an absent column

    @property
    def landed(self) -> bool:
        return self.type != "space"

    @property
    def end(self) -> int:
        if self.start is None or self.length is None:
            raise LayoutError(f"{self.name}: a field of a record needs start and length")
        return self.start + self.length - 1


class RecordDef(_Model):
    """One kind of record of a fixed-length file, told by its first byte."""

    mark: Annotated[str, Field(pattern="^[!-~]$")]  # one byte
    fields: list[FieldDef]


class TotalDef(_Model):
    """A control figure: ``field`` of ``record`` must equal the count, or the sum of ``of``, of the data records.

    ``where`` keeps only the data records whose field has one of the given codes. ``scope`` is the header group, or the
    whole file for the figures of an end record. ``count_all`` counts records of every kind, ``groups`` header groups.
    ``role`` limits the check to files of that role.
    """

    record: Literal["trailer", "end"] = "trailer"
    field: str
    equals: Literal["count", "sum", "count_all", "groups"]
    of: str | None = None
    where: dict[str, list[str]] | None = None
    role: str | None = None
    scope: Literal["group", "file"] = "group"


class Roles(_Model):
    """Files that share bytes but not meaning, told apart by a named rule (ingestion/rules.py)."""

    rule: str
    tables: dict[str, str]


class Layout(_Model):
    """A file format or extract. ``table`` is the landing table of its rows (or ``roles`` name one each)."""

    id: str
    title_ja: str
    source: str
    kind: Literal["fixed", "csv"]
    table: str | None = None
    roles: Roles | None = None
    grain: str
    owner: str = "収納課"
    amount: str | None = None
    rules: list[str] = Field(default_factory=list)
    # fixed length
    width: Place | None = None
    encoding: Literal["jis", "cp932"] = "jis"
    detect: dict[str, str] = Field(default_factory=dict)
    records: dict[Literal["header", "data", "trailer", "end"], RecordDef] = Field(default_factory=dict)
    totals: list[TotalDef] = Field(default_factory=list)
    tolerated: str = ""  # characters outside a field's charset that we may write (the newer table of characters)
    # role ("all" without roles) -> days a header date without a year may lie after the landing day: files that we send
    # are landed before their day
    days_ahead: dict[str, int] = Field(default_factory=dict)
    # CSV
    columns: list[FieldDef] = Field(default_factory=list)
    primary_key: list[str] = Field(default_factory=list)
    extract: bool = False  # versioned by (business date, n, sha256); has an optional 削除フラグ

    @model_validator(mode="after")
    def _shape(self) -> Layout:
        if (self.table is None) == (self.roles is None):
            raise ValueError("give either table or roles")
        if self.kind == "fixed":
            if not self.width or set(self.records) != {"header", "data", "trailer", "end"}:
                raise ValueError("a fixed layout needs width and the records header, data, trailer, end")
            for kind, record in self.records.items():
                self._tiles(kind, record)
        elif not self.columns:
            raise ValueError("a csv layout needs columns")
        names = [f.name for f in self.data_fields()]
        if len(names) != len(set(names)):
            raise ValueError(f"field names repeat: {sorted({n for n in names if names.count(n) > 1})}")
        for key in self.primary_key:
            if key not in names:
                raise ValueError(f"primary key column {key!r} is not a column")
        if self.amount is not None and self.amount not in names:
            raise ValueError(f"amount column {self.amount!r} is not a field")
        return self

    def _tiles(self, kind: str, record: RecordDef) -> None:
        """Every byte after the mark is covered: parts of a longer field may overlap it, holes may not exist."""
        width = self.width or 0
        covered = {1}
        for f in record.fields:
            if f.start is None or f.length is None:
                raise ValueError(f"{kind}.{f.name}: start and length are required")
            if f.type == "number" and f.length > 18:
                raise ValueError(f"{kind}.{f.name}: a number has at most 18 digits")
            covered.update(range(f.start, f.end + 1))
        missing = set(range(1, width + 1)) - covered
        beyond = {b for b in covered if b > width}
        if missing or beyond:
            raise ValueError(
                f"{kind}: bytes not covered {sorted(missing)[:5]}, bytes beyond {width}: {sorted(beyond)[:5]}"
            )

    def data_fields(self) -> list[FieldDef]:
        fields = self.columns if self.kind == "csv" else self.records["data"].fields
        landed = [f for f in fields if f.landed]
        if self.kind == "csv":
            return landed
        first: dict[str, FieldDef] = {}
        for f in landed:
            other = first.setdefault(f.name, f)
            if other is not f and (f.when is None or other.when is None or other.type != f.type):
                return landed  # reported as a repeated name
        return list(first.values())

    def group_fields(self) -> list[FieldDef]:
        """Landed fields of header and trailer (and end): one row per header group in ``<table>_groups``."""
        if self.kind == "csv":
            return []
        return [f for part in ("header", "trailer", "end") for f in self.records[part].fields if f.landed]  # type: ignore[index]

    @model_validator(mode="after")
    def _descriptive_decides_nothing(self) -> Layout:
        """Only text and digits may be descriptive, and none that names a row or that a control figure looks at."""
        decisive = {*self.primary_key, *(name for total in self.totals for name in total.where or {})}
        for f in [*self.columns, *(f for record in self.records.values() for f in record.fields)]:
            if f.descriptive and (f.type not in ("text", "digits") or f.name in decisive):
                raise ValueError(f"{f.name}: a field that decides something cannot be descriptive")
        return self

    def tables(self) -> list[str]:
        return list(self.roles.tables.values()) if self.roles else [str(self.table)]

    def table_for(self, role: str | None) -> str:
        return self.roles.tables[str(role)] if self.roles else str(self.table)

    def table_schemas(self) -> dict[str, list[Column]]:
        """Landing tables of this layout -> columns, without the lineage columns."""
        out: dict[str, list[Column]] = {}
        for table in self.tables():
            out[table] = columns_of(self.data_fields(), self)
            if self.kind == "fixed":
                out[f"{table}_groups"] = columns_of(self.group_fields(), self)
        return out


class Column(_Model):
    """A column of a landing table."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    name: str
    arrow_type: Annotated[Any, Field(exclude=True)]
    label_ja: str
    description: str
    personal: bool

    @property
    def sql_type(self) -> str:
        return _SQL[self.arrow_type]


def columns_of(fields: Iterable[FieldDef], layout: Layout) -> list[Column]:
    out: list[Column] = []
    for f in fields:
        out.append(
            Column(
                name=f.name,
                arrow_type=_ARROW[f.type],
                label_ja=f.label_ja,
                description=f.description,
                personal=f.personal,
            )
        )
        if layout.kind == "csv" and f.type == "date":
            out.append(
                Column(
                    name=f"{f.name}_text",
                    arrow_type=pa.string(),
                    label_ja=f"{f.label_ja}（原文）",
                    description="as delivered",
                    personal=f.personal,
                )
            )
    if layout.extract:
        out.append(
            Column(
                name="is_withdrawn",
                arrow_type=pa.int64(),
                label_ja="削除フラグ",
                description="1 withdraws the row of this primary key",
                personal=False,
            )
        )
    return out


LINEAGE = [("load_id", "bigint"), ("source_line", "integer")]
GROUP = ("group_no", "integer")


def load_layout(path: Path) -> Layout:
    try:
        return Layout.model_validate(yaml.load(path.read_bytes(), Loader=_LOADER))  # noqa: S506
    except (ValidationError, yaml.YAMLError) as error:
        raise LayoutError(f"{path}: {error}") from error


@lru_cache(maxsize=8)
def load_layouts(extra: Path | None = None) -> dict[str, Layout]:
    """Every layout shipped with Osame, and a city's own in ``extra``; a city's layout of the same id replaces ours."""
    layouts: dict[str, Layout] = {}
    for folder in (LAYOUT_DIR, extra):
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.yml")):
                layout = load_layout(path)
                if layout.id != path.stem:
                    raise LayoutError(f"{path}: id {layout.id!r} must equal the file name {path.stem!r}")
                layouts[layout.id] = layout
    return layouts


def landing_schema(layouts: dict[str, Layout]) -> dict[str, list[Column]]:
    """Landing table -> the union of the columns of the layouts that share it.

    Raises:
        LayoutError: two layouts give one column different types, or only one of them calls it personal.
    """
    tables: dict[str, dict[str, Column]] = {}
    owner: dict[tuple[str, str], str] = {}
    for layout in layouts.values():
        for table, columns in layout.table_schemas().items():
            seen = tables.setdefault(table, {})
            for column in columns:
                other = seen.setdefault(column.name, column)
                first = owner.setdefault((table, column.name), layout.id)
                if other.arrow_type != column.arrow_type or other.personal != column.personal:
                    raise LayoutError(f"{table}.{column.name}: {layout.id} and {first} disagree on type or personal")
    return {table: list(columns.values()) for table, columns in tables.items()}


def is_grouped(table: str, layouts: dict[str, Layout]) -> bool:
    """True for tables of grouped fixed-length layouts, whose rows carry ``group_no``. CSV rows leave it null."""
    for layout in layouts.values():
        if layout.kind == "fixed" and (table in layout.tables() or table.removesuffix("_groups") in layout.tables()):
            return True
    return False
