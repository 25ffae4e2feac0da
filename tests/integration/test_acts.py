"""What an act says is done is done: in the order of recording, wholly, and by somebody who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingestion.landing import Landing
from osame import locks
from osame.act import Act, Permission
from osame.cli import app
from osame.errors import OsameError, StoreBusy
from osame.home import Home
from osame.locks import landing_lock
from tests.fixtures.office import hire, land, landing_rows, recording
from tests.integration.test_records import DRAFT, RECORDING, approve, withdraw
from warehouse.collection import decisions
from warehouse.doctor import examine
from warehouse.office.permissions import NotPermitted, require_permitted
from warehouse.office.records import acting_on, record
from warehouse.office.registers import current_rows

AT = datetime(2026, 6, 1, 9)
DAY = AT.date()
NUMBER = str(DRAFT["decision_no"])


@pytest.fixture
def home(staffed: Home) -> Home:
    return staffed


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def amounts(home: Home) -> list[int]:
    return [row["amount_yen"] for row in current_rows(home, "decisions")]


# --- order ---------------------------------------------------------------------------------------------------------


def test_a_value_set_back_to_what_it_was_holds(home: Home) -> None:
    for amount in (12_000, 15_000, 12_000):
        record(home, "decisions", [DRAFT | {"amount_yen": amount}], RECORDING)
        assert amounts(home) == [amount]


@pytest.mark.parametrize("behind", [timedelta(seconds=1), timedelta(hours=10), timedelta(days=3)])
def test_a_clock_that_was_put_back_loses_no_act(home: Home, behind: timedelta) -> None:
    record(home, "decisions", [DRAFT | {"drafted_date": DAY - timedelta(days=9)}], RECORDING)
    approve(home, [NUMBER], "1002", DAY, AT - behind)
    (row,) = current_rows(home, "decisions")
    assert row["approved_by"] == "1002"
    withdraw(home, [NUMBER], "1003", "誤り", AT - 2 * behind)
    assert current_rows(home, "decisions") == []


def test_an_act_comes_after_a_file_of_a_day_to_come(home: Home) -> None:
    record(home, "decisions", [DRAFT], replace(RECORDING, at=AT + timedelta(days=200)))
    withdraw(home, [NUMBER], "1003", "誤り", AT)
    assert current_rows(home, "decisions") == []


def test_what_landed_later_is_known_later_whatever_the_clock_says(home: Home) -> None:
    record(home, "decisions", [DRAFT], RECORDING)
    approve(home, [NUMBER], "1002", DAY, AT - timedelta(minutes=5))
    instants = landing_rows(home, "select landed_at from landing.loads where format = 'decisions' order by offer_no")
    assert instants == sorted(set(instants))


# --- whole or not at all -------------------------------------------------------------------------------------------


def test_an_act_that_finds_landing_in_use_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_WAIT_SECONDS", 0.3)
    with acting_on(home, ["decisions"], RECORDING) as book:
        with landing_lock(home, exclusive=False), pytest.raises(StoreBusy):
            book.record("decisions", [DRAFT])
        assert list(home.inbox.iterdir()) == []
    assert land(home, [home.inbox]) == []
    assert amounts(home) == []


def test_an_act_on_two_registers_lands_in_both_or_in_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    notice = {name: value for name, value in DRAFT.items() if not name.startswith(("drafted", "line", "from"))}
    notice |= {
        "overpayment_notice_no": f"{NUMBER}-1",
        "component_code": "1",
        "notified_date": DAY,
        "addressee_no": "1",
        "cause_code": "4",
    }
    notice["notice_type_code"] = notice.pop("decision_type_code")
    before = sorted(home.archive.rglob("*.csv"))
    whole = Landing.land
    monkeypatch.setattr(
        Landing, "land", lambda self, decoded, *rest: _full_disk_at("decisions", whole, self, decoded, *rest)
    )
    with acting_on(home, decisions.REGISTERS, RECORDING) as book:
        with pytest.raises(OSError, match="No space left"):
            book.record_all({"overpayment_notices": [notice], "decisions": [DRAFT]})
        assert current_rows(home, "overpayment_notices") == []
        assert sorted(home.archive.rglob("*.csv")) == before
        monkeypatch.setattr(Landing, "land", whole)
        book.record_all({"overpayment_notices": [notice], "decisions": [DRAFT]})
    assert (len(current_rows(home, "overpayment_notices")), amounts(home)) == (1, [12_000])
    assert len(list(home.archive.rglob("*.csv"))) == len(before) + 2


def _full_disk_at(table: str, whole: object, landing: Landing, decoded: object, *rest: object) -> object:
    if decoded.layout.id == table:  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")
    return whole(landing, decoded, *rest)  # type: ignore[operator]


def test_what_was_recorded_is_in_the_archive_and_says_who(home: Home) -> None:
    offer = record(home, "decisions", [DRAFT], replace(RECORDING, reason="二重納付"))
    assert [path.name for path in home.archive.rglob(f"{offer.sha256}-*")] == [f"{offer.sha256}-{offer.file_name}"]
    facts = f"select facts->'act'->>'by', facts->'act'->>'reason' from landing.loads where load_id = {offer.load_id}"
    assert landing_rows(home, facts) == [("1001", "二重納付")]


# --- who may -------------------------------------------------------------------------------------------------------


def test_nobody_acts_in_a_home_without_staff_but_to_record_the_first(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with pytest.raises(NotPermitted, match="no member of staff is registered"):
        record(home, "decisions", [DRAFT], RECORDING)
    hire(home, "1001")
    record(home, "decisions", [DRAFT], RECORDING)
    with pytest.raises(NotPermitted, match="'9999' is not in the register of staff"):
        record(home, "staff", [{"staff_no": "9999", "name": "x", "from_date": DAY}], recording("staff", "9999", AT))


def test_who_has_left_or_not_begun_does_not_act(home: Home) -> None:
    member = {"staff_no": "1005", "name": "試験", "from_date": date(2026, 4, 1), "to_date": date(2026, 5, 31)}
    record(home, "staff", [member], recording("staff", at=AT))
    act = recording("decisions", "1005")
    require_permitted(home, replace(act, at=datetime(2026, 5, 31, 23)))
    for at in (datetime(2026, 6, 1), datetime(2026, 3, 31)):
        with pytest.raises(NotPermitted, match="1005 is a member of staff from 2026-04-01 to 2026-05-31, not on"):
            require_permitted(home, replace(act, at=at))


def test_an_office_may_ask_for_a_role(home: Home) -> None:
    home.settings_file.write_text('permissions: {approve: ["20"]}', encoding="utf-8")
    chief = {"staff_no": "2001", "name": "課長", "role_code": "20", "from_date": date(2020, 4, 1)}
    record(home, "staff", [chief], recording("staff", at=AT))
    record(home, "decisions", [DRAFT], RECORDING)
    with pytest.raises(NotPermitted, match=r"1002 has the role \(none\); approve \(決裁\) asks for 20"):
        approve(home, [NUMBER], "1002", DAY, AT)
    approve(home, [NUMBER], "2001", DAY, AT)


def test_a_misspelt_permission_of_the_settings_is_told(home: Home) -> None:
    def told() -> list[str]:
        return [c.found for c in examine(home) if c.name == "the permissions of the settings exist" and not c.passed]

    home.settings_file.write_text("permissions: {approve: ['10'], record-decisions: ['10'], refund_notice: ['10']}")
    assert told() == []
    home.settings_file.write_text("permissions: {aprove: ['10'], close: ['10'], record-decision: ['10']}")
    assert told() == ["unknown: aprove, record-decision"]


@pytest.mark.parametrize(("by", "reason", "said"), [(" ", "x", "--by is empty"), ("1001", " ", "--reason is empty")])
def test_an_act_names_who_and_why(by: str, reason: str, said: str) -> None:
    with pytest.raises(OsameError, match=said):
        Act(Permission("show", "閲覧", asks_reason=True), by, reason, AT)


# --- drafts by hand ------------------------------------------------------------------------------------------------


def test_one_person_does_not_write_two_names(home: Home) -> None:
    for more, said in (
        ({"approved_by": "1002", "approved_date": DAY}, "are not recorded with a draft"),
        ({"drafted_by": "1002"}, "drafted_by is 1002, and 1001 records it"),
    ):
        with pytest.raises(OsameError, match=said):
            decisions.draft_line(home, DRAFT | more, RECORDING)
    assert amounts(home) == []


def test_an_approved_decision_is_not_changed_by_recording_it_again(home: Home) -> None:
    decisions.draft_line(home, dict(DRAFT), RECORDING)
    decisions.draft_line(home, DRAFT | {"amount_yen": 9_000}, RECORDING)
    approve(home, [NUMBER], "1002", DAY, AT)
    with pytest.raises(OsameError, match="is approved and is not changed any more"):
        decisions.draft_line(home, DRAFT | {"line_no": "2"}, RECORDING)
    withdraw(home, [NUMBER], "1002", "誤り", AT)
    with pytest.raises(OsameError, match="was taken back"):
        decisions.draft_line(home, dict(DRAFT), RECORDING)


@pytest.mark.parametrize("register", ["closings", "closing_lines", "closing_flows", "certificates"])
def test_a_register_with_an_act_of_its_own_is_not_recorded_by_hand(
    home: Home, register: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    done = CliRunner().invoke(app, ["record", register, "x=1", "--by", "1001"])
    assert (done.exit_code, "is not recorded row by row" in done.stderr) == (2, True)


def test_who_approves_sees_payer_due_and_reason(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    record(home, "decisions", [DRAFT | {"addressee_no": "0001000031", "remarks": "二重納付のため"}], RECORDING)
    (listed,) = decisions.list_decisions(home)
    assert listed["addressee_nos"] == ["0001000031"]
    (line,) = listed["details"]
    assert (line["due_key"], line["reason"]) == ("30-00-152994-152994-1-2025-2025-0000000001-01", "二重納付のため")
    monkeypatch.setenv("OSAME_HOME", str(home.root))
    monkeypatch.setenv("OSAME_NOW", AT.isoformat())
    shown = CliRunner().invoke(app, ["decisions"]).stdout
    for text in ("0001000031", "二重納付のため", "0000000001-01 本税", "12,000円"):
        assert text in shown
    done = CliRunner().invoke(app, ["approve", NUMBER, "--by", "1002", "--on", "2026-06-05"])
    assert done.exit_code == 0, done.stderr
    assert "builds as of 2026-06-05 or later apply them (the nightly one of 2026-06-06" in done.stdout
    withdraw(home, [NUMBER], "1003", "金額の誤り", later(5))
    (gone,) = decisions.list_decisions(home, withdrawn=True)
    assert (gone["addressee_nos"], gone["withdrawn_by"], gone["withdrawn_reason"]) == (
        ["0001000031"],
        "1003",
        "金額の誤り",
    )
