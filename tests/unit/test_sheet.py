"""The Excel sheet of an extract: what is filled in lands as the same CSV would, and what Excel changed is refused."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.layout_catalog import load_layouts
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.input_fields import input_fields
from ingestion.readers.sheet import GUIDE, SHEET, read_sheet, write_template
from tests.fixtures.csv_files import VALID, Row, file_of, only_table
from tests.fixtures.sheets import with_part

LAYOUTS = load_layouts()
EXTRACTS = sorted(name for name, layout in LAYOUTS.items() if layout.extract)
REMINDER = VALID["reminders"][0][0]


def template(layout_id: str) -> Any:
    """The template as Excel would open it."""
    file = io.BytesIO()
    write_template(LAYOUTS[layout_id], file, date(2026, 6, 1))
    return openpyxl.load_workbook(io.BytesIO(file.getvalue()))


def saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def filled(layout_id: str, *rows: dict[str, Any]) -> bytes:
    """The template with values in its rows, by header."""
    book = template(layout_id)
    columns = {cell.value: cell.column for cell in book[SHEET][1]}
    for number, row in enumerate(rows, start=2):
        for header, value in row.items():
            if value != "":
                book[SHEET].cell(number, columns[header]).value = value
    return saved(book)


def offered(data: bytes, name: str = "reminders_20260601.xlsx", **known: Any) -> Decoded:
    return read(data, Context(name, date(2026, 6, 2), **known), LAYOUTS)


def refusal(data: bytes, name: str = "reminders_20260601.xlsx", code: str = "ING-014") -> list[Finding]:
    with pytest.raises(Refused) as caught:
        offered(data, name)
    assert {f.code for f in caught.value.findings} == {code}
    return caught.value.findings


def stamped(data: bytes, saved: str | None) -> bytes:
    """The workbook as if it had been saved at that instant (UTC, as Excel notes it)."""
    told = zipfile.ZipFile(io.BytesIO(data)).read("docProps/core.xml")
    by = rb"\g<1>" + saved.encode() + rb"\g<2>" if saved else b""
    told, found = re.subn(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)", by, told)
    assert found == 1
    return with_part(data, "docProps/core.xml", told)


def without_breaks(row: Row) -> Row:
    return {header: value.replace("\n", " ") for header, value in row.items()}


@pytest.mark.parametrize("layout_id", EXTRACTS)
def test_a_filled_template_lands_as_the_same_csv_would(layout_id: str) -> None:
    rows = [without_breaks(row) for row in VALID[layout_id][0]]
    sheet = offered(filled(layout_id, *rows), f"{layout_id}_20250801_2.xlsx")
    plain = read(file_of(LAYOUTS[layout_id], rows), Context(f"{layout_id}_20250801_2.csv", date(2025, 8, 2)), LAYOUTS)
    assert (sheet.layout.id, sheet.quarantined, plain.quarantined) == (layout_id, [], [])
    assert only_table(sheet).equals(only_table(plain))
    assert (sheet.business_date, sheet.sequence_no) == (date(2025, 8, 1), 2)


@pytest.mark.parametrize("layout_id", EXTRACTS)
def test_a_template_says_what_belongs_into_it(layout_id: str) -> None:
    book = template(layout_id)
    fields = input_fields(LAYOUTS[layout_id])
    assert [cell.value for cell in book[SHEET][1]] == [f.header for f in fields]
    offered_codes = {
        str(rule.sqref).split(":")[0]: rule.formula1.strip('"').split(",")
        for rule in book[SHEET].data_validations.dataValidation
        if rule.type == "list"
    }
    for column, f in enumerate(fields, start=1):
        if f.codes:
            cell = book[SHEET].cell(2, column)
            assert offered_codes[cell.coordinate] == list(f.codes)
    guide = [[cell.value for cell in row] for row in book[GUIDE].iter_rows()]
    listed = {row[1]: row[2] for row in guide if row[1]}
    assert {h: needed == "必須" for h, needed in listed.items() if h != "項目"} == {
        f.header: not f.nullable and f.default is None for f in fields
    }


def test_an_empty_template_lands_nothing_and_says_so() -> None:
    decoded = offered(filled("reminders"))
    assert (decoded.records, [w.code for w in decoded.warnings]) == (0, ["ING-007"])
    (finding,) = refusal(filled("reminders"), "reminders_20260601_full.xlsx", "ING-008")
    assert finding.line is None


def test_the_same_layout_and_day_make_the_same_template() -> None:
    assert [cell.value for cell in template("decisions")[GUIDE]["A"]] == [
        cell.value for cell in template("decisions")[GUIDE]["A"]
    ]
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        write_template(LAYOUTS["decisions"], file, date(2026, 6, 1))
    assert files[0].getvalue() == files[1].getvalue()


def test_days_amounts_and_codes_may_be_what_excel_makes_of_them() -> None:
    typed = REMINDER | {"発送日": datetime(2025, 7, 20), "督促手数料": 100.0, "調定年度": 2025, "団体内外区分": "1"}
    assert only_table(offered(filled("reminders", typed))).select(
        ["sent_date", "reminder_fee_yen", "levy_year"]
    ).to_pylist() == [{"sent_date": date(2025, 7, 20), "reminder_fee_yen": 100, "levy_year": "2025"}]


def test_blank_rows_are_none_and_a_fault_names_the_row_of_the_sheet() -> None:
    decoded = offered(filled("reminders", REMINDER, {}, {}, REMINDER | {"論理期別": "02", "督促手数料": "百円"}))
    assert decoded.records == 1
    (row,) = decoded.quarantined
    assert (row.line, row.findings[0].line, row.findings[0].field) == (5, 5, "督促手数料")


@pytest.mark.parametrize(
    ("header", "value", "found"),
    [
        ("督促手数料", "=50+50", "a formula"),
        ("督促手数料", "#REF!", "an error value"),
        ("督促手数料", 99.5, "a fraction or a time"),
        ("督促手数料", 10**16, "a number of more than 15 digits"),
        ("督促手数料", True, "TRUE or FALSE"),
        ("発送日", datetime(2025, 7, 20, 9, 30), "a day with a time"),
        ("通知書番号", "12\n13", "a line break"),
        ("通知書番号", 12, "a number or a day"),
        ("通知書番号", datetime(2025, 1, 2), "a number or a day"),
    ],
)
def test_what_excel_may_have_changed_is_refused(header: str, value: Any, found: str) -> None:
    (finding,) = refusal(filled("reminders", REMINDER, REMINDER | {"論理期別": "02", header: value}))
    assert (finding.line, finding.found) == (3, found)


def test_which_sheet_is_meant_must_be_told() -> None:
    book = template("reminders")
    book[SHEET].title = "Sheet1"
    (finding,) = refusal(saved(book))
    assert finding.found == "2 sheets"
    del book[GUIDE]
    assert offered(saved(book)).records == 0


def test_a_line_break_in_a_remark_becomes_a_space() -> None:
    """Alt+Enter in a free text lands; the rows below keep the numbers of the sheet."""
    remark = VALID["decisions"][0][0] | {"備考": "一行目\n二行目\r\n三行目"}
    decoded = offered(
        filled("decisions", remark, remark | {"明細番号": "2", "備考": "続き"}), "decisions_20250801.xlsx"
    )
    table = only_table(decoded)
    assert table["remarks"].to_pylist() == ["一行目 二行目 三行目", "続き"]
    assert table["source_line"].to_pylist() == [2, 3]


def test_many_odd_cells_are_counted_and_the_first_are_listed() -> None:
    rows = [REMINDER | {"督促手数料": 0.5, "通知書番号": f"{number:010d}"} for number in range(1_203)]
    found = refusal_codes(filled("reminders", *rows))
    assert len(found) == 1_001
    assert (found[-1].code, found[-1].found) == ("ING-099", "1,203 findings")


def refusal_codes(data: bytes) -> list[Finding]:
    with pytest.raises(Refused) as caught:
        offered(data)
    return caught.value.findings


def test_a_payment_file_is_not_taken_from_a_workbook() -> None:
    book = openpyxl.Workbook()
    rows, _ = VALID["paid_slips"]
    book.active.append(list(rows[0]))
    book.active.append(list(rows[0].values()))
    (finding,) = refusal(saved(book), "paid_slips_20260601.xlsx")
    assert finding.found == "a workbook"


def test_an_unknown_sheet_is_of_no_layout() -> None:
    book = openpyxl.Workbook()
    book.active.append(["1911", "氏名"])
    with pytest.raises(Refused) as caught:
        offered(saved(book), "something.xlsx")
    assert caught.value.findings
    assert {f.code for f in caught.value.findings} == {"ING-001"}


@pytest.mark.parametrize(
    ("saved", "name", "number"),
    [
        (datetime(2026, 6, 1, 0, 30, 15), "reminders_20260601.xlsx", (9 * 3600 + 30 * 60 + 15) * 1000),
        (datetime(2026, 6, 1, 0, 30, 15), "reminders_20260601_7.xlsx", 7),
        (datetime(2026, 5, 31, 15, 0), "reminders_20260601.xlsx", 0),
        (datetime(2026, 6, 1, 14, 59, 59), "reminders_20260601.xlsx", 86_399_000),
    ],
)
def test_the_sheet_that_was_saved_later_on_a_day_holds(saved: datetime, name: str, number: int) -> None:
    data = stamped(filled("reminders", REMINDER), f"{saved:%Y-%m-%dT%H:%M:%SZ}")
    assert offered(data, name).sequence_no == number


def test_a_sheet_that_does_not_say_when_it_was_saved_comes_first() -> None:
    assert offered(stamped(filled("reminders", REMINDER), None)).sequence_no == 0


def test_the_business_date_may_be_told() -> None:
    decoded = offered(filled("reminders", REMINDER), "催告.xlsx", business_date=date(2026, 5, 31))
    assert decoded.business_date == date(2026, 5, 31)


CELL = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=12).filter(
    lambda text: not text.startswith("=")
)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5))
def test_texts_come_out_as_they_were_written(rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["甲", "乙", "丙"])
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            if value:
                cell = page.cell(number, column)
                cell.value, cell.data_type = value, "s"
    text = read_sheet(saved(book)).csv.decode("utf-8")
    found = list(csv.reader(io.StringIO(text)))
    meant = [row if any(row) else [] for row in rows]
    while meant and not meant[-1]:
        meant.pop()
    assert found[1 : len(meant) + 1] == meant
    assert not any(found[len(meant) + 1 :])
