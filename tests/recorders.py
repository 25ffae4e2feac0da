"""Many processes that record at once, for the tests. Run as a program: nothing here is a test.

``python -m tests.recorders HOME COUNT [STEP]`` forks COUNT processes, each of which records one row of ``reminders``;
with STEP the first of them that lands is killed there. Prints how each ended: ``ok``, the signal, or what it said.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import warehouse.office.recorder as recorder  # once, not in every fork
from ingestion.landing import Landing
from ingestion.layout import load_layouts
from warehouse.config import Home, open_home
from warehouse.office import pending
from warehouse.office.by_hand import Rows, record_rows

KEY = "30-00-152994-152994-1-2025-2025-{:010d}-01"
STEPS = ("taken", "inserted", "before commit", "committed", "answered one")


def row(number: int) -> dict[str, str]:
    return {"due_key": KEY.format(number), "sent_date": "2026-05-20", "reminder_fee_yen": "0"}


def _record(home: Home, number: int) -> None:
    record_rows(home, Rows("reminders", [row(number)], "1001", "", "2026-06-01T09:00:00"))


def _die_once_at(home: Home, step: str) -> None:
    """Kill the first process that comes to a step of landing; those after it go on."""

    def die() -> None:
        try:
            os.close(os.open(home.root / "killed", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    def after(whole: Callable[..., Any]) -> Callable[..., Any]:
        def told(*words: Any, **named: Any) -> Any:
            done = whole(*words, **named)
            die()
            return done

        return told

    def before(whole: Callable[..., Any]) -> Callable[..., Any]:
        def told(*words: Any, **named: Any) -> Any:
            die()
            return whole(*words, **named)

        return told

    if step == "taken":
        pending.take_waiting = after(pending.take_waiting)
    elif step == "inserted":
        Landing._insert = after(Landing._insert)  # type: ignore[method-assign]
    elif step == "before commit":
        recorder.archive.store = after(recorder.archive.store)
    elif step == "committed":
        pending.answer = before(pending.answer)
    elif step == "answered one":
        pending.answer = after(pending.answer)
    else:
        raise SystemExit(f"{step!r} is no step; {', '.join(STEPS)}")


def main(home: Home, count: int, step: str | None) -> None:
    load_layouts()
    if step is not None:
        _die_once_at(home, step)
    begin, go = os.pipe()
    children = {}
    for number in range(count):
        child = os.fork()
        if child == 0:
            said = home.root / f"said-{number}"
            try:
                os.close(go)
                os.read(begin, 1)  # until every process stands ready
                _record(home, number)
            except BaseException:
                said.write_text(traceback.format_exc())
                os._exit(1)
            os._exit(0)
        children[child] = number
    os.close(go)
    ends = {}
    for _ in range(count):
        child, status = os.wait()
        number = children[child]
        if os.WIFSIGNALED(status):
            ends[number] = os.WTERMSIG(status)
        else:
            ends[number] = (home.root / f"said-{number}").read_text() if status else "ok"
    print(json.dumps(ends))


if __name__ == "__main__":
    main(open_home(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
