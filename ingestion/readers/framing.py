"""Cuts the bytes of a fixed-length file into records, whatever stands between them.

Seen in the wild (FORMATS §1.0): nothing, LF, CR, CRLF; the last record with or without; 0x1A at the end; records whose
trailing spaces were stripped. The regular habits are cut without copying; the others record by record length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingestion.readers.collector import Collector
from ingestion.readers.findings import Finding, Refused, size_of
from osame.bilingual import said

Bytes = NDArray[np.uint8]
CR, LF, SPACE = 0x0D, 0x0A, 0x20
_LINE_ENDS = (b"\r\n", b"\n", b"\r")
_TAIL = b"\r\n\x1a"
_CHUNK = 65_536
_PROBE = 4_096
# Stripped files are at most this many times shorter than full ones; beyond that it is not this format at all.
_MAX_GROWTH = 16


def one_byte_text(data: bytes, collector: Collector) -> bytes:
    """The file as one byte per character: UTF-8 is reported and taken back to CP932 so that checking can go on.

    Raises:
        Refused: an empty file (ING-002), or EBCDIC bytes (ING-011), in which nothing else can be checked.
    """
    if not data[:4096].strip(_TAIL + b" ") and not data.strip(_TAIL + b" "):
        raise Refused([Finding("ING-002", None, None, None, size_of(len(data)), said("records", "1件以上のレコード"))])
    if is_ebcdic(data):
        raise Refused([Finding("ING-011", 1, 1, None, f"0x{data[0]:02X}", "'1' (0x31)")])
    if data.isascii() or not _may_be_utf8(data[:_PROBE]):
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    # Half-width kana pairs such as ﾃｱ are valid UTF-8 of two bytes by accident; Japanese in UTF-8 takes three.
    if not any(character >= "\u0800" for character in set(text)):
        return data
    starts, lengths = lines_of(data)
    high = np.flatnonzero(np.frombuffer(data, np.uint8) >= 0x80)
    first = np.searchsorted(high, starts)
    inside = np.flatnonzero((first < len(high)) & (np.append(high, 0)[first] < starts + lengths))
    collector.errors_at(
        "ING-012",
        inside + 1,
        high[first[inside]] - starts[inside] + 1,
        None,
        lambda _i: said("a character of several bytes (UTF-8)", "2バイト以上の文字（UTF-8）"),
        said("one byte per character", "1文字1バイト"),
    )
    return text.removeprefix("\ufeff").encode("cp932", errors="replace")


def _may_be_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return len(data) == _PROBE and error.start > _PROBE - 4  # a character cut by the probe
    return True


def is_ebcdic(data: bytes) -> bool:
    """A header mark 1 and two digits of a type code, all in EBCDIC (0xF0 to 0xF9)."""
    return len(data) >= 3 and data[0] == 0xF1 and all(0xF0 <= byte <= 0xF9 for byte in data[1:3])


def body_size(data: bytes) -> int:
    """Bytes up to the end of the last record: without line ends and 0x1A after it."""
    tail = data[-_PROBE:].rstrip(_TAIL)
    return max(0, len(data) - _PROBE) + len(tail) if tail else len(data.rstrip(_TAIL))


def frame(data: bytes, width: int, collector: Collector) -> Bytes:
    """Records of ``width`` bytes as a matrix, one row each. Every wrong length is reported (ING-010, ING-038).

    Raises:
        Refused: so many lines that are so short that this cannot be the format (ING-010).
    """
    size = body_size(data)
    uncopied = regular(data, size, width)
    if uncopied is not None:
        return uncopied
    content = data[:size]
    starts, lengths = lines_of(content)
    if len(starts) == 1:
        whole = -(-len(content) // width)
        starts = np.arange(whole, dtype=np.int64) * width
        lengths = np.minimum(width, len(content) - starts)
    elif (lengths % width == 0).all() and lengths.min() > 0:
        return np.frombuffer(content.replace(b"\r", b"").replace(b"\n", b""), np.uint8).reshape(-1, width)
    if len(starts) * width > _MAX_GROWTH * len(content) + _CHUNK * width // 16:
        count, total = f"{len(starts):,}", f"{len(content):,}"
        found = said(f"{count} lines in {total} bytes", f"{total}バイトに{count}行")
        expected = said(f"{width} bytes each", f"各{width}バイト")
        raise Refused([*collector.errors(), Finding("ING-010", None, None, None, found, expected)])
    return _padded(content, starts, lengths, width, collector)


def regular(data: bytes, size: int, width: int) -> Bytes | None:
    """The matrix without copying, if the same line end (or none) stands after every ``width`` bytes.

    A line end inside a record is then an illegal character of its field.
    """
    array = np.frombuffer(data, np.uint8, size)
    for end in _LINE_ENDS:
        step = width + len(end)
        if (size + len(end)) % step:
            continue
        count = (size + len(end)) // step
        ends = np.lib.stride_tricks.as_strided(array[width:], (count - 1, len(end)), (step, 1), writeable=False)
        if (ends == np.frombuffer(end, np.uint8)).all():
            # The last record ends where the content ends, so the last row stays inside it.
            return np.lib.stride_tricks.as_strided(array, (count, width), (step, 1), writeable=False)
    if size % width == 0 and data.find(b"\r", 0, size) < 0 and data.find(b"\n", 0, size) < 0:
        return array.reshape(-1, width)
    return None


def lines_of(content: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of every line; CR, LF and CRLF each end one."""
    array = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero((array == CR) | (array == LF)).astype(np.int64)
    after_cr = np.zeros(len(ends), bool)
    after_cr[1:] = (array[ends[1:]] == LF) & (array[ends[1:] - 1] == CR)
    starts = np.concatenate([[0], ends[~after_cr] + 1])
    stops = np.concatenate([ends[~after_cr], [len(content)]])
    # a CRLF ends at its CR; the next line starts after its LF
    follows = np.zeros(len(starts), np.int64)
    follows[1:] = np.isin(starts[1:], ends[after_cr])
    starts = starts + follows
    return starts.astype(np.int64), (stops - starts).astype(np.int64)


def _padded(
    content: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64], width: int, collector: Collector
) -> Bytes:
    array = np.frombuffer(content, np.uint8)
    short = (lengths < width) & (lengths > 0)
    last = array[np.maximum(starts + lengths - 1, 0).clip(max=len(array) - 1)]
    # A stripped record does not end in a space; one that does has lost bytes elsewhere.
    stripped = short & (last != SPACE)
    wrong = (lengths != width) & ~stripped
    numbers = np.arange(1, len(starts) + 1, dtype=np.int64)
    collector.warn(
        "ING-038",
        numbers[stripped],
        None,
        None,
        said(f"fewer than {width} bytes", f"{width}バイト未満"),
        size_of(width),
    )
    index = np.flatnonzero(wrong)
    collector.errors_at(
        "ING-010",
        numbers[index],
        np.minimum(lengths[index], width) + 1,
        None,
        lambda i: size_of(int(lengths[index[i]])),
        size_of(width),
    )
    matrix = np.full((len(starts), width), SPACE, np.uint8)
    columns = np.arange(width)
    for low in range(0, len(starts), _CHUNK):
        part = slice(low, low + _CHUNK)
        present = columns < lengths[part, None]
        position = np.minimum(starts[part, None] + columns, len(array) - 1)
        matrix[part] = np.where(present, array[position], SPACE)
    return matrix
