"""A spreadsheet that saves a CSV again takes the leading zeros of its codes: nothing of it lands as something new."""

from __future__ import annotations

import csv
import io
import re

import pytest

from ingestion.decoded import Decoded
from ingestion.delimited import decode
from ingestion.findings import Refused
from ingestion.layout import load_layouts
from tests.unit.test_delimited import ASSESSMENT, KEY, LAYOUTS, VALID, Row, context, file_of, findings_of, read

KEY_COLUMNS = {
    "tax_item_code": 2,
    "tax_item_detail_code": 2,
    "assessing_body_code": 6,
    "instalment_body_code": 6,
    "body_scope_code": 1,
    "levy_year": 4,
    "tax_year": 4,
    "notice_no": 10,
    "instalment_no": 2,
    "slip_no": 16,
    "bank_code": 4,
    "bank_branch_code": 3,
    "account_no": 7,
}
# what brings a due's key with it, in the rows that are valid in test_delimited
KEYED = sorted(name for name, (rows, _) in VALID.items() if any("通知書番号" in row for row in rows))


def saved_by_excel(data: bytes, encoding: str = "cp932") -> bytes:
    """What Excel writes for a CSV that it has opened: numbers without leading zeros, long ones rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in csv.reader(io.StringIO(data.decode(encoding))):
        writer.writerow([_as_excel_keeps_it(cell) for cell in row])
    return out.getvalue().encode(encoding)


def _as_excel_keeps_it(cell: str) -> str:
    if not re.fullmatch("[0-9]+", cell):
        return cell
    return f"{int(cell):.5E}" if int(cell) >= 10**11 else str(int(cell))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_column_of_a_key_has_an_exact_width(name: str) -> None:
    for column in LAYOUTS[name].columns:
        plain = column.name.removeprefix("offset_").removeprefix("corrected_")
        if plain in KEY_COLUMNS and column.part_of is None:
            width = KEY_COLUMNS[plain]
            assert column.width == width, column.name
            assert column.type == "digits" or column.pattern == f"[0-9]{{{width}}}", column.name


@pytest.mark.parametrize("name", KEYED)
def test_no_row_of_a_file_that_excel_saved_lands(name: str) -> None:
    rows = [row for row in VALID[name][0] if row.get("通知書番号")]
    layout = LAYOUTS[name]
    try:
        decoded: Decoded = decode(saved_by_excel(file_of(layout, rows)), layout, context(layout))
    except Refused:
        return
    assert decoded.records == 0


def test_an_extract_whose_codes_are_short_throughout_is_refused_whole() -> None:
    """Quarantining every row would land an empty version, which withdraws all dues if it is a full one."""
    rows = [ASSESSMENT | {"調定異動番号": str(n)} for n in range(1, 4)]
    short: list[Row] = [row | {"通知書番号": "12"} for row in rows]
    layout = LAYOUTS["assessments"]
    for broken in (short, [*short, ASSESSMENT | {"調定異動番号": "9"}]):
        with pytest.raises(Refused) as refused:
            read("assessments", broken)
        assert refused.value.layout_id == layout.id
        assert {(f.code, f.line, f.field, f.found, f.expected) for f in refused.value.findings} == {
            ("ING-069", line, "通知書番号", "12", "10桁の数字") for line in (2, 3, 4)
        }


def test_a_single_short_code_is_quarantined_as_before() -> None:
    decoded = read(
        "assessments", [ASSESSMENT | {"調定異動番号": str(n)} for n in (1, 2)] + [ASSESSMENT | {"通知書番号": "12"}]
    )
    assert (decoded.records, len(decoded.quarantined)) == (2, 1)
    assert [f.code for f in findings_of("assessments", [ASSESSMENT | KEY | {"通知書番号": "12"}])] == ["ING-069"]


def test_a_pattern_says_what_a_code_looks_like() -> None:
    layout = load_layouts()["eltax_receipts"]
    (biller,) = (column for column in layout.columns if column.name == "biller_no")
    assert biller.pattern is not None
    row = VALID["eltax_receipts"][0][0]
    for number, good in (("00200", True), ("44000", True), ("00044000", True), ("200", False), ("x4000", False)):
        broken = decode_findings([row | {"収納機関番号": number}])
        assert broken == ([] if good else [("ING-069", "収納機関番号")]), number


def decode_findings(rows: list[Row]) -> list[tuple[str, str | None]]:
    try:
        read("eltax_receipts", rows)
    except Refused as refused:
        return [(f.code, f.field) for f in refused.findings]
    return []
