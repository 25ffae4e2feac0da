"""Models are written in the SQL that DuckDB and Spark share; what differs stands in warehouse/macros/dialect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SQL = sorted(
    p
    for folder in ("models", "warehouse/macros", "tests/dbt")
    for p in (ROOT / folder).rglob("*.sql")
    if "dialect" not in p.parts
)
# Pattern -> what to write instead.
DENIED = {
    r"\bqualify\b": "row_number() in a step of its own",
    r"::": "cast(x as t)",
    r"(?<!:)//": "int_div(a, b)",
    r"\bgroup by all\b": "the columns by name",
    r"\bgroup by \d": "the columns by name",
    r"\bexclude\b": "the columns by name",
    r"\b(strftime|strptime|date_trunc|date_diff|datediff|to_months|make_date)\b": "a dialect macro",
    r"\b(list|struct|map|array)_\w+\s*\(": "a table",
    r"\bregexp_\w+": "a dialect macro, or the reader",
    r"\btry_cast\b": "a contract in the layout",
    r"\b(hugeint|ubigint|utinyint)\b": "bigint or decimal",
    r"\bilike\b": "lower(x) like",
    r"\b(asof|positional|semi|anti) join\b": "an equality join",
    r"\bas varchar\b": "dbt.type_string()",
    r"\bcurrent_(date|timestamp)\b|\bnow\(\)": "as_of_date()",
    r"\brandom\(": "nothing: a build is a pure function of what has landed",
    r"\bltrim\(|\brtrim\(": "trim(leading '0' from x): the argument order differs",
    r"\bfilter \(where": "case when inside the aggregate",
    r"/ ?(?:100|365|1000)\b": "int_div: no fractions of yen",
}


def _code(text: str) -> str:
    """The SQL without comments and Jinja."""
    text = re.sub(r"\{#.*?#\}", " ", text, flags=re.S)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.S)
    return re.sub(r"--[^\n]*", " ", text).lower()


@pytest.mark.parametrize("path", SQL, ids=lambda p: str(p.relative_to(ROOT)))
def test_sql_is_shared_by_duckdb_and_spark(path: Path) -> None:
    code = _code(path.read_text(encoding="utf-8"))
    found = [f"{pattern}: write {instead}" for pattern, instead in DENIED.items() if re.search(pattern, code)]
    assert not found, f"{path.relative_to(ROOT)}: {'; '.join(found)}"


def test_the_lint_finds_what_it_denies() -> None:
    for pattern, text in (("qualify", "select 1 qualify x"), ("::", "select a::date"), ("//", "select a // 2")):
        assert any(re.search(p, _code(text)) for p in DENIED), pattern
    assert not any(re.search(p, _code("select 1 -- a::b\n")) for p in DENIED)
