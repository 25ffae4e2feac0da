"""The ground truth: what every record of every file is, and what every due ends as. Parquet, one row group per file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.town import digits
from ingestion.town.city import MUNICIPALITY_CODE
from ingestion.town.days import Ints
from ingestion.town.oracle import Due, Part, Payment
from ingestion.town.payments import AWKWARD, FATE, FATES
from ingestion.town.refunds import EXPENDITURE, Overpayment, books, came_in, source_of

RECEIPTS = pa.schema(
    [
        ("file_name", pa.string()),
        ("source_line", pa.int32()),
        ("fate", pa.string()),
        ("due_key", pa.string()),
        ("amount_yen", pa.int64()),
        ("principal_yen", pa.int64()),
        ("reminder_fee_yen", pa.int64()),
        ("late_charge_yen", pa.int64()),
        ("overpaid_yen", pa.int64()),
        ("suspense_yen", pa.int64()),
        ("same_as", pa.string()),  # file:line of the record that this one repeats
        ("case", pa.string()),
    ]
)
DUES = pa.schema(
    [
        ("due_key", pa.string()),
        ("addressee_no", pa.string()),
        ("tax_item_code", pa.string()),
        ("levy_year", pa.int64()),
        ("due_date", pa.date32()),
        ("assessed_yen", pa.int64()),
        ("principal_paid_yen", pa.int64()),
        ("principal_balance_yen", pa.int64()),
        ("provisional_paid_yen", pa.int64()),
        ("overpaid_yen", pa.int64()),
        ("reminder_fee_yen", pa.int64()),
        ("reminder_fee_paid_yen", pa.int64()),
        ("late_charge_yen", pa.int64()),
        ("late_charge_paid_yen", pa.int64()),
        ("case", pa.string()),
    ]
)
OVERPAYMENTS = pa.schema(
    [
        ("file_name", pa.string()),  # of the receipt that brought it
        ("source_line", pa.int32()),
        ("due_key", pa.string()),
        ("cause_code", pa.string()),
        ("arisen_date", pa.date32()),
        ("fiscal_year", pa.int64()),
        ("amount_yen", pa.int64()),
        ("balance_yen", pa.int64()),
        ("notified_yen", pa.int64()),
        ("interest_from_date", pa.date32()),
        ("refund_interest_yen", pa.int64()),  # if the balance were paid on the town's day
        ("case", pa.string()),
    ]
)
REPAYMENTS = pa.schema(
    [
        ("file_name", pa.string()),  # of the record that moved the money
        ("source_line", pa.int32()),
        ("kind", pa.string()),
        ("due_key", pa.string()),
        ("other_due_key", pa.string()),
        ("component", pa.string()),  # what it paid of the other due
        ("amount_yen", pa.int64()),
        ("refund_interest_yen", pa.int64()),
        ("budget_side", pa.string()),
        ("fiscal_year", pa.int64()),
        ("posted_date", pa.date32()),
        ("value_date", pa.date32()),
        ("case", pa.string()),
    ]
)
_MOVED = {"refund": "refund", "offset": "offset", "interest": "offset", "move": "reallocation"}
_COMPONENTS = {1: "principal", 2: "reminder_fee", 3: "late_charge"}
_AMOUNTS = ("principal_yen", "reminder_fee_yen", "late_charge_yen", "overpaid_yen", "suspense_yen")


def key_columns(records: Ints, prefix: str = "") -> list[pa.Array]:
    """The nine parts of the key as text."""
    n = len(records)
    body = pa.repeat(pa.scalar(MUNICIPALITY_CODE), n)
    return [
        digits.pad(records[f"{prefix}item"], 2),
        digits.pad(records[f"{prefix}detail"], 2),
        body,
        body,
        pa.repeat(pa.scalar("1"), n),
        digits.pad(records[f"{prefix}levy_year"], 4),
        digits.pad(records[f"{prefix}tax_year"], 4),
        digits.pad(records[f"{prefix}notice"], 10),
        digits.pad(records[f"{prefix}instalment"], 2),
    ]


def due_keys(records: Ints) -> pa.Array:
    return pc.binary_join_element_wise(*key_columns(records), "-")


def due_key(due: Due) -> str:
    return (
        f"{due.item:02d}-{due.detail:02d}-{MUNICIPALITY_CODE}-{MUNICIPALITY_CODE}-1-"
        f"{due.levy_year}-{due.tax_year}-{due.notice:010d}-{due.instalment:02d}"
    )


def _table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows as a table; days are day numbers."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [
        pa.array(values, pa.int32()).cast(pa.date32()) if f.type == pa.date32() else pa.array(values, f.type)
        for values, f in zip(columns, schema, strict=True)
    ]
    return pa.table(arrays, schema=schema)


class Truth:
    """Collects the truth while files are written. Records of the story wait for the oracle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._receipts = pq.ParquetWriter(folder / "receipts.parquet", RECEIPTS)
        self._dues = pq.ParquetWriter(folder / "dues.parquet", DUES)
        self.places: dict[int, tuple[str, int]] = {}
        self.watched: Ints = np.zeros(0, np.int64)  # ordinary records that are sent again later
        self.totals: dict[str, int] = dict.fromkeys((*_AMOUNTS, "records"), 0)
        self.fates: dict[str, int] = dict.fromkeys(FATES, 0)

    def file(self, name: str, records: Ints, lines: Ints) -> None:
        """The records of a file as written, with their record numbers."""
        repeats = records["same_as"] >= 0
        told = (records["pid"] >= AWKWARD) & ~repeats
        for where in np.flatnonzero(told | np.isin(records["pid"], self.watched)):
            self.places[int(records["pid"][where])] = (name, int(lines[where]))
        self._repeated(name, records[repeats], lines[repeats])
        plain, at = records[~told & ~repeats], lines[~told & ~repeats]
        paid = plain["fate"] == FATE["due"]
        unknown = plain["fate"] == FATE["suspense"]
        zero = np.zeros(len(plain), np.int64)
        keys = pc.if_else(pa.array(plain["item"] > 0), due_keys(plain), pa.scalar(None, pa.string()))
        self._write(
            file_name=pa.repeat(pa.scalar(name), len(plain)),
            source_line=pa.array(at, pa.int32()),
            fate=pa.array(FATES).take(pa.array(plain["fate"])),
            due_key=keys,
            amount_yen=plain["amount"],
            principal_yen=np.where(paid, plain["amount"], zero),
            suspense_yen=np.where(unknown, plain["amount"], zero),
        )

    def _repeated(self, name: str, records: Ints, lines: Ints) -> None:
        """Records sent again: no money. The first place is known, for files are written in the order of their dates."""
        if len(records):
            first = [self.places[int(pid)] for pid in records["same_as"]]
            self._write(
                file_name=pa.repeat(pa.scalar(name), len(records)),
                source_line=pa.array(lines, pa.int32()),
                fate=pa.repeat(pa.scalar("not_money"), len(records)),
                amount_yen=records["amount"],
                same_as=[f"{file}:{line}" for file, line in first],
                case=pa.repeat(pa.scalar("resent"), len(records)),
            )

    def plain_rows(self, name: str, fates: list[str], lines: list[int], amounts: list[int], case: str) -> None:
        """Records that touch no due: of statements, and requests."""
        suspense = [a if f == "suspense" else 0 for f, a in zip(fates, amounts, strict=True)]
        self._write(
            file_name=[name] * len(fates),
            source_line=pa.array(lines, pa.int32()),
            fate=fates,
            amount_yen=amounts,
            suspense_yen=suspense,
            case=[case] * len(fates),
        )

    def story(self, payments: list[Payment], default_case: str = "") -> None:
        """The records of the story, after the replay: one row per record and due."""
        columns: dict[str, list[Any]] = {name: [] for name in RECEIPTS.names}
        for payment in payments:
            file, line = self.places[payment.pid]
            money = {"refund": -payment.amount, "offset": 0, "reallocation": 0}.get(payment.fate, payment.amount)
            parts: list[Part | None] = [*payment.parts] or [None]
            for part in parts:
                due = part.due if part is not None and part.due is not None else payment.due
                values = (
                    (part.principal, part.fee, part.late, part.overpaid, part.suspense) if part else (0, 0, 0, 0, 0)
                )
                row = (
                    file,
                    line,
                    payment.fate,
                    due_key(due) if due else None,
                    money,
                    *values,
                    None,
                    due.case if due else default_case,
                )
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
        self._write(**columns)

    def _write(self, **columns: Any) -> None:
        count = len(columns["file_name"])
        for name in _AMOUNTS:
            columns.setdefault(name, np.zeros(count, np.int64))
            self.totals[name] += int(np.sum(np.asarray(columns[name], np.int64)))
        self.totals["records"] += count
        arrays = [pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(count, f.type) for f in RECEIPTS]
        table = pa.table(arrays, schema=RECEIPTS)
        for item in pc.value_counts(table["fate"]).to_pylist():
            self.fates[item["values"]] += item["counts"]
        if count:
            self._receipts.write_table(table)

    def ordinary_dues(self, dues: Ints, addressees: Ints) -> None:
        """Dues assessed once and paid once, in time."""
        n = len(dues)
        zero = pa.array(np.zeros(n, np.int64))
        given = {
            "due_key": due_keys(dues),
            "addressee_no": digits.pad(addressees, 10),
            "tax_item_code": digits.pad(dues["item"], 2),
            "levy_year": pa.array(dues["levy_year"], pa.int64()),
            "due_date": pa.array(dues["due"], pa.int32()).cast(pa.date32()),
            "assessed_yen": pa.array(dues["amount"]),
            "principal_paid_yen": pa.array(dues["amount"]),
            "case": pa.nulls(n, pa.string()),
        }
        self._dues.write_table(pa.table([given.get(name, zero) for name in DUES.names], schema=DUES))

    def story_dues(self, dues: list[Due], as_of: int) -> None:
        rows = [
            (
                due_key(d),
                f"{d.addressee_no:010d}",
                f"{d.item:02d}",
                d.levy_year,
                d.due,
                d.tax,
                d.principal,
                d.balance,
                d.provisional,
                d.overpaid,
                d.fee_at(as_of) + d.fee,
                d.fee,
                d.late_at(as_of),
                d.late,
                d.case,
            )
            for d in dues
        ]
        self._dues.write_table(_table(DUES, rows))

    def overpayments(self, lots: list[Overpayment]) -> None:
        """What was too much, by receipt, due and cause."""
        rows = [
            (
                *self.places[lot.payment.pid],
                due_key(lot.due),
                str(lot.cause),
                lot.arisen,
                came_in(lot.due, lot.payment.received),
                lot.amount,
                lot.balance,
                lot.promised,
                lot.interest_from,
                lot.interest,
                lot.due.case,
            )
            for lot in lots
        ]
        pq.write_table(_table(OVERPAYMENTS, rows), self.folder / "overpayments.parquet")

    def repayments(self, payments: list[Payment]) -> None:
        """Money that left a due: paid back, set off or moved."""
        by_due: dict[int, list[Payment]] = defaultdict(list)  # by id: only these can be where its money comes from
        for payment in payments:
            for due in payment.dues():
                by_due[id(due)].append(payment)
        rows = [self._repayment(p, by_due[id(p.due)]) for p in payments if p.mode in _MOVED]
        pq.write_table(_table(REPAYMENTS, rows), self.folder / "repayments.parquet")

    def _repayment(self, payment: Payment, payments: list[Payment]) -> tuple[Any, ...]:
        due, other = payment.due, payment.other
        assert due is not None  # noqa: S101 - how the town is written, not data
        source = source_of(payment, payments)
        side, year = books(came_in(due, source.received), payment.posted)
        added = payment.mode == "interest"
        return (
            *self.places[payment.pid],
            _MOVED[payment.mode],
            due_key(due),
            due_key(other) if other else None,
            _COMPONENTS[payment.to] if other else None,
            0 if added else payment.amount,
            payment.amount if added else payment.interest,
            None if payment.mode == "move" else EXPENDITURE if added else side,
            year,
            payment.posted,
            payment.received,
            due.case,
        )

    def close(self) -> None:
        self._receipts.close()
        self._dues.close()
