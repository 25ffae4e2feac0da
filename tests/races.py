"""Two people at once on one decision, again and again: nothing that was called done is lost.

``python -m tests.races --count 100`` runs every pair that often; the tests run a few. What comes out must be what one
order of the two acts gives, told by a model of a few lines that shares nothing with the office's code.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

from osame.errors import OsameError
from osame.home import Home
from tests.fixtures.office import act_of, hire, recording
from tests.integration.test_records import DRAFT
from warehouse.collection import decisions, refunds
from warehouse.office.records import acting_on
from warehouse.office.registers import current_rows

AT = datetime(2026, 6, 1, 9)
DAY = AT.date()
NEW_YEN = 9_000
_CARRIED = ("interest_from_date",)


@dataclass(frozen=True)
class State:
    """What stands of a decision about one refund."""

    kind: str = "draft"
    amount_yen: int = 12_000
    told: bool = False
    claimed: bool = False
    paid: bool = False


def _redrafted(state: State) -> State | None:
    return replace(state, amount_yen=NEW_YEN) if state.kind == "draft" else None


def _approved(state: State) -> State | None:
    return replace(state, kind="approved") if state.kind == "draft" else None


def _withdrawn(state: State) -> State | None:
    if state.kind == "withdrawn" or state.paid:
        return None
    return replace(state, kind="withdrawn", told=False, claimed=False)


def _told(state: State) -> State | None:
    return replace(state, told=True) if state.kind == "approved" and not state.told else None


def _claimed(state: State) -> State | None:
    return replace(state, claimed=True) if state.told and not state.claimed else None


def _paid(state: State) -> State | None:
    return replace(state, paid=True) if state.claimed and not state.paid else None


# --- the acts themselves -------------------------------------------------------------------------------------------


def _redraft(home: Home, number: str, by: str, at: datetime) -> None:
    row = DRAFT | {"decision_no": number, "amount_yen": NEW_YEN, "addressee_no": "1", "cause_code": "4"}
    row.pop("drafted_by")
    decisions.draft_line(home, row, recording("decisions", by, at))


def _approve(home: Home, number: str, by: str, at: datetime) -> None:
    decisions.approve(home, [number], act_of(decisions.APPROVE, by, at), DAY)


def _withdraw(home: Home, number: str, by: str, at: datetime) -> None:
    decisions.withdraw(home, [number], act_of(decisions.WITHDRAW, by, at))


def _tell(home: Home, number: str, by: str, at: datetime) -> None:
    with acting_on(home, decisions.REGISTERS, recording("overpayment_notices", by, at)) as book:
        lines = refunds.not_told(home, [number])
        book.record("overpayment_notices", [refunds.notice_of(line, DAY) for line in lines])


def _claim(home: Home, number: str, by: str, at: datetime) -> None:
    refunds.claim(home, f"{number}-1", DAY, act_of(refunds.CLAIM, by, at))


def _pay(home: Home, number: str, by: str, at: datetime) -> None:
    with acting_on(home, decisions.REGISTERS, recording("overpayment_notices", by, at)) as book:
        rows = [row for row in refunds.refund_notices(home) if row["decision_no"] == number and row["claimed_date"]]
        rows = [row for row in rows if not row["paid_date"]]
        if not rows:
            raise OsameError("nothing is to be paid")
        book.record(
            "overpayment_notices",
            [row | {"decided_date": DAY, "refund_interest_yen": 0, "paid_date": DAY} for row in rows],
        )


ACTS: dict[str, tuple[Callable[..., None], Callable[[State], State | None]]] = {
    "draft": (_redraft, _redrafted),
    "approve": (_approve, _approved),
    "withdraw": (_withdraw, _withdrawn),
    "tell": (_tell, _told),
    "claim": (_claim, _claimed),
    "pay": (_pay, _paid),
}
PAIRS = list(itertools.combinations_with_replacement(ACTS, 2))
_WAY = ("approve", "tell", "claim")  # from a draft to a refund that can be paid


def beginning(pair: tuple[str, str]) -> list[str]:
    """The acts before: as few as let the one of the pair that comes late be done at all."""
    for steps in range(len(_WAY) + 1):
        state = State()
        for name in _WAY[:steps]:
            state = ACTS[name][1](state) or state
        if all(ACTS[name][1](state) is not None for name in pair):
            return list(_WAY[:steps])
    last = max((_WAY.index(name) if name in _WAY else 3 if name == "pay" else 0) for name in pair)
    return list(_WAY[:last])


def found(home: Home, number: str) -> State:
    """What landing says of a decision."""
    lines = [row for row in current_rows(home, "decisions") if row["decision_no"] == number]
    notices = [row for row in current_rows(home, "overpayment_notices") if row["decision_no"] == number]
    if not lines:
        (line,) = (r for r in current_rows(home, "decisions", withdrawn=True) if r["decision_no"] == number)
        return State("withdrawn", line["amount_yen"], bool(notices))
    (line,) = lines
    kind = "approved" if line["approved_by"] else "draft"
    told: dict[str, Any] = notices[0] if notices else {"claimed_date": None, "paid_date": None}
    return State(kind, line["amount_yen"], bool(notices), bool(told["claimed_date"]), bool(told["paid_date"]))


def lay_down(home: Home, number: str, state: State) -> None:
    """Record a decision as it stands before the race, in one go."""
    line = DRAFT | {"decision_no": number, "addressee_no": "1", "cause_code": "4"}
    if state.kind == "approved":
        line |= {"approved_by": "1002", "approved_date": DAY}
    rows = {"decisions": [line]}
    if state.told:
        notice = refunds.notice_of(dict.fromkeys(_CARRIED) | line, DAY)
        rows["overpayment_notices"] = [notice | {"claimed_date": DAY if state.claimed else None}]
    with acting_on(home, decisions.REGISTERS, recording("decisions", "1001", AT)) as book:
        book.record_all(rows)


def race(home: Home, pair: tuple[str, str], number: str, seconds_apart: int) -> None:
    """Two people act at once on a new decision; the second one's clock is off.

    Raises:
        AssertionError: neither order of the two acts gives what came out.
    """
    state = State()
    for name in beginning(pair):
        state = ACTS[name][1](state) or state
    lay_down(home, number, state)
    begin = Barrier(2)

    def run(place: int) -> bool:
        begin.wait(timeout=60)
        try:
            ACTS[pair[place]][0](
                home,
                number,
                "1001" if pair[place] == "draft" else f"100{2 + place}",
                AT + timedelta(seconds=place * seconds_apart),
            )
        except OsameError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, (0, 1)))
    outcome = (done, found(home, number))
    assert outcome in [_in_order(state, pair, order) for order in ((0, 1), (1, 0))], (pair, state, outcome)


def _in_order(state: State, pair: tuple[str, str], order: tuple[int, int]) -> tuple[list[bool], State]:
    done = [False, False]
    for place in order:
        after = ACTS[pair[place]][1](state)
        if after is not None:
            state, done[place] = after, True
    return done, state


def run_races(home: Home, count: int) -> int:
    """Every pair ``count`` times; returns the number of races."""
    hire(home)
    for place, pair in enumerate(PAIRS):
        for turn in range(count):
            race(home, pair, f"{place:02}{turn:04}", seconds_apart=(turn % 3) - 1)
    return len(PAIRS) * count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    with tempfile.TemporaryDirectory() as folder:
        print(run_races(Home(Path(folder)).create(), parser.parse_args().count), "races, nothing lost")
