"""What the office has decided: warehouse/defaults.yml with the parts that $OSAME_HOME/osame.yml replaces."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.config import Home
from warehouse.errors import OsameError

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

    source: Literal["paid_slip", "eltax", "mpn", "convenience", "direct_debit"]
    channel_code: str
    payer_code: str | None = None
    payer_is_group: bool = False
    fee_per_record_yen: int = Field(default=0, ge=0)
    window_days: int = Field(default=10, ge=0)


class Settings(_Model):
    """Everything that differs from office to office and is not law."""

    municipality: Municipality
    policies: Policies
    go_live: GoLive
    customer_no: dict[str, tuple[int, int]]
    remittances: list[Remittance]


def load_settings(home: Home, overrides: dict[str, Any] | None = None) -> Settings:
    """Defaults, then the home's osame.yml, then ``overrides`` (a scenario's policies).

    Raises:
        OsameError: the file has a key or a value that is not known; the message names each.
    """
    merged = yaml.safe_load(_DEFAULTS.read_text(encoding="utf-8"))
    if home.settings_file.exists():
        try:
            own = yaml.safe_load(home.settings_file.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, ValueError) as error:  # an impossible day, or a file saved in CP932, is a ValueError
            raise OsameError(f"{home.settings_file} is not YAML in UTF-8: {error}", "mend the file") from None
        if not isinstance(own, dict):
            raise OsameError(f"{home.settings_file}: names with values are expected", "see warehouse/defaults.yml")
        merged = _merge(merged, own)
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


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _merge(out[key], value)
        else:
            out[key] = value
    return out
