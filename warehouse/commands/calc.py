"""``osame calc``: the law at the counter, with the parts of an amount shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from osame.dates import DateError, parse_date
from osame.errors import OsameError
from osame.home import find_home
from osame.wareki import format_fiscal_year, format_wareki_short
from warehouse.law.calendar import non_business_day_name, roll_due_date
from warehouse.law.fiscal_year import due_fiscal_year, is_carried_over, receipt_fiscal_year
from warehouse.law.interest import Segment
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.law.office import parameters_of, provisional_ja
from warehouse.law.parameters import LawInputError
from warehouse.law.refund_interest import Cause, first_day, refund_interest

app = typer.Typer(
    name="calc",
    help="Reckon an amount or a year by the law, with its parts.",
    no_args_is_help=True,
    add_completion=False,
)

_DATE_HELP = "2025-06-30, 20250630, R7.6.30 or 令和7年6月30日"
TaxItemOption = Annotated[str, typer.Option("--tax-item", help="Code of the tax item (科目), such as 30.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object; its keys are stable.")]
_YEARS = range(1950, 2100)  # 地方税法 is of 1950; the end keeps a slip of the finger away from the calendar's end
_PHASE_JA = {"low": "低い割合", "high": "高い割合", "refund": "還付加算金"}
_JSON_SEGMENT = '{"from","to","days","phase","base_yen","rate_percent","yen"}'


def _mended_by_user(command: Callable[..., None]) -> Callable[..., None]:
    """A mistake of the user ends with a message on stderr and the error's exit code, never with a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except OsameError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(error.exit_code) from None

    return run


def _date(text: str, where: str) -> date:
    try:
        day = parse_date(text.strip())
    except DateError as error:
        raise LawInputError(where, repr(text), f"a date ({error})", f"write the day as {_DATE_HELP}") from None
    if day.year not in _YEARS:
        raise LawInputError(where, repr(text), f"a year from {_YEARS[0]} to {_YEARS[-1]}", "check the year")
    return day


def _yen(text: str, where: str) -> int:
    digits = text.strip().replace(",", "")
    if not digits.removeprefix("-").isdecimal() or not digits.isascii():
        raise LawInputError(where, repr(text), "whole yen, such as 65000", "write the amount in digits")
    return int(digits)


def _payment(text: str) -> PartPayment:
    day, separator, yen = text.rpartition(":")
    if not separator:
        raise LawInputError("--payment", repr(text), "DATE:YEN, such as 2025-07-01:12000", "write a day and an amount")
    return PartPayment(_date(day, "--payment"), _yen(yen, "--payment"))


@app.command(
    "late-charge",
    epilog="JSON: tax_item, principal_yen, due_date, paid_date, late_charge_yen, segment_sum_yen, "
    f"segments [{_JSON_SEGMENT}], notes (texts). Example: osame calc late-charge --tax-item 30 --principal 65000 "
    "--due 2021-05-31 --paid 2022-01-31",
)
@_mended_by_user
def late_charge_command(
    tax_item: TaxItemOption,
    principal: Annotated[str, typer.Option(help="The tax of the due (期別) after reductions, in yen.")],
    due: Annotated[str, typer.Option(help=f"The due date as it counts, rolled over holidays: {_DATE_HELP}.")],
    paid: Annotated[
        str, typer.Option(help="The day on which the rest is received (領収日), or the last day to count.")
    ],
    payment: Annotated[
        list[str] | None, typer.Option(help="DATE:YEN paid to the principal before; may be given many times.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """The late charge (延滞金) of one due, by parts with one base and one rate."""
    params = parameters_of(find_home())
    item = params.tax_item(tax_item)
    due_date, paid_date = _date(due, "--due"), _date(paid, "--paid")
    principal_yen = _yen(principal, "--principal")
    payments = [_payment(text) for text in payment or []]
    result = late_charge(
        principal_yen,
        due_date,
        paid_date,
        payments=payments,
        rate_family=item.rate_family,
        low_rate_months=item.low_rate_months,
        params=params,
    )
    notes = _due_date_notes(due_date)
    provisional = provisional_ja(params, [(item.code, paid_date)]) if result.late_charge_yen else None
    notes += [provisional] if provisional else []
    if json_output:
        _print_json(
            {
                "tax_item": item.code,
                "principal_yen": principal_yen,
                "due_date": due_date.isoformat(),
                "paid_date": paid_date.isoformat(),
                "late_charge_yen": result.late_charge_yen,
                "segment_sum_yen": result.segment_sum_yen,
                "segments": _segments(result.segments),
                "notes": notes,
            }
        )
        return
    title = f"延滞金  {item.code} {item.name_ja}  本税 {principal_yen:,}円  納期限 {format_wareki_short(due_date)}"
    _print_table(title, result.segments, "延滞金", result.segment_sum_yen, result.late_charge_yen)
    _print_notes(notes)


def _due_date_notes(due_date: date) -> list[str]:
    name = non_business_day_name(due_date)
    if name is None:
        return []
    rolled = roll_due_date(due_date)
    return [
        f"納期限 {due_date} は休日（{name}）です。延長後の納期限は {rolled} です。"
        f"延長後の日で計算する場合は --due {rolled} を指定してください。"
    ]


@app.command(
    "refund-interest",
    epilog="JSON: principal_yen, cause, from_date, to_date, refund_interest_yen, segment_sum_yen, "
    f"segments [{_JSON_SEGMENT}]. Example: osame calc refund-interest --principal 600000 --cause 4 --paid 2024-07-01 "
    "--decided 2025-02-14",
)
@_mended_by_user
def refund_interest_command(
    principal: Annotated[str, typer.Option(help="The amount that is refunded or offset, in yen.")],
    cause: Annotated[int, typer.Option(help="1, 2, 3 or 4: the number of 地方税法第17条の4第1項.")],
    paid: Annotated[str, typer.Option(help=f"The day on which it was paid: {_DATE_HELP}.")],
    decided: Annotated[str, typer.Option(help="The day of the decision to pay or offset (or 充当適状, if earlier).")],
    claim: Annotated[str | None, typer.Option(help="Cause 2: the day of the claim (更正の請求).")] = None,
    event: Annotated[
        str | None, typer.Option(help="Cause 2 or 4: the day of the correction. Cause 3: of the notice or return.")
    ] = None,
    notice: Annotated[str | None, typer.Option(help="The day on which the notice of the refund was sent.")] = None,
    claimed: Annotated[
        str | None, typer.Option(help="The day on which the refund was claimed after the notice.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """The interest on a refund (還付加算金), by parts with one rate."""
    params = parameters_of(find_home())

    def optional(text: str | None, where: str) -> date | None:
        return None if text is None else _date(text, where)

    paid_date, to_date = _date(paid, "--paid"), _date(decided, "--decided")
    if to_date < paid_date:
        raise LawInputError("--decided", str(to_date), f"the day of payment, {paid_date}, or later", "check both dates")
    number: Cause = cause  # type: ignore[assignment]  # first_day refuses other numbers
    from_date = first_day(
        number, paid_date, claim_date=optional(claim, "--claim"), event_date=optional(event, "--event"), params=params
    )
    principal_yen = _yen(principal, "--principal")
    result = refund_interest(
        principal_yen,
        from_date,
        to_date,
        notice_date=optional(notice, "--notice"),
        claimed_date=optional(claimed, "--claimed"),
        params=params,
    )
    if json_output:
        _print_json(
            {
                "principal_yen": principal_yen,
                "cause": cause,
                "from_date": from_date.isoformat(),
                "to_date": to_date.isoformat(),
                "refund_interest_yen": result.refund_interest_yen,
                "segment_sum_yen": result.segment_sum_yen,
                "segments": _segments(result.segments),
            }
        )
        return
    title = f"還付加算金  {cause}号  過誤納金 {principal_yen:,}円  起算日 {format_wareki_short(from_date)}"
    _print_table(title, result.segments, "還付加算金", result.segment_sum_yen, result.refund_interest_yen)


@app.command(
    "fiscal-year",
    epilog="JSON: due_date, tax_item, due_fiscal_year, rolled_due_date, received_date, receipt_fiscal_year, "
    "is_carried_over (the last three null without --received). Example: osame calc fiscal-year --due-date 2025-03-31 "
    "--received 2025-05-31",
)
@_mended_by_user
def fiscal_year_command(
    due_date: Annotated[str, typer.Option(help=f"The due date before it moved over holidays: {_DATE_HELP}.")],
    tax_item: Annotated[
        str | None, typer.Option("--tax-item", help="Code of the tax item; tax deducted by employers has its own rule.")
    ] = None,
    notice: Annotated[
        str | None, typer.Option(help="The day on which the notice was sent, if after the due's year.")
    ] = None,
    received: Annotated[
        str | None, typer.Option(help="The day on which a receipt for it was received (領収日).")
    ] = None,
    arrears_cut: Annotated[
        str | None, typer.Option(help="When arrears change to the new year's books: 03-31 or 05-31.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """The fiscal year (会計年度) that a due belongs to, and the one in whose books a receipt goes."""
    params = parameters_of(find_home())
    day = _date(due_date, "--due-date")
    collection = "ordinary" if tax_item is None else params.tax_item(tax_item).collection
    year = due_fiscal_year(
        day, collection=collection, notice_date=None if notice is None else _date(notice, "--notice"), params=params
    )
    received_date = None if received is None else _date(received, "--received")
    books = (
        None
        if received_date is None
        else receipt_fiscal_year(year, received_date, arrears_cut=_cut(arrears_cut), params=params)
    )
    if json_output:
        _print_json(
            {
                "due_date": day.isoformat(),
                "tax_item": tax_item,
                "due_fiscal_year": year,
                "rolled_due_date": roll_due_date(day, params).isoformat(),
                "received_date": None if received_date is None else received_date.isoformat(),
                "receipt_fiscal_year": books,
                "is_carried_over": None if books is None else is_carried_over(year, books),
            }
        )
        return
    console = Console()
    console.print(f"調定の会計年度: {format_fiscal_year(year)} ({year})  延長前の納期限 {format_wareki_short(day)}")
    if received_date is not None and books is not None:
        kind = "滞納繰越分" if is_carried_over(year, books) else "現年課税分"
        console.print(
            f"収入の会計年度: {format_fiscal_year(books)} ({books})  {kind}  "
            f"領収日 {format_wareki_short(received_date)}"
        )


def _cut(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    month, separator, day = text.partition("-")
    if not separator or not (month.isdecimal() and day.isdecimal()):
        raise LawInputError("--arrears-cut", repr(text), "03-31 or 05-31", "write the month and the day")
    return int(month), int(day)


def _segments(segments: Sequence[Segment]) -> list[dict[str, object]]:
    return [
        {
            "from": part.from_date.isoformat(),
            "to": part.to_date.isoformat(),
            "days": part.days,
            "phase": part.phase,
            "base_yen": part.base_yen,
            "rate_percent": part.rate_percent,
            "yen": part.yen,
        }
        for part in segments
    ]


def _print_json(content: dict[str, object]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _print_table(title: str, segments: Sequence[Segment], label: str, total_yen: int, amount_yen: int) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("期間", "日数", "区分", "基礎額", "割合", "金額"):
        table.add_column(heading, justify="left" if heading in ("期間", "区分") else "right", no_wrap=True)
    for part in segments:
        table.add_row(
            f"{format_wareki_short(part.from_date)} ～ {format_wareki_short(part.to_date)}",
            f"{part.days}日",
            _PHASE_JA[part.phase],
            f"{part.base_yen:,}円",
            f"{part.rate_percent}%",
            f"{part.yen:,}円",
        )
    console = Console()
    if segments:
        console.print(table)
        console.print(f"合計 {total_yen:,}円  （端数処理前）")
    else:
        console.print(title)
    console.print(f"{label} {amount_yen:,}円", style="bold")


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        typer.echo(f"注意: {note}", err=True)
