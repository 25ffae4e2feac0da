"""The YAML of the models: nothing personal, everything labelled, and every generic test in its README."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.layout import landing_schema
from ingestion.layout_catalog import load_layouts
from osame.home import PROJECT

MODELS = PROJECT / "models"
MARTS = MODELS / "marts"
GENERIC = PROJECT / "tests" / "dbt" / "generic"
SINGULAR = PROJECT / "tests" / "dbt" / "singular"
JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# Too large for an enforced contract: docs/decisions/0003-contract-on-large-marts.md
LARGE = {"fct_movements", "fct_dues", "fct_receipts", "bridge_receipt_dues"}


@cache
def declared() -> dict[str, dict[str, Any]]:
    """Model name -> its YAML."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(MODELS.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            assert model["name"] not in found, f"{model['name']} is described twice"
            found[model["name"]] = model
    return found


def marts() -> list[str]:
    return sorted(path.stem for path in MARTS.rglob("*.sql"))


def generic_tests(model: dict[str, Any]) -> set[str]:
    tests = model.get("data_tests", [])
    return {test if isinstance(test, str) else next(iter(test)) for test in tests}


@cache
def personal_columns() -> set[str]:
    columns = [column for table in landing_schema(load_layouts()).values() for column in table]
    return {c.name for c in columns if c.personal} - {c.name for c in columns if not c.personal}


@pytest.mark.parametrize("name", marts())
def test_no_mart_declares_a_personal_column(name: str) -> None:
    """Declared is actual: by the enforced contract, or by matches_contract on the large marts."""
    columns = {column["name"] for column in declared()[name]["columns"]}
    assert not columns & (personal_columns() | {"account_no"})


def test_sources_list_no_personal_column() -> None:
    """What dbt does not know, no model puts out by accident."""
    schema = landing_schema(load_layouts())
    sources = yaml.safe_load((MODELS / "staging" / "landing__sources.yml").read_text(encoding="utf-8"))["sources"]
    for table in sources[0]["tables"]:
        personal = {column.name for column in schema.get(table["name"], []) if column.personal}
        assert not personal & {column["name"] for column in table["columns"]}, table["name"]


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=lambda path: path.stem)
def test_no_model_names_a_personal_column(path: Path) -> None:
    """Also not on the way to a key: matching by name has to say so here first."""
    text = re.sub(r"--.*|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"))
    assert not personal_columns() & set(re.findall(r"[a-z_0-9]+", text))


def test_one_model_reads_names_and_puts_out_none() -> None:
    """Matching by name (DESIGN §1): what comes out is declared here, column by column."""
    (path,) = MODELS.rglob("*.py")
    text = path.read_text(encoding="utf-8")
    assert {"payer_name", "name_kana"} < set(re.findall(r"[a-z_]+", text))
    assert re.findall(r'^        \("(\w+)", pa\.', text, flags=re.M) == [
        "load_id", "source_line", "addressee_no", "name_score",
    ]  # fmt: skip


@pytest.mark.parametrize("name", marts())
def test_mart_is_described(name: str) -> None:
    model = declared()[name]
    assert JAPANESE.match(model["description"]), "the description starts with the Japanese label"
    assert "主キー: " in model["description"]
    assert set(model["config"]["meta"]) >= {"owner", "grain"}
    for column in model["columns"]:
        label, colon, _rest = column["description"].partition(": ")
        assert colon, f"{column['name']}: label, colon, description"
        assert JAPANESE.search(label), f"{column['name']}: the description starts with the Japanese label"
        assert column["data_type"], column["name"]
        if column["name"].endswith("_yen"):
            assert "円" in label, f"{column['name']}: the label names the unit"


@pytest.mark.parametrize("name", marts())
def test_mart_keeps_its_contract(name: str) -> None:
    model = declared()[name]
    if name in LARGE:
        assert not model["config"]["contract"]["enforced"]
        assert {"matches_contract", "no_nulls", "unique_combination"} <= generic_tests(model)
    else:
        assert model["config"]["contract"]["enforced"]


def test_every_model_is_described() -> None:
    models = {path.stem for suffix in ("sql", "py") for path in MODELS.rglob(f"*.{suffix}")}
    described = declared()
    assert models == set(described)
    assert all(described[name]["config"]["meta"]["grain"] for name in models)


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=lambda path: path.stem)
def test_a_model_begins_with_its_grain_and_is_described_beside_itself(path: Path) -> None:
    """The YAML says it to the catalogue, the first line to whoever opens the file: in the same words."""
    (model,) = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))["models"]
    assert model["name"] == path.stem
    text = path.read_text(encoding="utf-8")
    head = text.split("\n{", 1)[0].splitlines()
    comment = " ".join(line.removeprefix("-- ") for line in head if line.startswith("--"))
    assert comment.lower().startswith(model["config"]["meta"]["grain"].lower())
    assert "config(" not in text, "configuration stands in the YAML"


def test_the_data_runs_one_way() -> None:
    """Staging reads staging, intermediate models no mart; seeds serve all."""
    paths = [path for suffix in ("sql", "py") for path in MODELS.rglob(f"*.{suffix}")]
    layers = {
        path.stem: ["staging", "intermediate", "marts"].index(path.relative_to(MODELS).parts[0]) for path in paths
    }
    for path in paths:
        read = re.findall(r"ref\([\"'](\w+)[\"']\)", path.read_text(encoding="utf-8"))
        assert [name for name in read if layers.get(name, 0) > layers[path.stem]] == [], path


def test_every_generic_test_is_in_its_readme() -> None:
    readme = (GENERIC / "README.md").read_text(encoding="utf-8")
    for path in GENERIC.glob("*.sql"):
        name, arguments = re.search(r"{% test (\w+)\(model(?:, )?(.*?)\) %}", path.read_text(encoding="utf-8")).groups()  # type: ignore[union-attr]
        assert name == path.stem
        assert f"| `{name}` |" in readme
        for argument in arguments.split(", ") if arguments else []:
            assert f"`{argument.split('=')[0]}`" in readme, f"{name}: {argument}"


@pytest.mark.parametrize("path", sorted(SINGULAR.glob("*.sql")), ids=lambda path: path.stem)
def test_singular_test_says_what_a_failure_means_and_who_looks(path: Path) -> None:
    comment = " ".join(re.findall(r"^-- (.*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert "A failure: " in comment or "A warning" in comment or "must stop" in comment
    assert "Who looks: " in comment or "read by" in comment


def test_no_test_is_switched_off() -> None:
    """An exception is a severity and a reader's name (STYLE S-30, S-32)."""
    for path in [*MODELS.rglob("*.yml"), *(PROJECT / "tests" / "dbt").rglob("*.sql")]:
        assert not re.search(r"enabled\s*[:=]\s*false", path.read_text(encoding="utf-8"), flags=re.IGNORECASE), path


def test_every_unit_test_says_its_rule_and_its_day() -> None:
    for path in MODELS.rglob("*__unit_tests.yml"):
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]:
            assert test["description"], test["name"]
            assert "as_of_date" in test["overrides"]["vars"], test["name"]
