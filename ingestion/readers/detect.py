"""Which layout a file is in: by its bytes and, where two layouts share a length, by proof. Never by a guess.

Fixed length: the bytes that a layout's ``detect`` names (``"2-3": "91"`` in the first record, ``"data:17-18": "91"`` in
every data record), the record length, and for 44-digit barcodes their check digit. CSV: the header row.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion import barcode
from ingestion.layout import Layout
from ingestion.readers import fixed
from ingestion.readers.columns import all_digits, printable
from ingestion.readers.decoded import Context
from ingestion.readers.findings import Finding, Refused, one_of, size_of
from ingestion.readers.framing import body_size, is_ebcdic, lines_of
from osame.bilingual import said

_SAMPLE = 2_000_000  # bytes at the head of a file that tell its layout
_MARKS = np.frombuffer(b"1289", np.uint8)
_EBCDIC_DIGITS = bytes.maketrans(bytes(range(0xF0, 0xFA)), b"0123456789")


@dataclass(frozen=True)
class _Fit:
    layout: Layout
    reason: str  # why it does not fit; empty if it does
    nearness: float  # of those that do not fit, the larger the nearer


def detect(data: bytes, context: Context, layouts: dict[str, Layout]) -> Layout:
    """The layout of a file: the one named by ``context.format``, else the one that its bytes prove.

    Raises:
        Refused: ING-001 with the nearest layouts and why each does not fit; ING-002 for an empty file.
    """
    if context.format is not None:
        name = context.format.partition(":")[0]
        if name not in layouts:
            raise Refused(
                [
                    Finding(
                        "ING-001",
                        None,
                        None,
                        None,
                        said(f"--format {name}", f"指定された形式 {name!r}"),
                        one_of(layouts),
                    )
                ]
            )
        return layouts[name]
    if not data.strip(b"\r\n\x1a \t\x00"):
        raise Refused([Finding("ING-002", None, None, None, size_of(len(data)), said("records", "1件以上のレコード"))])
    head = data.removeprefix(b"\xef\xbb\xbf")
    of_fixed = [layout for layout in layouts.values() if layout.kind == "fixed"]
    if of_fixed and (head[:1] == b"1" and head[1:3].isdigit() or is_ebcdic(head)):
        return _fixed_layout(head, context, of_fixed)
    found = _csv_layout(data, context, [layout for layout in layouts.values() if layout.kind == "csv"])
    if found is not None:
        return found
    raise Refused(_nearest([_Fit(layout, _no_header(head), 0.0) for layout in of_fixed], data, layouts))


def _no_header(head: bytes) -> str:
    first = printable(head[:3])
    return said(
        f"the first bytes are {first}, a header record begins with 1 and two digits",
        f"先頭は {first}（ヘッダ・レコードは 1 と2桁の数字で始まる）",
    )


def _fixed_layout(data: bytes, context: Context, layouts: list[Layout]) -> Layout:
    if is_ebcdic(data):
        data = data[:3].translate(_EBCDIC_DIGITS) + data[3:]
    named = [layout for layout in layouts if _first_record_mismatch(data, layout) is None]
    if len(named) == 1:
        return named[0]
    if named:
        widths = {int(layout.width or 0) for layout in named}
        width = _width(data, widths)
        if width is None:
            return _fewest_errors(data, named, context)
        fits = [_proof(data, layout) for layout in named if layout.width == width]
        proven = [fit for fit in fits if not fit.reason]
        if len(proven) == 1:
            return proven[0].layout
        fits.sort(key=lambda fit: -fit.nearness)
        # Barcodes in the right place with wrong check digits: the reader refuses the file and names each of them.
        if not proven and fits[0].nearness > 0 and all(fit.nearness < fits[0].nearness for fit in fits[1:]):
            return fits[0].layout
        raise Refused([_finding(fit) for fit in fits])
    fits = [_Fit(layout, _first_record_mismatch(data, layout) or "", 0.0) for layout in layouts]
    raise Refused([_finding(fit) for fit in fits])


def _finding(fit: _Fit) -> Finding:
    reason = fit.reason or said(
        "more than one layout fits; name one with --format", "複数の形式に当てはまり、1つに定まらない"
    )
    return Finding("ING-001", None, None, None, reason, f"{fit.layout.id} ({fit.layout.title_ja})")


def _span(key: str) -> tuple[str, int, int]:
    """``"2-3"`` or ``"data:17-18"`` -> (record kind, first byte - 1, last byte)."""
    kind, _, span = key.rpartition(":")
    first, _, last = span.partition("-")
    return kind, int(first) - 1, int(last or first)


def _first_record_mismatch(data: bytes, layout: Layout) -> str | None:
    for key, wanted in layout.detect.items():
        kind, first, last = _span(key)
        if not kind and data[first:last] != wanted.encode("ascii"):
            there = printable(data[first:last])
            return said(f"bytes {key} are {there}, not '{wanted}'", f"{key}バイト目が '{wanted}' でなく {there}")
    return None


def _width(data: bytes, widths: set[int]) -> int | None:
    """Record length by the lengths of lines, or without line ends by where the record marks stand."""
    if len(widths) == 1:
        return min(widths)
    size = body_size(data)
    content = data[: min(size, _SAMPLE)]
    if b"\r" in content or b"\n" in content:
        _, lengths = lines_of(content)
        return next((width for width in widths if 2 * int((lengths == width).sum()) > len(lengths)), None)
    array = np.frombuffer(content, np.uint8)

    def marked(width: int) -> tuple[bool, float]:
        good = float(np.isin(array[::width], _MARKS).mean())
        return size % width == 0 and good == 1.0, good

    return max(sorted(widths), key=marked)


def _fewest_errors(data: bytes, layouts: list[Layout], context: Context) -> Layout:
    """Lines of every length, as when trailing spaces are stripped: the layout in which the file has least wrong.

    Raises:
        Refused: the file is right in more than one layout (300 and 350 bytes differ little before byte 100).
    """

    def errors(layout: Layout) -> int:
        try:
            fixed.decode(data, layout, context)
        except Refused as refused:
            return len(refused.findings)
        return 0

    counted = {layout.id: errors(layout) for layout in layouts}
    right = [layout for layout in layouts if counted[layout.id] == 0]
    if len(right) > 1:
        raise Refused([_finding(_Fit(layout, "", 0.0)) for layout in right])
    return min(layouts, key=lambda layout: (counted[layout.id], int(layout.width or 0)))


def _proof(data: bytes, layout: Layout) -> _Fit:
    """Whether the data records bear out the layout: its fixed bytes and the check digit of its barcode.

    The head of the file shows where the barcode stands; the layout's rule then proves every record while it is read.
    """
    records = _data_records(data, int(layout.width or 0))
    for key, wanted in layout.detect.items():
        kind, first, last = _span(key)
        if kind != "data":
            continue
        digits = records[:, first : first + barcode.LENGTH]
        prefix = (digits[:, : last - first] == np.frombuffer(wanted.encode("ascii"), np.uint8)).all(axis=1)
        placed = prefix & all_digits(digits)
        check = barcode.check_digits(digits & np.uint8(0x0F)) == (digits[:, -1] & 0x0F)
        good = int((placed & check).sum())
        if not len(records):
            reason = said(
                "there is no data record whose barcode could prove where it stands",
                "バーコードの位置を確かめられるデータ・レコードがない",
            )
            return _Fit(layout, reason, 0.0)
        # One broken barcode must be reported as such, so most records prove the place, not all of them.
        if 2 * good <= len(records):
            place = f"{first + 1}-{first + barcode.LENGTH}"
            count = len(records)
            reason = said(
                f"bytes {place} hold a barcode with the right check digit in {good} of {count} data records",
                f"{place}バイト目に正しいバーコードがあるのは、データ・レコード{count}件のうち{good}件",
            )
            return _Fit(layout, reason, float(placed.mean()))
    return _Fit(layout, "", 1.0)


def _data_records(data: bytes, width: int) -> NDArray[np.uint8]:
    """Data records at the head of the file, right-padded, as far as they can be cut without judging it."""
    content = data[: min(body_size(data), _SAMPLE)]
    if b"\r" in content or b"\n" in content:
        starts, lengths = lines_of(content)
    else:
        starts = np.arange(0, len(content), width, dtype=np.int64)
        lengths = np.minimum(width, len(content) - starts)
    array = np.frombuffer(content, np.uint8)
    chosen = array[np.minimum(starts, len(array) - 1)] == ord("2")
    starts, lengths = starts[chosen], lengths[chosen]
    columns = np.arange(width)
    position = np.minimum(starts[:, None] + columns, len(array) - 1)
    return np.where(columns < lengths[:, None], array[position], np.uint8(0x20))


def _header_row(data: bytes) -> list[str]:
    line = data.removeprefix(b"\xef\xbb\xbf")[:65_536].splitlines()[:1]
    for encoding in ("utf-8", "cp932"):
        try:
            text = line[0].decode(encoding) if line else ""
        except UnicodeDecodeError:
            continue
        try:
            return [cell.strip() for cell in next(csv.reader([text]), [])]
        except csv.Error:
            return []
    return []


def _csv_layout(data: bytes, context: Context, layouts: list[Layout]) -> Layout | None:
    """By the header row, else by the file's name ``<layout id>_…``; near misses are reported by the CSV reader."""
    header = set(_header_row(data))
    named = [layout for layout in layouts if context.file_name.startswith(f"{layout.id}_")]

    def shared(layout: Layout) -> tuple[float, int, bool]:
        known = {str(column.header) for column in layout.columns if column.header}
        required = {str(c.header) for c in layout.columns if c.header and not c.optional_column}
        both = len(known & header)
        return min(both / max(1, len(required)), both / max(1, len(header))), both, layout in named

    best = max(layouts, key=shared, default=None)
    if best is not None and shared(best)[0] >= 0.5:
        return best
    if named:
        return named[0]
    # A DSK error file has no header at all; its reader says what it is.
    return next((layout for layout in layouts if layout.id == "cvs_dsk" and data.startswith(b"error:")), None)


def _nearest(fixed: list[_Fit], data: bytes, layouts: dict[str, Layout]) -> list[Finding]:
    header = _header_row(data)
    fits: list[_Fit] = []
    for layout in layouts.values():
        if layout.kind == "csv":
            known = {str(column.header) for column in layout.columns if column.header}
            both = len(known & set(header))
            reason = said(
                f"{both} of its {len(known)} headers are in the first line",
                f"1行目にある見出しは{len(known)}個のうち{both}個",
            )
            fits.append(_Fit(layout, reason, both / len(known)))
    fits.sort(key=lambda fit: -fit.nearness)
    return [_finding(fit) for fit in [f for f in fits if f.nearness > 0][:3] + fixed]
