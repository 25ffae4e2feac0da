"""Stores that vanish, are damaged or may only be read: nothing is begun anew or replaced in silence; all is told."""

from __future__ import annotations

import ctypes
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.offer import sha256_of
from osame import stores as connection
from osame.home import PROJECT, Home, open_home
from tests.fixtures.csv_files import LAYOUTS, PAID_SLIP, file_of
from tests.fixtures.office import count, deliver, environment, json_of, landing_rows, osame, tiny_files
from warehouse.law.parameters import PARAMETER_DIR

NOW = "2025-08-03T09:00:00"  # the books of tiny_files are built as of the day before
_PR_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2  # Linux: prctl and capabilities
DAMAGE = {
    "empty": lambda data: b"",
    "another file": lambda data: b"hello world" * 1000,
    "cut off": lambda data: data[: len(data) // 2],
    "overwritten header": lambda data: data[:20] + b"\xff" * 40 + data[60:],
    "overwritten within": lambda data: data[: len(data) // 3] + b"\xff" * 65536 + data[len(data) // 3 + 65536 :],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A tiny office, landed and built. Copied by each test, never written to."""
    home = open_home(tmp_path_factory.mktemp("stores") / "home")
    deliver(home.inbox, tiny_files())
    assert osame(home, "ingest", OSAME_NOW="2025-07-10T09:00:00").returncode == 0
    done = osame(home, "build", "--as-of", "2025-08-02", "--no-tests", OSAME_NOW=NOW)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    shutil.copytree(built.root, tmp_path / "home")
    return Home(tmp_path / "home")


def sentence(done: subprocess.CompletedProcess[str], *codes: int) -> str:
    """What a command said when it ended with one of these codes, which was no traceback."""
    assert done.returncode in codes, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr + done.stdout


def warnings_of(home: Home) -> dict[str, str]:
    done = osame(home, "status", "--json", OSAME_NOW=NOW)
    assert "Traceback" not in done.stderr, done.stderr
    found = {warning["name"]: warning["found"] for warning in json_of(done)["warnings"]}
    assert done.returncode == (1 if found else 0)
    return found


def unmet(home: Home, *words: str) -> dict[str, str]:
    done = osame(home, "doctor", "--json", *words, OSAME_NOW=NOW)
    assert "Traceback" not in done.stderr, done.stderr
    found = {c["name"]: c["found"] for c in json_of(done) if not c["passed"] and c["name"] != "free disk"}
    assert done.returncode == 1 or not found
    return found


# --- landing that vanishes ---------------------------------------------------------------------------------------


def test_a_home_in_order_has_no_warning(home: Home) -> None:
    assert warnings_of(home) == {}
    assert unmet(home, "--full") == {}


@pytest.mark.parametrize("trace", ["all", "archive", "warehouse", "vault", "wal"])
def test_a_landing_store_that_was_there_is_never_begun_anew_by_the_way(home: Home, trace: str) -> None:
    wal = home.root / "landing.duckdb.wal"
    home.landing.rename(wal if trace == "wal" else home.root / "aside")
    for name, path in (("archive", home.archive), ("warehouse", home.warehouse), ("vault", home.vault)):
        if trace not in ("all", name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = home.warehouse.read_bytes() if home.warehouse.exists() else None
    deliver(home.inbox, {"new.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])})
    for words in (["ingest"], ["build", "--as-of", "2025-08-02"]):
        said = sentence(osame(home, *words, OSAME_NOW=NOW), 2)
        assert f"{home.landing} is missing" in said
        assert "osame begin-landing --despite-loss" in said
    assert not home.landing.exists()
    assert (home.inbox / "new.csv").exists()
    assert (home.warehouse.read_bytes() if home.warehouse.exists() else None) == before
    assert "is missing" in warnings_of(home)["landing opens with its key"]
    assert "is missing" in unmet(home)["landing opens with its key"]


def test_a_deliberate_beginning_is_a_command_and_the_build_has_to_be_told(home: Home) -> None:
    home.landing.unlink()
    assert "tell so" in sentence(osame(home, "begin-landing"), 2)
    assert "was begun" in sentence(osame(home, "begin-landing", "--despite-loss"), 0)
    assert "nothing was done" in sentence(osame(home, "begin-landing", "--despite-loss"), 0)
    assert landing_rows(home, "select count(*) from landing.loads") == [(0,)]
    before = home.warehouse.read_bytes()
    done = osame(home, "build", "--as-of", "2025-08-02", "--no-tests", OSAME_NOW=NOW)
    said = sentence(done, 2)
    assert "lacks 3 files that the published warehouse knows: assessments_20250401.csv, " in said
    assert "--allow-fewer-loads" in said
    assert home.warehouse.read_bytes() == before
    lost = unmet(home)["landing has all that has ever landed"]
    assert lost.startswith("3 files are in the archive or the warehouse and not in it: assessments_20250401.csv")
    done = osame(home, "build", "--as-of", "2025-08-02", "--no-tests", "--allow-fewer-loads", OSAME_NOW=NOW)
    assert done.returncode == 0, done.stderr
    assert count(home, "select count(*) from fct_receipts") == 0


def landing_or_none(home: Home) -> int:
    return len(landing_rows(home, "select table_name from duckdb_tables() where database_name = 'landing'"))


def test_an_older_landing_does_not_take_receipts_out_of_the_books(home: Home, tmp_path: Path) -> None:
    """A backup put back: the warehouse knew a file more; where the warehouse cannot be read, the archive tells."""
    shutil.copy(home.landing, tmp_path / "backup")
    deliver(home.inbox, {"later.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])})
    assert osame(home, "ingest", OSAME_NOW="2025-08-01T09:00:00").returncode == 0
    done = osame(home, "build", "--as-of", "2025-08-02", "--no-tests", OSAME_NOW=NOW)
    assert done.returncode == 0, done.stderr
    past = osame(
        home, "build", "--as-of", "2025-08-02", "--known-at", "2025-07-31T00:00:00", "--no-tests", OSAME_NOW=NOW
    )
    assert past.returncode == 0, past.stderr  # the past knows fewer: landing itself has lost nothing
    assert osame(home, "build", "--as-of", "2025-08-02", "--no-tests", OSAME_NOW=NOW).returncode == 0
    shutil.copy(tmp_path / "backup", home.landing)
    said = sentence(osame(home, "build", "--as-of", "2025-08-02", OSAME_NOW=NOW), 2)
    assert "lacks 1 files that the published warehouse knows: later.csv" in said
    home.warehouse.write_bytes(b"hello world" * 1000)
    said = sentence(osame(home, "build", "--as-of", "2025-08-02", OSAME_NOW=NOW), 2)
    assert "lacks 1 files that the published warehouse knows: later.csv" in said


# --- damage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_store_is_told_by_every_command_that_meets_it(home: Home, how: str) -> None:
    whole = home.warehouse.read_bytes()
    home.warehouse.write_bytes(DAMAGE[how](whole))
    assert any("warehouse" in name for name in unmet(home))
    for words in (["sql", "select sum(hash(t)) from fct_movements as t"], ["trace", "x"], ["report", "fee_book"]):
        sentence(osame(home, *words, OSAME_NOW=NOW), 0, 1, 2)
    if how != "overwritten within":  # that may lie in a block which these do not read
        assert any("warehouse" in name for name in warnings_of(home))
        assert "osame build" in sentence(osame(home, "sql", "select 1"), 2)
        assert "osame build" in sentence(osame(home, "report", "daily_collection", "-p", "month=2025-07"), 2)


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_landing_is_told_and_never_replaced(home: Home, how: str) -> None:
    damaged = DAMAGE[how](home.landing.read_bytes())
    home.landing.write_bytes(damaged)
    assert any("landing" in name for name in unmet(home))
    deliver(home.inbox, {"new.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])})
    done = osame(home, "ingest", OSAME_NOW=NOW)
    if how != "overwritten within":
        said = sentence(done, 2)
        assert str(home.landing) in said
        assert "backup" in said or "key file" in said
        assert home.landing.read_bytes() == damaged
        assert (home.inbox / "new.csv").exists()
        sentence(osame(home, "build", "--as-of", "2025-08-02", OSAME_NOW=NOW), 2)
    assert "Traceback" not in done.stderr


def test_archived_files_that_are_damaged_or_gone_are_told(home: Home) -> None:
    files = sorted(p for p in home.archive.rglob("*") if p.is_file())
    blob = bytearray(files[0].read_bytes())
    blob[-1] ^= 1
    files[0].write_bytes(bytes(blob))
    files[1].unlink()
    found = unmet(home)
    assert "1 damaged" in found["archived files are whole"]
    assert files[0].name in found["archived files are whole"]
    assert files[1].name.split("-", 1)[1] in found["every landed file is in the archive"]


# --- what waits, what failed -------------------------------------------------------------------------------------


def test_a_failed_build_is_told_until_one_ends_well(home: Home) -> None:
    home.settings_file.write_text("go_live: {channels: {x: 2025-01-01}}\nmatching: {threshold: 0}\n", encoding="utf-8")
    assert osame(home, "build", "--as-of", "2025-08-02", OSAME_NOW=NOW).returncode == 2
    assert "failed, as of 2025-08-02" in warnings_of(home)["the last build ended well"]
    assert "matching.threshold" in unmet(home)["the last build ended well"]
    state = json_of(osame(home, "status", "--json", OSAME_NOW=NOW))
    assert state["last_build"]["state"] == "failed"
    assert state["warehouse"]["as_of_date"] == "2025-08-02"
    home.settings_file.unlink()
    assert osame(home, "build", "--as-of", "2025-08-02", "--no-tests", OSAME_NOW=NOW).returncode == 0
    assert warnings_of(home) == {}


def test_a_killed_build_is_told(home: Home) -> None:
    record = home.build_record.read_text(encoding="utf-8")
    record = re.sub(r'"state": "ok"', '"state": "running"', re.sub(r'"pid": \d+', '"pid": 999999999', record))
    home.build_record.write_text(record, encoding="utf-8")
    assert warnings_of(home)["the last build ended well"].startswith("killed, as of 2025-08-02")


def test_what_waits_is_told(home: Home) -> None:
    files = {"later.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}]), "broken.csv": b"x"}
    deliver(home.inbox, files)
    assert set(warnings_of(home)) == {"no file waits in the inbox"}
    assert osame(home, "ingest", OSAME_NOW=NOW).returncode == 1
    found = warnings_of(home)
    assert set(found) == {"no refused file is open", "the warehouse knows all that has landed"}
    assert "later.csv" in found["the warehouse knows all that has landed"]
    assert set(found) <= set(unmet(home))


@pytest.mark.parametrize(
    ("now", "name"),
    [
        ("2025-08-04T00:30:00", "the books are of yesterday"),
        ("2026-11-02T09:00:00", "rates are known for 60 days to come"),
    ],
)
def test_old_books_and_ending_rates_are_told(home: Home, now: str, name: str) -> None:
    done = osame(home, "status", OSAME_NOW=now)
    assert done.returncode == 1
    assert name in done.stdout
    assert name not in osame(home, "status", OSAME_NOW=NOW).stdout


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("layouts/x.yml", "id: [", "the layouts can be read"),
        ("osame.yml", "x: [", "the settings can be read"),
        ("law/late_charge_rates/local_tax.yml", "id: [", "the legal values can be read"),
    ],
)
def test_what_the_office_has_configured_wrongly_is_told(home: Home, path: str, text: str, name: str) -> None:
    (home.root / path).parent.mkdir(parents=True, exist_ok=True)
    (home.root / path).write_text(text, encoding="utf-8")
    assert str(home.root / path) in warnings_of(home)[name]
    assert name in unmet(home)


# --- a home that may only be read --------------------------------------------------------------------------------


@pytest.fixture
def read_only(built: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the home in which its owner may write nothing."""
    home = Home(tmp_path / "home")
    shutil.copytree(built.root, home.root)
    shutil.rmtree(home.work)  # a backup has none
    paths = [home.root, *home.root.rglob("*")]
    for path in paths:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    yield home
    for path in paths:
        path.chmod(path.stat().st_mode | 0o200)


def _heed_modes() -> None:
    """Give up what lets root write where the modes forbid it."""
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def as_reader(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "osame.cli", *words],
        env=environment(home, OSAME_NOW=NOW),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        preexec_fn=_heed_modes,
        check=False,
    )


def test_a_home_that_may_only_be_read_can_be_read(read_only: Home) -> None:
    before = sorted(read_only.root.rglob("*"))
    done = as_reader(read_only, "sql", "select count(*) as n from fct_receipts", "--format", "csv")
    assert (done.returncode, done.stdout) == (0, "n\n1\n"), done.stderr
    done = as_reader(read_only, "status", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert json_of(done)["landing"]["landed"] == 3
    checks = {check["name"]: check for check in json_of(as_reader(read_only, "doctor", "--json"))}
    assert [n for n, c in checks.items() if not c["passed"] and n != "free disk"] == ["writable"]
    assert sentence(as_reader(read_only, "trace", "paid_slips_20250702.csv"), 0)
    for words in (["ingest"], ["build"], ["report", "daily_collection", "-p", "month=2025-07"]):
        said = sentence(as_reader(read_only, *words), 1, 2)
        assert "ermission denied" in said or "Read-only" in said
    assert sorted(read_only.root.rglob("*")) == before


# --- other ways to meet a traceback ------------------------------------------------------------------------------


def test_a_key_file_of_bytes_is_a_sentence(home: Home) -> None:
    (home.keys / "landing.key").write_bytes(b"\x00\xff\xfe" * 20)
    assert "holds no key" in sentence(osame(home, "ingest"), 2)
    assert "holds no key" in warnings_of(home)["landing opens with its key"]


@pytest.mark.parametrize("query", ["", " ", ";", ";;", "/* nothing */"])
def test_sql_without_a_query_is_a_sentence(home: Home, query: str) -> None:
    assert "is no query" in sentence(osame(home, "sql", query), 2)


@pytest.mark.parametrize("variable", ["OSAME_THREADS", "OSAME_MEMORY_LIMIT", "OSAME_LOCK_WAIT", "OSAME_NOW"])
def test_an_environment_that_cannot_be_read_is_a_sentence(home: Home, variable: str) -> None:
    said = sentence(osame(home, "build", **{variable: "many"}), 2)
    assert f"{variable}" in said
    assert "many" in said


def test_japanese_names_are_told_whatever_the_locale(home: Home) -> None:
    deliver(home.inbox, {"入金_20250801.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])})
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "osame.cli", "ingest"],
        env=environment(home, OSAME_NOW=NOW, **plain),
        cwd=PROJECT,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").startswith("landed  入金_20250801.csv")
    archived = next(home.archive.rglob("*入金*"))
    assert archived.name.startswith(sha256_of(file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])))


def test_known_at_keeps_its_offset(home: Home) -> None:
    """18:00 in UTC is 3 o'clock of the next morning in Japan: the file that landed at 2 is known."""
    deliver(home.inbox, {"later.csv": file_of(LAYOUTS["paid_slips"], [PAID_SLIP | {"通番": "9"}])})
    assert osame(home, "ingest", OSAME_NOW="2025-08-02T02:00:00").returncode == 0
    words = ["build", "--no-tests", "--known-at", "2025-08-01T18:00:00+00:00"]
    done = osame(home, *words, OSAME_NOW=NOW)
    assert done.returncode == 0, done.stderr
    assert count(home, "select count(*) from fct_loads") == 4
    assert str(count(home, "select known_at from run_info")) == "2025-08-02 03:00:00"
    assert str(count(home, "select as_of_date from run_info")) == "2025-08-02"  # yesterday, where no day is named


def test_a_day_to_come_is_built_only_when_it_is_meant(home: Home) -> None:
    words = ["build", "--as-of", "2025-08-04", "--no-tests"]
    assert "lies in the future: today is 2025-08-03 in Japan" in sentence(osame(home, *words, OSAME_NOW=NOW), 2)
    done = osame(home, *words, "--allow-future", OSAME_NOW=NOW)
    assert done.returncode == 0, done.stderr


# --- rates of the office's own -----------------------------------------------------------------------------------


def test_a_build_uses_the_rates_that_the_office_has_added(home: Home) -> None:
    """The law seeds of this home's build have the added days; the shipped files are not touched."""
    for name in ("late_charge_rates/local_tax", "late_charge_rates/corporate_extension"):
        _add_a_year(home, name, '{low: "3.0", high: "9.3"}' if name.endswith("tax") else None)
    for name in ("late_charge_rates/sewer_contribution", "refund_interest/rates"):
        _add_a_year(home, name, None)
    words = ["build", "--as-of", "2027-01-31", "--no-tests"]
    done = osame(home, *words, OSAME_NOW="2027-02-01T07:00:00")
    assert done.returncode == 0, done.stderr
    rate = "select rate_per_100000 from law_late_charge_rates where rate_family = 'local_tax' and phase = 'low' and "
    assert count(home, rate + "date '2027-01-31' between valid_from and valid_to") == 3_000
    assert count(home, rate + "date '2026-12-31' between valid_from and valid_to") == 2_800
    assert count(home, "select count(*) from law_late_charge_rates where valid_to = date '9999-12-31'") == 6


def _add_a_year(home: Home, name: str, value: str | None) -> None:
    text = (PARAMETER_DIR / f"{name}.yml").read_text(encoding="utf-8")
    last = text[text.rindex("  - from: ") :]
    found = re.search(r"value: (\{.*?\})", last)
    assert found is not None
    year = re.sub(r"from: .*", "from: 2027-01-01", re.sub(r"to: 2026-12-31", "to: 2027-12-31", last), count=1)
    path = home.law / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + year.replace(found[1], value or found[1]), encoding="utf-8")


def test_a_build_keeps_to_the_limits_of_one_process(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "THREADS", 1)
    monkeypatch.setattr(connection, "MEMORY_LIMIT", "512MiB")
    connection.copy_landing(home, tmp_path)
    of_dbt = connection.open_memory()
    try:
        of_dbt.execute("set threads = 4")
        connection.attach_for_build(of_dbt, home, tmp_path / "warehouse.duckdb")
        limits = of_dbt.execute("select current_setting('threads'), current_setting('memory_limit')").fetchall()
    finally:
        of_dbt.close()
    assert limits == [(1, "512.0 MiB")]
