"""The Excel sheet of an extract: made to be filled in, and read back as the CSV that it stands for.

Once read it is an extract like any other. What Excel may have changed on the way is refused, not guessed: formulas,
error values, and numbers where the layout wants text (leading zeros are gone). ``source_line`` is the sheet's row, so
a line break within a cell (Alt+Enter) becomes a space, and is one only where the layout says that a text is free.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from ingestion.layout import FieldDef, Layout
from ingestion.readers.collector import MAX_LISTED, listed
from ingestion.readers.findings import Finding, Refused
from ingestion.readers.input_fields import input_fields
from ingestion.readers.workbook import Cells, Odd, Value, Workbook, column_letters
from osame.bilingual import said
from osame.clock import JST

SHEET = "記録"
GUIDE = "記入要領"
_NUMERIC = ("yen", "integer", "number")
_DAYS = ("date", "ymd")
_SAFE_DIGITS = 15  # Excel keeps no more of a number
_MOST_OF_GRID = 20_000_000  # rows times columns: what a sheet becomes as a CSV
_ROWS_TO_FILL = 500
_MILLISECOND = timedelta(milliseconds=1)
_LINE_BREAKS = re.compile(r"[\r\n]+")
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

    csv: its cells (UTF-8). untexted, broken: by header the rows of cells that were not text, and of those with a line
    break. saved_ms: when it was last saved, milliseconds of the day (JST), as records of staff are numbered: the later
    one of a day holds. 0 if it is not told.
    """

    csv: bytes
    untexted: dict[str, list[int]]
    broken: dict[str, list[int]]
    saved_ms: int

    def require_layout(self, layout: Layout) -> None:
        """Columns of text hold text, in one line: a number has lost its leading zeros, a day was a text that looked so.

        Raises:
            Refused: ING-014 for every cell that does not, or the layout is not one of an extract.
        """
        if not layout.extract:
            raise _refused(
                said("a workbook", "ワークブック"), said("the file as it was sent", "送られてきたままのファイル")
            )
        fields = input_fields(layout)
        text = said("text (set the cell's format to 文字列)", "文字列（セルの書式を「文字列」にして記入）")
        # Codes, and digits of a fixed number, are found out by their own rules if they have lost a zero.
        findings = [
            Finding("ING-014", row, None, f.header, said("a number or a day", "数値又は日付"), text)
            for f in fields
            if f.type == "text" and f.codes is None
            for row in self.untexted.get(str(f.header), [])
        ]
        findings += [
            Finding("ING-014", row, None, f.header, said("a line break", "セル内の改行"), said("one line", "1行の値"))
            for f in fields
            if not f.descriptive
            for row in self.broken.get(str(f.header), [])
        ]
        if findings:
            raise Refused(listed(sorted(findings, key=lambda f: f.line or 0)), layout.id)


def read_sheet(data: bytes) -> Sheet:
    """The cells of the sheet ``記録``, or of the only sheet, as text.

    Raises:
        Refused: it cannot be opened (ING-015 to -018), has several sheets, or holds what is no plain value (ING-014).
    """
    book = Workbook(data)
    if SHEET not in book.sheets and len(book.sheets) != 1:
        count = len(book.sheets)
        expected = said(f"one sheet, or one named {SHEET}", f"シート1枚、又は「{SHEET}」という名前のシート")
        raise _refused(said(f"{count} sheets", f"シート{count}枚"), expected)
    rows = _Rows()
    book.rows(SHEET if SHEET in book.sheets else book.sheets[0], rows.add)
    if rows.findings:
        raise Refused(listed(rows.findings, rows.count))
    return Sheet(rows.text.getvalue().encode("utf-8"), rows.untexted, rows.broken, _ms_of_day(book.saved()))


def _ms_of_day(saved: datetime | None) -> int:
    if saved is None:
        return 0
    try:
        at = saved.astimezone(JST)
    except OverflowError:  # the last day that there is
        return 0
    return (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) // _MILLISECOND


def _refused(found: str, expected: str, code: str = "ING-014") -> Refused:
    return Refused([Finding(code, None, None, None, found, expected)])


class _Rows:
    """The rows of a sheet on their way to a CSV, every one on the line of its number."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.findings: list[Finding] = []  # the first of them
        self.count = 0
        self.untexted: dict[str, list[int]] = {}
        self.broken: dict[str, list[int]] = {}
        self._writer = csv.writer(self.text, lineterminator="\n")
        self._headers: dict[int, str] = {}
        self._width = 0
        self._line = 0
        self._size = 0

    def add(self, row: int, cells: Cells) -> None:
        """One row that holds something; the first of them is the header."""
        values: dict[int, str] = {}
        for column, value in cells.items():
            text = self._plain(value, row, column)
            header = self._headers.get(column, "")
            if not isinstance(value, str):
                self.untexted.setdefault(header, []).append(row)
            elif "\n" in text or "\r" in text:
                if not self._headers:
                    self._odd(row, column, said("a line break", "セル内の改行"))
                self.broken.setdefault(header, []).append(row)
                text = _LINE_BREAKS.sub(" ", text)
            values[column] = text
        if not self._headers:
            self._headers = {column: text.strip() for column, text in values.items()}
            self._width = max(self._headers)
        within = [values.pop(column, "") for column in range(1, self._width + 1)]
        # A value without a header makes the row too long, as it would in a CSV, wherever it stands.
        written = [*within, *(values[column] for column in sorted(values))]
        self._size += len(written)
        if self._size > _MOST_OF_GRID:
            limit = f"{_MOST_OF_GRID:,}"
            raise _refused(
                said(f"more than {limit} cells in rows and columns", f"行数×列数が{limit}を超える表"),
                said("a CSV for so many", "この件数は CSV で"),
                "ING-018",
            )
        self.text.write("\n" * (row - self._line - 1))
        self._line = row
        self._writer.writerow(written)

    def _plain(self, value: Value, row: int, column: int) -> str:
        """A value as a CSV would have it; a finding where it is no plain one. It is not shown: it may be a person's."""
        if isinstance(value, str):
            return value
        if isinstance(value, date):
            return f"{value:%Y%m%d}"
        if isinstance(value, Odd):
            return self._odd(row, column, value.what)
        if value.adjusted() >= _SAFE_DIGITS:
            found = said(f"a number of more than {_SAFE_DIGITS} digits", f"{_SAFE_DIGITS}桁を超える数値")
            return self._odd(row, column, found)
        if value != value.to_integral_value():
            return self._odd(row, column, said("a fraction or a time", "小数又は時刻"))
        return str(int(value))

    def _odd(self, row: int, column: int, found: str) -> str:
        expected = said("text, a whole number or a day", "文字、整数又は日付")
        where = column_letters(column)
        self.count += 1
        if len(self.findings) < MAX_LISTED:
            self.findings.append(Finding("ING-014", row, None, said(where, f"{where}列"), found, expected))
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
        "2. 先頭が0の番号は、0も含めて文字列で記入します。数式は使えません。"
        "セル内の改行は備考などの文章に限り使えます（空白に置き換わります）。",
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
