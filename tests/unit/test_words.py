"""Every code that a mart may hold has a word, wherever it is shown."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import yaml

from ingestion.layout import landing_schema
from ingestion.layout_catalog import load_layouts
from osame.home import PROJECT
from warehouse.words import domain_of, explained, position, word, words


def domains_of_the_marts() -> list[tuple[str, str, str]]:
    """Table, column and code of each accepted value of a mart whose column has words."""
    found = []
    for path in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for test in model.get("data_tests", []):
                if "accepted_domains" in test:
                    for column, codes in test["accepted_domains"]["arguments"]["domains"].items():
                        found += [(model["name"], column, code) for code in codes]
    return found


def test_every_code_of_a_column_with_words_has_one() -> None:
    known: list[Any] = []
    for table, column, code in domains_of_the_marts():
        domain = domain_of(column, (table,))
        if domain is not None:
            known.append((domain, code))
            assert str(code) in words(domain), f"{table}.{column}: {code} has no word in code_words.csv"
    assert {"arrears_class", "record_status", "fct_dues.state", "component"} <= {domain for domain, _ in known}


def test_a_column_of_a_table_comes_before_its_name_alone() -> None:
    assert domain_of("state", ("dim_tax_items", "fct_dues")) == "fct_dues.state"
    assert domain_of("component", ("fct_movements",)) == "component"
    assert domain_of("amount_yen", ("fct_dues",)) is None


def test_words_in_the_order_of_the_office() -> None:
    assert word("fct_dues.state", "delinquent") == "滞納"
    assert word("is_city_tax", True) == "市税"
    assert word("cause_code", "9") == "9"
    assert explained("cause_code", "4") == "誤納・二重納付（4号）"
    assert explained("component_code", "1") == "本税"
    assert sorted(["none", "carried_over", "x", "current"], key=lambda code: position("arrears_class", code)) == [
        *("current", "carried_over", "none", "x")
    ]
    with pytest.raises(KeyError):
        words("no_such_domain")


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "warehouse" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_seeds_that_say_what_codes_and_sources_are_have_one_row_for_each() -> None:
    """Here and not in every build: these rows change with the code alone."""
    rows = seed("code_words")
    assert len({(row["domain"], row["code"]) for row in rows}) == len(rows)
    assert all(row["domain"] and row["code"] and row["word"] for row in rows)
    sources = seed("payment_sources")
    for column in ("source_code", "source_name", "landing_table", "staging_model"):
        assert len({row[column] for row in sources} - {""}) == len(sources), column
    assert {row[column] for row in sources for column in ("is_plain", "names_dues", "is_credited_in_bulk")} == {
        "true",
        "false",
    }
    for row in sources:
        assert list((PROJECT / "models").rglob(f"{row['staging_model']}.sql")), row["staging_model"]
        assert row["landing_table"] in landing_schema(load_layouts()), row["landing_table"]
