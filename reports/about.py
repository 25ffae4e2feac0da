"""What a report is about: its entry in the catalogue, its order, the build that it reads, the days that it covers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from reports.build_info import RunInfo
from reports.catalog import ParameterValue, ReportEntry
from reports.look import text
from reports.period import Period, years_later

TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Order:
    """What the runner asks of a notebook. ``started_at`` is JST; None in a trial run in JupyterLab."""

    report_id: str
    run_id: str
    home: str
    parameters: dict[str, ParameterValue]
    started_at: str | None
    code_version: str

    @classmethod
    def read(cls, path: Path) -> Order:
        """The order in the file at ``path``."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write the order for the notebook to read."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


@dataclass
class About:
    """The report, before anything is asked: whose, on which parameters, of which build, over which days."""

    entry: ReportEntry
    order: Order
    info: RunInfo
    period: Period

    @property
    def city(self) -> str:
        """Name of the municipality."""
        return self.info.municipality_name

    @property
    def as_of(self) -> date:
        """基準日: book dates after it are not in the figures."""
        return self.info.as_of_date

    @property
    def made_at(self) -> datetime:
        """When the run began (JST); in a trial, the moment up to which files are known."""
        return datetime.fromisoformat(self.order.started_at) if self.order.started_at else self.info.known_at

    @property
    def is_trial(self) -> bool:
        """Whether somebody tries the notebook in JupyterLab: nothing is published."""
        return self.order.run_id == TRIAL

    @property
    def fiscal_year(self) -> int:
        """The fiscal year that the report is about."""
        return int(self.order.parameters["fiscal_year"])

    def until(self, name: str, years: int) -> date:
        """The day of a parameter; the as-of date so many years later where it is empty."""
        given = str(self.order.parameters[name])
        return date.fromisoformat(given) if given else years_later(self.as_of, years)

    @property
    def period_name(self) -> str:
        """What it is about, by its name: 令和7年度, 令和8年5月分, or the day of the books."""
        if "fiscal_year" in self.order.parameters:
            return text.fiscal_year(self.fiscal_year)
        if self.entry.has_period:
            return text.period(self.period)
        return f"{text.wareki_day(self.as_of)}現在"
