"""The dues of one fiscal year as columns: who owes what, and when."""

from __future__ import annotations

import numpy as np

from ingestion.town.city import (
    BANK_OCR,
    CITY_TAX,
    COUNTER,
    CVS_LIMIT_YEN,
    DIRECT_DEBIT,
    EL_QR,
    EMPLOYER,
    ITEM,
    PAY_EASY,
    SMARTPHONE,
    STORE,
    TAX_ITEMS,
    TaxItem,
)
from ingestion.town.days import BusinessDays, Ints, day
from ingestion.town.people import CORPORATION, Payers

DUE = np.dtype(
    [
        ("item", "i2"),
        ("detail", "i2"),
        ("levy_year", "i2"),
        ("tax_year", "i2"),
        ("notice", "i8"),
        ("instalment", "i2"),
        ("payer", "i4"),
        ("amount", "i8"),
        ("assessed", "i4"),
        ("notified", "i4"),
        ("unrolled", "i4"),
        ("due", "i4"),
        ("channel", "i2"),
    ]
)
DEBTOR_NOTICE = 99_000_000
# who does not pay by direct debit pays so: shares of all such dues
_MIX = ((STORE, 0.37), (SMARTPHONE, 0.17), (EL_QR, 0.17), (BANK_OCR, 0.15), (COUNTER, 0.08), (PAY_EASY, 0.06))


def split_by_instalment(yearly: Ints, count: int) -> Ints:
    """期割 (地方税法20条の4の2第6項): equal parts in thousands, the remainder in the first; a row per yearly amount."""
    later = yearly // count // 1000 * 1000
    out = np.repeat(later[:, None], count, axis=1)
    out[:, 0] = yearly - later * (count - 1)
    return out


def make_dues(year: int, payers: Payers, banks: BusinessDays, rng: np.random.Generator) -> Ints:
    """All dues of a fiscal year but the big debtor's, sorted by tax item, notice and instalment."""
    parts = []
    for item in TAX_ITEMS:
        here = payers.items[item.code]
        chosen = rng.random(len(here)) < 0.98  # people come and go
        who, debit = here[chosen], payers.debit[item.code][chosen]
        dues = _filings(item, year, who, payers, rng) if item.code == 20 else _instalments(item, year, who, payers, rng)
        debits = np.repeat(debit, len(dues) // max(len(who), 1)) if item.code != 20 else np.zeros(len(dues), bool)
        dues["channel"] = _channels(item.code, dues, debits, rng)
        parts.append(dues[dues["amount"] > 0])
    out = np.concatenate(parts)
    out["due"] = banks.roll(out["unrolled"])
    return out


def _yearly(item: TaxItem, who: Ints, payers: Payers, rng: np.random.Generator) -> Ints:
    """税額 of a year in hundreds of yen: log-normal around the mean, much the same for a payer every year."""
    mean = np.where(payers.kind[who] == CORPORATION, item.corporate_mean_yen, item.mean_yen)
    bend = np.clip(0.9 * payers.scale[who] + 0.4 * rng.standard_normal(len(who)), -2.5, 2.5)
    raw = mean * np.exp(item.sigma * bend - item.sigma**2 / 2)
    return np.maximum(np.rint(raw / 100).astype(np.int64), 20) * 100


def _instalments(item: TaxItem, year: int, who: Ints, payers: Payers, rng: np.random.Generator) -> Ints:
    count = len(item.instalments)
    dues = np.zeros((len(who), count), DUE)
    dues["item"], dues["levy_year"], dues["tax_year"] = item.code, year, year
    dues["notice"] = np.arange(1, len(who) + 1)[:, None]
    dues["payer"] = who[:, None]
    dues["amount"] = split_by_instalment(_yearly(item, who, payers, rng), count)
    dues["assessed"] = dues["notified"] = day(year, *item.notified)
    for column, (number, month, dom) in enumerate(item.instalments):
        dues["instalment"][:, column] = number
        late = month < 4 or (item.code == 11 and column == count - 1)
        dues["unrolled"][:, column] = day(year + 1 if late else year, month, dom)
    if item.code == 11:  # what is withheld in April and May was levied the year before
        dues["tax_year"][:, :2] = year - 1
        dues["assessed"][:, :2] = dues["notified"][:, :2] = day(year, 4, 1)
    return dues.reshape(-1)


def _filings(item: TaxItem, year: int, who: Ints, payers: Payers, rng: np.random.Generator) -> Ints:
    """Corporate tax: the final return of each firm, and an interim one of four in ten half a year away."""
    month = rng.integers(0, 12, len(who))
    interim = rng.random(len(who)) < 0.4
    yearly = _yearly(item, who, payers, rng)
    parts = []
    for detail, chosen, shift in ((1, np.ones(len(who), bool), 0), (2, interim, 6)):
        dues = np.zeros(int(chosen.sum()), DUE)
        dues["item"], dues["detail"], dues["levy_year"], dues["tax_year"] = item.code, detail, year, year
        dues["notice"] = np.flatnonzero(chosen) + 1 + 1_000_000 * detail
        dues["instalment"], dues["payer"] = 1, who[chosen]
        dues["amount"] = yearly[chosen] if detail == 1 else yearly[chosen] // 200 * 100
        ends = np.array([day(year + (m > 8), (m + 3) % 12 + 1, 31) for m in range(12)])
        dues["unrolled"] = ends[(month[chosen] + shift) % 12]
        dues["assessed"] = dues["notified"] = np.maximum(dues["unrolled"] - 40, day(year, 4, 1))
        parts.append(dues)
    return np.concatenate(parts)


def _channels(code: int, dues: Ints, debit: Ints, rng: np.random.Generator) -> Ints:
    """The channel of each due when it is paid in the ordinary way."""
    draw = rng.random(len(dues))
    if code in (11, 20):
        return np.where(draw < (0.55 if code == 11 else 0.7), EL_QR, EMPLOYER if code == 11 else BANK_OCR)
    channels, shares = zip(*_MIX, strict=True)
    picked = np.array(channels)[np.searchsorted(np.cumsum(shares) / sum(shares), draw)]
    too_much = (dues["amount"] > CVS_LIMIT_YEN) & np.isin(picked, (STORE, SMARTPHONE))
    picked = np.where(too_much, np.where(draw < 0.25, EL_QR, BANK_OCR), picked)
    return np.where(debit, DIRECT_DEBIT, picked)


def debtor_dues(year: int, yearly: int, payer: int, banks: BusinessDays) -> Ints:
    """The big debtor's property tax: four instalments that are never paid."""
    item = ITEM[30]
    dues = np.zeros(len(item.instalments), DUE)
    dues["item"], dues["levy_year"], dues["tax_year"], dues["notice"] = 30, year, year, DEBTOR_NOTICE
    dues["payer"], dues["channel"] = payer, BANK_OCR
    dues["instalment"] = [number for number, _, _ in item.instalments]
    dues["amount"] = split_by_instalment(np.array([max(yearly, 20_000) // 100 * 100]), len(dues))[0]
    dues["assessed"] = dues["notified"] = day(year, *item.notified)
    dues["unrolled"] = [day(year, month, dom) for _, month, dom in item.instalments]
    dues["due"] = banks.roll(dues["unrolled"])
    return dues


def is_city_tax(dues: Ints) -> Ints:
    return np.isin(dues["item"], CITY_TAX)
