"""納付済額のお知らせ: what one addressee paid in a calendar year, by tax item (for a tax return)."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

import typer

from ingestion.vault import read_people
from osame.act import Act
from osame.clock import now
from osame.console import out, told
from osame.home import Home, open_home
from osame.wareki import format_wareki
from reports.documents.asking import By, Reason
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render
from warehouse.collection.addressee_standing import SHOW, look_up
from warehouse.office.permissions import begin
from warehouse.settings import load_settings

DOCUMENT = "paid_total"


def issue_paid_total(home: Home, addressee_no: str, year: int, act: Act) -> Issued:
    """Print what was received of one addressee in a calendar year. Whole yen, final records, without overpayments."""
    found = look_up(home, addressee_no, act.at.date(), "addressee", may_be_empty=True)
    people = read_people(home, [addressee_no], act)
    names = {due.due_key: due.tax_item_name for due in found.dues}
    sums: dict[str, int] = defaultdict(int)
    for receipt in found.receipts:
        if receipt.received_date.year == year and receipt.record_status == "final":
            sums[names[receipt.due_key]] += receipt.principal_yen + receipt.reminder_fee_yen + receipt.late_charge_yen
    row = {
        "to": letter(people[addressee_no]),
        "day": format_wareki(act.at.date()),
        "year": year,
        "lines": [[name, yen] for name, yen in sorted(sums.items())],
        "total_yen": sum(sums.values()),
    }
    pdf = render(DOCUMENT, [row], load_settings(home), home, act.at)
    return publish(
        home,
        act,
        {f"paid-total-{addressee_no}-{year}.pdf": pdf},
        count=1,
        as_of=found.as_of_date,
        known_at=found.known_at,
        vault_reads=[people.vault_read],
        details={"addressee_no": addressee_no, "year": year, "total_yen": row["total_yen"]},
    )


def command(
    addressee: Annotated[str, typer.Option(help="宛名番号 of whom it is about.")],
    year: Annotated[int, typer.Option(help="Calendar year of the receipts.")],
    by: By,
    reason: Reason,
) -> None:
    """Print 納付済額のお知らせ: what an addressee paid in a calendar year, by tax item.

    Example: osame issue paid-total --addressee 0001000123 --year 2025 --by 1001 --reason 確定申告のため
    """
    with told():
        home = open_home()
        issued = issue_paid_total(home, addressee, year, begin(home, SHOW, by, now(), reason))
    out.print(str(issued.files[0]), markup=False)
