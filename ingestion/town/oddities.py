"""Money that nobody can place, and records that are sent twice."""

from __future__ import annotations

import numpy as np

from ingestion.town.city import (
    BANK_OCR,
    BY_NOTHING,
    BY_SLIP,
    CVS,
    DSK,
    EL_QR,
    ELTAX,
    PAID_SLIPS,
    SMARTPHONE,
    STORE,
)
from ingestion.town.days import Ints, day
from ingestion.town.payments import AWKWARD, FATE, FINAL, Channels, Row, place, rows, slip_number

RESENT_BASE = 1 << 50


def unknown_money(year: int, scale: int, channels: Channels, first_pid: int, rng: np.random.Generator) -> Ints:
    """Slips that were never issued, in each channel, and payments with nothing to go by."""
    records: list[Row] = []
    each = max(1, scale)
    kinds = (
        (PAID_SLIPS, BANK_OCR, BY_SLIP),
        (PAID_SLIPS, BANK_OCR, BY_NOTHING),
        (CVS, STORE, BY_SLIP),
        (DSK, SMARTPHONE, BY_SLIP),
        (ELTAX, EL_QR, BY_SLIP),
    )
    for route, channel, ident in kinds:
        for _ in range(each):
            number = len(records)
            received = int(channels.banks.roll(np.array(day(year, 6, 1) + int(rng.integers(0, 240)))))
            posted, transfer = channels.settle_one(channel, received)
            slip = int(slip_number(98, year, 1 + number, 0)) if ident == BY_SLIP else 0
            row = Row(
                pid=first_pid + number,
                route=route,
                channel=channel,
                received=received,
                posted=posted,
                ident=ident,
                amount=int(rng.integers(20, 400)) * 100,
                fate=FATE["suspense"],
                slip=slip,
                transfer=transfer,
            )
            if route in (CVS, DSK):
                created = int(channels.created(np.array(transfer)))
                row = row._replace(kind=FINAL, created=created)
            records.append(row)
    out = rows(records)
    place(out, rng)
    return out


def sent_again(records: Ints, scale: int, rng: np.random.Generator) -> Ints:
    """Copies of a few records of slips, stores and smartphones; they come with the file after the one of the first."""
    chosen = []
    ordinary = (records["pid"] < AWKWARD) & (records["fate"] == FATE["due"])
    for route, field in ((PAID_SLIPS, "posted"), (CVS, "created"), (DSK, "created"), (ELTAX, "posted")):
        here = np.flatnonzero(ordinary & (records["route"] == route))
        latest = records[field][here].max() - 60 if len(here) else 0
        here = here[records[field][here] < latest]
        chosen.append(rng.choice(here, min(max(2, scale), len(here)), replace=False))
    picked = np.sort(np.concatenate(chosen))
    out: Ints = records[picked].copy()
    out["same_as"], out["fate"] = out["pid"], FATE["not_money"]
    out["pid"] = RESENT_BASE + np.arange(len(out))
    return out
