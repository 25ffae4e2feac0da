"""The contract between a notebook and its catalogue entry, read from the notebook's source without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from reports.catalog import PYTHON_TYPES, ParameterValue, ReportEntry
from reports.errors import CatalogError

PARAMETERS_TAG = "parameters"
DONE_TAG = "done"


@dataclass(frozen=True, slots=True)
class CellParameter:
    """One line of a parameters cell: ``name: annotation = default``."""

    name: str
    annotation: str
    default: ParameterValue


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook at ``path``, in the current format, validated.

    Raises:
        CatalogError: it is not there or is no notebook.
    """
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CatalogError(f"{path.name}: not a readable notebook ({error})", "put the notebook right") from error
    return notebook


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write the notebook to ``path``."""
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def code_cells(notebook: nbformat.NotebookNode) -> list[Any]:
    """The code cells in their order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags_of(cell: Any) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def cell_parameters(notebook: nbformat.NotebookNode, where: str) -> list[CellParameter]:
    """The parameters that the cell tagged ``parameters`` declares.

    Raises:
        CatalogError: no such cell, two of them, or a line that is not ``name: type = literal``.
    """
    cells = [cell for cell in code_cells(notebook) if PARAMETERS_TAG in tags_of(cell)]
    if len(cells) != 1:
        raise CatalogError(
            f'{where}: found {len(cells)} cells tagged "{PARAMETERS_TAG}", expected one',
            "tag the cell that holds the parameters, and only that one",
        )
    return [_declaration(statement, where) for statement in ast.parse(cells[0].source).body]


def _declaration(statement: ast.stmt, where: str) -> CellParameter:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is not None:
        try:
            default = ast.literal_eval(statement.value)
        except ValueError:
            default = None
        if isinstance(default, str | int | bool):
            return CellParameter(statement.target.id, ast.unparse(statement.annotation), default)
    raise CatalogError(
        f"{where}, parameters cell: found {ast.unparse(statement)!r}, expected name: type = literal",
        "write one annotated literal a line; derive nothing in this cell",
    )


def check_contract(notebook: nbformat.NotebookNode, entry: ReportEntry) -> None:
    """The notebook's parameters cell says what the catalogue says, and its last cell is tagged ``done``.

    Raises:
        CatalogError: with every difference.
    """
    declared = {parameter.name: parameter for parameter in cell_parameters(notebook, entry.notebook)}
    listed = {parameter.name: parameter for parameter in entry.parameters}
    problems = [f'"{name}" is in the catalogue but not in the notebook' for name in listed if name not in declared]
    problems += [f'"{name}" is in the notebook but not in the catalogue' for name in declared if name not in listed]
    for name in declared.keys() & listed.keys():
        expected_type = PYTHON_TYPES[listed[name].type].__name__
        if declared[name].annotation != expected_type:
            problems.append(
                f'"{name}" is {declared[name].annotation} in the notebook, {expected_type} in the catalogue'
            )
        if not listed[name].required and declared[name].default != listed[name].default:
            problems.append(
                f'"{name}" is {declared[name].default!r} by default in the notebook, '
                f"{listed[name].default!r} in the catalogue"
            )
    cells = code_cells(notebook)
    if not cells or DONE_TAG not in tags_of(cells[-1]):
        problems.append(f'the last code cell is not tagged "{DONE_TAG}"')
    if problems:
        raise CatalogError(
            f"{entry.notebook}: " + "; ".join(sorted(problems)), "make the notebook and reports/catalog.yml agree"
        )
