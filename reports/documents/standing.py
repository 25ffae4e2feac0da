"""収納状況照会票: what a person, notice or due owes, on one page where it fits, from the same structure as the CLI."""

from __future__ import annotations

from typing import Any

from ingestion.vault import People, Person
from osame.act import Act
from osame.home import Home
from osame.wareki import format_fiscal_year, format_wareki, format_wareki_short
from reports.documents.publish import Issued, publish
from reports.documents.render import render
from reports.look import text
from warehouse.collection.addressee_standing import AddresseeStanding, EventLine, ReceiptLine
from warehouse.office.standing import DueLine
from warehouse.settings import load_settings
from warehouse.words import word

DOCUMENT = "standing"
# With lists of this length the page is full.
MOST = {"dues": 26, "overpayments": 5, "receipts": 13, "events": 13}
_NOTHING = "－"


def issue_standing(home: Home, found: AddresseeStanding, people: People | None, act: Act) -> Issued:
    """Print a 収納状況照会票; with a name only if ``people`` was read for it."""
    settings = load_settings(home)
    person = people[found.addressee_no] if people else None
    row = standing_row(found, person, act)
    return publish(
        home,
        act,
        {f"standing-{found.key}.pdf": render(DOCUMENT, [row], settings, home, act.at)},
        count=1,
        as_of=found.on,
        known_at=found.known_at,
        vault_reads=[people.vault_read] if people else [],
        details={"key": found.key, "kind": found.kind},
    )


def standing_row(found: AddresseeStanding, person: Person | None, act: Act) -> dict[str, Any]:
    """What ``standing.typ`` prints. What is unpaid comes first; of settled dues, receipts and events the newest."""
    settled = [due for due in found.dues if due.balance_yen == 0]
    dues = ([due for due in found.dues if due.balance_yen > 0] + settled[::-1])[: MOST["dues"]]
    receipts, events = found.receipts[: -MOST["receipts"] - 1 : -1], found.events[: -MOST["events"] - 1 : -1]
    overpayments = found.overpayments[: -MOST["overpayments"] - 1 : -1]
    names = {due.due_key: text.due_name(due.tax_item_name, due.tax_year, due.instalment_no) for due in found.dues}
    totals = ("assessed_yen", "principal_paid_yen", "principal_balance_yen", "reminder_fee_balance_yen")
    return {
        "key": found.key,
        "key_name": text.KEY_KINDS[found.kind],
        "addressee_no": found.addressee_no,
        "name": person.name if person else None,
        "address": _address(person) if person else None,
        "on": format_wareki(found.on),
        "as_of": format_wareki(found.as_of_date),
        "printed": f"{format_wareki(act.at.date())} {act.at:%H:%M}　出力者 {act.by.strip()}",
        "notices": [notice.japanese for notice in found.notices],
        "dues": [_due(due) for due in dues],
        "dues_left_out": len(found.dues) - len(dues),
        "totals": [found.total(name) for name in totals]
        + [found.total("late_charge_balance_yen"), found.total("balance_yen")],
        "provisional_yen": found.total("provisional_paid_yen"),
        "overpaid_yen": sum(over.balance_yen for over in found.overpayments),
        "overpayments": [
            [
                format_wareki_short(o.received_date),
                names.get(o.due_key, o.due_key),
                f"{o.cause_code}号",
                o.amount_yen,
                o.balance_yen,
            ]
            for o in overpayments
        ],
        "overpayments_left_out": len(found.overpayments) - len(overpayments),
        "receipts": [_receipt(receipt, names.get(receipt.due_key, receipt.due_key)) for receipt in receipts],
        "receipts_left_out": len(found.receipts) - len(receipts),
        "events": [_event(event, names.get(event.due_key, event.due_key)) for event in events],
        "events_left_out": len(found.events) - len(events),
    }


def _address(person: Person) -> str:
    if person.address is None:
        return "（支援措置により非表示）" if person.is_protected else _NOTHING
    return "　".join(part for part in (person.address.address, person.address.building) if part) or _NOTHING


def _due(due: DueLine) -> list[Any]:
    return [
        format_fiscal_year(int(due.tax_year)),
        due.tax_item_name,
        f"{int(due.instalment_no)}期",
        format_wareki_short(due.due_date),
        due.assessed_yen,
        due.principal_paid_yen,
        due.principal_balance_yen,
        due.reminder_fee_balance_yen,
        due.late_charge_balance_yen,
        due.balance_yen,
        word("fct_dues.state", due.state) + ("・繰越" if due.is_carried_over and due.balance_yen else ""),
    ]


def _receipt(receipt: ReceiptLine, name: str) -> list[Any]:
    return [
        format_wareki_short(receipt.received_date),
        format_wareki_short(receipt.posted_date),
        receipt.channel_name + ("（速報）" if receipt.record_status == "provisional" else ""),
        name,
        receipt.principal_yen,
        receipt.reminder_fee_yen,
        receipt.late_charge_yen,
        receipt.overpaid_yen,
        f"{receipt.source_file}:{receipt.source_line}",
    ]


def _event(event: EventLine, name: str) -> list[Any]:
    return [format_wareki_short(event.posted_date), name, event.sentence]
