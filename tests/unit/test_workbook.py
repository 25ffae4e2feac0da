"""Workbooks that Excel makes, oddly grown ones too, are read in bounds; what it does not make is refused."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from ingestion.layout_catalog import load_layouts
from ingestion.read import read
from ingestion.readers import sheet
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.input_fields import input_fields
from ingestion.readers.workbook import Cells, Odd, Workbook, column_letters
from tests.fixtures.csv_files import VALID, only_table
from tests.fixtures.sheets import SHEET_PART, inline, packed, parts_of, row_of, with_part, workbook

LAYOUTS = load_layouts()
REMINDER = VALID["reminders"][0][0]
HEADERS = [str(f.header) for f in input_fields(LAYOUTS["reminders"])]
VALUES = [REMINDER.get(header, "") for header in HEADERS]
NAME = "reminders_20260601.xlsx"
MEGABYTE = 1_000_000


def offered(data: bytes) -> Decoded:
    return read(data, Context(NAME, date(2026, 6, 2)), LAYOUTS)


def refusal(data: bytes) -> Finding:
    with pytest.raises(Refused) as caught:
        offered(data)
    (finding,) = caught.value.findings
    assert finding.english()
    assert finding.japanese()
    return finding


def peak(data: bytes) -> int:
    """The most memory that reading takes, in bytes."""
    tracemalloc.start()
    try:
        offered(data)
    except Refused:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def reminders(count: int, after: str = "") -> list[str]:
    """A header and rows that differ in their notice number; ``after`` stands behind the cells, ``#`` is the row."""
    at = HEADERS.index("通知書番号")
    rows = [row_of(1, HEADERS)]
    for number in range(2, count + 2):
        values = [*VALUES[:at], f"{number:010d}", *VALUES[at + 1 :]]
        rows.append(row_of(number, values, after.replace("#", str(number))))
    return rows


def cells_of(data: bytes) -> dict[int, Cells]:
    found: dict[int, Cells] = {}
    book = Workbook(data)
    book.rows(book.sheets[0], lambda row, cells: found.update({row: cells}))
    return found


# --- what Excel leaves behind -------------------------------------------------------------------------------------


def test_an_empty_cell_in_the_last_column_costs_nothing() -> None:
    data = workbook(reminders(3_000, after='<c r="XFD#" s="1"/>'))
    assert peak(data) < 40 * MEGABYTE
    assert offered(data).records == 3_000


def test_formatted_rows_and_cells_without_a_value_are_none() -> None:
    """A row whose format meets that of all columns has 16,384 cells; a deleted table leaves rows to the last one."""
    blank = "".join(f'<c r="{column_letters(column)}4" s="1"/>' for column in range(1, 16_385))
    ghosts = [
        f'<row r="4" s="1" customFormat="1">{blank}</row>',
        '<row r="700"/>',
        '<row r="1048576"><c r="B1048576"/></row>',
    ]
    decoded = offered(workbook([*reminders(2), *ghosts]))
    assert (decoded.records, decoded.quarantined) == (2, [])


def test_a_value_far_below_has_the_number_of_its_row() -> None:
    last = row_of(1_048_576, VALUES)
    assert only_table(offered(workbook([*reminders(1), last])))["source_line"].to_pylist() == [2, 1_048_576]


def test_a_value_right_of_the_table_breaks_its_row_alone() -> None:
    data = workbook([*reminders(1), row_of(3, VALUES, after=inline("XFD3", "メモ")), *reminders(4)[3:]])
    decoded = offered(data)
    assert decoded.records == 3
    assert [(q.line, q.findings[0].code) for q in decoded.quarantined] == [(3, "ING-061")]


def test_readings_and_runs_and_escapes_of_a_text() -> None:
    reading = '<rPh sb="0" eb="2"><t>ノウゼイ</t></rPh>'
    cells = (
        f'<c r="A1" t="inlineStr"><is><r><t>納</t></r><r><t>税</t></r>{reading}</is></c>'
        '<c r="B1" t="str"><v>一_x000D_&#10;二</v></c><c r="C1" t="str"><v>_x005F_x000D_</v></c>'
    )
    assert cells_of(workbook([f'<row r="1">{cells}</row>'])) == {1: {1: "納税", 2: "一\r\n二", 3: "_x000D_"}}


def test_days_in_the_formats_of_excel_in_japan() -> None:
    """14 is a built-in date, 164 one of the file (和暦), 31 one that only Japan has: 2026-06-01 in all of them."""
    cells = "".join(f'<c r="{c}1" s="{s}"><v>46174</v></c>' for c, s in (("A", 0), ("B", 1), ("C", 2), ("D", 3)))
    day = date(2026, 6, 1)
    assert cells_of(workbook([f'<row r="1">{cells}</row>'])) == {1: {1: Decimal(46174), 2: day, 3: day, 4: day}}


@pytest.mark.parametrize("value", ["46174.5", "0.25", "-3", "99999999999", "1E+300"])
def test_a_date_cell_that_holds_no_day_is_odd(value: str) -> None:
    assert isinstance(cells_of(workbook([f'<row r="1"><c r="A1" s="1"><v>{value}</v></c></row>']))[1][1], Odd)


def test_the_same_cells_as_openpyxl() -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["文字", 12, 12.5, date(2026, 6, 1), True, "=1+1", None, "0012"])
    page.cell(9, 3).value = -7
    out = io.BytesIO()
    book.save(out)
    found = cells_of(out.getvalue())
    assert [found[1][c] for c in (1, 2, 3, 4, 8)] == ["文字", Decimal(12), Decimal("12.5"), date(2026, 6, 1), "0012"]
    assert all(isinstance(found[1][c], Odd) for c in (5, 6))
    assert found[9] == {3: Decimal(-7)}


# --- bounds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1048577", "30000000", "999999999999999999"])
def test_a_row_beyond_those_of_excel_is_refused(number: str) -> None:
    data = workbook([*reminders(1), f'<row r="{number}"><c><v>1</v></c></row>'])
    assert peak(data) < 10 * MEGABYTE
    finding = refusal(data)
    assert (finding.code, finding.found) == ("ING-018", f"row {int(number):,}")


def test_a_part_that_would_fill_the_memory_is_not_unpacked() -> None:
    blanks = "<c/>" * 4_000_000
    data = workbook([f'<row r="1">{blanks}</row>'])
    assert len(data) < MEGABYTE
    assert peak(data) < 10 * MEGABYTE
    finding = refusal(data)
    assert finding.code == "ING-018"
    assert "bytes unpacked" in finding.found


def test_rows_times_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f'<row><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 3_000))
    data = workbook([f'<row r="1">{inline("A1", "甲")}{inline("XFD1", "乙")}</row>', rows])
    assert refusal(data).code == "ING-018"
    monkeypatch.setattr(sheet, "_MOST_OF_GRID", sheet._MOST_OF_GRID // 5)  # memory is traced slowly
    assert peak(data) < 120 // 5 * MEGABYTE
    assert refusal(data).code == "ING-018"


def test_a_tag_without_an_end_is_not_read_again_and_again() -> None:
    data = packed(parts_of([], sheet1="<worksheet " + "a" * 3_000_000))
    assert refusal(data).found == f"a tag that does not end ({SHEET_PART})"


def test_a_zip_of_very_many_files_is_not_listed() -> None:
    data = packed({f"{n}.txt": "" for n in range(10_001)})
    assert refusal(data).code == "ING-015"


# --- what no Excel makes ------------------------------------------------------------------------------------------

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>"
)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ('<row r="5"/><row r="4"/>', "rows out of order"),
        ('<row r="4"/><row r="4"/>', "rows out of order"),
        ('<row r="x"/>', "a row without a number"),
        ('<row r="1"><c r="A2"><v>1</v></c></row>', "a cell in the wrong row"),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>', "two cells in one place"),
        ('<row r="1"><c r="ZZZ1"><v>1</v></c></row>', "a column that Excel has not"),
        ('<row r="1"><c r="1"><v>1</v></c></row>', "a cell without a place"),
        ('<c r="A1"><v>1</v></c>', "a cell outside of a row"),
        ('<row r="1"><c r="A1"><v>１</v></c></row>', "a number that is none"),
        ('<row r="1"><c r="A1"><v>1_0</v></c></row>', "a number that is none"),
        ('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', "a text that is not there"),
        ('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', "a text that is not there"),
        ('<row r="1"><c r="A1" t="q"><v>0</v></c></row>', "a cell of type 'q'"),
        (f'<row r="1"><c r="A1" t="str"><v>{"あ" * 32_768}</v></c></row>', "a cell of more than 32,767 characters"),
    ],
)
def test_cells_that_no_excel_writes_are_refused(rows: str, found: str) -> None:
    finding = refusal(workbook([rows]))
    assert (finding.code, finding.found) == ("ING-017", f"{found} ({SHEET_PART})")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (ENTITIES, "a document type (entities)"),
        ('<?xml version="1.0" encoding="Shift_JIS"?><worksheet/>', "XML in Shift_JIS, not UTF-8"),
        ("", "no XML in line 1"),
        ("<worksheet><sheetData>", "no XML in line 1"),
        (b"<worksheet>\n\xff\xff</worksheet>", "no XML in line 2"),
        ("plain", "no XML in line 1"),
    ],
)
@pytest.mark.parametrize("part", ["sheet1", "workbook", "styles"])
def test_xml_that_no_excel_writes_is_refused(part: str, content: str | bytes, found: str) -> None:
    finding = refusal(workbook(reminders(1), **{part: content}))
    assert (finding.code, finding.found.split(" (xl/")[0]) == ("ING-017", found)


def test_a_workbook_in_utf_16_is_read() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + str(parts_of(reminders(2))[SHEET_PART]).partition("?>")[2]
    assert offered(workbook([], sheet1=text.encode("utf-16"))).records == 2


def altered(data: bytes, part: str, *, flags: int | None = None, method: int | None = None, crc: bool = False) -> bytes:
    """The zip with other flags, another packing method or another check sum of one part, in both of its places."""
    out = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        local = parts.getinfo(part).header_offset
    central = data.index(part.encode(), data.index(b"PK\x01\x02")) - 46
    for at, where in ((local, 6), (central, 8)):
        if flags is not None:
            struct.pack_into("<H", out, at + where, flags)
        if method is not None:
            struct.pack_into("<H", out, at + where + 2, method)
        if crc:
            struct.pack_into("<I", out, at + where + 8, 0x12345678)
    return bytes(out)


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        ({"flags": 1}, "ING-016", f"an encrypted part ({SHEET_PART})"),
        ({"flags": 0x40}, "ING-017", f"a part that cannot be unpacked ({SHEET_PART})"),
        ({"flags": 0x20}, "ING-017", f"a part that cannot be unpacked ({SHEET_PART})"),
        ({"method": 1}, "ING-017", f"a part packed by method 1 ({SHEET_PART})"),
        ({"method": 9}, "ING-017", f"a part packed by method 9 ({SHEET_PART})"),
        ({"method": 14}, "ING-017", f"a part packed by method 14 ({SHEET_PART})"),
        ({"method": 99}, "ING-017", f"a part packed by method 99 ({SHEET_PART})"),
        ({"method": 0}, "ING-017", None),
        ({"crc": True}, "ING-017", f"a part that cannot be unpacked ({SHEET_PART})"),
    ],
)
def test_an_oddly_packed_part_is_refused(change: dict[str, int], code: str, found: str | None) -> None:
    finding = refusal(altered(workbook(reminders(1)), SHEET_PART, **change))  # type: ignore[arg-type]
    assert finding.code == code
    assert found is None or finding.found == found


@pytest.mark.parametrize("part", [SHEET_PART, "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
def test_a_missing_part_is_refused(part: str) -> None:
    parts = parts_of(reminders(1))
    del parts[part]
    assert refusal(packed(parts)).found == f"a part that is missing ({part})"


def test_two_parts_of_one_name_are_refused() -> None:
    out = io.BytesIO(workbook(reminders(1)))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as file:
        file.writestr(SHEET_PART, "<worksheet/>")
    assert refusal(out.getvalue()).found == "two parts of one name"


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_workbook_that_was_cut_off_is_refused(keep: float) -> None:
    data = workbook(reminders(20))
    finding = refusal(data[: int(len(data) * keep)])
    assert (finding.code, finding.found) == ("ING-017", "a workbook without its end")


# --- what is no workbook ------------------------------------------------------------------------------------------


def ole(*streams: str) -> bytes:
    """The beginning of a file in Microsoft's old container, and the names of its streams."""
    names = b"".join(name.encode("utf-16-le").ljust(64, b"\0") + b"\1" * 64 for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(1_024, b"\0") + names


@pytest.mark.parametrize(
    ("data", "code", "found"),
    [
        (packed({"振替結果.dat": "191", "読んでください.txt": ""}), "ING-015", "a zip archive of 2 files"),
        (packed({}), "ING-015", "a zip archive of 0 files"),
        (b"PK\x03\x04" + b"0" * 100, "ING-017", "a damaged zip archive"),
        (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), "ING-016",
         "an OpenDocument file (.ods)"),
        (packed({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}), "ING-016", "a Word or PowerPoint file"),
        (packed({"[Content_Types].xml": "<x/>", "xl/workbook.bin": ""}), "ING-016", "a binary workbook (.xlsb)"),
        (packed({"[Content_Types].xml": "<x/>", "xl/styles.xml": ""}), "ING-017", "xl/workbook.xml is missing"),
        (ole("EncryptionInfo", "EncryptedPackage"), "ING-016", "a workbook with a password"),
        (ole("Workbook", "\x05SummaryInformation"), "ING-016", "a workbook of Excel 97-2003 (.xls)"),
        (ole("Book"), "ING-016", "a workbook of Excel 97-2003 (.xls)"),
        (ole("WordDocument"), "ING-016", "an old Office file, or one with a password"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_called_by_its_name(data: bytes, code: str, found: str) -> None:
    finding = refusal(data)
    assert (finding.code, finding.found) == (code, found)
    if code == "ING-015":
        assert "zip" in finding.kind.advice_ja
        assert "展開" in finding.kind.advice_ja


def test_a_saved_time_beyond_all_days_is_none() -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADERS)
    out = io.BytesIO()
    book.save(out)
    told = zipfile.ZipFile(io.BytesIO(out.getvalue())).read("docProps/core.xml")
    at = told.index(b"</dcterms:modified>")
    spoilt = told[: at - 20] + b"9999-12-31T23:59:59Z" + told[at:]
    assert offered(with_part(out.getvalue(), "docProps/core.xml", spoilt)).sequence_no == 0
    assert zlib.crc32(spoilt) != zlib.crc32(told)
