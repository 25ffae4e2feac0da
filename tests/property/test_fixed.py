"""Properties of the fixed-length reader and writer: what is written is read back, and nothing crashes the reader."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.barcode import check_digit
from ingestion.layout import FieldDef
from ingestion.read import read
from ingestion.readers.findings import Refused
from ingestion.readers.fixed import decode
from ingestion.writer import write_fixed
from tests.fixtures.fixed_files import DEBITS, FIXED, LAYOUTS, context, landed, valid

PARTY = "0123456789ABCXYZ" + "".join(chr(c) for c in range(0xFF71, 0xFFA0)) + "()-. "
CHARACTERS = {"branch": PARTY.translate({ord(c): None for c in "()."}), "party": PARTY, "edi": PARTY + "ｦ｢｣/\\"}
DAYS = st.dates(date(2019, 5, 1), date(2025, 7, 10))


def values(field: FieldDef) -> st.SearchStrategy[Any]:
    length = int(field.length or 0)
    if field.codes is not None:
        return st.sampled_from([code for code in field.codes if field.name != "code_class" or code == "0"])
    if field.type == "number":
        return st.integers(0, 10 ** min(length, 10) - 1)
    if field.type == "digits":
        return st.integers(0, 10**length - 1).map(lambda n: f"{n:0{length}d}")
    if field.type == "text":
        characters = CHARACTERS.get(field.charset, CHARACTERS["party"])
        return st.text(characters, max_size=length).map(lambda s: s.rstrip(" ") or None)
    if field.type == "hm":
        return st.times().map(lambda t: f"{t:%H%M}")
    return DAYS


def columns(layout_id: str, kind: str, skip: tuple[str, ...]) -> dict[str, st.SearchStrategy[Any]]:
    fields = LAYOUTS[layout_id].records[kind].fields  # type: ignore[index]
    return {f.name: values(f) for f in fields if f.landed and f.when is None and f.name not in skip}


def rows(layout_id: str, skip: tuple[str, ...] = (), extra: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    one = st.fixed_dictionaries(columns(layout_id, "data", skip) | (extra or {}))
    return st.lists(one, min_size=1, max_size=12)


def same(layout_id: str, records: list[dict[str, Any]], header: dict[str, Any], **changes: Any) -> None:
    """Writes one group, reads it back and compares every value."""
    layout = LAYOUTS[layout_id]
    data = {name: pa.array([row[name] for row in records]) for name in records[0]}
    file = write_fixed(layout, [(header, data)], role="result")
    decoded = decode(file, layout, context(**changes))
    table = decoded.tables[layout.table_for(decoded.role)]
    assert table.select(list(data)).to_pylist() == records
    groups = decoded.tables[f"{layout.table_for(decoded.role)}_groups"]
    assert groups.select(list(header)).to_pylist() == [header]
    assert (decoded.records, decoded.amount_yen) == (len(records), sum(row["amount_yen"] for row in records))
    # and the tables themselves can be written again, byte for byte
    again = {name: table[name] for name in data}
    assert write_fixed(layout, [(header, again)], role="result") == file


@pytest.mark.parametrize("layout_id", DEBITS)
@settings(max_examples=25)
@given(data=st.data())
def test_direct_debits_are_read_as_written(layout_id: str, data: st.DataObject) -> None:
    header = data.draw(st.fixed_dictionaries(columns(layout_id, "header", ())))
    day = header["debit_date"]
    same(layout_id, data.draw(rows(layout_id)), header, file_name=f"{day:%Y%m%d}.txt", format=f"{layout_id}:result",
         allow_missing_result_totals=True)  # fmt: skip


@settings(max_examples=25)
@given(data=st.data())
def test_transfers_are_read_as_written(data: st.DataObject) -> None:
    header = data.draw(st.fixed_dictionaries(columns("zengin21_120", "header", ())))
    records = data.draw(rows("zengin21_120", ("edi_flag",)))
    name = f"{header['transfer_date']:%Y%m%d}.txt"
    codes = [
        {"customer_code_1": f"{i:010d}", "customer_code_2": None, "edi": None, "edi_flag": None} for i in range(12)
    ]
    same("zengin21_120", [row | codes[i] for i, row in enumerate(records)], header, file_name=name)
    codes = [{"customer_code_1": None, "customer_code_2": None, "edi": f"A{i}", "edi_flag": "Y"} for i in range(12)]
    same("zengin21_120", [row | codes[i] for i, row in enumerate(records)], header, file_name=name)


@pytest.mark.parametrize("layout_id", ["cvs_120", "cvs_120_mufg"])
@settings(max_examples=25)
@given(data=st.data())
def test_convenience_receipts_are_read_as_written(layout_id: str, data: st.DataObject) -> None:
    header = data.draw(st.fixed_dictionaries(columns(layout_id, "header", ())))
    parts = ("barcode_company", "barcode_client", "slip_no", "reissue_no", "barcode_pay_by", "stamp_flag", "amount_yen")
    yen = st.integers(1, 999_999)
    records = data.draw(rows(layout_id, ("barcode", *parts), {"amount_yen": yen, "free": st.integers(0, 10**21 - 1)}))
    for row in records:
        first = f"91959919{row.pop('free'):021d}09999990{row['amount_yen']:06d}"
        row["barcode"] = first + str(check_digit(first))
    same(layout_id, records, header)


@pytest.mark.parametrize("layout_id", FIXED)
@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_are_refused_or_read_but_never_crash(layout_id: str, data: st.DataObject) -> None:
    whole = bytearray(valid(layout_id, line_end=data.draw(st.sampled_from([b"", b"\n", b"\r\n"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        change = data.draw(st.binary(max_size=4))
        whole[at : at + data.draw(st.integers(0, 4))] = change
    for format_ in (None, layout_id):
        try:
            read(bytes(whole), context(format=format_), LAYOUTS)
        except Refused as refused:
            assert refused.findings
            assert all(finding.english() and finding.japanese() for finding in refused.findings)


@settings(max_examples=300)
@given(data=st.binary(max_size=800) | st.binary(max_size=400).map(lambda b: b"191" + b), name=st.sampled_from(FIXED))
def test_arbitrary_bytes_are_refused(data: bytes, name: str) -> None:
    with pytest.raises(Refused):
        landed(data, name)
    with pytest.raises(Refused):
        read(data, context(), LAYOUTS)


@settings(max_examples=200)
@given(lines=st.lists(st.text("1289 0ﾕ\r\nX", max_size=130), max_size=12), name=st.sampled_from(FIXED))
def test_lines_of_any_length_never_crash(lines: list[str], name: str) -> None:
    data = "\n".join(lines).encode("cp932")
    with pytest.raises(Refused):
        landed(data, name)


@settings(max_examples=50)
@given(at=st.integers(0, 5), byte=st.integers(1, 119), value=st.binary(min_size=1, max_size=1))
def test_no_damage_to_money_goes_unnoticed(at: int, byte: int, value: bytes) -> None:
    """Whatever one byte becomes, a file that still lands has the same count and yen."""
    records = bytearray(valid("zengin91_120", line_end=b""))
    records[at * 120 + byte : at * 120 + byte + 1] = value
    try:
        decoded = landed(bytes(records), "zengin91_120")
    except Refused:
        return
    assert (decoded.role, decoded.records, decoded.amount_yen) == ("result", 3, 6000)
