"""The Excel sheet of an extract: made to be filled in, and read back as the CSV that it stands for.

Once read it is an extract like any other. What Excel may have changed on the way is refused, not guessed: formulas,
error values, and numbers where the layout wants text (leading zeros are gone). ``source_line`` is the sheet's row.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from ingestion.csv_cells import input_fields
from ingestion.findings import Finding, Refused
from ingestion.layout import FieldDef, Layout
from warehouse.clock import JST

SHEET = "記録"
GUIDE = "記入要領"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a workbook of before 2007, or one with a password
_NUMERIC = ("yen", "integer", "number")
_DAYS = ("date", "ymd")
_PROPERTIES = "docProps/core.xml"
_SAVED = re.compile(rb"<dcterms:modified[^>]*>([^<]+)<")
_MOST_BYTES = 500_000_000  # unpacked
_SAFE_DIGITS = 15  # Excel keeps no more of a number
_ROWS_TO_FILL = 500
_MILLISECOND = timedelta(milliseconds=1)
_A4 = 9
_TYPES_JA = {
    "text": "文字",
    "digits": "数字（桁数固定、先頭の0も記入）",
    "yen": "円（整数）",
    "integer": "整数",
    "number": "整数",
    "date": "日付（2026/6/1、令和8年6月1日など）",
    "ymd": "日付（20260601）",
    "hm": "時刻（0930）",
}


@dataclass(frozen=True)
class Sheet:
    """What stood on a sheet.

    csv: its cells (UTF-8). untexted: by header the rows of cells that were not text. saved_ms: when it was last saved,
    milliseconds of the day (JST), as records of staff are numbered: the later one of a day holds. 0 if it is not told.
    """

    csv: bytes
    untexted: dict[str, list[int]]
    saved_ms: int

    def require_text(self, layout: Layout) -> None:
        """Columns of text hold text: a number has lost its leading zeros, a day was made of what looked like one.

        Raises:
            Refused: ING-014 for every such cell, or the layout is not one of an extract.
        """
        if not layout.extract:
            raise _refused("a workbook", "the file as it was sent")
        # Codes, and digits of a fixed number, are found out by their own rules if they have lost a zero.
        texts = [f for f in input_fields(layout) if f.type == "text" and f.codes is None]
        findings = [
            Finding("ING-014", row, None, f.header, "a number or a day", "text (set the cell's format to 文字列)")
            for f in texts
            for row in self.untexted.get(str(f.header), [])
        ]
        if findings:
            raise Refused(findings, layout.id)


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are an Excel file, of today or of before 2007."""
    return data.startswith((_ZIP, _OLE))


def read_sheet(data: bytes) -> Sheet:
    """The cells of the sheet ``記録``, or of the only sheet, as text.

    Raises:
        Refused: ING-014: it cannot be opened, has several sheets, or holds what is no plain value.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    findings: list[Finding] = []
    untexted: dict[str, list[int]] = {}
    headers: list[str] = []
    for number, cells in enumerate(_rows(data), start=1):
        values = [_plain(cell, number, findings) for cell in cells]
        while values and values[-1] == "":
            values.pop()
        if not values:
            text.write("\n")
            continue
        if headers:
            for header, cell in zip(headers, cells, strict=False):
                if cell.value is not None and not isinstance(cell.value, str):
                    untexted.setdefault(header, []).append(number)
            values += [""] * (len(headers) - len(values))
        else:
            headers = [value.strip() for value in values]
        writer.writerow(values)
    if findings:
        raise Refused(findings)
    return Sheet(text.getvalue().encode("utf-8"), untexted, _ms_of_day(data))


def _ms_of_day(data: bytes) -> int:
    """When it was last saved, by its own properties: openpyxl would say now where they do not tell."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        found = _SAVED.search(parts.read(_PROPERTIES)) if _PROPERTIES in parts.namelist() else None
    if found is None:
        return 0
    try:
        at = datetime.fromisoformat(found[1].decode("ascii", errors="replace"))
    except ValueError:
        return 0
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(JST)
    return (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) // _MILLISECOND


def _rows(data: bytes) -> list[tuple[Any, ...]]:
    """The rows of the sheet that is meant, of cells."""
    if data.startswith(_OLE):
        raise _refused("an old or locked workbook", ".xlsx without a password")
    import openpyxl  # a tenth of a second that other files need not wait for

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _MOST_BYTES:
            raise _refused(f"{unpacked:,} bytes unpacked", f"at most {_MOST_BYTES:,}; export it as CSV")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        pages = {page.title: page for page in book.worksheets}
        if SHEET not in pages and len(pages) != 1:
            raise _refused(f"{len(pages)} sheets", f"one sheet, or one named {SHEET}")
        page = pages[SHEET] if SHEET in pages else next(iter(pages.values()))
        page.reset_dimensions()  # what the file says of its own size may be wrong
        return list(page.iter_rows())
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, ParseError, OSError, EOFError):
        raise _refused("a damaged file", "an .xlsx workbook") from None


def _refused(found: str, expected: str) -> Refused:
    return Refused([Finding("ING-014", None, None, None, found, expected)])


def _plain(cell: Any, row: int, findings: list[Finding]) -> str:
    """A cell as a CSV would have it; a finding where it is no plain value. It is not shown: it may be a person's."""
    value = cell.value
    if value is None:
        return ""
    found = None
    if cell.data_type == "f":
        found = "a formula"
    elif cell.data_type == "e":
        found = "an error value"
    elif isinstance(value, str):
        if "\n" not in value and "\r" not in value:
            return value
        found = "a line break"
    elif isinstance(value, bool):
        found = "TRUE or FALSE"
    elif isinstance(value, datetime):
        if value.time() == time():
            return f"{value:%Y%m%d}"
        found = "a day with a time"
    elif isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        if abs(value) < 10**_SAFE_DIGITS:
            return str(int(value))
        found = f"a number of more than {_SAFE_DIGITS} digits"
    else:
        found = "a fraction or a time"
    findings.append(Finding("ING-014", row, None, cell.column_letter, found, "text, a whole number or a day"))
    return ""


# --- to be filled in ---------------------------------------------------------------------------------------------


def write_template(layout: Layout, file: BinaryIO, day: date) -> None:
    """An empty sheet of an extract: headers, formats, lists of codes, and a page that says how to fill it in.

    Args:
        layout: of an extract.
        file: where to write it; the same layout and day give the same bytes.
        day: of the workbook's properties.

    Raises:
        OSError: it cannot be written.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": layout.title_ja, "created": datetime.combine(day, time())})
    font = {"font_name": "Yu Gothic", "font_size": 10}
    plain = book.add_format(font)
    heads = {
        needed: book.add_format(
            {**font, "bold": needed, "bg_color": "#FCE4D6" if needed else "#EDEDED", "border": 1, "text_wrap": True}
        )
        for needed in (True, False)
    }
    formats = {
        **dict.fromkeys(_TYPES_JA, book.add_format({**font, "num_format": "@"})),
        **dict.fromkeys(_NUMERIC, book.add_format({**font, "num_format": "#,##0"})),
        **dict.fromkeys(_DAYS, book.add_format({**font, "num_format": "yyyy/mm/dd"})),
    }
    fields = input_fields(layout)
    page = book.add_worksheet(SHEET)
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    page.set_row(0, 30)
    for column, f in enumerate(fields):
        page.set_column(column, column, max(11, 2 * len(str(f.header)) + 2), formats["text" if f.codes else f.type])
        page.write_string(0, column, str(f.header), heads[_needed(f)])
        page.data_validation(1, column, _ROWS_TO_FILL, column, _hint(f))
    _write_guide(book.add_worksheet(GUIDE), layout, fields, plain, heads)
    book.close()


def _needed(f: FieldDef) -> bool:
    return not f.nullable and f.default is None


def _hint(f: FieldDef) -> dict[str, Any]:
    """What Excel shows beside a cell that is being filled in, and the codes that it offers."""
    meant = "、".join(f"{code} {meaning}" for code, meaning in (f.codes or {}).items())
    said = "\n".join(part for part in ("必須" if _needed(f) else "空欄可", _TYPES_JA[f.type], meant) if part)
    hint: dict[str, Any] = {"validate": "any", "input_title": str(f.header)[:32], "input_message": said[:255]}
    if f.codes and len(",".join(f.codes)) <= 255:
        hint |= {"validate": "list", "source": list(f.codes), "error_message": f"{meant or '一覧の値'}"[:255]}
    return hint


def _write_guide(page: Any, layout: Layout, fields: list[FieldDef], plain: Any, heads: dict[bool, Any]) -> None:
    from xlsxwriter.utility import xl_col_to_name

    steps = [
        f"{layout.title_ja}（{layout.id}）の記入要領",
        f"1. シート「{SHEET}」の2行目から、1件を1行に記入します。見出しの行は変えないでください。",
        "2. 先頭が0の番号は、0も含めて文字列で記入します。数式、セル内の改行は使えません。",
        f"3. {layout.id}_YYYYMMDD.xlsx（YYYYMMDD は記録の日）の名前で保存し、受入フォルダ（inbox）に置きます。"
        "同じ主キーの記録は、その日の最後に保存したものが有効です。",
        "4. 誤りのあるときは、理由書を付けて返却されます。訂正し、もう一度置いてください。",
    ]
    for row, step in enumerate(steps):
        page.write_string(row, 0, step, plain)
    first = len(steps) + 1
    for column, name in enumerate(("列", "項目", "必須", "形", "桁数", "値")):
        page.write_string(first, column, name, heads[False])
    for row, f in enumerate(fields, start=first + 1):
        codes = "、".join(f"{code} {meaning}" for code, meaning in (f.codes or {}).items())
        default = f"（空欄は {f.default}）" if f.default is not None else ""
        width = "" if f.width is None else str(f.width) if f.type == "digits" else f"{f.width}まで"
        cells = (
            xl_col_to_name(row - first - 1),
            str(f.header),
            "必須" if _needed(f) else "",
            _TYPES_JA[f.type],
            width,
            codes + default,
        )
        for column, cell in enumerate(cells):
            page.write_string(row, column, cell, plain)
    for column, width_of in enumerate((6, 24, 8, 34, 10, 70)):
        page.set_column(column, column, width_of)
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
