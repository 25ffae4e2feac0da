"""What the loader of scenarios refuses, and in which words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from osame.errors import OsameError
from warehouse.scenario.files import write_files
from warehouse.scenario.model import KINDS, Scenario, load_scenario
from warehouse.scenario.run import run_scenarios

EXAMPLE = Path(__file__).parent.parent.parent / "warehouse" / "scenario" / "example.yml"
A1 = "{id: a1, addressee: A, tax_item: '30', due: 2024-07-31, yen: 65000}"
A2 = "{id: a2, addressee: A, tax_item: '10', due: 2024-08-31, yen: 1000}"
R1 = "{id: r1, on: 2024-07-31, receive: 65000, due: a1}"


def load(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "case.yml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


def scenario(*events: str, dues: tuple[str, ...] = (A1, A2), more: str = "") -> str:
    lines = ["name: a case", "as_of: 2025-03-31", "dues:", *(f"  - {d}" for d in dues)]
    lines += ["events:", *(f"  - {e}" for e in events)] if events else []
    return "\n".join([*lines, more, ""])


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(OsameError) as caught:
        load(tmp_path, text)
    assert str(tmp_path / "case.yml") in caught.value.message
    assert caught.value.advice
    return caught.value.message


def test_the_example_has_every_kind_of_event() -> None:
    assert {e.kind for e in load_scenario(EXAMPLE).events} == set(KINDS)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{on: 2024-08-01}", "event 1 (2024-08-01 ?): an event has exactly one of receive, cancel,"),
        ("{on: 2024-08-01, receive: 5, adjust: 5, due: a1}", "found receive, adjust"),
        ("{on: 2024-08-01, recieve: 5}", "event 1 (2024-08-01 ?), recieve: unknown key; did you mean receive?"),
        ("{receive: 5}", "event 1 (no day receive), on: is missing"),
        ("{on: soon, receive: 5}", "event 1 (soon receive), on: Input should be a valid date"),
        (
            "{on: 2024-08-01, receive: 0}",
            "event 1 (2024-08-01 receive), receive: Input should be greater than 0; found 0",
        ),
        ("{on: 2024-08-01, receive: 5.5}", "event 1 (2024-08-01 receive), receive: "),
        (
            "{on: 2024-08-01, receive: 5, due: a9}",
            "event 1 (2024-08-01 receive): 'a9' is no due of this scenario (a1, a2)",
        ),
        (
            "{on: 2024-08-01, receive: 5, due: a1, addressee: A}",
            "names a due, a slip or a payer; found due and addressee",
        ),
        ("{on: 2024-08-01, receive: 5, fee: 5}", "fee does not belong to receive, which takes addressee, by_slip,"),
        ("{on: 2024-08-01, receive: 5, by_slip: s1}", "'s1' is no slip issued before this event (none)"),
        ("{on: 2024-08-01, receive: 5, posted: 2024-07-31}", "posted 2024-07-31 lies before the day of receipt"),
        ("{on: 2024-08-01, receive: 5, due: a1, split: {principal: 4}}", "split add up to 4, the amount is 5"),
        ("{on: 2024-08-01, receive: 5, split: {principal: 5}}", "a receipt with a recorded split (収納履歴) needs due"),
        ("{on: 2024-08-01, receive: 5, due: a1, split: {tax: 5}}", "split.tax: unknown key; there are principal,"),
        ("{on: 2024-08-01, receive: 5, channel: '09'}", "channel '09' is none of 01, 02, 03,"),
        ("{on: 2024-08-01, receive: 5, channel: 2}", "channel: 2 is no text: write it in quotes ('2')"),
        ("{on: 2024-08-01, receive: 5, due: a1, fiscal_year: 2023}", "fiscal_year is recorded in 収納履歴 alone"),
        (
            "{on: 2024-08-01, receive: 5, provisional: true}",
            "a provisional receipt (速報 of a convenience store) needs due",
        ),
        ("{on: 2024-08-01, receive: 1000000, due: a1, provisional: true}", "barcode has 6 digits for the amount"),
        ("{on: 2024-08-01, cancel: r1}", "'r1' is the id of no receipt before this event (none)"),
        ("{on: 2024-08-01, confirm: r1}", "'r1' is the id of no provisional receipt before this event"),
        ("{on: 2024-08-01, adjust: 0, due: a1}", "adjust is a change of the tax and cannot be 0"),
        ("{on: 2024-08-01, adjust: 5}", "adjust needs due"),
        (
            "{on: 2024-08-01, adjust: -65001, due: a1}",
            "the tax of a1 is 65,000 by then: adjust -65,001 would make it negative",
        ),
        ("{on: 2024-08-01, adjust: -5, due: a1, cause: 5}", "cause: Input should be less than or equal to 4; found 5"),
        ("{on: 2024-08-01, void: a9}", "'a9' is no due of this scenario"),
        ("{on: 2024-08-01, slip: s1}", "a slip has one of due, dues, lines; found none"),
        ("{on: 2024-08-01, slip: s1, due: a1, dues: [a1]}", "found due and dues"),
        ("{on: 2024-08-01, slip: s1, lines: [{due: a9}]}", "'a9' is no due of this scenario"),
        ("{on: 2024-08-01, refund: 5}", "refund needs due"),
        ("{on: 2024-08-01, refund: 5, due: a1, budget: yes}", "budget: Input should be 'revenue' or 'expenditure'"),
        ("{on: 2024-08-01, offset: 5, due: a1}", "offset needs to"),
        ("{on: 2024-08-01, write_off: 5}", "write_off needs due"),
        ("{on: 2024-08-01, write_off: 5, due: a1, split: {principal: 4}}", "split add up to 4, the amount is 5"),
        ("{on: 2024-08-01, offset: 5, due: a1, to: a1}", "to is the due that the money comes from"),
        (
            "{on: 2024-08-01, reallocate: 5, due: a1, to: a2, split: {principal: 4}}",
            "split add up to 4, the amount is 5",
        ),
    ],
)
def test_a_wrong_event_is_refused(tmp_path: Path, event: str, said: str) -> None:
    assert said in refusal(tmp_path, scenario(event))


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((R1, R1), "events: 2 events have the id r1"),
        ((R1, "{on: 2024-07-30, cancel: r1}"), "event 2 (2024-07-30 cancel): r1 is booked after this day"),
        ((R1, "{on: 2024-08-01, confirm: r1}"), "'r1' is the id of no provisional receipt"),
        (("{on: 2024-08-01, cancel: r1}", R1), "'r1' is the id of no receipt before this event"),
        (
            ("{id: p, on: 2024-07-31, receive: 5, due: a1, provisional: true}", "{on: 2024-08-05, confirm: p}",
             "{on: 2024-08-06, cancel: p}"),
            "p has been confirmed: a 確報 is not taken back by a 取消",
        ),
        (("{on: 2024-07-01, slip: s, due: a1}", "{on: 2024-07-02, slip: s, due: a2}"), "the slip s is issued 2 times"),
        (("{on: 2024-07-01, void: a1}", "{on: 2024-07-02, adjust: -1, due: a1}"), "the tax of a1 is 0 by then"),
    ],
)  # fmt: skip
def test_events_that_do_not_hang_together_are_refused(tmp_path: Path, events: tuple[str, ...], said: str) -> None:
    assert said in refusal(tmp_path, scenario(*events))


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (A1, "dues: 2 dues have the id a1"),
        (
            "{id: a2, addressee: A, tax_item: 30, due: 2024-07-31, yen: 1}",
            "due a2, tax_item: 30 is no text: write it in quotes",
        ),
        (
            "{id: a2, addressee: A, tax_item: '99', due: 2024-07-31, yen: 1}",
            "'99' is no tax item; there are 10, 11, 20,",
        ),
        (
            "{id: a2, addressee: 山田, tax_item: '30', due: 2024-07-31, yen: 1}",
            "due a2, addressee: '山田' does not have the form",
        ),
        (
            "{id: a2, addressee: A, tax_item: '30', due: 1999-07-31, yen: 1}",
            "due a2, due: Input should be greater than",
        ),
        (
            "{id: a2, addressee: A, tax_item: '30', due: 2024-07-31, yen: -1}",
            "due a2, yen: Input should be greater than",
        ),
        ("{id: a2, addressee: A, tax_item: '30', due: 2024-07-31}", "due a2, yen: is missing"),
        ("{addressee: A, tax_item: '30', due: 2024-07-31, yen: 1}", "due 2, id: is missing"),
        (
            "{id: a2, addressee: A, tax_item: '30', due: 2024-07-31, yen: 1, notice_no: '1'}",
            "dues: a2 and a1 have one key: give notice_no or instalment_no",
        ),
        ("just text", "due 2: "),
    ],
)
def test_a_wrong_due_is_refused(tmp_path: Path, due: str, said: str) -> None:
    assert said in refusal(tmp_path, scenario(dues=(A1, due)))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("expect: {dues: {a9: {state: paid}}}", "expect.dues: 'a9' is no due of this scenario"),
        ("expect: {receipts: {r9: {principal_yen: 1}}}", "expect.receipts: 'r9' is the id of no receipt"),
        ("expect: {movement: []}", "expect.movement: unknown key; did you mean movements?"),
        ("expect: {movements: [{amount_yen: 1}]}", "expect.movements: every row names its movement_type"),
        (
            "expect: {suspense: [{amount_yen: 1}, {receipt: r1}]}",
            "expect.suspense: the rows of a list name the same columns",
        ),
        ("policy: {spread_order: random}", "policy.spread_order: Input should be 'oldest_first'"),
        ("policy: {spread: oldest_first}", "policy.spread: Extra inputs are not permitted"),
        ("known_at: 2025-03-31", "known_at: unknown key"),
        ("name: twice", "the key 'name' is given twice"),
        ("dues: [", "is not YAML"),
    ],
)
def test_a_wrong_rest_is_refused(tmp_path: Path, more: str, said: str) -> None:
    assert said in refusal(tmp_path, scenario(R1, more=more))


@pytest.mark.parametrize("text", ["", "- a list", "just text"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    assert "is no scenario: it has no keys" in refusal(tmp_path, text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.yml"
    path.write_bytes("name: 納税".encode("cp932"))
    with pytest.raises(OsameError, match="case.yml is not YAML"):
        load_scenario(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(OsameError, match="none.yml cannot be read: No such file"):
        load_scenario(tmp_path / "none.yml")
    with pytest.raises(OsameError, match="cannot be read: Is a directory"):
        load_scenario(tmp_path)


def test_all_mistakes_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yml", tmp_path / "two.yml"
    one.write_text(scenario("{on: 2024-08-01, receive: 5, due: b1}", "{on: 2024-08-01, cancel: r7}"), encoding="utf-8")
    two.write_text(scenario("{on: 2024-08-01, receive: -5}"), encoding="utf-8")
    with pytest.raises(OsameError) as caught:
        run_scenarios([one, two])
    assert f"{one}: event 1 (2024-08-01 receive): 'b1' is no due" in caught.value.message
    assert f"{one}: event 2 (2024-08-01 cancel): 'r7' is the id of no receipt" in caught.value.message
    assert f"{two}: event 1 (2024-08-01 receive), receive: Input should be greater than 0" in caught.value.message


def test_a_day_without_rates_names_the_files(tmp_path: Path) -> None:
    path = tmp_path / "far.yml"
    path.write_text(scenario(R1).replace("as_of: 2025-03-31", "as_of: 2999-03-31"), encoding="utf-8")
    with pytest.raises(OsameError, match="far.yml:\n--as-of 2999-03-31"):
        run_scenarios([path])


def test_the_key_on_is_a_day_and_not_a_boolean(tmp_path: Path) -> None:
    assert load(tmp_path, scenario(R1)).events[0].on.isoformat() == "2024-07-31"


def test_a_cancelled_assessment_takes_away_what_stands_by_book_date(tmp_path: Path) -> None:
    case = load(
        tmp_path,
        scenario(
            "{on: 2024-11-01, void: a1}",
            "{on: 2024-10-01, adjust: -5000, due: a1}",
            "{on: 2024-12-01, adjust: 300, due: a1}",
        ),
    )
    write_files([case], tmp_path)
    text = (tmp_path / "assessments_20000101.csv").read_text(encoding="utf-8")
    changes = [row["税額"] for row in csv.DictReader(text.splitlines()) if row["科目コード"] == "30"]
    assert changes == ["65000", "-60000", "-5000", "300"]
