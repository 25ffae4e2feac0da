"""Legal values: YAML files with values dated to the day, each with its basis; one loader for Python and for the seeds.

``load_parameters()[id].at(day)`` gives the values in force on a day. Nothing is extrapolated: a day without a value is
an error that names the parameter and the day (next year's rates are announced in November). What is announced later an
office adds below ``$OSAME_HOME/law``, in files of the same form: see ``warehouse/law/office.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError, model_validator

from osame.errors import OsameError
from osame.yaml_file import LOADER

PARAMETER_DIR = Path(__file__).parent / "parameters"
OPEN_END = date(9999, 12, 31)
ONE_DAY = timedelta(days=1)
RATE_FOLDER = "late_charge_rates"
RATE_DENOMINATOR = 100_000  # rates are kept as integers: how many of 100,000 per year (8.7% = 8,700)

FieldKind = Literal["percent", "integer", "flag", "text", "texts", "month_day", "month_days"]
Scalar = int | bool | str | tuple[str, ...] | tuple[int, int] | tuple[tuple[int, int], ...]


class ParameterError(OsameError):
    """A parameter file that cannot be used; the message names the file and every thing wrong in it."""


class ParameterNotFoundError(ParameterError, LookupError):
    """No value is in force on the day asked for, or there is no such parameter."""


class LawInputError(OsameError, ValueError):
    """An argument that the law gives no meaning to: where, what was found, what was expected, what to do next."""

    def __init__(self, where: str, found: str, expected: str, advice: str) -> None:
        super().__init__(f"{where}: found {found}, expected {expected}", advice)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            allowed = [f.alias or name for name, f in cls.model_fields.items()]
            unknown = [str(key) for key in data if key not in allowed]
            if unknown:
                raise ValueError(f"unexpected key {', '.join(unknown)}; allowed keys are {', '.join(allowed)}")
        return data


class Basis(_Model):
    """Why a value holds: the instrument, and the day from which it carries the value.

    ``status: to be confirmed`` marks what was not read in the law or in a public source. Rules older than the first
    period are dated with the first day of that period.
    """

    law: str = Field(min_length=1)
    article: str = Field(min_length=1)
    instrument: str = Field(min_length=1)
    in_force_on: date
    url: str | None = None
    status: Literal["confirmed", "to be confirmed"] = "confirmed"
    note: str = ""

    @model_validator(mode="after")
    def _cites_a_page(self) -> Basis:
        if self.url is None:
            if self.status == "confirmed":
                raise ValueError("a confirmed basis needs a url")
        elif not urlsplit(self.url).netloc or urlsplit(self.url).path in ("", "/"):
            raise ValueError(f"url {self.url!r} is a home page or no address; give the page that says it")
        return self


class _DatedValue(_Model):
    first: date = Field(alias="from")
    last: date = Field(alias="to", default=OPEN_END)
    value: dict[str, StrictStr]
    reason: str = ""
    basis: list[Basis] = Field(min_length=1)


class _File(_Model):
    id: str
    label_ja: str = Field(min_length=1)
    description: str = Field(min_length=1)
    unit: str = Field(min_length=1)
    last_verified_on: date


class _ParameterFile(_File):
    fields: dict[str, FieldKind] = Field(min_length=1)
    values: list[_DatedValue] = Field(min_length=1)

    @model_validator(mode="after")
    def _without_holes(self) -> _ParameterFile:
        for before, after in zip(self.values, self.values[1:], strict=False):
            if after.first <= before.last:
                raise ValueError(f"values overlap: one ends on {before.last}, the next begins on {after.first}")
            if after.first != before.last + ONE_DAY:
                raise ValueError(f"no value between {before.last} and {after.first}: periods must follow each other")
        if "percent" in self.fields.values() and self.values[-1].last == OPEN_END:
            raise ValueError("rates are announced year by year: end the last period with `to`, nothing is extrapolated")
        for value in self.values:
            if value.last < value.first:
                raise ValueError(f"the value from {value.first} ends before it begins: {value.last}")
            if set(value.value) != set(self.fields):
                raise ValueError(
                    f"the value from {value.first} has {sorted(value.value)}, but fields are {sorted(self.fields)}"
                )
            for name, kind in self.fields.items():
                _convert(value.value[name], kind, f"{name} from {value.first}")
        return self


Collection = Literal["ordinary", "special_collection", "special_collection_semiannual", "occasional"]


class TaxItem(_Model):
    """A tax item (科目).

    ``is_local_tax`` says that it is a 地方税, so that a 納税証明書 may be issued of it (20条の10).
    ``low_rate_months`` is the low-rate window of its late charge, ``form_row`` its row of 市町村税の徴収実績調, and
    ``collection`` decides the fiscal year of its dues (see ``fiscal_year.due_fiscal_year``).
    """

    code: StrictStr = Field(pattern=r"^[0-9A-Z]{1,4}$")
    name_ja: str = Field(min_length=1)
    is_city_tax: bool
    is_local_tax: bool
    rate_family: str
    low_rate_months: Annotated[int, Field(ge=0, le=12)]
    collection: Collection = "ordinary"
    form_row: str | None = None
    basis: list[Basis] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _months_are_text(cls, data: Any) -> Any:
        if isinstance(data, dict) and "low_rate_months" in data:
            months = data["low_rate_months"]
            if not isinstance(months, str) or not months.isdecimal():
                raise ValueError(f'low_rate_months must be a quoted whole number such as "1", found {months!r}')
            return {**data, "low_rate_months": int(months)}
        return data


class _TaxItemFile(_File):
    items: list[TaxItem] = Field(min_length=1)


def _convert(text: str, kind: FieldKind, where: str) -> Scalar:
    try:
        match kind:
            case "percent":
                return _rate(text)
            case "integer":
                if not text.isdecimal():
                    raise ValueError
                return int(text)
            case "flag":
                return {"true": True, "false": False}[text]
            case "text":
                return text
            case "texts":
                return tuple(part.strip() for part in text.split(","))
            case "month_day":
                return _month_day(text)
            case "month_days":
                return tuple(_month_day(part.strip()) for part in text.split(","))
    except (ValueError, KeyError, InvalidOperation) as error:
        raise ValueError(f"{where}: {text!r} is not a {kind}") from error


def _rate(text: str) -> int:
    scaled = Decimal(text) * RATE_DENOMINATOR / 100
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or scaled < 0:
        raise ValueError
    return int(scaled)


def _month_day(text: str) -> tuple[int, int]:
    month, day = (int(part) for part in text.split("-"))
    date(2000, month, day)  # a leap year, so that 02-29 is a day
    return month, day


@dataclass(frozen=True)
class Values:
    """The values of one parameter in one period, first and last day included."""

    parameter_id: str
    first: date
    last: date
    raw: Mapping[str, Scalar]
    basis: tuple[Basis, ...]
    is_provisional: bool = False  # the value of the time before, used until that of this time is announced

    def _get(self, name: str, kind: type) -> Any:
        value = self.raw.get(name)
        if type(value) is not kind:
            raise ParameterError(
                f"{self.parameter_id}: {name!r} is no {kind.__name__} field; fields: {sorted(self.raw)}"
            )
        return value

    def integer(self, name: str) -> int:
        """A whole number (yen, days, months, or a percentage as an integer per 100,000)."""
        return int(self._get(name, int))

    def flag(self, name: str) -> bool:
        return bool(self._get(name, bool))

    def text(self, name: str) -> str:
        return str(self._get(name, str))

    def items(self, name: str) -> tuple[Any, ...]:
        """A list, or a month and day."""
        return tuple(self._get(name, tuple))


@dataclass(frozen=True)
class RatePeriod:
    """A rate and the days on which it holds. ``rate_per_100000`` is annual."""

    first: date
    last: date
    rate_per_100000: int


@dataclass(frozen=True)
class Parameter:
    """One parameter file: periods without a hole between them, oldest first."""

    id: str
    label_ja: str
    description: str
    unit: str
    last_verified_on: date
    periods: tuple[Values, ...]
    fields: Mapping[str, FieldKind]

    @property
    def is_rate(self) -> bool:
        """Whether it is announced year by year, so that it ends."""
        return "percent" in self.fields.values()

    @property
    def announced_to(self) -> date:
        """The last day with a value that is no provisional one."""
        return max(values.last for values in self.periods if not values.is_provisional)

    def for_one_more_year(self) -> Parameter:
        """With the last value announced in the place of that of the year after it, marked provisional."""
        last = self.periods[-1]
        first = last.last + ONE_DAY
        more = replace(last, first=first, last=date(first.year, 12, 31), is_provisional=True)
        return replace(self, periods=(*self.periods, more))

    def at(self, day: date) -> Values:
        """The values in force on ``day``.

        Raises:
            ParameterNotFoundError: none is; the message names the parameter, the day, and what is known.
        """
        for values in self.periods:
            if values.first <= day <= values.last:
                return values
        raise ParameterNotFoundError(
            f"{self.id} ({self.label_ja}): no value on {day}; values are known from {self.periods[0].first} "
            f"to {self.periods[-1].last}",
            f"add the announced value to $OSAME_HOME/law/{self.id.replace('.', '/')}.yml (docs/operations.md, "
            "New rates), or give a date within that time",
        )

    def rate_periods(self, name: str, *, merge_equal: bool) -> list[RatePeriod]:
        """The rate ``name``, one period a calendar year, or years with the same rate that follow each other as one."""
        periods: list[RatePeriod] = []
        for values in self.periods:
            rate = values.integer(name)
            for year in range(values.first.year, values.last.year + 1):
                first, last = max(values.first, date(year, 1, 1)), min(values.last, date(year, 12, 31))
                if merge_equal and periods and periods[-1].rate_per_100000 == rate:
                    periods[-1] = RatePeriod(periods[-1].first, last, rate)
                else:
                    periods.append(RatePeriod(first, last, rate))
        return periods


@dataclass(frozen=True)
class ParametersAt:
    """All parameters on one day: ``parameters.at(day)["late_charge.rounding"].integer("base_unit_yen")``."""

    parameters: Parameters
    day: date

    def __getitem__(self, parameter_id: str) -> Values:
        return self.parameters[parameter_id].at(self.day)


@dataclass(frozen=True)
class Parameters:
    """Every parameter that is loaded, and the tax items."""

    by_id: Mapping[str, Parameter]
    tax_items: Mapping[str, TaxItem]

    def __getitem__(self, parameter_id: str) -> Parameter:
        if parameter_id not in self.by_id:
            raise ParameterNotFoundError(
                f"no parameter {parameter_id!r}", f"choose one of: {', '.join(sorted(self.by_id))}"
            )
        return self.by_id[parameter_id]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.by_id.values())

    def at(self, day: date) -> ParametersAt:
        return ParametersAt(self, day)

    def rate_families(self) -> list[str]:
        """The families of late-charge rates: one file of ``late_charge_rates/`` each."""
        return sorted(key.split(".")[1] for key in self.by_id if key.startswith(f"{RATE_FOLDER}."))

    def late_charge_rates(self, family: str) -> Parameter:
        return self[f"{RATE_FOLDER}.{family}"]

    def tax_item(self, code: str) -> TaxItem:
        """Raises LawInputError when there is no such tax item."""
        if code not in self.tax_items:
            known = ", ".join(f"{item.code} {item.name_ja}" for item in self.tax_items.values())
            raise LawInputError(
                "tax item", repr(code), f"one of {known}", "use a code from tax_items.yml or add it there"
            )
        return self.tax_items[code]


def load_parameters(directory: Path = PARAMETER_DIR, added: Path | None = None) -> Parameters:
    """Every ``<domain>/<name>.yml`` below ``directory``, and the later days of files of the same form in ``added``.

    Raises:
        ParameterError: a file has unknown keys, unquoted values, holes or overlaps between periods, or values without a
            basis, or one of ``added`` contradicts ``directory``; the message lists everything wrong in all files.
    """
    shipped = _load(directory)
    return shipped if added is None or not added.is_dir() else _with_added(shipped, added)


@lru_cache(maxsize=8)
def _load(directory: Path) -> Parameters:
    by_id: dict[str, Parameter] = {}
    tax_items: dict[str, TaxItem] = {}
    problems: list[str] = []
    for path in sorted(directory.glob("*/*.yml")):
        try:
            content = _read(path)
        except ParameterError as error:
            problems.append(error.message)
            continue
        if isinstance(content, _TaxItemFile):
            for item in content.items:
                if item.code in tax_items:
                    problems.append(f"{path}: tax item {item.code} is given twice")
                tax_items[item.code] = item
        else:
            by_id[content.id] = _parameter(content)
    for item in tax_items.values():
        if f"{RATE_FOLDER}.{item.rate_family}" not in by_id:
            problems.append(f"{directory}: tax item {item.code} has the unknown rate family {item.rate_family!r}")
    if problems:
        raise ParameterError("\n".join(problems), "correct the parameter files named above")
    return Parameters(by_id, tax_items)


def _with_added(shipped: Parameters, added: Path) -> Parameters:
    by_id = dict(shipped.by_id)
    problems: list[str] = []
    for path in sorted(p for p in added.rglob("*") if p.is_file() and not p.name.startswith(".")):
        if path.suffix != ".yml" or path.parent.parent != added:
            problems.append(f"{path}: found a file here, expected {added}/<domain>/<name>.yml alone")
            continue
        try:
            content = _read(path)
            by_id[content.id] = _with_later_days(shipped, content, path)
        except ParameterError as error:
            problems.append(error.message)
    if problems:
        raise ParameterError("\n".join(problems), "correct the parameter files named above")
    return Parameters(by_id, shipped.tax_items)


def _with_later_days(shipped: Parameters, content: _ParameterFile | _TaxItemFile, path: Path) -> Parameter:
    """The parameter that we ship, with the days after its last that the office's file has.

    Raises:
        ParameterError: the file says something else of a day that we know, or leaves days out; all that is wrong.
    """
    if isinstance(content, _TaxItemFile) or content.id not in shipped.by_id:
        raise ParameterError(
            f"{path}: {content.id} is no parameter with dated values; those are {', '.join(sorted(shipped.by_id))}"
        )
    known, mine = shipped.by_id[content.id], _parameter(content)
    if mine.fields != known.fields:
        raise ParameterError(f"{path}: fields are {dict(mine.fields)}, expected {dict(known.fields)}")
    begins, ends = known.periods[0].first, known.periods[-1].last
    problems = []
    if mine.periods[0].first < begins:
        problems.append(
            f"begins on {mine.periods[0].first}, before the first value known ({begins}); add later days only"
        )
    for ours in known.periods:
        for theirs in mine.periods:
            first, last = max(ours.first, theirs.first), min(ours.last, theirs.last)
            if first <= last and ours.raw != theirs.raw:
                problems.append(
                    f"{dict(theirs.raw)} from {first} to {last}, but {dict(ours.raw)} is known for these days "
                    f"({ours.basis[0].instrument})"
                )
    later = tuple(replace(v, first=max(v.first, ends + ONE_DAY)) for v in mine.periods if v.last > ends)
    if later and later[0].first != ends + ONE_DAY:
        problems.append(f"no value between {ends} and {later[0].first}: periods must follow each other")
    if problems:
        raise ParameterError("\n".join(f"{path}: {content.id}: {problem}" for problem in problems))
    return replace(known, periods=(*known.periods, *later))


def _read(path: Path) -> _ParameterFile | _TaxItemFile:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
        model = _TaxItemFile if isinstance(data, dict) and "items" in data else _ParameterFile
        content: _ParameterFile | _TaxItemFile = model.model_validate(data)
    except ValidationError as error:
        found = [
            f"{path}: {'.'.join(map(str, part['loc'])) or 'file'}: {part['msg'].removeprefix('Value error, ')}"
            for part in error.errors()
        ]
        raise ParameterError("\n".join(found)) from error
    except (yaml.YAMLError, ValueError) as error:  # an impossible day, or a file saved in CP932, is a ValueError
        raise ParameterError(f"{path}: not YAML in UTF-8: {error}") from error
    expected = f"{path.parent.name}.{path.stem}"
    if content.id != expected:
        raise ParameterError(f"{path}: id {content.id!r} must be {expected!r}, from its folder and file name")
    return content


def _parameter(content: _ParameterFile) -> Parameter:
    periods = tuple(
        Values(
            parameter_id=content.id,
            first=value.first,
            last=value.last,
            raw={name: _convert(value.value[name], kind, name) for name, kind in content.fields.items()},
            basis=tuple(value.basis),
        )
        for value in content.values
    )
    return Parameter(
        content.id,
        content.label_ja,
        content.description.strip(),
        content.unit,
        content.last_verified_on,
        periods,
        content.fields,
    )
