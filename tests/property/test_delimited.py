"""Whatever happens to the cells or bytes of an extract: it never crashes and no row is lost or changed on the way."""

from __future__ import annotations

import csv
import io
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.layout_catalog import load_layouts
from ingestion.readers.decoded import Context
from ingestion.readers.delimited import decode
from ingestion.readers.findings import Refused
from ingestion.readers.input_fields import input_fields

LAYOUT = load_layouts()["addressees"]
HEADERS = [str(f.header) for f in input_fields(LAYOUT)]
CONTEXT = Context("addressees_20250801.csv", date(2025, 8, 2))
GOOD = {"氏名": "納税　太郎", "住民区分": "1", "生年月日": "S45.1.2", "住所": '雪見市,"本町"\n1-2'}

# what a cell may turn into: anything that CP932 has and gives back unchanged, and what usually goes wrong
CHARACTERS = st.characters(codec="cp932", exclude_categories=("Cc", "Co"), exclude_characters="¢£¬‖−〜\xa0")
CELLS = st.text(CHARACTERS, max_size=8) | st.sampled_from(
    [
        "",
        " ",
        '"',
        ",",
        "\n",
        "\r\n",
        "\r",
        '""',
        "1",
        "-1",
        "１",
        "2025-02-30",
        "R07.06.30",
        "000000000000",
        "0x1F",
        "\t",
    ]
)


def file_of(rows: list[list[str]], newline: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADERS, *rows])
    return out.getvalue()


def good_row(number: int) -> list[str]:
    row = GOOD | {"宛名番号": f"{number}"}
    return [row.get(header, "") for header in HEADERS]


def physical_lines(text: str) -> int:
    return len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@given(
    count=st.integers(1, 6),
    changes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, len(HEADERS) - 1), CELLS), max_size=6),
    newline=st.sampled_from(["\r\n", "\n", "\r"]),
    encoding=st.sampled_from(["cp932", "utf-8", "utf-8-sig"]),
)
def test_accepted_and_quarantined_are_the_rows(
    count: int, changes: list[tuple[int, int, str]], newline: str, encoding: str
) -> None:
    rows = [good_row(number) for number in range(count)]
    for row, column, text in changes:
        if row < count:
            rows[row][column] = text
    touched = {row for row, _, _ in changes}
    text = file_of(rows, newline)
    decoded = decode(text.encode(encoding), LAYOUT, CONTEXT)

    assert decoded.records + len(decoded.quarantined) == count
    # every row is at its physical line, in the table or in quarantine, and only once
    starts = [physical_lines(file_of(rows[:number], newline)) for number in range(count)]
    landed = decoded.tables["addressees"].to_pylist()
    assert sorted([row["source_line"] for row in landed] + [q.line for q in decoded.quarantined]) == starts
    # a row that nobody touched lands as it was, unless another took its key
    for number in set(range(count)) - touched:
        found = [row for row in landed if row["source_line"] == starts[number]]
        reasons = {f.code for q in decoded.quarantined if q.line == starts[number] for f in q.findings}
        assert (len(found), reasons) in [(1, set()), (0, {"ING-064"})]
        if found:
            assert (found[0]["name"], found[0]["address"]) == (GOOD["氏名"], GOOD["住所"])
    # a quarantined row is kept as delivered
    for quarantined in decoded.quarantined:
        number = starts.index(quarantined.line)
        assert next(csv.reader(io.StringIO(quarantined.row_text, newline=""))) == rows[number]
        assert quarantined.findings


@given(edits=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(list(b'",\r\n\x00\x81A ') + [None])), max_size=8))
@example(edits=[(60, 34)])
def test_damaged_bytes_are_refused_or_accounted_for(edits: list[tuple[int, int | None]]) -> None:
    """Bytes below the header are overwritten or cut out: the file is refused, or every character is landed or kept."""
    plain = io.StringIO()
    csv.writer(plain, lineterminator="\n").writerows([HEADERS, *(good_row(number) for number in range(5))])
    data = bytearray(plain.getvalue().encode("cp932"))
    below = data.index(b"\n") + 1
    for at, byte in edits:
        place = below + at
        if place < len(data):
            data[place : place + 1] = b"" if byte is None else bytes([byte])
    try:
        decoded = decode(bytes(data), LAYOUT, CONTEXT)
    except Refused as refused:
        assert refused.findings
        return
    body = bytes(data[below:]).decode("cp932")
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = {*decoded.tables["addressees"]["source_line"].to_pylist(), *(q.line for q in decoded.quarantined)}
    assert len(rows) == decoded.records + len(decoded.quarantined)
    # a physical line with anything in it begins a row or goes on with the one before it
    filled = [number for number, line in enumerate(lines, start=2) if line]
    assert not filled or min(rows, default=0) == filled[0]
    kept = "".join(q.row_text for q in decoded.quarantined)
    landed = "".join(str(v) for row in decoded.tables["addressees"].to_pylist() for v in row.values())
    for character in set(body) - set('",\r\n \t'):
        assert character in kept + landed
