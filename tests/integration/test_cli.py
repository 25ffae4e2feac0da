"""``osame`` from outside: exit codes, JSON, slips, read-only SQL, and a sentence instead of a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.offer import load_id_of, sha256_of
from osame.home import PROJECT, Home, open_home
from tests.fixtures.csv_files import ASSESSMENT, LAYOUTS, PAID_SLIP, RECEIPT, file_of
from tests.fixtures.fixed_files import debits
from tests.fixtures.office import BuiltTown, count, deliver, json_of, landing_rows, names, osame, tiny_files

SAMPLES = PROJECT.parent / "shared" / "samples"
OFFER_KEYS = {
    "file_name",
    "status",
    "format",
    "role",
    "load_id",
    "sha256",
    "records",
    "amount_yen",
    "quarantined",
    "findings",
    "warnings",
    "dry_run",
}
REFUSED = file_of(LAYOUTS["paid_slips"], [PAID_SLIP, PAID_SLIP | {"金額": "-5", "通番": "2"}])


# --- ingest ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A tiny office, landed and built through the command line."""
    home = open_home(tmp_path_factory.mktemp("cli") / "home")
    half_broken = file_of(LAYOUTS["assessments"], [ASSESSMENT, ASSESSMENT | {"調定異動番号": "2", "税額": "1,000"}])
    deliver(home.inbox, tiny_files() | {"assessments_20250401.csv": half_broken})
    done = osame(home, "ingest", "--json", OSAME_NOW="2025-07-10T09:00:00")
    assert done.returncode == 0, done.stderr
    offers = {offer["file_name"]: offer for offer in json_of(done)}
    assert {o["status"] for o in offers.values()} == {"landed"}
    assert [set(offer) ^ OFFER_KEYS for offer in offers.values() if set(offer) != OFFER_KEYS] == []
    assert offers["assessments_20250401.csv"]["quarantined"] == 1
    assert offers["assessments_20250401.csv"]["sha256"] == sha256_of(half_broken)
    assert offers["assessments_20250401.csv"]["load_id"] == load_id_of(
        sha256_of(half_broken), "2025-04-01 0 differential"
    )
    assert offers["paid_slips_20250702.csv"]["amount_yen"] == 25_000
    built = osame(home, "build", "--as-of", "R7.8.2", "--no-tests", "--json")
    assert built.returncode == 0, built.stderr
    assert json_of(built)["as_of"] == "2025-08-02"
    assert set(json_of(built)) == {"as_of", "nodes", "warnings", "seconds"}
    return home


def test_accepted_and_quarantined_rows_are_the_rows_of_the_file(office: Home) -> None:
    assert landing_rows(office, "select count(*) from landing.assessments") == [(1,)]
    assert landing_rows(office, "select reason_code, source_line from landing.quarantine") == [("ING-030", 3)]
    assert count(office, "select records + quarantined from fct_loads where format = 'assessments'") == 2


def test_the_same_bytes_under_another_name_change_nothing(office: Home, tmp_path: Path) -> None:
    deliver(tmp_path, {"again.csv": tiny_files()["paid_slips_20250702.csv"]})
    done = osame(office, "ingest", tmp_path / "again.csv")
    assert done.returncode == 0
    assert done.stdout.startswith("duplicate  again.csv")
    assert (tmp_path / "again.csv").exists()  # a file that is not in the inbox stays where it is
    assert landing_rows(office, "select count(*) from landing.paid_slips") == [(1,)]


def test_a_refused_file_of_the_inbox_is_put_beside_its_slips(office: Home) -> None:
    deliver(office.inbox, {"入金.csv": REFUSED})
    done = osame(office, "ingest")
    assert done.returncode == 1
    assert done.stdout.startswith("rejected  入金.csv  paid_slips  0 records")
    assert "line 3, 金額  [ING-066]" in done.stdout
    assert "1 of 1 files were refused" in done.stderr
    assert names(office.inbox.iterdir()) == []
    stem = f"{sha256_of(REFUSED)[:12]}-入金.csv"
    assert (office.rejected / stem).read_bytes() == REFUSED
    slip = json.loads((office.rejected / f"{stem}.reason.json").read_text(encoding="utf-8"))
    assert slip["file_name"] == "入金.csv"
    assert slip["format"] == "paid_slips"
    assert [(f["code"], f["line"], f["field"], f["found"]) for f in slip["findings"]] == [("ING-066", 3, "金額", "-5")]
    text = (office.rejected / f"{stem}.reason.txt").read_text(encoding="utf-8")
    assert text.startswith("取込拒否票\nファイル名: 入金.csv\n")
    assert "3行目 「金額」 [ING-066] 金額の符号が正しくありません" in text
    assert "・[ING-066] 行を出力し直してください" in text or "・[ING-066] 該当行を出力し直してください" in text


def test_a_refused_file_elsewhere_stays_where_it_is(office: Home, tmp_path: Path) -> None:
    other = REFUSED.replace(b"-5", b"-6")
    deliver(tmp_path, {"bad.csv": other, "good.csv": tiny_files()["slips_20250601.csv"]})
    done = osame(office, "ingest", tmp_path, "--json")
    assert done.returncode == 1
    assert [(o["file_name"], o["status"]) for o in json_of(done)] == [
        ("bad.csv", "rejected"),
        ("good.csv", "duplicate"),
    ]
    assert names(tmp_path.iterdir()) == ["bad.csv", "good.csv"]
    assert landing_rows(office, "select count(*) from landing.paid_slips") == [(1,)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest", "/no/such/file"], "/no/such/file does not exist"),
        (["ingest", "--business-date", "2025-02-30"], "--business-date: '2025-02-30' is no date"),
        (["ingest", "--frmat", "x"], "No such option"),
        (["build", "--as-of", "yesterday"], "--as-of: 'yesterday' is no date"),
        (["build", "--known-at", "noon"], "--known-at: 'noon' is no instant"),
        (["build", "--as-of", "2050-01-01"], "--as-of 2050-01-01"),
        (["sql", "select 1", "--format", "xml"], "--format: 'xml' is unknown"),
        (["trace", ""], "'' is no receipt, due or file of this warehouse"),
        (["trace", "no-such-thing"], "'no-such-thing' is no receipt, due or file of this warehouse"),
        (["recieve"], "No such command"),
    ],
)
def test_a_mistake_is_said_in_a_sentence_with_exit_code_2(office: Home, words: list[str], said: str) -> None:
    done = osame(office, *words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_format_is_refused_with_its_name(office: Home, tmp_path: Path) -> None:
    deliver(tmp_path, {"x.csv": REFUSED})
    done = osame(office, "ingest", tmp_path, "--format", "paidslips")
    assert done.returncode != 0
    assert "paidslips" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_file_names_are_names_and_nothing_else(tmp_path: Path) -> None:
    """Markup, control characters, CP932 bytes, names as long as a disk takes: each lands, and is told on one line."""
    home = open_home(tmp_path / "home")
    rows = [file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": str(i)}]) for i in range(4)]
    (home.inbox / "[red]x[bold].csv").write_bytes(rows[0])
    (home.inbox / ("納付済" * 26 + ".csv")).write_bytes(rows[1])
    windows = os.fsencode(home.inbox) + b"/" + "入金.csv".encode("cp932")
    Path(os.fsdecode(windows)).write_bytes(rows[2])
    (home.inbox / ("n" * 251 + ".csv")).write_bytes(rows[3] + b"broken")
    done = osame(home, "ingest")
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1  # the last one
    lines = [line for line in done.stdout.splitlines() if line.startswith(("landed", "rejected"))]
    assert len(lines) == 4
    assert any("[red]x[bold].csv" in line for line in lines)
    assert any("入金.csv" in line for line in lines)
    assert landing_rows(home, "select count(*) from landing.loads where status = 'landed'") == [(3,)]
    assert list(home.inbox.iterdir()) == []
    assert len([p for p in home.archive.rglob("*") if p.is_file()]) == 3
    assert len(names(home.rejected.iterdir())) == 3
    again = osame(home, "ingest", "--json")
    assert (again.returncode, json_of(again)) == (0, [])


def test_nothing_to_land(tmp_path: Path) -> None:
    done = osame(open_home(tmp_path), "ingest")
    assert done.returncode == 0
    assert done.stdout.startswith("nothing to land")


# --- files of others ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample files are not part of the repository")
def test_files_that_others_made(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    done = osame(home, "ingest", SAMPLES, "--json", OSAME_NOW="2025-07-10T09:00:00")
    offers = {o["file_name"]: o for o in json_of(done)}
    assert done.returncode == 0
    assert {
        name: (o["status"], o["format"], o["role"], o["records"], o["amount_yen"]) for name, o in offers.items()
    } == {
        "cvs_dsk.csv": ("landed", "cvs_dsk", None, 16, 519_319),
        "zengin21_transfer_crlf.txt": ("landed", "zengin21_120", None, 2, 1_702_961),
        "zengin21_transfer_lf.txt": ("landed", "zengin21_120", None, 2, 11_000),
        "zengin91_request_lf.txt": ("landed", "zengin91_120", "request", 2, 11_000),
    }
    assert offers["zengin21_transfer_crlf.txt"]["findings"] == []
    vowel = offers["zengin21_transfer_crlf.txt"]["warnings"][0]  # a long vowel mark in a name, which decides nothing
    assert (vowel["code"], vowel["line"], vowel["byte"]) == ("ING-031", 2, 54)


# --- build -------------------------------------------------------------------------------------------------------


def test_history_and_files_without_a_go_live_day_do_not_build(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    history = file_of(LAYOUTS["receipts"], [RECEIPT | {"納付方法": "02"}])
    deliver(home.inbox, tiny_files() | {"receipts_20250731.csv": history})
    assert osame(home, "ingest").returncode == 0
    done = osame(home, "build", "--as-of", "2025-08-02")
    assert done.returncode == 2
    assert "channels 02 have both" in done.stderr
    assert "go_live: {default: 2025-04-01}" in done.stderr
    assert not home.warehouse.exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("go_life: {default: 2025-04-01}", "go_life: Extra inputs are not permitted"),
        ("go_live: {default: [", "is not YAML in UTF-8"),
    ],
)
def test_a_setting_that_is_not_known_stops_the_build(tmp_path: Path, settings: str, said: str) -> None:
    home = open_home(tmp_path)
    home.settings_file.write_text(settings, encoding="utf-8")
    done = osame(home, "build", "--as-of", "2025-08-02")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert str(home.settings_file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_day_beyond_the_announced_rates_does_not_build(tmp_path: Path) -> None:
    done = osame(open_home(tmp_path), "build", "--as-of", "2027-01-04", "--allow-future")
    assert done.returncode == 2
    assert "2027-01-04" in done.stderr
    assert "law/late_charge_rates/local_tax.yml" in done.stderr
    assert "refund_interest.rates" in done.stderr  # every rate that is not known, not the first alone
    assert "Traceback" not in done.stderr


def test_a_home_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    done = osame(Home(tmp_path / "home"), "status")
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "home") in done.stderr


# --- sql, trace, status, doctor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "create table t as select 1 as a",
        "insert into dim_channels select '99', 'x'",
        "update fct_dues set assessed_yen = 0",
        "delete from fct_dues",
        "drop table fct_dues",
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('{home}/keys/landing.key')",
        "select * from '{home}/town/files/x.csv'",
        "copy (select 1) to '{home}/out.csv'",
        "attach '{home}/landing.duckdb' as l",
        "set enable_external_access = true",
        "load httpfs",
        "install httpfs",
        "selekt 1",
    ],
)
def test_sql_only_reads_the_warehouse(office: Home, query: str) -> None:
    before = office.warehouse.read_bytes()
    done = osame(office, "sql", query.format(home=office.root))
    assert done.returncode == 2
    assert "the query failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert office.warehouse.read_bytes() == before
    assert not (office.root / "out.csv").exists()


def test_formats_of_sql(office: Home) -> None:
    query = "select due_key, levy_year, fiscal_year, assessed_yen, null as nothing, '[/x]' as text from fct_dues"
    as_json = json_of(osame(office, "sql", query, "--format", "json"))
    assert as_json == [
        {
            "due_key": "30-00-152994-152994-1-2025-2025-0000000012-01",
            "levy_year": "2025",
            "fiscal_year": 2025,
            "assessed_yen": 25_000,
            "nothing": None,
            "text": "[/x]",
        }
    ]
    (row,) = csv.DictReader(io.StringIO(osame(office, "sql", query, "--format", "csv").stdout))
    assert (row["levy_year"], row["assessed_yen"], row["nothing"]) == ("2025", "25000", "")
    table = osame(office, "sql", query).stdout
    assert "25,000" in table
    assert "2,025" not in table  # a year is no amount
    assert "[/x]" in table


def test_trace_follows_a_receipt_a_due_and_a_file(office: Home) -> None:
    key = "30-00-152994-152994-1-2025-2025-0000000012-01"
    receipt = count(office, "select receipt_id from fct_receipts")
    found = json_of(osame(office, "trace", receipt, "--json"))
    assert (found["kind"], found["receipts"][0]["amount_yen"], found["dues"][0]["due_key"]) == ("receipt", 25_000, key)
    assert [m["movement_type"] for m in found["movements"]] == ["received"]
    assert found["loads"][0]["file_name"] == "paid_slips_20250702.csv"
    said = osame(office, "trace", key).stdout
    assert "本税 25,000円を" in said
    assert "領収分から充当" in said
    assert "paid_slips_20250702.csv:2" in said
    file = json_of(osame(office, "trace", "paid_slips_20250702.csv", "--json"))
    assert (file["kind"], file["receipts"][0]["receipt_count"]) == ("file", 1)
    by_hash = json_of(osame(office, "trace", file["loads"][0]["sha256"][:12].upper(), "--json"))
    assert by_hash["loads"] == file["loads"]


def test_trace_of_the_town_leads_to_the_report(built_town: BuiltTown) -> None:
    found = json_of(osame(built_town.home, "trace", "paid_slips_20260131.csv", "--json"))
    assert found["reports"], "a report of January is made from the files of January"
    assert found["reports"][0]["report"] == "daily_collection"


def test_status_and_doctor(built_town: BuiltTown) -> None:
    morning = f"{built_town.as_of + timedelta(days=1)}T07:00:00"
    state = json_of(osame(built_town.home, "status", "--json", OSAME_NOW=morning))
    files = built_town.town.summary["files"]
    broken = len(list(built_town.town.broken.iterdir()))
    assert (state["landing"]["landed"], state["landing"]["rejected"]) == (files, broken)
    assert state["warehouse"]["as_of_date"] == built_town.town.as_of
    assert state["warehouse"]["is_behind"] is False
    assert state["inbox_files"] == 0
    assert state["published_runs"] == 1
    assert [warning["name"] for warning in state["warnings"]] == ["no refused file is open"]
    said = osame(built_town.home, "status", OSAME_NOW=morning).stdout
    assert f"{files:,} files" in said
    done = osame(built_town.home, "doctor", "--json", OSAME_NOW=morning)
    checks = {check["name"]: check for check in json_of(done)}
    unmet = [name for name, check in checks.items() if not check["passed"] and name != "free disk"]
    assert unmet == ["no refused file is open"]
    assert {"landing opens with its key", "vault opens with its key", "inbox/ is private"} <= set(checks)


def test_doctor_names_what_is_wrong(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    deliver(home.inbox, {"debit.dat": debits("zengin91_120")})
    assert osame(home, "ingest").returncode == 0
    (home.keys / "landing.key").chmod(0o644)
    (home.work / "build-999999999").mkdir()
    done = osame(home, "doctor")
    assert done.returncode == 1
    assert f"chmod 600 {home.keys / 'landing.key'}" in done.stdout
    assert "no build was killed: 1 left over" in done.stdout
    refused = osame(home, "ingest")
    assert refused.returncode == 2
    assert "can be read by others than its owner" in refused.stderr


def test_status_of_an_empty_home(tmp_path: Path) -> None:
    state = json_of(osame(open_home(tmp_path), "status", "--json"))
    assert state["landing"]["landed"] == 0
    assert state["warehouse"] is None
    for words in (["sql", "select 1"], ["trace", "x"]):
        done = osame(Home(tmp_path), *words)
        assert done.returncode == 2
        assert "run: osame build" in done.stderr
