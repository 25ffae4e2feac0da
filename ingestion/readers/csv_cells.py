"""From the text of a CSV's cells to typed columns, every fault with its row, field and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.layout import FieldDef, Layout, LayoutError
from ingestion.readers.collector import Collector
from ingestion.readers.findings import Finding
from ingestion.readers.input_fields import WITHDRAWN, input_fields
from osame.bilingual import said
from osame.dates import DateError, parse_date, parse_ymd

Mask = npt.NDArray[np.bool_]
MASKED = "●"  # stands for a personal value in a finding, whatever its length
BLANK = said("(blank)", "（空欄）")
A_VALUE = said("a value", "値")
_SHOWN_MAX = 40
_MAX_DIGITS = 18  # of a whole number: all of them fit in 64 bits


class Columns(dict[str, pa.Array]):
    """Columns by name. A rule that asks for one which the layout does not have is a fault of the layout."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout_id = layout.id

    def __missing__(self, name: str) -> pa.Array:
        raise LayoutError(f"{self._layout_id}: a rule that it names needs the column {name!r}")


@dataclass
class Rows:
    """The rows of a file while they are checked: text and typed value by column name, and the faults found.

    ``text`` holds the cells as delivered (blank: null), ``value`` the typed columns (null where blank or faulty).
    Row rules read both, add faults, and may set ``value`` of a column that has no header.
    """

    layout: Layout
    lines: npt.NDArray[np.int32]
    text: Columns = field(init=False)
    value: Columns = field(init=False)
    faulty: Mask = field(init=False)
    warned: Collector = field(default_factory=Collector)
    _findings: dict[int, list[Finding]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faulty = np.zeros(len(self.lines), dtype=bool)
        self.text, self.value = Columns(self.layout), Columns(self.layout)
        self._fields = {f.name: f for f in [*self.layout.columns, WITHDRAWN]}
        self._guarded = any(f.personal for f in self.layout.columns)

    def __len__(self) -> int:
        return len(self.lines)

    def fault(self, where: Mask, code: str, name: str, expected: str | Callable[[int], str]) -> None:
        """Record a fault of column ``name`` in every row of the mask; ``expected`` may depend on the row."""
        rows = np.flatnonzero(where)
        if len(rows) == 0:
            return
        self.faulty[rows] = True
        column = self._fields[name]
        texts = self.text[name].take(pa.array(rows)).to_pylist()
        for row, text in zip(rows.tolist(), texts, strict=True):
            wanted = expected if isinstance(expected, str) else expected(row)
            found = self._shown(column, text)
            self._findings.setdefault(row, []).append(
                Finding(code, int(self.lines[row]), None, column.header or column.label_ja, found, wanted)
            )

    def warn(self, where: Mask, code: str, name: str, expected: str) -> None:
        """Record what does not belong in a descriptive column: the row lands all the same."""
        rows = np.flatnonzero(where)
        if len(rows):
            column = self._fields[name]
            found = self._shown(column, self.text[name][int(rows[0])].as_py())
            lines = self.lines[rows].astype(np.int64)
            self.warned.warn(code, lines, None, column.header or column.label_ja, found, expected)

    def _shown(self, column: FieldDef, text: str | None) -> str:
        if text is None:
            return BLANK
        # Where people are described, a value in the wrong column may be theirs: only codes and dates are shown.
        if column.personal or (self._guarded and column.type != "date" and not text.isascii()):
            return MASKED
        return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"

    def findings(self, row: int) -> list[Finding]:
        return self._findings.get(row, [])

    def all_findings(self) -> list[Finding]:
        return [finding for row in sorted(self._findings) for finding in self._findings[row]]

    def label(self, name: str) -> str:
        """What the office calls a column."""
        return self._fields[name].label_ja

    def blank(self, name: str) -> Mask:
        """True where the cell was delivered blank."""
        return _mask(pc.is_null(self.text[name]))

    def known(self, name: str) -> Mask:
        """True where the cell has a value of its type."""
        return _mask(pc.is_valid(self.value[name]))

    def whole(self, name: str) -> npt.NDArray[np.int64]:
        """Whole numbers (yen); 0 where blank or faulty."""
        numbers: npt.NDArray[np.int64] = pc.fill_null(self.value[name], 0).to_numpy(zero_copy_only=False)
        return numbers

    def equals(self, name: str, *codes: str) -> Mask:
        """True where a text column has one of the codes."""
        return _mask(pc.is_in(self.value[name], value_set=pa.array(codes, pa.string())))

    @property
    def live(self) -> Mask:
        """False for rows that only withdraw their key (削除フラグ=1): nothing but the key is asked of them."""
        if "is_withdrawn" not in self.value:
            return np.ones(len(self), dtype=bool)
        live: Mask = self.whole("is_withdrawn") != 1
        return live


def read_cells(rows: Rows, cells: dict[str, pa.Array], *, trim: bool) -> None:
    """Fill ``rows.text`` and ``rows.value`` from the cells by header, and record every fault of a single cell.

    Blanks around a value are padding and go (``trim``: the file has any). A column that was not delivered is blank.
    """
    fields = input_fields(rows.layout)
    for f in fields:
        text = cells.get(str(f.header))
        if text is None:
            text = pa.nulls(len(rows), pa.string())
        rows.text[f.name] = _normalised(text, f, trim=trim)
    # the flag first: it decides what is asked of a row
    for f in reversed(fields):
        rows.value[f.name] = _typed(rows, f)
    for f in fields:
        if not f.nullable:
            asked = rows.live if rows.layout.extract and f.name not in rows.layout.primary_key else True
            rows.fault(rows.blank(f.name) & asked, "ING-035", f.name, A_VALUE)
    for f in rows.layout.columns:
        if f.part_of is not None and f.start is not None and f.length is not None:
            first = f.start - 1
            rows.value[f.name] = pc.utf8_slice_codeunits(rows.value[f.part_of], first, first + f.length)
            rows.text[f.name] = rows.value[f.name]
        elif f.header is None:  # a row rule fills it
            rows.value[f.name] = rows.text[f.name] = pa.nulls(len(rows), pa.string())


def _normalised(text: pa.Array, f: FieldDef, *, trim: bool) -> pa.Array:
    if trim:
        text = pc.ascii_trim(text, " \t")
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    if f.strip_prefix is not None:
        has = pc.fill_null(pc.starts_with(text, f.strip_prefix), False)
        text = pc.if_else(has, pc.utf8_slice_codeunits(text, len(f.strip_prefix)), text)
    if f.default is not None:
        text = pc.fill_null(text, f.default)
    return text


def _typed(rows: Rows, f: FieldDef) -> pa.Array:
    text = rows.text[f.name]
    if f.type in ("yen", "integer", "number"):
        value = _numbers(rows, f, text)
    elif f.type in ("date", "ymd"):
        value = _dates(rows, f, text)
    else:
        value = _texts(rows, f, text)
    if f.codes is not None:
        present = _mask(pc.is_valid(value))
        allowed = _mask(pc.is_in(text, value_set=pa.array(list(f.codes), pa.string())))
        value = _without(rows, f, value, present & ~allowed, "ING-032", " ".join(f.codes))
    return value


def _numbers(rows: Rows, f: FieldDef, text: pa.Array) -> pa.Array:
    """Whole numbers with an optional sign: no separators, no full-width digits, no decimals."""
    pattern = f"^[+-]?[0-9]{{1,{_MAX_DIGITS}}}$"
    good = pc.match_substring_regex(text, pattern)
    rows.fault(_mask(pc.invert(good)), "ING-030", f.name, said("-1200", "-1200 の形の整数"))
    clean = pc.if_else(good, pc.ascii_ltrim(text, "+"), pa.scalar(None, pa.string()))
    value = pc.cast(clean, pa.int64())
    wrong, expected = {
        "any": (None, ""),
        "nonnegative": (pc.less(value, 0), "≧ 0"),
        "positive": (pc.less_equal(value, 0), "> 0"),
        "negative": (pc.greater_equal(value, 0), "< 0"),
    }[f.sign]
    if wrong is not None:
        rows.fault(_mask(wrong) & rows.live, "ING-066", f.name, expected)
    return value


def _dates(rows: Rows, f: FieldDef, text: pa.Array) -> pa.Array:
    """Days, each distinct text parsed once. Zeros stand for no date where the column may be blank."""
    parse = parse_ymd if f.type == "ymd" else parse_date
    coded = text.dictionary_encode()
    days: list[date | None] = []
    reasons: dict[int, str] = {}
    for index, distinct in enumerate(coded.dictionary.to_pylist()):
        day: date | None = None
        if not (f.nullable and not distinct.strip("0")):
            try:
                day = parse(distinct)
            except DateError as error:
                reasons[index] = error.expected
        days.append(day)
    indices = coded.indices
    if reasons:
        bad = _mask(pc.is_in(indices, value_set=pa.array(list(reasons), indices.type)))
        rows.fault(bad, "ING-033", f.name, lambda row: reasons[indices[row].as_py()])
    return pa.array(days, pa.date32()).take(indices)


def _texts(rows: Rows, f: FieldDef, text: pa.Array) -> pa.Array:
    value = text
    if f.type == "digits":
        # exact width: a code that lost its leading zeros on the way (in a spreadsheet, say) must not pass
        value = _without(
            rows, f, value, _mask(pc.invert(pc.ascii_is_decimal(value))), "ING-030", said("0-9", "0～9 の数字")
        )
    elif f.type == "hm":
        bad = _mask(pc.invert(pc.match_substring_regex(value, "^([01][0-9]|2[0-3])[0-5][0-9]$")))
        value = _without(rows, f, value, bad, "ING-030", said("HHMM", "時刻 HHMM"))
    if f.width is not None:
        length = pc.utf8_length(value)
        if f.type == "digits":
            value = _without(
                rows, f, value, _mask(pc.not_equal(length, f.width)), "ING-065", said(f"{f.width}", f"{f.width}桁")
            )
        else:
            value = _without(
                rows,
                f,
                value,
                _mask(pc.greater(length, f.width)),
                "ING-065",
                said(f"≦ {f.width}", f"{f.width}文字以内"),
            )
    if f.pattern is not None:
        fits = pc.match_substring_regex(value, f"^(?:{f.pattern})$")
        value = _without(rows, f, value, _mask(pc.invert(fits)), "ING-069", _shape(f))
    return value


def _shape(f: FieldDef) -> str:
    """What a pattern asks for: nearly all codes are digits of one length."""
    count = f.exact_digits
    return said(f"{count} digits", f"{count}桁の数字") if count else str(f.pattern)


def _without(rows: Rows, f: FieldDef, value: pa.Array, bad: Mask, code: str, expected: str) -> pa.Array:
    """Record a fault and take the value out, so that it is not judged twice. In a descriptive column it stays."""
    if not bad.any():
        return value
    if f.descriptive:
        rows.warn(bad, code, f.name, expected)
        return value
    rows.fault(bad, code, f.name, expected)
    return pc.if_else(pa.array(bad), pa.scalar(None, value.type), value)


def _mask(found: pa.Array) -> Mask:
    """A boolean column as numpy; null is False."""
    mask: Mask = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask
