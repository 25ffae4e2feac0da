"""``osame export``: files for banks, written by the layouts that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from osame.clock import now
from osame.console import out, parse_day, print_json, told, yen
from osame.errors import OsameError
from osame.home import open_home

if TYPE_CHECKING:
    from warehouse.collection.refunds import Payout
    from warehouse.collection.transfers import Preview

_SHOWN_DIGITS = 3
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
    from warehouse.collection.debits import REQUEST, request_debits
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
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would be paid, to be approved; no file, nothing is recorded.")
    ] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help="過誤納通知番号 to pay; may be repeated.")] = None,
    without: Annotated[
        list[str] | None, typer.Option("--except", help="過誤納通知番号 not to pay now; may be repeated.")
    ] = None,
    approved: Annotated[
        str | None, typer.Option("--list", help="Code of the preview that was approved: pay exactly that or nothing.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make the file of a day anew from the records; nothing is recorded.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Write the transfers (全銀 21) of the refunds that are claimed, read them back, and record them as paid.

    --preview shows each payment first. Its code, given with --list, makes the file of what was approved and of nothing
    else.

    Example: osame export refunds --decided-on 2026-06-22 --pay-on 2026-06-30 --by 1001 --preview
    """
    from warehouse.collection.transfers import PAY, Choice, preview_refunds, transfer_refunds
    from warehouse.office.permissions import begin

    with told():
        home, choice = open_home(), Choice(tuple(only or ()), tuple(without or ()))
        decided, paid = parse_day(decided_on, "--decided-on"), parse_day(pay_on, "--pay-on")
        act = begin(home, PAY, by, now(), reason)
        if preview and (again or approved):
            raise OsameError("--preview makes no file", "leave out --again and --list")
        if preview:
            _show_preview(preview_refunds(home, decided, paid, act, choice), as_json)
            return
        made = transfer_refunds(home, decided, paid, act, again=again, choice=choice, approved=approved)
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


def _show_preview(preview: Preview, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "count": len(preview.payments),
                "amount_yen": preview.amount_yen,
                "interest_yen": preview.interest_yen,
                "code": preview.code,
                "payments": [_as_dict(payment) for payment in preview.payments],
                "without_account": [_as_dict(payment) for payment in preview.without_account],
            }
        )
        return
    for payment in preview.payments:
        out.print(f"pay       {_line(payment)}  to {_masked(payment)}", soft_wrap=True, markup=False)
    for payment in preview.without_account:
        out.print(f"left out  {_line(payment)}  no account for refunds (用途 2 or 3)", soft_wrap=True, markup=False)
    out.print(
        f"in all    {len(preview.payments):,} transfers  {yen(preview.amount_yen)} yen, "
        f"of which {yen(preview.interest_yen)} interest; left out {len(preview.without_account):,}",
        markup=False,
    )
    if preview.payments:
        out.print(f"list      {preview.code}: --list {preview.code} pays exactly this; nothing is recorded yet")


def _line(payment: Payout) -> str:
    return (
        f"addressee {payment.addressee_no}  {yen(payment.amount_yen)} yen, "
        f"of which {yen(payment.interest_yen)} interest  notices {', '.join(payment.notice_nos)}"
    )


def _masked(payment: Payout) -> str:
    """Bank, branch and the end of the number: enough to see which account, too little to use it."""
    account = payment.account
    if account is None:
        return "-"
    end = account.account_no[-_SHOWN_DIGITS:]
    hidden = "●" * (len(account.account_no) - len(end))
    return f"{account.bank_code}-{account.bank_branch_code} {hidden}{end} (用途 {account.use_code})"


def _as_dict(payment: Payout) -> dict[str, Any]:
    return {
        "addressee_no": payment.addressee_no,
        "amount_yen": payment.amount_yen,
        "interest_yen": payment.interest_yen,
        "account": _masked(payment),
        "notices": payment.notice_nos,
    }
