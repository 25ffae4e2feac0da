"""The catalogue of reports: what exists, for whom, when it runs, and which parameters it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import yaml
from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from osame.home import PROJECT
from reports.build_info import ALWAYS_READ
from reports.errors import CatalogError, ReportParameterError, UnknownReportError, suggestion
from reports.period import PERIOD_PARAMETERS, period_problems

CATALOG_FILE = Path(__file__).with_name("catalog.yml")
NOTEBOOKS = PROJECT / "notebooks"

ParameterValue = str | int | bool
ParameterType = Literal["month", "date", "integer", "text", "boolean"]

PYTHON_TYPES: dict[ParameterType, type] = {"month": str, "date": str, "integer": int, "text": str, "boolean": bool}
"""How a parameter of each type stands in a notebook. A month or date that was not given is the empty text."""

_EXAMPLES: dict[ParameterType, str] = {
    "month": "a month such as 2026-05",
    "date": "a date such as 2026-05-31",
    "integer": "a whole number",
    "text": "text",
    "boolean": "true or false",
}
_BOOLEANS = {"true": True, "false": False}
_ASKED = re.compile(r"""report\.table\(["']([a-z0-9_]+)["']\)""")
_ANY_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - a pattern is read, no time is asked


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Parameter(_Strict):
    """One parameter. Without a default it must be given; ``allowed`` lists the only values it may take."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: ParameterType
    default: ParameterValue | None = None
    allowed: list[ParameterValue] | None = None
    label_ja: str = Field(min_length=1)
    description: str = Field(min_length=1)

    @model_validator(mode="after")
    def _values_have_the_type(self) -> Parameter:
        for value in [*([] if self.default is None else [self.default]), *(self.allowed or [])]:
            if type(value) is not PYTHON_TYPES[self.type]:
                raise ValueError(f"{self.name}: {value!r} is not {_EXAMPLES[self.type]} (type {self.type})")
        if self.default is not None and self.allowed is not None and self.default not in self.allowed:
            raise ValueError(f"{self.name}: the default {self.default!r} is not among the allowed values")
        return self

    @property
    def required(self) -> bool:
        return self.default is None

    def parse(self, text: str) -> ParameterValue:
        """The value that ``text`` (as typed after ``-p name=``) stands for.

        Raises:
            ValueError: it is not of this parameter's type, or not among the allowed values.
        """
        value = self._typed(text)
        if self.allowed is not None and value not in self.allowed:
            raise ValueError(f"found {text!r}, allowed are {', '.join(str(choice) for choice in self.allowed)}")
        return value

    def _typed(self, text: str) -> ParameterValue:
        wrong = ValueError(f"found {text!r}, expected {_EXAMPLES[self.type]}")
        if self.type == "text":
            return text
        if self.type == "boolean":
            if text not in _BOOLEANS:
                raise wrong
            return _BOOLEANS[text]
        if self.type == "integer":
            if not re.fullmatch(r"-?[0-9]{1,18}", text):
                raise wrong
            return int(text)
        if text == "" and not self.required:
            return text
        if not re.fullmatch(r"\d{4}-\d{2}" if self.type == "month" else r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise wrong
        try:
            date.fromisoformat(f"{text}-01" if self.type == "month" else text)
        except ValueError:
            raise wrong from None
        return text


class ReportEntry(_Strict):
    """One report of the catalogue. Without a ``cadence`` it is made on demand only, never by ``--all``.

    ``also_reads``: tables that its notebook does not name because a function reads them for it.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_ja: str = Field(min_length=1)
    notebook: str = Field(pattern=r"^[a-z][a-z0-9_]*\.ipynb$")
    owner: str = Field(min_length=1)
    reader: str = Field(min_length=1)
    cadence: str | None
    time_limit_minutes: int = Field(gt=0)
    parameters: list[Parameter]
    outputs: list[str] = Field(min_length=1)
    also_reads: list[str] = []

    @field_validator("cadence")
    @classmethod
    def _five_cron_fields(cls, cadence: str | None) -> str | None:
        if cadence is None:
            return None
        try:
            CronSim(cadence, _ANY_DAY)
        except CronSimError as error:
            raise ValueError(f"found {cadence!r}, expected five cron fields such as '30 7 * * 1-5'") from error
        return cadence

    @field_validator("outputs")
    @classmethod
    def _plain_file_names(cls, outputs: list[str]) -> list[str]:
        for name in outputs:
            if not re.fullmatch(r"[a-z0-9_]+\.(html|xlsx|pdf|csv)", name):
                raise ValueError(f"found {name!r}, expected a file name such as daily_collection.xlsx")
        if "index.html" not in outputs:
            raise ValueError("index.html is missing: every report has a page")
        return outputs

    @field_validator("parameters")
    @classmethod
    def _names_once(cls, parameters: list[Parameter]) -> list[Parameter]:
        names = [parameter.name for parameter in parameters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"parameters named twice: {', '.join(twice)}")
        return parameters

    @property
    def has_period(self) -> bool:
        """Whether its parameters choose the days that it covers."""
        return any(parameter.name in PERIOD_PARAMETERS for parameter in self.parameters)

    @property
    def notebook_path(self) -> Path:
        return NOTEBOOKS / self.notebook

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the warehouse that it reads: those that every report does, and those its notebook names."""
        cells = json.loads(self.notebook_path.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        named = (_ASKED.findall(source) for source in code)
        return tuple(dict.fromkeys([*ALWAYS_READ, *(name for found in named for name in found), *self.also_reads]))

    def check(self, given: Mapping[str, str]) -> dict[str, ParameterValue]:
        """All parameters of a run, typed; defaults filled in.

        Raises:
            ReportParameterError: with every problem, not just the first.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        problems = [f'there is no parameter "{name}"{suggestion(name, known)}' for name in given if name not in known]
        values: dict[str, ParameterValue] = {}
        for name, parameter in known.items():
            if name not in given:
                if parameter.default is None:
                    problems.append(f'parameter "{name}" ({parameter.label_ja}) is missing')
                else:
                    values[name] = parameter.default
                continue
            try:
                values[name] = parameter.parse(given[name])
            except ValueError as error:
                problems.append(f'parameter "{name}" ({parameter.label_ja}): {error}')
        problems = problems or period_problems(values)
        if problems:
            raise ReportParameterError(self.id, problems)
        return values


class Catalog(_Strict):
    """All reports, in the order in which the portal and ``--all`` take them."""

    reports: list[ReportEntry]

    @model_validator(mode="after")
    def _once_each(self) -> Catalog:
        for field in ("id", "notebook"):
            values = [getattr(entry, field) for entry in self.reports]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{field} used twice: {', '.join(twice)}")
        return self

    def get(self, report_id: str) -> ReportEntry:
        """The report of that id.

        Raises:
            UnknownReportError: with the closest id.
        """
        for entry in self.reports:
            if entry.id == report_id:
                return entry
        raise UnknownReportError(
            f'there is no report "{report_id}"{suggestion(report_id, [entry.id for entry in self.reports])}',
            "see the reports with: osame report --list",
        )


def load_catalog(path: Path = CATALOG_FILE) -> Catalog:
    """The catalogue at ``path``, checked against its model.

    Raises:
        CatalogError: with every line of the file that is not as the model says.
    """
    try:
        return Catalog.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CatalogError(f"{path.name}: {_readable(error)}", "correct the catalogue; nothing was run") from error


def _readable(error: ValidationError | yaml.YAMLError) -> str:
    if isinstance(error, yaml.YAMLError):
        return str(error)
    return "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
