"""収納状況照会 over a whole town: figures as of any day, and how a clerk asks for them."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import duckdb
import jaconv
import pypdfium2
import pytest

from ingestion.vault_log import entries
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_vault, open_warehouse
from osame.wareki import format_wareki
from reports.documents.render import render
from reports.documents.standing import MOST, standing_row
from tests.fixtures.office import LATEST, BuiltTown, act_of, count, json_of, osame
from warehouse.collection.addressee_standing import SHOW, look_up
from warehouse.law.late_charge import PartPayment, late_charge
from warehouse.law.parameters import load_parameters
from warehouse.office.standing import standing
from warehouse.settings import load_settings

PARAMETERS = load_parameters()


@pytest.fixture(scope="module")
def marts(built_town: BuiltTown) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_warehouse(built_town.home)
    yield connection
    connection.close()


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def town(marts: duckdb.DuckDBPyConnection) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every due with its movements."""
    moves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for move in rows(marts, "select * from fct_movements where due_key is not null order by movement_id"):
        moves[move["due_key"]].append(move)
    dues = rows(
        marts, "select du.*, ti.tax_item_name from fct_dues as du join dim_tax_items as ti using (tax_item_code)"
    )
    return [(due, moves[due["due_key"]]) for due in dues]


def test_on_the_day_of_the_build_every_due_is_as_the_marts_have_it(
    built_town: BuiltTown, town: list[tuple[dict[str, Any], list[dict[str, Any]]]]
) -> None:
    """The scalar rule over the movements of a due and the set-based models come to the same yen."""
    wrong, accruing = [], 0
    for due, moves in town:
        line = standing(due, moves, built_town.as_of, PARAMETERS)
        figures = asdict(line) | {
            name: getattr(line, name) for name in ("principal_balance_yen", "late_charge_balance_yen")
        }
        wrong += [(due["due_key"], name, due[name], value) for name, value in figures.items() if due[name] != value]
        accruing += line.principal_balance_yen > 0 and line.late_charge_yen > 0
    assert wrong == []
    assert len(town) > 4_000
    assert accruing > 50


@pytest.mark.parametrize("days", [-400, -31, 1, 40, 200])
def test_on_any_other_day_the_late_charge_is_that_of_the_law(
    built_town: BuiltTown, town: list[tuple[dict[str, Any], list[dict[str, Any]]]], days: int
) -> None:
    """From the receipts themselves, not from the code under test; dues that 組替 and 充当 left alone."""
    on = built_town.as_of + timedelta(days=days)
    checked = 0
    for due, moves in town:
        if any(m["movement_type"] in ("reallocated", "offset_in") for m in moves) or due["first_assessed_date"] > on:
            continue
        line = standing(due, moves, on, PARAMETERS)
        paid = [
            PartPayment(m["value_date"], m["amount_yen"])
            for m in moves
            if m["movement_type"] == "received" and m["component"] == "principal" and not m["is_provisional"]
        ]
        paid = [payment for payment in paid if payment.received_date <= on]
        assert line.principal_paid_yen == sum(payment.principal_yen for payment in paid)
        assert line.provisional_paid_yen >= 0
        if line.principal_balance_yen > 0:
            item = PARAMETERS.tax_item(due["tax_item_code"])
            charge = late_charge(
                due["assessed_yen"], due["due_date"], on, payments=paid, low_rate_months=item.low_rate_months
            )
            assert line.late_charge_yen == max(charge.late_charge_yen, line.late_charge_paid_yen), due["due_key"]
            assert line.state == ("delinquent" if due["due_date"] < on else "open")
            checked += 1
    assert checked > 20


def test_a_person_has_all_dues_receipts_and_events(built_town: BuiltTown, marts: duckdb.DuckDBPyConnection) -> None:
    """Receipts, overpayments and balances of everyone add up to the marts, whoever is asked for."""
    numbers = [n for (n,) in marts.execute("select distinct addressee_no from fct_overpayments order by 1").fetchall()]
    for number in numbers:
        found = look_up(built_town.home, number, built_town.as_of, "addressee")
        of_person = rows(marts, f"select * from fct_dues where addressee_no = '{number}' order by due_date, due_key")
        assert [due.due_key for due in found.dues] == [due["due_key"] for due in of_person]
        assert found.total("overpaid_yen") == sum(over.balance_yen for over in found.overpayments)
        for due in found.dues:
            receipts = [r for r in found.receipts if r.due_key == due.due_key and r.record_status == "final"]
            events = [e for e in found.events if e.due_key == due.due_key]
            assert {(e.source_file, e.source_line) for e in events} >= {
                (r.source_file, r.source_line) for r in receipts
            }
            if not any(e.movement_type in ("reallocated", "offset_in") for e in events):
                assert sum(r.principal_yen for r in receipts) == due.principal_paid_yen
                assert sum(r.late_charge_yen for r in receipts) == due.late_charge_paid_yen
        assert [e.posted_date for e in found.events] == sorted(e.posted_date for e in found.events)
    assert len(numbers) > 3


def test_a_receipt_of_the_standing_is_that_of_the_receipts_mart(
    built_town: BuiltTown, marts: duckdb.DuckDBPyConnection
) -> None:
    (number,) = marts.execute(
        "select addressee_no from fct_movements where is_provisional order by 1 limit 1"
    ).fetchone() or ("",)
    found = look_up(built_town.home, number, built_town.as_of, "addressee")
    assert {r.record_status for r in found.receipts} == {"final", "provisional"}
    assert "provisional" in [notice.code for notice in found.notices]
    by_id: dict[str, dict[str, Any]] = {
        row["receipt_id"]: row
        for row in rows(
            marts, "select rc.*, ch.channel_name from fct_receipts as rc join dim_channels as ch using (channel_code)"
        )
    }
    for receipt in found.receipts:
        record = by_id[receipt.receipt_id]
        for name in (
            "received_date",
            "posted_date",
            "channel_code",
            "channel_name",
            "record_status",
            "source_file",
            "source_line",
        ):
            assert getattr(receipt, name) == record[name]
        if record["due_key"] == receipt.due_key and receipt.record_status == "final":
            assert (receipt.principal_yen, receipt.overpaid_yen) == (record["principal_yen"], record["overpaid_yen"])


def test_keys_of_each_kind_find_the_same_due(built_town: BuiltTown) -> None:
    key = str(count(built_town.home, "select min(due_key) from fct_dues where state = 'delinquent'"))
    due = look_up(built_town.home, key, built_town.as_of)
    assert (due.kind, [line.due_key for line in due.dues]) == ("due", [key])
    person = look_up(built_town.home, due.addressee_no, built_town.as_of)
    assert person.kind == "addressee"
    assert due.dues[0] in person.dues
    assert set(due.events) < set(person.events)
    with pytest.raises(OsameError, match="is used by .* notices:") as caught:
        look_up(built_town.home, due.dues[0].notice_no, built_town.as_of)
    assert f"levy year {due.dues[0].levy_year}, addressee {due.addressee_no}, due_key" in caught.value.message


def test_what_cannot_be_looked_up_is_refused(built_town: BuiltTown) -> None:
    home, day = built_town.home, built_town.as_of
    with pytest.raises(OsameError, match="looked for it as due .*, addressee .宛名番号., notice .通知書番号."):
        look_up(home, "no-such", day)
    with pytest.raises(OsameError, match=r"late_charge_rates\.local_tax .*: no value on 1999-12-31"):
        look_up(home, str(count(home, "select min(due_key) from fct_dues")), date(1999, 12, 31))
    assert look_up(home, "no-such", day, "addressee", may_be_empty=True).dues == []


def test_the_command_shows_no_name_unless_asked_and_the_reading_is_logged(built_town: BuiltTown) -> None:
    home = built_town.home
    key = str(count(home, "select max_by(due_key, late_charge_balance_yen) from fct_dues where state = 'delinquent'"))
    plain = osame(home, "standing", key, "--as-of", "R8.6.30", "--json")
    assert plain.returncode == 0, plain.stderr
    shown = json_of(plain)
    assert shown["person"] is None
    assert shown["dues"][0]["balance_yen"] > shown["dues"][0]["principal_balance_yen"]
    assert [notice["code"] for notice in shown["notices"]] == ["runs_on"]
    refused = osame(home, "standing", key, "--with-name")
    assert refused.returncode == 2
    assert "--by is empty; standing (収納状況照会) is kept with who did it" in refused.stderr


def test_a_full_standing_fits_one_page_and_says_what_it_leaves_out(built_town: BuiltTown) -> None:
    number = str(
        count(built_town.home, "select addressee_no from fct_dues group by 1 order by count(*) desc, 1 limit 1")
    )
    found = look_up(built_town.home, number, built_town.as_of, "addressee")
    assert len(found.dues) > MOST["dues"]
    other = str(count(built_town.home, "select min(addressee_no) from fct_overpayments"))
    over = look_up(built_town.home, other, built_town.as_of, "addressee").overpayments[0]
    full = replace(found, overpayments=[replace(over, due_key=due.due_key) for due in found.dues])
    row = standing_row(full, None, act_of(SHOW))
    pdf = pypdfium2.PdfDocument(render("standing", [row], load_settings(built_town.home), built_town.home, LATEST))
    assert len(pdf) == 1
    text = "".join(pdf[0].get_textpage().get_text_range().split())
    assert f"ほか{len(found.dues) - MOST['dues']}期別" in text
    assert f"{found.total('balance_yen'):,}" in text


# --- finding people ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The town's home, in which readings may be logged."""
    return built_town.copied(tmp_path_factory.mktemp("counter") / "home").home


@pytest.fixture(scope="module")
def payer(office: Home) -> dict[str, Any]:
    """Somebody who owes, with what the register says of them. Nobody else has that name and birth date."""
    number = str(count(office, "select min(addressee_no) from fct_dues where state = 'delinquent'"))
    vault = open_vault(office)
    try:
        (row,) = rows(vault, f"select * from vault.addressees where addressee_no = '{number}'")
    finally:
        vault.close()
    return row


def find(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return osame(home, "standing", *words, "--by", "1001", "--reason", "窓口での照会", "--as-of", "R8.6.30")


def test_a_person_is_found_by_what_he_says(office: Home, payer: dict[str, Any]) -> None:
    home, name, kana = office, payer["name"], payer["name_kana"]
    born = format_wareki(payer["birth_date"])
    for words in (
        [name, born],
        [name.replace("\u3000", ""), payer["birth_date"].isoformat()],
        [jaconv.z2h(kana), born],
        [*jaconv.kata2hira(kana).split("\u3000"), born],
        [payer["phone"], born],
        [payer["phone"].replace("-", ""), kana[:2]],
    ):
        done = find(home, *words)
        assert done.returncode == 0, done.stderr
        assert f"addressee  {payer['addressee_no']}  as of 2026-06-30" in done.stdout
        assert f"person  {name}  {kana}" in done.stdout
        open_dues = done.stdout.index("\nopen: ")
        assert done.stdout.index("to pay") < open_dues < done.stdout.index("\nreceipts: ")
    last = list(entries(home))[-2:]
    assert [(e["what"], e["addressees"]) for e in last] == [("search", []), ("people", [payer["addressee_no"]])]
    assert name not in (home.logs / "vault_reads.jsonl").read_text(encoding="utf-8")


def test_several_people_are_listed_and_too_many_are_not(office: Home) -> None:
    home = office
    vault = open_vault(home)
    try:
        beginnings = rows(
            vault,
            "select left(name, len) as kanji, count(*) as n, min(addressee_no) as addressee_no, "
            "max(support_measure_flag) as is_protected from vault.addressees, (values (1), (2)) as l (len) "
            "group by all order by all",
        )
    finally:
        vault.close()
    many = max(beginnings, key=lambda b: b["n"])
    assert many["n"] > 30
    done = find(home, many["kanji"])
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{many['n']} people are found" in done.stderr and "narrow it" in done.stderr
    few = next(b for b in beginnings if 1 < b["n"] <= 30 and b["is_protected"] == "1")
    done = find(home, few["kanji"])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == few["n"] + 1
    assert few["addressee_no"] in done.stdout and "(address withheld: 支援措置)" in done.stdout


def test_nobody_looks_for_people_unnamed(office: Home, payer: dict[str, Any]) -> None:
    home = office
    before = len(list(entries(home)))
    for words in ([payer["name"]], [payer["phone"]], [payer["birth_date"].isoformat()]):
        done = osame(home, "standing", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "--by STAFF_NO --reason WORDS" in done.stderr
    assert (
        "is not in the register of staff" in osame(home, "standing", payer["name"], "--by", "9", "--reason", "x").stderr
    )
    assert len(list(entries(home))) == before
    none = find(home, "居無")
    assert (none.returncode, none.stdout) == (2, "")
    assert "nobody is found" in none.stderr
