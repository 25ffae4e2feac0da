"""Kills itself in the middle of work, for the tests of crash safety. Run as a program: nothing here is a test.

``ingest ROOT`` copies the home ROOT/office for each step of an undisturbed run and kills an ingestion at that step.
``build HOME DAY KNOWN_AT`` kills one build in the middle of the models and one when all is built but not in place,
and runs a third on a disk with too little room. Each victim is a fork of this process, which opens no database.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import warehouse.build
from ingestion.inbox import Options, ingest
from ingestion.layout import load_layouts
from warehouse.config import Home, open_home

AT = datetime(2025, 8, 2, 9, 0)
NODES = 12  # models after which a build is killed
DISK = 2_000_000  # bytes that a file may have on the small disk


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _ingest(home: Home, on_step: Callable[[str], None]) -> None:
    """Ingest the inbox; the flush of a file to the disk is a step too, so that half-written files are left behind."""
    flush = os.fsync

    def flush_and_tell(handle: int) -> None:
        flush(handle)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            on_step("flushed")

    os.fsync = flush_and_tell
    for _ in ingest(home, [home.inbox], Options(now=lambda: AT, on_step=on_step)):
        pass


def _in_child(work: Callable[[], object], errors: Path) -> int:
    """Run in a fork; gives the signal that ended it, or minus its exit code."""
    child = os.fork()
    if child == 0:
        said = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        try:
            work()
        except SystemExit as leave:
            os._exit(int(leave.code or 0))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def _worth_a_kill(steps: list[str]) -> list[int]:
    """Every step where it comes first, and all of the last file, which is the refused one."""
    last = max(i for i, step in enumerate(steps) if step == "read")
    return [i for i, step in enumerate(steps) if i >= last or steps.index(step) == i]


def kill_ingestions(root: Path) -> None:
    """Writes ROOT/runs.json: each step, the home of its killed run, and the signal that ended it."""
    load_layouts()
    notes = root / "steps.txt"

    def prepare(name: str) -> Home:
        shutil.copytree(root / "office", root / name)
        return open_home(root / name)

    def record(step: str) -> None:
        with notes.open("a") as handle:
            handle.write(step + "\n")

    undisturbed = prepare("undisturbed")
    if _in_child(lambda: _ingest(undisturbed, record), root / "errors.txt") != 0:
        sys.exit((root / "errors.txt").read_text())
    steps = notes.read_text().splitlines()
    runs = []
    for number in _worth_a_kill(steps):
        home, left = prepare(f"killed-{number}"), [number]

        def on_step(_step: str, left: list[int] = left) -> None:
            if left[0] == 0:
                _die()
            left[0] -= 1

        end = _in_child(lambda home=home, on_step=on_step: _ingest(home, on_step), root / "errors.txt")  # type: ignore[misc]
        runs.append({"step": steps[number], "home": str(home.root), "end": end})
    (root / "runs.json").write_text(json.dumps(runs))


def kill_builds(home: Home, day: date, known_at: datetime) -> None:
    """Prints how each build ended, what then was in place, what was left over, and what was said."""
    import dbt.cli.main  # noqa: F401  (once, not in every fork)

    def build(after_nodes: int = 0) -> None:
        left = [after_nodes]

        def progress(_done: int, _all: int, _name: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                _die()

        warehouse.build.build(home, day, known_at=known_at, with_tests=False, progress=progress)

    def build_and_die_before_publishing() -> None:
        warehouse.build._publish = lambda _home, _target: _die()
        build()

    def build_on_a_small_disk() -> None:
        from warehouse.cli.main import app

        resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))
        os.environ["OSAME_HOME"] = str(home.root)
        app(["build", "--as-of", day.isoformat(), "--known-at", known_at.isoformat(), "--no-tests"])

    ends = []
    for work in (lambda: build(NODES), build_and_die_before_publishing, build_on_a_small_disk):
        end = _in_child(work, home.root / "errors.txt")
        left = [str(p) for p in home.work.glob("build-*")]
        said = (home.root / "errors.txt").read_text()
        inode = home.warehouse.stat().st_ino
        ends.append({"end": end, "left": left, "said": said, "inode": inode})
    print(json.dumps(ends))


if __name__ == "__main__":
    if sys.argv[1] == "ingest":
        kill_ingestions(Path(sys.argv[2]))
    else:
        kill_builds(open_home(sys.argv[2]), date.fromisoformat(sys.argv[3]), datetime.fromisoformat(sys.argv[4]))
