"""The vault: names, addresses and accounts of people, derived from landing, encrypted with a key of its own.

``read_people`` and ``read_accounts`` are the only ways by which people are shown people; each reading is logged first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ingestion import vault_log
from ingestion.current import current_sql
from ingestion.layout_catalog import load_layouts
from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from osame.stores import attach_landing, open_vault, rows_of

_CORPORATION, _PROTECTED = "3", "1"
_SHOWN = 5

# One row per person or account: the row that holds now.
_TABLES = ("addressees", "bank_accounts")


def build_vault(home: Home, folder: Path, landing: Path) -> None:
    """Derive the vault from landing, or a copy of it, in ``folder``, and rename it into place.

    Its tables carry every column of their extract.
    """
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    target = folder / "vault.duckdb"
    vault = open_vault(home, target, read_only=False)
    try:
        attach_landing(vault, home, landing)
        for extract in _TABLES:
            layout = layouts[extract]
            columns = [f.name for f in layout.data_fields()]
            rule = current_sql(extract, layout.primary_key, columns)
            vault.execute(f"create table vault.{extract} as select {', '.join(columns)} from ({rule})")
        vault.execute("detach landing")
        vault.execute("checkpoint vault")
    finally:
        vault.close()
    target.chmod(0o600)
    target.replace(home.vault)


@dataclass(frozen=True)
class Address:
    """A postal address; any part may be missing."""

    postal_code: str | None
    address: str | None
    building: str | None


@dataclass(frozen=True)
class Person:
    """Someone of 宛名. ``mailing`` is where letters go (送付先, else the address) and ``mailing_name`` to whom.

    Under 支援措置 (``is_protected``) both addresses and the phone are None, unless the reading asked for them: such a
    person's paper is handed over, not sent.
    """

    addressee_no: str
    name: str
    name_kana: str | None
    birth_date: date | None
    is_corporation: bool
    is_protected: bool
    address: Address | None
    mailing: Address | None
    mailing_name: str
    phone: str | None


@dataclass(frozen=True)
class People:
    """People by 宛名番号, and the log line of the reading, for the manifest of what is made from it.

    ``missing``: numbers that were asked for and that the vault does not have.
    """

    by_no: dict[str, Person]
    vault_read: str
    missing: tuple[str, ...] = ()

    def __getitem__(self, addressee_no: str) -> Person:
        return self.by_no[addressee_no]

    @property
    def withheld(self) -> list[str]:
        """Numbers of those whose address is not given out."""
        return sorted(p.addressee_no for p in self.by_no.values() if p.is_protected and p.mailing is None)


@dataclass(frozen=True)
class Account:
    """A registered bank account; ``use_code`` 1 口座振替, 2 還付, 3 公金受取口座."""

    addressee_no: str
    tax_item_code: str
    account_seq_no: str
    bank_code: str
    bank_branch_code: str
    account_type_code: str
    account_no: str
    holder_name: str
    use_code: str


@dataclass(frozen=True)
class Accounts:
    """Accounts by 宛名番号 (someone without one is not in it), and the log line of the reading."""

    by_no: dict[str, list[Account]]
    vault_read: str


def read_people(
    home: Home,
    addressee_nos: Iterable[str],
    act: Act,
    *,
    show_protected: bool = False,
    may_lack: bool = False,
) -> People:
    """Names and addresses, after the reading has been logged: one line, however many people.

    Args:
        home: whose vault.
        addressee_nos: whom to read about.
        act: who asks, and why.
        show_protected: give out addresses under 支援措置 too; the log says that they were.
        may_lack: of a batch some may be missing; those are told in ``missing``, and the others are given out.

    Raises:
        OsameError: there is no vault, or a number is not in it (the numbers are named); with ``may_lack``, if none is.
    """
    numbers = sorted(set(addressee_nos))
    require_vault(home)
    read = vault_log.append(home, act, "people", numbers, shows_protected=show_protected)
    rows = _select(home, "addressees", numbers)
    people = {row["addressee_no"]: _person(row, show_protected) for row in rows}
    missing = [number for number in numbers if number not in people]
    if missing and not (may_lack and people):
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise OsameError(
            f"addressees {', '.join(missing[:_SHOWN])}{more} are not in the vault",
            "land the addressees extract (宛名) that has them, then run: osame build",
        )
    return People(people, read, tuple(missing))


def read_accounts(home: Home, addressee_nos: Iterable[str], act: Act, on: date) -> Accounts:
    """Accounts that are valid on a day and not paused, after the reading has been logged.

    Raises:
        OsameError: there is no vault.
    """
    numbers = sorted(set(addressee_nos))
    require_vault(home)
    read = vault_log.append(home, act, "accounts", numbers, shows_protected=False)
    found: dict[str, list[Account]] = {}
    names = list(Account.__dataclass_fields__)
    for row in _select(home, "bank_accounts", numbers):
        begins, ends, paused, resumed = (row[n] for n in ("valid_from", "valid_to", "paused_from", "paused_to"))
        is_paused = paused is not None and paused <= on and (resumed is None or on <= resumed)
        if begins <= on and (ends is None or on <= ends) and not is_paused:
            found.setdefault(row["addressee_no"], []).append(Account(**{name: row[name] for name in names}))
    return Accounts(found, read)


def require_vault(home: Home) -> None:
    if not home.vault.exists():
        raise OsameError(f"{home.vault} does not exist yet", "run: osame build")


def numbers_of_one_person(home: Home, addressee_no: str) -> list[str]:
    """Every 宛名番号 that 名寄せ links with this one, itself among them. Numbers only: nobody is read about.

    Raises:
        OsameError: there is no vault.
    """
    require_vault(home)
    vault = open_vault(home)
    try:
        links = vault.execute(
            """
            select addressee_no, merged_into_addressee_no from vault.addressees
            where merged_into_addressee_no is not null
            """
        ).fetchall()
    finally:
        vault.close()
    found, before = {addressee_no}, set[str]()
    while found != before:
        before = set(found)
        for one, other in links:
            if one in found or other in found:
                found |= {one, other}
    return sorted(found)


def _select(home: Home, table: str, numbers: Sequence[str]) -> list[dict[str, Any]]:
    vault = open_vault(home)
    try:
        sql = f"select * from vault.{table} where addressee_no in (select unnest(?)) order by all"
        return rows_of(vault, sql, list(numbers))
    finally:
        vault.close()


def _person(row: dict[str, Any], show_protected: bool) -> Person:
    is_protected = row["support_measure_flag"] == _PROTECTED
    is_shown = show_protected or not is_protected
    own = Address(row["postal_code"], row["address"], row["building"])
    sent = Address(row["mailing_postal_code"], row["mailing_address"], row["mailing_building"])
    return Person(
        addressee_no=row["addressee_no"],
        name=row["name"],
        name_kana=row["name_kana"],
        birth_date=row["birth_date"],
        is_corporation=row["resident_class_code"] == _CORPORATION,
        is_protected=is_protected,
        address=own if is_shown else None,
        mailing=(sent if sent.address else own) if is_shown else None,
        mailing_name=row["mailing_name"] or row["name"],
        phone=row["phone"] if is_shown else None,
    )
