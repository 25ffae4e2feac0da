"""What the staff of the office records: drafts and decisions, and notices of overpayment with what became of them.

A record stands in the files of its quarter; when more is known of it, it comes again, whole.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ingestion.town.days import NONE, day, iso, to_date, ymd
from ingestion.town.deliver import KEY_NAMES, Delivery
from ingestion.town.oracle import Due, Payment
from ingestion.town.refunds import came_in, interest_from, refund_interest, source_of
from ingestion.town.tables import write_csv
from ingestion.town.truth import due_key

if TYPE_CHECKING:
    from ingestion.town.story import Story

DECISIONS, NOTICES = "decisions", "overpayment_notices"
REFUND, OFFSET, MOVE = "1", "2", "3"  # 種別
TAX, FEE, LATE, INTEREST = 1, 2, 3, 4  # 区分
_CLERK, _CHIEF = "10234", "20011"
_MEASURE_DAYS = 3  # from a draft to its approval


@dataclass(frozen=True, slots=True)
class Record:
    """One version of a row. ``pid`` is the movement that the row is, NONE for what moves nothing."""

    table: str
    made: int
    key: tuple[str, ...]
    values: dict[str, Any]
    pid: int = NONE


@dataclass
class Office:
    """Settles overpayments of the story, and keeps the records of it."""

    story: Story
    records: list[Record] = field(default_factory=list)
    _decisions: int = 0
    _notices: int = 0

    # ---- refunds ----
    def refund(
        self,
        due: Due,
        told: int,
        claimed: int = NONE,
        decided: int = NONE,
        paid: int = NONE,
        *,
        cause: int = 4,
        reduced: int = NONE,
    ) -> Payment:
        """Tells the payer of all that is too much on a due; pays it if a day is given."""
        yen = self.story.state(due).overpaid
        done = paid != NONE
        payment = self.story.movement(
            "refund" if done else "promise",
            "refund" if done else "not_money",
            due,
            None,
            decided if done else told,
            paid if done else told,
            yen,
            taken=told,
            told=told,
            claimed=claimed,
        )
        receipt = source_of(payment, self.story.of_due[id(due)])
        if done:
            start = interest_from(cause, receipt.received, reduced)
            payment.interest = refund_interest(yen, start, decided, told, claimed)
        money_of = came_in(due, receipt.received)
        number = self._decide(REFUND, [self._line(due, yen, money_of, from_part=TAX)], told - 1)
        self._notify(payment, number, cause, money_of, (claimed, decided, paid))
        return payment

    def _notify(self, payment: Payment, decision: str, cause: int, money_of: int, days: tuple[int, int, int]) -> None:
        """The notice, and again when it was claimed, decided and paid."""
        due = payment.due
        assert due is not None  # noqa: S101 - how the town is written, not data
        self._notices += 1
        number = f"N{self.story.setting.last_year}-{self._notices:05d}"
        values: dict[str, Any] = _key(due) | {
            "overpayment_notice_no": number,
            "decision_no": decision,
            "component_code": str(TAX),
            "addressee_no": f"{due.addressee_no:010d}",
            "amount_yen": payment.amount,
            "cause_code": str(cause),
            "fiscal_year": money_of,
            "notified_date": iso(payment.told),
        }
        self._record(NOTICES, payment.told, (number,), values, payment.pid)
        claimed, decided, paid = days
        for name, when in (("claimed_date", claimed), ("decided_date", decided), ("paid_date", paid)):
            if when != NONE:
                values = values | {name: iso(when)}
                if name == "decided_date":
                    values["refund_interest_yen"] = payment.interest
                self._record(NOTICES, when, (number,), values, payment.pid)

    # ---- offsets and moves ----
    def set_off(
        self, due: Due, other: Due, suitable: int, approved: int, *, cause: int = 4, reduced: int = NONE
    ) -> None:
        """Sets what is too much on a due against another, as of 充当適状日: tax, fee, late charge; then interest."""
        story = self.story
        story.remind(other, approved)
        paid_by: list[tuple[Payment, int]] = []
        pot = story.state(due).overpaid
        for part in (TAX, FEE, LATE):
            yen = min(pot - sum(p.amount for p, _ in paid_by), self._open(other, part, suitable))
            if yen:
                line = story.movement("offset", "offset", due, other, suitable, approved, yen, to=part)
                paid_by.append((line, TAX))
        receipt = source_of(paid_by[0][0], story.of_due[id(due)])
        start = interest_from(cause, receipt.received, reduced)
        interest = refund_interest(sum(p.amount for p, _ in paid_by), start, suitable)
        for part in (TAX, FEE, LATE):
            yen = min(interest, self._open(other, part, suitable))
            if yen:
                line = story.movement("interest", "offset", due, other, suitable, approved, yen, to=part)
                paid_by.append((line, INTEREST))
                interest -= yen
        if interest:
            raise ValueError("the town sets off against a due that takes the interest too")
        money_of = came_in(due, receipt.received)
        lines = [self._line(due, p.amount, money_of, taken_from, other, p.to, suitable) for p, taken_from in paid_by]
        self._decide(OFFSET, lines, approved, [p.pid for p, _ in paid_by])

    def _open(self, due: Due, part: int, when: int) -> int:
        """What is open of a part as of a day; late charge only once the tax is paid."""
        self.story.state(due)
        if part == TAX:
            return due.balance
        if part == FEE:
            return due.fee_at(when)
        return max(due.late_at(when) - due.late, 0) if due.balance == 0 else 0

    def move(self, wrong: Due, right: Due, yen: int, received: int, approved: int) -> None:
        """組替 of a payment to the due that it was for, with its day of receipt."""
        payment = self.story.movement("move", "reallocation", wrong, right, received, approved, yen)
        line = self._line(wrong, yen, came_in(wrong, received), TAX, right, TAX, received)
        self._decide(MOVE, [line], approved, [payment.pid])

    # ---- drafts ----
    def draft(self, due: Due, drafted: int, other: Due | None = None, suitable: int = NONE) -> None:
        """A draft that nobody approves: of a refund, or of an offset against another due."""
        yen = self.story.state(due).overpaid
        money_of = came_in(due, due.due)
        if other is None:
            self._decide(REFUND, [self._line(due, yen, money_of, TAX)], NONE, drafted=drafted)
            return
        yen = min(yen, other.tax)
        line = self._line(due, yen, money_of, TAX, other, TAX, suitable)
        self._decide(OFFSET, [line], NONE, drafted=drafted)

    def _line(
        self,
        due: Due,
        yen: int,
        money_of: int,
        from_part: int,
        other: Due | None = None,
        to_part: int = NONE,
        counts_from: int = NONE,
    ) -> dict[str, Any]:
        values: dict[str, Any] = _key(due) | {
            "from_component_code": str(from_part),
            "amount_yen": yen,
            "fiscal_year": money_of,
        }
        if other is not None:
            values |= _key(other, "offset_") | {"to_component_code": str(to_part), "value_date": iso(counts_from)}
        return values

    def _decide(
        self,
        kind: str,
        lines: list[dict[str, Any]],
        approved: int,
        pids: list[int] | None = None,
        drafted: int = NONE,
    ) -> str:
        """A draft, and the same lines again with their approval."""
        self._decisions += 1
        number = f"D{self.story.setting.last_year}-{self._decisions:05d}"
        drafted = approved - _MEASURE_DAYS if drafted == NONE else drafted
        for at, line in enumerate(lines):
            values = line | {
                "decision_no": number,
                "line_no": str(at + 1),
                "decision_type_code": kind,
                "drafted_by": _CLERK,
                "drafted_date": iso(drafted),
            }
            key, pid = (number, str(at + 1)), pids[at] if pids else NONE
            self._record(DECISIONS, drafted, key, values, pid)
            if approved != NONE:
                values = values | {"approved_by": _CHIEF, "approved_date": iso(approved)}
                self._record(DECISIONS, approved, key, values, pid)
        return number

    def _record(self, table: str, made: int, key: tuple[str, ...], values: dict[str, Any], pid: int) -> None:
        if made > self.story.setting.as_of:
            raise ValueError(f"a record of {iso(made)} is made after the day the town is looked at")
        self.records.append(Record(table, made, key, values, pid))

    # ---- files ----
    def write(self, delivery: Delivery) -> None:
        """A file of each table per quarter; what was drafted and changed in one quarter has its last state in a second.

        Of a notice only the last state of the quarter is delivered.
        """
        files: dict[tuple[str, int, int], dict[tuple[str, ...], Record]] = defaultdict(dict)
        last: dict[tuple[str, tuple[str, ...]], Record] = {}
        for record in sorted(self.records, key=lambda r: r.made):
            end = min(_quarter_end(record.made), delivery.as_of)
            drafted = record.table == DECISIONS and record.key in files[record.table, end, 1]
            files[record.table, end, 2 if drafted else 1][record.key] = record
            last[record.table, record.key] = record
        for (table, end, n), rows in sorted(files.items(), key=lambda item: item[0]):
            records = list(rows.values())
            if not records:
                continue
            name = f"{table}_{ymd(end)}_{n}.csv"
            layout = delivery.layouts[table]
            names = [f.name for f in layout.columns if f.header and any(f.name in r.values for r in records)]
            columns = {column: [r.values.get(column) for r in records] for column in names}
            write_csv(delivery.files / name, layout, columns, len(records))
            for line, record in enumerate(records, start=2):
                if record.pid != NONE and last[table, record.key] is record:
                    delivery.truth.places[record.pid] = (name, line)
                else:
                    delivery.truth.plain_rows(name, ["not_money"], [line], [record.values["amount_yen"]], table)


def _quarter_end(when: int) -> int:
    d = to_date(when)
    return day(d.year, (d.month + 2) // 3 * 3, 31)


def _key(due: Due, prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}{part}": value for part, value in zip(KEY_NAMES, due_key(due).split("-"), strict=True)}
