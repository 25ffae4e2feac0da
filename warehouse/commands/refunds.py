"""``osame refunds``, ``osame draft-refunds``, ``osame claim``: overpayments on their way back to the payer."""

from __future__ import annotations

from typing import Annotated

import typer

from osame.clock import now, today
from osame.console import err, out, parse_day, print_json, told, yen
from osame.home import open_home


def draft_refunds(
    by: Annotated[str, typer.Option("--by", help="職員番号 of who drafts.")],
    addressee: Annotated[str | None, typer.Option(help="Only this 宛名番号. Default: every payer.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Draft offsets and refunds of the open overpayments: one decision for each payer, for another to approve.

    Example: osame draft-refunds --by 1001
    """
    from warehouse.collection.refunds import DRAFT, draft, waiting_for_rates
    from warehouse.office.permissions import begin

    with told():
        home = open_home()
        drafted = draft(home, begin(home, DRAFT, by, now()), addressee)
        waiting = waiting_for_rates(home)
    if as_json:
        print_json([vars(one) for one in drafted])
        return
    for one in drafted:
        out.print(
            f"{one.decision_no}  addressee {one.addressee_no}  "
            f"充当 {yen(one.offset_yen)}円  還付 {yen(one.refund_yen)}円  {one.lines} lines",
            markup=False,
        )
    if waiting:
        out.print(
            f"{len(waiting):,} payers wait until the rates of interest and late charges are announced: "
            f"{', '.join(waiting)}",
            markup=False,
        )
    out.print(f"{len(drafted):,} drafts; another person approves each: osame approve DECISION_NO --by NO")


def claim(
    notice_no: Annotated[str, typer.Argument(help="過誤納通知番号.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who takes the claim.")],
    on: Annotated[str | None, typer.Option(help="請求日. Default: today.")] = None,
) -> None:
    """Record that a payer claims the refund that he was told of.

    Example: osame claim 20260601090000123000-2 --on 2026-06-15 --by 1001
    """
    from warehouse.collection.refunds import CLAIM
    from warehouse.collection.refunds import claim as record_claim
    from warehouse.office.permissions import begin

    with told():
        day = parse_day(on, "--on") if on else today()
        home = open_home()
        record_claim(home, notice_no, day, begin(home, CLAIM, by, now()))
    out.print(f"claimed  {notice_no} on {day}; osame export refunds pays it", markup=False)


def refund_returned(
    notice_nos: Annotated[list[str], typer.Argument(metavar="NOTICE_NO...", help="過誤納通知番号 of what came back.")],
    on: Annotated[str, typer.Option("--on", help="The day on which the money came back.")],
    reason: Annotated[str, typer.Option("--reason", help="What the bank says; kept with the record.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who records it.")],
) -> None:
    """Record that the transfer of a refund came back (振込不能): it waits again, and the next file pays it.

    Its interest stays as it was decided. Register another account first, where the old one was wrong.

    Example: osame refund-returned 20260601090000123000-2 --on 2026-07-02 --reason 口座解約 --by 1001
    """
    from warehouse.collection.refunds import RETURN, record_returned
    from warehouse.office.permissions import begin

    with told():
        day = parse_day(on, "--on")
        home = open_home()
        record_returned(home, notice_nos, day, begin(home, RETURN, by, now(), reason))
    for number in notice_nos:
        out.print(f"returned  {number} on {day}; osame export refunds pays it again", markup=False)


def refunds(
    paid: Annotated[bool, typer.Option("--paid", help="Those that were paid and did not come back.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """List the refunds that payers were told of and that are not paid yet, or whose transfer came back.

    Example: osame refunds
    """
    from warehouse.collection.refunds import is_returned, is_unpaid, refund_notices

    with told():
        notices = [row for row in refund_notices(open_home()) if is_unpaid(row) is not paid]
    # What the bank said of an account is personal.
    waiting = [{name: value for name, value in row.items() if name != "returned_reason"} for row in notices]
    if as_json:
        print_json(waiting)
        return
    for row in waiting:
        state = f"claimed {row['claimed_date']}" if row["claimed_date"] else "not claimed"
        if is_returned(row):
            state = f"paid {row['paid_date']}, came back {row['returned_date']}"
        elif paid:
            state = f"paid {row['paid_date']} with {yen(row['refund_interest_yen'])} yen of interest"
        out.print(
            f"{row['overpayment_notice_no']}  addressee {row['addressee_no']}  {yen(row['amount_yen'])} yen  "
            f"told {row['notified_date']}  {state}",
            markup=False,
        )
    if not waiting:
        err.print("no refund was paid" if paid else "no refund waits")
