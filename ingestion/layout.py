"""A layout: the only definition of a file format or extract. Drives the reader, the landing table and the dbt source.

One YAML file in ``ingestion/layouts`` per format. A city adds its own in ``$OSAME_HOME/layouts`` without code. Several
layouts may share one landing table (a bank's variant of a known format): columns of one name must then have one type.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from osame.errors import OsameError

LAYOUT_DIR = Path(__file__).parent / "layouts"

# What a value is. number: digits -> bigint. digits: text of digits, leading zeros kept. text: characters.
# space: filler, never landed. ymd: YYYYMMDD. md: MMDD, the year comes from elsewhere. era_ymd: 和暦 YYMMDD without
# an era. hm: HHMM kept as text. yen: signed whole yen in CSV. integer: signed whole number in CSV.
# date (CSV): ISO, YYYYMMDD or 和暦; the text as delivered is kept beside it in <name>_text.
FieldType = Literal["number", "digits", "text", "space", "ymd", "md", "era_ymd", "hm", "yen", "integer", "date"]
Charset = Literal["branch", "party", "edi", "any"]
# What rows do once they have landed. none: no figure changes, no payment is matched by them. match: they let a later
# payment be matched, and no more. books: they may make a due look more paid or less, so a build without them is behind.
Effect = Literal["none", "match", "books"]
_WEAKEST_FIRST: tuple[Effect, ...] = ("none", "match", "books")

_SQL = {
    "number": "bigint",
    "yen": "bigint",
    "integer": "bigint",
    "digits": "varchar",
    "text": "varchar",
    "hm": "varchar",
    "ymd": "date",
    "md": "date",
    "era_ymd": "date",
    "date": "date",
}
LINEAGE = [("load_id", "bigint"), ("source_line", "integer")]
GROUP = ("group_no", "integer")
SYSTEM_TABLES = ("loads", "quarantine")  # landing's own: no layout's rows land in them
_GROUPS = "_groups"
_FLAG = "is_withdrawn"
_NAME = re.compile("[a-z][a-z0-9_]{0,54}")  # with _groups or _text at its end it is at most 62 characters long
_NO_NAME = "is no name: small letters, digits and _ (at most 55, a letter first) are expected"
_DIGITS_ONLY = re.compile(r"\[0-9\]\{([0-9]+)\}")
_SPAN = re.compile(r"(data:)?[1-9][0-9]{0,3}(-[1-9][0-9]{0,3})?")
_MAX_DIGITS = 18


# A byte of a record, and characters of a value: what is longer than this is none, and would fill the memory.
Place = Annotated[int, Field(ge=1, le=10_000)]
Characters = Annotated[int, Field(ge=1, le=1_000_000)]


class LayoutError(OsameError):
    """A layout YAML that cannot be used; the message names the file and what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "mend the layout: osame layout check FILE.yml says what is wrong with it")


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
    pattern: str | None = None  # CSV: what a text must be, from its first to its last character (a regular expression)
    sign: Literal["any", "nonnegative", "positive", "negative"] = "any"
    description: str = ""
    optional_column: bool = False
    when: Condition | None = None  # fixed: fields of one name with exclusive conditions make one column
    part_of: str | None = None  # CSV: a slice (start, length) of another column, such as the slip number in a barcode
    strip_prefix: str | None = None  # CSV: taken off where a value begins with it (EAN stands for a barcode's FNC1)
    default: str | None = None  # CSV: the value of a blank cell or an absent column

    @model_validator(mode="after")
    def _pattern_of_text(self) -> FieldDef:
        if self.pattern is not None and (self.type != "text" or self.header is None):
            raise ValueError(f"{self.name}: a pattern is for a text column with a header")
        return self

    @property
    def landed(self) -> bool:
        return self.type != "space"

    @property
    def sql_type(self) -> str:
        """Of the column of the landing table."""
        return _SQL[self.type]

    @property
    def exact_digits(self) -> int | None:
        """How many digits a value has, where only digits of one number pass."""
        if self.type == "digits":
            return self.width
        only = _DIGITS_ONLY.fullmatch(self.pattern or "")
        return int(only[1]) if only else None

    @property
    def may_be_null(self) -> bool:
        """Whether a row that lands may have no value here."""
        if self.when is not None or (self.header is None and self.part_of is None and self.start is None):
            return True
        return self.nullable and self.default is None

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
    """Files that share bytes but not meaning, told apart by a named rule (ingestion/readers/rules.py)."""

    rule: str
    tables: dict[str, str]
    effects: dict[str, Effect] = Field(default_factory=dict)  # of the roles whose effect is not the layout's

    @model_validator(mode="after")
    def _known_roles(self) -> Roles:
        unknown = sorted(set(self.effects) - set(self.tables))
        if unknown:
            raise ValueError(f"effects of {unknown}, which are none of the roles {sorted(self.tables)}")
        return self


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
    # Nothing said: what other layouts of the table say, else books. So a bank's variant of a format need not repeat it.
    effect: Effect | None = None
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
        """Everything that is wrong with the layout in itself, in one message."""
        problems = [*self._parts()] or [*self._names(), *self._references(), *self._places()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _parts(self) -> Iterator[str]:
        if (self.table is None) == (self.roles is None):
            yield "give either table or roles"
        if self.kind == "fixed" and (not self.width or set(self.records) != {"header", "data", "trailer", "end"}):
            yield "a fixed layout needs width and the records header, data, trailer, end"
        if self.kind == "csv" and (not self.columns or self.roles is not None):
            yield "a csv layout needs columns and one table"

    def _names(self) -> Iterator[str]:
        """Names become tables and columns of landing: only what is plainly a name, and none that landing uses."""
        if not _NAME.fullmatch(self.id):
            yield f"id {self.id!r} {_NO_NAME}"
        for table in self.tables():
            if not _NAME.fullmatch(table):
                yield f"table {table!r} {_NO_NAME}"
            elif table in SYSTEM_TABLES or table.endswith(_GROUPS):
                yield f"table {table!r} is landing's own: choose another name"
        lineage = {name for name, _ in (*LINEAGE, GROUP)} | {_FLAG}
        for f in [*self.data_fields(), *self.group_fields()]:
            if not _NAME.fullmatch(f.name):
                yield f"field {f.name!r} {_NO_NAME}"
            elif f.name in lineage:
                yield f"field {f.name!r} is landing's own: choose another name"
        for names in (
            [f.name for f in self.data_fields()],
            [f.name for f in self.group_fields()],
            [c.name for c in columns_of(self.data_fields(), self)],
        ):
            repeated = sorted(name for name, times in Counter(names).items() if times > 1)
            if repeated:
                yield f"field names repeat: {repeated}"
                break

    def _references(self) -> Iterator[str]:
        """What the layout names must be there: key, amount, totals, the column that another is a part of."""
        names = {f.name for f in self.data_fields()}
        for key in self.primary_key:
            if key not in names:
                yield f"primary key column {key!r} is not a column"
        if self.extract and (not self.primary_key or self.kind != "csv"):
            yield "an extract is a csv layout with a primary key"
        if self.amount is not None and self.amount not in names:
            yield f"amount column {self.amount!r} is not a field"
        for total in self.totals:
            kinds = {kind: {f.name for f in record.fields} for kind, record in self.records.items()}
            if total.field not in kinds.get(total.record, set()):
                yield f"total {total.field!r} is not a field of the {total.record} record"
            yield from (f"total {total.field!r}: {of!r} is not a data field" for of in _named(total) if of not in names)
            if total.role is not None and (self.roles is None or total.role not in self.roles.tables):
                yield f"total {total.field!r}: role {total.role!r} is unknown"
        for f in self.columns:
            if f.part_of is not None and (f.part_of not in names or not f.start or not f.length):
                yield f"{f.name}: part_of needs a column ({f.part_of!r}), start and length"
        headers = Counter(f.header for f in self.columns if f.header is not None)
        yield from (f"header {header!r} is named {times} times" for header, times in headers.items() if times > 1)
        for key in self.detect:
            if not _SPAN.fullmatch(key):
                yield f'detect {key!r}: write the bytes as "2-3", or "data:17-18"'

    def _places(self) -> Iterator[str]:
        """Every byte after the mark is covered: parts of a longer field may overlap it, holes may not exist."""
        width = self.width or 0
        for kind, record in self.records.items():
            covered = {1}
            for f in record.fields:
                if f.start is None or f.length is None or f.start < 1 or not 1 <= f.length <= width:
                    yield f"{kind}.{f.name}: start and length are required, from 1 to {width}"
                    continue
                if f.type == "number" and f.length > _MAX_DIGITS:
                    yield f"{kind}.{f.name}: a number has at most {_MAX_DIGITS} digits"
                covered.update(range(f.start, f.end + 1))
            missing = sorted(set(range(1, width + 1)) - covered)
            beyond = sorted(b for b in covered if b > width)
            if missing or beyond:
                yield f"{kind}: bytes not covered {missing[:5]}, bytes beyond {width}: {beyond[:5]}"

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

    def effects(self) -> dict[str, Effect | None]:
        """Landing tables of this layout -> what it says its rows do."""
        if self.roles is None:
            return {str(self.table): self.effect}
        return {table: self.roles.effects.get(role, self.effect) for role, table in self.roles.tables.items()}

    def table_schemas(self) -> dict[str, list[Column]]:
        """Landing tables of this layout -> columns, without the lineage columns."""
        out: dict[str, list[Column]] = {}
        for table in self.tables():
            out[table] = columns_of(self.data_fields(), self)
            if self.kind == "fixed":
                out[f"{table}{_GROUPS}"] = columns_of(self.group_fields(), self)
        return out


class Column(_Model):
    """A column of a landing table."""

    name: str
    sql_type: str
    label_ja: str
    description: str
    personal: bool


def columns_of(fields: Iterable[FieldDef], layout: Layout) -> list[Column]:
    out: list[Column] = []
    for f in fields:
        out.append(
            Column(
                name=f.name,
                sql_type=f.sql_type,
                label_ja=f.label_ja,
                description=f.description,
                personal=f.personal,
            )
        )
        if layout.kind == "csv" and f.type == "date":
            out.append(
                Column(
                    name=f"{f.name}_text",
                    sql_type="varchar",
                    label_ja=f"{f.label_ja}（原文）",
                    description="as delivered",
                    personal=f.personal,
                )
            )
    if layout.extract:
        out.append(
            Column(
                name=_FLAG,
                sql_type="bigint",
                label_ja="削除フラグ",
                description="1 withdraws the row of this primary key",
                personal=False,
            )
        )
    return out


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it. Every name of a layout that reaches SQL goes through here."""
    return '"' + name.replace('"', '""') + '"'


def _named(total: TotalDef) -> list[str]:
    return [*([total.of] if total.of else []), *(total.where or {})]


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
                if other.sql_type != column.sql_type or other.personal != column.personal:
                    raise LayoutError(f"{table}.{column.name}: {layout.id} and {first} disagree on type or personal")
    return {table: list(columns.values()) for table, columns in tables.items()}


def tables_by_effect(layouts: Mapping[str, Layout]) -> dict[Effect, set[str]]:
    """Effect -> the landing tables whose rows have it, each once. Where layouts disagree, the strongest holds."""
    said: dict[str, set[Effect]] = {}
    for layout in layouts.values():
        for table, effect in layout.effects().items():
            said.setdefault(table, set()).update([effect] if effect else [])
    out: dict[Effect, set[str]] = {effect: set() for effect in _WEAKEST_FIRST}
    for table, effects in said.items():
        out[max(effects, key=_WEAKEST_FIRST.index, default="books")].add(table)
    return out


def is_grouped(table: str, layouts: dict[str, Layout]) -> bool:
    """True for tables of grouped fixed-length layouts, whose rows carry ``group_no``. CSV rows leave it null."""
    for layout in layouts.values():
        if layout.kind == "fixed" and (table in layout.tables() or table.removesuffix("_groups") in layout.tables()):
            return True
    return False
