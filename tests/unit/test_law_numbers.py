"""Legal numbers live in warehouse/law/parameters and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.law.parameters import load_parameters

PROJECT = Path(__file__).resolve().parents[2]
# ingestion/town writes the expected figures of its synthetic city by arithmetic of its own, as tests do.
# reports compute nothing of the law; their decimals are widths and sizes.
SEARCHED = ("warehouse", "ingestion")
EXEMPT = ("ingestion/town",)
THRESHOLDS = {Decimal(1000), Decimal(2000), Decimal(365), Decimal(36_500_000)}
NUMBER = re.compile(r"(?<![\w.'])\d[\d_]*(?:\.\d+)?(?![\w.])")


def rates() -> set[Decimal]:
    """Every rate of the parameter files as a percentage and as a fraction, and the two that the law itself names."""
    found = {Decimal("7.3"), Decimal("14.6"), Decimal("0.073"), Decimal("0.146")}
    for parameter in load_parameters():
        if "rates" in parameter.id:
            for values in parameter.periods:
                for rate in values.raw.values():
                    found |= {Decimal(int(rate)) / 1000, Decimal(int(rate)) / 100_000}  # type: ignore[arg-type]
    return found


def forbidden() -> set[Decimal]:
    return {rate for rate in rates() if rate != rate.to_integral_value()} | THRESHOLDS


def in_sql(text: str) -> Iterator[tuple[int, str]]:
    text = re.sub(r"\{#.*?#\}|/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)
    for line, code in enumerate(text.splitlines(), start=1):
        for number in NUMBER.findall(code.split("--")[0]):
            if Decimal(number.replace("_", "")) in forbidden():
                yield line, number


def in_python(text: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(text)
    calendar_years = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("date", "range", "datetime")
        for argument in call.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and id(node) not in calendar_years:
            exact = Decimal(str(node.value))
            if exact in forbidden() and not _is_size(node, text):
                yield node.lineno, str(node.value)


def _is_size(node: ast.Constant, text: str) -> bool:
    """A limit of ours, which says so in its name: _SMALL, MAX_LISTED, _UNDECODABLE_MAX."""
    return re.match(r"[A-Z_]*(SMALL|MAX|LIMIT)[A-Z_]* *(:.*)?=", text.splitlines()[node.lineno - 1]) is not None


def test_no_legal_number_in_sql() -> None:
    paths = [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("warehouse/macros/**/*.sql")]
    assert any(path.name == "late_charge.sql" for path in paths)
    hits = [
        f"{path.relative_to(PROJECT)}:{line}: {number} -- take it from a law seed"
        for path in paths
        for line, number in in_sql(path.read_text(encoding="utf-8"))
    ]
    assert not hits, "\n".join(hits)


def test_no_legal_number_in_python() -> None:
    hits = [
        f"{path.relative_to(PROJECT)}:{line}: {number} -- take it from warehouse/law/parameters"
        for folder in SEARCHED
        for path in (PROJECT / folder).rglob("*.py")
        if not str(path.relative_to(PROJECT)).startswith(EXEMPT)
        for line, number in in_python(path.read_text(encoding="utf-8"))
    ]
    assert not hits, "\n".join(hits)


@pytest.mark.parametrize(
    "code", ["select a * 0.146", "where x >= 2000", "a * 8.7 / 100", "x / 36500000", "if(x<1000, 0, x)"]
)
def test_the_lint_sees_sql(code: str) -> None:
    assert list(in_sql(code))


@pytest.mark.parametrize("code", ["select 'k1000', a1000, 20000", "-- 14.6% since 1970", "{# 0.146 #} select 1"])
def test_the_lint_leaves_other_sql_alone(code: str) -> None:
    assert not list(in_sql(code))


@pytest.mark.parametrize("code", ["x = 0.087", "y = yen // 1_000", "if tax < 2000: pass", "d = 365 * 100_000"])
def test_the_lint_sees_python(code: str) -> None:
    assert list(in_python(code))


@pytest.mark.parametrize("code", ["first = date(2000, 1, 1)", "MAX_LISTED = 1_000", "x = 10"])
def test_the_lint_leaves_other_python_alone(code: str) -> None:
    assert not list(in_python(code))
