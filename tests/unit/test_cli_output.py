"""What every command shares: errors as sentences with an exit code, JSON, days and yen."""

from __future__ import annotations

import io
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pytest
import typer
from rich.console import Console

from ingestion.commands.ingest import _show_offer
from ingestion.delivered import files_below, readable_name
from ingestion.offer import Offer
from ingestion.readers.findings import Finding
from osame.console import parse_day, print_json, told, yen
from osame.errors import BuildFailed, OsameError, StoreBusy
from warehouse.commands import sql
from warehouse.commands.sql import _cell, _show


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OsameError("x.yml:3: found [a]", "mend it"), 2, "Error: x.yml:3: found [a]\n  -> mend it"),
        (StoreBusy("landing is in use"), 1, "Error: landing is in use"),
        (BuildFailed("1 of 9 nodes failed"), 1, "1 of 9 nodes failed"),
        (OSError(28, "No space left on device", "/data/x"), 1, "/data/x: No space left on device"),
        (PermissionError(13, "Permission denied", "/data/inbox/y.csv"), 1, "/data/inbox/y.csv: Permission denied"),
        (duckdb.IOException("IO Error: Could not write file"), 1, "IO Error: Could not write file"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed"), 1, "Out of Memory Error"),
        (duckdb.TransactionException("Failed to commit: Could not write"), 1, "Failed to commit"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_that_a_user_can_mend_is_a_sentence(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, told():
        raise error
    assert left.value.exit_code == code
    text = capsys.readouterr()
    assert said in text.err
    assert text.out == ""


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(KeyError), told():
        raise KeyError("a bug")


def test_json_is_one_document_in_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"科目": "固定資産税", "day": date(2025, 6, 30), "path": Path("/x"), "none": None})
    assert capsys.readouterr().out == (
        '{\n  "科目": "固定資産税",\n  "day": "2025-06-30",\n  "path": "/x",\n  "none": null\n}\n'
    )


@pytest.mark.parametrize("text", ["2026-05-31", "20260531", "R8.5.31", "R08.05.31", "令和8年5月31日"])
def test_days_of_the_command_line(text: str) -> None:
    assert parse_day(text, "--as-of") == date(2026, 5, 31)


@pytest.mark.parametrize("text", ["", "2026-02-29", "31/5/2026", "tomorrow", "R0.1.1"])
def test_what_is_no_day_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(OsameError, match="--as-of"):
        parse_day(text, "--as-of")


def test_yen() -> None:
    assert (yen(1_234_567), yen(-5), yen(0), yen(None)) == ("1,234,567", "-5", "0", "-")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("amount_yen", 1_234, "1,234"),
        ("count_star()", 1_234, "1,234"),
        ("fiscal_year", 2025, "2025"),
        ("load_id", 4_503_599_627_370_495, "4503599627370495"),
        ("offer_no", 1_000, "1000"),
        ("is_full", True, "True"),
        ("x", None, ""),
        ("note", "[red]x[/]", "[red]x[/]"),
    ],
)
def test_cells_of_a_table(name: str, value: object, shown: str) -> None:
    assert _cell(name, value).plain == shown


@pytest.mark.parametrize("width", [10, 30, 60, 400])
def test_a_terminal_of_any_width_shows_every_key_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"due_key": f"30-00-152994-152994-1-2025-2025-{n:010}-01", "name": "雪見　太郎", "load_id": 10**15 + n}
        for n in range(3)
    ]
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=width, soft_wrap=True, highlight=False)
    monkeypatch.setattr(sql, "out", terminal)
    monkeypatch.setattr(sql, "Console", partial(Console, file=screen))
    _show(list(rows[0]), [[_cell(name, value) for name, value in row.items()] for row in rows])
    shown = screen.getvalue()
    assert "…" not in shown
    for row in rows:
        for value in row.values():
            assert shown.count(str(value)) == (3 if value == "雪見　太郎" else 1)


def test_files_are_offered_by_name_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.csv", ".work/c.csv", ".partial.csv", "sub/.d.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert [p.name for p in files_below([tmp_path])] == ["a.csv", "b.csv"]
    assert [p.name for p in files_below([tmp_path / ".partial.csv"])] == [".partial.csv"]  # named, so it is meant
    with pytest.raises(OsameError, match="nothing does not exist"):
        files_below([tmp_path / "nothing"])


def test_names_that_are_no_utf8_are_read_as_cp932(tmp_path: Path) -> None:
    import os

    raw = "入金_20250630.csv".encode("cp932")
    assert readable_name(Path(os.fsdecode(raw))) == "入金_20250630.csv"
    assert readable_name(tmp_path / "入金.csv") == "入金.csv"
    assert readable_name(Path(os.fsdecode(b"\xff\xfe.csv"))).endswith(".csv")


def test_a_file_without_rows_is_seen_in_the_line_of_its_landing(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = tuple(Finding("ING-007", None, None, None, "a header row alone", "rows") for _ in range(7))
    _show_offer(Offer("paid.csv", "0" * 64, 0, "landed", "paid_slips", None, 0, 0, 0, (), warnings[:1]), dry_run=False)
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.endswith("paid_slips  0 records  0 yen  1 warning")
    assert "[ING-007] a file without a single record" in second
    _show_offer(Offer("paid.csv", "0" * 64, 0, "landed", "paid_slips", None, 0, 0, 0, (), warnings), dry_run=False)
    assert "7 warnings" in (text := capsys.readouterr().out)
    assert "2 more warnings" in text
