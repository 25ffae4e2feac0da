"""Broken fixed-length files, each made from a valid one: the right finding, at the right line and byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ingestion.read import read
from ingestion.readers.collector import MAX_LISTED
from ingestion.readers.findings import Finding, Refused
from tests.fixtures.fixed_files import (
    FIXED,
    LAYOUTS,
    barcode,
    context,
    debit_group,
    debits,
    landed,
    matrix,
    valid,
)

Break = Callable[[np.ndarray], np.ndarray | bytes]


def put(line: int, byte: int, text: str | bytes) -> Break:
    """Overwrites bytes of one record (both counted from 1)."""
    raw = text if isinstance(text, bytes) else text.encode("cp932")

    def broken(records: np.ndarray) -> np.ndarray:
        records[line - 1, byte - 1 : byte - 1 + len(raw)] = list(raw)
        return records

    return broken


def without(line: int) -> Break:
    return lambda records: np.delete(records, line - 1, axis=0)


def moved(order: list[int]) -> Break:
    return lambda records: records[[line - 1 for line in order]]


def cut(count: int) -> Break:
    return lambda records: records[:count]


def both(*breaks: Break) -> Break:
    def broken(records: np.ndarray) -> np.ndarray:
        for one in breaks:
            records = np.asarray(one(records))
        return records

    return broken


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Break:
    return lambda records: b"\r\n".join(change([row.tobytes() for row in records])) + b"\r\n"


def replaced(line: int, change: Callable[[bytes], bytes]) -> Break:
    return lines(lambda rows: rows[: line - 1] + [change(rows[line - 1])] + rows[line:])


@dataclass(frozen=True)
class Case:
    name: str
    layout_id: str
    broken: Break
    expected: list[tuple[str, int | None, int | None]]
    exact: bool = True  # no other finding than these
    format: str | None = None

    def __str__(self) -> str:
        return f"{self.layout_id}-{self.name}"


Z91, Z21, Z01, Z03, CVS, MUFG = (
    "zengin91_120",
    "zengin21_120",
    "zengin01_200",
    "zengin03_200",
    "cvs_120",
    "cvs_120_mufg",
)
M220, M300, M350 = "municipal_220", "municipal_300", "municipal_350"
CASES = [
    # code class, encodings, lengths
    Case("code class 1", Z91, put(1, 4, "1"), [("ING-011", 1, 4)]),
    Case("code class 1", Z21, put(1, 4, "1"), [("ING-011", 1, 4)]),
    Case("code class 9", Z91, put(1, 4, "9"), [("ING-032", 1, 4)]),
    Case(
        "EBCDIC bytes", Z91, lambda r: r.tobytes().decode("cp932", "replace").encode("cp037", "replace"),
        [("ING-011", 1, 1)],
    ),
    Case("UTF-8", Z91, lambda r: r.tobytes().decode("cp932").encode(), [("ING-012", 1, 15)], exact=False, format=Z91),
    Case("one line short", Z91, replaced(3, lambda row: row[:-1]), [("ING-010", 3, 120)]),
    Case("one line long", Z91, replaced(3, lambda row: row + b" "), [("ING-010", 3, 121)]),
    Case("a byte lost inside", Z91, replaced(3, lambda row: row[:10] + row[11:]), [("ING-010", 3, 120)], exact=False),
    Case(
        "a byte lost, no line ends", Z91, lambda r: r.tobytes()[:130] + r.tobytes()[131:],
        [("ING-020", 3, 1)], exact=False,
    ),
    Case("a blank line inside", Z91, lines(lambda rows: rows[:2] + [b""] + rows[2:]), [("ING-010", 3, 1)], exact=False),
    Case("short last record", Z03, replaced(6, lambda row: row[:17]), [("ING-010", 6, 18)]),
    # order, trailer, end
    Case("no header", Z91, without(1), [("ING-020", 1, 1)], exact=False, format=Z91),
    Case("no trailer", Z91, without(5), [("ING-021", 5, 1)]),
    Case("no end", Z91, without(6), [("ING-022", 6, 1)]),
    Case("cut after data", Z91, cut(3), [("ING-021", 4, 1), ("ING-022", 4, 1)]),
    Case("header alone", Z21, cut(1), [("ING-021", 2, 1), ("ING-022", 2, 1)]),
    Case("record after the end", Z91, moved([1, 2, 3, 4, 5, 6, 6]), [("ING-023", 7, 1)]),
    Case("two files in one", Z21, moved([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]), [("ING-023", 6, 1)]),
    Case("data after the trailer", Z91, moved([1, 2, 3, 5, 4, 6]), [("ING-020", 5, 1)], exact=False),
    Case("two trailers", Z91, moved([1, 2, 3, 4, 5, 5, 6]), [("ING-020", 6, 1)]),
    Case("header after data", Z91, moved([1, 2, 3, 4, 1, 5, 6]), [("ING-021", 5, 1)], exact=False),
    Case("unknown record mark", Z91, put(3, 1, "7"), [("ING-020", 3, 1)], exact=False),
    # control figures
    Case(
        "a data record lost", Z91, without(3),
        [("ING-040", 4, 2), ("ING-041", 4, 8), ("ING-040", 4, 38), ("ING-041", 4, 44)],
    ),
    Case("a data record twice", Z21, moved([1, 2, 2, 3, 4, 5]), [("ING-040", 5, 2), ("ING-041", 5, 8)]),
    Case("count", Z91, put(5, 2, "000004"), [("ING-040", 5, 2)]),
    Case("amount", Z91, put(5, 8, "000000006001"), [("ING-041", 5, 8)]),
    Case("paid count", Z91, put(5, 20, "000003"), [("ING-040", 5, 20)]),
    Case("paid amount", M220, put(5, 26, "000000004001"), [("ING-041", 5, 26)]),
    Case("failed count", M300, put(5, 38, "000000"), [("ING-040", 5, 38)]),
    Case("failed amount", M350, put(5, 44, "000000002001"), [("ING-041", 5, 44)]),
    Case("one data amount", Z91, put(2, 81, "0000001001"), [("ING-041", 5, 8), ("ING-041", 5, 26)]),
    Case(
        "result code", Z91, put(3, 112, "0"),
        [("ING-040", 5, 20), ("ING-041", 5, 26), ("ING-040", 5, 38), ("ING-041", 5, 44)],
    ),
    Case("deposits counted", Z01, put(6, 2, "000004"), [("ING-040", 6, 2)]),
    Case("cancelled amount", Z01, put(6, 26, "000000000000"), [("ING-041", 6, 26)]),
    Case("two amounts", Z01, put(4, 20, "0000000001"), [("ING-067", 4, 129)], exact=False),
    Case("withdrawals", Z03, put(5, 27, "0000000000301"), [("ING-041", 5, 27)]),
    Case("data records", Z03, put(5, 55, "0000004"), [("ING-040", 5, 55)]),
    Case("closing balance", Z03, put(5, 41, "00000001005701"), [("ING-042", 5, 41)]),
    Case("opening balance", Z03, put(1, 116, "00000001000001"), [("ING-042", 5, 41)]),
    Case("balance sign", Z03, put(5, 40, "2"), [("ING-042", 5, 41)]),
    Case(
        "direction", Z03, put(2, 22, "2"),
        [("ING-040", 5, 2), ("ING-041", 5, 8), ("ING-040", 5, 21), ("ING-041", 5, 27), ("ING-042", 5, 41)],
    ),
    Case("records in the file", Z03, put(6, 2, "0000000007"), [("ING-040", 6, 2)]),
    Case("accounts in the file", Z03, put(6, 12, "00002"), [("ING-040", 6, 12)]),
    Case("convenience count", CVS, put(6, 2, "000005"), [("ING-040", 6, 2)]),
    Case("convenience amount", MUFG, put(6, 8, "000000013198"), [("ING-041", 6, 8)]),
    # characters
    Case("small kana in a customer number", Z91, put(2, 92, "ｧ"), [("ING-031", 2, 92)]),
    Case("full-width in a customer number", Z91, put(2, 92, "山"), [("ING-031", 2, 92)]),
    Case("NUL in a customer number", M300, put(2, 105, b"\x00"), [("ING-013", 2, 105)]),
    Case("no character in a store", CVS, put(3, 64, b"\xff"), [("ING-013", 3, 64)]),
    # codes
    Case("result code", Z91, put(3, 112, "7"), [("ING-032", 3, 112)], exact=False),
    Case("result code", M220, put(3, 188, "5"), [("ING-032", 3, 188)], exact=False),
    Case("result code", M350, put(3, 92, "X"), [("ING-032", 3, 92)], exact=False),
    Case("no result code", M300, put(2, 92, " "), [("ING-035", 2, 92)], exact=False),
    Case("account type", Z91, put(2, 43, "4"), [("ING-032", 2, 43)]),
    Case("account type", Z21, put(2, 43, "3"), [("ING-032", 2, 43)]),
    Case("record kind", CVS, put(2, 2, "04"), [("ING-032", 2, 2)]),
    Case("transaction code", Z03, put(2, 23, "99"), [("ING-032", 2, 23)]),
    # numbers
    Case("letter in an amount", Z91, put(2, 86, "X"), [("ING-030", 2, 86)], exact=False),
    Case("spaces before an amount", Z91, put(2, 81, "      1000"), [("ING-030", 2, 81)], exact=False),
    Case("blank amount", Z91, put(2, 81, " " * 10), [("ING-035", 2, 81)], exact=False),
    Case("blank total", Z91, put(5, 8, " " * 12), [("ING-035", 5, 8)]),
    Case("letter in an account", Z91, put(3, 45, "O"), [("ING-030", 3, 45)]),
    Case("letter in a consignor", Z91, put(1, 5, "A"), [("ING-030", 1, 5)]),
    # dates
    Case("13th month", Z91, put(1, 55, "1301"), [("ING-033", 1, 55)]),
    Case("31 June", Z91, put(1, 55, "0631"), [("ING-033", 1, 55)]),
    Case("no day", Z91, put(1, 55, "0000"), [("ING-033", 1, 55)]),
    Case("blank day", Z21, put(1, 55, "    "), [("ING-035", 1, 55)]),
    Case("29 February of a common year", CVS, put(2, 4, "20250229"), [("ING-033", 2, 4)]),
    Case("25 o'clock", CVS, put(2, 12, "2500"), [("ING-033", 2, 12)]),
    Case("impossible era day", Z03, put(2, 10, "070631"), [("ING-033", 2, 10)]),
    Case("an era that cannot be told", Z03, put(2, 10, "200630"), [("ING-034", 2, 10)]),
    Case("an era that cannot be told", M300, put(1, 55, "200630"), [("ING-034", 1, 55)]),
    # barcodes
    Case("check digit", CVS, lambda r: put(3, 60, str((int(chr(r[2, 59])) + 1) % 10))(r), [("ING-036", 3, 60)]),
    Case("check digit", MUFG, lambda r: put(3, 59, str((int(chr(r[2, 58])) + 1) % 10))(r), [("ING-036", 3, 59)]),
    Case("prefix", CVS, put(2, 17, "92"), [("ING-032", 2, 17), ("ING-036", 2, 60)]),
    Case("no amount", CVS, put(5, 17, barcode(3, 0)), [("ING-067", 5, 54)], exact=False),
    Case("letter", MUFG, put(2, 20, "X"), [("ING-030", 2, 20)], exact=False),
    # several at once: all are reported
    Case(
        "several", Z91, both(put(2, 92, "ｧ"), put(3, 43, "4"), put(5, 2, "000009")),
        [("ING-031", 2, 92), ("ING-032", 3, 43), ("ING-040", 5, 2)],
    ),
]  # fmt: skip


def findings(data: bytes, format_: str | None = None) -> list[Finding]:
    with pytest.raises(Refused) as refused:
        read(data, context(format=format_), LAYOUTS)
    return refused.value.findings


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_file_is_refused_for_the_right_reason(case: Case) -> None:
    whole = valid(case.layout_id, line_end=b"")
    assert read(whole, context(), LAYOUTS).layout.id == case.layout_id
    broken = case.broken(matrix(whole, case.layout_id))
    found = findings(broken if isinstance(broken, bytes) else broken.tobytes(), case.format)
    places = [(f.code, f.line, f.byte) for f in found]
    if case.exact:
        assert places == case.expected
    else:
        assert set(case.expected) <= set(places)


@pytest.mark.parametrize("layout_id", FIXED)
@pytest.mark.parametrize("line_end", [b"", b"\r\n"])
def test_a_file_cut_anywhere_is_refused(layout_id: str, line_end: bytes) -> None:
    whole = valid(layout_id, line_end=line_end, final_line_end=False)
    last = int(LAYOUTS[layout_id].width or 0)
    for size in range(int(last * 1.2), len(whole) - last, 97):
        codes = {f.code for f in findings(whole[:size], layout_id)}
        assert codes & {"ING-021", "ING-022"}


def test_a_blank_number_is_missing_not_zero() -> None:
    records = matrix(debits(Z91, "request", line_end=b""), Z91)
    put(2, 2, "    ")(records)
    put(3, 2, "    ")(records)
    put(5, 26, " " * 12)(records)
    decoded = landed(records.tobytes(), Z91)
    assert decoded.tables["direct_debit_requests"]["bank_code"].to_pylist() == [None, None, "0140"]
    assert decoded.tables["direct_debit_requests_groups"]["paid_yen"].to_pylist() == [None]
    warned = [(w.code, w.line, w.byte, w.found) for w in decoded.warnings]
    assert warned == [("ING-039", 2, 2, "blank (2 records)"), ("ING-039", 5, 26, "blank (1 record)")]


def test_a_filler_that_is_not_blank_is_a_warning() -> None:
    records = matrix(debits(Z91, line_end=b""), Z91)
    put(3, 115, "X")(records)
    assert [(w.code, w.line, w.byte) for w in landed(records.tobytes(), Z91).warnings] == [("ING-037", 3, 115)]


def test_a_finding_shows_no_more_of_a_personal_value_than_the_offending_byte() -> None:
    records = matrix(debits(Z91, line_end=b""), Z91)
    put(2, 45, "O")(records)
    assert [f.found for f in findings(records.tobytes())] == ["'*O*****'"]


def test_utf8_is_taken_back_so_that_everything_else_is_checked_too() -> None:
    records = matrix(debits(Z91, line_end=b""), Z91)
    put(5, 2, "000009")(records)
    text = b"\r\n".join(row.tobytes() for row in records).decode("cp932").encode("utf-8")
    for data in (text, b"\xef\xbb\xbf" + text):
        places = [(f.code, f.line) for f in findings(data)]
        assert places == [("ING-012", 1), ("ING-012", 2), ("ING-012", 3), ("ING-012", 4), ("ING-040", 5)]


def test_each_group_answers_for_its_own_totals() -> None:
    groups = [debit_group("1111111111"), debit_group("2222222222", base=50)]
    records = matrix(debits(Z91, groups=groups, line_end=b""), Z91)
    records[4, 1:19], records[9, 1:19] = records[9, 1:19].copy(), records[4, 1:19].copy()
    assert [(f.code, f.line, f.byte, f.found, f.expected) for f in findings(records.tobytes())] == [
        ("ING-041", 5, 8, "300 yen", "6,000 yen"),
        ("ING-041", 10, 8, "6,000 yen", "300 yen"),
    ]


def test_many_findings_are_counted_and_the_first_are_listed() -> None:
    groups = [debit_group(codes=("0",) * 3000)]
    records = matrix(debits(Z91, groups=groups, line_end=b""), Z91)
    records[1:3001, 91] = ord('"')
    records[1:3001, 42] = ord("4")
    found = findings(records.tobytes())
    assert len(found) == MAX_LISTED + 1
    assert [(f.code, f.line, f.byte) for f in found[:3]] == [("ING-032", 2, 43), ("ING-031", 2, 92), ("ING-032", 3, 43)]
    assert (found[-1].code, found[-1].found) == ("ING-099", "6,000 findings")
