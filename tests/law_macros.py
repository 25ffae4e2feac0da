"""The SQL macros of warehouse/macros rendered with plain Jinja, without dbt: for property tests and lints."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import jinja2
import yaml

from warehouse.connection import open_memory

PROJECT = Path(__file__).resolve().parent.parent
MACRO_DIR = PROJECT / "warehouse" / "macros"
FISCAL_YEAR = MACRO_DIR / "fiscal_year.sql"
SEED_DIR = PROJECT / "warehouse" / "seeds"
LAW_SEEDS = (
    "law_late_charge_rates",
    "law_refund_interest_accrual",
    "law_refund_interest_rates",
    "law_rounding",
    "law_reminder_fees",
    "law_holidays",
    "tax_items",
)


class CompilerError(Exception):
    """What dbt's exceptions.raise_compiler_error becomes here."""


class _Exceptions:
    @staticmethod
    def raise_compiler_error(message: str) -> NoReturn:
        raise CompilerError(message)


def load_macros(dialect: str, variables: dict[str, Any] | None = None) -> Any:
    """A module whose attributes are the macros: ``load_macros("duckdb").int_div("a", "b")`` is SQL text."""
    source = "".join(path.read_text(encoding="utf-8") for path in macro_files())

    class Adapter:
        @staticmethod
        def dispatch(name: str, package: str) -> Any:
            assert package == "osame"
            return getattr(module, f"{dialect}__{name}", None) or getattr(module, f"default__{name}")

    names = {
        "adapter": Adapter,
        "exceptions": _Exceptions,
        "ref": lambda name: name,
        "variable": lambda name: (variables or {}).get(name),
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    module = environment.from_string(source).make_module(names)
    return module


def macro_files() -> list[Path]:
    """The macros on law and dialect; those on landing and on dbt's own tests need dbt."""
    return [*sorted((MACRO_DIR / "dialect").glob("*.sql")), *sorted((MACRO_DIR / "law").glob("*.sql")), FISCAL_YEAR]


def law_database() -> duckdb.DuckDBPyConnection:
    """A database in memory with the law seeds, typed as their YAML declares."""
    connection = open_memory()
    for name, types in seed_types().items():
        if name in LAW_SEEDS:
            columns = "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in types.items()) + "}"
            connection.execute(
                f"create table {name} as from read_csv(?, header = true, columns = {columns})",
                [str(SEED_DIR / f"{name}.csv")],
            )
    return connection


def seed_types() -> dict[str, dict[str, str]]:
    """Seed -> column -> type, from the YAML beside the seeds."""
    declared = yaml.safe_load((SEED_DIR / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    return {seed["name"]: seed["config"]["column_types"] for seed in declared}


def seed_rows(name: str) -> list[dict[str, str]]:
    with (SEED_DIR / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
