"""What the office has decided: warehouse/defaults.yml with the parts that $OSAME_HOME/osame.yml replaces."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ingestion.ocr_line import CHECK_DIGITS, LOWER, UPPER
from osame.errors import OsameError
from osame.home import Home
from osame.yaml_file import LOADER, YamlProblem, read_yaml
from warehouse.payment_sources import payment_sources

_DEFAULTS = Path(__file__).parent / "defaults.yml"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Municipality(_Model):
    """The office that the reports speak for."""

    code: str = Field(pattern=r"^\d{6}$")
    name: str
    department: str


class Policies(_Model):
    """Choices that the law leaves to the office."""

    component_order: list[Literal["principal", "reminder_fee", "late_charge"]]
    spread_order: Literal["oldest_first", "newest_first", "statutory_due_date_first"]
    spread_mode: Literal["principal_first"]
    arrears_cut: Literal["03-31", "05-31"]
    late_charge_assessment: Literal["on_receipt", "when_fixed"]
    late_charge_rates_beyond: Literal["refuse", "last_known"]


class GoLive(_Model):
    """First 領収日 for which payment files, and no longer 収納履歴, are a channel's money."""

    default: date | None = None
    channels: dict[str, date] = Field(default_factory=dict)


class Remittance(_Model):
    """A bulk credit that a channel owes: records of a source and channel, added up by day.

    payer_code is the 振込依頼人コード on the statement; ``payer_is_group`` says that it is the record's own group
    (本部コード, 委託者コード) and that each group is credited by itself; with neither, amount and day alone decide.
    fee_per_record_yen in whole yen, window_days in days.
    """

    source: str
    channel_code: str
    payer_code: str | None = None
    payer_is_group: bool = False
    fee_per_record_yen: int = Field(default=0, ge=0)
    window_days: int = Field(default=10, ge=0)

    @field_validator("source")
    @classmethod
    def _known_source(cls, source: str) -> str:
        known = [one.source_code for one in payment_sources() if one.is_credited_in_bulk]
        if source not in known:
            raise ValueError(f"found {source!r}, expected one of {', '.join(known)}")
        return source


class Window(_Model):
    """Where an envelope's window shows the address: millimetres on the A4 sheet, from its left and upper edge."""

    left_mm: int = Field(ge=0)
    top_mm: int = Field(ge=0)
    width_mm: int = Field(gt=0)
    height_mm: int = Field(gt=0)


class Fonts(_Model):
    """Font files, and the families in the order in which a character is looked for.

    A file is a path, or ``PACKAGE:FILE`` of an installed Python package.
    """

    files: list[str] = Field(min_length=1)
    text: list[str] = Field(min_length=1)
    heading: list[str] = Field(min_length=1)
    digits: list[str] = Field(min_length=1)


class Digits(_Model):
    """A part of an OCR line: fixed ``digits``, or an ``item`` of the slip as ``width`` digits, zero-filled."""

    digits: str | None = Field(default=None, pattern=r"^\d+$")
    item: Literal["amount_yen", "biller_no", "payment_class", "levy_era_year", "tax_item_code", "slip_no"] | None = None
    width: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_of_two(self) -> Digits:
        if (self.digits is None) == (self.item is None) or (self.item is None) != (self.width is None):
            raise ValueError("give digits, or item and width")
        return self


class Slips(_Model):
    """What the office's own payment slips (再発行納付書) carry; amounts in whole yen.

    ``number_prefix`` begins every slip number that we give, and none that the core system gives. ``company_code`` and
    ``client_code`` are the 請求書発行企業コード and 利用企業コード of the GS1-128. ``payment_classes`` is the 納付区分
    (税目・料金番号) of a tax item; one that is not named has its code, zero-filled.
    """

    number_prefix: str = Field(pattern=r"^\d{1,8}$")
    biller_no: str = Field(pattern=r"^\d{5}$")
    company_code: str = Field(pattern=r"^\d{6}$")
    client_code: str = Field(pattern=r"^\d{5}$")
    payment_classes: dict[str, Annotated[str, Field(pattern=r"^\d{3}$")]]
    ocr_upper: list[Digits]
    ocr_lower: list[Digits]
    makes_el_qr: bool
    el_qr_body_code: str = Field(pattern=r"^\d{5}$")
    pay_at: list[str]

    @field_validator("ocr_upper", "ocr_lower")
    @classmethod
    def _fills_its_line(cls, value: list[Digits], info: ValidationInfo) -> list[Digits]:
        wanted = {"ocr_upper": UPPER, "ocr_lower": LOWER}[str(info.field_name)] - CHECK_DIGITS
        found = sum(part.width or len(part.digits or "") for part in value)
        if found != wanted:
            raise ValueError(
                f"the parts have {found} digits together, the line has {wanted} digits without its check digits"
            )
        return value


class Office(_Model):
    """What the documents print about the office."""

    mayor_title: str
    mayor_name: str
    postal_code: str = Field(pattern=r"^\d{3}-\d{4}$")
    address: str
    phone: str
    opening_hours: str
    seal: Path | None
    window: Window
    fonts: Fonts
    appeal: dict[str, str]
    slips: Slips

    @field_validator("appeal")
    @classmethod
    def _has_a_default(cls, value: dict[str, str]) -> dict[str, str]:
        if "default" not in value:
            raise ValueError("a text named default is needed: documents without one of their own print it")
        return value


class Matching(_Model):
    """How a deposit that names nothing finds its dues (tier 4): weights, threshold and floor of 100, windows in days.

    The score is the weighted mean of two figures up to 100: how alike the names are, and how near to 納期限 the day is
    (100 on the day, 0 at either end of its window).
    """

    name_weight: int = Field(ge=1)
    date_weight: int = Field(ge=0)
    threshold: int = Field(ge=1, le=100)
    name_floor: int = Field(ge=1, le=100)
    early_days: int = Field(ge=1)
    late_days: int = Field(ge=1)


class SecondAttempt(_Model):
    """The day on which a debit that found too little money is tried again: so many months later, on a day of the month.

    On a day when banks are closed, the next on which they are open.
    """

    months: int = Field(ge=0)
    day: int = Field(ge=1, le=28)


class OfficeAccount(_Model):
    """The office's own account in a bank file; blank parts are not set yet."""

    bank_code: str = Field(pattern=r"^\d{4}$|^$")
    bank_name: str
    branch_code: str = Field(pattern=r"^\d{3}$|^$")
    branch_name: str
    account_type_code: Literal["1", "2", "9"]
    account_no: str = Field(pattern=r"^\d{7}$|^$")


class RefundTransfers(OfficeAccount):
    """What a file of refunds (総合振込) says of the office. ``client_code`` is its 振込依頼人コード."""

    client_code: str = Field(pattern=r"^\d{10}$|^$")
    client_name: str


class DirectDebits(OfficeAccount):
    """What a request of direct debits (口座振替) says of the office: its 委託者コード by tax item, and its account."""

    consignors: dict[str, str]
    consignor_name: str
    second_attempt: SecondAttempt

    @field_validator("consignors")
    @classmethod
    def _ten_digits(cls, value: dict[str, str]) -> dict[str, str]:
        wrong = [code for code in value.values() if not re.fullmatch(r"\d{10}", code)]
        if wrong:
            raise ValueError(f"委託者コード has ten digits, in quotes; found {', '.join(wrong)}")
        return value


class Settings(_Model):
    """Everything that differs from office to office and is not law."""

    municipality: Municipality
    policies: Policies
    go_live: GoLive
    customer_no: dict[str, tuple[int, int]]
    remittances: list[Remittance]
    refund_transfers: RefundTransfers
    office: Office
    matching: Matching
    direct_debits: DirectDebits
    permissions: dict[str, list[str]]


def load_settings(home: Home, overrides: dict[str, Any] | None = None) -> Settings:
    """Defaults, then the home's osame.yml, then ``overrides`` (a scenario's policies).

    Raises:
        OsameError: the file has a key or a value that is not known; the message names each.
    """
    merged = yaml.load(_DEFAULTS.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
    if home.settings_file.exists():
        try:
            own = read_yaml(home.settings_file).value or {}
        except YamlProblem as error:
            raise OsameError(f"{home.settings_file} {error}", "mend the file") from None
        if not isinstance(own, dict):
            raise OsameError(f"{home.settings_file}: names with values are expected", "see warehouse/defaults.yml")
        merged = _merge(merged, _with_names_of_today(own))
    merged = _merge(merged, overrides or {})
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise OsameError(
            f"{home.settings_file}: {details}", "compare with warehouse/defaults.yml, which names every setting"
        ) from None
    if settings.policies.component_order != ["principal", "reminder_fee", "late_charge"]:
        raise OsameError(
            f"{home.settings_file}: policies.component_order is {settings.policies.component_order}",
            "only [principal, reminder_fee, late_charge] is built: 地方税法20条の9の4 puts the principal first",
        )
    if settings.policies.late_charge_assessment != "on_receipt":
        raise OsameError(
            f"{home.settings_file}: policies.late_charge_assessment is {settings.policies.late_charge_assessment}",
            "only on_receipt is built: 延滞金 and 督促手数料 are 調定 when they are received",
        )
    return settings


_FORMER_PERMISSIONS = {"inquiry": "standing"}


def _with_names_of_today(own: dict[str, Any]) -> dict[str, Any]:
    """A permission that was renamed keeps restricting whom an office's settings restrict by its former name."""
    asked = own.get("permissions")
    if not isinstance(asked, dict):
        return own
    named = {_FORMER_PERMISSIONS.get(name, name): roles for name, roles in asked.items()}
    return own | {"permissions": named | {name: asked[name] for name in named if name in asked}}


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _merge(out[key], value)
        else:
            out[key] = value
    return out
