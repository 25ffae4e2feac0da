"""Writes the files that a scenario's city would deliver: the real formats, so that the real reader takes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ingestion.barcode import check_digit
from ingestion.layout import load_layouts
from warehouse.scenario.model import Due, Event, Scenario

_BODY = "152994"
# Receipts with a recorded split come from 収納履歴; the others from payment files. One channel each, so that no go-live
# day stands between them.
HISTORY_CHANNEL = "09"
_COUNTER = "01"
_CONVENIENCE = "04"
_BUSINESS_DATE = date(2000, 1, 1)
_KEY = (
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
Row = dict[str, Any]


@dataclass
class Written:
    """What the runner needs to find its dues and receipts again in the marts."""

    due_keys: dict[str, str] = field(default_factory=dict)
    receipts: dict[str, tuple[str, int]] = field(default_factory=dict)  # id -> (file name, line)


def write_files(scenarios: list[Scenario], folder: Path) -> list[Written]:
    """Write the files of several scenarios side by side; they share nothing but the files."""
    rows: dict[str, list[Row]] = {}
    pending: list[tuple[Written, str, str, int]] = []
    out = []
    for number, scenario in enumerate(scenarios, start=1):
        city = _City(scenario, number)
        city.run()
        for layout_id, new in city.rows.items():
            have = rows.setdefault(layout_id, [])
            for receipt_id, index in city.receipts.get(layout_id, []):
                pending.append((city.written, receipt_id, layout_id, len(have) + index))
            have.extend(new)
        out.append(city.written)
    for layout_id, new in rows.items():
        (folder / _file_name(layout_id)).write_text(_csv(layout_id, new), encoding="utf-8", newline="")
    for written, receipt_id, layout_id, index in pending:
        written.receipts[receipt_id] = (_file_name(layout_id), index + 2)  # line 1 is the header
    return out


def _file_name(layout_id: str) -> str:
    extract = load_layouts()[layout_id].extract
    return f"{layout_id}_{_BUSINESS_DATE:%Y%m%d}.csv" if extract else f"{layout_id}.csv"


def _csv(layout_id: str, rows: Iterable[Row]) -> str:
    columns = [c for c in load_layouts()[layout_id].columns if c.header is not None]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([c.header for c in columns])
    for row in rows:
        unknown = set(row) - {c.name for c in columns}
        if unknown:
            raise KeyError(f"{layout_id} has no columns {sorted(unknown)}")
        writer.writerow([_text(row.get(c.name)) for c in columns])
    return text.getvalue()


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _fiscal_year(day: date) -> int:
    return day.year if day.month >= 4 else day.year - 1


class _City:
    """One scenario's events, turned into rows of files."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self.scenario = scenario
        self.number = number
        self.written = Written()
        self.rows: dict[str, list[Row]] = {}
        self.receipts: dict[str, list[tuple[str, int]]] = {}
        self._keys: dict[str, Row] = {}
        self._dues = {d.id: d for d in scenario.dues}
        self._payments: dict[str, Row] = {}
        self._events: dict[str, int] = {}
        self._serial = 0

    def run(self) -> None:
        for position, due in enumerate(self.scenario.dues, start=1):
            self._assess(due, position)
        for event in self.scenario.events:
            getattr(self, f"_{event.kind}")(event)

    def _add(self, layout_id: str, row: Row) -> int:
        rows = self.rows.setdefault(layout_id, [])
        rows.append(row)
        return len(rows) - 1

    def _next(self) -> str:
        self._serial += 1
        return f"{self.number:06d}{self._serial:06d}"

    def _addressee(self, name: str) -> str:
        return f"{self.number:05d}{name}"[:15]

    # --- assessments

    def _assess(self, due: Due, position: int) -> None:
        levy_year = due.levy_year if due.levy_year is not None else _fiscal_year(due.due)
        key = dict(
            zip(
                _KEY,
                (
                    due.tax_item,
                    "00",
                    _BODY,
                    _BODY,
                    "1",
                    str(levy_year),
                    str(due.tax_year if due.tax_year is not None else levy_year),
                    # A number of the scenario's own still differs between scenarios: they share one home.
                    f"{self.number:04d}{(due.notice_no or str(position))[-6:].zfill(6)}",
                    due.instalment_no,
                ),
                strict=True,
            )
        )
        self._keys[due.id] = key
        self.written.due_keys[due.id] = "-".join(key.values())
        self._assessment(due, "1", due.assessed or due.due - timedelta(days=30), due.yen, None)

    def _assessment(self, due: Due, event_type: str, day: date, delta: int, cause: int | None) -> None:
        number = self._events.get(due.id, 0) + 1
        self._events[due.id] = number
        self._add(
            "assessments",
            self._keys[due.id]
            | {
                "addressee_no": self._addressee(due.addressee),
                "assessment_event_no": f"{number:03d}",
                "event_type_code": event_type,
                "assessed_date": day,
                "delta_yen": delta,
                "statutory_due_date": due.statutory_due_date or due.due,
                "unrolled_due_date": due.unrolled_due_date,
                "due_date": due.due,
                "reason_code": cause,
            },
        )

    def _adjust(self, event: Event) -> None:
        if event.adjust is None or event.due is None:
            raise ValueError("adjust needs due")
        self._assessment(self._dues[event.due], "3" if event.adjust > 0 else "4", event.on, event.adjust, event.cause)

    def _void(self, event: Event) -> None:
        due = self._dues[str(event.void)]
        standing = due.yen + sum(e.adjust or 0 for e in self.scenario.events if e.due == due.id and e.on <= event.on)
        self._assessment(due, "5", event.on, -standing, event.cause or 1)

    def _remind(self, event: Event) -> None:
        due = self._dues[str(event.remind)]
        self._add(
            "reminders",
            self._keys[due.id] | {"sent_date": event.on, "reminder_fee_yen": 0 if event.fee is None else event.fee},
        )

    # --- slips

    def _slip(self, event: Event) -> None:
        dues = event.dues or ([event.due] if event.due else [])
        if not dues:
            raise ValueError("slip needs due or dues")
        number = f"{self.number:08d}{len(self.rows.get('slips', [])) + 1:08d}"
        self._payments[f"slip:{event.slip}"] = {"slip_no": number}
        for line, due_id in enumerate(dues, start=1):
            first = line == 1
            self._add(
                "slips",
                self._keys[due_id]
                | {
                    "slip_no": number,
                    "line_no": line,
                    "issued_date": event.on,
                    "slip_type_code": "2",
                    "principal_yen": self._dues[due_id].yen if event.principal is None else event.principal,
                    "reminder_fee_yen": event.reminder_fee if first else 0,
                    "late_charge_yen": event.late_charge if first else 0,
                    "pay_by_date": event.pay_by,
                },
            )

    # --- money

    def _receive(self, event: Event) -> None:
        if event.split is not None:
            self._receive_recorded(event)
        elif event.provisional:
            self._receive_provisional(event)
        else:
            self._receive_at_counter(event)

    def _note(self, event: Event, layout_id: str, index: int) -> None:
        if event.id:
            self.receipts.setdefault(layout_id, []).append((event.id, index))

    def _receive_at_counter(self, event: Event) -> None:
        row: Row = {
            "record_type_code": "1",
            "received_date": event.on,
            "posted_date": event.posted or event.on,
            "channel_code": event.channel or _COUNTER,
            "amount_yen": event.receive,
            "institution_code": "0140",
            "branch_code": "001",
            "serial_no": self._next(),
        }
        if event.by_slip is not None:
            row |= self._payments[f"slip:{event.by_slip}"]
        elif event.due is not None:
            row |= self._keys[event.due]
        elif event.addressee is not None:
            row["addressee_no"] = self._addressee(event.addressee)
        if event.id:
            self._payments[event.id] = {"layout": "paid_slips"} | row
        self._note(event, "paid_slips", self._add("paid_slips", row))

    def _receive_provisional(self, event: Event) -> None:
        """A 速報 of a convenience store, on a slip of its own for the due."""
        if event.due is None or event.receive is None:
            raise ValueError("a provisional receipt needs due")
        slip_no = f"{self.number:08d}{90000000 + len(self.rows.get('slips', [])):08d}"
        self._add(
            "slips",
            self._keys[event.due]
            | {
                "slip_no": slip_no,
                "line_no": 1,
                "issued_date": event.on - timedelta(days=1),
                "slip_type_code": "1",
                "principal_yen": event.receive,
                "reminder_fee_yen": 0,
                "late_charge_yen": 0,
                "pay_by_date": None,
            },
        )
        digits = f"9191234500001{slip_no}09999990{event.receive:06d}"
        row: Row = {
            "record_kind": "01",
            "store_date": f"{event.on:%Y%m%d}",
            "store_time": "1200",
            "barcode": f"{digits}{check_digit(digits)}",
            "stamp_flag": "0",
            "amount_yen": event.receive,
            "chain_code": "010",
            "store_code": "110001",
            "transfer_date": "0",
            "created_date": f"{event.posted or event.on:%Y%m%d}",
        }
        if event.id:
            self._payments[event.id] = {"layout": "cvs_dsk"} | row
        self._note(event, "cvs_dsk", self._add("cvs_dsk", row))

    def _receive_recorded(self, event: Event) -> None:
        if event.due is None or event.split is None:
            raise ValueError("a receipt with a recorded split needs due")
        total = event.split.principal + event.split.reminder_fee + event.split.late_charge
        if total != event.receive:
            raise ValueError(f"split adds up to {total}, receive is {event.receive}")
        row = self._history(event, event.due, "1") | {
            "principal_yen": event.split.principal,
            "reminder_fee_yen": event.split.reminder_fee,
            "late_charge_yen": event.split.late_charge,
        }
        if event.id:
            self._payments[event.id] = {"layout": "receipts"} | row
        self._note(event, "receipts", self._add("receipts", row))

    def _history(self, event: Event, due_id: str, kind: str) -> Row:
        return self._keys[due_id] | {
            "posted_date": event.posted or event.on,
            "branch_code": "001",
            "book_no": f"{self.number:05d}",
            "entry_no": self._next()[-6:],
            "entry_line_no": "1",
            "received_date": event.on,
            "payment_method_code": HISTORY_CHANNEL,
            "receipt_type_code": kind,
            "principal_yen": 0,
            "reminder_fee_yen": 0,
            "late_charge_yen": 0,
            "fiscal_year": _fiscal_year(event.on),
        }

    def _cancel(self, event: Event) -> None:
        payment = dict(self._payments[str(event.cancel)])
        layout = payment.pop("layout")
        if layout == "paid_slips":
            self._add(layout, payment | {"record_type_code": "6", "posted_date": event.on})
        elif layout == "cvs_dsk":
            self._add(layout, payment | {"record_kind": "03", "created_date": f"{event.on:%Y%m%d}"})
        else:
            corrected = {f"corrected_{name}": payment[name] for name in _KEY} | {
                f"corrected_{name}": payment[name]
                for name in ("posted_date", "branch_code", "book_no", "entry_no", "entry_line_no")
            }
            amounts = {name: -payment[name] for name in ("principal_yen", "reminder_fee_yen", "late_charge_yen")}
            due_id = next(d for d, key in self._keys.items() if key["notice_no"] == payment["notice_no"])
            self._add(layout, self._history(event, due_id, "6") | corrected | amounts)

    def _confirm(self, event: Event) -> None:
        payment = dict(self._payments[str(event.confirm)])
        layout = payment.pop("layout")
        if layout != "cvs_dsk":
            raise ValueError(f"{event.confirm} is not provisional")
        day = f"{event.on:%Y%m%d}"
        index = self._add(layout, payment | {"record_kind": "02", "transfer_date": day, "created_date": day})
        self._note(event, layout, index)

    # --- money that moves

    def _refund(self, event: Event) -> None:
        row = self._history(event, self._due_of(event), "2")
        self._add(
            "receipts",
            row
            | {
                "principal_yen": -(event.refund or 0),
                "refund_budget_code": "1" if event.budget == "expenditure" else None,
            },
        )

    def _offset(self, event: Event) -> None:
        self._move(event, "3", event.offset or 0)

    def _reallocate(self, event: Event) -> None:
        self._move(event, "5", event.reallocate or 0)

    def _move(self, event: Event, kind: str, amount: int) -> None:
        if event.to is None:
            raise ValueError(f"{event.kind} needs to")
        target = {f"offset_{name}": value for name, value in self._keys[event.to].items()}
        row = self._history(event, self._due_of(event), kind) | target | {"principal_to_principal_yen": amount}
        self._add("receipts", row)

    def _due_of(self, event: Event) -> str:
        if event.due is None:
            raise ValueError(f"{event.kind} needs due")
        return event.due
