"""入出金取引明細 of the city's account: what each channel remits, deposits nobody knows, and money moved out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.town.city import (
    BANK_OCR,
    CITY_ACCOUNT,
    CITY_ACCOUNT_KANA,
    CITY_BANK,
    CITY_BANK_KANA,
    CITY_BRANCH,
    CITY_BRANCH_KANA,
    CONSIGNORS,
    COUNTER,
    CVS,
    DEBIT,
    DSK,
    EL_QR,
    ELTAX,
    EMPLOYER,
    MPN,
    PAID_SLIPS,
    PAY_EASY,
    ROUTE_NAMES,
    SMARTPHONE,
    STORE,
)
from ingestion.town.days import NONE, BusinessDays, Ints, month_end, to_date, ymd
from ingestion.town.deliver import Delivery
from ingestion.town.oracle import Payment
from ingestion.town.payments import DEBITED, FATE, PROVISIONAL, TAKEN_BACK, WITHDRAWN
from ingestion.writer import write_fixed

OPENING_YEN = 500_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How a channel's money arrives: one credit per day (and per consignor, for direct debits).

    date_basis names the date of the records whose sum is remitted; business_days_after is added to it.
    """

    format: str
    channel_code: str
    payer_code: str
    payer_kana: str
    date_basis: str
    business_days_after: int = 0
    per_record_fee_yen: int = 0


_SLIPS, _TRANSFER = "posted_date", "transfer_date"
RULES: dict[tuple[int, int], Rule] = {
    (CVS, STORE): Rule(ROUTE_NAMES[CVS], "04", "1000000120", "ｺﾝﾋﾞﾆｼﾕｳﾉｳ", _TRANSFER),
    (DSK, SMARTPHONE): Rule(ROUTE_NAMES[DSK], "07", "2000000680", "ｽﾏﾎｹﾂｻｲ", _TRANSFER),
    (DSK, BANK_OCR): Rule(ROUTE_NAMES[DSK], "02", "2000000910", "ﾕｳﾋﾞﾝﾌﾘｶｴ", _TRANSFER),
    (ELTAX, EL_QR): Rule(ROUTE_NAMES[ELTAX], "06", "3000013800", "ﾁﾎｳｾﾞｲｷﾖｳﾄﾞｳｷｺｳ", _TRANSFER),
    (MPN, PAY_EASY): Rule(ROUTE_NAMES[MPN], "05", "3000058191", "ﾍﾟｲｼﾞ-", _TRANSFER),
    (PAID_SLIPS, COUNTER): Rule(ROUTE_NAMES[PAID_SLIPS], "01", "4000000001", "ﾕｷﾐｼﾔｸｼﾖﾏﾄﾞｸﾞﾁ", _SLIPS, 1),
    (PAID_SLIPS, BANK_OCR): Rule(ROUTE_NAMES[PAID_SLIPS], "02", "4000000002", "ｷﾝﾕｳｷｶﾝﾏﾄﾞｸﾞﾁ", _SLIPS, 1),
    (PAID_SLIPS, EMPLOYER): Rule(ROUTE_NAMES[PAID_SLIPS], "10", "4000000010", "ﾄｸﾍﾞﾂﾁﾖｳｼﾕｳ", _SLIPS, 1),
}
DEBIT_RULE = Rule(ROUTE_NAMES[DEBIT], "03", "consignor_code", "ｺｳｻﾞﾌﾘｶｴ", "debit_date")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account."""

    book: int
    yen: int
    incoming: bool
    transaction: str
    payer_code: str
    payer_kana: str
    fate: str
    pid: int = NONE  # of a deposit whose truth the oracle tells


def _remittances(records: Ints, banks: BusinessDays) -> list[Entry]:
    """The bulk credits: sums of final records that are money, by rule and day."""
    final = (records["same_as"] < 0) & ~_no_money(records)
    out = []
    for (route, channel), rule in RULES.items():
        here = records[final & (records["route"] == route) & (records["channel"] == channel)]
        basis = here["transfer"] if rule.date_basis == _TRANSFER else here["posted"]
        when = banks.after(basis, rule.business_days_after) if rule.business_days_after else basis
        out += _credits(when, here["amount"], rule.payer_code, rule.payer_kana)
    debits = records[final & (records["route"] == DEBIT)]
    for item, consignor in CONSIGNORS.items():
        here = debits[debits["item"] == item]
        out += _credits(here["posted"], here["amount"], str(consignor), DEBIT_RULE.payer_kana)
    return out


def _no_money(records: Ints) -> Ints:
    """速報 and their reversals, failed debits, records taken back."""
    store = np.isin(records["route"], (CVS, DSK)) & np.isin(records["kind"], (PROVISIONAL, WITHDRAWN))
    failed = (records["route"] == DEBIT) & (records["kind"] != DEBITED)
    taken_back = (records["kind"] == TAKEN_BACK) | (records["fate"] == FATE["cancelled"])
    return np.asarray(store | failed | (taken_back & (records["route"] != DEBIT)))


def _credits(when: Ints, amounts: Ints, payer_code: str, payer_kana: str) -> list[Entry]:
    days, index = np.unique(when, return_inverse=True)
    sums = np.zeros(len(days), np.int64)
    np.add.at(sums, index.reshape(-1), amounts)
    return [
        Entry(int(d), int(s), True, "11", payer_code, payer_kana, "remittance") for d, s in zip(days, sums, strict=True)
    ]


def _strangers(delivery: Delivery, first: int, banks: BusinessDays, rng: np.random.Generator) -> list[Entry]:
    """Transfers from people who did not say what for."""
    days = banks.days[(banks.days >= first) & (banks.days <= delivery.as_of)]
    count = max(4, delivery.payers.count // 1500)
    picked = np.sort(rng.choice(days, count, replace=count > len(days)))
    payers = rng.choice(delivery.payers.count, count, replace=False)
    names = delivery.payers.bank_name
    # no due of the town, and no sum of dues, ends in other than two zeros
    yen = rng.integers(3, 80, count) * 1000 + rng.integers(1, 100, count)
    return [
        Entry(int(d), int(a), True, "11", "0000000000", names[int(p)].as_py(), "suspense")
        for d, a, p in zip(picked, yen, payers, strict=True)
    ]


def _deposits(delivery: Delivery, deposits: list[Payment]) -> list[Entry]:
    """Transfers from people who owe just that."""
    names = delivery.payers.bank_name
    return [
        Entry(p.posted, p.amount, True, "11", "0000000000", names[p.due.payer].as_py(), p.fate, p.pid)
        for p in deposits
        if p.due is not None
    ]


def write_statements(
    delivery: Delivery,
    records: Ints,
    deposits: list[Payment],
    first: int,
    banks: BusinessDays,
    rng: np.random.Generator,
) -> dict[str, int]:
    """One file a month from ``first`` on; credits after the day the town is looked at have not come."""
    entries = [e for e in _remittances(records, banks) if e.book <= delivery.as_of]
    pending = sum(e.yen for e in _remittances(records, banks) if e.book > delivery.as_of)
    entries += _strangers(delivery, first, banks, rng) + _deposits(delivery, deposits)
    months = sorted({month_end(e.book) for e in entries} | {month_end(first)})
    balance = OPENING_YEN
    for end in months:
        entries += _sweeps(entries, end, banks)
    entries.sort(key=lambda e: (e.book, e.payer_code, e.payer_kana, e.yen))
    number = 0
    for end in months:
        here = [e for e in entries if month_end(e.book) == end]
        balance = _write(delivery, here, min(end, delivery.as_of), balance, number)
        number += len(here)
    return {"remitted_yen": sum(e.yen for e in entries if e.fate == "remittance"), "pending_yen": pending}


def _sweeps(entries: list[Entry], end: int, banks: BusinessDays) -> list[Entry]:
    """Money moved to the treasury's main account twice a month."""
    out = []
    for share, day_of in ((3, 12), (2, 27)):
        when = int(banks.back(np.array(end - 31 + day_of)))
        arrived = sum(e.yen for e in entries if e.incoming and month_end(e.book) == end and e.book <= when)
        if arrived and month_end(when) == end:
            yen = arrived * share // 10 // 1_000_000 * 1_000_000 or 1_000_000
            out.append(Entry(when, yen, False, "14", "", "ﾕｷﾐｼｼｷﾝｲﾄﾞｳ", "not_money"))
    return out


def _write(delivery: Delivery, entries: list[Entry], end: int, opening: int, first_number: int) -> int:
    closing = opening + sum(e.yen if e.incoming else -e.yen for e in entries)
    book = [to_date(e.book) for e in entries]
    data = {
        "entry_no": [f"{first_number + n:08d}" for n in range(1, len(entries) + 1)],
        "book_date": book,
        "value_date": book,
        "direction_code": ["1" if e.incoming else "2" for e in entries],
        "transaction_code": [e.transaction for e in entries],
        "amount_yen": [e.yen for e in entries],
        "payer_code": [e.payer_code for e in entries],
        "payer_name": [e.payer_kana for e in entries],
    }
    header = {
        "code_class": "0",
        "created_date": to_date(end),
        "from_date": to_date(end).replace(day=1),
        "to_date": to_date(end),
        "bank_code": CITY_BANK,
        "bank_name": CITY_BANK_KANA,
        "branch_code": CITY_BRANCH,
        "branch_name": CITY_BRANCH_KANA,
        "account_type_code": "1",
        "account_no": CITY_ACCOUNT.zfill(10),
        "account_name": CITY_ACCOUNT_KANA,
        "opening_sign_code": "1",
        "passbook_code": "1",
        "opening_balance_yen": opening,
    }
    trailer = {"closing_sign_code": "1", "closing_balance_yen": closing}
    name = f"statement03_{ymd(end)}.dat"
    (delivery.files / name).write_bytes(write_fixed(delivery.layouts["zengin03_200"], [(header, data, trailer)]))
    delivery.truth.places |= {e.pid: (name, line) for line, e in enumerate(entries, start=2) if e.pid != NONE}
    plain = [(e, line) for line, e in enumerate(entries, start=2) if e.pid == NONE]
    delivery.truth.plain_rows(
        name, [e.fate for e, _ in plain], [line for _, line in plain], [e.yen for e, _ in plain], "statement"
    )
    return closing
