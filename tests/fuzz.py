"""Mutated files for every reader: whatever arrives is decoded or refused with findings, and what lands is in the file.

``python -m tests.fuzz --count 10000 --seed 1`` runs many; a failure names its case, which
``python -m tests.fuzz --case KIND/FORMAT/SEED/NUMBER`` runs again. What lands is compared with a second, simple reading
of the same bytes that shares nothing with the readers but the layout: slices, the csv module, openpyxl.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from ingestion.layout import FieldDef, Layout, LayoutError
from ingestion.layout_catalog import LAYOUT_DIR, check_layout
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Refused
from ingestion.readers.input_fields import input_fields
from osame.dates import parse_date
from tests.fixtures.csv_files import VALID, file_of
from tests.fixtures.fixed_files import DEBITS, FIXED, LAYOUTS, context, debits, valid

MOST_MEMORY = 4_000_000_000  # what no file may need
HANG_SECONDS = 60  # a guard against reading without an end, not a measure of speed
EXTRACTS = sorted(name for name in VALID if LAYOUTS[name].extract)
ROWS = 6


class Failure(AssertionError):
    """A case that ended otherwise than it may."""


@dataclass(frozen=True)
class Case:
    """One mutated file, made again from its name."""

    kind: str
    format: str
    seed: int
    number: int

    def __str__(self) -> str:
        return f"{self.kind}/{self.format}/{self.seed}/{self.number}"

    def random(self) -> random.Random:
        return random.Random(str(self))


# --- mutations ----------------------------------------------------------------------------------------------------

Mutation = Callable[[random.Random, bytes], bytes]
TOKENS = [
    b"", b"0", b"9", b"-", b" ", b",", b'"', b'""', b"\r", b"\n", b"\r\n", b"\x00", b"\x1a", b"\x80", b"\xa0", b"\xb0",
    b"\xff", b"\x81", b"\x8e\x20", "山".encode("cp932"), "山".encode(), b"\xef\xbb\xbf", b"1", b"2", b"8", b"9" * 19,
    b"-1", b"1e5", b"00000000", b"20250231", "１".encode("cp932"), b"\t", b"=1+1",
]  # fmt: skip


def _place(rng: random.Random, data: bytes) -> int:
    return rng.randrange(len(data) + 1)


def flip(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data[:-1])
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :] if data else data


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: _place(rng, data)]


def take_out(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + data[at + rng.choice((1, 1, 2, 7, 60, 120)) :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.choice(TOKENS) + data[at:]


def overwrite(rng: random.Random, data: bytes) -> bytes:
    at, token = _place(rng, data), rng.choice(TOKENS)
    return data[:at] + token + data[at + len(token) :]


def digit(rng: random.Random, data: bytes) -> bytes:
    at = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if not at:
        return data
    place = rng.choice(at)
    return data[:place] + b"%d" % rng.randrange(10) + data[place + 1 :]


def repeat(rng: random.Random, data: bytes) -> bytes:
    at = _place(rng, data)
    piece = data[at : at + rng.choice((1, 10, 120, 122, 200))]
    return data[:at] + piece + data[at:]


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True) or [b""]


def swap_lines(rng: random.Random, data: bytes) -> bytes:
    lines = _lines(data)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def double_line(rng: random.Random, data: bytes) -> bytes:
    lines = _lines(data)
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return b"".join(lines)


def drop_line(rng: random.Random, data: bytes) -> bytes:
    lines = _lines(data)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def cell(rng: random.Random, data: bytes) -> bytes:
    """Another value between two commas of one line."""
    lines = _lines(data)
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(TOKENS)
    lines[at] = b",".join(cells)
    return b"".join(lines)


ANY: list[Mutation] = [flip, cut, take_out, insert, overwrite, digit, digit, repeat, swap_lines, double_line, drop_line]


def mutated(rng: random.Random, data: bytes, ways: list[Mutation]) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        data = rng.choice(ways)(rng, data)
    return data


def mutated_text(rng: random.Random, data: bytes) -> bytes:
    """XML or YAML with another word, number or tag in it: what a byte seldom hits."""
    words = list(re.finditer(rb"[A-Za-z_]+|[0-9]+|[<>=\"{}\[\]:,&*|-]", data))
    if not words:
        return data
    word = rng.choice(words)
    other = rng.choice(words)[0] if rng.random() < 0.7 else rng.choice(TOKENS)
    if word[0].isdigit() and rng.random() < 0.5:
        other = b"%d" % rng.choice((0, 1, 2, 13, 99, 16_385, 1_048_577, 10**9, 10**20))
    return data[: word.start()] + other + data[word.end() :]


# --- workbooks ----------------------------------------------------------------------------------------------------


def mutated_workbook(rng: random.Random, data: bytes) -> bytes:
    way = rng.randrange(6)
    if way == 0:
        return mutated(rng, data, ANY)
    if way == 1:
        return _mutated_entry(rng, data)
    parts = _parts(data)
    name = rng.choice(sorted(parts))
    if way == 2:
        del parts[name]
    elif way == 3:
        parts[rng.choice(sorted(parts))] = parts[name]
    elif way == 4:
        parts[name] = mutated(rng, parts[name], ANY)
    else:
        name = rng.choice(
            ["xl/worksheets/sheet1.xml"] * 5 + ["xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"]
        )
        for _ in range(rng.choice((1, 1, 2, 3))):
            parts[name] = mutated_text(rng, parts[name])
    return _packed(
        parts, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA))
    )


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _packed(parts: dict[str, bytes], method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for number, (name, content) in enumerate(parts.items()):
            file.writestr(name, content, zipfile.ZIP_DEFLATED if number % 3 else method)
    return out.getvalue()


def _mutated_entry(rng: random.Random, data: bytes) -> bytes:
    """One number of the headers of a zip: version, flags, method, check sum, sizes, lengths, offsets."""
    marks = [m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    at = rng.choice(marks) + rng.choice((4, 6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 42))
    if at + 4 > len(data):
        return data
    value = rng.choice((0, 1, 8, 9, 12, 14, 0x20, 0x40, 0x800, 0xFFFF, 0xFFFFFFFF, rng.randrange(1 << 32)))
    packed = struct.pack("<I", value) if value > 0xFFFF else struct.pack("<H", value)
    return data[:at] + packed + data[at + len(packed) :]


# --- valid files --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def valid_fixed(layout_id: str, end: bytes, request: bool) -> bytes:
    if request and layout_id in DEBITS:
        return debits(layout_id, "request", line_end=end)
    return valid(layout_id, line_end=end)


def _unlike(row: dict[str, str], layout: Layout, number: int) -> dict[str, str]:
    """The row of a valid file under another key."""
    keys = {f.name: f for f in input_fields(layout)}
    for name in reversed(layout.primary_key):
        f = keys[name]
        if f.type == "integer":
            return row | {str(f.header): str(int(row[str(f.header)]) + number)}
        if f.type in ("text", "digits") and f.codes is None and (f.width is None or f.width >= 3) and number:
            width = len(row.get(str(f.header), "")) or 3
            return row | {str(f.header): f"{number:0{min(width, f.width or width)}d}"[-width:]}
    return row


@lru_cache(maxsize=256)
def valid_rows(layout_id: str) -> list[dict[str, str]]:
    layout = LAYOUTS[layout_id]
    return [_unlike(VALID[layout_id][0][0], layout, number) for number in range(ROWS)]


@lru_cache(maxsize=256)
def valid_csv(layout_id: str, encoding: str, end: str) -> bytes:
    return file_of(LAYOUTS[layout_id], valid_rows(layout_id), encoding, end)


@lru_cache(maxsize=64)
def valid_workbook(layout_id: str) -> bytes:
    """As Excel saves it: texts in a table of their own, amounts as numbers, days as days."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page, day = book.add_worksheet("記録"), book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
    fields = input_fields(LAYOUTS[layout_id])
    page.write_row(0, 0, [str(f.header) for f in fields])
    for number, row in enumerate(valid_rows(layout_id), start=1):
        for column, f in enumerate(fields):
            text = row.get(str(f.header), "").replace("\n", " ")
            if text and f.type in ("yen", "integer", "number"):
                page.write_number(number, column, int(text))
            elif text and f.type in ("date", "ymd"):
                page.write_datetime(number, column, datetime.combine(parse_date(text), datetime.min.time()), day)
            elif text:
                page.write_string(number, column, text)
    book.close()
    return out.getvalue()


@lru_cache(maxsize=64)
def valid_layout(layout_id: str) -> bytes:
    return (LAYOUT_DIR / f"{layout_id}.yml").read_bytes()


# --- the second reading -------------------------------------------------------------------------------------------


def _same(what: str, landed: object, said: object) -> None:
    if landed != said:
        raise Failure(f"{what}: landed {landed!r}, the file says {said!r}")


def _records(data: bytes, width: int) -> list[bytes]:
    """Records by their length where the same line end stands after each, else by lines."""
    body = data.rstrip(b"\r\n\x1a")
    for end in (b"\r\n", b"\n", b"\r", b""):
        step = width + len(end)
        whole = body + end
        starts = range(0, len(whole), step)
        regular = len(whole) % step == 0 and all(whole[i + width : i + step] == end for i in starts)
        if regular and (end or not re.search(rb"[\r\n]", body)):
            return [whole[i : i + width] for i in starts]
    if re.search(rb"[\r\n]", body):
        lines = re.split(rb"\r\n|\r|\n", body)
        if all(line and len(line) % width == 0 for line in lines):
            body, lines = b"".join(lines), []
        else:
            return [line.ljust(width) for line in lines]
    return [body[i : i + width].ljust(width) for i in range(0, len(body), width)]


def check_fixed(data: bytes, decoded: Decoded) -> None:
    layout = decoded.layout
    records = _records(data, int(layout.width or 0))
    mark = layout.records["data"].mark.encode()
    rows = [(n, record) for n, record in enumerate(records, start=1) if record[:1] == mark]
    landed = decoded.tables[layout.table_for(decoded.role)].to_pylist()
    _same("records", decoded.records, len(rows))
    _same("lines", [row["source_line"] for row in landed], [n for n, _ in rows])
    amounts = [_effective(layout, record) for _, record in rows]
    _same("yen", decoded.amount_yen, sum(amounts))
    _same("amounts", [row[layout.amount] for row in landed], amounts)
    for f in layout.records["data"].fields:
        if f.type in ("number", "digits", "text") and f.when is None and f.name != layout.amount and not f.descriptive:
            given = [_field(record, f) for _, record in rows]
            _same(f.name, [row[f.name] for row in landed], given)


def _field(record: bytes, f: FieldDef) -> int | str | None:
    raw = record[int(f.start or 1) - 1 : f.end]
    text = raw.decode("cp932").rstrip(" ").rstrip(" \u3000")
    if not text:
        return None
    return int(text) if f.type == "number" else text


def _effective(layout: Layout, record: bytes) -> int:
    fields = {f.name: f for f in layout.records["data"].fields}
    amount = int(_field(record, fields[str(layout.amount)]) or 0)
    second = fields.get("amount2_yen")
    if second is not None and amount == 0 and re.fullmatch(rb"[0-9]{24}", record[128:152]):
        return int(_field(record, second) or 0)
    return amount


def check_csv(data: bytes, decoded: Decoded) -> None:
    body = data.removesuffix(b"\x1a")
    text = body.decode(decoded.facts["encoding"]).lstrip("\ufeff")
    broken = {f.code for row in decoded.quarantined for f in row.findings}
    if "ING-062" in broken:  # the csv module reads misplaced quotes its own way
        return
    rows: dict[int, list[str]] = {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    for row in reader:
        if row:
            rows[before + 1] = row
        before = reader.line_num
    _compare(decoded, rows)


def _compare(decoded: Decoded, rows: dict[int, list[str]]) -> None:
    """What landed against the rows of the file by line, the first of them the header."""
    layout = decoded.layout
    first = min(rows)
    headers = [header.strip().lstrip("\ufeff") for header in rows.pop(first)]  # a blank line may stand before the mark
    table = decoded.tables[str(layout.table)].to_pylist()
    _same("records", decoded.records, len(table))
    held = Counter([row["source_line"] for row in table] + [row.line for row in decoded.quarantined])
    _same("rows", sorted(held.elements()), sorted(rows))
    total = 0
    for row in table:
        cells = dict(zip(headers, rows[row["source_line"]], strict=True))
        for f in input_fields(layout):
            text = cells.get(str(f.header), "").strip(" \t").removeprefix(f.strip_prefix or "") or f.default or None
            if f.type in ("yen", "integer", "number"):
                given: int | str | None = None if text is None else int(text)
            elif f.type in ("text", "digits", "hm"):
                given = text
            else:
                continue
            _same(f"line {row['source_line']} {f.header}", row[f.name], given)
            if f.name == layout.amount:
                total += int(given or 0)
    if layout.amount:
        _same("yen", decoded.amount_yen, total)


def check_workbook(data: bytes, decoded: Decoded) -> bool:
    """Whether openpyxl could read it too: it also reads parts that we do not look at."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data))
        page = book["記録"] if "記録" in book.sheetnames else book.worksheets[0]
    except Exception:  # noqa: BLE001 - whatever openpyxl stumbles over
        return False
    rows: dict[int, dict[int, str]] = {}
    for (row, column), found in page._cells.items():
        text = _as_text(found.value)
        if text:
            rows.setdefault(row, {})[column] = text
    if not rows:  # under another namespace of XML, by which we do not go
        return False
    width = max(rows[min(rows)])
    _compare(decoded, {n: [cells.get(c, "") for c in range(1, width + 1)] for n, cells in sorted(rows.items())})
    return True


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value:%Y%m%d}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    unescaped = re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), str(value))
    return re.sub(r"[\r\n]+", " ", unescaped)


# --- running ------------------------------------------------------------------------------------------------------


@contextmanager
def no_hang() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Failure(f"still reading after {HANG_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def file_for(case: Case) -> tuple[bytes, Context]:
    """The mutated file of a case, and how it is offered."""
    rng = case.random()
    if case.kind == "fixed":
        end = rng.choice((b"", b"\n", b"\r\n", b"\r"))
        data = mutated(rng, valid_fixed(case.format, end, rng.random() < 0.3), ANY)
        return data, context(format=rng.choice((None, case.format)))
    name, known = f"{case.format}_20250801{rng.choice(('', '', '_full', '_2'))}", {"landed_on": date(2025, 8, 2)}
    if case.kind == "csv":
        how = rng.choice(("cp932", "utf-8", "utf-8-sig")), rng.choice(("\r\n", "\n", "\r"))
        data = mutated(rng, valid_csv(case.format, *how), [*ANY, cell, cell, cell])
        return data, context(file_name=f"{name}.csv", **known, format=rng.choice((None, case.format)))
    return mutated_workbook(rng, valid_workbook(case.format)), context(file_name=f"{name}.xlsx", **known)


def run(case: Case) -> str:
    """Run one case: ``landed``, ``refused`` or ``not compared``.

    Raises:
        Failure: it ended otherwise.
    """
    try:
        with no_hang():
            return run_layout(case) if case.kind == "layout" else run_file(case)
    except Failure as failure:
        raise Failure(f"{case}: {failure}") from None
    except Exception as error:
        raise Failure(f"{case}: {''.join(traceback.format_exception(error))}") from error


def run_file(case: Case) -> str:
    data, known = file_for(case)
    try:
        decoded = read(data, known, LAYOUTS)
    except Refused as refused:
        if not refused.findings:
            raise Failure("refused without a finding") from None
        for finding in refused.findings:
            if not (finding.english() and finding.japanese()):
                raise Failure("a finding without words") from None
        return "refused"
    check = {"fixed": check_fixed, "csv": check_csv, "workbook": check_workbook}[case.kind]
    return "not compared" if check(data, decoded) is False else "landed"


def run_layout(case: Case) -> str:
    """A mutated layout is loaded or refused; one that loads reads a valid file, or refuses that."""
    rng = case.random()
    data = valid_layout(case.format)
    for _ in range(rng.choice((1, 1, 2, 3))):
        data = mutated_text(rng, data) if rng.random() < 0.6 else mutated(rng, data, ANY)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{case.format}.yml"
        path.write_bytes(data)
        try:
            layout = check_layout(path)
        except LayoutError:
            return "refused"
    file = valid_fixed(case.format, b"\n", False) if case.format in FIXED else valid_csv(case.format, "cp932", "\n")
    known = context(file_name=f"{case.format}_20250801.csv", format=layout.id)
    try:
        read(file, known, {layout.id: layout})
    except (Refused, LayoutError):
        return "refused"
    return "landed"


FORMATS = {"fixed": FIXED, "csv": sorted(VALID), "workbook": EXTRACTS, "layout": [*FIXED, *sorted(VALID)]}


def cases(kind: str, count: int, seed: int) -> Iterator[Case]:
    """``count`` cases of a kind, its formats in turn."""
    formats = FORMATS[kind]
    for number in range(count):
        yield Case(kind, formats[number % len(formats)], seed, number)


def main() -> int:
    """Run many cases, print what became of them and every failure with the name of its case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="mutated files of each kind")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kind", choices=sorted(FORMATS), action="append")
    parser.add_argument("--case", help="KIND/FORMAT/SEED/NUMBER of a failure, to run it again")
    asked = parser.parse_args()
    if asked.case:
        kind, layout, seed, number = asked.case.split("/")
        print(run(Case(kind, layout, int(seed), int(number))))
        return 0
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    failed = 0
    for kind in asked.kind or sorted(FORMATS):
        ended: Counter[str] = Counter()
        for case in cases(kind, asked.count, asked.seed):
            try:
                ended[run(case)] += 1
            except Failure as failure:
                ended["failed"] += 1
                print(failure, file=sys.stderr)
        print(f"{kind:10} seed {asked.seed}: {dict(sorted(ended.items()))}")
        failed += ended["failed"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
