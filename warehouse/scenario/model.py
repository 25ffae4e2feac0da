"""The scenario YAML: dues, events, and what is expected of them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.errors import OsameError


class _Yaml12(yaml.SafeLoader):
    """YAML 1.2 booleans only: in YAML 1.1 the key ``on`` would read as true."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Due(_Model):
    """One instalment. ``due`` is the 納期限 as it counts; amounts in whole yen."""

    id: str
    addressee: str
    tax_item: str = Field(pattern=r"^\d{2}$")
    due: date
    yen: int = Field(ge=0)
    assessed: date | None = None
    levy_year: int | None = None
    tax_year: int | None = None
    notice_no: str | None = None
    instalment_no: str = "01"
    statutory_due_date: date | None = None
    unrolled_due_date: date | None = None


class Split(_Model):
    """What the core system recorded of a receipt: it is kept as recorded."""

    principal: int = 0
    reminder_fee: int = 0
    late_charge: int = 0


class Event(_Model):
    """One thing that happens on a day (領収日 of a receipt; day of the event otherwise). Exactly one kind is given."""

    on: date
    id: str | None = None
    # kinds
    receive: int | None = Field(default=None, gt=0)
    cancel: str | None = None  # id of a receipt
    confirm: str | None = None  # id of a provisional receipt: its 確報 comes
    adjust: int | None = None
    void: str | None = None  # id of a due: its assessment is cancelled whole
    remind: str | None = None  # id of a due: 督促状 is sent
    slip: str | None = None  # id of a slip: it is issued
    refund: int | None = Field(default=None, gt=0)
    offset: int | None = Field(default=None, gt=0)
    reallocate: int | None = Field(default=None, gt=0)
    # details
    due: str | None = None
    dues: list[str] | None = None
    to: str | None = None
    addressee: str | None = None
    by_slip: str | None = None
    channel: str | None = None
    posted: date | None = None
    provisional: bool = False
    split: Split | None = None
    cause: int | None = Field(default=None, ge=1, le=4)
    fee: int | None = None
    pay_by: date | None = None
    principal: int | None = None
    reminder_fee: int = 0
    late_charge: int = 0
    budget: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Event:
        given = [k for k in KINDS if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"an event has exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        return next(k for k in KINDS if getattr(self, k) is not None)


KINDS = (
    "receive",
    "cancel",
    "confirm",
    "adjust",
    "void",
    "remind",
    "slip",
    "refund",
    "offset",
    "reallocate",
)


class Expect(_Model):
    """Any subset of the public columns. Lists are whole: ``overpayments: []`` says that there are none."""

    dues: dict[str, dict[str, Any]] = Field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = Field(default_factory=dict)
    allocations: list[dict[str, Any]] | None = None
    overpayments: list[dict[str, Any]] | None = None
    suspense: list[dict[str, Any]] | None = None


class Scenario(_Model):
    """A tiny city: see DESIGN of scenarios in docs/scenarios.md."""

    name: str
    source: str
    as_of: date
    known_at: None = None
    policy: dict[str, Any] = Field(default_factory=dict)
    dues: list[Due]
    events: list[Event] = Field(default_factory=list)
    expect: Expect = Field(default_factory=Expect)

    @model_validator(mode="after")
    def _references(self) -> Scenario:
        dues = [d.id for d in self.dues]
        if len(set(dues)) != len(dues):
            raise ValueError("two dues have the same id")
        receipts = [e.id for e in self.events if e.kind == "receive" and e.id]
        if len(set(receipts)) != len(receipts):
            raise ValueError("two receipts have the same id")
        slips = {e.slip for e in self.events if e.slip}
        for event in self.events:
            for name in [event.due, event.void, event.remind, event.to, *(event.dues or [])]:
                if name is not None and name not in dues:
                    raise ValueError(f"event on {event.on}: {name!r} is no due of this scenario ({', '.join(dues)})")
            for name in (event.cancel, event.confirm):
                if name is not None and name not in receipts:
                    raise ValueError(f"event on {event.on}: {name!r} is no receipt of this scenario")
            if event.by_slip is not None and event.by_slip not in slips:
                raise ValueError(f"event on {event.on}: {event.by_slip!r} is no slip of this scenario")
        unknown = set(self.expect.dues) - set(dues)
        if unknown:
            raise ValueError(f"expect.dues names {', '.join(sorted(unknown))}, which are no dues of this scenario")
        unknown = set(self.expect.receipts) - set(receipts)
        if unknown:
            raise ValueError(f"expect.receipts names {', '.join(sorted(unknown))}, which are no receipts")
        return self


def load_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        OsameError: the file is not one; every mistake is named with its place.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Yaml12)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        raise OsameError(f"{path} does not exist", "name a scenario file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OsameError(f"{path} is not YAML: {error}", "mend the file") from None
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        details = "\n".join(
            f"  {path}: {'.'.join(str(p) for p in e['loc']) or 'scenario'}: {e['msg']}" for e in error.errors()
        )
        raise OsameError(f"{path} is no scenario:\n{details}", "osame scenario new prints an example") from None
