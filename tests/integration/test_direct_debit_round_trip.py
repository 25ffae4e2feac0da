"""Request, the bank's result, what failed, the second attempt: 口座振替 from our file to the paid due."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import yaml
from typer.testing import CliRunner

from ingestion.layout_catalog import load_layouts
from ingestion.read import read
from ingestion.readers.decoded import Context
from ingestion.writer import write_fixed
from osame.cli import app
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.stores import open_warehouse
from reports.documents.debit_notice import issue_letters
from tests.fixtures.office import act_of, hire, land, recording
from warehouse.build import build
from warehouse.collection.debit_failures import TELL
from warehouse.office.records import record
from warehouse.settings import load_settings

DUE, AGAIN = date(2026, 6, 30), date(2026, 7, 15)
AT = datetime(2026, 6, 10, 9)
KEY = {
    "tax_item_detail_code": "00",
    "assessing_body_code": "152994",
    "instalment_body_code": "152994",
    "body_scope_code": "1",
    "levy_year": "2026",
    "tax_year": "2026",
    "instalment_no": "01",
}
SETTINGS = {
    "direct_debits": {
        "consignors": {"10": "1529940010", "30": "1529940030"},
        "consignor_name": "ﾕｷﾐｼ",
        "bank_code": "0140",
        "branch_code": "001",
        "account_no": "0000001",
    }
}
# payer -> 科目, yen, day of the account's end, holder
PAYERS = {
    "A": ("10", 10_000, None, "ヤマダ　ショウコ"),
    "B": ("10", 20_000, None, "カブシキガイシャ　ニシワキガラスコウゲイセイサクシガ"),
    "C": ("30", 30_000, None, "ﾖ-ｺ ﾜﾀﾅﾍﾞ"),
    "D": ("30", 40_000, "2026-05-31", "オワリ　ズミ"),
    "E": ("30", 50_000, None, "テイシ　チュウ"),
}


def _assessment(who: str, item: str, yen: int, number: int) -> dict[str, Any]:
    return KEY | {
        "tax_item_code": item,
        "notice_no": f"{number:010d}",
        "addressee_no": who,
        "assessment_event_no": "1",
        "event_type_code": "1",
        "assessed_date": date(2026, 6, 1),
        "delta_yen": yen,
        "statutory_due_date": DUE,
        "due_date": DUE,
    }


def _account(who: str, item: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "addressee_no": who,
        "tax_item_code": item,
        "account_seq_no": "1",
        "bank_code": "0140",
        "bank_branch_code": "007",
        "account_type_code": "1",
        "account_no": f"{7_000_000 + number}",
        "valid_from": date(2026, 4, 1),
        "use_code": "1",
    } | more


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Five dues of one day; four payers have an account, one of them paused and one ended."""
    home = open_home(tmp_path_factory.mktemp("debits") / "home")
    home.settings_file.write_text(yaml.safe_dump(SETTINGS, allow_unicode=True), encoding="utf-8")
    hire(home)
    dues, accounts = [], []
    for number, (who, (item, yen, valid_to, holder)) in enumerate(PAYERS.items(), start=1):
        dues.append(_assessment(who, item, yen, number))
        paused = {"paused_from": date(2026, 6, 1), "paused_to": date(2026, 7, 1)} if who == "E" else {}
        accounts.append(_account(who, item, number, holder_name=holder, valid_to=valid_to, **paused))
    accounts.append(_account("A", "10", 99, account_seq_no="2", holder_name="ｶﾝﾌﾟ ﾖｳ", use_code="2"))
    record(home, "assessments", dues, recording("assessments", at=AT))
    record(home, "bank_accounts", accounts, recording("bank_accounts", at=AT))
    people = [{"addressee_no": who, "name": f"納税 {who}", "resident_class_code": "1"} for who in PAYERS]
    record(home, "addressees", people, recording("addressees", at=AT))
    build(home, date(2026, 6, 10), with_tests=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSAME_HOME", str(home.root))
        patch.setenv("OSAME_NOW", AT.isoformat())
        yield home


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["export", "direct-debits", "--by", "1001", *words])


def rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    connection = open_warehouse(home)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def letters(home: Home, at: datetime, day: date = DUE) -> list[str]:
    """The text of each letter about a day's failures, without blanks."""
    purpose = act_of(TELL, at=at, reason="口座振替不能の通知")
    paper = issue_letters(home, load_settings(home), day, purpose).issued.files[0]
    return ["".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(paper)]


def debits_in(path: Path) -> list[dict[str, Any]]:
    context = Context(file_name=path.name, landed_on=AT.date(), format="zengin91_120:request")
    table = read(path.read_bytes(), context, load_layouts()).tables["direct_debit_requests"]
    return table.to_pylist()


def result_of(path: Path, day: date, codes: dict[str, str], folder: Path) -> Path:
    """The bank's answer: the same records with 振替結果コード, by 通知書番号; the totals filled in."""
    groups = []
    for item, consignor in (("10", "1529940010"), ("30", "1529940030")):
        mine = [d for d in debits_in(path) if d["customer_no"].startswith(item)]
        if mine:
            kept = ("bank_code", "branch_code", "account_type_code", "account_no", "holder_name", "amount_yen",
                    "new_code", "customer_no")  # fmt: skip
            data = {name: [d[name] for d in mine] for name in kept}
            data["result_code"] = [codes.get(d["customer_no"][4:14].lstrip("0"), "0") for d in mine]
            header = {"code_class": "0", "consignor_code": consignor, "consignor_name": "ﾕｷﾐｼ", "debit_date": day}
            groups.append((header, data))
    target = folder / f"zengin91_result_{day:%Y%m%d}.dat"
    target.write_bytes(write_fixed(load_layouts()["zengin91_120"], groups, role="result"))
    return target


REFUSALS = {
    "closed": (("--date", "2026-06-28"), "--date 2026-06-28: banks are closed (日曜日)"),
    "nothing": (("--date", "2026-07-31"), "no dues that are open on 2026-07-31 for 科目 10, 30"),
    "no consignor": (("--date", "2026-06-30", "--tax-item", "50"), "--tax-item 50: no 委託者コード; there are 10, 30"),
    "no date": (("--date", "someday"), "--date: 'someday' is no date"),
    "none again": (("--date", "2026-07-15", "--again"), "no debits to be tried again on 2026-07-15"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_requested_is_refused(office: Home, case: str) -> None:
    words, said = REFUSALS[case]
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_from_the_request_to_the_second_attempt(office: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # -- the request: valid accounts of open dues, and no others
    done = run("--date", "2026-06-30", "--json")
    assert done.exit_code == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["count"], made["amount_yen"], made["without_account"]) == (3, 60_000, 2)
    assert made["by_item"] == {"10": [2, 30_000], "30": [1, 30_000]}
    assert (made["new_accounts"], made["changed_accounts"]) == (3, 0)
    request = Path(made["file"])
    assert request.stat().st_mode & 0o077 == 0
    assert request.parent.stat().st_mode & 0o077 == 0
    sent = debits_in(request)
    assert [(d["account_no"], d["amount_yen"], d["new_code"]) for d in sent] == [
        ("7000001", 10_000, "1"), ("7000002", 20_000, "1"), ("7000003", 30_000, "1"),
    ]  # fmt: skip
    # small kana are large, and a name is not cut between a kana and its ﾞ
    assert [d["holder_name"] for d in sent] == ["ﾔﾏﾀﾞ ｼﾖｳｺ", "ｶﾌﾞｼｷｶﾞｲｼﾔ ﾆｼﾜｷｶﾞﾗｽｺｳｹﾞｲｾｲｻｸｼ", "ﾖ-ｺ ﾜﾀﾅﾍﾞ"]
    again = run("--date", "2026-06-30", "--tax-item", "10")
    assert again.exit_code == 2
    assert f"were requested already: 科目 10 ({request.name})" in again.stderr

    # -- the bank's result: B has too little money, C has no account
    result = result_of(request, DUE, {"2": "1", "3": "2"}, tmp_path)
    assert [o.status for o in land(office, [result], datetime(2026, 7, 3, 7))] == ["landed"]
    new = _account("B", "10", 55, account_seq_no="2", holder_name="ﾆｼﾜｷ", valid_from=date(2026, 7, 1))
    record(office, "bank_accounts", [new], recording("bank_accounts", at=datetime(2026, 7, 3, 8)))
    build(office, date(2026, 7, 3), with_tests=True)
    assert rows(office, "select addressee_no, state from fct_dues order by 1") == [
        ("A", "paid"), ("B", "delinquent"), ("C", "delinquent"), ("D", "delinquent"), ("E", "delinquent"),
    ]  # fmt: skip
    listed = "select addressee_no, result_code, result, attempt_no, next_attempt_date, is_paid from {} order by 1"
    assert rows(office, listed.format("rpt_direct_debit_failures")) == [
        ("B", "1", "資金不足", 1, AGAIN, False),
        ("C", "2", "取引なし", 1, None, False),
    ]

    # -- the letters: B is told of the second attempt, C that a slip is needed
    told = letters(office, datetime(2026, 7, 6, 8))
    assert [("納税B" in page, "令和8年7月15日" in page, "納付書により" in page) for page in told] == [
        (True, True, False), (False, False, True),
    ]  # fmt: skip
    assert "取引なし" in told[1]

    # -- the second attempt: B alone, whose account has changed meanwhile
    monkeypatch.setenv("OSAME_NOW", "2026-07-06T09:00:00")
    done = run("--date", "2026-07-15", "--again", "--json")
    assert done.exit_code == 0, done.stderr
    second = Path(json.loads(done.stdout)["file"])
    assert [(d["account_no"], d["amount_yen"], d["new_code"]) for d in debits_in(second)] == [("7000055", 20_000, "2")]
    paid = result_of(second, AGAIN, {}, tmp_path)
    assert [o.status for o in land(office, [paid], datetime(2026, 7, 17, 7))] == ["landed"]
    build(office, date(2026, 7, 17), with_tests=False)
    found = rows(office, listed.format("rpt_direct_debit_failures"))
    assert found[0] == ("B", "1", "資金不足", 1, None, True)
    assert rows(office, "select principal_balance_yen from fct_dues where addressee_no = 'B'") == [(0,)]
    assert ["納税C" in page for page in letters(office, datetime(2026, 7, 17, 8))] == [True]
    with pytest.raises(OsameError, match="0 direct debits failed"):
        letters(office, datetime(2026, 7, 17, 9), date(2026, 7, 1))
