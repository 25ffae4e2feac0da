"""What a notebook opens: the read-only warehouse, the checked parameters, the folder for outputs, the run's record."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from osame.home import Home, open_home
from osame.stores import open_warehouse
from reports import checks, queries
from reports.catalog import PYTHON_TYPES, ReportEntry, Value, load_catalog
from reports.errors import ParameterError, WrongWarehouseError, suggestion
from reports.period import PERIOD_PARAMETERS, Period, resolve_period
from reports.queries import DailyCollection, RunInfo

RUN_VARIABLE = "OSAME_REPORT_RUN"
"""Names the run's order, a JSON file in the folder that the run writes to. Without it the notebook runs as a trial."""
ORDER_FILE = "run.json"
RESULT_FILE = "result.json"
TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Order:
    """What the runner asks of a notebook. ``started_at`` is JST; None in a trial run in JupyterLab."""

    report_id: str
    run_id: str
    home: str
    parameters: dict[str, Value]
    started_at: str | None
    code_version: str

    @classmethod
    def read(cls, path: Path) -> Order:
        """The order in the file at ``path``."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write the order for the notebook to read."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


@dataclass(frozen=True)
class Report:
    """An open report. Use it as a context manager, or call ``finish`` in the last cell."""

    entry: ReportEntry
    order: Order
    folder: Path
    connection: duckdb.DuckDBPyConnection
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

    def output(self, name: str) -> Path:
        """Where the output of that name goes.

        Raises:
            ValueError: the catalogue does not list it.
        """
        if name not in self.entry.outputs:
            raise ValueError(f'"{name}" is no output of {self.entry.id}{suggestion(name, self.entry.outputs)}')
        return self.folder / name

    def finish(self, data: DailyCollection) -> None:
        """Leave the record of the 日計表 for the manifest, and close the warehouse."""
        self.conclude(
            checks.warnings(data, self.info), queries.load_references(data.loads), queries.figures_sha256(data)
        )

    def conclude(self, warnings: list[str], loads: list[dict[str, Any]], figures_sha256: str) -> None:
        """Leave the record of what was shown for the manifest, and close the warehouse.

        Args:
            warnings: what the reader must know; the portal shows them.
            loads: the files that the figures come from (load_id, file_name, sha256).
            figures_sha256: equal when the same report is made again.
        """
        record = {
            "title_ja": self.entry.title_ja,
            "municipality_code": self.info.municipality_code,
            "municipality_name": self.info.municipality_name,
            "period": {"first": self.period.first.isoformat(), "last": self.period.last.isoformat()},
            "as_of_date": self.info.as_of_date.isoformat(),
            "known_at": self.info.known_at.isoformat(sep=" "),
            "warehouse_code_version": self.info.code_version,
            "loads": loads,
            "watermark": asdict(queries.watermark(self.connection)),
            "figures_sha256": figures_sha256,
            "warnings": warnings,
        }
        (self.folder / RESULT_FILE).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        self.connection.close()

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()


def open_report(report_id: str, **parameters: Value) -> Report:
    """Open the warehouse for a report, read-only.

    In a run the parameters must be those that the runner has checked. In JupyterLab they are checked here, the home is
    ``OSAME_HOME``, and outputs go to a temporary folder: a trial publishes nothing.

    Raises:
        ParameterError: unknown, missing or of the wrong type.
        WrongWarehouseError: tables are missing, or the warehouse is not at the date in ``as_of_date``.
    """
    entry = load_catalog().get(report_id)
    order_file = os.environ.get(RUN_VARIABLE)
    if order_file:
        order, folder = Order.read(Path(order_file)), Path(order_file).parent
        _check_order(order, report_id, parameters)
    else:
        values = entry.check(_as_typed(entry, parameters))
        order = Order(report_id, TRIAL, str(open_home().root), values, None, TRIAL)
        folder = Path(tempfile.mkdtemp(prefix=f"osame-{report_id}-"))
    connection = open_warehouse(Home(Path(order.home)))
    info = check_warehouse(connection, order.parameters)
    return Report(entry, order, folder, connection, info, _period(entry, order, info))


def _period(entry: ReportEntry, order: Order, info: RunInfo) -> Period:
    """The days that the report covers; of one that has no such parameter, the day of the build."""
    if not entry.has_period:
        return Period(info.as_of_date, info.as_of_date)
    month, first, last = (str(order.parameters.get(name, "")) for name in PERIOD_PARAMETERS)
    return resolve_period(month, first, last, info.as_of_date)


def check_warehouse(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Value]) -> RunInfo:
    """Which build this is, if it can serve a report with these parameters.

    Raises:
        WrongWarehouseError: tables are missing, ``as_of_date`` was given and differs, or there are no books of the
            ``fiscal_year``.
    """
    queries.check_tables(connection)
    info = queries.run_info(connection)
    wanted = parameters.get("as_of_date", "")
    if wanted and wanted != info.as_of_date.isoformat():
        raise WrongWarehouseError(
            f"the warehouse is as of {info.as_of_date}, the report was asked for as of {wanted}",
            f"run: osame build --as-of {wanted}",
        )
    if "fiscal_year" in parameters and parameters["fiscal_year"] not in (years := queries.fiscal_years(connection)):
        raise WrongWarehouseError(
            f"the warehouse has no books of fiscal year {parameters['fiscal_year']}",
            f"ask for one of {', '.join(str(year) for year in years)}",
        )
    return info


def _check_order(order: Order, report_id: str, parameters: Mapping[str, Value]) -> None:
    if order.report_id != report_id or order.parameters != dict(parameters):
        raise ParameterError(
            report_id,
            [f"the run is {order.report_id} with {order.parameters}, the notebook opens {report_id} with {parameters}"],
        )


def _as_typed(entry: ReportEntry, parameters: Mapping[str, Value]) -> dict[str, str]:
    types = {parameter.name: PYTHON_TYPES[parameter.type] for parameter in entry.parameters}
    wrong = [
        f'parameter "{name}": found {value!r}, expected {types[name].__name__}'
        for name, value in parameters.items()
        if name in types and type(value) is not types[name]
    ]
    if wrong:
        raise ParameterError(entry.id, wrong)
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}
