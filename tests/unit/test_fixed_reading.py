"""Valid fixed-length files: every format, every line end, years, roles, detection, and what lands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingestion.barcode import check_digit
from ingestion.layout import Layout, LayoutError, landing_schema
from ingestion.read import read
from ingestion.readers.decoded import SentRequest, arrow_type
from ingestion.readers.detect import detect
from ingestion.readers.findings import Refused
from ingestion.readers.fixed import decode
from ingestion.writer import WriteError, write_fixed
from tests.fixtures.fixed_files import (
    DEBITS,
    FIXED,
    LAYOUTS,
    barcode,
    context,
    convenience,
    debit_group,
    debits,
    deposits,
    landed,
    matrix,
    statement,
    transfers,
    valid,
)

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
LINE_ENDS = [b"", b"\n", b"\r", b"\r\n"]
TOTALS = {"zengin21_120": (2, 12700), "zengin01_200": (4, 12345684901), "zengin03_200": (3, 6300)} | {
    **dict.fromkeys(DEBITS, (3, 6000)),
    **dict.fromkeys(("cvs_120", "cvs_120_mufg"), (4, 13199)),
}


@pytest.mark.parametrize("layout_id", FIXED)
@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("tail", [b"", b"\x1a"])
def test_every_line_end_is_read(layout_id: str, line_end: bytes, final: bool, tail: bytes) -> None:
    decoded = read(valid(layout_id, line_end=line_end, final_line_end=final) + tail, context(), LAYOUTS)
    assert decoded.layout.id == layout_id
    assert (decoded.records, decoded.amount_yen) == TOTALS[layout_id]
    assert [w for w in decoded.warnings if w.code == "ING-038"] == []


@pytest.mark.parametrize("layout_id", FIXED)
@pytest.mark.parametrize("line_end", LINE_ENDS[1:])
def test_stripped_spaces_are_put_back_with_a_warning(layout_id: str, line_end: bytes) -> None:
    whole = valid(layout_id, line_end=line_end, final_line_end=False)
    stripped = line_end.join(line.rstrip() for line in whole.split(line_end))
    named = context(format=layout_id) if layout_id in ("municipal_300", "municipal_350") else context()
    decoded, original = read(stripped, named, LAYOUTS), read(whole, context(), LAYOUTS)
    assert [w.code for w in decoded.warnings if w.code == "ING-038"] == ["ING-038"]
    assert {name: t.to_pylist() for name, t in decoded.tables.items()} == {
        name: t.to_pylist() for name, t in original.tables.items()
    }


def test_stripped_lines_that_fit_two_layouts_are_not_guessed() -> None:
    whole = debits("municipal_350", line_end=b"\n")
    with pytest.raises(Refused) as refused:
        read(b"\n".join(line.rstrip() for line in whole.split(b"\n")), context(), LAYOUTS)
    found = [(f.code, f.expected.split(" ")[0]) for f in refused.value.findings]
    assert found == [("ING-001", "municipal_300"), ("ING-001", "municipal_350")]


def test_the_last_record_may_be_stripped_without_line_ends() -> None:
    decoded = read(debits("zengin91_120", line_end=b"").rstrip(), context(), LAYOUTS)
    assert decoded.records == 3
    assert [(w.code, w.line) for w in decoded.warnings] == [("ING-038", 6)]


def test_mixed_line_ends_are_read() -> None:
    lines = debits("zengin91_120", line_end=b"\n").split(b"\n")
    ends = [b"\r\n", b"\n", b"\r", b"\r\n", b"\n", b"\r\n"]
    mixed = b"".join(line + end for line, end in zip(lines, ends, strict=False))
    assert read(mixed, context(), LAYOUTS).records == 3


@pytest.mark.parametrize("layout_id", FIXED)
def test_tables_have_the_columns_of_the_landing_schema(layout_id: str) -> None:
    schema = landing_schema({layout_id: LAYOUTS[layout_id]})
    for table, rows in landed(valid(layout_id), layout_id).tables.items():
        expected = [("source_line", "int32"), ("group_no", "int32")]
        expected += [(c.name, str(arrow_type(c))) for c in schema[table]]
        assert [(f.name, str(f.type)) for f in rows.schema] == expected


def test_a_result_lands_as_delivered() -> None:
    decoded = landed(debits("zengin91_120"), "zengin91_120")
    assert (decoded.role, list(decoded.tables)) == ("result", ["direct_debit_results", "direct_debit_results_groups"])
    row = decoded.tables["direct_debit_results"].to_pylist()[1]
    assert row == {
        "source_line": 3, "group_no": 1, "bank_code": "0140", "bank_name": "ﾕｷﾐ", "branch_code": "001",
        "branch_name": "ﾎﾝﾃﾝ", "account_type_code": "1", "account_no": "7000001", "holder_name": "ｽｽﾞｷ(ｶ",
        "amount_yen": 2000, "new_code": "0", "customer_no": "30250000000001012500", "result_code": "1",
    }  # fmt: skip
    group = decoded.tables["direct_debit_results_groups"].to_pylist()[0]
    assert (group["source_line"], group["debit_date"], group["consignor_code"]) == (1, date(2025, 6, 30), "1234567890")
    assert [group[k] for k in ("total_count", "total_yen", "paid_count", "paid_yen", "failed_count", "failed_yen")] == [
        3, 6000, 2, 4000, 1, 2000]  # fmt: skip


def test_headers_may_repeat_and_each_group_has_its_own_totals() -> None:
    groups = [debit_group("1111111111"), debit_group("2222222222", ("0",), 50), debit_group("3333333333", ())]
    decoded = landed(debits("zengin91_120", groups=groups), "zengin91_120")
    assert (decoded.records, decoded.amount_yen) == (4, 6050)
    assert decoded.tables["direct_debit_results"]["group_no"].to_pylist() == [1, 1, 1, 2]
    assert decoded.tables["direct_debit_results"]["source_line"].to_pylist() == [2, 3, 4, 7]
    table = decoded.tables["direct_debit_results_groups"]
    assert table.select(["source_line", "group_no", "consignor_code", "total_yen"]).to_pylist() == [
        {"source_line": 1, "group_no": 1, "consignor_code": "1111111111", "total_yen": 6000},
        {"source_line": 6, "group_no": 2, "consignor_code": "2222222222", "total_yen": 50},
        {"source_line": 9, "group_no": 3, "consignor_code": "3333333333", "total_yen": 0},
    ]


def test_transfer_fields_depend_on_the_edi_flag() -> None:
    rows = landed(transfers(), "zengin21_120").tables["transfers"].to_pylist()
    assert [(r["customer_code_1"], r["customer_code_2"], r["edi"]) for r in rows] == [
        ("0000000001", "0000000002", None),
        (None, None, "ｶﾝﾌﾟ/R7"),
    ]


def test_deposit_formats_a_and_b_give_one_effective_amount() -> None:
    rows = landed(deposits(), "zengin01_200").tables["bank_statement_entries"].to_pylist()
    assert [(r["amount_yen"], r["amount2_yen"], r["cancel_code"]) for r in rows] == [
        (5000, None, None), (700, None, "1"), (12345678901, 12345678901, None), (300, 0, None),
    ]  # fmt: skip
    assert [r["value_date"] for r in rows] == [date(2025, 6, 30), None, date(2025, 6, 27), None]


def test_an_overdrawn_statement_balances() -> None:
    whole = matrix(statement(line_end=b""), "zengin03_200")
    whole[0, 113:129] = list(b"2100000000000500")
    whole[4, 39:54] = list(b"100000000005200")
    assert landed(whole.tobytes(), "zengin03_200").records == 3  # -500 + 5000 - 300 + 1000 = 5200
    assert landed(statement(closing=1_005_700), "zengin03_200").records == 3
    with pytest.raises(Refused, match="ING-042"):
        landed(statement(closing=-1_005_700), "zengin03_200")


def test_convenience_records_take_their_amount_from_the_barcode() -> None:
    for layout_id in ("cvs_120", "cvs_120_mufg"):
        rows = landed(convenience(layout_id), layout_id).tables["convenience_receipts"].to_pylist()
        first = rows[0]
        digits = barcode(1, 12300)
        assert (first["barcode"], first["amount_yen"], first["slip_no"]) == (digits, 12300, digits[13:29])
        assert (first["barcode_client"], first["barcode_pay_by"]) == (digits[8:13], "250731")
        assert [r["transfer_date"] for r in rows] == [None, date(2025, 7, 7), None, None]
        assert [r["store_time"] for r in rows] == ["1815", "0005", "2359", "0000"]


def test_published_barcode_check_digits() -> None:
    """GS1 Japan, 標準料金代理収納ガイドライン (FORMATS §2.1)."""
    assert check_digit("9191234501234567890123456789010103310123000") == 3
    assert check_digit("9194238617895391785393569273010307311031290") == 3
    with pytest.raises(ValueError, match="43 digits"):
        check_digit("91")


# --- samples made by others ---------------------------------------------------------------------------------------


def _sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip("the sample files are not on this machine")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "layout_id", "role", "records", "yen"),
    [
        ("zengin91_request_lf.txt", "zengin91_120", "request", 2, 11_000),
        ("zengin21_transfer_lf.txt", "zengin21_120", None, 2, 11_000),
    ],
)
def test_samples_have_the_right_totals(name: str, layout_id: str, role: str | None, records: int, yen: int) -> None:
    decoded = read(_sample(name), context(file_name=name), LAYOUTS)
    assert (decoded.layout.id, decoded.role, decoded.records, decoded.amount_yen) == (layout_id, role, records, yen)


def test_the_sample_with_a_long_vowel_mark_lands_with_a_warning_for_that_alone() -> None:
    decoded = read(_sample("zengin21_transfer_crlf.txt"), context(), LAYOUTS)
    assert (decoded.records, decoded.amount_yen) == (2, 1_702_961)
    assert [(w.code, w.line, w.byte, w.field) for w in decoded.warnings] == [
        ("ING-031", 2, 54, "受取人名"),
        ("ING-039", 2, 92, "顧客コード1"),
        ("ING-039", 2, 102, "顧客コード2"),
    ]


# --- years --------------------------------------------------------------------------------------------------------


def _debit_date(role: str = "result", layout_id: str = "zengin91_120", **changes: object) -> tuple[date, str]:
    decoded = landed(debits(layout_id, role), layout_id, **changes)
    groups = decoded.tables[f"direct_debit_{role}s_groups"]
    return groups["debit_date"][0].as_py(), decoded.facts["year_source"]


def _sent(*requests: SentRequest) -> object:
    return lambda consignor, mmdd: list(requests) if (consignor, mmdd) == ("1234567890", "0630") else []


def test_year_of_the_request_that_we_sent_comes_first() -> None:
    sent = _sent(SentRequest(date(2023, 6, 30), 3, 6000), SentRequest(date(2024, 6, 30), 3, 5999))
    name = "91_20220630.txt"
    assert _debit_date(sent_requests=sent, file_name=name) == (date(2023, 6, 30), "request")


def test_year_of_eight_digits_in_the_name_comes_second() -> None:
    assert _debit_date(file_name="kekka_20240630.txt", business_date=date(2023, 7, 3)) == (
        date(2024, 6, 30),
        "file_name",
    )
    # another day, or not exactly eight digits, says nothing
    assert _debit_date(file_name="kekka_20240629_120240630.txt") == (date(2025, 6, 30), "landing_day")


def test_year_of_the_business_date_comes_third() -> None:
    assert _debit_date(business_date=date(2024, 7, 3)) == (date(2024, 6, 30), "business_date")


@pytest.mark.parametrize(
    ("landing", "expected"),
    [
        (date(2025, 6, 30), date(2025, 6, 30)),
        (date(2025, 6, 29), date(2024, 6, 30)),
        (date(2026, 1, 4), date(2025, 6, 30)),
    ],
)
def test_else_the_latest_such_day_not_after_landing(landing: date, expected: date) -> None:
    assert _debit_date(landed_on=landing) == (expected, "landing_day")


def test_a_request_may_be_landed_before_its_day() -> None:
    assert _debit_date("request", landed_on=date(2025, 6, 15)) == (date(2025, 6, 30), "landing_day")
    assert _debit_date("request", landed_on=date(2025, 4, 1)) == (date(2024, 6, 30), "landing_day")


def test_two_requests_that_agree_are_refused_unless_something_decides() -> None:
    sent = _sent(SentRequest(date(2023, 6, 30), 3, 6000), SentRequest(date(2024, 6, 30), 3, 6000))
    with pytest.raises(Refused) as refused:
        _debit_date(sent_requests=sent)
    assert [(f.code, f.line, f.byte) for f in refused.value.findings] == [("ING-034", 1, 55)]
    assert _debit_date(sent_requests=sent, file_name="20240630") == (date(2024, 6, 30), "file_name")
    assert _debit_date(sent_requests=sent, business_date=date(2023, 6, 30)) == (date(2023, 6, 30), "business_date")


def test_29_february_is_of_a_leap_year() -> None:
    whole = matrix(debits("zengin91_120", line_end=b""), "zengin91_120")
    whole[0, 54:58] = list(b"0229")
    decoded = landed(whole.tobytes(), "zengin91_120")
    assert decoded.tables["direct_debit_results_groups"]["debit_date"][0].as_py() == date(2024, 2, 29)


def test_era_years_are_resolved_the_same_way() -> None:
    assert _debit_date(layout_id="municipal_300") == (date(2025, 6, 30), "landing_day")
    sent = _sent(SentRequest(date(2025, 6, 30), 3, 6000))
    assert _debit_date(layout_id="municipal_300", sent_requests=sent) == (date(2025, 6, 30), "request")
    old = matrix(debits("municipal_300", line_end=b""), "municipal_300")
    old[0, 54:60] = list(b"310430")
    table = "direct_debit_results_groups"
    assert landed(old.tobytes(), "municipal_300").tables[table]["debit_date"][0].as_py() == date(2019, 4, 30)


# --- request or result --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout_id", DEBITS)
def test_a_request_is_never_a_result(layout_id: str) -> None:
    assert landed(debits(layout_id, "request"), layout_id).role == "request"
    for allow in (False, True):
        assert landed(debits(layout_id, "request"), layout_id, allow_missing_result_totals=allow).role == "request"
    with pytest.raises(Refused) as refused:
        landed(debits(layout_id, "request"), layout_id, format=f"{layout_id}:result")
    assert [(f.code, f.line, f.byte) for f in refused.value.findings] == [("ING-050", 5, 20)]


def test_an_operator_may_land_a_result_without_result_totals() -> None:
    data = debits("zengin91_120", "request", [debit_group(codes=("0", "1", "0"))])
    for changes in ({}, {"format": "zengin91_120"}, {"allow_missing_result_totals": True}):
        with pytest.raises(Refused) as refused:
            landed(data, "zengin91_120", **changes)
        assert [(f.code, f.line) for f in refused.value.findings] == [("ING-050", 5)]
    decoded = landed(data, "zengin91_120", format="zengin91_120", allow_missing_result_totals=True)
    assert (decoded.role, decoded.facts["result_totals"]) == ("result", "missing, allowed by the operator")
    paid = debits("zengin91_120", "request")
    assert landed(paid, "zengin91_120", format="zengin91_120", allow_missing_result_totals=True).role == "request"
    allowed = landed(paid, "zengin91_120", format="zengin91_120:result", allow_missing_result_totals=True)
    assert allowed.role == "result"


def test_a_result_is_not_taken_as_a_request() -> None:
    with pytest.raises(Refused) as refused:
        landed(debits("zengin91_120"), "zengin91_120", format="zengin91_120:request")
    assert [(f.code, f.line) for f in refused.value.findings] == [("ING-050", 5)]


def test_groups_of_different_kinds_are_refused() -> None:
    both = debits("zengin91_120", line_end=b"")[:-120] + debits("zengin91_120", "request", line_end=b"")
    with pytest.raises(Refused) as refused:
        landed(both, "zengin91_120")
    assert [(f.code, f.line) for f in refused.value.findings] == [("ING-050", 10)]


def test_a_file_without_records_lands_and_is_seen() -> None:
    decoded = landed(debits("zengin91_120", groups=[debit_group(codes=())]), "zengin91_120")
    assert (decoded.records, [(w.code, w.found) for w in decoded.warnings]) == (
        0,
        [("ING-007", "control records alone")],
    )
    one = landed(debits("zengin91_120", groups=[debit_group(codes=()), debit_group(codes=("0",))]), "zengin91_120")
    assert (one.records, one.warnings) == (1, [])


def test_a_file_without_debits_takes_the_role_it_is_asked_for() -> None:
    empty = debits("zengin91_120", groups=[debit_group(codes=())])
    assert landed(empty, "zengin91_120").role == "request"
    assert landed(empty, "zengin91_120", format="zengin91_120:result").role == "result"


# --- detection ----------------------------------------------------------------------------------------------------


def test_an_unknown_type_code_names_the_layouts_and_why_they_do_not_fit() -> None:
    data = debits("zengin91_120").replace(b"191", b"193", 1)
    with pytest.raises(Refused) as refused:
        detect(data, context(), LAYOUTS)
    reasons = {f.expected.split(" ")[0]: f.found for f in refused.value.findings}
    assert set(reasons) == set(FIXED)
    assert reasons["zengin91_120"] == "bytes 2-3 are '93', not '91'"


def test_the_place_of_the_barcode_is_proven() -> None:
    shifted = matrix(convenience("cvs_120", line_end=b""), "cvs_120")
    shifted[1:5, 15:119] = shifted[1:5, 16:120]
    assert detect(shifted.tobytes(), context(), LAYOUTS).id == "cvs_120_mufg"
    shifted[1:5, 10:119] = shifted[1:5, 11:120]
    with pytest.raises(Refused) as refused:
        detect(shifted.tobytes(), context(), LAYOUTS)
    assert [(f.code, f.found) for f in refused.value.findings] == [
        ("ING-001", "bytes 17-60 hold a barcode with the right check digit in 0 of 4 data records"),
        ("ING-001", "bytes 16-59 hold a barcode with the right check digit in 0 of 4 data records"),
    ]


@pytest.mark.parametrize("data", [b"", b"\r\n\x1a", b"   \n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(data, context(), LAYOUTS)
    assert [f.code for f in refused.value.findings] == ["ING-002"]


@pytest.mark.parametrize("name", ["no_such_layout", "zengin91_120:both", "zengin21_120:result"])
def test_an_unknown_format_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        read(debits("zengin91_120"), context(format=name), LAYOUTS)
    assert [f.code for f in refused.value.findings] == ["ING-001"]


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("amount_yen", [10**10, 1, 1]),
        ("amount_yen", [-1, 1, 1]),
        ("account_no", ["12345678", "1", "1"]),
        ("account_no", ["12 4567", "1", "1"]),
        ("holder_name", ["ｧ", "ｱ", "ｱ"]),
        ("holder_name", ["山田", "ｱ", "ｱ"]),
        ("holder_name", ["ｱ" * 31, "ｱ", "ｱ"]),
        ("result_code", ["7", "0", "0"]),
        ("no_such_column", [1, 2, 3]),
    ],
)
def test_what_does_not_fit_is_not_written(column: str, values: list[object]) -> None:
    header, data = debit_group()[:2]
    with pytest.raises(WriteError):
        write_fixed(LAYOUTS["zengin91_120"], [(header, {**data, column: values})], role="result")


# --- layouts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"name": "other"}, {"type": "text"}])
def test_a_layout_whose_rule_finds_no_number_is_told_so(change: dict[str, str]) -> None:
    known = LAYOUTS["zengin03_200"].model_dump()
    field = next(f for f in known["records"]["header"]["fields"] if f["name"] == "opening_balance_yen")
    field |= change
    layout = Layout.model_validate(known)
    with pytest.raises(LayoutError, match="'opening_balance_yen' of the header"):
        decode(statement(), layout, context())


@pytest.mark.parametrize(
    "change",
    [
        {"width": 10**9},
        {"width": 0},
        {"width": -1},
        {"records": {"header": {"mark": "12"}}},
        {"records": {"end": {"mark": ""}}},
    ],
)
def test_a_record_has_a_length_and_a_mark_of_one_byte(change: dict[str, Any]) -> None:
    known = LAYOUTS["zengin03_200"].model_dump()
    for kind, record in change.pop("records", {}).items():
        known["records"][kind] |= record
    with pytest.raises(ValidationError):
        Layout.model_validate(known | change)
