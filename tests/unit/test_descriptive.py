"""What describes a record never stops a bank's file: it lands, with a warning that says where. What decides refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ingestion.layout import FieldDef, Layout
from ingestion.readers.csv_cells import MASKED
from ingestion.readers.decoded import Decoded
from ingestion.readers.findings import Refused
from tests.fixtures.csv_files import DSK, VALID, only_table
from tests.fixtures.csv_files import read as read_csv
from tests.fixtures.fixed_files import FIXED, LAYOUTS, landed, matrix, valid

Z91, Z21, Z01, Z03, CVS = "zengin91_120", "zengin21_120", "zengin01_200", "zengin03_200", "cvs_120"
M220, M300, M350 = "municipal_220", "municipal_300", "municipal_350"


def put(layout_id: str, line: int, byte: int, raw: bytes) -> bytes:
    """A valid file with other bytes in one record (both counted from 1)."""
    records = matrix(valid(layout_id, line_end=b""), layout_id)
    records[line - 1, byte - 1 : byte - 1 + len(raw)] = list(raw)
    return bytes(records.tobytes())


def data_of(decoded: Decoded) -> list[dict[str, object]]:
    return decoded.tables[decoded.layout.table_for(decoded.role)].to_pylist()


def groups_of(decoded: Decoded) -> list[dict[str, object]]:
    return decoded.tables[f"{decoded.layout.table_for(decoded.role)}_groups"].to_pylist()


@pytest.mark.parametrize(
    ("layout_id", "line", "byte", "text", "code", "name", "value"),
    [
        (Z91, 2, 51, "ｧ", "ING-031", "holder_name", "ｧﾏﾀﾞ ﾊﾅｺ"),
        (Z91, 2, 53, "ｰ", "ING-031", "holder_name", "ﾔﾏｰﾞ ﾊﾅｺ"),
        (Z91, 2, 51, "ｦ", "ING-031", "holder_name", "ｦﾏﾀﾞ ﾊﾅｺ"),
        (Z91, 4, 52, "a", "ING-031", "holder_name", "ﾖaｺ"),
        (Z91, 2, 51, '"', "ING-031", "holder_name", '"ﾏﾀﾞ ﾊﾅｺ'),
        (Z91, 2, 51, "山", "ING-031", "holder_name", "山ﾀﾞ ﾊﾅｺ"),
        (Z91, 2, 51, "\x00", "ING-013", "holder_name", "\ufffdﾏﾀﾞ ﾊﾅｺ"),
        (Z91, 2, 24, "(", "ING-031", "branch_name", "(ﾝﾃﾝ"),
        (Z91, 2, 91, "5", "ING-032", "new_code", "5"),
        (Z91, 3, 115, "X", "ING-037", None, None),
        (Z91, 3, 115, "\t", "ING-037", None, None),
        (M220, 3, 47, "ｧ", "ING-031", "holder_name", "ｧｽﾞｷ(ｶ"),
        (M300, 3, 51, "ｰ", "ING-031", "holder_name", "ｰｽﾞｷ(ｶ"),
        (M350, 3, 199, "\x01ｱ", "ING-013", "payer_name", "\ufffdｱ"),
        (Z21, 2, 51, ",", "ING-031", "recipient_name", ",ﾏﾀﾞ ﾊﾅｺ"),
        (Z21, 3, 92, ",", "ING-031", "edi", ",ﾝﾌﾟ/R7"),
        (Z21, 2, 92, "ABC", "ING-030", "customer_code_1", "ABC0000001"),
        (Z21, 2, 102, "-12-34    ", "ING-030", "customer_code_2", "-12-34"),
        (Z21, 2, 112, "5", "ING-032", "transfer_type_code", "5"),
        (Z21, 2, 113, "N", "ING-032", "edi_flag", "N"),
        (Z21, 2, 114, "Z", "ING-037", None, None),
        (Z01, 2, 50, "ｬ", "ING-031", "payer_name", "ｬﾏﾀﾞ ﾊﾅｺ"),
        (Z03, 2, 82, "ｬ", "ING-031", "payer_name", "ｬﾏﾀﾞ ﾊﾅｺ"),
        (Z03, 2, 61, "9", "ING-032", "bill_type_code", "9"),
    ],
)
def test_a_record_lands_with_a_warning(
    layout_id: str, line: int, byte: int, text: str, code: str, name: str | None, value: str | None
) -> None:
    before = landed(valid(layout_id, line_end=b""), layout_id)
    decoded = landed(put(layout_id, line, byte, text.encode("cp932")), layout_id)
    new = [w for w in decoded.warnings if w not in before.warnings]
    assert [(w.code, w.line, w.byte) for w in new if w.code == code] == [(code, line, byte)]
    assert (decoded.records, decoded.amount_yen) == (before.records, before.amount_yen)
    rows, untouched = data_of(decoded), data_of(before)
    if name is not None:
        assert rows[line - 2][name] == value
    for now, then in zip(rows, untouched, strict=True):
        assert {k for k in now if now[k] != then[k]} <= {name}


def test_bytes_that_are_no_character_land_as_such() -> None:
    decoded = landed(put(Z91, 2, 51, b"\xff\xfd\x80\xa0\x7f"), Z91)
    assert data_of(decoded)[0]["holder_name"] == "\ufffd" * 5 + "ﾊﾅｺ"
    cvs = landed(put(CVS, 1, 20, b"\x8e\x20"), CVS)
    assert [(w.code, w.line, w.byte) for w in cvs.warnings] == [("ING-013", 1, 20)]
    assert "\ufffd" in str(groups_of(cvs)[0]["client_name"])


def test_a_warning_counts_its_records_and_shows_no_name() -> None:
    records = matrix(valid(Z91, line_end=b""), Z91)
    records[1:4, 50:52] = ord('"')
    (warning,) = landed(records.tobytes(), Z91).warnings
    assert (warning.line, warning.byte, warning.found) == (2, 51, "'\"' (0x22) (3 records)")


@pytest.mark.parametrize("layout_id", FIXED)
def test_what_decides_is_not_descriptive(layout_id: str) -> None:
    fields = [f for record in LAYOUTS[layout_id].records.values() for f in record.fields]
    names = {f.name for f in fields if f.descriptive}
    assert names
    decides = {"amount_yen", "customer_no", "account_no", "bank_code", "branch_code", "result_code", "consignor_code"}
    decides |= {"client_code", "payer_code", "entry_no", "cancel_code", "direction_code", "transaction_code", "barcode"}
    assert not names & decides


@pytest.mark.parametrize("kind", ["number", "ymd", "hm"])
def test_a_layout_may_not_call_money_or_days_descriptive(kind: str) -> None:
    known = LAYOUTS["cvs_dsk"].model_dump()
    known["columns"].append(
        FieldDef(name="other", label_ja="他", header="他", type=kind, descriptive=True).model_dump()  # type: ignore[arg-type]
    )
    with pytest.raises(ValidationError, match="other: a field that decides something cannot be descriptive"):
        Layout.model_validate(known)


def test_a_column_of_a_control_figure_may_not_be_descriptive() -> None:
    known = LAYOUTS[Z91].model_dump()
    for f in known["records"]["data"]["fields"]:
        f["descriptive"] = f["descriptive"] or f["name"] == "result_code"
    with pytest.raises(ValidationError, match="result_code: a field that decides"):
        Layout.model_validate(known)


def test_descriptive_columns_of_a_csv_land_with_a_warning() -> None:
    long = "あ" * 41
    decoded = read_csv("cvs_dsk", [DSK, DSK | {"種別": "02", "振込日": "20250710", "コンビニ名": long}])
    assert (decoded.records, decoded.amount_yen) == (2, 50_000)
    assert [(w.code, w.line, w.field) for w in decoded.warnings] == [("ING-065", 3, "コンビニ名")]
    assert only_table(decoded)["chain_name"].to_pylist()[1] == long


def test_a_remark_that_is_too_long_lands_and_is_not_shown() -> None:
    decision = VALID["decisions"][0][0] | {"備考": "秘" * 201}
    decoded = read_csv("decisions", [decision])
    assert (decoded.records, decoded.quarantined) == (1, [])
    (warning,) = decoded.warnings
    assert (warning.code, warning.found) == ("ING-065", f"{MASKED} (1 record)")


def test_a_purpose_that_is_missing_is_still_missing() -> None:
    decoded = read_csv("certificates", [VALID["certificates"][0][0] | {"使用目的": ""}])
    assert [f.code for row in decoded.quarantined for f in row.findings] == ["ING-035"]


def test_an_identity_still_refuses() -> None:
    with pytest.raises(Refused) as refused:
        landed(put(Z91, 2, 44, b"X"), Z91)
    assert [(f.code, f.line, f.byte) for f in refused.value.findings] == [("ING-030", 2, 44)]
