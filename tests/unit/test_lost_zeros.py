"""A spreadsheet that saves a CSV again takes the leading zeros of its codes: nothing of it lands as something new."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from ingestion.landing import Landing
from ingestion.layout import Layout
from ingestion.layout_catalog import load_layouts
from ingestion.readers.decoded import Decoded
from ingestion.readers.delimited import decode
from ingestion.readers.findings import Finding, Refused
from osame.stores import open_memory
from tests.fixtures.csv_files import (
    ACCOUNT,
    ASSESSMENT,
    KEY,
    LAYOUTS,
    PAID_SLIP,
    RECEIPT,
    VALID,
    Row,
    context,
    file_of,
    findings_of,
    read,
)

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
            ("ING-069", line, "通知書番号", "12", "10 digits") for line in (2, 3, 4)
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


# --- keys that have landed before


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_memory()
    connection.execute("attach ':memory:' as landing")
    yield connection
    connection.close()


@pytest.fixture
def landing(db: duckdb.DuckDBPyConnection) -> Landing:
    return Landing(db, load_layouts())


def land(landing: Landing, layout: Layout, rows: list[Row], name: str | None = None) -> list[Finding]:
    """Land rows; gives what they were refused for."""
    data = file_of(layout, rows)
    name = name or f"{layout.id}_20250801.csv"
    try:
        decoded = decode(data, layout, context(layout, name))
        assert not decoded.quarantined
        landing.land(decoded, data, name, datetime(2025, 8, 2, 9))
    except Refused as refused:
        return refused.findings
    return []


PERSON = {"宛名番号": "0000000012", "氏名": "雪見商事", "住民区分": "3"}
# of every register, a key whose width its layout leaves open, and how a spreadsheet or a person writes it
REWRITTEN: dict[str, tuple[Row, Row]] = {
    "addressees": (PERSON, {"宛名番号": "12"}),
    "bank_accounts": (ACCOUNT | {"宛名番号": "0000000012"}, {"宛名番号": "12"}),
    "tax_associations": (VALID["tax_associations"][0][0] | {"宛名番号": "0012"}, {"宛名番号": "12"}),
    "receipts": (RECEIPT, {"支所コード": "1"}),
    "assessments": (ASSESSMENT | {"調定異動番号": "001"}, {"調定異動番号": "1"}),
    "paid_slips": (PAID_SLIP, {"取扱機関": "140", "支所コード": "1", "通番": "1"}),
}


@pytest.mark.parametrize("name", sorted(REWRITTEN))
def test_keys_that_landed_in_another_writing_are_refused(landing: Landing, name: str) -> None:
    row, rewritten = REWRITTEN[name]
    layout = LAYOUTS[name]
    assert land(landing, layout, [row]) == []
    (finding,) = land(landing, layout, [row | rewritten], f"{name}_20250802.csv")
    assert (finding.code, finding.line) == ("ING-052", 2)
    assert finding.found.split() == list(rewritten.values())
    for header in rewritten:
        assert row[header] in finding.expected and header in str(finding.field)
    assert f"{name}_20250801.csv" in finding.expected
    wide = {header: row[header].translate({n: n + 0xFEE0 for n in range(0x30, 0x3A)}) for header in rewritten}
    assert [f.code for f in land(landing, layout, [row | wide], f"{name}_20250803.csv")] == ["ING-052"]


@pytest.mark.parametrize("name", sorted(REWRITTEN))
def test_the_order_in_which_the_two_writings_come_does_not_matter(landing: Landing, name: str) -> None:
    row, rewritten = REWRITTEN[name]
    assert land(landing, LAYOUTS[name], [row | rewritten]) == []
    assert [f.code for f in land(landing, LAYOUTS[name], [row])] == ["ING-052"]


def test_the_same_key_again_and_new_keys_land(landing: Landing, db: duckdb.DuckDBPyConnection) -> None:
    layout = LAYOUTS["addressees"]
    assert land(landing, layout, [PERSON]) == []
    again = [PERSON | {"氏名": "雪見商会"}, PERSON | {"宛名番号": "0000000120"}, PERSON | {"宛名番号": "A12"}]
    assert land(landing, layout, again, "addressees_20250802.csv") == []
    assert db.execute("select count(*) from landing.addressees").fetchall() == [(4,)]


def test_one_rewritten_key_among_many_is_enough(landing: Landing) -> None:
    layout = LAYOUTS["addressees"]
    assert land(landing, layout, [PERSON | {"宛名番号": f"{n:010d}"} for n in range(1, 100)]) == []
    rows = [PERSON | {"宛名番号": f"{n:010d}"} for n in range(50, 200)] + [PERSON | {"宛名番号": "7"}]
    found = land(landing, layout, rows, "addressees_20250802.csv")
    assert [(f.line, f.found) for f in found] == [(152, "7")]


def test_all_are_counted_and_a_thousand_listed(landing: Landing) -> None:
    layout = LAYOUTS["addressees"]
    assert land(landing, layout, [PERSON | {"宛名番号": f"{n:010d}"} for n in range(1, 1_502)]) == []
    found = land(landing, layout, [PERSON | {"宛名番号": f"{n}"} for n in range(1, 1_502)], "addressees_20250802.csv")
    assert len(found) == 1_001
    assert (found[-1].code, found[-1].found) == ("ING-099", "1,501 findings")


def test_what_landed_wrongly_is_withdrawn_and_the_right_one_lands(landing: Landing) -> None:
    layout = LAYOUTS["addressees"]
    short = PERSON | {"宛名番号": "12"}
    assert land(landing, layout, [short]) == []
    assert land(landing, layout, [PERSON], "addressees_20250802.csv") != []
    assert land(landing, layout, [{"宛名番号": "12", "削除フラグ": "1"}], "addressees_20250803.csv") == []
    assert land(landing, layout, [PERSON], "addressees_20250804.csv") == []
    assert land(landing, layout, [PERSON | {"氏名": "雪見商会"}], "addressees_20250805.csv") == []


def test_a_layout_without_patterns_is_protected_too(landing: Landing) -> None:
    """A city's own layout may know only a greatest width."""
    layout = LAYOUTS["assessments"]
    loose = layout.model_copy(update={"columns": [c.model_copy(update={"pattern": None}) for c in layout.columns]})
    assert land(landing, loose, [ASSESSMENT]) == []
    (finding,) = land(landing, loose, [ASSESSMENT | {"通知書番号": "12", "科目詳細コード": "0", "論理期別": "1"}])
    assert (finding.code, finding.field) == ("ING-052", "科目詳細コード、通知書番号、論理期別")
    assert (finding.found, finding.expected[:16]) == ("0 12 1", "00 0000000012 01")


def test_a_payment_that_differs_in_more_than_its_writing_is_another(landing: Landing) -> None:
    layout = LAYOUTS["paid_slips"]
    assert land(landing, layout, [PAID_SLIP], "a.csv") == []
    for change in ({"金額": "25001"}, {"収納日": "2025-07-03"}, {"通番": "00000002"}, {"通番": "10"}):
        assert land(landing, layout, [PAID_SLIP | change], f"{change}.csv") == []


def test_a_store_of_before_the_register_has_no_such_key(db: duckdb.DuckDBPyConnection) -> None:
    landing = Landing(db, load_layouts())
    db.execute("drop table landing.addressees")
    landing = Landing(db, load_layouts(), rehearsal=True)
    assert land(landing, LAYOUTS["addressees"], [PERSON]) == []
