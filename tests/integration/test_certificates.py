"""証明書 from the counter to the paper: issued or refused, numbered without gaps, and told from a forgery."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
import typer
import zxingcpp
from click.testing import Result
from typer.testing import CliRunner

from ingestion.vault import numbers_of_one_person
from osame.home import Home, open_home
from reports.commands import issue as issue_cli
from reports.commands.standing import standing
from reports.run import run_report
from tests.fixtures.office import LATEST, BuiltTown, count, json_of, landing_rows, osame, recording, start
from warehouse.collection import certificates
from warehouse.collection.addressee_standing import look_up
from warehouse.collection.certificates import verify
from warehouse.commands.certificates import verify_certificate, withdraw_certificate
from warehouse.commands.records import record
from warehouse.office.records import write_record

CLEAN = """
    select min(addressee_no) from (
        select addressee_no from fct_dues group by addressee_no
        having sum(principal_balance_yen + late_charge_balance_yen + reminder_fee_yen - reminder_fee_paid_yen) = 0
            and count(distinct tax_item_code) filter (where tax_item_code in ('10', '40')) = 2
            and count(*) filter (where tax_item_code = '40' and levy_year = '2025') = 1
    )
"""
DELINQUENT = "select min(addressee_no) from fct_dues where state = 'delinquent' and tax_item_code = '30'"
PROVISIONAL = """
    select min(addressee_no) from fct_dues
    where provisional_paid_yen > 0 and state = 'delinquent' and tax_item_code <> '60'
"""
CHARGE_ONLY = """
    select min(du.addressee_no) from fct_dues as du
    where du.state = 'principal_paid' and du.late_charge_balance_yen > 0 and du.tax_item_code <> '60'
        and du.addressee_no not in (select addressee_no from fct_dues where state = 'delinquent')
"""


@pytest.fixture(scope="module")
def office(built_town: BuiltTown, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The town's home, copied: certificates are written into it."""
    root = tmp_path_factory.mktemp("certificates") / "home"
    shutil.copytree(built_town.home.root, root)
    return open_home(root)


_counter = typer.Typer()
_counter.add_typer(issue_cli.app, name="issue")
for _command in (verify_certificate, withdraw_certificate, standing, record):
    _counter.command()(_command)


def at_the_counter(home: Home, *words: str, day: date = date(2026, 5, 31)) -> Result:
    """The commands of the counter, in this process: one of its own would take most of the time to start."""
    env = {"OSAME_HOME": str(home.root), "OSAME_NOW": f"{day}T10:00:00"}
    return CliRunner().invoke(_counter, list(words), env=env, catch_exceptions=False)


@pytest.fixture(scope="module")
def issue(office: Home, built_town: BuiltTown) -> Callable[..., Result]:
    """``osame issue certificate`` on the day of the build."""

    def run(kind: str, addressee: str, *more: str, day: date = built_town.as_of) -> Result:
        words = ["--kind", kind, "--addressee", addressee, "--purpose", "融資申込", "--by", "1001", *more]
        return at_the_counter(office, "issue", "certificate", *words, day=day)

    return run


def person(office: Home, sql: str) -> str:
    found = count(office, sql)
    assert found is not None
    return str(found)


def text_of(paper: str) -> str:
    return "".join(pypdfium2.PdfDocument(paper)[0].get_textpage().get_text_range().split())


def numbers(office: Home) -> list[str]:
    return [n for (n,) in landing_rows(office, "select certificate_no from landing.certificates order by 1")]


def test_a_refusal_names_every_due_in_both_languages_and_spends_no_number(
    office: Home, issue: Callable[..., Result]
) -> None:
    number = person(office, DELINQUENT)
    done = issue("no-delinquency", number)
    assert done.exit_code == 1
    keys = re.findall(r"\[delinquent\] (\S+) was due on", done.stderr)
    assert keys == [
        key
        for (key,) in _marts(
            office,
            f"""
            select due_key from fct_dues
            where addressee_no = '{number}' and tax_item_code <> '60' and due_date < as_of_date
                and principal_balance_yen + late_charge_balance_yen + reminder_fee_yen - reminder_fee_paid_yen > 0
            order by due_date, due_key
            """,
        )
    ]
    assert "に未納があります：本税" in done.stderr
    assert not (office.documents / "certificate").exists()
    assert not (office.logs / "vault_reads.jsonl").exists()  # nobody's name was read for nothing


def _marts(office: Home, sql: str) -> list[tuple[Any, ...]]:
    from osame.stores import open_warehouse

    connection = open_warehouse(office)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_dues_under_another_number_of_the_same_person_count(office: Home, issue: Callable[..., Result]) -> None:
    links = landing_rows(
        office,
        "select distinct addressee_no, merged_into_addressee_no from landing.addressees "
        "where merged_into_addressee_no is not null order by 1",
    )
    sql = "select sum(assessed_yen) from fct_dues where addressee_no = '{}' and tax_item_code <> '60'"
    number, other = next(pair for pair in links if all(_marts(office, sql.format(n))[0][0] for n in pair))
    assert numbers_of_one_person(office, number) == numbers_of_one_person(office, other) == sorted([number, other])
    certified = json_of(issue("tax", number, "--json"))["content"]["lines"]
    assert sum(line["assessed_yen"] for line in certified) == sum(
        _marts(office, sql.format(n))[0][0] for n in (number, other)
    )


@pytest.mark.parametrize(
    ("who", "said"), [(PROVISIONAL, "は確報が届くまで納付になりません"), (CHARGE_ONLY, "に未納があります：延滞金")]
)
def test_provisional_money_and_an_unpaid_late_charge_refuse(
    office: Home, issue: Callable[..., Result], who: str, said: str
) -> None:
    done = issue("no-delinquency", person(office, who))
    assert done.exit_code == 1
    assert said in done.stderr


def test_papers_are_numbered_carry_a_code_that_reads_back_and_are_verified(
    office: Home, issue: Callable[..., Result]
) -> None:
    number = person(office, CLEAN)
    papers = [json_of(issue(kind, number, "--json")) for kind in ("no-delinquency", "tax")]
    vehicle = issue("light-vehicle", number, "--vehicle-no", "雪見 580 あ 12-34", "--json")
    papers.append(json_of(vehicle))
    first = int(papers[0]["certificate_no"].split("-")[1])
    assert [p["certificate_no"] for p in papers] == [f"2026-{first + n:06d}" for n in range(3)]
    for paper in papers:
        page = pypdfium2.PdfDocument(paper["paper"])[0].render(scale=3).to_numpy()
        (symbol,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
        assert symbol.text == f"OSAME {paper['certificate_no']} {paper['code']}"
        verified = at_the_counter(office, "verify-certificate", *symbol.text.split()[1:], "--json")
        assert verified.exit_code == 0
        told = json_of(verified)
        assert told["is_genuine"]
        assert told["certified"].items() >= paper["content"].items()
        assert "融資" not in verified.stdout
        text = text_of(paper["paper"])
        assert number in text
        assert "雪見市長" in text
    assert papers[2]["content"]["vehicle_no"] in text_of(papers[2]["paper"]).replace(
        "雪見580あ12-34", "雪見 580 あ 12-34"
    )
    assert papers[2]["valid_until"] == "2026-05-31"
    lines = papers[1]["content"]["lines"]
    assert sum(line["assessed_yen"] for line in lines) == sum(line["paid_yen"] for line in lines)
    assert f"{lines[0]['assessed_yen']:,}" in text_of(papers[1]["paper"])


def test_a_forged_or_changed_paper_is_told(office: Home, issue: Callable[..., Result]) -> None:
    paper = json_of(issue("no-delinquency", person(office, CLEAN), "--json"))
    no, code = paper["certificate_no"], paper["code"]
    assert verify(office, no, code.replace("-", "").lower()).is_genuine
    other = f"{no.split('-')[0]}-{int(no.split('-')[1]) - 1:06d}"
    for wrong_no, wrong_code in [(other, code), (no, code[:-1] + ("A" if code[-1] != "A" else "B")), (no, "")]:
        assert not verify(office, wrong_no, wrong_code).is_genuine
        assert verify(office, wrong_no, wrong_code).shown() == {}
    done = at_the_counter(office, "verify-certificate", "2026-999999", code)
    assert (done.exit_code, done.stderr.strip()) == (1, "not genuine: no certificate 2026-999999 was issued")


def test_a_withdrawn_certificate_is_no_longer_genuine(office: Home, issue: Callable[..., Result]) -> None:
    paper = json_of(issue("no-delinquency", person(office, CLEAN), "--json"))
    why = ("--by", "1002", "--reason", "記載誤り")
    done = at_the_counter(office, "withdraw-certificate", paper["certificate_no"], *why, day=date(2026, 6, 2))
    assert done.exit_code == 0, done.stderr
    found = verify(office, paper["certificate_no"], paper["code"])
    assert not found.is_genuine
    assert found.reason.endswith("has been withdrawn by 1002")
    assert "withdrawn before" in at_the_counter(office, "withdraw-certificate", paper["certificate_no"], *why).stderr
    assert "no certificate 1 was issued" in at_the_counter(office, "withdraw-certificate", "1", *why).stderr
    assert json_of(issue("no-delinquency", person(office, CLEAN), "--json"))["certificate_no"] > paper["certificate_no"]


def _columns(layout: str) -> set[str]:
    from ingestion.layout_catalog import load_layouts
    from ingestion.readers.input_fields import input_fields

    return {field.name for field in input_fields(load_layouts()[layout])}


def _later(day: date) -> Any:
    from datetime import datetime, time

    return datetime.combine(day + timedelta(days=1), time(9))


def test_two_clerks_at_once_get_numbers_without_gaps_or_doubles(office: Home, built_town: BuiltTown) -> None:
    number = person(office, CLEAN)
    before = len(set(numbers(office)))
    words = ["issue", "certificate", "--kind", "no-delinquency", "--addressee", number, "--purpose", "入札", "--json"]
    running = [start(office, *words, "--by", str(clerk)) for clerk in (1001, 1002, 1003)]
    made = []
    for process in running:
        out, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
        made.append(json.loads(out)["certificate_no"])
    assert len(set(made)) == 3
    assert sorted(made)[0].startswith(("2026-", "2027-"))
    last = [int(n.split("-")[1]) for n in sorted(made)]
    assert last == list(range(last[0], last[0] + 3))
    assert len(set(numbers(office))) == before + 3


def test_a_line_left_in_the_inbox_by_a_crash_keeps_its_number(office: Home, issue: Callable[..., Result]) -> None:
    paper = json_of(issue("no-delinquency", person(office, CLEAN), "--json"))
    row = verify(office, paper["certificate_no"], paper["code"]).row or {}
    year, last = paper["certificate_no"].split("-")
    waiting = {name: row[name] for name in row if name in _columns(certificates.REGISTER)}
    waiting |= {"certificate_no": f"{year}-{int(last) + 1:06d}", "purpose": "試験"}
    waiting.pop("is_withdrawn", None)
    write_record(
        office, certificates.REGISTER, [waiting], recording(certificates.REGISTER, at=_later(row["issued_date"]))
    )
    after = json_of(issue("no-delinquency", person(office, CLEAN), "--json"))
    assert after["certificate_no"] == f"{year}-{int(last) + 2:06d}"


def test_a_person_who_was_never_taxed_owes_nothing_and_an_unknown_number_is_nobody(
    office: Home, issue: Callable[..., Result]
) -> None:
    (number,) = landing_rows(
        office,
        "select min(addressee_no) from landing.addressees where addressee_no not in "
        "(select addressee_no from landing.assessments) and addressee_no not in "
        "(select unnest([addressee_no, merged_into_addressee_no]) from landing.addressees "
        "where merged_into_addressee_no is not null)",
    )[0]
    assert issue("no-delinquency", number).exit_code == 0
    refused = issue("tax", number)
    assert refused.exit_code == 1
    assert "[no_dues]" in refused.stderr
    unknown = issue("no-delinquency", "0009999999")
    assert unknown.exit_code == 2
    assert "addressees 0009999999 are not in the vault" in unknown.stderr


def test_a_certificate_waits_for_a_build_of_what_has_landed(
    office: Home, issue: Callable[..., Result], built_town: BuiltTown
) -> None:
    clean = person(office, CLEAN)
    early = issue("no-delinquency", clean, day=built_town.as_of - timedelta(days=1))
    assert early.exit_code == 2
    assert "after the day of issue" in early.stderr
    key = person(office, "select min(due_key) from fct_dues")
    sent = (f"due_key={key}", "sent_date=2026-05-30", "reminder_fee_yen=0")
    done = at_the_counter(office, "record", "reminders", *sent, "--by", "1001")
    assert done.exit_code == 0, done.stderr
    late = issue("no-delinquency", clean)
    assert late.exit_code == 2
    assert "no certificate from old figures: 1 files have landed" in late.stderr
    assert issue("no-delinquency", clean, "--as-built").exit_code == 0
    shown = json_of(at_the_counter(office, "standing", clean, "--kind", "addressee", "--json"))
    assert "未反映" in shown["notices"][0]["japanese"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kind", "taxes"], "--kind: 'taxes' is unknown"),
        (["--kind", "light-vehicle"], "--vehicle-no is missing"),
        (["--kind", "no-delinquency", "--fiscal-year", "2025"], "choose lines of a tax certificate"),
        (["--kind", "tax", "--matter", "x"], "--matter: 'x' is unknown"),
        (["--kind", "tax", "--tax-item", "99"], "tax item: found '99'"),
        (["--kind", "tax", "--by", " "], "--by is empty"),
    ],
)
def test_a_request_that_means_nothing_is_refused(office: Home, words: list[str], said: str) -> None:
    done = at_the_counter(office, "issue", "certificate", "--addressee", "1", "--purpose", "x", "--by", "1001", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_key_is_not_made_anew_once_papers_are_out(office: Home, tmp_path: Path) -> None:
    key = office.keys / "certificates.key"
    kept = key.rename(tmp_path / "certificates.key")
    try:
        done = at_the_counter(office, "verify-certificate", "2026-000001", "A")
        assert done.exit_code == 2
        assert "certificates.key is missing" in done.stderr
    finally:
        shutil.move(kept, key)


def test_names_are_shown_on_request_and_the_reading_is_in_the_log(office: Home) -> None:
    number = person(office, CLEAN)
    words = ["standing", number, "--kind", "addressee", "--with-name", "--by", "1001", "--reason", "窓口", "--pdf"]
    asked = osame(office, *words, "--json")
    assert asked.returncode == 0, asked.stderr
    shown = json_of(asked)
    assert shown["person"]["name"]
    assert "".join(shown["person"]["name"].split()) in text_of(shown["paper"])
    (entry,) = [
        e for e in json_of(osame(office, "vault-log", "--addressee", number, "--json")) if e["document"] == "standing"
    ]
    assert (entry["by"], entry["reason"], entry["addressees"]) == ("1001", "窓口", [number])


def test_the_report_shows_the_same_standing_without_a_name(office: Home, built_town: BuiltTown) -> None:
    number = person(office, DELINQUENT)
    made = run_report(office, "standing", {"key": number, "kind": "addressee", "on_date": "2026-06-30"}, LATEST, "test")
    assert made.status == "finished", made.error
    found = look_up(office, number, date(2026, 6, 30), "addressee")
    page = made.page.read_text(encoding="utf-8")
    assert f"令和8年6月30日に納付する場合の額は{found.total('balance_yen'):,}円です。" in page
    name = landing_rows(office, f"select name from landing.addressees where addressee_no = '{number}'")[0][0]
    assert name not in page
    assert all(event.sentence in page for event in found.events[-20:])
    book = openpyxl.load_workbook(made.folder / "standing.xlsx")
    assert [cell.value for cell in list(book["期別"].rows)[-1]][4:10] == [
        found.total(column)
        for column in (
            "assessed_yen", "principal_paid_yen", "principal_balance_yen", "reminder_fee_balance_yen",
            "late_charge_balance_yen", "balance_yen",
        )
    ]  # fmt: skip
    assert made.warnings == tuple(n.japanese for n in found.notices if n.code != "behind")
    unknown = run_report(office, "standing", {"key": "no-such"}, LATEST, "test")
    assert unknown.status == "failed"
    assert "no due has it" in str(unknown.error)
