"""納税証明書: what may be certified of a taxpayer's dues on a day, what is refused, and why. Pure rules, no reading.

Three kinds: ``tax`` (年度・税目別の納税証明書), ``no_delinquency`` (滞納がないことの証明書) and ``light_vehicle``
(軽自動車税納税証明書、継続検査用). Only final records pay: 速報 is none yet. 徴収猶予 and 換価の猶予 are not known
here: a due under deferral is unpaid like any other, which is also what offices certify.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, Protocol

from osame.wareki import format_fiscal_year, format_wareki
from warehouse.law.calendar import add_months, roll_due_date
from warehouse.law.fiscal_year import fiscal_year_of
from warehouse.law.parameters import Parameters, load_parameters

Kind = Literal["tax", "no_delinquency", "light_vehicle"]
Matter = Literal["amounts", "due_dates"]
MATTERS: tuple[Matter, ...] = ("amounts", "due_dates")
_MONTHS_A_YEAR = 12


class Due(Protocol):
    """What the rules look at in a due on the day of issue; whole yen, final records only."""

    @property
    def due_key(self) -> str: ...
    @property
    def tax_item_code(self) -> str: ...
    @property
    def tax_item_name(self) -> str: ...
    @property
    def tax_year(self) -> str: ...
    @property
    def notice_no(self) -> str: ...
    @property
    def instalment_no(self) -> str: ...
    @property
    def statutory_due_date(self) -> date: ...
    @property
    def due_date(self) -> date: ...
    @property
    def assessed_yen(self) -> int: ...
    @property
    def principal_paid_yen(self) -> int: ...
    @property
    def principal_balance_yen(self) -> int: ...
    @property
    def reminder_fee_balance_yen(self) -> int: ...
    @property
    def late_charge_balance_yen(self) -> int: ...
    @property
    def balance_yen(self) -> int: ...
    @property
    def provisional_paid_yen(self) -> int: ...
    @property
    def last_received_date(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. Empty ``tax_items`` or ``years`` mean all; ``notice_no`` names the vehicle's notice."""

    kind: Kind
    issued_on: date
    tax_items: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    matters: tuple[Matter, ...] = MATTERS
    notice_no: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One year (年度分) and tax item, in yen.

    ``assessed_yen`` and ``paid_yen`` are None where only what is unpaid may be certified. ``charges_unpaid_yen`` is
    what is left of reminder fees, and of late charges that are fixed.
    """

    tax_year: int
    tax_item_code: str
    tax_item_name: str
    assessed_yen: int | None
    paid_yen: int | None
    unpaid_overdue_yen: int
    unpaid_not_due_yen: int
    charges_unpaid_yen: int
    statutory_due_dates: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a certificate is refused: English for the command line, Japanese for the clerk to read out."""

    code: str
    english: str
    japanese: str


@dataclass(frozen=True)
class Certifiable:
    """What may be certified, or every reason why not.

    ``sheets`` counts for the fee (枚数); ``left_out`` are the person's items that are no local tax. Of a vehicle's
    certificate: ``valid_until``, the notice, when it was paid.
    """

    request: Request
    refusals: list[Reason] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    tax_item_codes: tuple[str, ...] = ()
    tax_item_names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    sheets: int = 1
    valid_until: date | None = None
    notice_no: str | None = None
    paid_on: date | None = None

    @property
    def is_granted(self) -> bool:
        return not self.refusals


def decide(request: Request, dues: Sequence[Due], params: Parameters | None = None) -> Certifiable:
    """What of a person's dues may be certified on the day of issue.

    Args:
        request: the kind of certificate and its scope.
        dues: every due of the person, as of ``request.issued_on``.
        params: legal parameters; those of the program if not given.

    Legal basis:
        地方税法第20条の10, 施行令第6条の21; parameters ``certificates.*``.

    Raises:
        ParameterNotFoundError: no rule is known on the day of issue.
        LawInputError: a due has a tax item that is not in the parameters.
    """
    known = params or load_parameters()
    match request.kind:
        case "tax":
            return _tax(request, dues, known)
        case "no_delinquency":
            return _no_delinquency(request, dues, known)
        case "light_vehicle":
            return _light_vehicle(request, dues, known)


# --- 納税証明書 ---------------------------------------------------------------------------------------------


def first_certified_day(issued_on: date, params: Parameters) -> date:
    """法定納期限 before this day may not be certified, except what is unpaid (施行令第6条の21第2項第2号).

    >>> first_certified_day(date(2026, 3, 31), load_parameters())
    datetime.date(2022, 4, 1)
    """
    years = params["certificates.tax"].at(issued_on).integer("years_back")
    month, day = params["fiscal_year.rules"].at(issued_on).items("year_start")
    return date(fiscal_year_of(add_months(issued_on, -_MONTHS_A_YEAR * years), params), month, day)


def _tax(request: Request, dues: Sequence[Due], params: Parameters) -> Certifiable:
    first = first_certified_day(request.issued_on, params)
    others = [_no_local_tax(code, params) for code in request.tax_items if not params.tax_item(code).is_local_tax]
    if others:
        return Certifiable(request, others)
    asked = [
        due
        for due in dues
        if params.tax_item(due.tax_item_code).is_local_tax
        and (not request.tax_items or due.tax_item_code in request.tax_items)
        and (not request.years or int(due.tax_year) in request.years)
    ]
    groups: dict[tuple[int, str, bool], list[Due]] = {}
    for due in asked:
        may_be_certified = due.statutory_due_date >= first
        if may_be_certified or due.principal_balance_yen > 0:
            groups.setdefault((int(due.tax_year), due.tax_item_code, may_be_certified), []).append(due)
    lines = [_line(year, members, whole, request.issued_on) for (year, _, whole), members in sorted(groups.items())]
    if not lines:
        return Certifiable(request, [_nothing_to_certify(asked, first, _left_out(dues, params))])
    years = {line.tax_year for line in lines if line.assessed_yen is not None}
    rule = params["certificates.tax"].at(request.issued_on)
    sheets = len(request.matters) if rule.flag("sheet_per_matter") else 1
    sheets *= max(len(years), 1) if rule.flag("sheet_per_year") else 1
    items = {line.tax_item_code: line.tax_item_name for line in lines}
    return Certifiable(
        request,
        lines=lines,
        tax_item_codes=tuple(items),
        tax_item_names=tuple(items.values()),
        left_out=_left_out(dues, params),
        sheets=sheets,
    )


def _left_out(dues: Sequence[Due], params: Parameters) -> tuple[str, ...]:
    """Tax items of the person of which there is no 納税証明書."""
    names = {due.tax_item_code: due.tax_item_name for due in dues}
    return tuple(f"{code} {name}" for code, name in sorted(names.items()) if not params.tax_item(code).is_local_tax)


def _no_local_tax(code: str, params: Parameters) -> Reason:
    name = params.tax_item(code).name_ja
    return Reason(
        "no_local_tax",
        f"{code} {name} is no local tax: a 納税証明書 is of 地方税 only (地方税法第20条の10)",
        f"{name}は地方税ではないため、納税証明書（地方税法第20条の10）の対象になりません。納付の確認書等、別の証明を案内してください。",
    )


def _line(year: int, dues: list[Due], may_be_certified: bool, on: date) -> Line:
    unpaid = {
        overdue: sum(due.principal_balance_yen for due in dues if (due.due_date < on) == overdue)
        for overdue in (True, False)
    }
    # The late charge of an open tax still grows and is no fixed amount (確定した額).
    charges = sum(
        due.reminder_fee_balance_yen + (due.late_charge_balance_yen if due.principal_balance_yen == 0 else 0)
        for due in dues
    )
    return Line(
        tax_year=year,
        tax_item_code=dues[0].tax_item_code,
        tax_item_name=dues[0].tax_item_name,
        assessed_yen=sum(due.assessed_yen for due in dues) if may_be_certified else None,
        paid_yen=sum(due.principal_paid_yen for due in dues) if may_be_certified else None,
        unpaid_overdue_yen=unpaid[True],
        unpaid_not_due_yen=unpaid[False],
        charges_unpaid_yen=charges,
        statutory_due_dates=tuple(sorted({due.statutory_due_date for due in dues})),
    )


def _nothing_to_certify(asked: list[Due], first: date, left_out: tuple[str, ...]) -> Reason:
    if asked:
        return Reason(
            "too_old",
            f"the dues asked for had their 法定納期限 before {first}, and nothing of them is unpaid: of older years "
            "only what is unpaid may be certified (施行令第6条の21第2項第2号)",
            f"請求された年度の法定納期限は{format_wareki(first)}より前であり、未納の額もありません。"
            "請求日の3年前の日の属する会計年度より前の分は、未納の額のほか証明できません（地方税法施行令第6条の21第2項第2号）。",
        )
    return Reason(
        "no_dues",
        "there is no due of these years and tax items" + "".join(f"; {item} is no local tax" for item in left_out),
        "請求された年度・税目の課税がありません。" + "".join(f"{item}は地方税ではありません。" for item in left_out),
    )


# --- 滞納がないことの証明書 ------------------------------------------------------------------------------------


def _no_delinquency(request: Request, dues: Sequence[Due], params: Parameters) -> Certifiable:
    codes = params["certificates.no_delinquency"].at(request.issued_on).items("tax_items")
    refusals = [_delinquent(due) for due in _overdue(dues, codes, request.issued_on)]
    return _scope(request, codes, params, refusals)


def _scope(request: Request, codes: Sequence[str], params: Parameters, refusals: list[Reason]) -> Certifiable:
    """What may be certified of tax items as a whole."""
    names = tuple(params.tax_item(code).name_ja for code in codes)
    return Certifiable(request, refusals, tax_item_codes=tuple(codes), tax_item_names=names)


def _overdue(dues: Sequence[Due], codes: Sequence[str], on: date) -> list[Due]:
    """Past due and not wholly paid: tax, reminder fee or late charge. On its due date a due is not past due yet."""
    return [due for due in dues if due.tax_item_code in codes and due.due_date < on and due.balance_yen > 0]


def _delinquent(due: Due) -> Reason:
    parts = {
        ("tax", "本税"): due.principal_balance_yen,
        ("reminder fee", "督促手数料"): due.reminder_fee_balance_yen,
        ("late charge", "延滞金"): due.late_charge_balance_yen,
    }
    english = ", ".join(f"{name} {yen:,} yen" for (name, _), yen in parts.items() if yen)
    japanese = "、".join(f"{name} {yen:,}円" for (_, name), yen in parts.items() if yen)
    if due.provisional_paid_yen:
        english += f" ({due.provisional_paid_yen:,} yen provisional, not yet confirmed)"
        japanese += f"（速報 {due.provisional_paid_yen:,}円は確報が届くまで納付になりません）"
    return Reason(
        "delinquent",
        f"{due.due_key} was due on {due.due_date}: unpaid {english}",
        f"{due.tax_item_name} {format_fiscal_year(int(due.tax_year))}分 第{int(due.instalment_no)}期"
        f"（通知書番号 {due.notice_no}、納期限 {format_wareki(due.due_date)}）に未納があります：{japanese}",
    )


# --- 軽自動車税納税証明書（継続検査用） ---------------------------------------------------------------------------


def _light_vehicle(request: Request, dues: Sequence[Due], params: Parameters) -> Certifiable:
    rule = params["certificates.light_vehicle"].at(request.issued_on)
    codes = [code for code, item in params.tax_items.items() if item.form_row == rule.text("form_row")]
    refusals = [_delinquent(due) for due in _overdue(dues, codes, request.issued_on)]
    if refusals:
        return _scope(request, codes, params, refusals)
    of_item = [due for due in dues if due.tax_item_code in codes]
    vehicle = [due for due in of_item if request.notice_no in (None, due.notice_no)]
    settled = [due for due in vehicle if due.balance_yen == 0]
    if not settled:
        return _scope(request, codes, params, [_no_vehicle(request)])
    latest = max(due.due_date for due in settled)
    last = [due for due in settled if due.due_date == latest]
    if len(last) > 1:
        return _scope(request, codes, params, [_several_vehicles(last)])
    # This year's tax, assessed and not due yet, ends what last year's payment proves.
    coming = [due.due_date for due in of_item if due.balance_yen > 0]
    month, day = rule.items("next_due")
    next_due = min(coming, default=roll_due_date(date(latest.year + 1, month, day), params))
    valid_until = next_due - timedelta(days=1)
    if valid_until < request.issued_on:
        return _scope(request, codes, params, [_lapsed(valid_until, latest)])
    return replace(
        _scope(request, codes, params, []),
        valid_until=valid_until,
        notice_no=last[0].notice_no,
        paid_on=last[0].last_received_date,
    )


def _no_vehicle(request: Request) -> Reason:
    which = f" of notice {request.notice_no}" if request.notice_no else ""
    which_ja = f"（通知書番号 {request.notice_no}）" if request.notice_no else ""
    return Reason(
        "no_dues",
        f"no light-vehicle tax{which} is paid: there is nothing to certify",
        f"納付済みの軽自動車税（種別割）{which_ja}がないため、証明する事項がありません。",
    )


def _several_vehicles(dues: list[Due]) -> Reason:
    numbers = sorted(due.notice_no for due in dues)
    return Reason(
        "several_vehicles",
        f"there are {len(dues)} vehicles; say which with --notice-no: {', '.join(numbers)}",
        f"{len(dues)}台分の課税があります。車両の通知書番号を指定してください（{'、'.join(numbers)}）。",
    )


def _lapsed(valid_until: date, latest: date) -> Reason:
    return Reason(
        "lapsed",
        f"the last tax paid was due on {latest} and proves nothing after {valid_until}",
        f"最後に納付された税の納期限は{format_wareki(latest)}で、証明の有効期限は{format_wareki(valid_until)}までです。",
    )
