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
from ingestion.due_key import DUE_KEY
from ingestion.layout_catalog import load_layouts
from ingestion.offer import load_id_of, sha256_of
from ingestion.writer import Group, write_fixed
from warehouse.scenario.model import (
    COUNTER_CHANNEL,
    HISTORY_CHANNEL,
    Apportionment,
    Due,
    Event,
    Scenario,
    SlipLine,
    Split,
)

_BODY = "152994"
_BUSINESS_DATE = date(2000, 1, 1)
_WRITE_OFF = "09"  # 処分コード 不納欠損
_BODIES = {"city": "1", "prefecture": "2", "state": "3"}
_COMPONENTS = {"principal": "1", "reminder_fee": "2", "late_charge": "3", "refund_interest": "4"}
_DEPOSITS = "zengin01_200.dat"
Row = dict[str, Any]


@dataclass
class Written:
    """What the runner needs to find its dues and records again in the marts."""

    due_keys: dict[str, str] = field(default_factory=dict)  # id -> due_key
    records: dict[tuple[str, int], str] = field(default_factory=dict)  # (file name, line) -> name of the event
    addressees: dict[str, str] = field(default_factory=dict)  # addressee_no -> name in the scenario
    deposits: list[tuple[Row, str]] = field(default_factory=list)  # transfers to the account, with their events


def write_files(scenarios: list[Scenario], folder: Path) -> list[Written]:
    """Write the files of several scenarios side by side; they share nothing but the files."""
    rows: dict[str, list[Row]] = {}
    out = []
    for number, scenario in enumerate(scenarios, start=1):
        city = _City(scenario, number)
        city.run()
        for layout_id, new in city.rows.items():
            have = rows.setdefault(layout_id, [])
            for index, name in city.names.get(layout_id, []):
                line = len(have) + index + 2  # line 1 is the header
                city.written.records[(_file_name(layout_id), line)] = name
            have.extend(new)
        out.append(city.written)
    _write_deposits(out, folder)
    decisions = rows.pop("decisions", [])
    for layout_id, new in rows.items():
        (folder / _file_name(layout_id)).write_text(_csv(layout_id, new), encoding="utf-8", newline="")
    if decisions:
        _name_receipts(decisions, out, folder)
        (folder / _file_name("decisions")).write_text(_csv("decisions", decisions), encoding="utf-8", newline="")
    return out


def _name_receipts(decisions: list[Row], cities: list[Written], folder: Path) -> None:
    """Put 収納ID in the place of the scenario's own name: it follows from the content of the record's file."""
    loads = {path.name: load_id_of(sha256_of(path.read_bytes())) for path in folder.iterdir()}
    for row in (row for row in decisions if "receipt_id" in row):
        number, name = row["receipt_id"]
        row["receipt_id"] = next(
            f"{loads[file]}-{line}" for (file, line), known in cities[number - 1].records.items() if known == name
        )


def _write_deposits(cities: list[Written], folder: Path) -> None:
    """One file of 振込入金通知, with an account for each scenario: a reversal takes back money of its own account."""
    groups: list[Group] = []
    line = 1
    for number, city in enumerate(cities, start=1):
        if not city.deposits:
            continue
        header = {
            "code_class": "0",
            "created_date": max(row["book_date"] for row, _ in city.deposits),
            "bank_code": "0140",
            "branch_code": "001",
            "account_type_code": "1",
            "account_no": f"{number:07d}",
        }
        rows = [row | {"entry_no": f"{at:06d}"} for at, (row, _) in enumerate(city.deposits, start=1)]
        groups.append((header, {name: [row[name] for row in rows] for name in rows[0]}))
        for at, (_, name) in enumerate(city.deposits, start=1):
            city.records[(_DEPOSITS, line + at)] = name
        line += len(rows) + 2
    if groups:
        (folder / _DEPOSITS).write_bytes(write_fixed(load_layouts()["zengin01_200"], groups))


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
    """One scenario's events, turned into rows of files. The scenario has been checked: nothing is looked up in vain."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self.scenario = scenario
        self.number = number
        self.written = Written()
        self.rows: dict[str, list[Row]] = {}
        self.names: dict[str, list[tuple[int, str]]] = {}  # layout -> (index of the row, name of its event)
        self._keys: dict[str, Row] = {}
        self._dues = {d.id: d for d in scenario.dues}
        self._slips: dict[str, str] = {}
        self._records: dict[str, tuple[str, Row]] = {}
        self._assessments: dict[str, int] = {}
        self._serial = 0
        self._position = 0

    def run(self) -> None:
        for addressee, kana in self.scenario.names.items():
            self._register(addressee, kana)
        for position, due in enumerate(self.scenario.dues):
            self._assess(due, position)
        for share in self.scenario.apportionments:
            self._apportion(share)
        for position, event in enumerate(self.scenario.events):
            self._position = position
            getattr(self, f"_{event.kind}")(event)

    def _add(self, layout_id: str, row: Row) -> None:
        self.rows.setdefault(layout_id, []).append(row)

    def _deliver(self, layout_id: str, row: Row) -> None:
        """Add the record that an event delivers, and remember whose it is."""
        self._add(layout_id, row)
        event = self.scenario.events[self._position]
        name = self.scenario.event_name(self._position)
        self.names.setdefault(layout_id, []).append((len(self.rows[layout_id]) - 1, name))
        if event.id:
            self._records[event.id] = (layout_id, row)

    def _next(self) -> str:
        self._serial += 1
        return f"{self.number:06d}{self._serial:06d}"

    def _addressee(self, name: str) -> str:
        addressee_no = f"{self.number:05d}{name}"
        self.written.addressees[addressee_no] = name
        return addressee_no

    def _register(self, addressee: str, kana: str) -> None:
        row = {"addressee_no": self._addressee(addressee), "name": kana, "name_kana": kana, "resident_class_code": "1"}
        self._add("addressees", row)

    # --- assessments

    def _assess(self, due: Due, position: int) -> None:
        levy_year = due.levy_year if due.levy_year is not None else _fiscal_year(due.due)
        tax_year = due.tax_year if due.tax_year is not None else levy_year
        # The number of the scenario in front: all scenarios share one home.
        notice_no = f"{self.number:04d}{self.scenario.notice_no_of(position)}"
        parts = (
            due.tax_item,
            due.detail,
            _BODY,
            _BODY,
            "1",
            str(levy_year),
            str(tax_year),
            notice_no,
            due.instalment_no,
        )
        key = dict(zip(DUE_KEY, parts, strict=True))
        self._keys[due.id] = key
        self.written.due_keys[due.id] = "-".join(key.values())
        self._assessment(due, "1", due.assessed or due.due - timedelta(days=30), due.yen, None)

    def _assessment(self, due: Due, event_type: str, day: date, delta: int, cause: int | None, **more: Any) -> None:
        number = self._assessments.get(due.id, 0) + 1
        self._assessments[due.id] = number
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
            }
            | more,
        )

    def _adjust(self, event: Event) -> None:
        delta = event.adjust or 0
        dates = {"claim_date": event.claimed, "income_tax_notice_date": event.income_tax_notice}
        self._assessment(self._dues[str(event.due)], "3" if delta > 0 else "4", event.on, delta, event.cause, **dates)

    def _void(self, event: Event) -> None:
        due = self._dues[str(event.void)]
        self._assessment(due, "5", event.on, -self.scenario.standing_yen(due.id, self._position), event.cause or 1)

    def _apportion(self, share: Apportionment) -> None:
        self._add(
            "apportionments",
            {
                "levy_year": share.levy_year,
                "tax_item_code": share.tax_item,
                "form_row": share.row,
                "valid_from": share.valid_from,
                "body_code": _BODIES[share.body],
                "numerator": share.share,
                "denominator": share.whole,
            },
        )

    def _write_off(self, event: Event) -> None:
        split = event.split or Split(principal=event.write_off or 0)
        row = self._keys[str(event.due)] | {
            "disposition_date": event.on,
            "disposition_code": _WRITE_OFF,
            "disposition_no": self._next(),
            "disposed_principal_yen": split.principal,
            "disposed_reminder_fee_yen": split.reminder_fee,
            "disposed_late_charge_yen": split.late_charge,
        }
        self._deliver("core_dispositions", row)

    def _remind(self, event: Event) -> None:
        self._add(
            "reminders", self._keys[str(event.remind)] | {"sent_date": event.on, "reminder_fee_yen": event.fee or 0}
        )

    # --- slips

    def _slip(self, event: Event) -> None:
        self._slips[str(event.slip)] = self._issue(event.on, event.slip_lines, event.pay_by)

    def _issue(self, day: date, lines: list[SlipLine], pay_by: date | None) -> str:
        slip_no = f"{self.number:08d}{len(self.rows.get('slips', [])) + 1:08d}"
        for line_no, line in enumerate(lines, start=1):
            standing = self.scenario.standing_yen(line.due, self._position)
            self._add(
                "slips",
                self._keys[line.due]
                | {
                    "slip_no": slip_no,
                    "line_no": line_no,
                    "issued_date": day,
                    "slip_type_code": "2",
                    "principal_yen": standing if line.principal is None else line.principal,
                    "reminder_fee_yen": line.reminder_fee,
                    "late_charge_yen": line.late_charge,
                    "pay_by_date": pay_by,
                },
            )
        return slip_no

    # --- money

    def _receive(self, event: Event) -> None:
        if event.split is not None:
            self._receive_recorded(event, event.split)
        elif event.provisional:
            self._receive_provisional(event)
        elif event.payer is not None:
            self._receive_transfer(event, event.payer)
        else:
            self._receive_in_file(event)

    def _receive_in_file(self, event: Event) -> None:
        row: Row = {
            "record_type_code": "1",
            "received_date": event.on,
            "posted_date": event.posted or event.on,
            "channel_code": event.channel or COUNTER_CHANNEL,
            "amount_yen": event.receive,
            "institution_code": "0140",
            "branch_code": "001",
            "serial_no": self._next(),
        }
        if event.by_slip is not None:
            row["slip_no"] = self._slips[event.by_slip]
        elif event.due is not None:
            row |= self._keys[event.due]
        elif event.addressee is not None:
            row["addressee_no"] = self._addressee(event.addressee)
        self._deliver("paid_slips", row)

    def _receive_transfer(self, event: Event, payer: str) -> None:
        """A credit on the city's account that says who paid, and nothing else."""
        row: Row = {
            "book_date": event.posted or event.on,
            "value_date": event.on,
            "amount_yen": event.receive,
            "payer_code": "0000000000",
            "payer_name": payer,
            "cancel_code": "0",
        }
        self._credit(row)
        if event.id:
            self._records[event.id] = ("zengin01_200", row)

    def _credit(self, row: Row) -> None:
        self.written.deposits.append((row, self.scenario.event_name(self._position)))

    def _receive_provisional(self, event: Event) -> None:
        """A 速報 of a convenience store, on a slip of its own for the due."""
        amount = event.receive or 0
        slip_no = self._issue(event.on - timedelta(days=1), [SlipLine(due=str(event.due), principal=amount)], None)
        digits = f"9191234500001{slip_no}09999990{amount:06d}"
        row: Row = {
            "record_kind": "01",
            "store_date": f"{event.on:%Y%m%d}",
            "store_time": "1200",
            "barcode": f"{digits}{check_digit(digits)}",
            "stamp_flag": "0",
            "amount_yen": amount,
            "chain_code": "010",
            "store_code": "110001",
            "transfer_date": "0",
            "created_date": f"{event.posted or event.on:%Y%m%d}",
        }
        self._deliver("cvs_dsk", row)

    def _confirm(self, event: Event) -> None:
        layout_id, record = self._records[str(event.confirm)]
        day = f"{event.on:%Y%m%d}"
        self._deliver(layout_id, record | {"record_kind": "02", "transfer_date": day, "created_date": day})

    def _receive_recorded(self, event: Event, split: Split) -> None:
        row = self._history(event, str(event.due), "1" if split.principal else "7") | _own_amounts(split, 1)
        self._deliver("receipts", row)

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
            "fiscal_year": event.fiscal_year or _fiscal_year(event.on),
        }

    def _cancel(self, event: Event) -> None:
        layout_id, record = self._records[str(event.cancel)]
        if layout_id == "paid_slips":
            self._deliver(layout_id, record | {"record_type_code": "6", "posted_date": event.on})
        elif layout_id == "core_dispositions":
            record["cancelled_date"] = event.on
        elif layout_id == "zengin01_200":
            self._credit(record | {"cancel_code": "1", "book_date": event.on, "value_date": event.on})
        elif layout_id == "cvs_dsk":
            self._deliver(layout_id, record | {"record_kind": "03", "created_date": f"{event.on:%Y%m%d}"})
        else:
            own = ("posted_date", "branch_code", "book_no", "entry_no", "entry_line_no")
            corrected = {f"corrected_{name}": record[name] for name in (*DUE_KEY, *own)}
            offset = {name: value for name, value in record.items() if name.startswith("offset_")}
            taken_back = {name: -value for name, value in record.items() if name.endswith("_yen")}
            due_id = next(d for d, key in self._keys.items() if all(key[name] == record[name] for name in DUE_KEY))
            row = self._history(event, due_id, "6") | corrected | offset | taken_back
            self._deliver(layout_id, row | {"fiscal_year": record["fiscal_year"]})

    # --- money that moves

    def _refund(self, event: Event) -> None:
        split = event.split or Split(principal=event.refund or 0)
        row = self._history(event, str(event.due), "2") | _own_amounts(split, -1)
        row["refund_interest_yen"] = event.interest or 0
        row["refund_budget_code"] = "1" if event.budget == "expenditure" else None
        self._deliver("receipts", row)

    def _offset(self, event: Event) -> None:
        self._move(event, "3", event.offset or 0)

    def _reallocate(self, event: Event) -> None:
        self._move(event, "5", event.reallocate or 0)

    def _decide_offset(self, event: Event) -> None:
        self._decide(event, "2", event.decide_offset or 0)

    def _decide_move(self, event: Event) -> None:
        self._decide(event, "3", event.decide_move or 0)

    def _decide(self, event: Event, kind: str, amount: int) -> None:
        target = {f"offset_{name}": value for name, value in self._keys[str(event.to)].items()}
        row = {
            "from_component_code": _COMPONENTS[event.part or "principal"],
            "to_component_code": _COMPONENTS[event.to_part or "principal"],
            "value_date": event.counts_from,
            "fiscal_year": event.fiscal_year or self._fiscal_year_of(str(event.due)),
        }
        self._deliver("decisions", self._keys[str(event.due)] | target | row | self._decision(event, kind, amount))

    def _decide_suspense(self, event: Event) -> None:
        to = self._keys[event.due] if event.due else {"addressee_no": self._addressee(str(event.addressee))}
        row = self._decision(event, "4", event.decide_suspense or 0) | {"receipt_id": (self.number, event.receipt)}
        self._deliver("decisions", to | row)

    def _decision(self, event: Event, kind: str, amount: int) -> Row:
        approval = {} if event.draft else {"approved_by": "1002", "approved_date": event.on}
        return approval | {
            "decision_no": self._next(),
            "line_no": "1",
            "decision_type_code": kind,
            "amount_yen": amount,
            "drafted_by": "1001",
            "drafted_date": event.on,
        }

    def _notify(self, event: Event) -> None:
        row = {
            "overpayment_notice_no": self._next(),
            "decision_no": self._next(),
            "component_code": "1",
            "addressee_no": self._addressee(self._dues[str(event.due)].addressee),
            "amount_yen": event.notify,
            "cause_code": event.cause or 4,
            "fiscal_year": event.fiscal_year or self._fiscal_year_of(str(event.due)),
            "notified_date": event.on,
            "claimed_date": event.claimed,
            "decided_date": event.decided,
            "refund_interest_yen": event.interest or 0,
            "paid_date": event.paid,
            "returned_date": event.returned,
        }
        self._deliver("overpayment_notices", self._keys[str(event.due)] | row)

    def _fiscal_year_of(self, due_id: str) -> str:
        return str(self._keys[due_id]["levy_year"])

    def _move(self, event: Event, kind: str, amount: int) -> None:
        split = event.split or Split(principal=amount)
        target = {f"offset_{name}": value for name, value in self._keys[str(event.to)].items()}
        moved = {
            "principal_to_principal_yen": split.principal,
            "principal_to_reminder_fee_yen": split.reminder_fee,
            "principal_to_late_charge_yen": split.late_charge,
        }
        self._deliver("receipts", self._history(event, str(event.due), kind) | target | moved)


def _own_amounts(split: Split, sign: int) -> Row:
    return {
        "principal_yen": sign * split.principal,
        "reminder_fee_yen": sign * split.reminder_fee,
        "late_charge_yen": sign * split.late_charge,
    }
