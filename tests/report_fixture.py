"""A small warehouse with the public tables that the reports read; every row written by hand, every person invented.

May 2026 (令和8年5月) has, of final records:

    day    channel      item                     year class        n  principal    fee   late    over  suspense
    05-01  03 口座振替  30 固定資産税            2026 current     10  1,000,000      0      0       0
    05-01  01 窓口      10 市県民税（普通徴収）  2026 carried_over 2     50,000    200  3,400       0
    05-07  04 コンビニ  10 市県民税（普通徴収）  2026 current      5    120,000      0      0  12,000
    05-07  04 コンビニ  40 軽自動車税            2025 current      1     10,800    100      0       0
    05-15  08 振込      (suspense)                                 1                                      7,700
    05-15  01 窓口      10                       2026 current      0  refunded 12,000
                                                                  19  1,180,800    300  3,400  12,000     7,700

so revenue = 1,196,500, collected = 1,204,200; May 2025 collected 900,000.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from warehouse.config import Home
from warehouse.connection import open_file

AS_OF = date(2026, 6, 1)
KNOWN_AT = datetime.fromisoformat("2026-06-01 07:00")
NOW = datetime.fromisoformat("2026-06-01 07:30")
VERSION = "0.1.0"
HOSTILE_FILE = "<script>alert(1)</script>.csv"
PERSON = "架空　花子"

SCHEMA = """
create table run_info (
    as_of_date date, known_at timestamp, municipality_code varchar, municipality_name varchar, code_version varchar
);
create table dim_tax_items (tax_item_code varchar, tax_item_name varchar, is_city_tax boolean);
create table dim_channels (channel_code varchar, channel_name varchar);
create table rpt_daily_collection (
    posted_date date, fiscal_year bigint, arrears_class varchar, tax_item_code varchar, channel_code varchar,
    branch_code varchar, receipt_count bigint, principal_yen bigint, reminder_fee_yen bigint, late_charge_yen bigint,
    overpaid_yen bigint, suspense_yen bigint, refunded_yen bigint, offset_in_yen bigint, offset_out_yen bigint,
    provisional_count bigint, provisional_yen bigint
);
create table fct_receipts (
    receipt_id varchar, load_id varchar, source_file varchar, source_line bigint, channel_code varchar,
    record_status varchar, received_date date, posted_date date, amount_yen bigint, payer_name varchar
);
create table fct_remittances (
    remittance_id varchar, channel_code varchar, remittance_date date, expected_count bigint, expected_yen bigint,
    fee_yen bigint, credited_yen bigint, credited_date date, state varchar, difference_yen bigint
);
create table fct_suspense (
    receipt_id varchar, source_file varchar, source_line bigint, channel_code varchar, received_date date,
    posted_date date, amount_yen bigint, balance_yen bigint, reason_code varchar, reason varchar, payer_name varchar
);
create table fct_loads (
    load_id varchar, file_name varchar, sha256 varchar, format varchar, status varchar, records bigint,
    amount_yen bigint, quarantined bigint, landed_at timestamp, reason_code varchar, reason varchar, warnings bigint,
    business_date date
);
"""

TAX_ITEMS = [
    ("10", "市県民税（普通徴収）", True),
    ("30", "固定資産税・都市計画税", True),
    ("40", "軽自動車税（種別割）", True),
]
CHANNELS = [("01", "窓口"), ("03", "口座振替"), ("04", "コンビニ"), ("08", "振込")]


def _day(
    posted: str,
    channel: str,
    item: str | None,
    year: int | None,
    arrears: str,
    count: int,
    principal: int = 0,
    fee: int = 0,
    late: int = 0,
    over: int = 0,
    suspense: int = 0,
    refunded: int = 0,
    provisional: tuple[int, int] = (0, 0),
) -> tuple[Any, ...]:
    amounts = (count, principal, fee, late, over, suspense, refunded, 0, 0, *provisional)
    return (date.fromisoformat(posted), year, arrears, item, channel, "000", *amounts)


DAILY = [
    _day("2026-05-01", "03", "30", 2026, "current", 10, principal=1_000_000),
    _day("2026-05-01", "01", "10", 2026, "carried_over", 2, principal=50_000, fee=200, late=3_400),
    _day("2026-05-07", "04", "10", 2026, "current", 5, principal=120_000, over=12_000),
    _day("2026-05-07", "04", "40", 2025, "current", 1, principal=10_800, fee=100),
    _day("2026-05-15", "08", None, None, "none", 1, suspense=7_700),
    _day("2026-05-15", "01", "10", 2026, "current", 0, refunded=12_000),
    _day("2026-05-29", "04", "10", 2026, "current", 0, provisional=(3, 45_000)),
    _day("2025-05-02", "03", "30", 2025, "current", 8, principal=900_000),
]

RECEIPTS = [
    ("r1", "L1", "debit.txt", 2, "03", "final", "2026-05-01", 1_000_000),
    ("r2", "L2", "counter.csv", 2, "01", "final", "2026-05-01", 53_600),
    ("r3", "L3", "cvs.txt", 2, "04", "final", "2026-05-07", 132_000),
    ("r4", "L3", "cvs.txt", 3, "04", "final", "2026-05-07", 10_900),
    ("r5", "L4", "bank.txt", 5, "08", "final", "2026-05-15", 7_700),
    ("r6", "L5", "cvs_prompt.txt", 2, "04", "provisional", "2026-05-29", 45_000),
    ("r0", "L0", "debit_2025.txt", 2, "03", "final", "2025-05-02", 900_000),
]

REMITTANCES = [
    ("m1", "03", "2026-05-01", 10, 1_000_000, 1_100, 998_900, "2026-05-01", "matched", 0),
    ("m2", "04", "2026-05-07", 6, 142_900, 360, None, None, "missing", -142_540),
    ("m4", "04", "2026-05-29", 2, 20_000, 120, None, None, "pending", -19_880),
    ("m5", "03", "2026-05-15", 3, 300_000, 330, 299_000, "2026-05-15", "different", -670),
    ("m3", None, None, None, None, None, 5_000, "2026-05-20", "unexpected", 5_000),
]

LOADS = [
    ("L0", "debit_2025.txt", "0", "zengin91_120", "landed", 8, 900_000, 0, "2025-05-02 18:00", None, 0),
    ("L1", "debit.txt", "1", "zengin91_120", "landed", 10, 1_000_000, 0, "2026-05-01 18:00", None, 1),
    ("L2", "counter.csv", "2", "paid_slips", "landed", 2, 53_600, 0, "2026-05-01 18:10", None, 0),
    ("L3", "cvs.txt", "3", "cvs_120", "landed", 6, 142_900, 0, "2026-05-07 09:00", None, 0),
    ("L4", "bank.txt", "4", "zengin03_200", "landed", 4, 1_006_600, 0, "2026-05-15 17:00", None, 0),
    ("L5", "cvs_prompt.txt", "5", "cvs_120", "landed", 3, 45_000, 0, "2026-05-29 09:00", None, 0),
    ("L6", "assessments_20260520.csv", "6", "assessments", "landed", 40, 0, 2, "2026-05-20 06:00", None, 0),
    ("L7", HOSTILE_FILE, "7", None, "rejected", 0, 0, 0, "2026-05-21 06:00", "どのレイアウトにも当てはまりません", 0),
    ("L8", "debit_again.txt", "1", "zengin91_120", "duplicate", 10, 1_000_000, 0, "2026-05-22 06:00", None, 0),
]


def make_home(root: Path, as_of: date = AS_OF) -> Home:
    """A home whose warehouse holds the rows above, and nothing else."""
    home = Home(root).create()
    with open_file(home.warehouse) as connection:
        connection.execute(SCHEMA)
        connection.execute("insert into run_info values (?, ?, '152994', '雪見市', '0.1.0')", [as_of, KNOWN_AT])
        connection.executemany("insert into dim_tax_items values (?, ?, ?)", TAX_ITEMS)
        connection.executemany("insert into dim_channels values (?, ?)", CHANNELS)
        connection.executemany(f"insert into rpt_daily_collection values ({', '.join('?' * 17)})", DAILY)
        for receipt_id, load, file, line, channel, status, posted, yen in RECEIPTS:
            connection.execute(
                "insert into fct_receipts values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [receipt_id, load, file, line, channel, status, posted, posted, yen, PERSON],
            )
        connection.executemany(f"insert into fct_remittances values ({', '.join('?' * 10)})", REMITTANCES)
        connection.execute(
            "insert into fct_suspense values ('r5', 'bank.txt', 5, '08', '2026-05-14', '2026-05-15', 7700, 7700,"
            " 'no_due', '納付書番号がなく、該当する調定を特定できません', ?)",
            [PERSON],
        )
        for load, file, digit, form, status, records, yen, quarantined, at, reason, warnings in LOADS:
            connection.execute(
                "insert into fct_loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?, ?, null)",
                [load, file, digit * 64, form, status, records, yen, quarantined, at, reason, warnings],
            )
    return home
