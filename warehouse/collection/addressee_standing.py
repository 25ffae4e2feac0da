"""収納状況照会: what a taxpayer, notice or due owes on a day, with receipts and history: one structure for all readers.

The command line, the notebook and the 収納状況照会票 all show an
``AddresseeStanding``. It reads the published warehouse only; a name comes from the vault, elsewhere.

What a due stands at on the day is the rule of ``standing``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import duckdb

from osame.act import Permission
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse, rows_of
from osame.wareki import format_wareki
from warehouse.collection.refunds import is_returned, refund_notices
from warehouse.law.office import parameters_of, provisional_ja
from warehouse.law.parameters import Parameters
from warehouse.office.freshness import Freshness, freshness
from warehouse.office.standing import DueLine, dues_where, standing
from warehouse.trace import sentence

SHOW = Permission("standing", "収納状況照会", asks_reason=True)
Kind = Literal["due", "addressee", "notice"]
KINDS: tuple[Kind, ...] = ("due", "addressee", "notice")
_COLUMNS = {"due": "due_key", "addressee": "addressee_no", "notice": "notice_no"}
_NAMES = {"due": "due_key", "addressee": "宛名番号", "notice": "通知書番号"}
_MOST_LISTED = 20


class NothingFound(OsameError):
    """No due has the key that was looked for."""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What one receipt paid of one due, in yen; of a provisional record (速報) the whole amount is in principal_yen."""

    receipt_id: str
    due_key: str
    received_date: date
    posted_date: date
    channel_code: str
    channel_name: str
    record_status: str
    principal_yen: int
    reminder_fee_yen: int
    late_charge_yen: int
    overpaid_yen: int
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class OverpaymentLine:
    """Money that was more than owed: when it arose, and what is neither refunded nor offset yet. Yen."""

    overpayment_id: str
    due_key: str
    received_date: date
    cause_code: str
    amount_yen: int
    balance_yen: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """One movement in the words that an officer reads out (those of ``osame trace``)."""

    posted_date: date
    value_date: date
    due_key: str
    movement_type: str
    component: str
    amount_yen: int
    sentence: str
    source_file: str
    source_line: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reader must know about the figures: English for the command line, Japanese for the office."""

    code: str
    english: str
    japanese: str


@dataclass(frozen=True)
class AddresseeStanding:
    """What is known of a key on a day. Lists are in the order in which an officer reads them."""

    key: str
    kind: Kind
    addressee_no: str
    on: date
    as_of_date: date
    known_at: datetime
    municipality_name: str
    dues: list[DueLine]
    receipts: list[ReceiptLine]
    overpayments: list[OverpaymentLine]
    events: list[EventLine]
    notices: list[Notice] = field(default_factory=list)

    def total(self, column: str) -> int:
        """The sum of a yen column of the dues."""
        return sum(getattr(due, column) for due in self.dues)

    @property
    def overdue(self) -> list[DueLine]:
        """Dues of which something is unpaid and past its date."""
        return [due for due in self.dues if due.balance_yen > 0 and due.due_date < self.on]


def look_up(
    home: Home,
    key: str,
    on: date,
    kind: Kind | None = None,
    *,
    may_be_empty: bool = False,
    wait_for_landing: bool = False,
) -> AddresseeStanding:
    """Look a key up in the published warehouse.

    Args:
        home: whose warehouse is read.
        key: a due_key, an addressee_no or a notice_no.
        on: the day of the figures; see the module.
        kind: what the key is, where it could be several.
        may_be_empty: a person without any due is no error (with ``kind`` addressee).
        wait_for_landing: wait for a process that is landing files, to be sure whether the build knows them.

    Raises:
        NothingFound: no due has that key.
        OsameError: it means several things; a number names notices of several levies.
        ParameterNotFoundError: no late-charge rate is known on a day that counts.
    """
    connection = open_warehouse(home)
    try:
        found = look_up_in(connection, key, on, kind, may_be_empty=may_be_empty, params=parameters_of(home))
        fresh = freshness(home, connection, wait=wait_for_landing)
    finally:
        connection.close()
    behind = behind_notice(fresh)
    if not fresh.is_landing:
        found.notices.extend(_returned(home, found.addressee_no))
    if behind is not None:
        found.notices.insert(0, behind)
    return found


def look_up_in(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    on: date,
    kind: Kind | None = None,
    *,
    may_be_empty: bool = False,
    params: Parameters,
) -> AddresseeStanding:
    """``look_up`` on an open warehouse; without the look at what has landed since."""
    info = rows_of(connection, "select as_of_date, known_at, municipality_name from run_info")[0]
    found_kind, dues = _find(connection, key, kind, may_be_empty)
    addressee_no = dues[0]["addressee_no"] if dues else key
    by_due: dict[str, list[dict[str, Any]]] = {due["due_key"]: [] for due in dues}
    moves = [move for move in _movements(connection, addressee_no) if move["due_key"] in by_due]
    for move in moves:
        by_due[move["due_key"]].append(move)
    _require_rates(dues, on, params)
    existing = [due for due in dues if due["first_assessed_date"] <= on]
    lines = [standing(due, by_due[due["due_key"]], on, params) for due in existing]
    found = AddresseeStanding(
        key=key,
        kind=found_kind,
        addressee_no=addressee_no,
        on=on,
        dues=lines,
        receipts=_receipts(moves, _channels(connection)),
        overpayments=_overpayments(connection, addressee_no, set(by_due)),
        events=[_event(move) for move in moves],
        **info,
    )
    found.notices.extend(_notices(found, len(dues) - len(existing)))
    running = [(line.tax_item_code, on) for line in lines if line.late_charge_yen and line.principal_balance_yen]
    provisional = provisional_ja(params, running)
    if provisional is not None:
        english = "late charges are reckoned with the last rate known, for days whose rate is not announced yet"
        found.notices.append(Notice("provisional_rate", english, provisional))
    return found


# --- finding -----------------------------------------------------------------------------------------------------


def _find(
    connection: duckdb.DuckDBPyConnection, key: str, kind: Kind | None, may_be_empty: bool
) -> tuple[Kind, list[dict[str, Any]]]:
    """The dues of a key, and what kind of key it was."""
    # A due_key is joined with hyphens: without one there is no need to read eleven million of them.
    wanted = [kind] if kind else [one for one in KINDS if one != "due" or "-" in key]
    # One scan with one equality each: two of them joined with "or" would read every column of every due.
    looked_up = {one: dues_where(connection, f"du.{_COLUMNS[one]} = ?", key) for one in wanted}
    hits = {one: found for one, found in looked_up.items() if found}
    if not hits and kind == "addressee" and may_be_empty:
        return kind, []
    if not hits:
        looked = ", ".join(f"{one} ({_NAMES[one]})" for one in wanted)
        raise NothingFound(
            f"{key!r}: no due has it; looked for it as {looked}",
            "numbers are text: give them with their leading zeros, as in fct_dues; the nine parts of a due_key are "
            "joined with '-'",
        )
    if len(hits) > 1:
        raise OsameError(
            f"{key!r} is several things: {' and '.join(f'{one} ({len(found)} dues)' for one, found in hits.items())}",
            f"say which is meant: --kind {' or --kind '.join(hits)}",
        )
    found_kind, dues = hits.popitem()
    if found_kind == "notice":
        _refuse_ambiguous(key, dues)
    return found_kind, dues


def _refuse_ambiguous(notice_no: str, dues: list[dict[str, Any]]) -> None:
    """One notice is one tax item of one levy year of one person; the same number may be used again for another."""
    notices = sorted({(d["tax_item_code"], d["tax_item_name"], d["levy_year"], d["addressee_no"]) for d in dues})
    if len(notices) == 1:
        return
    listed = [
        f"  {item} {name}, levy year {year}, addressee {addressee}, due_key "
        + min(
            d["due_key"]
            for d in dues
            if (d["tax_item_code"], d["levy_year"], d["addressee_no"]) == (item, year, addressee)
        )
        for item, name, year, addressee in notices[:_MOST_LISTED]
    ]
    left = len(notices) - len(listed)
    raise OsameError(
        f"notice_no {notice_no!r} is used by {len(notices)} notices:\n"
        + "\n".join(listed)
        + (f"\n  … and {left} more" if left > 0 else ""),
        "ask by addressee_no or by one of these due_keys",
    )


def _movements(connection: duckdb.DuckDBPyConnection, addressee_no: str) -> list[dict[str, Any]]:
    return rows_of(
        connection,
        """
        select mv.* from fct_movements as mv
        where mv.addressee_no = ?
        order by mv.posted_date, mv.load_id, mv.source_line, mv.movement_id
        """,
        addressee_no,
    )


def _channels(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {row["channel_code"]: row["channel_name"] for row in rows_of(connection, "select * from dim_channels")}


# --- figures -----------------------------------------------------------------------------------------------------


def _require_rates(dues: list[dict[str, Any]], on: date, params: Parameters) -> None:
    """Raise for a day before the first rate: nothing is known of late charges then, so no figure would be right."""
    for family in sorted({params.tax_item(due["tax_item_code"]).rate_family for due in dues}):
        rates = params.late_charge_rates(family)
        if on < rates.periods[0].first:
            rates.at(on)


# --- receipts, overpayments, history -------------------------------------------------------------------------------


def _receipts(moves: list[dict[str, Any]], channels: dict[str, str]) -> list[ReceiptLine]:
    """What each receipt paid of each due: its movements, summed. ``fct_receipts`` has no more to say of a match."""
    nothing = dict.fromkeys(("principal_yen", "reminder_fee_yen", "late_charge_yen", "overpaid_yen"), 0)
    amounts: dict[tuple[int, int, str], dict[str, int]] = {}
    records: dict[tuple[int, int, str], dict[str, Any]] = {}
    for move in moves:
        if move["movement_type"] not in ("received", "overpaid") or move["direction"] is not None:
            continue
        place = move["load_id"], move["source_line"], move["due_key"]
        column = "overpaid_yen" if move["movement_type"] == "overpaid" else f"{move['component']}_yen"
        amounts.setdefault(place, dict(nothing))[column] += move["amount_yen"]
        records[place] = move
    lines = [
        ReceiptLine(
            receipt_id=f"{move['load_id']}-{move['source_line']}",
            due_key=move["due_key"],
            received_date=move["value_date"],
            posted_date=move["posted_date"],
            channel_code=move["channel_code"],
            channel_name=channels[move["channel_code"]],
            record_status="provisional" if move["is_provisional"] else "final",
            source_file=move["source_file"],
            source_line=move["source_line"],
            **amounts[place],
        )
        for place, move in records.items()
    ]
    return sorted(lines, key=lambda r: (r.received_date, r.posted_date, r.receipt_id, r.due_key))


def _overpayments(
    connection: duckdb.DuckDBPyConnection, addressee_no: str, due_keys: set[str]
) -> list[OverpaymentLine]:
    rows = rows_of(
        connection,
        """
        select op.overpayment_id, op.due_key, op.received_date, op.cause_code, op.amount_yen, op.balance_yen
        from fct_overpayments as op
        where op.addressee_no = ?
        order by op.received_date, op.overpayment_id
        """,
        addressee_no,
    )
    return [OverpaymentLine(**row) for row in rows if row["due_key"] in due_keys]


def _event(move: dict[str, Any]) -> EventLine:
    return EventLine(
        **{name: move[name] for name in EventLine.__slots__ if name != "sentence"}, sentence=sentence(move)
    )


# --- what the reader must know -------------------------------------------------------------------------------------


def _notices(found: AddresseeStanding, not_yet: int) -> list[Notice]:
    out = []
    as_of, on = found.as_of_date, found.on
    if on > as_of:
        out.append(
            Notice(
                "runs_on",
                f"records are known up to {as_of}; the late charge is reckoned to {on} as if nothing came in since",
                f"収納の記録は{format_wareki(as_of)}までです。延滞金は{format_wareki(on)}まで、"
                "その後の収納がないものとして計算しています。",
            )
        )
    if on < as_of:
        out.append(
            Notice(
                "looks_back",
                f"payments received after {on} are not counted; the tax is as it stands in the build of {as_of} "
                f"(for the books as they stood: osame build --as-of {on})",
                f"{format_wareki(on)}より後の領収分は納付額に含めていません。調定額は{format_wareki(as_of)}現在の記録によります。",
            )
        )
    if not_yet:
        out.append(
            Notice(
                "not_yet_assessed",
                f"{not_yet} dues were assessed after {on} and are left out",
                f"{format_wareki(on)}より後に調定された{not_yet}期別は除いています。",
            )
        )
    provisional = found.total("provisional_paid_yen")
    if provisional:
        out.append(
            Notice(
                "provisional",
                f"{provisional:,} yen are provisional (速報) and pay nothing until they are confirmed",
                f"速報 {provisional:,}円があります。確報が届くまで納付額に含めません。",
            )
        )
    return out


def _returned(home: Home, addressee_no: str) -> list[Notice]:
    """Refunds whose transfer came back: the payer asks where his money is before the next build knows."""
    return [
        Notice(
            "refund_returned",
            f"the transfer of refund notice {row['overpayment_notice_no']}, {row['amount_yen']:,} yen, paid on "
            f"{row['paid_date']}, came back on {row['returned_date']}; it waits to be paid again",
            f"過誤納通知 {row['overpayment_notice_no']}（{row['amount_yen']:,}円、"
            f"{format_wareki(row['paid_date'])}支払）は{format_wareki(row['returned_date'])}に振込不能で戻りました。再度の振込を待っています。",
        )
        for row in refund_notices(home)
        if row["addressee_no"] == addressee_no and is_returned(row)
    ]


def behind_notice(fresh: Freshness) -> Notice | None:
    """What the reader is told of files that the build does not know; None if it knows all that matter."""
    if fresh.is_landing:
        return Notice(
            "landing_now",
            "files are landing at this moment and may not be in these figures",
            "現在ファイルを取り込んでいます。この結果に含まれていない可能性があります。",
        )
    if not fresh.is_behind:
        return None
    new = fresh.files("books")
    last = max(file.landed_at for file in new)
    return Notice(
        "behind",
        f"{len(new):,} files have landed that this build does not know, the last at {last:%Y-%m-%d %H:%M} "
        "(to take them in: osame build)",
        f"取込済みで未反映のファイルが{len(new):,}件あります（最終取込 {format_wareki(last.date())} {last:%H:%M}）。",
    )
