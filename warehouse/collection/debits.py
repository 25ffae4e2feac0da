"""口座振替の依頼: what is due on a day, from registered accounts, as a file for the bank (全銀 91).

The file is written by the layout that reads it, read back, and landed as what we sent: its 顧客番号 finds the due again
when the result comes.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingestion.inbox import Options, ingest
from ingestion.vault import Account, read_accounts
from ingestion.writer import Group
from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing, open_warehouse
from warehouse.names import zengin_name
from warehouse.office import bank_files
from warehouse.office.records import acting_on
from warehouse.settings import DirectDebits, Settings, load_settings

REQUEST = Permission("direct_debits", "口座振替の依頼", asks_reason=True)
LAYOUT = "zengin91_120"
_CUSTOMER_NO_WIDTH = 20
_NAME_WIDTH = 30
_DEBIT = "1"  # 用途 口座振替
_DEBITABLE = ("1", "2", "3", "9")  # 預金種目 that a request can name
_HOLDER = re.compile(r"[ｱ-ﾝﾞﾟA-Z0-9 ().\-]+")
FIRST, CHANGED, OTHER = "1", "2", "0"  # 新規コード


@dataclass(frozen=True)
class Request:
    """A request as written and read back; amounts in whole yen. ``by_item``: 科目 -> number of debits and yen."""

    path: Path
    day: date
    as_of: date
    count: int
    amount_yen: int
    by_item: dict[str, tuple[int, int]]
    new_accounts: int
    changed_accounts: int
    without_account: int
    provisional: int


@dataclass(frozen=True)
class _Due:
    due_key: str
    addressee_no: str
    tax_item_code: str
    amount_yen: int
    provisional_yen: int
    customer_no: str


def request_debits(
    home: Home, day: date, act: Act, tax_items: list[str] | None = None, *, again: bool = False
) -> Request:
    """Write and land the request for a day.

    Args:
        home: the office's data.
        day: 引落日. Without ``again``, the 納期限 of the dues; with it, the day of the second attempt.
        act: ``REQUEST``; the reading of the accounts is logged.
        tax_items: 科目コード; default: all that have a 委託者コード.
        again: the debits that found too little money and are to be tried again on that day.

    Raises:
        OsameError: banks are closed on the day, it was requested already, nothing is open, an account is missing or
            cannot be named in the file, or the settings lack what the file says of the office.
    """
    with acting_on(home, ["direct_debit_requests"], act):
        settings = load_settings(home)
        bank_files.require_open(day, "--date")
        items = _items_asked(home, settings.direct_debits, tax_items)
        _require_not_sent(home, day, {item: settings.direct_debits.consignors[item] for item in items})
        dues, as_of = _open_dues(home, settings, day, items, again)
        provisional = [due for due in dues if due.provisional_yen]
        dues = [due for due in dues if not due.provisional_yen]
        accounts = _accounts(home, day, dues, act)
        asked = [due for due in dues if (due.addressee_no, due.tax_item_code) in accounts]
        if not asked:
            raise OsameError(
                f"{len(dues):,} dues are open for {day}, and none of their payers has an account registered for it",
                "land bank_accounts (用途 1 口座振替) and run: osame build",
            )
        _require_distinct(asked)
        new_codes = _new_codes(home, settings, asked, accounts)
        groups = [_group(settings.direct_debits, item, day, asked, accounts, new_codes) for item in items]
        name = _name(day, tax_items, again)
        data, count, yen = _made(home, name, [group for group in groups if group is not None], act.at, asked)
        path = _put(home, name, data)
        try:
            _land(home, path, act.at)
        except BaseException:
            path.unlink(missing_ok=True)  # what has not landed is never sent
            raise
    by_item = {
        item: (len(mine), sum(due.amount_yen for due in mine))
        for item in items
        if (mine := [due for due in asked if due.tax_item_code == item])
    }
    kinds = Counter(new_codes.values())
    return Request(
        path, day, as_of, count, yen, by_item, kinds[FIRST], kinds[CHANGED], len(dues) - len(asked), len(provisional)
    )


# --- what may be asked ---------------------------------------------------------------------------------------------


def _items_asked(home: Home, office: DirectDebits, tax_items: list[str] | None) -> list[str]:
    names = ("consignors", "consignor_name", "bank_code", "branch_code", "account_no")
    bank_files.require_settings(home, "direct_debits", office, names)
    unknown = sorted(set(tax_items or []) - set(office.consignors))
    if unknown:
        raise OsameError(
            f"--tax-item {', '.join(unknown)}: no 委託者コード; there are {', '.join(sorted(office.consignors))}",
            f"add it to direct_debits.consignors in {home.settings_file}",
        )
    return sorted(set(tax_items or office.consignors))


def _require_not_sent(home: Home, day: date, consignors: dict[str, str]) -> None:
    sent = _landing_rows(
        home,
        """
        select distinct gr.consignor_code, ld.file_name
        from landing.direct_debit_requests_groups as gr
        inner join landing.loads as ld on ld.load_id = gr.load_id and ld.status = 'landed'
        where gr.debit_date = ?
        """,
        [day],
    )
    files = dict(sent)
    twice = {item: files[code] for item, code in consignors.items() if code in files}
    if twice:
        listed = ", ".join(f"科目 {item} ({name})" for item, name in sorted(twice.items()))
        raise OsameError(
            f"debits of {day} were requested already: {listed}",
            "a second file would debit twice; name the items that are still to be requested with --tax-item",
        )


def _landing_rows(home: Home, sql: str, values: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with landing_lock(home, exclusive=False):
        connection = open_landing(home)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


_KEY = ("tax_item_code", "levy_year", "tax_year", "notice_no", "instalment_no")
# dues of a day that are open; $day and $items are given
_DUE_ON = "from fct_dues as du where du.principal_balance_yen > 0 and list_contains($items, du.tax_item_code)"
_AGAIN_ON = """
    from rpt_direct_debit_failures as fl
    inner join fct_dues as du on du.due_key = fl.due_key
    where fl.next_attempt_date is not null and list_contains($items, du.tax_item_code)
"""


def _open_dues(home: Home, settings: Settings, day: date, items: list[str], again: bool) -> tuple[list[_Due], date]:
    """What is open and due (or to be tried again) on the day, and the day that the warehouse is as of."""
    source, on = (_AGAIN_ON, "fl.next_attempt_date") if again else (_DUE_ON, "du.due_date")
    connection = open_warehouse(home)
    try:
        rows = connection.execute(
            f"""
            select du.due_key, du.addressee_no, du.tax_item_code, du.principal_balance_yen, du.provisional_paid_yen,
                {", ".join(f"du.{name}" for name in _KEY)}
            {source} and {on} = $day
            order by du.tax_item_code, du.due_key
            """,
            {"day": day, "items": items},
        ).fetchall()
        (as_of,) = connection.execute("select max(as_of_date) from run_info").fetchall()[0]
        days = connection.execute(
            f"select distinct {on} {source} and {on} >= $as_of order by 1 limit 3", {"as_of": as_of, "items": items}
        ).fetchall()
    finally:
        connection.close()
    if not rows:
        near = ", ".join(str(row[0]) for row in days) or "none"
        what = "debits to be tried again" if again else "dues that are open"
        raise OsameError(
            f"no {what} on {day} for 科目 {', '.join(items)} (warehouse as of {as_of}); next days that have: {near}",
            "name one of these days, or land what is missing and run: osame build",
        )
    found = []
    for due_key, addressee_no, item, balance, provisional, *key in rows:
        number = customer_no(settings, dict(zip(_KEY, key, strict=True)))
        found.append(_Due(due_key, addressee_no, item, balance, provisional, number))
    return found, as_of


def customer_no(settings: Settings, key: dict[str, str]) -> str:
    """顧客番号 of a due: the parts of its key at the positions of the setting ``customer_no``, zeros elsewhere."""
    digits = ["0"] * _CUSTOMER_NO_WIDTH
    for name, (start, length) in settings.customer_no.items():
        part = key[name][-length:].rjust(length, "0")
        digits[start - 1 : start - 1 + length] = part
    return "".join(digits)


def _require_distinct(dues: list[_Due]) -> None:
    twice = [number for number, count in Counter(due.customer_no for due in dues).items() if count > 1]
    if twice:
        keys = ", ".join(due.due_key for due in dues if due.customer_no == twice[0])
        raise OsameError(
            f"{len(twice):,} 顧客番号 stand for several dues each (the first: {keys}); the result would name none",
            "change customer_no in osame.yml so that it holds what tells them apart",
        )


# --- accounts ------------------------------------------------------------------------------------------------------


def _accounts(home: Home, day: date, dues: list[_Due], act: Act) -> dict[tuple[str, str], Account]:
    """The account by payer and 科目 that may be debited on the day, the last registered of several.

    Raises:
        OsameError: an account cannot be named in the file; the payers are listed by number.
    """
    wanted = {(due.addressee_no, due.tax_item_code) for due in dues}
    registered = read_accounts(home, {addressee_no for addressee_no, _ in wanted}, act, day)
    found: dict[tuple[str, str], Account] = {}
    wrong = []
    for account in sorted(
        (account for accounts in registered.by_no.values() for account in accounts),
        key=lambda account: (len(account.account_seq_no), account.account_seq_no),
    ):
        who = (account.addressee_no, account.tax_item_code)
        if account.use_code == _DEBIT and who in wanted:
            found[who] = replace(account, holder_name=zengin_name(account.holder_name, _NAME_WIDTH))
    for (addressee_no, item), account in sorted(found.items()):
        if account.account_type_code not in _DEBITABLE:
            wrong.append(f"{addressee_no} 科目 {item}: 預金種目 {account.account_type_code} cannot be debited")
        elif not _HOLDER.fullmatch(account.holder_name):
            wrong.append(f"{addressee_no} 科目 {item}: 口座名義カナ has characters that banks do not take")
    if wrong:
        listed = "\n".join(f"  {line}" for line in wrong)
        raise OsameError(f"{len(wrong):,} accounts cannot be named in a request:\n{listed}", "mend bank_accounts")
    return found


def _new_codes(
    home: Home, settings: Settings, dues: list[_Due], accounts: dict[tuple[str, str], Account]
) -> dict[str, str]:
    """新規コード by due: whether its payer's account was asked for before, another was, or none.

    What was asked before is told by the requests that have landed: their 顧客番号 name dues of the same payer.
    """
    history = _payers_by_number(home, settings, dues)
    seen: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    rows = _landing_rows(
        home,
        """
        select rq.customer_no, rq.bank_code, rq.branch_code, rq.account_type_code, rq.account_no
        from landing.direct_debit_requests as rq
        inner join landing.loads as ld on ld.load_id = rq.load_id and ld.status = 'landed'
        where list_contains($numbers, rq.customer_no)
        """,
        {"numbers": list(history)},
    )
    for number, *account in rows:
        seen.setdefault(history[number], set()).add(tuple(account))
    codes = {}
    for due in dues:
        who = (due.addressee_no, due.tax_item_code)
        mine = accounts[who]
        now = (mine.bank_code, mine.bank_branch_code, mine.account_type_code, mine.account_no)
        before = seen.get(who, set())
        codes[due.due_key] = FIRST if not before else OTHER if now in before else CHANGED
    return codes


def _payers_by_number(home: Home, settings: Settings, dues: list[_Due]) -> dict[str, tuple[str, str]]:
    connection = open_warehouse(home)
    try:
        rows = connection.execute(
            f"select addressee_no, {', '.join(_KEY)} from fct_dues where list_contains($payers, addressee_no)",
            {"payers": sorted({due.addressee_no for due in dues})},
        ).fetchall()
    finally:
        connection.close()
    return {customer_no(settings, dict(zip(_KEY, row[1:], strict=True))): (row[0], row[1]) for row in rows}


# --- the file ------------------------------------------------------------------------------------------------------


def _group(
    office: DirectDebits,
    item: str,
    day: date,
    dues: list[_Due],
    accounts: dict[tuple[str, str], Account],
    new_codes: dict[str, str],
) -> Group | None:
    """Header and records of one 科目, or None where it has none."""
    mine = [due for due in dues if due.tax_item_code == item]
    if not mine:
        return None
    header = {
        "code_class": "0",
        "consignor_code": office.consignors[item],
        "consignor_name": office.consignor_name,
        "debit_date": day,
        "collecting_bank_code": office.bank_code,
        "collecting_bank_name": office.bank_name,
        "collecting_branch_code": office.branch_code,
        "collecting_branch_name": office.branch_name,
        "consignor_account_type_code": office.account_type_code,
        "consignor_account_no": office.account_no,
    }
    rows = []
    for due in mine:
        account = accounts[(due.addressee_no, due.tax_item_code)]
        rows.append(
            {
                "bank_code": account.bank_code,
                "branch_code": account.bank_branch_code,
                "account_type_code": account.account_type_code,
                "account_no": account.account_no,
                "holder_name": account.holder_name,
                "amount_yen": due.amount_yen,
                "new_code": new_codes[due.due_key],
                "customer_no": due.customer_no,
                "result_code": "0",
            }
        )
    return header, pa.Table.from_pylist(rows)


def _name(day: date, tax_items: list[str] | None, again: bool) -> str:
    parts = ["zengin91_request", f"{day:%Y%m%d}", *sorted(set(tax_items or [])), *(["again"] if again else [])]
    return f"{'_'.join(parts)}.dat"


def _made(home: Home, name: str, groups: list[Group], at: datetime, asked: list[_Due]) -> tuple[bytes, int, int]:
    """The request, with its number and yen as our own reader has them: every debit that was meant, and no other."""
    advice = "mend direct_debits in osame.yml"
    data, found = bank_files.made(home, LAYOUT, name, groups, at.date(), advice, role="request")
    rows = found.tables["direct_debit_requests"]
    written = sorted(zip(rows["customer_no"].to_pylist(), rows["amount_yen"].to_pylist(), strict=True))
    if written != sorted((due.customer_no, due.amount_yen) for due in asked):
        raise OsameError("the request reads back as other debits than were meant", bank_files.OUR_FAULT)
    return data, found.records, found.amount_yen


def _put(home: Home, name: str, data: bytes) -> Path:
    path = bank_files.folder_of(home) / name
    if path.exists() and path.read_bytes() != data:
        raise OsameError(
            f"{path} exists and has not landed: an earlier run was interrupted",
            "remove it if it has not been sent, then run this again",
        )
    return bank_files.put(home, name, data)


def _land(home: Home, path: Path, at: datetime) -> None:
    (offer,) = ingest(home, [path], Options(format=f"{LAYOUT}:request", now=lambda: at))
    if offer.status != "landed":
        found = "; ".join(finding.english() for finding in offer.findings)
        raise OsameError(f"{path.name} was written and not landed: {offer.status} {found}", "do not send it")
