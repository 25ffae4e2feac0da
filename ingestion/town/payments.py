"""Payment records as columns, when each channel books and remits them, and the ordinary payments of a year."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ingestion.town.city import (
    BANK_CHANNELS,
    BANK_OCR,
    BY_KEY,
    BY_OCR,
    BY_SLIP,
    COUNTER,
    DIRECT_DEBIT,
    EL_QR,
    EMPLOYER,
    HISTORY,
    NO_LIMIT,
    PAY_EASY,
    POSTAL_CHAIN,
    ROUTE_OF_CHANNEL,
    SMARTPHONE,
    SMARTPHONE_CHAINS,
    STORE,
    STORE_CHAINS,
)
from ingestion.town.days import NONE, BusinessDays, Ints, day, to_date, yymmdd

FATES = (
    "due",
    "suspense",
    "provisional",
    "superseded",
    "cancelled",
    "remittance",
    "not_money",
    "refund",
    "offset",
    "reallocation",
)
FATE = {name: index for index, name in enumerate(FATES)}
PROVISIONAL, FINAL, WITHDRAWN, POSTAL = 1, 2, 3, 12  # kinds of convenience-store records
DEBITED = 0  # 振替結果コード; any other is a failure
PAID, TAKEN_BACK = 1, 6  # 収納区分 of the other payment files
AWKWARD = 1 << 40  # record ids from here on belong to the story, whose truth the oracle tells


class Row(NamedTuple):
    """One record of any payment file. Days are day numbers; pay_by is YYMMDD as in the barcode."""

    pid: int
    route: int
    channel: int
    received: int
    posted: int
    amount: int
    fate: int = 0
    ident: int = BY_SLIP
    kind: int = PAID
    created: int = NONE
    transfer: int = NONE
    slip: int = 0
    reissue: int = 0
    pay_by: int = NO_LIMIT
    item: int = 0
    detail: int = 0
    levy_year: int = 0
    tax_year: int = 0
    notice: int = 0
    instalment: int = 0
    payer: int = NONE
    chain: int = 0
    store: int = 0
    time: int = 0
    bank: int = 0
    branch: int = 0
    serial: int = 0
    receipt_type: int = 1
    principal: int = 0
    fee: int = 0
    late: int = 0
    other_item: int = 0
    other_detail: int = 0
    other_levy_year: int = 0
    other_tax_year: int = 0
    other_notice: int = 0
    other_instalment: int = 0
    corrects: int = NONE
    same_as: int = NONE


_WIDE = {"pid", "amount", "slip", "notice", "serial", "principal", "fee", "late", "other_notice", "corrects", "same_as"}
PAY = np.dtype([(name, "i8" if name in _WIDE else "i4") for name in Row._fields])
KEY = ("item", "detail", "levy_year", "tax_year", "notice", "instalment")


def rows(records: list[Row]) -> Ints:
    return np.array(records, PAY) if records else np.zeros(0, PAY)


def slip_number(item: Any, levy_year: Any, notice: Any, instalment: Any, issue: int = 0) -> Any:
    """納付書番号: 年度2 科目2 通知書8 期別2 発行2; of one due or of columns of dues."""
    head = (levy_year % 100 * 100 + item) * 10**8 + notice
    return (head * 100 + instalment) * 100 + issue


class Channels:
    """When a payment is booked (収納日) and when its money arrives (振込日), per channel."""

    def __init__(self, banks: BusinessDays) -> None:
        self.banks = banks
        self.settle_one = lru_cache(maxsize=None)(self._settle_one)

    def settle(self, channel: int, received: Ints) -> tuple[Ints, Ints]:
        """Posted day and transfer day (NONE where the file has none)."""
        none = np.full(np.shape(received), NONE)
        if channel in (STORE, SMARTPHONE):
            transfer = self._half_monthly(received, 25 if channel == STORE else 28)
            return transfer, transfer
        if channel in (BANK_OCR, EMPLOYER):
            return self.banks.after(received, 2), none
        if channel == PAY_EASY:
            posted = self.banks.after(received, 1)
            return posted, self.banks.after(posted, 2)
        if channel == EL_QR:
            posted = self.banks.after(received, 2)
            return posted, self.banks.after(posted, 1)
        return np.asarray(received), none

    def _settle_one(self, channel: int, received: int) -> tuple[int, int]:
        posted, transfer = self.settle(channel, np.array([received]))
        return int(posted[0]), int(transfer[0])

    def _half_monthly(self, received: Ints, dom: int) -> Ints:
        """Paid in by the 15th: the money comes on the ``dom``-th; later: in the middle of next month."""
        distinct, index = np.unique(received, return_inverse=True)
        out = []
        for value in distinct:
            d = to_date(int(value))
            following = (d.year + d.month // 12, d.month % 12 + 1, dom - 15)
            out.append(day(d.year, d.month, dom) if d.day <= 15 else day(*following))
        return self.banks.roll(np.array(out, np.int64))[index.reshape(-1)]

    def created(self, transfer: Ints) -> Ints:
        """データ作成日 of a final record: two business days before its transfer."""
        return self.banks.after(transfer, -2)


def ordinary_payments(dues: Ints, channels: Channels, go_live: int, first_pid: int, rng: np.random.Generator) -> Ints:
    """One payment in full and in time for every due; convenience-store records come twice (速報, 確報)."""
    n = len(dues)
    out = np.zeros(n, PAY)
    out["pid"] = first_pid + np.arange(n)
    for name in (*KEY, "amount", "channel", "payer"):
        out[name] = dues[name]
    out["principal"] = dues["amount"]
    out["received"] = _received(dues, channels.banks, rng)
    out["transfer"] = out["corrects"] = out["same_as"] = NONE
    for channel in ROUTE_OF_CHANNEL:
        here = out["channel"] == channel
        out["posted"][here], out["transfer"][here] = channels.settle(channel, out["received"][here])
    route = np.zeros(max(ROUTE_OF_CHANNEL) + 1, np.int32)
    route[list(ROUTE_OF_CHANNEL)] = list(ROUTE_OF_CHANNEL.values())
    out["route"] = np.where(out["received"] < go_live, HISTORY, route[out["channel"]])
    out["kind"] = np.where(out["channel"] == DIRECT_DEBIT, DEBITED, PAID)
    out["receipt_type"] = 1
    out["slip"] = slip_number(dues["item"], dues["levy_year"].astype(np.int64), dues["notice"], dues["instalment"])
    out["pay_by"] = yymmdd(dues["due"])
    out["ident"] = np.where(
        out["channel"] == COUNTER,
        BY_KEY,
        np.where((out["channel"] == BANK_OCR) & (rng.random(n) < 0.4), BY_OCR, BY_SLIP),
    )
    place(out, rng)
    return _with_provisional(out, channels, first_pid + n)


def place(out: Ints, rng: np.random.Generator) -> None:
    """Where it was paid: chain, store and time, or bank and branch."""
    n = len(out)
    out["chain"] = np.where(
        out["channel"] == STORE,
        rng.choice(STORE_CHAINS, n),
        np.where(out["channel"] == SMARTPHONE, rng.choice(SMARTPHONE_CHAINS, n), 0),
    )
    out["store"] = 100_000 + rng.integers(0, 300, n)
    out["time"] = rng.integers(6, 24, n) * 100 + rng.integers(0, 60, n)
    out["bank"] = rng.choice((140, 140, 140, 1280, 1281, 5), n)
    out["branch"] = rng.integers(1, 40, n)


def _received(dues: Ints, banks: BusinessDays, rng: np.random.Generator) -> Ints:
    """領収日: a third in the last three days, the rest spread over the weeks since the notice."""
    n = len(dues)
    earliest = np.maximum(dues["notified"] + 1, dues["due"] - 45).astype(np.int64)
    spread = earliest + (rng.random(n) * (dues["due"] - earliest + 1)).astype(np.int64)
    received = np.where(rng.random(n) < 0.35, np.maximum(dues["due"] - rng.integers(0, 3, n), earliest), spread)
    received = np.where(dues["channel"] == DIRECT_DEBIT, dues["due"], received)
    open_day = banks.back(received)
    open_day = np.where(open_day < earliest, banks.roll(earliest), open_day)
    return np.where(np.isin(dues["channel"], BANK_CHANNELS), open_day, received)


def _with_provisional(out: Ints, channels: Channels, first_pid: int) -> Ints:
    """Adds the 速報 of each payment at a store or by smartphone; a few by smartphone are postal transfers instead."""
    shop = (out["route"] != HISTORY) & np.isin(out["channel"], (STORE, SMARTPHONE))
    out["kind"][shop] = FINAL
    out["created"][shop] = channels.created(out["transfer"][shop])
    postal = shop & (out["channel"] == SMARTPHONE) & (out["time"] % 20 == 7)
    out["kind"][postal], out["chain"][postal], out["time"][postal] = POSTAL, POSTAL_CHAIN, 0
    out["pay_by"][postal], out["channel"][postal] = NO_LIMIT, BANK_OCR
    early = out[shop & ~postal & (out["time"] % 50 != 3)].copy()  # a 確報 whose 速報 was never sent is legal
    early["pid"] = first_pid + np.arange(len(early))
    early["kind"], early["fate"] = PROVISIONAL, FATE["superseded"]
    early["created"], early["transfer"] = early["received"] + 1, NONE
    early["posted"], early["principal"] = early["created"], 0
    return np.concatenate([out, early])
