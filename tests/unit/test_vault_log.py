"""Reading people: logged before anything is shown, masked under 支援措置, and a log that shows what is missing."""

from __future__ import annotations

import json
import multiprocessing
import stat
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingestion import vault_log
from ingestion.layout_catalog import load_layouts
from ingestion.vault import build_vault, read_accounts, read_people
from ingestion.vault_log import LOG_FILE, append, entries, problems
from osame.act import Act, Permission
from osame.cli import app
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.locks import landing_lock
from reports.documents.letter import letter
from reports.documents.publish import publish
from tests.fixtures.csv_files import file_of
from tests.fixtures.office import land

SLIP = Permission("slip", "納付書の再発行", asks_reason=True)
PURPOSE = Act(SLIP, by="1234", reason="窓口での申出", at=datetime(2026, 11, 23, 9, 30))
PLAIN = {
    "宛名番号": "000000000000001",
    "氏名": "雪見　太郎",
    "郵便番号": "9990012",
    "住所": "雪見市中央1番",
    "住民区分": "1",
    "支援措置フラグ": "0",
}
PEOPLE = [
    PLAIN,
    PLAIN | {"宛名番号": "000000000000002", "氏名": "秘匿　花子", "電話番号": "0299000000", "支援措置フラグ": "1"},
    PLAIN | {"宛名番号": "000000000000003", "氏名": "株式会社雪見", "住民区分": "3", "送付先住所": "雪見市西2番"},
]
ACCOUNT = {
    "宛名番号": "000000000000001",
    "科目コード": "10",
    "口座登録連番": "1",
    "金融機関コード": "0140",
    "店番号": "001",
    "預金種目": "1",
    "口座番号": "1234567",
    "口座名義カナ": "ﾕｷﾐ ﾀﾛｳ",
    "開始日": "2025-04-01",
    "終了日": "",
    "用途": "2",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = open_home(tmp_path_factory.mktemp("vault") / "home")
    layouts = load_layouts()
    for name, rows in (
        ("addressees", PEOPLE),
        ("bank_accounts", [ACCOUNT, ACCOUNT | {"口座登録連番": "2", "終了日": "2026-03-31"}]),
    ):
        path = home.inbox / f"{name}_20260401.csv"
        path.write_bytes(file_of(layouts[name], rows))
        assert [offer.status for offer in land(home, [path])] == ["landed"]
    with landing_lock(home, exclusive=False):
        build_vault(home, home.work, home.landing)
    return home


def test_a_reading_is_logged_with_who_when_whom_and_why(office: Home) -> None:
    people = read_people(office, ["000000000000003", "000000000000001", "000000000000001"], PURPOSE)
    last = list(entries(office))[-1]
    assert people["000000000000001"].name == "雪見　太郎"
    assert last["addressees"] == ["000000000000001", "000000000000003"]
    assert (last["by"], last["reason"], last["document"], last["at"]) == (
        "1234", "窓口での申出", "slip", "2026-11-23 09:30:00"
    )  # fmt: skip
    assert last["os_user"] and last["count"] == 2 and last["what"] == "people"
    assert stat.S_IMODE((office.logs / LOG_FILE).stat().st_mode) == 0o600
    assert not problems(office)


def test_an_address_under_support_measures_is_withheld_unless_asked_for(office: Home) -> None:
    masked = read_people(office, ["000000000000002"], PURPOSE)
    person = masked["000000000000002"]
    assert (person.address, person.mailing, person.phone) == (None, None, None)
    assert masked.withheld == ["000000000000002"]
    assert letter(person)["withheld"] and letter(person)["lines"] == [] and letter(person)["postal_code"] is None
    shown = read_people(office, ["000000000000002"], PURPOSE, show_protected=True)
    assert letter(shown["000000000000002"])["lines"] == ["雪見市中央1番"]
    assert [entry["shows_protected"] for entry in entries(office)][-2:] == [False, True]


def test_a_letter_goes_to_the_mailing_address_and_a_firm_is_addressed_as_one(office: Home) -> None:
    sent = letter(read_people(office, ["000000000000003"], PURPOSE)["000000000000003"])
    assert (sent["lines"], sent["honorific"]) == (["雪見市西2番"], "御中")
    own = letter(read_people(office, ["000000000000001"], PURPOSE)["000000000000001"])
    assert (own["postal_code"], own["honorific"]) == ("999-0012", "様")


def test_accounts_are_those_of_the_day(office: Home) -> None:
    numbers = {
        day: [a.account_seq_no for a in read_accounts(office, ["000000000000001"], PURPOSE, day).by_no.get(who, [])]
        for who in ["000000000000001"]
        for day in (date(2025, 3, 31), date(2026, 3, 31), date(2026, 4, 1))
    }
    assert list(numbers.values()) == [[], ["1", "2"], ["1"]]
    assert list(entries(office))[-1]["what"] == "accounts"


def test_someone_unknown_is_named(office: Home) -> None:
    with pytest.raises(OsameError, match="addressees 9 are not in the vault"):
        read_people(office, ["9", "000000000000001"], PURPOSE)


def test_nothing_is_read_without_a_vault(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with pytest.raises(OsameError, match="does not exist yet"):
        read_people(home, ["1"], PURPOSE)
    assert not (home.logs / LOG_FILE).exists()


@pytest.mark.parametrize(("by", "reason"), [("", "窓口"), ("1234", "  ")])
def test_who_and_why_must_be_said(by: str, reason: str) -> None:
    with pytest.raises(OsameError, match="is empty"):
        Act(SLIP, by, reason, datetime(2026, 1, 1))


# --- the chain ---------------------------------------------------------------------------------------------------


def _append(root: Path, number: int) -> None:
    append(Home(root), PURPOSE, "people", [str(number)], shows_protected=False)


def _log(home: Home, count: int) -> Path:
    for number in range(count):
        _append(home.root, number)
    return home.logs / LOG_FILE


@pytest.mark.parametrize("gone", [0, 1])
def test_a_removed_line_shows(tmp_path: Path, gone: int) -> None:
    home = open_home(tmp_path)
    path = _log(home, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    assert problems(home) == [f"line {gone + 1} does not follow the line before it: one was changed or removed there"]


def test_a_changed_line_shows(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    path = _log(home, 3)
    path.write_bytes(path.read_bytes().replace(b'"addressees":["1"]', b'"addressees":["7"]'))
    assert problems(home) == ["line 3 does not follow the line before it: one was changed or removed there"]


def test_a_line_that_was_cut_off_shows_and_the_log_goes_on(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    path = _log(home, 2)
    path.write_bytes(path.read_bytes()[:-20])
    _append(home.root, 2)
    assert problems(home) == ["line 2 is no entry: changed by hand, or cut off by a crash"]
    assert [entry["addressees"] for entry in entries(home)] == [["0"], ["2"]]


def test_a_removed_last_line_shows_where_a_document_was_made_from_it(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    path = _log(home, 2)
    read = append(home, PURPOSE, "people", ["9"], shows_protected=False)
    issued = publish(
        home, PURPOSE, {"slip.pdf": b"%PDF"}, count=1, as_of=date(2026, 11, 23), known_at=None, vault_reads=[read]
    )
    assert problems(home) == []
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert problems(home) == [f"{issued.folder} was made from a reading that is not in the log"]


def test_lines_longer_than_the_buffer_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_log, "_CHUNK", 64)
    home = open_home(tmp_path)
    for count in (1, 200, 3):
        append(home, PURPOSE, "people", [f"{n:015d}" for n in range(count)], shows_protected=False)
    assert problems(home) == []


def test_many_processes_write_one_chain(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(_append, [(home.root, number) for number in range(40)])
    assert problems(home) == []
    assert sorted(int(entry["addressees"][0]) for entry in entries(home)) == list(range(40))


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_lists_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_home(tmp_path)
    monkeypatch.setenv("OSAME_HOME", str(tmp_path))
    path = _log(home, 5)
    runner = CliRunner()
    listed = runner.invoke(app, ["vault-log", "--addressee", "3", "--json"])
    assert [entry["addressees"] for entry in json.loads(listed.stdout)] == [["3"]]
    assert "1234" in runner.invoke(app, ["vault-log"]).stdout
    assert runner.invoke(app, ["vault-log", "--verify"]).exit_code == 0
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    broken = runner.invoke(app, ["vault-log", "--verify"])
    assert broken.exit_code == 1 and "line 1 does not follow" in broken.stderr
