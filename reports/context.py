"""What a notebook opens: the read-only warehouse as Ibis, the checked parameters, and what is shown and left behind.

A notebook asks (``report.table(…)`` and a short Ibis expression) and says what is shown (``show``, ``chart``,
``figures``). All else is made here: labels and words, sums, the workbook, 検算, warnings, and the run's record.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import duckdb
from ibis.expr import operations as ops
from ibis.expr.types import Table, Value

from osame.home import Home, open_home
from osame.stores import as_ibis, open_warehouse, rows_of
from reports import provenance
from reports.about import TRIAL, About, Order
from reports.build_info import RunInfo, check_tables, fiscal_years, run_info, watermark
from reports.catalog import PYTHON_TYPES, ParameterValue, ReportEntry, load_catalog
from reports.checks import Check, calendar_effects, period_warnings
from reports.errors import ReportParameterError, WrongWarehouseError, suggestion
from reports.look import charts, text, workbook
from reports.look.html import Html, attention, join, paragraph
from reports.look.listing import Listing, Row, columns_of, in_order, is_figure, with_rates, with_sums
from reports.look.svg import Chart, Series
from reports.look.tables import Figure, key_figures, listed
from reports.period import covered, running_totals

RUN_VARIABLE = "OSAME_REPORT_RUN"
"""Names the run's order, a JSON file in the folder that the run writes to. Without it the notebook runs as a trial."""
ORDER_FILE = "run.json"
RESULT_FILE = "result.json"
ABOVE_ALL = (
    "100％を超える率があります。収入済額はまだ還付していない過誤納（還付未済）を含み、"
    "収入の後で調定額が減額されることもあるためです。"
)
_WHOLE = 1000  # tenths of a percent


@dataclass
class Report(About):
    """An open report. Close it with ``finish`` in the last cell, or use it as a context manager."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    lists: dict[str, Listing] = field(default_factory=dict)
    charts: dict[str, tuple[str, Chart]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loads: list[Row] = field(default_factory=list)
    key_figures: list[Figure] = field(default_factory=list)
    sheets: list[Callable[[workbook.Book], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ibis = as_ibis(self.connection)
        self._code_names = _code_names(self.connection)
        self.warnings += period_warnings(self.period, self.as_of) if self.entry.has_period else []

    # ---- asking -----------------------------------------------------------------------------------------------------

    def table(self, name: str) -> Table:
        """A public table of the warehouse, for an Ibis expression.

        Raises:
            WrongWarehouseError: it is not there.
        """
        check_tables(self.connection, [name])
        return self._ibis.table(name)

    def rows(self, expression: Table | Sequence[Any]) -> list[Row]:
        """The rows of an expression, or of dataclasses, by column name."""
        if isinstance(expression, Table):
            found: list[Row] = expression.to_pyarrow().to_pylist()
            return found
        return [asdict(row) if is_dataclass(row) and not isinstance(row, type) else dict(row) for row in expression]

    def one(self, expression: Table) -> Row:
        """The one row of an expression; sums of nothing are 0."""
        (row,) = self.rows(expression)
        return {name: 0 if value is None else value for name, value in row.items()}

    # ---- showing ----------------------------------------------------------------------------------------------------

    def heading(self) -> Html:
        """City, title, period, as-of and known-at; the page puts 注意事項 behind it."""
        return join(
            text.heading(self.entry.title_ja, self.city, provenance.facts(self)),
            Html("<!-- 注意事項 -->"),
            attention(self.warnings) if self.is_trial else Html(""),
        )

    def show(
        self,
        name: str,
        rows: Table | Sequence[Any],
        caption: str,
        *,
        sheet: str,
        nothing: str,
        columns: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        sums: Sequence[Sequence[str]] = (),
        rates: Mapping[str, tuple[str, str]] | None = None,
        shares: Mapping[str, str] | None = None,
        group: str | None = None,
        hidden: Sequence[str] = (),
        of: Sequence[str] = (),
        counted: bool = True,
    ) -> Html:
        """Show a list on the page, of a long one the first rows, and keep it whole for the workbook.

        Args:
            name: of the list; unique in the report, and its anchor on the page.
            rows: an Ibis expression, or dataclasses. Without an order of its own, its key columns order it.
            caption: what stands over it on the page.
            sheet: the name of its sheet in the workbook.
            nothing: the sentence that stands in its place where it is empty.
            columns: which, in which order; by default all.
            labels: of columns that no table has, or that this list calls otherwise.
            sums: for each kind of sum, the columns by which it is kept apart; none for the sum of all.
            rates: by a new column ``…_permille``, the two columns whose quotient it is (in sums too).
            shares: by a new column ``…_permille``, the column of whose total it is the part.
            group: the column whose values head groups of rows on the page.
            hidden: columns that only the workbook has.
            of: the tables whose YAML has the labels, where ``rows`` is no expression.
            counted: whether its values belong to the checksum of the figures.
        """
        tables = _tables_of(rows) if isinstance(rows, Table) else list(of)
        found = self.rows(rows)
        names = list(columns) or [
            *(rows.columns if isinstance(rows, Table) else found[0] if found else ()),
            *(rates or {}),
            *(shares or {}),
        ]
        keys = [key for key in names if not is_figure(key)]
        if isinstance(rows, Table) and not _is_ordered(rows):
            found = in_order(found, keys, tables)
        lines = with_sums(found, keys, sums) if found else []
        with_rates(lines, rates or {}, shares or {})
        notes = [ABOVE_ALL] if any((row.values[rate] or 0) > _WHOLE for row in lines for rate in rates or {}) else []
        shown = columns_of(names, tables, labels or {}, self._code_names)
        listing = Listing(name, sheet, caption, nothing, shown, lines, tuple(hidden), group, counted, notes)
        self.lists[name] = listing
        return listed(listing)

    def chart(
        self,
        name: str,
        rows: Table | Sequence[Row],
        title: str,
        *,
        kind: Literal["bars", "lines"],
        x: str,
        y: str,
        series: str | None = None,
        labels: Mapping[str, str] | None = None,
        past: str | None = None,
        places: Sequence[Any] = (),
        summary: str = "",
    ) -> Html:
        """Draw rows, on the page and as a native chart of the workbook.

        Args:
            name: of the chart; unique in the report.
            rows: an expression with one row at most for each place and series, in the order of the places.
            title: what it shows.
            kind: bars stand on each other; lines are for what is compared.
            x: the column of the places.
            y: the column of the values (``_yen``, ``_count``, ``_permille``); a running total (``_to_date_yen``) stays
                where it is in a place without a row, that of the report's own year up to the as-of date.
            series: the column that tells bars or lines apart.
            labels: of ``x`` and ``y``, where no table has them.
            past: of lines over years, the column of the series that the report is about; those before it are dashed.
            places: all of them, where ``rows`` may lack some.
            summary: what it says, in words; by default the highest place, or where each line ends.
        """
        tables = _tables_of(rows) if isinstance(rows, Table) else []
        found = self.rows(rows)
        if isinstance(rows, Table) and not _is_ordered(rows):
            found = in_order(found, [x, *([series] if series else [])], tables)
        if not found:
            return paragraph(f"「{title}」のグラフにする数値はありません。")
        named = columns_of([x, series or y], tables, {x: x, y: title, **(labels or {})}, self._code_names)
        every, values = charts.pivoted(found, x, y, series, 0 if kind == "bars" else None, places)
        if y.endswith("_to_date_yen"):
            came = sum(place <= self.as_of for place in every)
            values = {
                code: charts.carried(line, came if past and place == 0 else len(every))
                for place, (code, line) in enumerate(values.items())
            }
        short, long = charts.axis_labels(every, x)
        drawn = [
            Series(
                named[1].shown(code) if series else (labels or {}).get(y, title),
                line,
                charts.YEAR_COLOURS[min(place, 3)] if past else charts.colour_of(series, code, place),
                dashed=bool(past) and place > 0,
            )
            for place, (code, line) in enumerate(values.items())
        ]
        made = Chart(f"chart-{name}", kind, title, "", short, long, drawn, charts.unit_of(y))
        made = made.saying(summary or charts.summary(made))
        self.charts[name] = (named[0].label, made)
        return charts.show(made)

    def running_totals(self, rows: Table, years: int) -> list[Row]:
        """Yen added up day by day over the period up to the as-of date, beside the same days of years before.

        Args:
            rows: with ``posted_date`` and one ``_yen`` column, one row a day; days of the years before too.
            years: how many; a year without any row is left out.

        Returns:
            ``posted_date`` (of the period), ``year`` (how it is called) and ``running_yen``, the period first.
        """
        (yen,) = (name for name in rows.columns if name.endswith("_yen"))
        amounts = {row["posted_date"]: row[yen] for row in self.rows(rows)}
        return running_totals(amounts, self.period, self.as_of, years)

    def figures(self, *figures: tuple[str, int] | tuple[str, int, str] | tuple[str, int, str, str]) -> Html:
        """The figures that are read first: name, value, unit (円) and remark."""
        self.key_figures += [Figure(*figure) for figure in figures]
        return key_figures(self.key_figures)

    def note(self, *sentences: str) -> Html:
        """Remarks in small type; those that say nothing are left out."""
        return join(*(text.note(sentence) for sentence in sentences if sentence))

    def calendar_note(self) -> Html:
        """Which months of the period paid in the next, because their last day was no business day."""
        return self.note(calendar_effects(self.period))

    # ---- checking ---------------------------------------------------------------------------------------------------

    def warn(self, sentence: str, rows: Table, yen: Value | None = None) -> None:
        """Warn of rows that there should not be, if there are any.

        Args:
            sentence: in which ``{count}`` and ``{yen}`` stand for how many they are, and how much.
            rows: those to warn of.
            yen: what is summed of each.
        """
        sums = {"yen": (rows.count() if yen is None else yen.sum())}
        found = self.one(rows.aggregate(count=rows.count(), **sums))
        if found["count"]:
            self.warnings.append(sentence.format(count=text.count(found["count"]), yen=text.yen(found["yen"])))

    def check(self, name: str, left_yen: int, right_yen: int) -> None:
        """Hold two sums against each other; a difference is a warning too."""
        check = Check(name, left_yen, right_yen)
        self.checks.append(check)
        if not check.holds:
            self.warnings.insert(0, f"検算が合いません。{check.sentence()}")

    def total(self, name: str, column: str) -> int:
        """The sum of a column of a list that was shown."""
        return self.lists[name].total(column)

    def proof(self) -> Html:
        """検算: every sum that was held against another."""
        return text.proof([check.sentence() for check in self.checks], all(check.holds for check in self.checks))

    def sources(self, load_ids: Table) -> None:
        """Name the files that the figures come from: their ``load_id``, for the record and the manifest."""
        loads = self.table("fct_loads").filter(lambda load: load.status == "landed").semi_join(load_ids, "load_id")
        files = loads.order_by("landed_at", "file_name", "sha256").select("load_id", "file_name", "sha256")
        self.loads = [row | {"load_id": str(row["load_id"])} for row in self.rows(files)]

    # ---- leaving ----------------------------------------------------------------------------------------------------

    def figures_sha256(self) -> str:
        """One value for all figures: equal when the same report is made again of the same build."""
        content = {
            "lists": {name: listing.figures() for name, listing in self.lists.items() if listing.counted},
            "charts": {name: [(s.name, s.values) for s in chart.series] for name, (_, chart) in self.charts.items()},
            "figures": [(figure.name, figure.value) for figure in self.key_figures],
            "loads": sorted(load["sha256"] for load in self.loads),
        }
        return hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()

    def record(self) -> Html:
        """作成記録: how this report was made, and from which files."""
        return provenance.block(self, watermark(self.connection), self.figures_sha256(), self.loads)

    def output(self, name: str) -> Path:
        """Where the output of that name goes.

        Raises:
            ValueError: the catalogue does not list it.
        """
        if name not in self.entry.outputs:
            raise ValueError(f'"{name}" is no output of {self.entry.id}{suggestion(name, self.entry.outputs)}')
        return self.folder / name

    def finish(self) -> None:
        """Write the workbook, leave the record for the manifest, and close the warehouse."""
        if f"{self.entry.id}.xlsx" in self.entry.outputs:
            self._write_workbook(self.output(f"{self.entry.id}.xlsx"))
        record = {
            "title_ja": self.entry.title_ja,
            "municipality_code": self.info.municipality_code,
            "municipality_name": self.info.municipality_name,
            "period": {"first": self.period.first.isoformat(), "last": self.period.last.isoformat()},
            "period_ja": self.period_name,
            "as_of_date": self.as_of.isoformat(),
            "known_at": self.info.known_at.isoformat(sep=" "),
            "warehouse_code_version": self.info.code_version,
            "loads": self.loads,
            "watermark": asdict(watermark(self.connection)),
            "figures_sha256": self.figures_sha256(),
            "warnings": self.warnings,
        }
        (self.folder / RESULT_FILE).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        self.connection.close()

    def _write_workbook(self, path: Path) -> None:
        book = workbook.Book(path, f"{self.city}　{self.entry.title_ja}", self.period_name, self.made_at)
        remarks = [*(check.sentence() for check in self.checks), *self.warnings]
        record = provenance.record(self, watermark(self.connection), self.figures_sha256())
        workbook.write_cover(book, self.key_figures, remarks, record)
        for write in self.sheets:
            write(book)
        for listing in self.lists.values():
            if listing.sheet:
                workbook.write_list(book, listing)
        for number, (place, chart) in enumerate(self.charts.values(), 1):
            workbook.write_chart(book, f"グラフ{number}", place, chart)
        book.close()

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()


def open_report(report_id: str, **parameters: ParameterValue) -> Report:
    """Open the warehouse for a report, read-only.

    In a run the parameters must be those that the runner has checked. In JupyterLab they are checked here, the home is
    ``OSAME_HOME``, and outputs go to a temporary folder: a trial publishes nothing.

    Raises:
        ReportParameterError: unknown, missing or of the wrong type.
        WrongWarehouseError: tables are missing, or the warehouse is not at the date in ``as_of_date``.
    """
    entry = load_catalog().get(report_id)
    order_file = os.environ.get(RUN_VARIABLE)
    if order_file:
        order, folder = Order.read(Path(order_file)), Path(order_file).parent
        _check_order(order, report_id, parameters)
        home, values = Home(Path(order.home)), order.parameters
    else:
        home, values = open_home(), entry.check(_as_typed(entry, parameters))
        folder = Path(tempfile.mkdtemp(prefix=f"osame-{report_id}-"))
    connection = open_warehouse(home)
    info = check_warehouse(connection, entry, values)
    values = resolved(connection, entry, values, info)
    if not order_file:
        order = Order(report_id, TRIAL, str(home.root), values, None, TRIAL)
    return Report(entry, order, info, covered(values, info.as_of_date), folder, connection)


def check_warehouse(
    connection: duckdb.DuckDBPyConnection, entry: ReportEntry, parameters: Mapping[str, ParameterValue]
) -> RunInfo:
    """Which build this is, if it can serve a report with these parameters.

    Raises:
        WrongWarehouseError: tables are missing, ``as_of_date`` was given and differs, or there are no books of the
            ``fiscal_year``.
    """
    check_tables(connection, entry.tables)
    info = run_info(connection)
    wanted = parameters.get("as_of_date", "")
    if wanted and wanted != info.as_of_date.isoformat():
        raise WrongWarehouseError(
            f"the warehouse is as of {info.as_of_date}, the report was asked for as of {wanted}",
            f"run: osame build --as-of {wanted}",
        )
    year = parameters.get("fiscal_year")
    if year is not None and year not in (0, *(years := fiscal_years(connection))):
        raise WrongWarehouseError(
            f"the warehouse has no books of fiscal year {year}",
            f"ask for one of {', '.join(str(known) for known in years)}",
        )
    return info


def resolved(
    connection: duckdb.DuckDBPyConnection, entry: ReportEntry, parameters: dict[str, ParameterValue], info: RunInfo
) -> dict[str, ParameterValue]:
    """The parameters with what an empty one stands for, where that depends on the warehouse.

    The fiscal year 0 is the last one whose books are complete: whose 出納整理期間 (to 5/31) is over on the as-of date.
    """
    if parameters.get("fiscal_year") != 0:
        return parameters
    years = fiscal_years(connection)
    if not years:
        raise WrongWarehouseError("the warehouse has no books of any fiscal year", "land assessments and payments")
    complete = [year for year in years if date(year + 1, 5, 31) <= info.as_of_date]
    return parameters | {"fiscal_year": max(complete, default=years[0])}


def _check_order(order: Order, report_id: str, parameters: Mapping[str, ParameterValue]) -> None:
    if order.report_id != report_id or order.parameters != dict(parameters):
        raise ReportParameterError(
            report_id,
            [f"the run is {order.report_id} with {order.parameters}, the notebook opens {report_id} with {parameters}"],
        )


def _as_typed(entry: ReportEntry, parameters: Mapping[str, ParameterValue]) -> dict[str, str]:
    types = {parameter.name: PYTHON_TYPES[parameter.type] for parameter in entry.parameters}
    wrong = [
        f'parameter "{name}": found {value!r}, expected {types[name].__name__}'
        for name, value in parameters.items()
        if name in types and type(value) is not types[name]
    ]
    if wrong:
        raise ReportParameterError(entry.id, wrong)
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}


_CODE_NAMES = {
    "tax_item_code": ("dim_tax_items", "tax_item_name", "不明金（科目未定）"),
    "channel_code": ("dim_channels", "channel_name", "（納付方法なし）"),
    "match_method": ("match_methods", "match_name", ""),
}
"""Columns whose codes a table of the warehouse names: the table, the column of names, and what no code means."""


def _code_names(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str | None, str]]:
    found = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
    return {
        code: {None: nothing, **{row[code]: row["name"] for row in _names(connection, table, code, name)}}
        for code, (table, name, nothing) in _CODE_NAMES.items()
        if table in found
    }


def _names(connection: duckdb.DuckDBPyConnection, table: str, code: str, name: str) -> list[Row]:
    return rows_of(connection, f"select {code}, {name} as name from {table} order by 1")


def _tables_of(expression: Table) -> list[str]:
    """The tables that an expression reads."""
    return list(dict.fromkeys(node.name for node in expression.op().find(ops.DatabaseTable)))


def _is_ordered(expression: Table) -> bool:
    """Whether an expression says in which order its rows come (below a choice of rows or columns, or not)."""
    node = expression.op()
    while isinstance(node, ops.Project | ops.DropColumns | ops.Filter | ops.FillNull):
        node = node.parent
    return isinstance(node, ops.Sort | ops.Limit)
