"""The extracts of the core systems: assessments, slips, reminders, addressees, accounts and the small tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.town import digits
from ingestion.town.city import (
    BILLER_NO,
    CLAIMED_BEFORE_DAYS,
    CVS_LIMIT_YEN,
    DIRECT_DEBIT,
    FEE_LAST_LEVY_YEAR,
    FEE_YEN,
    INCOME_TAX_BEFORE_DAYS,
    ITEM,
)
from ingestion.town.days import NONE, Ints, day, fiscal_year, wareki, ymd, yymmdd
from ingestion.town.days import text as dates
from ingestion.town.deliver import KEY_NAMES, Delivery
from ingestion.town.oracle import Due, Slip
from ingestion.town.payments import KEY, slip_number
from ingestion.town.people import CORPORATION, RESIDENT, municipality
from ingestion.town.story import ORIGINAL, Story
from ingestion.town.tables import write_csv
from ingestion.town.truth import key_columns

EVENT = np.dtype(
    [(name, "i8" if name == "notice" else "i4") for name in KEY]
    + [(n, "i8") for n in ("payer", "number", "kind", "assessed", "delta", "unrolled", "due", "notified", "reason")]
)
LINE = np.dtype(
    [(name, "i8" if name == "notice" else "i4") for name in KEY]
    + [
        (n, "i8")
        for n in ("slip", "line", "issued", "kind", "principal", "fee", "late", "total", "pay_by", "reissue", "due")
    ]
)


# ---- 調定 ----
def ordinary_events(dues: Ints) -> Ints:
    out = np.zeros(len(dues), EVENT)
    for name in (*KEY, "payer", "assessed", "unrolled", "due", "notified"):
        out[name] = dues[name]
    out["number"] = out["kind"] = 1
    out["delta"] = dues["amount"]
    return out


def story_events(dues: list[Due], year: int) -> Ints:
    """Changes that are dated in a fiscal year, of all dues of the story."""
    found = []
    for d in dues:
        for number, (when, yen, kind, reason) in enumerate(d.events, start=1):
            if fiscal_year(when) == year:
                notified = d.notified if number == 1 else when
                found.append((*d.key, d.payer, number, kind, when, yen, d.unrolled, d.due, notified, reason))
    return np.array(found, EVENT) if found else np.zeros(0, EVENT)


def write_assessments(delivery: Delivery, when: int, events: Ints) -> None:
    events = events[np.lexsort((events["number"], *(events[k] for k in reversed(KEY))))]
    n = len(events)
    columns: dict[str, Any] = dict(zip(KEY_NAMES, key_columns(events), strict=True)) | {
        "addressee_no": digits.pad(delivery.payers.addressee_no[events["payer"]], 10),
        "assessment_event_no": digits.pad(events["number"], 1),
        "event_type_code": digits.pad(events["kind"], 1),
        "assessed_date": dates(events["assessed"]),
        "delta_yen": events["delta"],
        "statutory_due_date": dates(events["due"]),
        "unrolled_due_date": dates(events["unrolled"]),
        "due_date": dates(events["due"]),
        "notified_date": dates(events["notified"]),
        "reason_code": _or_null(digits.pad(events["reason"], 1), events["reason"] > 0),
        "claim_date": dates(np.where(events["reason"] == 2, events["assessed"] - CLAIMED_BEFORE_DAYS, NONE)),
        "income_tax_notice_date": dates(
            np.where(events["reason"] == 3, events["assessed"] - INCOME_TAX_BEFORE_DAYS, NONE)
        ),
    }
    write_csv(delivery.files / f"assessments_{ymd(when)}.csv", delivery.layouts["assessments"], columns, n)


# ---- 納付書発行 ----
def original_lines(dues: Ints) -> Ints:
    """The slips that came with the notices: one per due that is not debited."""
    here = dues[dues["channel"] != DIRECT_DEBIT]
    out = np.zeros(len(here), LINE)
    for name in KEY:
        out[name] = here[name]
    out["slip"] = slip_number(here["item"], here["levy_year"].astype(np.int64), here["notice"], here["instalment"])
    out["line"], out["kind"] = 1, ORIGINAL
    out["issued"], out["pay_by"], out["due"] = here["notified"], here["due"], here["due"]
    out["principal"] = out["total"] = here["amount"]
    return out


def story_lines(slips: list[Slip]) -> Ints:
    found = [
        (*d.key, s.number, at, s.issued, s.kind, p, f, lc, s.total, s.pay_by, s.reissue, d.due)
        for s in slips
        for at, (d, p, f, lc) in enumerate(s.lines, start=1)
    ]
    return np.array(found, LINE) if found else np.zeros(0, LINE)


def write_slips(delivery: Delivery, lines: Ints, go_live: int) -> None:
    """One differential extract per quarter of issue; slips issued before go-live come with the first."""
    issued = np.maximum(lines["issued"], go_live)
    quarter = (issued.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)) // 3
    for q in np.unique(quarter):
        here = lines[quarter == q]
        last = int(np.datetime64(int(q) * 3 + 3, "M").astype("datetime64[D]").astype(np.int64)) - 1
        _write_slips(delivery, here[np.lexsort((here["line"], here["slip"]))], min(last, delivery.as_of))


def _write_slips(delivery: Delivery, lines: Ints, when: int) -> None:
    n, items = len(lines), lines["item"]
    classes = np.array([ITEM[c].payment_class if c in ITEM else 0 for c in range(100)])[items]
    at_store = (lines["total"] <= CVS_LIMIT_YEN) & ~np.isin(items, (11, 20))
    barcode = digits.barcode(
        lines["slip"], lines["reissue"], yymmdd(lines["pay_by"]), np.where(at_store, lines["total"], 0)
    )
    upper, lower = digits.ocr_lines(lines["slip"], lines["total"], classes, lines["levy_year"])
    payment_no, confirmation = digits.el_number(lines["slip"])
    columns: dict[str, Any] = dict(zip(KEY_NAMES, key_columns(lines), strict=True)) | {
        "slip_no": digits.pad(lines["slip"], 16),
        "line_no": digits.pad(lines["line"], 1),
        "issued_date": dates(lines["issued"], ymd),
        "slip_type_code": digits.pad(lines["kind"], 1),
        "principal_yen": lines["principal"],
        "reminder_fee_yen": lines["fee"],
        "late_charge_yen": lines["late"],
        "pay_by_date": dates(lines["pay_by"], ymd),
        "cvs_barcode": pc.if_else(pa.array(at_store), digits.as_text(barcode), pa.scalar(None, pa.string())),
        "ocr_upper": digits.as_text(upper),
        "ocr_lower": digits.as_text(lower),
        "biller_no": pa.repeat(pa.scalar(BILLER_NO), n),
        "payment_no": digits.as_text(payment_no),
        "confirmation_no": digits.as_text(confirmation),
        "payment_class": digits.pad(classes, 3),
        "el_qr_payload": _payloads(lines, payment_no, confirmation, classes),
    }
    write_csv(delivery.files / f"slips_{ymd(when)}.csv", delivery.layouts["slips"], columns, n)


def _payloads(lines: Ints, payment_no: digits.Digits, confirmation: digits.Digits, classes: Ints) -> pa.Array:
    """eL-QR of property and light-vehicle tax, the slips that must carry one."""
    chosen = np.isin(lines["item"], (30, 40))
    here = lines[chosen]
    n = len(here)
    both = [digits.columns(20_000_000 + yymmdd(here[name]), 8, n) for name in ("due", "pay_by")]
    years = (here["levy_year"], here["tax_year"])
    matrix = digits.el_qr(
        payment_no[chosen],
        confirmation[chosen],
        classes[chosen],
        here["total"],
        years,
        here["instalment"],
        (both[0], both[1]),
    )
    at = np.where(chosen, np.cumsum(chosen) - 1, 0)
    return digits.as_text(matrix).take(pa.array(at, mask=~chosen))


# ---- 督促発送 ----
def write_reminders(delivery: Delivery, story: Story, year: int, when: int) -> None:
    """Reminders sent in a fiscal year, dates in Japanese years."""
    found = sorted(
        ((sent, d) for sent, d in story.reminders if fiscal_year(sent) == year), key=lambda r: (r[0], r[1].key)
    )
    if not found:
        return
    names = np.dtype([(name, "i8") for name in (*KEY, "sent")])
    records = np.array([(*d.key, sent) for sent, d in found], names)
    columns: dict[str, Any] = dict(zip(KEY_NAMES, key_columns(records), strict=True)) | {
        "sent_date": dates(records["sent"], wareki),
        "reminder_fee_yen": np.where(records["levy_year"] <= FEE_LAST_LEVY_YEAR, FEE_YEN, 0),
    }
    write_csv(delivery.files / f"reminders_{ymd(when)}.csv", delivery.layouts["reminders"], columns, len(found))


# ---- 宛名, 口座登録, small tables ----
def write_registers(delivery: Delivery, first_year: int, last_year: int, rng: np.random.Generator) -> None:
    _addressees(delivery, rng)
    _bank_accounts(delivery, day(first_year, 4, 1))
    _tax_associations(delivery, day(first_year, 4, 1))
    _apportionments(delivery, first_year, last_year)
    _staff(delivery, day(first_year, 4, 1))


def _addressees(delivery: Delivery, rng: np.random.Generator) -> None:
    p = delivery.payers
    n = p.count
    person = p.kind != CORPORATION
    numbers = digits.pad(p.addressee_no, 10)
    # a few people have a second number that is linked to the first, some have died, some are protected
    merged = (p.kind == RESIDENT) & (rng.random(n) < 0.002)
    merged[1] = True
    died = (p.kind == RESIDENT) & (rng.random(n) < 0.003) & ~merged
    died[2] = True
    heir = np.minimum(np.arange(n) + 1, n - 1)
    protected = (rng.random(n) < 0.001) & person
    protected[3] = True
    columns: dict[str, Any] = {
        "addressee_no": numbers,
        "individual_no": p.individual_no,
        "corporate_no": p.corporate_no,
        "name": p.name,
        "name_kana": p.kana,
        "sex_code": _or_null(digits.pad(p.sex, 1), person),
        "birth_date": dates(np.where(person, p.birth_day, NONE).astype(np.int64)),
        "postal_code": digits.pad(9_400_000 + p.area.astype(np.int64), 7),
        "municipality_code": municipality(p),
        "area_code": digits.pad(p.area.astype(np.int64) * 1000 + 1000, 7),
        "address": p.address,
        "phone": p.phone,
        "resident_class_code": digits.pad(p.kind, 1),
        "merged_into_addressee_no": _or_null(numbers.take(pa.array(np.maximum(np.arange(n) - 1, 0))), merged),
        "support_measure_flag": pa.array(np.where(protected, "1", "0")),
        "death_date": dates(np.where(died, delivery.as_of - 200, NONE)),
        "heir_addressee_no": _or_null(numbers.take(pa.array(heir)), died),
    }
    path = delivery.files / f"addressees_{ymd(delivery.as_of)}_full.csv"
    write_csv(path, delivery.layouts["addressees"], columns, n, quoted=True)


def _or_null(values: pa.Array, present: Ints) -> pa.Array:
    return pc.if_else(pa.array(present), values, pa.scalar(None, pa.string()))


def _bank_accounts(delivery: Delivery, since: int) -> None:
    p = delivery.payers
    payer = np.concatenate([p.items[code][p.debit[code]] for code in p.items])
    item = np.concatenate([np.full(int(p.debit[code].sum()), code) for code in p.items])
    # Two in three have registered a 公金受取口座 (用途 3, for every tax item): refunds go there.
    receiving = np.flatnonzero(np.arange(p.count) % 3 > 0)
    use = np.repeat(["1", "3"], [len(payer), len(receiving)])
    payer = np.concatenate([payer, receiving])
    item = np.concatenate([item, np.zeros(len(receiving), dtype=item.dtype)])
    n = len(payer)
    columns = {
        "addressee_no": digits.pad(p.addressee_no[payer], 10),
        "tax_item_code": digits.pad(item, 2),
        "account_seq_no": pa.repeat(pa.scalar("1"), n),
        "bank_code": digits.pad(p.bank_code[payer], 4),
        "bank_branch_code": digits.pad(p.bank_branch[payer], 3),
        "account_type_code": pa.repeat(pa.scalar("1"), n),
        "account_no": digits.pad(p.account_no[payer], 7),
        "holder_name": p.bank_name.take(pa.array(payer)),
        "valid_from": dates(np.full(n, since)),
        "use_code": pa.array(use),
    }
    path = delivery.files / f"bank_accounts_{ymd(delivery.as_of)}_full.csv"
    write_csv(path, delivery.layouts["bank_accounts"], columns, n)


def _tax_associations(delivery: Delivery, since: int) -> None:
    """One hamlet still pays its property tax together."""
    p = delivery.payers
    who = p.items[30][p.area[p.items[30]] == 4][: max(3, p.count // 2000)]
    n = len(who)
    columns = {
        "tax_item_code": pa.repeat(pa.scalar("30"), n),
        "tax_item_detail_code": pa.repeat(pa.scalar("00"), n),
        "addressee_no": digits.pad(p.addressee_no[who], 10),
        "joined_date": dates(np.full(n, since)),
        "association_code": pa.repeat(pa.scalar("0001"), n),
    }
    write_csv(
        delivery.files / f"tax_associations_{ymd(delivery.as_of)}.csv", delivery.layouts["tax_associations"], columns, n
    )


def _staff(delivery: Delivery, since: int) -> None:
    """Who works in the office: clerks (10) and those who approve (20)."""
    members = [("1001", "10"), ("1002", "20"), ("1003", "10"), ("10234", "10"), ("20011", "20")]
    columns = {
        "staff_no": [number for number, _ in members],
        "name": [f"雪見 職員{place}" for place, _ in enumerate(members, start=1)],
        "office_code": ["100"] * len(members),
        "section_code": ["1"] * len(members),
        "role_code": [role for _, role in members],
        "from_date": dates(np.full(len(members), since)),
    }
    write_csv(delivery.files / f"staff_{ymd(since)}_full.csv", delivery.layouts["staff"], columns, len(members))


def _apportionments(delivery: Delivery, first_year: int, last_year: int) -> None:
    """Inhabitant tax is shared with the prefecture and (from 2024) the state; property tax with city planning."""
    rows = []
    for year in range(first_year, last_year + 1):
        since = day(year, 4, 1)
        state = 15 if year >= 2024 else 0
        for item in ("10", "11"):
            rows += [(year, item, "個人市民税", since, "1", 600 - state), (year, item, "個人県民税", since, "2", 400)]
            if state:
                rows.append((year, item, "森林環境税", since, "3", state))
        rows += [(year, "20", "法人市民税", since, "1", 1000), (year, "40", "軽自動車税", since, "1", 1000)]
        rows += [(year, "30", "固定資産税", since, "1", 820), (year, "30", "都市計画税", since, "1", 180)]
    columns = {
        "levy_year": [str(r[0]) for r in rows],
        "tax_item_code": [r[1] for r in rows],
        "form_row": [r[2] for r in rows],
        "valid_from": dates(np.array([r[3] for r in rows])),
        "body_code": [r[4] for r in rows],
        "numerator": [r[5] for r in rows],
        "denominator": [1000] * len(rows),
    }
    write_csv(
        delivery.files / f"apportionments_{ymd(day(last_year, 4, 1))}.csv",
        delivery.layouts["apportionments"],
        columns,
        len(rows),
    )
