"""収納履歴 of the weeks after go-live: what the core system records beside the payment files, with a few mistakes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.town.city import BY_KEY, HISTORY
from ingestion.town.days import Ints, ymd
from ingestion.town.deliver import Delivery, write_history
from ingestion.town.oracle import Payment
from ingestion.town.payments import AWKWARD, FATE, KEY, Row, rows
from ingestion.town.truth import due_keys

WEEKS = 6
_FIRST_PID = 1 << 38
_FIRST_ENTRY = 5_000_000  # entries of the year before have the numbers up to here
Mistake = tuple[str, str | None, str | None]  # kind, due in 収納履歴, due in the file
_DIFFERENCES = pa.schema([("kind", pa.string()), ("history_due_key", pa.string()), ("file_due_key", pa.string())])


def write_compared_history(
    delivery: Delivery, records: Ints, told: Iterable[tuple[Payment, int]], go_live: int, rng: np.random.Generator
) -> None:
    """One extract of what was received and booked in the weeks after go-live, and the truth of what differs in it.

    Args:
        delivery: where files go.
        records: every record of the payment files.
        told: payments of the story, replayed, with their channel.
        go_live: day number; entries before it are in the extracts of the years before.
        rng: of the mistakes.
    """
    until = go_live + 7 * WEEKS
    ordinary = records[
        (records["pid"] < AWKWARD)
        & (records["fate"] == FATE["due"])
        & (records["same_as"] < 0)
        & (records["received"] >= go_live)
    ]
    here = ordinary[ordinary["posted"] <= until].copy()
    later = ordinary[ordinary["received"] > until + 60]
    entries, truth = _mistaken(here, later, until, rng)
    entries = np.concatenate([entries, _of_story(told, go_live, until)])
    entries["pid"] = _FIRST_PID + np.arange(len(entries))
    entries["route"], entries["fate"], entries["receipt_type"] = HISTORY, FATE["not_money"], 1
    write_history(delivery, f"receipts_{ymd(until)}.csv", entries, _FIRST_ENTRY)
    tell_differences(delivery, truth)


def tell_differences(delivery: Delivery, mistakes: list[Mistake]) -> None:
    """The truth of what differs: empty where no 収納履歴 is delivered after go-live."""
    rows_of = [dict(zip(_DIFFERENCES.names, mistake, strict=True)) for mistake in mistakes]
    table = pa.Table.from_pylist(rows_of, schema=_DIFFERENCES)
    pq.write_table(table, delivery.truth.folder / "history_differences.parquet")


def _mistaken(here: Ints, later: Ints, until: int, rng: np.random.Generator) -> tuple[Ints, list[Mistake]]:
    """The entries with one mistake of each kind and two that are missing; what each mistake is."""
    last = np.zeros(100, np.int64)
    np.maximum.at(last, here["channel"], here["posted"])
    # 収納履歴 covers a channel up to its last entry there: that one is left as it is
    free = (here["posted"] < last[here["channel"]]) & (here["received"] > here["received"].min())
    chosen = rng.permutation(np.flatnonzero(free))
    keys = due_keys(here).to_pylist()
    dropped, changed = chosen[:2], chosen[2:6]
    truth: list[Mistake] = [("missing_in_history", None, keys[at]) for at in dropped]
    amount, date, split, due = changed
    here["principal"][amount] += 700
    here["received"][date] -= 1
    here["principal"][split] -= 300
    here["late"][split] += 300
    truth += [("amount_differs", keys[amount], keys[amount]), ("date_differs", keys[date], keys[date])]
    truth.append(("split_differs", keys[split], keys[split]))
    strangers = later[rng.choice(len(later), 2, replace=False)]  # dues that nobody has paid by then
    for name in KEY:
        here[name][due] = strangers[name][0]
    new_keys = due_keys(strangers).to_pylist()
    truth.append(("due_differs", new_keys[0], keys[due]))
    added = strangers[1:].copy()
    added["received"] = added["posted"] = until - 12
    truth.append(("missing_in_files", new_keys[1], None))
    return np.concatenate([np.delete(here, dropped), added]), truth


def _of_story(told: Iterable[tuple[Payment, int]], go_live: int, until: int) -> Ints:
    """The entries of payments out of the ordinary: one for each due, as the oracle split them."""
    out = []
    for payment, channel in told:
        if payment.fate != "due" or not go_live <= payment.received or payment.posted > until:
            continue
        for part in payment.parts:
            if part.due is None:
                continue
            out.append(
                Row(
                    pid=0,
                    route=HISTORY,
                    channel=channel,
                    received=payment.received,
                    posted=payment.posted,
                    amount=part.principal + part.fee + part.late + part.overpaid,
                    ident=BY_KEY,
                    principal=part.principal + part.overpaid,
                    fee=part.fee,
                    late=part.late,
                    payer=part.due.payer,
                    **dict(zip(KEY, part.due.key, strict=True)),
                )
            )
    return rows(out)
