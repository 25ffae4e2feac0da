"""Writes payment records into the files in which they are delivered, and tells the truth where each one stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.layout import Layout
from ingestion.town import digits
from ingestion.town.city import (
    BARCODE_CLIENT,
    BILLER_NO,
    BY_ADDRESSEE,
    BY_KEY,
    BY_OCR,
    BY_SLIP,
    CHAIN_NAMES,
    CITY_ACCOUNT,
    CITY_BANK,
    CITY_BANK_KANA,
    CITY_BRANCH,
    CITY_BRANCH_KANA,
    CONSIGNORS,
    CVS,
    DEBIT,
    DSK,
    ELTAX,
    ITEM,
    MPN,
    PAID_SLIPS,
    ROUTE_NAMES,
    STORE_CHAINS,
)
from ingestion.town.days import Ints, day, fiscal_year, month_end, to_date, ymd
from ingestion.town.days import text as dates
from ingestion.town.payments import PROVISIONAL, WITHDRAWN
from ingestion.town.people import Payers
from ingestion.town.tables import write_csv
from ingestion.town.truth import Truth, key_columns
from ingestion.writer import write_fixed

CONSIGNOR_KANA = "ﾕｷﾐｼ"
SMALL_TOWN = 20_000  # up to this population payment files are monthly, beyond it weekly


@dataclass(frozen=True)
class Delivery:
    """Where files go and what is needed to write them."""

    files: Path
    layouts: dict[str, Layout]
    truth: Truth
    payers: Payers
    weekly: bool
    as_of: int

    def period_end(self, values: Ints) -> Ints:
        """The date of the file in which something of a day is delivered."""
        distinct, index = np.unique(values, return_inverse=True)
        if self.weekly:
            ends = [int(d) + (6 - to_date(int(d)).weekday()) for d in distinct]
        else:
            ends = [month_end(int(d)) for d in distinct]
        return np.minimum(np.array(ends, np.int64), self.as_of)[index.reshape(-1)]


def _masked(values: pa.Array, present: Ints) -> pa.Array:
    return pc.if_else(pa.array(present), values, pa.scalar(None, pa.string()))


# ---- 収納履歴 ----
def write_history(delivery: Delivery, name: str, records: Ints, first_entry: int = 0) -> None:
    """An extract of 収納履歴: split as recorded, movements with their nine amounts."""
    if not len(records):
        return
    records = records[np.lexsort((records["pid"], records["posted"]))]
    n = len(records)
    entry = digits.pad(first_entry + np.arange(1, n + 1), 7)
    kind = records["receipt_type"]
    closing = {y: day(y + 1, 5, 31) for y in range(2010, 2050)}
    received_year = _by_day(records["received"], fiscal_year)
    late_of = np.array([closing[int(y)] for y in range(2010, 2050)])[records["levy_year"] - 2010]
    in_closing = (received_year == records["levy_year"] + 1) & (records["received"] <= late_of)
    year = np.where(in_closing, records["levy_year"], received_year)
    at_store = np.isin(records["channel"], (4, 7))
    columns: dict[str, Any] = dict(zip(KEY_NAMES, key_columns(records), strict=True)) | {
        "posted_date": dates(records["posted"], ymd),
        "branch_code": pa.repeat(pa.scalar("001"), n),
        "book_no": digits.pad(records["channel"], 3),
        "entry_no": entry,
        "entry_line_no": pa.repeat(pa.scalar("1"), n),
        "received_date": dates(records["received"], ymd),
        "payment_method_code": digits.pad(records["channel"], 2),
        "receipt_type_code": digits.pad(kind, 1),
        "principal_yen": records["principal"],
        "reminder_fee_yen": records["fee"],
        "late_charge_yen": records["late"],
        "fiscal_year": year,
        "reminder_fee_fiscal_year": pa.array(year, mask=records["fee"] == 0),
        "late_charge_fiscal_year": pa.array(year, mask=records["late"] == 0),
        "chain_code": _masked(digits.pad(records["chain"], 3), at_store),
        "store_code": _masked(digits.pad(records["store"], 7), at_store),
    }
    moved = np.isin(kind, (3, 4, 5))
    if moved.any():
        other = zip(KEY_NAMES, key_columns(records, "other_"), strict=True)
        columns |= {f"offset_{part}": _masked(values, moved) for part, values in other}
        columns["principal_to_principal_yen"] = pa.array(records["amount"], mask=~moved)
    columns |= _corrections(records, entry)
    write_csv(delivery.files / name, delivery.layouts["receipts"], columns, n)
    delivery.truth.file(name, records, np.arange(2, n + 2))


KEY_NAMES = (
    "tax_item_code",
    "tax_item_detail_code",
    "assessing_body_code",
    "instalment_body_code",
    "body_scope_code",
    "levy_year",
    "tax_year",
    "notice_no",
    "instalment_no",
)


def _by_day(values: Ints, function: Callable[[int], int]) -> Ints:
    distinct, index = np.unique(values, return_inverse=True)
    return np.array([function(int(d)) for d in distinct], np.int64)[index.reshape(-1)]


def _corrections(records: Ints, entry: pa.Array) -> dict[str, pa.Array]:
    """訂正元: the key and the primary key of the entry that is taken back (in the same file)."""
    corrects = records["corrects"] >= 0
    if not corrects.any():
        return {}
    wanted = records["corrects"][corrects]
    at = np.flatnonzero(np.isin(records["pid"], wanted))
    at = at[np.argsort(records["pid"][at])]
    source = np.zeros(len(records), np.int64)
    source[corrects] = at[np.searchsorted(records["pid"][at], wanted)]
    origin = records[source]
    named = {f"corrected_{k}": v for k, v in zip(KEY_NAMES, key_columns(origin), strict=True)} | {
        "corrected_posted_date": dates(origin["posted"], ymd),
        "corrected_branch_code": pa.repeat(pa.scalar("001"), len(records)),
        "corrected_book_no": digits.pad(origin["channel"], 3),
        "corrected_entry_no": entry.take(pa.array(source)),
        "corrected_entry_line_no": pa.repeat(pa.scalar("1"), len(records)),
    }
    return {name: _masked(values, corrects) for name, values in named.items()}


# ---- payment files ----
def write_payment_files(delivery: Delivery, records: Ints) -> None:
    """Every record of the payment files, by route and period; direct debits by day."""
    for route, date_field, write in (
        (PAID_SLIPS, "posted", _paid_slips),
        (CVS, "created", _cvs),
        (DSK, "created", _dsk),
        (ELTAX, "posted", _el),
        (MPN, "posted", _el),
    ):
        here = records[records["route"] == route]
        # a record sent again comes with the next file; its own fields are those of the first
        ends = delivery.period_end(here[date_field])
        following = delivery.period_end(ends + 1)
        ends = np.where(here["same_as"] >= 0, following, ends)
        order = np.lexsort((here["kind"], here["pid"], here["received"], here[date_field], ends))
        here, ends = here[order], ends[order]
        for end in np.unique(ends):
            write(delivery, here[ends == end], int(end))
    _debits(delivery, records[records["route"] == DEBIT])


def _paid_slips(delivery: Delivery, records: Ints, end: int) -> None:
    n, ident = len(records), records["ident"]
    payment_class = _payment_class(records)
    upper, lower = digits.ocr_lines(records["slip"], records["amount"], payment_class, records["levy_year"])
    with_slip = (ident == BY_SLIP) & (records["slip"] > 0)
    keys = {name: _masked(v, ident == BY_KEY) for name, v in zip(KEY_NAMES, key_columns(records), strict=True)}
    addressee = digits.pad(delivery.payers.addressee_no[np.maximum(records["payer"], 0)], 10)
    columns = keys | {
        "record_type_code": digits.pad(records["kind"], 1),
        "received_date": dates(records["received"], ymd),
        "posted_date": dates(records["posted"], ymd),
        "channel_code": digits.pad(records["channel"], 2),
        "slip_no": _masked(digits.pad(records["slip"], 16), with_slip),
        "ocr_upper": _masked(digits.as_text(upper), ident == BY_OCR),
        "ocr_lower": _masked(digits.as_text(lower), ident == BY_OCR),
        "addressee_no": _masked(addressee, ident == BY_ADDRESSEE),
        "amount_yen": records["amount"],
        "institution_code": digits.pad(np.maximum(records["bank"], 1), 4),
        "institution_branch_code": digits.pad(records["branch"], 3),
        "branch_code": pa.repeat(pa.scalar("001"), n),
        "serial_no": digits.pad(records["serial"], 8),
    }
    name = f"paid_slips_{ymd(end)}.csv"
    write_csv(delivery.files / name, delivery.layouts["paid_slips"], columns, n)
    delivery.truth.file(name, records, np.arange(2, n + 2))


def _payment_class(records: Ints) -> Ints:
    table = np.zeros(100, np.int64)
    for code, item in ITEM.items():
        table[code] = item.payment_class
    return np.asarray(table[records["item"]])


def _el(delivery: Delivery, records: Ints, end: int) -> None:
    """共通納税 and Pay-easy: both name the slip by its eL番号."""
    n = len(records)
    payment_no, confirmation = digits.el_number(records["slip"])
    columns = {
        "record_type_code": digits.pad(records["kind"], 1),
        "biller_no": pa.repeat(pa.scalar(BILLER_NO), n),
        "payment_no": digits.as_text(payment_no),
        "confirmation_no": digits.as_text(confirmation),
        "payment_class": digits.pad(_payment_class(records), 3),
        "received_date": dates(records["received"], ymd),
        "posted_date": dates(records["posted"], ymd),
        "channel_code": digits.pad(records["channel"], 2),
        "amount_yen": records["amount"],
        "institution_code": digits.pad(np.maximum(records["bank"], 1), 4),
        "serial_no": digits.pad(records["serial"], 8),
        "transfer_date": dates(records["transfer"], ymd),
    }
    layout_id = ROUTE_NAMES[int(records["route"][0])]
    name = f"{layout_id}_{ymd(end)}.csv"
    write_csv(delivery.files / name, delivery.layouts[layout_id], columns, n)
    delivery.truth.file(name, records, np.arange(2, n + 2))


def _barcodes(records: Ints) -> pa.Array:
    return digits.as_text(digits.barcode(records["slip"], records["reissue"], records["pay_by"], records["amount"]))


def _final_day(records: Ints, values: Ints) -> Ints:
    return np.where(np.isin(records["kind"], (PROVISIONAL, WITHDRAWN)), -1, values)


def _cvs(delivery: Delivery, records: Ints, end: int) -> None:
    """The 120-byte file of the convenience stores' agent."""
    transfer = _as_dates(_final_day(records, records["transfer"]))
    data = {
        "record_kind": digits.pad(records["kind"], 2),
        "store_date": _as_dates(records["received"]),
        "store_time": digits.pad(records["time"], 4),
        "barcode_type": pa.repeat(pa.scalar("1"), len(records)),
        "barcode": _barcodes(records),
        "store_code": digits.pad(records["store"], 7),
        "customer_layer": pa.repeat(pa.scalar("00"), len(records)),
        "created_date": _as_dates(records["created"]),
        "transfer_date": transfer,
        "fee_date": transfer,
        "chain_code": digits.pad(records["chain"], 3),
    }
    header = {
        "created_file_date": to_date(end),
        "agent_code": "CVS01",
        "client_code": str(BARCODE_CLIENT),
        "client_name": CONSIGNOR_KANA,
    }
    name = f"cvs_{ymd(end)}.dat"
    (delivery.files / name).write_bytes(write_fixed(delivery.layouts["cvs_120"], [(header, data)]))
    delivery.truth.file(name, records, np.arange(2, len(records) + 2))


def _as_dates(values: Ints) -> pa.Array:
    return pa.array(np.maximum(values, 0).astype(np.int32), pa.int32(), mask=values < 0).cast(pa.date32())


def _dsk(delivery: Delivery, records: Ints, end: int) -> None:
    """The CSV of the agent for smartphones and postal transfers."""
    n = len(records)
    names = {**CHAIN_NAMES, **dict.fromkeys(STORE_CHAINS, "コンビニ")}
    chains = np.array([names.get(c, "") for c in range(1000)])[records["chain"]]
    columns = {
        "record_kind": digits.pad(records["kind"], 2),
        "store_date": dates(records["received"], ymd),
        "store_time": digits.pad(records["time"], 4),
        "barcode": pc.binary_join_element_wise("EAN", _barcodes(records), ""),
        "user_field_1": pa.repeat(pa.scalar("000001"), n),
        "stamp_flag": pa.repeat(pa.scalar("0"), n),
        "amount_yen": records["amount"],
        "chain_code": digits.pad(records["chain"], 3),
        "chain_name": pa.array(chains),
        "store_code": digits.pad(records["store"], 6),
        "transfer_date": dates(_final_day(records, records["transfer"]), ymd).fill_null("0"),
        "created_date": dates(records["created"], ymd),
    }
    name = f"dsk_{ymd(end)}.csv"
    write_csv(delivery.files / name, delivery.layouts["cvs_dsk"], columns, n)
    delivery.truth.file(name, records, np.arange(2, n + 2))


# ---- 口座振替 ----
def _debits(delivery: Delivery, records: Ints) -> None:
    """One request and one result per day of debit, a header group per tax item."""
    for when in np.unique(records["posted"]):
        here = records[records["posted"] == when]
        here = here[np.lexsort((here["instalment"], here["notice"], here["item"]))]
        for role in ("request", "result"):
            _debit_file(delivery, here, int(when), role)


def _debit_file(delivery: Delivery, records: Ints, when: int, role: str) -> None:
    groups, at, lines = [], 1, []
    for item in np.unique(records["item"]):
        part = records[records["item"] == item]
        groups.append((_debit_header(int(item), when), _debit_data(delivery.payers, part, role)))
        lines.append(np.arange(at + 1, at + 1 + len(part)))
        at += len(part) + 2
    name = f"zengin91_{role}_{ymd(when)}.dat"
    data = write_fixed(delivery.layouts["zengin91_120"], groups, role=role)
    (delivery.files / name).write_bytes(data)
    where = np.concatenate(lines)
    if role == "result":
        delivery.truth.file(name, records, where)
        return
    count = len(records)
    delivery.truth.plain_rows(name, ["not_money"] * count, where.tolist(), records["amount"].tolist(), "request")


def _debit_header(item: int, when: int) -> dict[str, Any]:
    return {
        "code_class": "0",
        "consignor_code": str(CONSIGNORS[item]),
        "consignor_name": CONSIGNOR_KANA,
        "debit_date": to_date(when),
        "collecting_bank_code": CITY_BANK,
        "collecting_bank_name": CITY_BANK_KANA,
        "collecting_branch_code": CITY_BRANCH,
        "collecting_branch_name": CITY_BRANCH_KANA,
        "consignor_account_type_code": "1",
        "consignor_account_no": CITY_ACCOUNT,
    }


def _debit_data(payers: Payers, records: Ints, role: str) -> dict[str, Any]:
    payer = records["payer"]
    codes = records["kind"] if role == "result" else np.zeros(len(records), np.int64)
    return {
        "bank_code": digits.pad(payers.bank_code[payer], 4),
        "branch_code": digits.pad(payers.bank_branch[payer], 3),
        "account_type_code": pa.repeat(pa.scalar("1"), len(records)),
        "account_no": digits.pad(payers.account_no[payer], 7),
        "holder_name": payers.bank_name.take(pa.array(payer)),
        "amount_yen": records["amount"],
        "new_code": pa.repeat(pa.scalar("0"), len(records)),
        "customer_no": customer_numbers(records),
        "result_code": digits.pad(codes, 1),
    }


def customer_numbers(records: Ints) -> pa.Array:
    """顧客番号 (20): 科目2 調定年度2 通知書番号10 論理期別2 年度分2 予備2."""
    parts = [
        digits.pad(records["item"], 2),
        digits.pad(records["levy_year"] % 100, 2),
        digits.pad(records["notice"], 10),
        digits.pad(records["instalment"], 2),
        digits.pad(records["tax_year"] % 100, 2),
    ]
    return pc.binary_join_element_wise(*parts, "00", "")
