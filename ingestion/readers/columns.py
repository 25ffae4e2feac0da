"""Bytes of one field over many records -> an Arrow array, with every value that does not fit reported.

Nothing here loops over records. Half-width text becomes UTF-8 by table look-up; text with double-byte characters is
decoded once per distinct value. Character rules: 全銀協 付録1 使用文字一覧 (FORMATS §1.0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingestion.layout import Condition, FieldDef
from ingestion.readers.collector import Collector
from ingestion.readers.findings import one_of
from ingestion.readers.years import Years
from osame.bilingual import said

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
SPACE = 0x20
_BLANK = said("blank", "空白")
A_DAY_OF_AN_ERA: str = said("a day YYMMDD of a Japanese era", "和暦の日付 YYMMDD")
_SAMPLE = 512  # records that show whether a text repeats
_FIRST_KANA, _LAST_KANA = 0xA1, 0xDF  # JIS X 0201 katakana; U+FF61 is 0xA1


def _table(characters: str) -> Mask:
    allowed = np.zeros(256, bool)
    allowed[np.frombuffer(characters.encode("cp932"), np.uint8)] = True
    return allowed


_KANA = "".join(chr(code) for code in range(0xFF71, 0xFFA0))  # ｱ to ﾟ: no ｦ, no small kana, no ｰ
_ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ "
JIS_X_0201 = np.zeros(256, bool)
JIS_X_0201[0x20:0x7F] = True
JIS_X_0201[_FIRST_KANA : _LAST_KANA + 1] = True
CHARSETS: dict[str, Mask] = {
    "branch": _table(_ALNUM + _KANA + "-"),
    "party": _table(_ALNUM + _KANA + "()-."),
    "edi": _table(_ALNUM + _KANA + "ｦ\\｢｣()-/."),
    "any": JIS_X_0201,
}
CHARSET_NAMES = {
    "branch": said(
        "digits, A-Z, kana (no small kana, no ｰ, no ｦ), hyphen, space",
        "数字、A～Z、カナ（小書き、ｰ、ｦ を除く）、ハイフン、空白",
    ),
    "party": said(
        "digits, A-Z, kana (no small kana, no ｰ, no ｦ), ( ) - . and space",
        "数字、A～Z、カナ（小書き、ｰ、ｦ を除く）、( ) - . と空白",
    ),
    "edi": said(
        "digits, A-Z, kana with ｦ (no small kana, no ｰ), \\ ｢ ｣ ( ) - / . and space",
        "数字、A～Z、カナ（小書き、ｰ を除く）、\\ ｢ ｣ ( ) - / . と空白",
    ),
    "any": said("one-byte characters of JIS X 0201", "1バイト文字（JIS X 0201）"),
}
# What Python's CP932 codec takes for a character and CP932 has not: DEL, 0x80, 0xA0, 0xFD to 0xFF.
NO_CHARACTERS = "\x7f\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3"
# First byte of a double-byte CP932 character: a character, but not where one byte is one character.
_DOUBLE_LEAD = np.zeros(256, bool)
_DOUBLE_LEAD[0x81:0xA0] = True
_DOUBLE_LEAD[0xE0:0xFD] = True

# UTF-8 of every JIS X 0201 byte: up to three bytes each.
_UTF8 = np.full((256, 3), 0x3F, np.uint8)
_UTF8_LENGTH = np.ones(256, np.int32)
for _byte in range(256):
    if JIS_X_0201[_byte]:
        _encoded = bytes([_byte]).decode("cp932").encode("utf-8")
        _UTF8[_byte, : len(_encoded)] = list(_encoded)
        _UTF8_LENGTH[_byte] = len(_encoded)
_UTF8_USED = np.arange(3) < _UTF8_LENGTH[:, None]


@dataclass(frozen=True)
class Reading:
    """What all fields of a file share."""

    collector: Collector
    encoding: str
    years: Years


def printable(raw: bytes) -> str:
    r"""Bytes for a message: one-byte characters as they are, others as \xNN."""
    shown = (bytes([b]).decode("cp932") if JIS_X_0201[b] else f"\\x{b:02X}" for b in raw)
    return "'" + "".join(shown) + "'"


def masked(raw: bytes, bad: Mask) -> str:
    """As printable, but of a personal value only the offending bytes; the others are ``*``."""
    shown = (printable(raw[i : i + 1])[1:-1] if bad[i] else "*" for i in range(len(raw)))
    return "'" + "".join(shown) + "'"


def holds(condition: Condition | None, rows: Bytes) -> Mask | None:
    """Records on which a conditional field is read; None: all of them."""
    if condition is None:
        return None
    part = rows[:, condition.start - 1 : condition.start - 1 + condition.length]
    met = all_digits(part) if condition.digits else matches(part, condition.codes or [])
    return ~met if condition.negate else met


def all_digits(part: Bytes) -> Mask:
    """Records in which every byte is a digit."""
    return np.asarray(((part - np.uint8(48)) <= 9).all(axis=1))


def matches(part: Bytes, codes: list[str]) -> Mask:
    """Records whose bytes, right-padded, are one of the codes ('' is blank)."""
    met = np.zeros(len(part), bool)
    for code in codes:
        wanted = np.frombuffer(code.encode("cp932").ljust(part.shape[1]), np.uint8)
        if len(wanted) == part.shape[1]:
            met |= (part == wanted).all(axis=1)
    return met


def decode_field(field: FieldDef, rows: Bytes, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    """One field of ``rows`` (whole records) as an Arrow array of the layout's type.

    Values that do not fit become null and are reported; the caller refuses the file if there was any error. In a
    descriptive field they are warnings, and land as far as their bytes are characters (else U+FFFD).
    ``md`` gives MMDD as int64 (the year comes later); ``space`` gives nothing but a warning when it is not blank.
    """
    start, length = int(field.start or 0), int(field.length or 0)
    part = np.ascontiguousarray(rows[:, start - 1 : start - 1 + length])
    active = holds(field.when, rows)
    if active is not None and not active.all():
        index = np.flatnonzero(active)
        values = _decode(field, part[index], lines[index], ctx)
        take = np.full(len(part), -1, np.int64)
        take[index] = np.arange(len(index))
        return values.take(pa.array(take, mask=take < 0))
    return _decode(field, part, lines, ctx)


def _decode(field: FieldDef, part: Bytes, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    if field.type == "space":
        filled = (part != SPACE).any(axis=1)
        if filled.any():
            byte = _first_byte(field, part[int(np.argmax(filled))] != SPACE)
            ctx.collector.warn(
                "ING-037", lines[filled], byte, field.label_ja, said("a value", "値"), said("spaces", "空白")
            )
        return pa.nulls(len(part))
    if field.codes is not None:
        return _codes(field, part, lines, ctx)
    if field.type == "text":
        return _text(field, part, lines, ctx)
    return _digits_like(field, part, lines, ctx)


def _report(
    code: str,
    field: FieldDef,
    lines: NDArray[np.int64],
    byte: int | NDArray[np.int64] | None,
    found: Callable[[int], str],
    expected: str,
    ctx: Reading,
) -> None:
    """What does not belong in a field: an error, or a warning where the field decides nothing."""
    if not field.descriptive:
        ctx.collector.errors_at(code, lines, byte, field.label_ja, found, expected)
    elif len(lines):
        first = int(byte[0]) if isinstance(byte, np.ndarray) else byte
        ctx.collector.warn(code, np.unique(lines), first, field.label_ja, found(0), expected)


def _first_byte(field: FieldDef, bad: Mask) -> int:
    return int(field.start or 0) + int(np.argmax(bad))


def _show(field: FieldDef, part: Bytes, bad: Mask, record: int) -> str:
    raw = part[record].tobytes()
    return masked(raw, bad) if field.personal else printable(raw)


def _blank(field: FieldDef, blank: Mask, lines: NDArray[np.int64], ctx: Reading, quiet: bool = False) -> None:
    """A blank number is missing, never 0 (FORMATS §1.0): a warning where it may be missing, else an error."""
    if not blank.any():
        return
    at = lines[blank]
    if not field.nullable and not field.descriptive:
        ctx.collector.errors_at("ING-035", at, field.start, field.label_ja, lambda _i: _BLANK, said("a value", "値"))
    elif not quiet:
        ctx.collector.warn("ING-039", at, field.start, field.label_ja, _BLANK, said("digits", "数字"))


def _codes(field: FieldDef, part: Bytes, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    codes = dict(field.codes or {})
    known = matches(part, list(codes))
    blank = (part == SPACE).all(axis=1)
    if not known.all():
        if "" not in codes:
            _blank(field, blank, lines, ctx, quiet=field.type == "text")
        unknown = ~known & ~blank
        index = np.flatnonzero(unknown)
        _report(
            "ING-032",
            field,
            lines[index],
            field.start,
            lambda i: printable(part[index[i]].tobytes()),
            one_of(repr(code) for code in codes),
            ctx,
        )
        if field.descriptive:
            return lenient(part)
    return text_array(part, valid=known & ~blank) if field.type != "number" else _numbers(part, known & ~blank)


def _digits_like(field: FieldDef, part: Bytes, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    """Number, digits and the dates: all need every byte to be a digit."""
    wrong = (part - np.uint8(48)) > 9
    valid = np.ones(len(part), bool)
    if wrong.any():
        blank = (part == SPACE).all(axis=1)
        _blank(field, blank, lines, ctx)
        bad = wrong.any(axis=1) & ~blank
        index = np.flatnonzero(bad)
        _report(
            "ING-030",
            field,
            lines[index],
            np.argmax(wrong[index], axis=1).astype(np.int64) + int(field.start or 0),
            lambda i: _show(field, part, wrong[index[i]], int(index[i])),
            said(f"{field.length} digits", f"{field.length}桁の数字"),
            ctx,
        )
        if field.descriptive:
            return lenient(part)
        valid = ~(bad | blank)
    if field.type == "digits":
        return text_array(part, valid, fixed=True)
    if field.type == "number":
        return _numbers(part, valid)
    return _date(field, part, valid, lines, ctx)


def integers(part: Bytes) -> NDArray[np.int64]:
    """Digits as whole numbers; meaningless where a byte is no digit."""
    value = np.zeros(len(part), np.int64)
    for column in range(part.shape[1]):
        value *= 10
        value += part[:, column] & 0x0F
    return value


def _numbers(part: Bytes, valid: Mask) -> pa.Array:
    values = integers(part)
    return pa.array(values) if valid.all() else pa.array(values, mask=~valid)


def _date(field: FieldDef, part: Bytes, valid: Mask, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    values = integers(part)
    if field.type == "hm":
        impossible = valid & ((values // 100 > 23) | (values % 100 > 59))
        _impossible(field, impossible, part, lines, ctx, said("HHMM", "時刻 HHMM"))
        return text_array(part, valid & ~impossible, fixed=True)
    zero = valid & (values == 0)
    if field.nullable:
        valid = valid & ~zero
    if field.type == "md":
        good = valid & md_exists(values)
        _impossible(field, valid & ~good, part, lines, ctx, said("a day MMDD", "暦にある日 MMDD"))
        return pa.array(values, mask=~good)
    if field.type == "ymd":
        days, good = ymd_days(values)
        good &= valid
        _impossible(field, valid & ~good, part, lines, ctx, said("a day YYYYMMDD", "暦にある日 YYYYMMDD"))
        return pa.array(days.astype(np.int32), mask=~good).cast(pa.date32())
    return _era_dates(field, values, valid, part, lines, ctx)


def _era_dates(
    field: FieldDef, values: NDArray[np.int64], valid: Mask, part: Bytes, lines: NDArray[np.int64], ctx: Reading
) -> pa.Array:
    """YYMMDD of a Japanese era without the era: resolved once per distinct value."""
    distinct, inverse = np.unique(values, return_inverse=True)
    wanted = np.zeros(len(distinct), bool)
    wanted[inverse[valid]] = True
    days = np.zeros(len(distinct), np.int32)
    impossible, unclear = np.zeros(len(distinct), bool), np.zeros(len(distinct), bool)
    for i in np.flatnonzero(wanted):
        if not ctx.years.era_candidates(int(distinct[i])):
            impossible[i] = True
        elif (resolved := ctx.years.era_date(int(distinct[i]))) is None:
            unclear[i] = True
        else:
            days[i] = (resolved - date(1970, 1, 1)).days
    _impossible(field, valid & impossible[inverse], part, lines, ctx, A_DAY_OF_AN_ERA)
    index = np.flatnonzero(valid & unclear[inverse])
    ctx.collector.errors_at(
        "ING-034",
        lines[index],
        field.start,
        field.label_ja,
        lambda i: printable(part[index[i]].tobytes()),
        ctx.years.window_text(),
    )
    good = valid & ~impossible[inverse] & ~unclear[inverse]
    return pa.array(days[inverse], mask=~good).cast(pa.date32())


def _impossible(
    field: FieldDef, mask: Mask, part: Bytes, lines: NDArray[np.int64], ctx: Reading, expected: str
) -> None:
    index = np.flatnonzero(mask)
    ctx.collector.errors_at(
        "ING-033",
        lines[index],
        field.start,
        field.label_ja,
        lambda i: _show(field, part, np.zeros(part.shape[1], bool), int(index[i])),
        expected,
    )


_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def md_exists(values: NDArray[np.int64]) -> Mask:
    """MMDD that is a day of some year."""
    month, day = values // 100, values % 100
    in_year = (month >= 1) & (month <= 12)
    return in_year & (day >= 1) & (day <= _MONTH_DAYS[np.where(in_year, month, 0)])


def ymd_days(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], Mask]:
    """YYYYMMDD -> days since 1970-01-01, and whether the day exists (years from 1900)."""
    year, month, day = values // 10000, values // 100 % 100, values % 100
    good = (year >= 1900) & (year <= 9999) & md_exists(values % 10000)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + np.where(good, day - 1, 0)
    good &= dates.astype("datetime64[M]") == months  # 29 February of a common year
    return dates.astype(np.int64), good


def text_array(part: Bytes, valid: Mask | None = None, fixed: bool = False) -> pa.Array:
    """One-byte text as strings without trailing spaces; blank and invalid are null. ``fixed``: digits, kept whole."""
    count, width = part.shape
    if fixed:
        lengths = np.full(count, width, np.int32)
    else:
        filled = part != SPACE
        lengths = (width - np.argmax(filled[:, ::-1], axis=1)).astype(np.int32)
        lengths[~filled.any(axis=1)] = 0
    present = lengths > 0
    if valid is not None:
        present &= valid
        lengths[~valid] = 0
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    full = int(offsets[-1]) == part.size
    data = part.reshape(-1) if full else part[np.arange(width) < lengths[:, None]]
    if (data >= 0x80).any():
        sizes = np.take(_UTF8_LENGTH, data)
        ends = np.concatenate([np.zeros(1, np.int32), np.cumsum(sizes, dtype=np.int32)])
        offsets = ends[offsets]
        data = np.take(_UTF8, data, axis=0)[np.take(_UTF8_USED, data, axis=0)]
    nulls = count - int(present.sum())
    bitmap = pa.py_buffer(np.packbits(present, bitorder="little")) if nulls else None
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data), bitmap, nulls)


def _text(field: FieldDef, part: Bytes, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    encoded = pa.Array.from_buffers(pa.binary(part.shape[1]), len(part), [None, pa.py_buffer(part)])
    double_byte = ctx.encoding == "cp932" and field.charset == "any"
    if double_byte or pc.count_distinct(encoded[:_SAMPLE]).as_py() < _SAMPLE // 2:
        # Most text repeats (bank names) or is blank: check and decode each distinct value once.
        encoded = encoded.dictionary_encode()
        values = np.frombuffer(encoded.dictionary.buffers()[1], np.uint8)[: len(encoded.dictionary) * part.shape[1]]
        distinct = values.reshape(-1, part.shape[1])
        if CHARSETS[field.charset][distinct].all():
            return text_array(distinct).take(encoded.indices)
    if double_byte:
        return _double_byte(field, encoded, lines, ctx)
    bad = ~CHARSETS[field.charset][part]
    if bad.any():
        # NUL, control codes and unassigned bytes are no character at all; the rest are, but not here.
        no_character = bad & ~JIS_X_0201[part] & ~_DOUBLE_LEAD[part]
        _characters("ING-013", field, part, no_character, lines, ctx)
        _characters("ING-031", field, part, bad & ~no_character, lines, ctx)
        if field.descriptive:
            return lenient(part)
    return text_array(part)


def lenient(part: Bytes) -> pa.Array:
    """Text of a descriptive field, whatever its bytes are: also full-width characters, U+FFFD for what is none."""
    values = text_array(part)
    odd = ~JIS_X_0201[part].all(axis=1)
    if not odd.any():
        return values
    known: dict[bytes, str | None] = {}
    texts = [known.setdefault(raw, _any_text(raw)) for raw in (row.tobytes() for row in part[odd])]
    return pc.replace_with_mask(values, pa.array(odd), pa.array(texts, pa.string()))


def _any_text(raw: bytes) -> str | None:
    text = raw.decode("cp932", "replace").rstrip(" \u3000")
    return "".join("\ufffd" if c < " " or c in NO_CHARACTERS else c for c in text) or None


def _characters(code: str, field: FieldDef, part: Bytes, bad: Mask, lines: NDArray[np.int64], ctx: Reading) -> None:
    record, offset = np.nonzero(bad)
    _report(
        code,
        field,
        lines[record],
        offset.astype(np.int64) + int(field.start or 0),
        lambda i: (
            f"{printable(part[record[i], offset[i] : offset[i] + 1].tobytes())} (0x{part[record[i], offset[i]]:02X})"
        ),
        CHARSET_NAMES[field.charset],
        ctx,
    )


def _double_byte(field: FieldDef, values: pa.DictionaryArray, lines: NDArray[np.int64], ctx: Reading) -> pa.Array:
    """CP932 text: each distinct value is decoded once."""
    indices = values.indices.to_numpy(zero_copy_only=False)
    decoded: list[str | None] = []
    for k, raw in enumerate(values.dictionary.to_pylist()):
        try:
            text = raw.decode("cp932")
            wrong = next((i for i, c in enumerate(text) if c < " " or c in NO_CHARACTERS), None)
            offset = None if wrong is None else len(text[:wrong].encode("cp932"))
        except UnicodeDecodeError as error:
            text, offset = "", error.start
        if offset is None:
            decoded.append(text.rstrip(" \u3000") or None)
            continue
        decoded.append(_any_text(raw) if field.descriptive else None)
        found = said(f"byte 0x{raw[offset]:02X}", f"0x{raw[offset]:02X}")
        _report(
            "ING-013",
            field,
            lines[indices == k],
            int(field.start or 0) + offset,
            lambda _i, found=found: found,  # type: ignore[misc]
            said("CP932 text", "CP932 の文字"),
            ctx,
        )
    return pc.take(pa.array(decoded, pa.string()), values.indices)
