"""From the bytes of a CSV to its rows and cells as text: encoding, line ends, quotes (RFC 4180), places in the file.

Everything is found by position in one pass over the bytes; nothing runs once per row. A row that cannot be cut into
cells is kept apart as a ``BrokenRow``; only a file that cannot be read at all is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from ingestion.readers.findings import Finding, Refused, rows_of, size_of
from osame.bilingual import said

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LF, _CR, _QUOTE, _COMMA, _TAB = 10, 13, 34, 44, 9
_END_OF_FILE = b"\x1a"  # appended by some mainframes
_BOM = b"\xef\xbb\xbf"
_STRAY_QUOTES_MAX = 100  # beyond this the file is damaged, not a row of it
_UNDECODABLE_MAX = 1000
_HEADER = said("a header row", "見出し行")
_MISPLACED = said('a misplaced "', '位置の誤った "')
_QUOTED = said('quotes around the whole value, "" for a quote in it', '値全体を " で囲み、値の中の " は "" とする')
# The cp932 codec of Python takes these bytes, which are no characters of CP932.
_NO_CP932 = ("\x80", "\xa0", "\uf8f0", "\uf8f1", "\uf8f2", "\uf8f3")


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be cut into the cells of the header, and why."""

    row: int
    finding: Finding


@dataclass(frozen=True)
class Grid:
    """The rows of a CSV below its header.

    ``lines``, ``starts`` and ``ends`` place every row (also a broken one) in the file: physical line (header = 1), and
    bytes in ``text`` without the line end. ``sound`` are the indexes of the rows that ``cells`` holds, one string
    column per header; a blank cell is null.
    """

    text: bytes
    encoding: str
    headers: list[str]
    header_line: int
    lines: npt.NDArray[np.int32]
    starts: Positions
    ends: Positions
    broken: list[BrokenRow]
    sound: Positions
    cells: pa.Table

    def row_text(self, row: int) -> str:
        """A row as it was delivered."""
        return self.text[int(self.starts[row]) : int(self.ends[row])].decode("utf-8")

    @property
    def rows(self) -> int:
        return len(self.lines)


def read_grid(data: bytes, layout_id: str) -> Grid:
    """Cut a CSV into cells.

    Raises:
        Refused: empty (ING-002), an error notice (ING-068), undecodable bytes (ING-013), an unclosed quote (ING-062).
    """
    text, encoding = _decode(data, layout_id)
    buffer = np.frombuffer(text, dtype=np.uint8)
    low = np.flatnonzero(buffer < 32)
    low_bytes = buffer[low]
    terminators = _terminators(buffer, low, low_bytes)
    quotes, stray = _significant_quotes(buffer, terminators, layout_id)

    starts, ends, lines = _rows(buffer, terminators, quotes)
    if len(starts) == 0:
        raise Refused([Finding("ING-002", None, None, None, said("blank lines only", "空行だけ"), _HEADER)], layout_id)
    header_line = int(lines[0])
    if any(start <= ends[0] for start in stray):
        raise Refused([Finding("ING-062", header_line, None, None, _MISPLACED, _QUOTED)], layout_id)
    header = _split_header(text[int(starts[0]) : int(ends[0])], layout_id)
    starts, ends, lines = starts[1:], ends[1:], lines[1:]

    broken = _broken_rows(buffer, low, low_bytes, quotes, stray, (starts, ends, lines), len(header))
    bad = np.unique(np.array([b.row for b in broken], dtype=np.int64))
    sound = np.setdiff1d(np.arange(len(starts)), bad, assume_unique=True)
    body = _body(buffer, terminators, quotes, starts, bad)
    cells = _parse(body, header, has_quotes=len(quotes) > 0)
    if cells.num_rows != len(sound):  # the two readings of the quotes must agree, or rows would be lost
        raise Refused([Finding("ING-062", None, None, None, rows_of(cells.num_rows), rows_of(len(sound)))], layout_id)
    return Grid(text, encoding, header, header_line, lines, starts, ends, broken, sound, cells)


def is_error_notice(data: bytes) -> bool:
    """True for the notice that a collection agent sends in place of a CSV: it begins ``error:`` (FORMATS.md §2.3)."""
    return data[:32].removeprefix(_BOM).lstrip().lower().startswith(b"error:")


# --- bytes to text -----------------------------------------------------------------------------------------------


def _decode(data: bytes, layout_id: str) -> tuple[bytes, str]:
    """The file as UTF-8 without BOM, and the encoding that it had. The header row, in Japanese, tells which."""
    data = data.removesuffix(_END_OF_FILE)
    if not data.removeprefix(_BOM).strip():
        raise Refused([Finding("ING-002", None, None, None, size_of(len(data)), _HEADER)], layout_id)
    if is_error_notice(data):
        raise Refused([Finding("ING-068", 1, None, None, said("error:", "error: で始まる通知"), _HEADER)], layout_id)
    if data.startswith(_BOM):
        return _checked_utf8(data[len(_BOM) :], layout_id), "utf-8-sig"
    first = data[: min((p for p in (data.find(b"\n"), data.find(b"\r")) if p >= 0), default=len(data))]
    if _decodes(first, "utf-8"):
        return _checked_utf8(data, layout_id), "utf-8"
    if data[len(first) :].isascii():  # only the header is Japanese: the usual extract of codes and amounts
        text = _cp932(first, layout_id).encode("utf-8") + data[len(first) :]
    else:
        text = _cp932(data, layout_id).encode("utf-8")
    return text, "cp932"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _checked_utf8(data: bytes, layout_id: str) -> bytes:
    if not data.isascii() and not _decodes(data, "utf-8"):
        raise _undecodable(data, "utf-8", layout_id)
    return data


def _cp932(data: bytes, layout_id: str) -> str:
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        raise _undecodable(data, "cp932", layout_id) from None
    for character in _NO_CP932:
        at = text.find(character)
        if at >= 0:
            line = text.count("\n", 0, at) + 1
            raise Refused(
                [Finding("ING-013", line, None, None, f"0x{character.encode('cp932').hex().upper()}", "CP932")],
                layout_id,
            )
    return text


def _undecodable(data: bytes, encoding: str, layout_id: str) -> Refused:
    """One finding for each line that cannot be decoded. Only the first bad byte is shown: the rest may be a name."""
    findings: list[Finding] = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            findings.append(
                Finding("ING-013", number, error.start + 1, None, f"0x{line[error.start]:02X}", encoding.upper())
            )
            if len(findings) == _UNDECODABLE_MAX:
                break
    if not findings:  # the bad byte swallowed a line end
        findings.append(
            Finding(
                "ING-013", None, None, None, said("bytes that are no character", "文字でないバイト"), encoding.upper()
            )
        )
    return Refused(findings, layout_id)


# --- text to rows ------------------------------------------------------------------------------------------------


def _terminators(buffer: npt.NDArray[np.uint8], low: Positions, low_bytes: npt.NDArray[np.uint8]) -> Positions:
    """The last byte of every physical line end: LF, CRLF or CR."""
    feeds: Positions = low[low_bytes == _LF]
    carriage = low[low_bytes == _CR]
    following = buffer[np.minimum(carriage + 1, len(buffer) - 1)]
    alone = carriage[(following != _LF) | (carriage == len(buffer) - 1)]
    if len(alone):
        feeds = np.sort(np.concatenate([feeds, alone]))
    return feeds


def _significant_quotes(
    buffer: npt.NDArray[np.uint8], terminators: Positions, layout_id: str
) -> tuple[Positions, list[int]]:
    """The quotes that open, close or double, and the starts of physical lines whose quotes mean nothing.

    A quote in the middle of an unquoted value, or text after a closing quote, breaks the line where the value begins;
    the lines after it are read again as if that line had no quotes, so that one broken row does not swallow others.
    """
    quotes = np.flatnonzero(buffer == _QUOTE)
    stray: list[int] = []
    while len(quotes):
        at = _first_misplaced(buffer, quotes)
        if at is None:
            break
        ordinal = int(np.searchsorted(terminators, at))
        start = int(terminators[ordinal - 1]) + 1 if ordinal else 0
        end = int(terminators[ordinal]) if ordinal < len(terminators) else len(buffer)
        stray.append(start)
        if len(stray) > _STRAY_QUOTES_MAX:
            found = said(
                f"more than {_STRAY_QUOTES_MAX} rows with misplaced quotes",
                f"引用符の位置の誤りが{_STRAY_QUOTES_MAX}行超",
            )
            raise Refused([Finding("ING-062", ordinal + 1, None, None, found, _QUOTED)], layout_id)
        quotes = quotes[(quotes < start) | (quotes > end)]
    if len(quotes) % 2:
        line = int(np.searchsorted(terminators, quotes[-1])) + 1
        raise Refused(
            [
                Finding(
                    "ING-062", line, None, None, said('an opening "', '始まりの "'), said('a closing "', '終わりの "')
                )
            ],
            layout_id,
        )
    return quotes, stray


def _first_misplaced(buffer: npt.NDArray[np.uint8], quotes: Positions) -> int | None:
    """Where the value begins whose quotes are misplaced first; None when all are in place."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = buffer[np.maximum(opening - 1, 0)]
    begins = _is_separator(before) | (opening == 0)
    after = buffer[np.minimum(closing + 1, len(buffer) - 1)]
    ends = _is_separator(after) | (closing == len(buffer) - 1)
    doubled = np.zeros(len(opening), dtype=bool)  # an opening right after the closing before it
    doubled[1:] = opening[1:] == closing[: len(opening) - 1] + 1
    reopened = np.zeros(len(closing), dtype=bool)  # a closing right before the next opening
    pairs = len(opening) - 1
    reopened[:pairs] = doubled[1:]
    bad_open = np.flatnonzero(~(begins | doubled))
    bad_close = np.flatnonzero(~(ends | reopened))
    if len(bad_open) == 0 and len(bad_close) == 0:
        return None
    if len(bad_close) == 0 or (len(bad_open) and bad_open[0] <= bad_close[0]):
        return int(opening[bad_open[0]])
    value_starts = np.flatnonzero(~doubled[: bad_close[0] + 1])
    return int(opening[value_starts[-1]])


def _is_separator(found: npt.NDArray[np.uint8]) -> Mask:
    separator: Mask = (found == _COMMA) | (found == _LF) | (found == _CR)
    return separator


def _outside(positions: Positions, quotes: Positions) -> Mask:
    """True for positions that are not inside quotes."""
    if len(quotes) == 0:
        return np.ones(len(positions), dtype=bool)
    inside: Mask = (np.searchsorted(quotes, positions) & 1).astype(bool)
    return ~inside


def _rows(
    buffer: npt.NDArray[np.uint8], terminators: Positions, quotes: Positions
) -> tuple[Positions, Positions, npt.NDArray[np.int32]]:
    """Start, end (without the line end) and physical line of every row; blank lines are no rows."""
    outside = np.flatnonzero(_outside(terminators, quotes))
    row_ends = terminators[outside]
    starts = np.concatenate([[0], row_ends + 1])
    lines = np.concatenate([[1], outside + 2]).astype(np.int32)
    before = np.maximum(row_ends - 1, 0)
    is_crlf = (buffer[row_ends] == _LF) & (buffer[before] == _CR) & (row_ends > 0)
    ends = np.concatenate([row_ends - is_crlf, [len(buffer)]])
    filled = ends > starts
    return starts[filled], ends[filled], lines[filled]


def _split_header(text: bytes, layout_id: str) -> list[str]:
    """The cells of the header row, without the blanks around them."""
    try:
        parsed = arrow_csv.read_csv(
            pa.BufferReader(text + b"\n"),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{i}": pa.string() for i in range(text.count(b",") + 1)}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        raise Refused([Finding("ING-062", 1, None, None, _MISPLACED, _HEADER)], layout_id) from None
    return [str(column[0].as_py()).strip() for column in parsed.columns]


def _broken_rows(
    buffer: npt.NDArray[np.uint8],
    low: Positions,
    low_bytes: npt.NDArray[np.uint8],
    quotes: Positions,
    stray: list[int],
    rows: tuple[Positions, Positions, npt.NDArray[np.int32]],
    width: int,
) -> list[BrokenRow]:
    starts, ends, lines = rows
    if len(starts) == 0:
        return []
    broken: dict[int, BrokenRow] = {}

    def add(row: int, code: str, found: str, expected: str) -> None:
        broken.setdefault(row, BrokenRow(row, Finding(code, int(lines[row]), None, None, found, expected)))

    for start in stray:
        row = int(np.searchsorted(starts, start, side="right")) - 1
        if row >= 0 and start <= ends[row]:
            add(row, "ING-062", _MISPLACED, _QUOTED)

    control = low[(low_bytes != _LF) & (low_bytes != _CR) & (low_bytes != _TAB)]
    control = np.concatenate([control, np.flatnonzero(buffer == 0x7F)])
    in_rows, which = np.unique(np.searchsorted(starts, control, side="right") - 1, return_index=True)
    for row, at in zip(in_rows.tolist(), control[which].tolist(), strict=True):
        if row >= 0:
            add(row, "ING-031", f"0x{int(buffer[at]):02X}", said("no control characters", "制御文字のない値"))

    commas = np.flatnonzero(buffer == _COMMA)
    commas = commas[_outside(commas, quotes)]
    values = np.searchsorted(commas, ends) - np.searchsorted(commas, starts) + 1
    for wrong in np.flatnonzero(values != width).tolist():
        add(wrong, "ING-061", _values(int(values[wrong])), _values(width))
    return [broken[row] for row in sorted(broken)]


def _values(count: int) -> str:
    return said(f"{count} values", f"{count}項目")


def _body(
    buffer: npt.NDArray[np.uint8], terminators: Positions, quotes: Positions, starts: Positions, bad: Positions
) -> bytes:
    """The sound rows, each ended by LF or CRLF."""
    if len(starts) == 0:
        return b""
    first = int(starts[0])
    alone = terminators[buffer[terminators] == _CR]
    row_ends = alone[_outside(alone, quotes)]
    if len(row_ends):
        buffer = buffer.copy()
        buffer[row_ends] = _LF
    if len(bad) == 0:
        return buffer[first:].tobytes()
    edges = np.append(starts, len(buffer))
    step = np.zeros(len(buffer) + 1, dtype=np.int8)
    np.add.at(step, edges[bad], 1)
    np.add.at(step, edges[bad + 1], -1)
    keep = np.cumsum(step[:-1], dtype=np.int8) == 0
    keep[:first] = False
    return bytes(buffer[keep].tobytes())


def _parse(body: bytes, headers: list[str], *, has_quotes: bool) -> pa.Table:
    """The cells of sound rows as strings; a blank cell is null."""
    names = [str(i) for i in range(len(headers))]  # headers may repeat or be blank: named by place until checked
    schema = pa.schema([(name, pa.string()) for name in names])
    if not body.strip():
        return schema.empty_table()
    return arrow_csv.read_csv(
        pa.BufferReader(body),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=min(len(body) + 1, 1 << 30)),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=has_quotes),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True
        ),
    )
