"""What a layout says about itself is checked before a file is read with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from ingestion.layout import LAYOUT_DIR, Layout, load_layouts, tables_by_effect

ROOT = Path(__file__).resolve().parents[2]


def shipped(name: str) -> dict[str, object]:
    """A layout shipped with Osame, as its YAML says it."""
    loaded = yaml.safe_load((LAYOUT_DIR / f"{name}.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def layout(name: str, **changes: object) -> Layout:
    return Layout.model_validate(shipped(name) | changes)


# --- what rows do to the books


def test_every_landing_table_has_one_effect() -> None:
    layouts = load_layouts()
    effects = tables_by_effect(layouts)
    assert set(effects) == {"none", "match", "books"}
    named = [table for tables in effects.values() for table in tables]
    assert sorted(named) == sorted({table for of in layouts.values() for table in of.tables()})


def test_a_slip_and_a_request_only_let_a_payment_be_matched() -> None:
    assert tables_by_effect(load_layouts())["match"] == {"slips", "direct_debit_requests"}


def test_a_table_without_effect_is_read_by_no_model_but_those_of_closings() -> None:
    """A staging model that begins to read such a table fails here until the layout says what its rows do."""
    models = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "models").rglob("*.sql")}
    read = {
        table
        for table in tables_by_effect(load_layouts())["none"]
        if any(f"'{table}'" in sql for name, sql in models.items() if name.startswith("stg_"))
    }
    assert read == {"closings", "closing_lines", "closing_flows"}


def test_a_variant_that_says_nothing_has_the_effect_of_its_table() -> None:
    quiet = {key: value for key, value in shipped("slips").items() if key != "effect"}
    variant = Layout.model_validate(quiet | {"id": "slips_of_ours"})
    assert "slips" in tables_by_effect({**load_layouts(), variant.id: variant})["match"]
    assert tables_by_effect({variant.id: variant})["books"] == {"slips"}


def test_of_layouts_that_disagree_the_strongest_effect_holds() -> None:
    variant = layout("slips", id="slips_of_ours", effect="books")
    effects = tables_by_effect({**load_layouts(), variant.id: variant})
    assert "slips" in effects["books"] and "slips" not in effects["match"]


def test_an_effect_of_a_role_that_is_not_there_is_refused() -> None:
    roles = {"rule": "debit_totals", "tables": {"request": "a", "result": "b"}, "effects": {"requests": "match"}}
    with pytest.raises(ValidationError, match="requests"):
        layout("zengin91_120", roles=roles)
