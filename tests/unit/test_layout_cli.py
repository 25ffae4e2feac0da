"""``osame layout``: a layout is tried out before it is put to use, without a home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from ingestion import reader
from ingestion.layout import LAYOUT_DIR
from tests.fixed_files import debits
from tests.unit.test_delimited import ADDRESSEE, LAYOUTS, PAID_SLIP, file_of
from warehouse.cli.layouts import app


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def told(*words: str | Path) -> tuple[int, dict[str, Any]]:
    done = run(*words, "--json")
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(autouse=True)
def _no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OSAME_HOME", str(tmp_path / "home"))


def write(tmp_path: Path, name: str, of: str, **changes: Any) -> Path:
    content = yaml.safe_load((LAYOUT_DIR / f"{of}.yml").read_text(encoding="utf-8")) | {"id": name} | changes
    path = tmp_path / f"{name}.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_a_sound_layout_shows_what_it_makes_of_a_sample(tmp_path: Path) -> None:
    path = write(tmp_path, "our_bank", "paid_slips", detect={})
    sample = tmp_path / "sample.csv"
    sample.write_bytes(file_of(LAYOUTS["paid_slips"], [PAID_SLIP] * 5))
    code, found = told("check", path, sample)
    assert (code, found["id"], found["problems"], found["tables"]) == (0, "our_bank", [], ["paid_slips"])
    (read,) = found["samples"]
    assert (read["records"], read["amount_yen"], read["quarantined"], len(read["rows"])) == (5, 125_000, 0, 3)
    assert read["recognised_as"] == "paid_slips"  # it has our headers, so that --format is needed
    said = run("check", path, sample).stdout
    assert "5 records  125,000 yen" in said and "--format our_bank" in said
    assert not (tmp_path / "home").exists()


def test_personal_values_are_not_shown(tmp_path: Path) -> None:
    path = write(tmp_path, "our_people", "addressees")
    sample = tmp_path / "any_name.csv"
    sample.write_bytes(
        file_of(LAYOUTS["addressees"], [ADDRESSEE, ADDRESSEE | {"宛名番号": "2", "住民区分": "納税　太郎"}])
    )
    done = run("check", path, sample)
    assert done.exit_code == 1  # a row of it would be quarantined
    assert "1 quarantined" in done.stdout and "name=●" in done.stdout
    assert "太郎" not in done.stdout + run("check", path, sample, "--json").stdout
    assert "business_date" not in done.stdout  # today, unless its name tells


def test_a_fixed_length_sample(tmp_path: Path) -> None:
    path = write(tmp_path, "our_debits", "zengin91_120")
    sample = tmp_path / "debit.dat"
    sample.write_bytes(debits("zengin91_120"))
    code, found = told("check", path, sample)
    assert code == 0
    (read,) = found["samples"]
    assert read["rows"][0]["holder_name"] == "●" and read["rows"][0]["result_code"] == "0"
    sample.write_bytes(debits("zengin91_120")[:-200])
    code, found = told("check", path, sample)
    assert code == 1 and found["samples"][0]["findings"]


def test_everything_wrong_with_a_layout_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "our_bank", "paid_slips", amount="no_such", rules=["no_rule"], primary_key=["no_key"])
    done = run("check", path)
    assert done.exit_code == 1
    assert "no_such" in done.stdout and "no_key" in done.stdout and "broken" in done.stdout
    path = write(tmp_path, "our_bank", "paid_slips", amount=None, rules=["no_rule"])
    code, found = told("check", path)
    assert code == 1
    assert [problem.split(":")[0] for problem in found["problems"]] == [
        "rule 'no_rule' is unknown; known",
        "paid_slips",
    ]


def test_a_reader_that_breaks_on_a_sample_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sample = write(tmp_path, "our_bank", "paid_slips"), tmp_path / "sample.csv"
    sample.write_bytes(b"x")

    def broken(*_: Any) -> None:
        raise KeyError("納税　太郎")

    monkeypatch.setattr(reader, "read", broken)
    done = run("check", path, sample)
    assert done.exit_code == 1
    assert "ING-005" in done.stdout and "太郎" not in done.stdout


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    done = run("check", tmp_path / "none.yml")
    assert done.exit_code == 2
    assert "is no file" in done.stderr


def test_the_layouts_of_a_home_are_listed_with_the_broken_ones(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "layouts"
    folder.mkdir(parents=True)
    write(folder, "our_bank", "paid_slips")
    write(folder, "slips", "slips", amount="no_such")
    rows = {row["id"]: row for row in json.loads(run("list", "--json").stdout)}
    assert (rows["our_bank"]["is_own"], rows["our_bank"]["problem"]) == (True, None)
    assert rows["slips"]["is_own"] and "no_such" in rows["slips"]["problem"]
    assert (rows["receipts"]["is_own"], rows["receipts"]["tables"]) == (False, ["receipts"])
    assert "broken  slips" in run("list").stdout
