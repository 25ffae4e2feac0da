"""The scenario YAML: dues, events, and what is expected of them (docs/scenarios.md)."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion.layout_catalog import load_layouts
from osame.errors import OsameError
from osame.home import Home
from warehouse.law.parameters import load_parameters
from warehouse.settings import load_settings

# Receipts with a recorded split come from 収納履歴, all others from payment files. Each has its own channels, so that
# no go-live day stands between them.
HISTORY_CHANNEL = "09"
COUNTER_CHANNEL = "01"

# kind of event -> the details that it must have, and those that it may have. ``id`` names the record that it delivers.
_KINDS: dict[str, tuple[set[str], set[str]]] = {
    "receive": (
        set(),
        {"id", "due", "addressee", "by_slip", "payer", "channel", "posted", "provisional", "split", "fiscal_year"},
    ),
    "cancel": (set(), {"id"}),
    "confirm": (set(), {"id"}),
    "adjust": ({"due"}, {"cause", "claimed", "income_tax_notice"}),
    "void": (set(), {"cause"}),
    "remind": (set(), {"fee"}),
    "slip": (set(), {"due", "dues", "lines", "pay_by"}),
    "refund": ({"due"}, {"id", "posted", "split", "interest", "budget", "fiscal_year"}),
    "offset": ({"due", "to"}, {"id", "posted", "split", "fiscal_year"}),
    "reallocate": ({"due", "to"}, {"id", "posted", "split", "fiscal_year"}),
    "write_off": ({"due"}, {"id", "split"}),
    "decide_offset": ({"due", "to", "counts_from"}, {"id", "part", "to_part", "fiscal_year"}),
    "decide_move": ({"due", "to", "counts_from"}, {"id", "part", "to_part", "fiscal_year"}),
    "decide_suspense": ({"receipt"}, {"due", "addressee", "draft"}),
    "notify": ({"due"}, {"id", "cause", "claimed", "decided", "paid", "returned", "interest", "fiscal_year"}),
}
KINDS = tuple(_KINDS)
_CVS_DIGITS = 6  # of the amount in a convenience store's barcode


class _Loader(yaml.SafeLoader):
    """YAML 1.2 booleans only (in YAML 1.1 the key ``on`` would read as true), and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Due(_Model):
    """One instalment. ``due`` is the 納期限 as it counts (rates are known from 2000 on); amounts in whole yen."""

    id: str = Field(min_length=1)
    addressee: str = Field(pattern=r"^[0-9A-Za-z]{1,10}$")
    tax_item: str
    detail: str = Field(default="00", pattern=r"^\d{2}$")
    due: date = Field(ge=date(2000, 1, 1))
    yen: int = Field(ge=0)
    assessed: date | None = None
    levy_year: int | None = Field(default=None, ge=1989, le=2999)
    tax_year: int | None = Field(default=None, ge=1989, le=2999)
    notice_no: str | None = Field(default=None, pattern=r"^\d{1,6}$")
    instalment_no: str = Field(default="01", pattern=r"^\d{2}$")
    statutory_due_date: date | None = None
    unrolled_due_date: date | None = None

    @field_validator("tax_item")
    @classmethod
    def _known(cls, value: str) -> str:
        known = load_parameters().tax_items.keys()
        if value not in known:
            raise ValueError(f"{value!r} is no tax item; there are {', '.join(sorted(known))}")
        return value


class Split(_Model):
    """Parts of an amount, in whole yen."""

    principal: int = Field(default=0, ge=0)
    reminder_fee: int = Field(default=0, ge=0)
    late_charge: int = Field(default=0, ge=0)

    @property
    def total(self) -> int:
        return self.principal + self.reminder_fee + self.late_charge


class SlipLine(_Model):
    """What a slip prints for one due. ``principal``: the tax as assessed by the day of issue, unless given."""

    due: str
    principal: int | None = Field(default=None, ge=0)
    reminder_fee: int = Field(default=0, ge=0)
    late_charge: int = Field(default=0, ge=0)


Component = Literal["principal", "reminder_fee", "late_charge", "refund_interest"]


class Apportionment(_Model):
    """What of a tax item belongs to a row of 徴収実績調 and to a body, for one levy year (調定年度), from a day on."""

    levy_year: int = Field(ge=1989, le=2999)
    tax_item: str
    valid_from: date
    row: str  # 実績調行 as the extract names it
    body: Literal["city", "prefecture", "state"]
    share: int = Field(ge=0)
    whole: int = Field(gt=0)


class Event(_Model):
    """One thing that happens on a day (領収日 of money; day of the event otherwise). Exactly one kind is given."""

    on: date
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
    write_off: int | None = Field(default=None, gt=0)
    decide_offset: int | None = Field(default=None, gt=0)  # 充当: approved on this day, counts from its 充当適状日
    decide_move: int | None = Field(default=None, gt=0)  # 組替: approved on this day, counts from the first 領収日
    decide_suspense: int | None = Field(default=None, gt=0)  # 不明金: approved on this day
    notify: int | None = Field(default=None, gt=0)  # 過誤納通知 of a refund
    # details
    id: str | None = None
    receipt: str | None = None
    draft: bool | None = None
    due: str | None = None
    dues: list[str] | None = Field(default=None, min_length=1)
    lines: list[SlipLine] | None = Field(default=None, min_length=1)
    to: str | None = None
    addressee: str | None = Field(default=None, pattern=r"^[0-9A-Za-z]{1,10}$")
    by_slip: str | None = None
    payer: str | None = Field(default=None, min_length=1, max_length=48)
    channel: str | None = None
    posted: date | None = None
    provisional: bool | None = None
    split: Split | None = None
    cause: int | None = Field(default=None, ge=1, le=4)
    fee: int | None = Field(default=None, ge=0)
    pay_by: date | None = None
    interest: int | None = Field(default=None, ge=0)
    budget: Literal["revenue", "expenditure"] | None = None
    fiscal_year: int | None = Field(default=None, ge=1989, le=2999)
    counts_from: date | None = None
    part: Component | None = None
    to_part: Component | None = None
    claimed: date | None = None
    decided: date | None = None
    returned: date | None = None  # 振込不能日 of what was paid
    paid: date | None = None
    income_tax_notice: date | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Event:
        given = [k for k in KINDS if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"an event has exactly one of {', '.join(KINDS)}; found {', '.join(given) or 'none'}")
        needed, allowed = _KINDS[given[0]]
        details = {name for name in type(self).model_fields if name not in ("on", *KINDS)}
        has = {name for name in details if getattr(self, name) is not None}
        wrong = sorted(has - needed - allowed)
        lacking = sorted(needed - has)
        if wrong:
            takes = ", ".join(sorted(needed | allowed))
            raise ValueError(f"{', '.join(wrong)} does not belong to {given[0]}, which takes {takes}")
        if lacking:
            raise ValueError(f"{given[0]} needs {', '.join(lacking)}")
        getattr(self, f"_check_{given[0]}", lambda: None)()
        return self

    def _check_receive(self) -> None:
        names = [n for n in ("due", "addressee", "by_slip", "payer") if getattr(self, n) is not None]
        if len(names) > 1:
            raise ValueError(f"a receipt names a due, a slip or a payer; found {' and '.join(names)}")
        if self.payer is not None and self.channel is not None:
            raise ValueError("payer is the name on a transfer to the account, which has no other channel")
        if self.posted is not None and self.posted < self.on:
            raise ValueError(f"posted {self.posted} lies before the day of receipt")
        if self.provisional and (self.due is None or self.split is not None or self.channel is not None):
            raise ValueError("a provisional receipt (速報 of a convenience store) needs due, and no split or channel")
        if self.provisional and (self.receive or 0) >= 10**_CVS_DIGITS:
            raise ValueError(f"a convenience store's barcode has {_CVS_DIGITS} digits for the amount")
        if self.split is not None:
            if self.due is None or self.channel is not None:
                raise ValueError("a receipt with a recorded split (収納履歴) needs due, and no channel")
            self._check_parts(self.receive)
        elif self.fiscal_year is not None:
            raise ValueError("fiscal_year is recorded in 収納履歴 alone: give split too")
        if self.channel is not None:
            codes = _file_channels()
            if self.channel not in codes:
                raise ValueError(f"channel {self.channel!r} is none of {', '.join(codes)}")

    def _check_decide_suspense(self) -> None:
        if (self.due is None) == (self.addressee is None):
            raise ValueError("a decision about money in suspense names a due or a payer (addressee)")

    def _check_adjust(self) -> None:
        if self.adjust == 0:
            raise ValueError("adjust is a change of the tax and cannot be 0")

    def _check_slip(self) -> None:
        given = [n for n in ("due", "dues", "lines") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"a slip has one of due, dues, lines; found {' and '.join(given) or 'none'}")

    def _check_refund(self) -> None:
        self._check_parts(self.refund)

    def _check_offset(self) -> None:
        self._check_parts(self.offset)
        self._check_target()

    def _check_write_off(self) -> None:
        self._check_parts(self.write_off)

    def _check_reallocate(self) -> None:
        self._check_parts(self.reallocate)
        self._check_target()

    def _check_decide_offset(self) -> None:
        self._check_target()
        if self.to_part == "refund_interest":
            raise ValueError("to_part is a part of a due: principal, reminder_fee or late_charge")

    def _check_decide_move(self) -> None:
        self._check_target()
        if "refund_interest" in (self.part, self.to_part):
            raise ValueError("a reallocation moves principal, reminder_fee or late_charge")

    def _check_notify(self) -> None:
        if self.paid is not None and self.decided is None:
            raise ValueError("what is paid has been decided: give decided too")
        if self.returned is not None and self.paid is None:
            raise ValueError("what came back has been paid: give paid too")

    def _check_parts(self, amount: int | None) -> None:
        if self.split is not None and self.split.total != amount:
            raise ValueError(f"the parts of split add up to {self.split.total:,}, the amount is {amount or 0:,}")

    def _check_target(self) -> None:
        if self.to == self.due:
            raise ValueError("to is the due that the money comes from")

    @property
    def kind(self) -> str:
        return next(k for k in KINDS if getattr(self, k) is not None)

    @property
    def slip_lines(self) -> list[SlipLine]:
        """The lines of a slip, however they were given."""
        return self.lines or [SlipLine(due=name) for name in self.dues or [self.due or ""]]


Rows = list[dict[str, Any]]


class Expect(_Model):
    """Any subset of the public columns.

    Lists are whole: ``overpayments: []`` says that there are none. ``movements`` is whole for the movement types that
    it names, ``settlement``, ``collection_results`` and ``prefecture_payment`` for the fiscal years that they name. A
    receipt that is ``null`` is not there at all (it is booked after the as-of day).
    """

    dues: dict[str, dict[str, Any]] = Field(default_factory=dict)
    receipts: dict[str, dict[str, Any] | None] = Field(default_factory=dict)
    allocations: Rows | None = None
    overpayments: Rows | None = None
    suspense: Rows | None = None
    candidates: Rows | None = None
    decisions: Rows | None = None
    decision_lines: Rows | None = None
    movements: Rows | None = None
    offset_candidates: Rows | None = None
    wrong_instalments: Rows | None = None
    accounts: dict[str, int] = Field(default_factory=dict)
    carried: Rows | None = None
    settlement: Rows | None = None
    collection_results: Rows | None = None
    prefecture_payment: Rows | None = None

    @field_validator(
        "allocations",
        "overpayments",
        "suspense",
        "candidates",
        "decisions",
        "decision_lines",
        "movements",
        "offset_candidates",
        "wrong_instalments",
        "carried",
        "settlement",
        "collection_results",
        "prefecture_payment",
    )
    @classmethod
    def _same_columns(cls, rows: Rows | None) -> Rows | None:
        if rows and len({frozenset(r) for r in rows}) > 1:
            raise ValueError("the rows of a list name the same columns")
        return rows

    @field_validator("movements")
    @classmethod
    def _typed(cls, rows: Rows | None) -> Rows | None:
        if any("movement_type" not in r for r in rows or []):
            raise ValueError("every row names its movement_type")
        return rows

    @field_validator("settlement", "collection_results", "prefecture_payment")
    @classmethod
    def _dated(cls, rows: Rows | None) -> Rows | None:
        if any("fiscal_year" not in r for r in rows or []):
            raise ValueError("every row names its fiscal_year")
        return rows

    @property
    def is_of_the_whole_city(self) -> bool:
        return any(rows is not None for rows in (self.settlement, self.collection_results, self.prefecture_payment))


class Scenario(_Model):
    """A tiny city."""

    name: str = Field(min_length=1)
    source: str = ""
    as_of: date
    policy: dict[str, Any] = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)  # addressee -> 氏名カナ in the register
    dues: list[Due] = Field(min_length=1)
    events: list[Event] = Field(default_factory=list)
    apportionments: list[Apportionment] = Field(default_factory=list)
    expect: Expect = Field(default_factory=Expect)

    @model_validator(mode="after")
    def _hangs_together(self) -> Scenario:
        faults = [*self._faults_of_dues(), *self._faults_of_events(), *self._faults_of_expect()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def stands_alone(self) -> bool:
        """Whether it must be built by itself: what it gives or expects is of the whole city, not of its own dues."""
        return bool(self.apportionments) or self.expect.is_of_the_whole_city

    def event_name(self, position: int) -> str:
        """How messages and results call an event: its id, or its place in the file."""
        return self.events[position].id or f"event {position + 1}"

    def notice_no_of(self, position: int) -> str:
        """The last six digits of a due's 通知書番号."""
        return (self.dues[position].notice_no or str(position + 1)).zfill(6)

    def standing_yen(self, due_id: str, before: int) -> int:
        """The tax of a due as assessed before an event, by book date: what 取消 takes away and a slip prints."""
        day = self.events[before].on
        standing = next(d.yen for d in self.dues if d.id == due_id)
        changes = [(e.on, i) for i, e in enumerate(self.events) if (e.adjust and e.due == due_id) or e.void == due_id]
        for on, index in sorted(changes):
            if (on, index) < (day, before):
                event = self.events[index]
                standing = 0 if event.void else standing + (event.adjust or 0)
        return standing

    def _faults_of_dues(self) -> Iterator[str]:
        for name, count in Counter(d.id for d in self.dues).items():
            if count > 1:
                yield f"dues: {count} dues have the id {name}"
        keys: dict[tuple[object, ...], str] = {}
        for position, due in enumerate(self.dues):
            key = (
                due.tax_item,
                due.detail,
                due.levy_year,
                due.tax_year,
                self.notice_no_of(position),
                due.instalment_no,
            )
            other = keys.setdefault(key, due.id)
            if other != due.id:
                yield f"dues: {due.id} and {other} have one key: give notice_no or instalment_no"

    def _faults_of_events(self) -> Iterator[str]:
        for name, count in Counter(e.id for e in self.events if e.id).items():
            if count > 1:
                yield f"events: {count} events have the id {name}"
        for name, count in Counter(e.slip for e in self.events if e.slip).items():
            if count > 1:
                yield f"events: the slip {name} is issued {count} times"
        for position, event in enumerate(self.events):
            for fault in (*self._unknown_dues(event), *self._faults_of_order(position, event)):
                yield f"{_event_label(position, event.on, event.kind)}: {fault}"

    def _unknown_dues(self, event: Event) -> Iterator[str]:
        known = [d.id for d in self.dues]
        lines = [line.due for line in event.lines or []]
        for name in [event.due, event.void, event.remind, event.to, *(event.dues or []), *lines]:
            if name is not None and name not in known:
                yield f"{name!r} is no due of this scenario ({', '.join(known)})"

    def _faults_of_order(self, position: int, event: Event) -> Iterator[str]:
        earlier = self.events[:position]
        receipts = {e.id: e for e in earlier if e.kind == "receive" and e.id}
        movable = {e.id: e for e in earlier if e.kind in ("receive", "offset", "reallocate", "write_off") and e.id}
        if event.cancel is not None:
            if event.cancel not in movable:
                yield f"{event.cancel!r} is the id of no receipt before this event ({', '.join(movable) or 'none'})"
            elif event.on < (movable[event.cancel].posted or movable[event.cancel].on):
                yield f"{event.cancel} is booked after this day"
            elif any(e.confirm == event.cancel for e in earlier):
                yield f"{event.cancel} has been confirmed: a 確報 is not taken back by a 取消"
        if event.confirm is not None:
            receipt = receipts.get(event.confirm)
            if receipt is None or not receipt.provisional:
                yield f"{event.confirm!r} is the id of no provisional receipt before this event"
        if event.receipt is not None and event.receipt not in receipts:
            yield f"{event.receipt!r} is the id of no receipt before this event ({', '.join(receipts) or 'none'})"
        slips = {e.slip: e for e in earlier if e.slip}
        if event.by_slip is not None and event.by_slip not in slips:
            issued = ", ".join(name for name in slips if name) or "none"
            yield f"{event.by_slip!r} is no slip issued before this event ({issued})"
        if event.adjust is not None and event.due in {d.id for d in self.dues}:
            standing = self.standing_yen(event.due or "", position)
            if standing + event.adjust < 0:
                yield f"the tax of {event.due} is {standing:,} by then: adjust {event.adjust:,} would make it negative"

    def _faults_of_expect(self) -> Iterator[str]:
        for name in set(self.expect.dues) - {d.id for d in self.dues}:
            yield f"expect.dues: {name!r} is no due of this scenario"
        ids = {e.id for e in self.events if e.id and e.kind in ("receive", "cancel", "confirm")}
        for name in set(self.expect.receipts) - ids:
            yield f"expect.receipts: {name!r} is the id of no receipt"


def load_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        OsameError: the file is not one; every mistake is named with its place.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise OsameError(
            f"{path} cannot be read: {error.strerror}", "name a scenario file or a folder of them"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise OsameError(f"{path} is not YAML: {error}", "mend the file") from None
    if not isinstance(data, dict):
        raise OsameError(f"{path} is no scenario: it has no keys", "osame scenario new prints an example")
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        faults = [line for e in error.errors() for line in _sentences(data, dict(e))]
        details = "\n".join(f"  {path}: {line}" for line in faults)
        raise OsameError(f"{path} is no scenario:\n{details}", "osame scenario new prints an example") from None
    _check_policy(path, scenario.policy)
    return scenario


def _check_policy(path: Path, policy: dict[str, Any]) -> None:
    home = Home(path)
    try:
        load_settings(home, {"policies": policy})
    except OsameError as error:
        reason = error.message.removeprefix(f"{home.settings_file}: ").replace("policies.", "policy.")
        raise OsameError(f"{path}: {reason}", error.advice) from None


@cache
def _file_channels() -> tuple[str, ...]:
    """The channels that a payment file may name: all but the one that scenarios keep for 収納履歴."""
    column = next(c for c in load_layouts()["paid_slips"].columns if c.name == "channel_code")
    return tuple(code for code in column.codes or {} if code != HISTORY_CHANNEL)


def _event_label(position: int, on: object, kind: str) -> str:
    return f"event {position + 1} ({on} {kind})"


_PLACES: dict[str, type[_Model]] = {
    "dues": Due,
    "events": Event,
    "expect": Expect,
    "split": Split,
    "lines": SlipLine,
    "apportionments": Apportionment,
}


def _sentences(data: dict[Any, Any], error: dict[str, Any]) -> list[str]:
    """One finding of pydantic in the words of the file: where, what was found, what to do."""
    place = list(error["loc"])
    where = _where(data, place)
    found = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            sentence = _unknown_key(place)
        case "missing":
            sentence = "is missing"
        case "string_type":
            sentence = f"{found!r} is no text: write it in quotes ('{found}')"
        case "string_pattern_mismatch":
            sentence = f"{found!r} does not have the form {error['ctx']['pattern']}"
        case "value_error":
            sentence = error["msg"].removeprefix("Value error, ")
        case _:
            sentence = f"{error['msg']}; found {found!r}"
    return [f"{where}: {line}" if where else line for line in sentence.split("\n")]


def _where(data: dict[Any, Any], place: list[Any]) -> str:
    parts: list[str] = []
    if len(place) > 1 and place[0] in ("dues", "events") and isinstance(place[1], int):
        row = data[place[0]][place[1]]
        row = row if isinstance(row, dict) else {}
        if place[0] == "events":
            kind = next((k for k in KINDS if k in row), "?")
            parts.append(_event_label(place[1], row.get("on", "no day"), kind))
        else:
            parts.append(f"due {row.get('id', place[1] + 1)}")
        place = place[2:]
    if place:
        parts.append(".".join(str(p) for p in place))
    return ", ".join(parts)


def _unknown_key(place: list[Any]) -> str:
    model = next((_PLACES[p] for p in reversed(place[:-1]) if p in _PLACES), Scenario)
    known = list(model.model_fields)
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
    return f"unknown key{hint}"
