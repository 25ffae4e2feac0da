"""osame layout: what a layout and a sample are, said before anything lands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingestion import read as reader
from osame.cli import app
from tests.fixtures import fixed_files
from tests.fixtures.csv_files import ADDRESSEE, ASSESSMENT, LAYOUTS, PAID_SLIP, Row, file_of
from tests.unit.test_layouts import shipped, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where layouts and samples lie. The home is named and never made: a layout is tried without one."""
    monkeypatch.setenv("OSAME_HOME", str(tmp_path / "home"))
    made = tmp_path / "tried"
    made.mkdir()
    return made


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["layout", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def told(*arguments: object) -> tuple[int, Any]:
    code, out, _ = run(*arguments, "--json")
    return code, json.loads(out)


def sample(folder: Path, layout_id: str, rows: list[Row], name: str = "sample.csv") -> Path:
    path = folder / name
    path.write_bytes(file_of(LAYOUTS[layout_id], rows))
    return path


def test_a_sound_layout_and_what_it_makes_of_a_file(folder: Path) -> None:
    ours = write(folder, "our_slips", shipped("paid_slips"))
    two = sample(folder, "paid_slips", [PAID_SLIP, PAID_SLIP | {"金額": "1000"}])
    code, found = told("check", ours, two)
    (read,) = found["samples"]
    assert (code, found["id"], found["tables"], found["problems"]) == (0, "our_slips", ["paid_slips"], [])
    assert (read["records"], read["amount_yen"], read["findings"]) == (2, 26_000, [])
    assert [row["amount_yen"] for row in read["rows"]] == [25_000, 1_000]
    code, out, _ = run("check", ours, two)
    assert code == 0 and "2 records  26,000 yen" in out and "amount_yen=25000" in out


def test_a_fixed_length_layout_and_its_file(folder: Path) -> None:
    ours = write(folder, "our_cvs", shipped("cvs_120"))
    (folder / "cvs.dat").write_bytes(fixed_files.valid("cvs_120"))
    code, found = told("check", ours, folder / "cvs.dat")
    landed = fixed_files.landed(fixed_files.valid("cvs_120"), "cvs_120")
    (read,) = found["samples"]
    assert (code, read["records"], read["amount_yen"]) == (0, landed.records, landed.amount_yen)


def test_nothing_is_written_and_no_home_is_made(folder: Path) -> None:
    ours = write(folder, "our_slips", shipped("paid_slips"))
    file = sample(folder, "paid_slips", [PAID_SLIP])
    assert told("check", ours, file)[0] == 0
    assert not (folder.parent / "home").exists()
    assert {path.name for path in folder.iterdir()} == {ours.name, file.name}


def test_everything_wrong_with_a_layout_is_said(folder: Path) -> None:
    columns = [c for c in shipped("paid_slips")["columns"] if c["name"] not in ("posted_date", "received_date")]
    ours = write(folder, "paid_slips", shipped("paid_slips"), columns=columns)
    code, found = told("check", ours)
    assert code == 1
    assert [problem.split()[0] for problem in found["problems"]] == [
        "paid_slips.received_date",
        "paid_slips.posted_date",
    ]
    code, out, _ = run("check", ours)
    assert code == 1 and out.startswith("broken") and "paid_slips.posted_date (収納日) is missing" in out


def test_of_a_sample_that_is_refused_the_others_are_still_told(folder: Path) -> None:
    ours = write(folder, "our_slips", shipped("paid_slips"))
    good = sample(folder, "paid_slips", [PAID_SLIP])
    bad = folder / "bad.csv"
    bad.write_bytes(b"x,y\n1,2\n")
    code, found = told("check", ours, bad, good)
    refused, read = found["samples"]
    assert (code, [f["code"] for f in refused["findings"]], read["records"]) == (1, ["ING-060"], 1)
    assert "records" not in refused


def test_a_reader_that_breaks_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = write(folder, "our_slips", shipped("paid_slips"))

    def broken(*_: object) -> None:
        raise RuntimeError("税 太郎")

    monkeypatch.setattr(reader, "read", broken)
    code, out, err = run("check", ours, sample(folder, "paid_slips", [PAID_SLIP]))
    assert code == 1 and "ING-005" in out and "太郎" not in out + err


def test_a_quarantined_row_is_a_fault_of_the_sample(folder: Path) -> None:
    ours = write(folder, "assessments", shipped("assessments"))
    rows = [ASSESSMENT | {"調定異動番号": str(n)} for n in (1, 2)] + [ASSESSMENT | {"通知書番号": "12"}]
    code, found = told("check", ours, sample(folder, "assessments", rows), "--business-date", "2025-06-01")
    (read,) = found["samples"]
    assert (code, read["records"], read["quarantined"]) == (1, 2, 1)
    assert [f["code"] for f in read["findings"]] == ["ING-069"]


def test_personal_values_are_masked(folder: Path) -> None:
    """A layout is tried at a desk where anyone looks on: neither the table nor the JSON tells a name."""
    ours = write(folder, "addressees", shipped("addressees"))
    person = sample(folder, "addressees", [ADDRESSEE])
    _, out, _ = run("check", ours, person)
    code, found = told("check", ours, person)
    (row,) = found["samples"][0]["rows"]
    assert (code, row["name"], row["addressee_no"]) == (0, "●", ADDRESSEE["宛名番号"])
    for secret in (ADDRESSEE["氏名"], ADDRESSEE["住所"]):
        assert secret and secret not in out + json.dumps(found, ensure_ascii=False)


def test_how_a_file_would_be_told_without_a_format_is_said(folder: Path) -> None:
    ours = write(folder, "our_slips", shipped("paid_slips"))
    code, out, _ = run("check", ours, sample(folder, "paid_slips", [PAID_SLIP]))
    assert code == 0 and "without --format our_slips it would be taken for paid_slips" in out
    columns = [dict(c) for c in shipped("paid_slips")["columns"]]
    for column in columns:
        column.update({"header": "銀行の" + column["header"]} if column.get("header") == "通番" else {})
    ours = write(folder, "our_slips", shipped("paid_slips"), columns=columns)
    own = folder / "own.csv"
    text = file_of(LAYOUTS["paid_slips"], [PAID_SLIP]).decode("cp932").replace("通番", "銀行の通番", 1)
    own.write_bytes(text.encode("cp932"))
    assert told("check", ours, own)[1]["samples"][0]["recognised_as"] == "our_slips"


def test_what_is_no_file_is_not_tried(folder: Path) -> None:
    code, out, err = run("check", folder / "nothing.yml")
    assert (code, out) == (2, "") and "nothing.yml is no file" in err


def test_the_layouts_of_a_home_are_listed_with_what_is_broken(folder: Path) -> None:
    layouts = folder.parent / "home" / "layouts"
    layouts.mkdir(parents=True)
    write(layouts, "our_slips", shipped("paid_slips"))
    write(layouts, "assessments", shipped("assessments"), amount="no_such_column")
    code, rows = told("list")
    by_id = {row["id"]: row for row in rows}
    assert code == 0 and by_id["paid_slips"]["problem"] is None and not by_id["paid_slips"]["is_own"]
    assert by_id["our_slips"]["is_own"] and by_id["our_slips"]["problem"] is None
    assert "no_such_column" in by_id["assessments"]["problem"]
    _, out, _ = run("list")
    assert "broken" in out and "no_such_column" in out
