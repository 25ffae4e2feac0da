"""過誤納金還付・充当通知書 with 還付請求書: one letter for each decision that its payer is told of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer

from osame.act import Act
from osame.clock import now, today
from osame.console import out, parse_day, print_json, told, yen
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.wareki import format_fiscal_year, format_wareki
from reports.documents.asking import By, Json, Reason, tell_missing
from reports.documents.letter import letter
from reports.documents.publish import Issued, publish
from reports.documents.render import render_files
from warehouse.collection.notices import TELL, Told, tell, tell_again
from warehouse.collection.refunds import INTEREST
from warehouse.law.calendar import add_months
from warehouse.law.parameters import load_parameters
from warehouse.office.limits import OFFSET, REFUND, due_key_of
from warehouse.office.permissions import begin
from warehouse.settings import Settings, load_settings
from warehouse.words import explained, word

DOCUMENT = "refund_notice"
Row = dict[str, Any]


@dataclass(frozen=True)
class IssuedNotices:
    """What payers were told, and where the letters are."""

    told: Told
    issued: Issued


def issue_notices(
    home: Home, settings: Settings, decision_nos: list[str], act: Act, *, show_protected: bool = False
) -> IssuedNotices:
    """Tell payers of decisions that wait (``warehouse.collection.notices.tell``), and publish the letters."""

    def letters(told: Told) -> Mapping[str, bytes]:
        return render_files(DOCUMENT, letter_rows(told), settings, home, act.at)

    told, pdfs = tell(home, decision_nos, act, letters, show_protected=show_protected)
    return _publish(home, told, pdfs, act)


def print_again(
    home: Home, settings: Settings, decision_nos: list[str], on: date, act: Act, *, show_protected: bool = False
) -> IssuedNotices:
    """Print what payers were told before. The letters bear the day of the notice and say 再交付."""
    told = tell_again(home, decision_nos, on, act, show_protected=show_protected)
    rows = [row | {"number": f"{row['number']}（再交付）"} for row in letter_rows(told)]
    return _publish(home, told, render_files(DOCUMENT, rows, settings, home, act.at), act, again=True)


def _publish(home: Home, told: Told, pdfs: Mapping[str, bytes], act: Act, **details: bool) -> IssuedNotices:
    issued = publish(
        home,
        act,
        pdfs,
        count=len(told.by_decision),
        as_of=told.as_of,
        known_at=told.known_at,
        vault_reads=[told.people.vault_read],
        details={
            "decisions": list(told.by_decision),
            "missing": [{"decision_no": number, "addressee_no": payer} for number, payer in told.missing],
            **details,
        },
    )
    return IssuedNotices(told, issued)


def letter_rows(told: Told) -> list[Row]:
    """What refund_notice.typ prints: a row for each decision."""
    return [
        letter_row(lines, told.dues, letter(told.people[lines[0]["addressee_no"]]), told.days[number])
        for number, lines in told.by_decision.items()
    ]


def letter_row(lines: list[Row], dues: dict[str, Row], to: dict[str, Any], day: date) -> Row:
    """What refund_notice.typ prints of one decision."""
    offsets = [line for line in lines if line["decision_type_code"] == OFFSET]
    refunds = [line for line in lines if line["decision_type_code"] == REFUND]
    overpaid = [line for line in lines if line["from_component_code"] != INTEREST]
    added = sum(line["amount_yen"] for line in lines if line["from_component_code"] == INTEREST)
    refund_yen = sum(line["amount_yen"] for line in refunds)
    years = load_parameters()["refund_interest.claim_period"].at(day).integer("claim_years")
    arisen = [dues[due_key_of(line)]["arisen_date"] or day for line in refunds]
    return {
        "to": to,
        "number": lines[0]["decision_no"],
        "addressee_no": lines[0]["addressee_no"],
        "day": format_wareki(day),
        "title": "過誤納金" + "・".join([*(["充当"] if offsets else []), *(["還付"] if refunds else [])]) + "通知書",
        "overpaid": _overpaid(overpaid, dues),
        "overpaid_yen": sum(line["amount_yen"] for line in overpaid),
        "offsets": [
            [
                due_text(dues[due_key_of(line, "offset_")]),
                word("component_code", line["to_component_code"]),
                format_wareki(line["value_date"]),
                line["amount_yen"],
            ]
            for line in offsets
        ],
        "offset_yen": sum(line["amount_yen"] for line in offsets),
        "refund_yen": refund_yen,
        "interest": _interest_text(added, refunds),
        "expires": format_wareki(add_months(min(arisen), 12 * years)) if arisen else None,
    }


def _overpaid(lines: list[Row], dues: dict[str, Row]) -> list[list[Any]]:
    """One line for each due, cause and component, however many ways its money goes."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        sums[due_key_of(line), line["cause_code"] or "", line["from_component_code"]] += line["amount_yen"]
    return [
        [
            due_text(dues[key]),
            dues[key]["notice_no"],
            explained("cause_code", cause) if cause else "",
            word("component_code", component),
            amount,
        ]
        for (key, cause, component), amount in sums.items()
    ]


def due_text(due: Row) -> str:
    """A due as a letter names it: 年度, 税目, 期別."""
    instalment = due["instalment_no"]
    number = f"第{int(instalment)}期" if instalment.isdecimal() else instalment
    return f"{format_fiscal_year(int(due['levy_year']))} {due['tax_item_name']} {number}"


def _interest_text(added_yen: int, refunds: list[Row]) -> str:
    parts = []
    if added_yen:
        parts.append(f"充当に係る還付加算金 {added_yen:,}円を含みます。")
    if any(line["interest_from_date"] for line in refunds):
        parts.append("還付額に係る還付加算金は、支出を決定する日までの日数により計算し、振込みの際に加算します。")
    return "".join(parts) or "ありません。"


def command(
    by: By,
    reason: Reason,
    decision_nos: Annotated[
        list[str] | None, typer.Argument(metavar="[DECISION_NO]...", help="起案番号; default: all that wait.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Print what payers were told of before; nothing is registered.")
    ] = False,
    on: Annotated[
        str | None, typer.Option("--told-on", help="With --again: 通知日 of the letters. Default: today.")
    ] = None,
    show_protected: Annotated[
        bool, typer.Option("--show-protected", help="Print addresses under 支援措置; logged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print 過誤納金還付・充当通知書 with 還付請求書 for approved decisions, and register that the payers were told.

    Example: osame issue refund-notice --by 1001 --reason 過誤納金の通知
    """

    with told():
        home = open_home()
        settings, numbers = load_settings(home), decision_nos or []
        act = begin(home, TELL, by, now(), reason)
        if again:
            day = parse_day(on, "--told-on") if on else today()
            done = print_again(home, settings, numbers, day, act, show_protected=show_protected)
        elif on:
            raise OsameError("--told-on goes with --again", "leave it out: letters bear today's date")
        else:
            done = issue_notices(home, settings, numbers, act, show_protected=show_protected)
    if as_json:
        print_json(
            {"folder": str(done.issued.folder), "withheld": tuple(done.told.people.withheld), **done.issued.manifest}
        )
    else:
        out.print(
            f"{len(done.told.by_decision):,} letters: {yen(done.told.total_yen(OFFSET))} yen set off, "
            f"{yen(done.told.total_yen(REFUND))} yen to be claimed",
            markup=False,
        )
        for path in done.issued.files:
            out.print(str(path), markup=False)
        for number in done.told.people.withheld:
            out.print(
                f"addressee {number} is under 支援措置: the letter has no address; hand it over in person", markup=False
            )
    tell_missing(
        [f"addressee {payer} of decision {number}" for number, payer in done.told.missing],
        "no letter was printed to them" + ("" if again else ", and nothing is recorded as told"),
    )
