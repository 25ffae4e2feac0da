"""``osame export``: files for banks, written by the layouts that read them."""

from __future__ import annotations

from typing import Annotated

import typer

from warehouse.cli.output import out, parse_day, print_json, told, yen
from warehouse.clock import now
from warehouse.config import open_home

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Files for banks."""


@app.command("direct-debits")
def direct_debits(
    date: Annotated[str, typer.Option("--date", help="引落日: 納期限 of the dues, or the day of the second attempt.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who does this; reading accounts is logged.")],
    tax_item: Annotated[list[str] | None, typer.Option(help="科目コード; may be repeated. Default: all.")] = None,
    again: Annotated[bool, typer.Option("--again", help="What found too little money and is tried again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Write the request of direct debits (全銀 91) for a day, read it back and land it as what we sent.

    Example: osame export direct-debits --date 2026-06-30 --by 1001
    """
    from warehouse.office.direct_debits import REQUEST, request_debits
    from warehouse.office.permissions import begin

    with told():
        home, day = open_home(), parse_day(date, "--date")
        act = begin(home, REQUEST, by, now(), f"口座振替依頼 {day}")
        made = request_debits(home, day, act, tax_item, again=again)
    if as_json:
        print_json({"file": made.path, **{name: value for name, value in vars(made).items() if name != "path"}})
        return
    for item, (count, amount) in made.by_item.items():
        out.print(f"科目 {item}   {count:,} debits  {yen(amount)} yen", markup=False)
    out.print(f"in all    {made.count:,} debits  {yen(made.amount_yen)} yen, as read back from the file", markup=False)
    out.print(
        f"accounts  {made.new_accounts:,} for the first time, {made.changed_accounts:,} changed; "
        f"left out: {made.without_account:,} dues without an account, {made.provisional:,} paid by a 速報",
        markup=False,
    )
    out.print(f"as of     {made.as_of}", markup=False)
    out.print(f"file      {made.path}", soft_wrap=True, markup=False)


@app.command()
def refunds(
    decided_on: Annotated[str, typer.Option("--decided-on", help="支出決定日; refund interest runs to it.")],
    pay_on: Annotated[str, typer.Option("--pay-on", help="取組日: the day of the transfer, and of the books.")],
    by: Annotated[str, typer.Option("--by", help="職員番号 of who does this; reading accounts is logged.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; logged.")] = "還付金の振込",
    again: Annotated[
        bool, typer.Option("--again", help="Make the file of a day anew from the records; nothing is recorded.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Write the transfers (全銀 21) of all refunds that are claimed, read them back, and record them as paid.

    Example: osame export refunds --decided-on 2026-06-22 --pay-on 2026-06-30 --by 1001
    """
    from warehouse.office.permissions import begin
    from warehouse.office.refund_transfers import PAY, transfer_refunds

    with told():
        home = open_home()
        made = transfer_refunds(
            home,
            parse_day(decided_on, "--decided-on"),
            parse_day(pay_on, "--pay-on"),
            begin(home, PAY, by, now(), reason),
            again=again,
        )
    if as_json:
        print_json({"file": made.path, **{name: value for name, value in vars(made).items() if name != "path"}})
        return
    out.print(
        f"in all    {made.count:,} transfers  {yen(made.amount_yen)} yen, of which {yen(made.interest_yen)} interest, "
        "as read back from the file",
        markup=False,
    )
    for number in made.without_account:
        out.print(f"left out  addressee {number} has no account for refunds (用途 2 or 3)", markup=False)
    out.print(f"file      {made.path}", soft_wrap=True, markup=False)
