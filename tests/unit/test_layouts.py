"""What a layout says about itself is checked before a file is read with it."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from ingestion.landing import Landing
from ingestion.layout import SYSTEM_TABLES, Layout, LayoutError, quoted, tables_by_effect
from ingestion.layout_catalog import LAYOUT_DIR, broken_layouts, layout_in_use, load_layouts
from osame.stores import open_memory

ROOT = Path(__file__).resolve().parents[2]


def shipped(name: str) -> dict[str, Any]:
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


# --- names that reach SQL

EVIL = 'x" (a int); drop table landing.paid_slips; --'


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"table": EVIL}, EVIL),
        ({"table": "Paid_Slips"}, "Paid_Slips"),
        ({"table": "paid slips"}, "paid slips"),
        ({"table": ""}, "''"),
        ({"table": "a" * 56}, "a" * 56),
        ({"table": "納付済"}, "納付済"),
        ({"table": "direct_debit_results_groups"}, "landing's own"),
        *[({"table": table}, "landing's own") for table in SYSTEM_TABLES],
        ({"id": "../paid_slips"}, "../paid_slips"),
    ],
)
def test_a_table_that_is_no_name_or_landings_own_is_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        layout("paid_slips", **changes)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "name", [EVIL, "Upper", "load_id", "source_line", "group_no", "is_withdrawn", "posted_date_text"]
)
def test_a_column_that_is_no_name_or_landings_own_is_refused(name: str) -> None:
    columns = [*shipped("paid_slips")["columns"], {"name": name, "header": "x", "label_ja": "x", "type": "text"}]
    with pytest.raises(ValidationError, match="expected|own|repeat"):
        layout("paid_slips", columns=columns)


def test_a_table_of_a_role_and_a_field_of_a_header_are_names_too() -> None:
    with pytest.raises(ValidationError, match="drop table"):
        layout("zengin91_120", roles={"rule": "debit_totals", "tables": {"request": EVIL, "result": "b"}})
    records = copy.deepcopy(shipped("zengin91_120")["records"])
    records["header"]["fields"][0]["name"] = EVIL
    with pytest.raises(ValidationError, match="drop table"):
        layout("zengin91_120", records=records)


def test_everything_wrong_with_a_layout_is_said_at_once() -> None:
    totals = [{"field": "no_such_total", "equals": "count"}]
    with pytest.raises(ValidationError) as refused:
        layout("zengin91_120", totals=totals, amount="no_such_amount", detect={"two": "91"})
    for named in ("no_such_total", "no_such_amount", "two"):
        assert named in str(refused.value)


def test_a_name_is_quoted_whatever_is_in_it() -> None:
    assert quoted("loads") == '"loads"'
    connection = open_memory()
    connection.execute(f"create table {quoted(EVIL)} ({quoted(EVIL)} integer)")
    assert connection.execute("select table_name from duckdb_tables()").fetchall() == [(EVIL,)]


def test_a_layout_cannot_drop_a_table_even_if_it_was_never_checked() -> None:
    """The last line of defence: landing quotes what it is given."""
    connection = open_memory()
    connection.execute("attach ':memory:' as landing")
    Landing(connection, load_layouts())
    evil = load_layouts()["paid_slips"].model_copy(update={"id": "evil", "table": EVIL})
    Landing(connection, {**load_layouts(), "evil": evil})
    tables = {t for (t,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert {"paid_slips", EVIL} <= tables


# --- an office's layouts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "layouts"
    made.mkdir()
    return made


def write(folder: Path, name: str, content: dict[str, Any], **changes: Any) -> Path:
    path = folder / f"{name}.yml"
    text = yaml.safe_dump(content | {"id": name} | changes, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path) -> str:
    (broken,) = broken_layouts(folder)
    return broken.problem


def test_a_layout_with_a_typo_fails_alone(folder: Path) -> None:
    good = write(folder, "our_slips", shipped("slips"))
    columns = copy.deepcopy(shipped("paid_slips")["columns"])
    columns[1]["type"] = "dat"
    columns[2]["widht"] = 3
    bad = write(folder, "our_bank", shipped("paid_slips"), columns=columns)
    loaded = load_layouts(folder)
    assert good.stem in loaded and bad.stem not in loaded
    assert set(load_layouts()) <= set(loaded)
    (broken,) = broken_layouts(folder)
    assert (broken.path, broken.id, len(broken.problems)) == (bad, "our_bank", 2)
    assert "line" in broken.problem and "'dat'" in broken.problem and "widht" in broken.problem
    assert "pydantic.dev" not in broken.problem


def test_the_line_of_a_fault_is_told(folder: Path) -> None:
    path = write(folder, "our_bank", shipped("paid_slips"))
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines, start=1) if "type: date" in line)
    lines[at - 1] = lines[at - 1].replace("date", "dat")
    path.write_text("\n".join(lines), encoding="utf-8")
    assert problem(folder).startswith(f"line {at}: ")


def test_a_layout_that_is_mended_is_read_again(folder: Path) -> None:
    path = folder / "our_bank.yml"
    path.write_text("id: [", encoding="utf-8")
    assert broken_layouts(folder)
    write(folder, "our_bank", shipped("paid_slips"))
    assert broken_layouts(folder) == [] and "our_bank" in load_layouts(folder)


def test_ours_is_not_used_in_the_place_of_a_broken_one(folder: Path) -> None:
    write(folder, "paid_slips", shipped("paid_slips"), amount="no_such_column")
    assert load_layouts(folder)["paid_slips"] == load_layouts()["paid_slips"]  # so that its table is known
    with pytest.raises(LayoutError, match="no_such_column"):
        layout_in_use(folder, "paid_slips")
    assert layout_in_use(folder, "slips") == load_layouts()["slips"]
    with pytest.raises(LayoutError, match="no_such_layout"):
        layout_in_use(folder, "no_such_layout")


def _bomb(depth: int = 9) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, depth)]
    return "\n".join(lines)


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "alias bomb": (lambda path: path.write_text(_bomb(), encoding="utf-8"), "anchor"),
    "merge key": (lambda path: path.write_text("a: &a {b: 1}\nc: {<<: *a}", encoding="utf-8"), "line 1 has an anchor"),
    "deep": (lambda path: path.write_text("[" * 100_000, encoding="utf-8"), "deep"),
    "large": (lambda path: path.write_bytes(b"# " + b"x" * 2_000_000), "1,000,000"),
    "no yaml": (lambda path: path.write_text("id: x\ncolumns: [", encoding="utf-8"), "line 3"),
    "cp932": (lambda path: path.write_bytes("title_ja: 表示".encode("cp932")), "UTF-8"),
    "a list": (lambda path: path.write_text("- 1", encoding="utf-8"), "dictionary"),
    "empty": (lambda path: path.write_bytes(b""), "dictionary"),
    "impossible day": (lambda path: path.write_text("id: 2025-13-45", encoding="utf-8"), "month"),
    "python": (lambda path: path.write_text("!!python/object/apply:os.getcwd []", encoding="utf-8"), "not YAML"),
    "a folder": (lambda path: path.mkdir(), "no file"),
    "a link to nowhere": (lambda path: path.symlink_to("/no/such/file"), "no file"),
    "a pipe": (lambda path: os.mkfifo(path), "no file"),
}


@pytest.mark.parametrize("kind", sorted(UNREADABLE))
def test_a_file_that_is_no_layout_fails_alone(folder: Path, kind: str) -> None:
    make, named = UNREADABLE[kind]
    make(folder / "mine.yml")
    assert set(load_layouts(folder)) == set(load_layouts())
    assert named in problem(folder)


def test_a_layout_under_another_name_is_said_not_skipped(folder: Path) -> None:
    write(folder, "our_bank", shipped("paid_slips")).rename(folder / "our_bank.yaml")
    (folder / ".our_bank.yml").write_text("an editor's", encoding="utf-8")
    (folder / "README.txt").write_text("what is here", encoding="utf-8")
    assert ".yaml" in problem(folder)


def test_two_layouts_that_disagree_do_not_stop_the_others(folder: Path) -> None:
    table = shipped("paid_slips") | {"table": "our_own"}
    other = copy.deepcopy(table)
    other["columns"][1]["type"] = "text"
    write(folder, "a_first", table)
    write(folder, "b_second", other)
    (broken,) = broken_layouts(folder)
    assert broken.id == "b_second" and "a_first" in broken.problem
    assert "a_first" in load_layouts(folder)


# --- what the models need


def test_every_layout_shipped_keeps_what_the_models_need(folder: Path) -> None:
    for path in LAYOUT_DIR.glob("*.yml"):
        (folder / path.name).write_bytes(path.read_bytes())
    assert broken_layouts(folder) == []


def without(name: str, column: str) -> list[dict[str, Any]]:
    return [c for c in shipped(name)["columns"] if c["name"] != column]


def changed(name: str, column: str, **changes: Any) -> list[dict[str, Any]]:
    return [c | changes if c["name"] == column else c for c in shipped(name)["columns"]]


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("paid_slips", {"columns": without("paid_slips", "posted_date")}, "収納日"),
        ("paid_slips", {"columns": changed("paid_slips", "posted_date", nullable=True)}, "収納日"),
        ("paid_slips", {"columns": changed("paid_slips", "posted_date", type="text")}, "posted_date: type text"),
        ("paid_slips", {"columns": changed("paid_slips", "amount_yen", sign="any")}, "sign any"),
        ("paid_slips", {"columns": changed("paid_slips", "amount_yen", sign="negative")}, "sign negative"),
        ("paid_slips", {"columns": changed("paid_slips", "serial_no", personal=True)}, "personal True"),
        ("paid_slips", {"amount": None}, "amount"),
        ("paid_slips", {"extract": True, "primary_key": ["serial_no"]}, "extract"),
        ("paid_slips", {"rules": ["no_such_rule"]}, "no_such_rule"),
        ("paid_slips", {"table": "our_own"}, "it replaces"),
        ("assessments", {"primary_key": ["notice_no"]}, "primary key"),
        ("assessments", {"extract": False}, "extract"),
        ("addressees", {"columns": changed("addressees", "name", personal=False)}, "personal False"),
    ],
)
def test_a_layout_that_leaves_out_what_the_models_need_is_refused(
    folder: Path, name: str, changes: dict[str, Any], named: str
) -> None:
    write(folder, name, shipped(name), **changes)
    assert named in problem(folder)


def test_a_column_may_be_given_by_a_default_and_what_may_be_blank_may_go(folder: Path) -> None:
    columns = changed("paid_slips", "branch_code", optional_column=True, nullable=True, default="001")
    columns = [c for c in columns if c["name"] not in ("ocr_upper", "ocr_lower", "institution_branch_code")]
    write(folder, "paid_slips", shipped("paid_slips"), columns=columns)
    assert broken_layouts(folder) == []
    assert len(load_layouts(folder)["paid_slips"].columns) == len(columns)


def test_a_column_that_is_in_some_layouts_of_a_table_only_may_be_missing(folder: Path) -> None:
    """convenience_receipts: the 120 bytes say when a fee is counted, the CSV does not."""
    write(folder, "our_agent", shipped("cvs_dsk"), columns=without("cvs_dsk", "user_field_1"))
    assert broken_layouts(folder) == []
    write(folder, "our_agent", shipped("cvs_dsk"), columns=without("cvs_dsk", "store_date"))
    assert "store_date" in problem(folder)


def test_headers_and_trailers_that_the_models_join_are_needed(folder: Path) -> None:
    columns = [
        {"name": f["name"], "header": f["label_ja"], "label_ja": f["label_ja"], "type": f["type"]}
        for f in shipped("zengin21_120")["records"]["data"]["fields"]
        if f["type"] != "space" and "when" not in f
    ]
    write(
        folder,
        "our_transfers",
        {"title_ja": "x", "source": "x", "kind": "csv", "grain": "x"},
        columns=columns,
        table="transfers",
        amount="amount_yen",
    )
    assert "transfers_groups" in problem(folder)
    records = copy.deepcopy(shipped("zengin01_200")["records"])
    fields = records["header"]["fields"]
    (account,) = (f for f in fields if f["name"] == "account_no")
    account["nullable"] = True
    (folder / "our_transfers.yml").unlink()
    write(folder, "our_deposits", shipped("zengin01_200"), records=records)
    assert "account_no" in problem(folder) and "bank_statement_entries_groups" in problem(folder)


def test_words_of_sql_are_no_columns(folder: Path) -> None:
    columns = [
        *shipped("paid_slips")["columns"],
        {"name": "order", "header": "順", "label_ja": "順", "type": "text", "nullable": True},
    ]
    write(folder, "paid_slips", shipped("paid_slips"), columns=columns)
    assert "order" in problem(folder)


@pytest.mark.parametrize("pattern", ["[0-9", "(", "(?=a)"])
def test_a_pattern_that_is_no_regular_expression_is_refused(folder: Path, pattern: str) -> None:
    write(folder, "paid_slips", shipped("paid_slips"), columns=changed("paid_slips", "serial_no", pattern=pattern))
    assert "serial_no" in problem(folder) and "regular expression" in problem(folder)
