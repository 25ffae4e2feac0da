"""An Excel workbook, read in one bounded pass: the cells of one sheet that hold something, row by row.

Nothing that the file says of its own size is believed, and no more is unpacked than is read. Blank cells cost nothing,
wherever they stand: Excel leaves formatted ones in far columns and rows. What no Excel writes (other encodings of XML,
entities, rows out of order, two cells in one place) is refused rather than guessed at.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NoReturn, Protocol, TypeAlias
from xml.parsers import expat

from ingestion.readers.findings import Finding, Refused
from osame.bilingual import in_japanese, said

_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # with files, without any, in several volumes
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a workbook of before 2007, or one with a password

# Excel's own limits: what is beyond them was not made by it.
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767  # of a cell
# Ours: a sheet that people fill in stays far below; a larger export comes as CSV.
_MOST_CELLS = 3_000_000  # blank ones included; as many texts
_MOST_BYTES = 200_000_000  # of one part, unpacked
_MOST_PROPERTIES = 1_000_000
_MOST_PARTS = 10_000
# Deflate packs 1,000:1 at the utmost. Large sheets of people are packed 10:1 to 60:1.
_BOMB_BYTES, _BOMB_RATIO = 10_000_000, 250
_CHUNK = 65_536
_MOST_TOKEN = 1_000_000  # one tag or comment: the parser goes over it again with every chunk

_DIRECTORY_ENTRY = b"PK\x01\x02"
_MAIN_PART = "xl/workbook.xml"
_PROPERTIES = "docProps/core.xml"
_SAVED = re.compile(rb"<dcterms:modified[^>]*>([^<]+)<")
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{0,400})?([eE][+-]?[0-9]{1,4})?")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATES = range(0xD800, 0xE000)
_DAY_0, _DAY_0_OF_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - days on a sheet have no zone
_NO_LEAP_DAY = 60  # Excel counts a 29 February 1900
_MS_OF_DAY = 86_400_000
_DATE_FORMATS = frozenset({*range(14, 23), *range(45, 48), *range(27, 37), *range(50, 59)})  # the latter two: Japanese
_NOT_OF_A_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]', re.IGNORECASE)
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,  # NotImplementedError too: what zipfile says of oddly packed parts
)


@dataclass(frozen=True, slots=True)
class Odd:
    """What stands in a cell and is no plain value: a formula, an error, a time, TRUE."""

    what: str


Value: TypeAlias = str | Decimal | date | Odd
Cells: TypeAlias = dict[int, Value]  # by column, from 1; blank ones are not there
OnRow: TypeAlias = Callable[[int, Cells], None]

_FORMULA = Odd(said("a formula", "数式"))
_ERROR = Odd(said("an error value", "エラー値"))
_TRUTH = Odd(said("TRUE or FALSE", "TRUE 又は FALSE"))
_TIME = Odd(said("a fraction or a time", "小数又は時刻"))
_INSTANT = Odd(said("a day with a time", "時刻の付いた日付"))


def column_letters(column: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are an Excel file, of today or of before 2007, or something that is packed like one."""
    return data.startswith((*_ZIP_MARKS, _OLE_MARK))


class Workbook:
    """An opened workbook: its sheets, and when it was last saved."""

    def __init__(self, data: bytes) -> None:
        """Open a workbook.

        Raises:
            Refused: it is none (ING-015, -016), or it is damaged (ING-017) or too large (ING-018).
        """
        self._zip = _opened(data)
        names = [part.filename for part in self._zip.infolist()]
        main = self._main_part(names)
        if main is None:
            raise self._other_zip(names)
        if len(set(names)) < len(names):
            raise _damaged(None, said("two parts of one name", "同じ名前の部品が2つ"))
        book = _Book()
        self._parse(main, book)
        related = self._relations(main)
        self._day_0 = _DAY_0_OF_1904 if book.is_1904 else _DAY_0
        self._sheets = {name: related[link][1] for name, link in book.sheets if _leads_to_sheet(related.get(link))}
        parts = dict(related.values())
        self._strings_part, self._styles_part = parts.get("sharedStrings"), parts.get("styles")

    @property
    def sheets(self) -> list[str]:
        """The names of its sheets; charts are none."""
        return list(self._sheets)

    def rows(self, sheet: str, on_row: OnRow) -> None:
        """Give the rows of a sheet that hold anything to ``on_row``, in order.

        Raises:
            Refused: the sheet is damaged (ING-017) or too large (ING-018), or ``on_row`` refuses it.
        """
        strings, styles = _Strings(), _Styles()
        for part, handler in ((self._strings_part, strings), (self._styles_part, styles)):
            if part is not None:
                self._parse(part, handler)
        self._parse(self._sheets[sheet], _Sheet(strings.found, styles, self._day_0, on_row))

    def saved(self) -> datetime | None:
        """When it was last saved, by its own properties.

        Raises:
            Refused: the properties are damaged (ING-017).
        """
        if _PROPERTIES not in self._zip.NameToInfo:
            return None
        told = _SAVED.search(b"".join(self._chunks(_PROPERTIES, _MOST_PROPERTIES)))
        if told is None:
            return None
        try:
            at = datetime.fromisoformat(told[1].decode("ascii", errors="replace"))
        except ValueError:
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def _main_part(self, names: list[str]) -> str | None:
        """The part that lists the sheets; None where there is none, as in a plain zip."""
        if "_rels/.rels" in names:
            main = dict(self._relations("").values()).get("officeDocument")
            if main is not None and posixpath.basename(main).lower() == posixpath.basename(_MAIN_PART):
                return main
        return _MAIN_PART if _MAIN_PART in names else None

    def _other_zip(self, names: list[str]) -> Refused:
        """What a zip is that is no workbook."""
        as_xlsx = said("saved as .xlsx", ".xlsx で保存したもの")
        if "xl/workbook.bin" in names:
            return _refused(
                "ING-016", said("a binary workbook (.xlsb)", "バイナリ形式のワークブック（.xlsb）"), as_xlsx
            )
        if "mimetype" in names and "content.xml" in names:
            return _refused(
                "ING-016", said("an OpenDocument file (.ods)", "OpenDocument のファイル（.ods など）"), as_xlsx
            )
        if any(name.startswith(("word/", "ppt/")) for name in names):
            return _refused("ING-016", said("a Word or PowerPoint file", "Word 又は PowerPoint のファイル"), as_xlsx)
        if any(name.startswith("xl/") for name in names):
            return _damaged(None, said(f"{_MAIN_PART} is missing", f"{_MAIN_PART} がない"))
        return _is_zip(len(names))

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Relation id -> (kind, the part that it leads to)."""
        folder, name = posixpath.split(part)
        listed = _Relations()
        self._parse(posixpath.join(folder, "_rels", f"{name}.rels"), listed)
        return {
            link: (kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
            for link, kind, target in listed.found
        }

    def _chunks(self, part: str, most: int = _MOST_BYTES) -> Iterator[bytes]:
        """The bytes of a part, a little at a time: a zip never gives more of a part than the size that was checked."""
        info = self._zip.NameToInfo.get(part)
        if info is None:
            raise _damaged(part, said("a part that is missing", "部品がない"))
        if info.flag_bits & 0x1:
            found = said(f"an encrypted part ({part})", f"暗号化された部品（{part}）")
            raise _refused("ING-016", found, _NO_PASSWORD)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            how = info.compress_type
            raise _damaged(part, said(f"a part packed by method {how}", f"圧縮方式 {how} の部品"))
        bomb = info.file_size > _BOMB_BYTES and info.file_size > _BOMB_RATIO * info.compress_size
        if info.file_size > most or bomb:
            size = info.file_size
            raise _too_large(
                said(f"{part} with {size:,} bytes unpacked", f"展開後 {size:,} バイトの {part}"),
                said(f"at most {_BOMB_BYTES if bomb else most:,}", f"{_BOMB_BYTES if bomb else most:,} バイト以内"),
            )
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except _UNREADABLE:
            raise _damaged(part, said("a part that cannot be unpacked", "展開できない部品")) from None

    def _parse(self, part: str, handler: _Handler) -> None:
        """Read one part of XML.

        Raises:
            Refused: it cannot be unpacked, or is no XML as Excel writes it.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = lambda name, attributes: handler.start(name.rpartition(" ")[2], attributes)
        parser.EndElementHandler = lambda name: handler.end(name.rpartition(" ")[2])
        parser.CharacterDataHandler = handler.text
        parser.StartDoctypeDeclHandler = _no_entities
        parser.XmlDeclHandler = _only_unicode
        fed = 0
        try:
            for chunk in self._chunks(part):
                parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - parser.CurrentByteIndex > _MOST_TOKEN:
                    _wrong(said("a tag that does not end", "終わりのないタグ"))
            parser.Parse(b"", True)
        except _Wrong as wrong:
            raise _damaged(part, wrong.what) from None
        except expat.ExpatError as error:
            raise _damaged(part, said(f"no XML in line {error.lineno}", f"{error.lineno}行目がXMLでない")) from None


def _leads_to_sheet(relation: tuple[str, str] | None) -> bool:
    return relation is not None and relation[0] == "worksheet"


# --- what is no workbook ------------------------------------------------------------------------------------------


class _Wrong(Exception):
    """Something that no Excel writes, found while a part is parsed."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _wrong(what: str) -> NoReturn:
    raise _Wrong(what)


def _refused(code: str, found: str, expected: str) -> Refused:
    return Refused([Finding(code, None, None, None, found, expected)])


_WHOLE = said("a whole .xlsx workbook", "壊れていない .xlsx のワークブック")
_NO_PASSWORD = said("an .xlsx without a password", "パスワードのない .xlsx")


def _damaged(part: str | None, what: str) -> Refused:
    found = what if part is None else said(f"{what} ({part})", f"{in_japanese(what)}（{part}）")
    return _refused("ING-017", found, _WHOLE)


def _too_large(found: str, expected: str) -> Refused:
    return _refused("ING-018", found, expected)


def _is_zip(count: int) -> Refused:
    found = said(f"a zip archive of {count:,} files", f"{count:,}個のファイルを入れた zip")
    return _refused("ING-015", found, said("the files that are in it", "中のファイル"))


def _opened(data: bytes) -> zipfile.ZipFile:
    if data.startswith(_OLE_MARK):
        raise _refused("ING-016", _kind_of_ole(data), _NO_PASSWORD)
    parts = data.count(_DIRECTORY_ENTRY)
    if parts > _MOST_PARTS:  # the list alone would take long to read
        raise _is_zip(parts)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _UNREADABLE:
        # Its list of parts stands at the end: what it was is told by the first of them.
        if any(mark in data[:4_096] for mark in (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/")):
            raise _damaged(None, said("a workbook without its end", "末尾のないワークブック")) from None
        raise _damaged(None, said("a damaged zip archive", "壊れた zip")) from None


def _kind_of_ole(data: bytes) -> str:
    """What a file in Microsoft's old container is, by the names of its streams."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return said("a workbook with a password", "パスワードのかかったワークブック")
    if any(f"{name}\0".encode("utf-16-le") in data for name in ("Workbook", "Book")):
        return said("a workbook of Excel 97-2003 (.xls)", "Excel 97-2003 のワークブック（.xls）")
    return said("an old Office file, or one with a password", "古い形式又はパスワードのかかった Office のファイル")


# --- parts --------------------------------------------------------------------------------------------------------

_Attributes: TypeAlias = dict[str, str]


class _Handler(Protocol):
    """What is told of a part while it is parsed: names without their namespace."""

    def start(self, name: str, attributes: _Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, data: str) -> None: ...


def _no_entities(*_: object) -> None:
    _wrong(said("a document type (entities)", "文書型宣言（実体）"))


def _only_unicode(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "utf-16"):
        _wrong(said(f"XML in {encoding[:20]}, not UTF-8", f"UTF-8 でなく {encoding[:20]} の XML"))


class _Silent:
    """A handler that looks at tags only."""

    def end(self, name: str) -> None:
        """Nothing."""

    def text(self, data: str) -> None:
        """Nothing."""


class _Relations(_Silent):
    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []

    def start(self, name: str, attributes: _Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))


class _Book(_Silent):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.is_1904 = False

    def start(self, name: str, attributes: _Attributes) -> None:
        if name == "workbookPr":
            self.is_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            self.sheets.append((attributes.get("name", ""), link))


class _Styles(_Silent):
    """Which formats of cells are those of a day or a time, and which of a duration."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._formats: list[str] = []
        self._known: dict[str, tuple[bool, bool]] = {}
        self._in_formats = False

    def start(self, name: str, attributes: _Attributes) -> None:
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_formats = True
        elif name == "xf" and self._in_formats:
            self._formats.append(attributes.get("numFmtId", ""))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_formats = False

    def of(self, style: str | None) -> tuple[bool, bool]:
        """Whether a style is that of a day or time, and whether of a duration."""
        key = style or "0"
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._told(key)
        return found

    def _told(self, style: str) -> tuple[bool, bool]:
        index = int(style) if style.isascii() and style.isdigit() and len(style) < 10 else len(self._formats)
        number = self._formats[index] if index < len(self._formats) else ""
        code = self._codes.get(number)
        if code is None:
            return number.isdigit() and int(number[:9]) in _DATE_FORMATS, number == "46"
        shown = _NOT_OF_A_FORMAT.sub("", code.split(";")[0]).lower()
        return any(letter in shown for letter in "dmhys"), "[" in shown


class _Strings:
    """The texts that cells refer to; readings of names (rPh) are no part of them."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._text = _Text()

    def start(self, name: str, _attributes: _Attributes) -> None:
        if name == "si":
            self._text.begin()
        else:
            self._text.start(name)

    def end(self, name: str) -> None:
        if name == "si":
            self.found.append(self._text.whole())
            if len(self.found) > _MOST_CELLS:
                raise _too_many_cells()
        else:
            self._text.end(name)

    def text(self, data: str) -> None:
        self._text.add(data)


class _Text:
    """One text while it is read: of its runs, without the readings."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._in_text = self._in_reading = False

    def begin(self) -> None:
        self._pieces, self._length = [], 0
        self._in_text = self._in_reading = False

    def start(self, name: str) -> None:
        if name == "rPh":
            self._in_reading = True
        elif name == "t":
            self._in_text = not self._in_reading

    def end(self, name: str) -> None:
        if name == "rPh":
            self._in_reading = False
        elif name == "t":
            self._in_text = False

    def add(self, data: str) -> None:
        if self._in_text:
            self._length += len(data)
            if self._length > _MOST_CHARACTERS:
                limit = f"{_MOST_CHARACTERS:,}"
                _wrong(said(f"a cell of more than {limit} characters", f"{limit}文字を超えるセル"))
            self._pieces.append(data)

    def whole(self) -> str:
        """The text, with what Excel writes for characters that XML has not (_x000D_)."""
        text = "".join(self._pieces)
        return _ESCAPED.sub(_unescaped, text) if "_x" in text else text


def _unescaped(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return escape[0] if code in _SURROGATES else chr(code)


def _too_many_cells() -> Refused:
    limit = f"{_MOST_CELLS:,}"
    return _too_large(
        said(f"more than {limit} cells", f"{limit}を超えるセル"), said("a CSV for so many", "この件数は CSV で")
    )


class _Sheet:
    """The cells of a sheet, given on row by row. What stands outside of sheetData is not looked at."""

    def __init__(self, strings: list[str], styles: _Styles, day_0: datetime, on_row: OnRow) -> None:
        self._strings, self._styles, self._day_0, self._on_row = strings, styles, day_0, on_row
        self._columns: dict[str, int] = {}
        self._in_data = False
        self._in_cell = False
        self._row = 0
        self._row_text = ""
        self._column = 0
        self._count = 0
        self._cells: Cells = {}
        self._attributes: _Attributes = {}
        self._is_formula = False
        self._text = _Text()

    def start(self, name: str, attributes: _Attributes) -> None:
        if not self._in_data:
            self._in_data = name == "sheetData"
        elif name == "c":
            self._begin_cell(attributes)
        elif self._in_cell:
            if name == "f":
                self._is_formula = True
            else:
                self._text.start("t" if name == "v" else name)
        elif name == "row":
            self._begin_row(attributes.get("r"))

    def end(self, name: str) -> None:
        if not self._in_data:
            return
        if name == "c":
            self._end_cell()
        elif self._in_cell:
            self._text.end("t" if name == "v" else name)
        elif name == "row":
            if self._cells:
                self._on_row(self._row, self._cells)
                self._cells = {}
        elif name == "sheetData":
            self._in_data = False

    def text(self, data: str) -> None:
        if self._in_cell:
            self._text.add(data)

    def _begin_row(self, told: str | None) -> None:
        before = self._row
        if told is None:
            self._row = before + 1
        elif told.isascii() and told.isdigit() and len(told) < 19:
            self._row = int(told)
        else:
            _wrong(said("a row without a number", "行番号の誤り"))
        if self._row > _MOST_ROWS:
            row, limit = f"{self._row:,}", f"{_MOST_ROWS:,}"
            raise _too_large(said(f"row {row}", f"{row}行目"), said(f"at most {limit} rows", f"{limit}行以内"))
        if self._row <= before:
            _wrong(said("rows out of order", "行の順序の誤り"))
        self._row_text = str(self._row)
        self._column = 0

    def _begin_cell(self, attributes: _Attributes) -> None:
        self._count += 1
        if self._count > _MOST_CELLS:
            raise _too_many_cells()
        if self._in_cell or self._row_text == "":
            _wrong(said("a cell outside of a row", "行の外のセル"))
        self._in_cell, self._is_formula, self._attributes = True, False, attributes
        place = attributes.get("r")
        if place is None:
            self._column += 1
        else:
            letters = place.rstrip("0123456789")
            if place[len(letters) :] != self._row_text:
                _wrong(said("a cell in the wrong row", "別の行のセル"))
            column = self._columns.get(letters)
            if column is None:
                column = self._columns[letters] = _column_number(letters)
            self._column = column
        if self._column > _MOST_COLUMNS:
            _wrong(said("a column that Excel has not", "Excel にない列"))
        self._text.begin()

    def _end_cell(self) -> None:
        self._in_cell = False
        value = _FORMULA if self._is_formula else self._value(self._text.whole())
        if value == "":
            return
        if self._column in self._cells:
            _wrong(said("two cells in one place", "同じ位置のセルが2つ"))
        self._cells[self._column] = value

    def _value(self, text: str) -> Value:
        kind = self._attributes.get("t", "n")
        if text == "" or kind in ("inlineStr", "str"):
            return text
        if kind == "n":
            return self._number(text.strip())
        if kind == "s":
            index = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else len(self._strings)
            if index >= len(self._strings):
                _wrong(said("a text that is not there", "参照先のない文字列"))
            return self._strings[index]
        if kind == "d":
            return _iso_day(text)
        if kind in ("b", "e"):
            return _TRUTH if kind == "b" else _ERROR
        return _wrong(said(f"a cell of type {kind[:10]!r}", "種類の不明なセル"))

    def _number(self, text: str) -> Value:
        if not _NUMBER.fullmatch(text):
            _wrong(said("a number that is none", "数値でない数値"))
        number = Decimal(text)
        is_moment, is_duration = self._styles.of(self._attributes.get("s"))
        if not is_moment:
            return number
        if is_duration or 0 <= number < 1:
            return _TIME
        return self._day(number)

    def _day(self, number: Decimal) -> Value:
        """A day as Excel counts them, to the millisecond."""
        if number < 0 or number.adjusted() > 7:
            return _ERROR
        days, fraction = int(number), number % 1
        if days < _NO_LEAP_DAY and self._day_0 == _DAY_0:
            days += 1
        try:
            at = self._day_0 + timedelta(days=days, milliseconds=int((fraction * _MS_OF_DAY).to_integral_value()))
        except OverflowError:
            return _ERROR
        return at.date() if at.time() == time() else _INSTANT


def _column_number(letters: str) -> int:
    if not 1 <= len(letters) <= 3 or not all("A" <= letter <= "Z" for letter in letters):
        _wrong(said("a cell without a place", "位置の分からないセル"))
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _iso_day(text: str) -> Value:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _TIME
    return at.date() if at.time() == time() else _INSTANT
