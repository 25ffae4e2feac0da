"""CSV files: every layout's valid file lands, every fault is found with its line and field, nothing is lost."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from stdnum.jp import cn, in_

from ingestion.due_key import DUE_KEY
from ingestion.layout import Layout, LayoutError, landing_schema
from ingestion.layout_catalog import load_layouts
from ingestion.readers.csv_cells import MASKED
from ingestion.readers.decoded import Context, arrow_type
from ingestion.readers.delimited import decode, is_error_notice
from ingestion.readers.input_fields import input_fields
from ingestion.readers.row_rules import group_rows, rule_named
from tests.fixtures.csv_files import (
    ADDRESSEE,
    ASSESSMENT,
    BROKEN,
    DECISION,
    DSK,
    KEY,
    LAYOUTS,
    OFFSET,
    PAID_SLIP,
    RECEIPT,
    VALID,
    Row,
    barcode,
    context,
    file_of,
    findings_of,
    headers,
    only_table,
    prefixed,
    read,
    refusal,
    same_key,
)

SAMPLE = Path(__file__).parents[2].parent / "shared" / "samples" / "cvs_dsk.csv"

# --- files that land ---------------------------------------------------------------------------------------------


def test_every_csv_layout_has_a_valid_file_here() -> None:
    assert set(VALID) == set(LAYOUTS)


@pytest.mark.parametrize("layout_id", sorted(VALID))
def test_a_valid_file_lands_whole(layout_id: str) -> None:
    rows, amount = VALID[layout_id]
    decoded = read(layout_id, rows)
    assert (decoded.records, decoded.amount_yen, decoded.quarantined) == (len(rows), amount, [])
    table = only_table(decoded)
    layout = LAYOUTS[layout_id]
    columns = layout.table_schemas()[str(layout.table)]
    assert table.column_names == ["source_line", *(c.name for c in columns)]
    assert table.schema.types == [pa.int32(), *(arrow_type(c) for c in columns)]
    assert decoded.business_date == (date(2025, 8, 1) if layout.extract else None)


@pytest.mark.parametrize("layout_id", sorted(VALID))
@pytest.mark.parametrize(("encoding", "newline"), [("utf-8", "\n"), ("utf-8-sig", "\r\n"), ("cp932", "\r")])
def test_encoding_and_line_ends_change_nothing(layout_id: str, encoding: str, newline: str) -> None:
    rows, _ = VALID[layout_id]
    plain = read(layout_id, rows)
    other = read(layout_id, rows, encoding=encoding, newline=newline)
    assert only_table(other).equals(only_table(plain))
    assert other.facts == {"encoding": encoding}


def test_csv_layouts_agree_with_the_tables_that_they_share() -> None:
    assert "convenience_receipts" in landing_schema(load_layouts())


def test_columns_in_another_order_and_without_the_optional_ones() -> None:
    layout = LAYOUTS["receipts"]
    optional = {str(f.header) for f in input_fields(layout) if f.optional_column}
    assert "訂正元通知書番号" in optional
    order = [h for h in reversed(headers(layout)) if h not in optional]
    data = "\n".join([",".join(order), ",".join(RECEIPT.get(h, "") for h in order)]).encode()
    (row,) = only_table(decode(data, layout, context(layout))).to_pylist()
    assert (row["notice_no"], row["posted_date"], row["posted_date_text"]) == (
        "0000000012",
        date(2025, 7, 1),
        "2025-07-01",
    )
    assert row["corrected_notice_no"] is None
    assert row["is_withdrawn"] == 0


def test_the_parsed_day_and_its_text_are_both_kept() -> None:
    row = only_table(read("assessments", [ASSESSMENT])).to_pylist()[0]
    assert (row["due_date"], row["due_date_text"]) == (date(2025, 6, 30), "R07.06.30")
    assert (row["statutory_due_date"], row["statutory_due_date_text"]) == (date(2025, 6, 30), "令和7年6月30日")
    assert (row["unrolled_due_date"], row["unrolled_due_date_text"]) == (None, None)


def test_zeros_stand_for_no_day_where_a_day_may_be_missing() -> None:
    row = only_table(read("assessments", [ASSESSMENT | {"更正請求日": "00000000"}])).to_pylist()[0]
    assert (row["claim_date"], row["claim_date_text"]) == (None, "00000000")


def test_parts_of_a_barcode_become_columns() -> None:
    row = only_table(read("cvs_dsk", [DSK])).to_pylist()[0]
    assert row["barcode"] == barcode(25_000)
    assert (row["barcode_client"], row["slip_no"], row["reissue_no"], row["barcode_pay_by"]) == (
        "15299",
        "0000000000000042",
        "0",
        "999999",
    )
    assert row["transfer_date"] is None


def test_a_blank_channel_takes_the_channel_of_its_file() -> None:
    row = only_table(read("eltax_receipts", VALID["eltax_receipts"][0])).to_pylist()[0]
    assert row["channel_code"] == "06"
    assert only_table(read("mpn_receipts", VALID["mpn_receipts"][0])).to_pylist()[0]["channel_code"] == "05"


def test_the_year_of_birth_is_open_and_the_day_is_not() -> None:
    row = only_table(read("addressees", [ADDRESSEE])).to_pylist()[0]
    assert row["birth_year"] == 1970
    personal = {c.name: c.personal for c in LAYOUTS["addressees"].table_schemas()["addressees"]}
    assert personal["birth_date"]
    assert personal["birth_date_text"]
    assert not personal["birth_year"]


def test_padding_is_no_part_of_a_value() -> None:
    table = only_table(read("assessments", [ASSESSMENT | {"宛名番号": " A1  ", "税額": "  25000", "更正事由": "  "}]))
    assert table.select(["addressee_no", "delta_yen", "reason_code"]).to_pylist() == [
        {"addressee_no": "A1", "delta_yen": 25_000, "reason_code": None}
    ]


def test_a_row_that_withdraws_needs_only_its_key() -> None:
    withdrawn = KEY | {"調定異動番号": "1", "削除フラグ": "1"}
    decoded = read("assessments", [withdrawn, ASSESSMENT | {"調定異動番号": "2", "削除フラグ": "0"}])
    assert decoded.quarantined == []
    assert only_table(decoded)["is_withdrawn"].to_pylist() == [1, 0]


def test_a_withdrawing_row_without_its_key_is_quarantined() -> None:
    found = findings_of("assessments", [KEY | {"通知書番号": "", "調定異動番号": "1", "削除フラグ": "1"}])
    assert [(f.code, f.field) for f in found] == [("ING-035", "通知書番号")]


@pytest.mark.parametrize("layout_id", sorted(VALID))
def test_a_file_without_rows_lands_and_is_seen(layout_id: str) -> None:
    """A day without payments or changes is a delivery, but one that somebody should know of."""
    decoded = read(layout_id, [])
    assert (decoded.records, decoded.amount_yen, only_table(decoded).num_rows) == (0, 0, 0)
    assert [(w.code, w.found) for w in decoded.warnings] == [("ING-007", "a header row alone")]
    assert "ING-007" in decoded.facts["warnings"]


@pytest.mark.parametrize("layout_id", sorted(name for name, layout in LAYOUTS.items() if layout.extract))
def test_a_full_extract_without_rows_is_refused(layout_id: str) -> None:
    """It would withdraw every row that there is."""
    data = file_of(LAYOUTS[layout_id], [])
    for name in (f"{layout_id}_20250801_full.csv", f"{layout_id}_20250801_full_2.csv"):
        (finding,) = refusal(data, layout_id, name)
        assert finding.code == "ING-008"
        assert "削除フラグ" in finding.kind.advice_ja


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample files are not beside this project")
def test_a_real_dsk_file_lands() -> None:
    layout = LAYOUTS["cvs_dsk"]
    decoded = decode(SAMPLE.read_bytes(), layout, Context("dsk.csv", date(2024, 2, 1)))
    table = only_table(decoded)
    assert (decoded.records, decoded.amount_yen) == (16, 519_319)
    assert table["source_line"].to_pylist() == list(range(2, 18))
    assert sorted(set(table["record_kind"].to_pylist())) == ["01", "02", "03", "12", "22"]
    correction = table.to_pylist()[8]
    assert (correction["record_kind"], correction["amount_yen"], correction["chain_code"]) == ("22", 60_000, "910")
    assert correction["transfer_date"] == date(2024, 1, 24)


# --- places in the file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_source_line_is_where_a_row_begins(newline: str) -> None:
    addresses = ["1行", "2行\nここまで", "3行\r\nと\nここまで", '"', "", "最後"]
    rows = [ADDRESSEE | {"宛名番号": str(i), "住所": text} for i, text in enumerate(addresses)]
    table = only_table(read("addressees", rows, newline=newline))
    assert table["source_line"].to_pylist() == [2, 3, 5, 8, 9, 10]
    assert table["address"].to_pylist() == [text or None for text in addresses]


def test_blank_lines_are_no_rows_but_count_as_lines() -> None:
    layout = LAYOUTS["assessments"]
    first, second, third = file_of(layout, [ASSESSMENT, ASSESSMENT | {"調定異動番号": "2"}]).splitlines()
    data = b"\n".join([first, b"", second, b"", b"", third, b"", b"\x1a"])
    assert only_table(decode(data, layout, context(layout)))["source_line"].to_pylist() == [3, 6]


def test_a_quarantined_row_keeps_its_text_and_line() -> None:
    rows = [ADDRESSEE, ADDRESSEE | {"宛名番号": "2", "氏名": ""}, ADDRESSEE | {"宛名番号": "3"}]
    layout = LAYOUTS["addressees"]
    decoded = read("addressees", rows)
    (bad,) = decoded.quarantined
    assert bad.line == 4
    assert next(csv.reader(io.StringIO(bad.row_text))) == [rows[1].get(h, "") for h in headers(layout)]
    assert only_table(decoded)["source_line"].to_pylist() == [2, 6]


def test_every_fault_of_a_row_is_found() -> None:
    bad = ASSESSMENT | {"異動区分": "9", "税額": "1,000", "納期限": "2025-02-30", "宛名番号": ""}
    (row,) = read("assessments", [bad]).quarantined
    assert {(f.code, f.field, f.line) for f in row.findings} == {
        ("ING-032", "異動区分", 2),
        ("ING-030", "税額", 2),
        ("ING-033", "納期限", 2),
        ("ING-035", "宛名番号", 2),
    }


# --- one fault, one finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout_id", "valid", "change", "code", "field"),
    BROKEN,
    ids=[f"{b[0]}-{b[4]}-{b[3]}-{i}" for i, b in enumerate(BROKEN)],
)
def test_a_fault_is_found_where_it_is(layout_id: str, valid: Row, change: Row, code: str, field: str) -> None:
    good, _ = VALID[layout_id]
    assert read(layout_id, [valid]).records == 1  # so that it is the change that is found
    broken = valid | change
    rows = [broken, *(r for r in good if not same_key(layout_id, r, broken))]
    found = findings_of(layout_id, rows)
    assert [(f.code, f.line, f.field, f.byte) for f in found] == [(code, 2, field, None)]
    assert found[0].english()
    assert found[0].japanese()


def test_a_barcode_with_one_digit_wrong() -> None:
    wrong = list(barcode(25_000))
    wrong[20] = str((int(wrong[20]) + 1) % 10)
    found = findings_of("cvs_dsk", [DSK, DSK | {"バーコード情報": "".join(wrong)}])
    assert [(f.code, f.line, f.field) for f in found] == [("ING-036", 3, "バーコード情報")]


def test_signs_of_rows_that_take_back() -> None:
    back = {"収納額": "-25000", "督促手数料": "-100"}
    rows = [
        RECEIPT | back | {"収納区分": "2", "納付方法": ""},
        RECEIPT | back | {"収納区分": "6", "入力連番": "2"} | prefixed("訂正元"),
        RECEIPT | {"収納額": "0", "督促手数料": "0", "収納区分": "5", "入力連番": "3"} | OFFSET,
        RECEIPT | {"収納区分": "4", "入力連番": "4", "収納額": "-3"},
        RECEIPT | {"収納区分": "7", "入力連番": "5", "収納額": "0"},
        RECEIPT
        | {"収納額": "0", "督促手数料": "0", "収納区分": "6", "入力連番": "6", "収納額から収納額": "-9"}
        | prefixed("訂正元"),
    ]
    assert read("receipts", rows).records == 6


def test_an_increase_with_a_due_date_of_its_own_needs_its_own_instalment() -> None:
    increase = ASSESSMENT | {"調定異動番号": "2", "異動区分": "3", "税額": "10", "納期限": "2025-09-01"}
    own = increase | {"論理期別": "11"}
    decrease = increase | {"調定異動番号": "3", "異動区分": "4", "税額": "-5", "納期限": "2025-06-30"}
    decoded = read("assessments", [increase, own, ASSESSMENT, decrease])
    (bad,) = decoded.quarantined
    assert [(f.code, f.line, f.field) for f in bad.findings] == [("ING-067", 2, "納期限")]
    assert decoded.records == 3


def test_increases_alone_are_held_against_the_first_of_their_due() -> None:
    increase = ASSESSMENT | {"異動区分": "3", "税額": "10"}
    later = increase | {"調定異動番号": "2", "納期限": "2025-09-01"}
    assert [row.line for row in read("assessments", [increase, later]).quarantined] == [3]


# --- keys --------------------------------------------------------------------------------------------------------


def test_every_row_of_a_repeated_key_is_quarantined() -> None:
    again = RECEIPT | {"収納額": "1", "収納日": "令和7年7月1日"}  # the same day in another notation is the same key
    other = RECEIPT | {"入力連番": "00002"}
    decoded = read("receipts", [RECEIPT, other, again])
    assert [(row.line, row.findings[0].code) for row in decoded.quarantined] == [(2, "ING-064"), (4, "ING-064")]
    assert "4" in decoded.quarantined[0].findings[0].expected
    assert decoded.records == 1


def test_payments_may_repeat_within_a_file() -> None:
    assert read("paid_slips", [PAID_SLIP, PAID_SLIP]).records == 2


def test_groups_survive_more_combinations_than_fit_in_64_bits() -> None:
    count = 3000
    columns = [pa.array([f"{i * step % count}" for i in range(count)]) for step in (1, 7, 11, 13, 17, 19, 23)]
    columns = [pa.concat_arrays([c, c]) for c in columns]
    numbers, complete = group_rows(columns)
    assert complete.all()
    assert (numbers[:count] == numbers[count:]).all()
    assert len(np.unique(numbers)) == count


# --- files that are refused --------------------------------------------------------------------------------------


def lines_of(layout_id: str) -> list[bytes]:
    return file_of(LAYOUTS[layout_id], VALID[layout_id][0]).splitlines(keepends=True)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n", b"\x1a"])
def test_an_empty_file(data: bytes) -> None:
    assert [f.code for f in refusal(data, "assessments")] == ["ING-002"]


def test_a_full_extract_without_rows_would_withdraw_everything() -> None:
    data = file_of(LAYOUTS["assessments"], [])
    assert [f.code for f in refusal(data, "assessments", "assessments_20250801_full.csv")] == ["ING-008"]


def test_an_error_notice_is_no_csv() -> None:
    data = "error: データがありません".encode("cp932")
    assert is_error_notice(data)
    assert [f.code for f in refusal(data, "cvs_dsk")] == ["ING-068"]
    assert not is_error_notice(file_of(LAYOUTS["cvs_dsk"], [DSK]))


def test_undecodable_bytes_refuse_the_file_and_tell_the_lines() -> None:
    head, first, second = lines_of("assessments")
    data = head + first.replace(b"A1", b"\xff\xff") + second
    (found,) = refusal(data, "assessments")
    assert (found.code, found.line, found.found) == ("ING-013", 2, "0xFF")


def test_undecodable_utf8() -> None:
    data = file_of(LAYOUTS["addressees"], [ADDRESSEE], encoding="utf-8") + b"\x83\x41\n"
    assert [(f.code, f.line) for f in refusal(data, "addressees")] == [("ING-013", 4)]


def test_bytes_that_only_python_takes_for_cp932() -> None:
    data = file_of(LAYOUTS["addressees"], [ADDRESSEE]).replace(b"090-", b"\xa090")
    assert [(f.code, f.line) for f in refusal(data, "addressees")] == [("ING-013", 3)]


def test_an_unclosed_quote() -> None:
    data = b"".join(lines_of("assessments")).replace(b",A1,", b',"A1,')
    (found,) = refusal(data.replace(b',"A1,', b",A1,", 1), "assessments")
    assert (found.code, found.line) == ("ING-062", 3)


def test_every_difference_of_the_header_is_named() -> None:
    head, *rest = lines_of("assessments")
    changed = head.replace("宛名番号".encode("cp932"), "宛名".encode("cp932"))
    changed = changed.replace("調定日".encode("cp932"), "税額".encode("cp932"))
    found = refusal(changed + b"".join(rest), "assessments")
    assert {(f.code, f.line, f.field, f.found) for f in found} == {
        ("ING-060", 1, "宛名番号", "missing"),
        ("ING-060", 1, "宛名", "unknown"),
        ("ING-060", 1, "調定日", "missing"),
        ("ING-060", 1, "税額", "2 times"),
    }


def test_a_first_row_of_data_is_not_shown() -> None:
    data = b"".join(lines_of("addressees")[1:])
    (found,) = refusal(data, "addressees")
    assert (found.code, found.line, found.found) == ("ING-060", 1, "no header row")
    assert "太郎" not in found.japanese()


def test_a_broken_row_refuses_a_payment_file_with_every_finding() -> None:
    rows = [PAID_SLIP | {"金額": "-1"}, PAID_SLIP, PAID_SLIP | {"通番": "", "納付方法": "99"}]
    found = findings_of("paid_slips", rows)
    assert [(f.line, f.code, f.field) for f in found] == [
        (2, "ING-066", "金額"),
        (4, "ING-032", "納付方法"),
        (4, "ING-035", "通番"),
    ]


def test_a_thousand_findings_are_listed_and_all_are_counted() -> None:
    found = findings_of("paid_slips", [PAID_SLIP | {"金額": "0"}] * 1_203)
    assert len(found) == 1_001
    assert (found[-1].code, found[-1].found) == ("ING-099", "1,203 findings")


# --- rows that cannot be cut into cells ---------------------------------------------------------------------------


def test_a_row_with_too_few_or_too_many_values() -> None:
    head, first, second = lines_of("assessments")
    layout = LAYOUTS["assessments"]
    decoded = decode(head + first + second.replace(b",A1,", b",") + b"x,y\n", layout, context(layout))
    assert [(q.line, q.findings[0].code) for q in decoded.quarantined] == [(3, "ING-061"), (4, "ING-061")]
    assert decoded.quarantined[1].row_text == "x,y"
    assert decoded.records == 1


def test_a_misplaced_quote_breaks_only_its_row() -> None:
    layout = LAYOUTS["addressees"]
    people = [ADDRESSEE | {"宛名番号": str(i)} for i in range(4)]
    good = file_of(layout, people)
    for bad in ('5"x', '"5"x', '"open'):
        data = good.replace(b"\r\n1,", f"\r\n{bad},".encode(), 1)
        decoded = decode(data, layout, context(layout))
        assert only_table(decoded)["addressee_no"].to_pylist() == ["0", "2", "3"]
        assert decoded.quarantined[0].line == 4
        assert decoded.quarantined[0].findings[0].code == "ING-062"
        assert "".join(q.row_text for q in decoded.quarantined).startswith(bad)


@pytest.mark.parametrize("header", ['""税額', '税"額', '"税"額'])
def test_a_misplaced_quote_in_the_header_refuses_the_file(header: str) -> None:
    data = b"".join(lines_of("assessments")).replace("税額".encode("cp932"), header.encode("cp932"), 1)
    assert [(f.code, f.line) for f in refusal(data, "assessments")] == [("ING-062", 1)]


def test_a_file_full_of_misplaced_quotes_is_refused() -> None:
    data = b"".join([lines_of("assessments")[0], *[b'a"b,"c\n'] * 150])
    assert [f.code for f in refusal(data, "assessments")] == ["ING-062"]


def test_a_control_character() -> None:
    found = findings_of("assessments", [ASSESSMENT | {"宛名番号": "A\x001"}])
    assert [(f.code, f.line, f.found) for f in found] == [("ING-031", 2, "0x00")]


# --- people ------------------------------------------------------------------------------------------------------


def test_personal_values_are_in_no_finding() -> None:
    secret = {"個人番号": "123456789012", "生年月日": "昭和70年1月1日", "電話番号": "090-1234-5678-9999"}
    decoded = read("addressees", [ADDRESSEE | secret, ADDRESSEE | {"宛名番号": "雪見　花子"}])
    text = "".join(f.japanese() + f.english() for q in decoded.quarantined for f in q.findings)
    for value in (*secret.values(), "花子"):
        assert value not in text
    assert {f.found for f in decoded.quarantined[0].findings} == {MASKED}


def test_check_digits_agree_with_python_stdnum() -> None:
    base = [f"{n * 7919 % 10**11:011d}" for n in range(1, 300)]
    good = [number + in_.calc_check_digit(number) for number in base]
    rows = [ADDRESSEE | {"宛名番号": str(i), "個人番号": number} for i, number in enumerate(good)]
    assert read("addressees", rows).records == len(rows)
    wrong = [number[:-1] + str((int(number[-1]) + 1) % 10) for number in good]
    rows = [ADDRESSEE | {"宛名番号": str(i), "個人番号": number} for i, number in enumerate(wrong)]
    assert read("addressees", rows).records == 0

    base = [f"{n * 104729 % 10**12:012d}" for n in range(1, 300)]
    firms = [cn.calc_check_digit(number) + number for number in base]
    rows = [ADDRESSEE | {"宛名番号": str(i), "個人番号": "", "法人番号": number} for i, number in enumerate(firms)]
    assert read("addressees", rows).records == len(rows)


# --- which version a file is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("assessments_20250801.csv", (date(2025, 8, 1), 0, False)),
        ("assessments_20250801_full.csv", (date(2025, 8, 1), 0, True)),
        ("assessments_20250801_3.csv", (date(2025, 8, 1), 3, False)),
        ("assessments_20250801_full_12.CSV", (date(2025, 8, 1), 12, True)),
    ],
)
def test_the_name_tells_the_version(name: str, expected: tuple[date, int, bool]) -> None:
    layout = LAYOUTS["assessments"]
    decoded = decode(file_of(layout, [ASSESSMENT]), layout, context(layout, name))
    assert (decoded.business_date, decoded.sequence_no, decoded.is_full) == expected


def test_any_name_with_a_business_date() -> None:
    layout = LAYOUTS["assessments"]
    given = replace(context(layout, "調定データ.csv"), business_date=date(2025, 7, 31))
    decoded = decode(file_of(layout, [ASSESSMENT]), layout, given)
    assert (decoded.business_date, decoded.sequence_no, decoded.is_full) == (date(2025, 7, 31), 0, False)


@pytest.mark.parametrize("name", ["data.csv", "assessments_20250231.csv", "receipts_20250801.csv"])
def test_an_unknown_business_date(name: str) -> None:
    data = file_of(LAYOUTS["assessments"], [ASSESSMENT])
    assert [f.code for f in refusal(data, "assessments", name)] == ["ING-063"]


# --- layouts -----------------------------------------------------------------------------------------------------


def test_every_rule_that_a_layout_names_exists() -> None:
    for layout in LAYOUTS.values():
        for name in layout.rules:
            assert rule_named(name)
    with pytest.raises(LayoutError, match="all_or_none_key"):
        rule_named("misspelt")


def test_extracts_and_payments() -> None:
    payments = {"paid_slips", "eltax_receipts", "mpn_receipts", "cvs_dsk"}
    assert {k for k, v in LAYOUTS.items() if not v.extract} == payments
    assert all(v.primary_key for v in LAYOUTS.values() if v.extract)


def test_the_due_key_has_the_same_parts_everywhere() -> None:
    for layout_id in ("assessments", "receipts", "slips", "reminders", "paid_slips"):
        names = {f.name: f.header for f in LAYOUTS[layout_id].columns}
        assert [names[part] for part in DUE_KEY] == list(KEY)


def test_a_layout_without_a_column_that_its_rule_needs_is_told_so() -> None:
    known = LAYOUTS["decisions"].model_dump()
    known["columns"] = [c for c in known["columns"] if c["name"] != "offset_tax_year"]
    layout = Layout.model_validate(known)
    with pytest.raises(LayoutError, match="decisions: a rule that it names needs the column 'offset_tax_year'"):
        decode(file_of(layout, [{k: v for k, v in DECISION.items() if k != "充当先年度分"}]), layout, context(layout))


def test_a_part_of_a_due_key_may_not_hold_the_dash_that_joins_the_parts() -> None:
    """Also where a layout has no pattern: a key of ten parts is no due's. Every such row is named."""
    known = LAYOUTS["reminders"].model_dump()
    known["columns"] = [c | {"pattern": None} for c in known["columns"]]
    loose = Layout.model_validate(known)
    (row,), _ = VALID["reminders"]
    rows = [row | {"通知書番号": "12-4567890"}, row | {"通知書番号": "1-34567890"}]
    rows += [row | {"通知書番号": f"000000001{i}"} for i in range(3)]
    decoded = decode(file_of(loose, rows), loose, context(loose))
    found = [finding for row in decoded.quarantined for finding in row.findings]
    assert [(finding.code, finding.line) for finding in found] == [("ING-069", 2), ("ING-069", 3)]
    assert len(only_table(decoded)) == 3
