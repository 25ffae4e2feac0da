"""The catalogue is strict, and it and the notebooks agree."""

from __future__ import annotations

import ast
import copy
import re
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from osame.home import PROJECT
from reports.catalog import CATALOG_FILE, NOTEBOOKS, Catalog, Parameter, ReportEntry, load_catalog
from reports.commands.report import _chosen
from reports.errors import CatalogError, ReportParameterError, UnknownReportError
from reports.notebook import cell_parameters, check_contract, code_cells, read_notebook, tags_of
from reports.period import Period, covered, resolve_period

REPORT_NOTEBOOKS = sorted(NOTEBOOKS.glob("*.ipynb"))
LONGEST_CELL = 34
"""Lines: one question, formatted one argument a line."""
FORBIDDEN = re.compile(
    r"\bselect\s|\.sql\(|^\s*(def|class|try)\b|\blambda\b|\bread_(sql|csv|parquet|excel)\b|duckdb|sqlite|requests|urllib"
    r"|socket|subprocess|sys\.exit|https?://|^\s*[!%]",
    re.IGNORECASE | re.MULTILINE,
)


@pytest.fixture(scope="module")
def entry() -> ReportEntry:
    return load_catalog().get("daily_collection")


@pytest.fixture
def notebook(entry: ReportEntry) -> Any:
    return copy.deepcopy(read_notebook(entry.notebook_path))


def changed_catalog(tmp_path: Path, **changes: Any) -> Path:
    content = yaml.safe_load(CATALOG_FILE.read_text(encoding="utf-8"))
    content["reports"][0] |= changes
    path = tmp_path / "catalog.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_every_notebook_is_in_the_catalogue_and_every_entry_has_its_notebook() -> None:
    assert {entry.notebook for entry in load_catalog().reports} == {path.name for path in REPORT_NOTEBOOKS}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"cadense": "x"}, "reports.0.cadense: Extra inputs are not permitted"),
        ({"time_limit_minutes": "10"}, "reports.0.time_limit_minutes"),
        ({"cadence": "every day"}, "five cron fields"),
        ({"outputs": ["daily.xlsx"]}, "index.html is missing"),
        ({"outputs": ["index.html", "../x.html"]}, "expected a file name"),
        ({"id": "Daily"}, "reports.0.id"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_its_place(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CatalogError, match=re.escape(complaint)):
        load_catalog(changed_catalog(tmp_path, **changes))


def test_a_default_outside_the_allowed_values_is_refused() -> None:
    with pytest.raises(ValueError, match="not among the allowed values"):
        Parameter(name="kind", type="text", default="c", allowed=["a", "b"], label_ja="種類", description="種類")


def test_a_default_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        Parameter(name="year", type="integer", default=True, label_ja="年", description="年")


def test_all_reports_are_those_with_a_cadence() -> None:
    """What is made on demand needs to be told of whom: ``--all`` leaves it out."""
    catalog = load_catalog()
    chosen = {entry.id for entry in _chosen(catalog, [], every=True)}
    assert chosen == {entry.id for entry in catalog.reports if entry.cadence}
    assert "standing" not in chosen
    assert all(not parameter.required for entry in catalog.reports if entry.cadence for parameter in entry.parameters)


def test_an_unknown_report_is_answered_with_the_closest_id() -> None:
    with pytest.raises(UnknownReportError, match='did you mean "daily_collection"'):
        load_catalog().get("daily_colection")


def test_a_misspelt_parameter_is_refused_with_the_closest_name(entry: ReportEntry) -> None:
    with pytest.raises(ReportParameterError, match='there is no parameter "mnth", did you mean "month"') as caught:
        entry.check({"mnth": "2026-05"})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-5", "May 2026", "２０２６-０５", "2026-05-01"])
def test_a_month_that_is_none_is_refused(entry: ReportEntry, text: str) -> None:
    with pytest.raises(ReportParameterError, match="expected a month such as 2026-05"):
        entry.check({"month": text})


@pytest.mark.parametrize("text", ["2026-02-29", "20260501", "2026-05", "令和8年5月1日"])
def test_a_date_that_is_none_is_refused(entry: ReportEntry, text: str) -> None:
    with pytest.raises(ReportParameterError, match="expected a date such as 2026-05-31"):
        entry.check({"from_date": text, "to_date": "2026-05-31"})


def test_all_problems_are_told_at_once(entry: ReportEntry) -> None:
    with pytest.raises(ReportParameterError) as caught:
        entry.check({"mnth": "2026-05", "from_date": "x", "to_date": "y"})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"month": "2026-05", "from_date": "2026-05-01", "to_date": "2026-05-02"}, "not both"),
        ({"from_date": "2026-05-01"}, "go together"),
        ({"from_date": "2026-05-02", "to_date": "2026-05-01"}, "is after"),
        ({"from_date": "2024-01-01", "to_date": "2026-05-01"}, "at most 366"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    entry: ReportEntry, given: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ReportParameterError, match=complaint):
        entry.check(given)


def test_a_parameter_without_default_must_be_given(entry: ReportEntry) -> None:
    required = Parameter(name="year", type="integer", label_ja="会計年度", description="会計年度")
    with_required = entry.model_copy(update={"parameters": [required]})
    with pytest.raises(ReportParameterError, match=r'parameter "year" \(会計年度\) is missing'):
        with_required.check({})
    assert with_required.check({"year": "2026"}) == {"year": 2026}
    with pytest.raises(ReportParameterError, match="expected a whole number"):
        with_required.check({"year": "2026.0"})


def test_allowed_values_and_booleans() -> None:
    kind = Parameter(name="kind", type="text", allowed=["a", "b"], label_ja="種類", description="種類")
    assert kind.parse("b") == "b"
    with pytest.raises(ValueError, match="allowed are a, b"):
        kind.parse("c")
    flag = Parameter(name="flag", type="boolean", default=False, label_ja="旗", description="旗")
    assert flag.parse("true") is True
    with pytest.raises(ValueError, match="expected true or false"):
        flag.parse("1")


def test_ids_and_notebooks_are_used_once(entry: ReportEntry) -> None:
    with pytest.raises(ValueError, match="id used twice: daily_collection"):
        Catalog(reports=[entry, entry])


def test_a_report_of_a_fiscal_year_covers_its_days() -> None:
    assert covered({"fiscal_year": 2025}, date(2026, 6, 1)) == Period(date(2025, 4, 1), date(2026, 3, 31))
    assert covered({"key": "1"}, date(2026, 6, 1)) == Period(date(2026, 6, 1), date(2026, 6, 1))
    assert covered({"month": "", "from_date": "", "to_date": ""}, date(2026, 6, 1)).is_month


def test_without_parameters_the_period_is_the_month_of_the_as_of_date() -> None:
    assert resolve_period("", "", "", date(2024, 2, 10)) == Period(date(2024, 2, 1), date(2024, 2, 29))


def test_a_year_before_a_leap_february_is_a_whole_february() -> None:
    assert Period(date(2024, 2, 1), date(2024, 2, 29)).years_before(1) == Period(date(2023, 2, 1), date(2023, 2, 28))
    assert Period(date(2024, 2, 29), date(2024, 3, 2)).years_before(1) == Period(date(2023, 2, 28), date(2023, 3, 2))


@pytest.mark.parametrize("path", REPORT_NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_thin_and_has_no_outputs(path: Path) -> None:
    for cell in code_cells(read_notebook(path)):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= LONGEST_CELL, cell.source
        assert not FORBIDDEN.search(cell.source), cell.source
        assert cell.outputs == []
        assert cell.execution_count is None
        assert "papermill" not in cell.metadata
        assert "injected-parameters" not in tags_of(cell)
        imported = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Import | ast.ImportFrom)]
        modules = {node.module for node in imported if isinstance(node, ast.ImportFrom)}
        modules |= {name.name for node in imported if isinstance(node, ast.Import) for name in node.names}
        assert modules <= {"ibis", "reports", "reports.context"}
    assert "papermill" not in read_notebook(path).metadata


@pytest.mark.parametrize("path", REPORT_NOTEBOOKS, ids=lambda path: path.name)
def test_a_parameters_cell_is_its_own_manual(path: Path) -> None:
    import papermill

    for name, parameter in papermill.inspect_notebook(path).items():
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", parameter["help"]), f"{name} has no Japanese comment"


def test_notebook_and_catalogue_agree(entry: ReportEntry, notebook: Any) -> None:
    check_contract(notebook, entry)
    assert [parameter.name for parameter in cell_parameters(notebook, "x")] == [p.name for p in entry.parameters]


def parameters_cell(notebook: Any) -> Any:
    return next(cell for cell in notebook.cells if "parameters" in tags_of(cell))


def test_a_notebook_without_parameters_cell_is_refused(entry: ReportEntry, notebook: Any) -> None:
    parameters_cell(notebook).metadata.tags = []
    with pytest.raises(CatalogError, match='found 0 cells tagged "parameters"'):
        check_contract(notebook, entry)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("month: str", "mnth: str", '"month" is in the catalogue but not in the notebook'),
        ("month: str", "mnth: str", '"mnth" is in the notebook but not in the catalogue'),
        ("month: str", "month: int", '"month" is int in the notebook, str in the catalogue'),
        ('month: str = ""', 'month: str = "2026-05"', "by default in the notebook"),
        ('month: str = ""', 'month: str = "".strip()', "expected name: type = literal"),
        ('month: str = ""', 'month = ""', "expected name: type = literal"),
    ],
)
def test_a_parameters_cell_that_differs_is_refused(
    entry: ReportEntry, notebook: Any, old: str, new: str, complaint: str
) -> None:
    cell = parameters_cell(notebook)
    cell.source = cell.source.replace(old, new)
    with pytest.raises(CatalogError, match=re.escape(complaint)):
        check_contract(notebook, entry)


def test_a_notebook_whose_last_cell_is_not_done_is_refused(entry: ReportEntry, notebook: Any) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell("print(1)"))
    with pytest.raises(CatalogError, match='the last code cell is not tagged "done"'):
        check_contract(notebook, entry)


def test_no_notebook_names_a_personal_column() -> None:
    personal: set[str] = set()
    open_names: set[str] = set()
    for path in (PROJECT / "ingestion" / "layouts").glob("*.yml"):
        for item in fields_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
            (personal if item.get("personal") else open_names).add(item["name"])
    assert {"holder_name", "account_no", "payer_name"} <= personal
    for path in REPORT_NOTEBOOKS:
        source = "\n".join(cell.source for cell in code_cells(read_notebook(path)))
        words = set(re.findall(r"""(?:\b_\.|["'])([a-z_]+)\b""", source))
        assert words.isdisjoint(personal - open_names), path.name


def test_a_report_says_which_tables_it_reads() -> None:
    tables = load_catalog().get("settlement").tables
    assert {"run_info", "fct_loads", "dim_tax_items", "fct_settlement_lines", "fct_carried_dues"} == set(tables) - {
        "dim_channels"
    }


def fields_of(content: Any) -> list[dict[str, Any]]:
    """Every mapping in a layout that has a name: its columns, however nested."""
    if isinstance(content, dict):
        nested = [item for value in content.values() for item in fields_of(value)]
        return [content, *nested] if isinstance(content.get("name"), str) else nested
    if isinstance(content, list):
        return [item for value in content for item in fields_of(value)]
    return []
