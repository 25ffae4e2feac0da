"""Which row of a register holds: one rule for the vault, acts and builds, whatever arrives and in whatever order.

The files of a register (full and differential, with withdrawals and with rows that are quarantined) are landed in a
random order; a plain reading of the rule, file by file and key by key, says what must hold.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings

from ingestion.current import current_rows
from ingestion.vault import build_vault
from osame.home import Home
from osame.locks import landing_lock
from osame.stores import open_landing, open_vault
from tests.fixtures.csv_files import LAYOUTS, file_of
from tests.fixtures.office import land
from warehouse.office import registers

KEYS = ("0000000001", "0000000002", "0000000003")
NAMES = ("雪見　一", "雪見　二")
AT = datetime(2026, 6, 1, 9)
GOOD, WITHDRAWN, BAD = "good", "withdrawn", "bad"


@dataclass(frozen=True)
class File:
    day: int
    number: int
    is_full: bool
    rows: tuple[tuple[str, str, str], ...]  # key, name, kind

    @property
    def name(self) -> str:
        return f"addressees_202605{self.day:02}{'_full' if self.is_full else ''}_{self.number}.csv"

    @property
    def data(self) -> bytes:
        return file_of(
            LAYOUTS["addressees"],
            [
                {
                    "宛名番号": key,
                    "氏名": name,
                    "住民区分": "x" if kind == BAD else "1",
                    "削除フラグ": "1" if kind == WITHDRAWN else "0",
                }
                for key, name, kind in self.rows
            ],
        )

    @property
    def version(self) -> tuple[int, int, str, bool]:
        return self.day, self.number, hashlib.sha256(self.data).hexdigest(), self.is_full


_rows = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(NAMES), st.sampled_from([GOOD, GOOD, WITHDRAWN, BAD])),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row[0],
).map(tuple)
_files = st.lists(
    st.builds(File, st.integers(1, 3), st.integers(1, 2), st.booleans(), _rows), min_size=1, max_size=6, unique=True
)


def expected(files: list[File]) -> tuple[dict[str, str], set[str]]:
    """What holds by key, and the keys that were withdrawn by a row."""
    in_order = sorted(files, key=lambda file: file.version)
    whole = [
        place for place, file in enumerate(in_order) if file.is_full and all(kind != BAD for *_, kind in file.rows)
    ]
    holds: dict[str, str] = {}
    withdrawn: set[str] = set()
    for file in in_order[whole[-1] if whole else 0 :]:
        for key, name, kind in file.rows:
            if kind == GOOD:
                holds[key] = name
                withdrawn.discard(key)
            elif kind == WITHDRAWN:
                holds.pop(key, None)
                withdrawn.add(key)
    return holds, withdrawn


@settings(max_examples=12)
@given(_files, st.randoms(use_true_random=False))
def test_everybody_sees_the_row_that_holds(files: list[File], random: object) -> None:
    names = [file.name for file in files]
    files = [file for file in files if names.count(file.name) == 1 or file is files[names.index(file.name)]]
    random.shuffle(files)  # type: ignore[attr-defined]
    holds, withdrawn = expected(files)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).create()
        for place, file in enumerate(files):
            path = home.inbox / file.name
            path.write_bytes(file.data)
            (offer,) = land(home, [path], AT.replace(minute=place))
            assert offer.status == "landed"

        assert {row["addressee_no"]: row["name"] for row in registers.current_rows(home, "addressees")} == holds
        gone = registers.current_rows(home, "addressees", withdrawn=True)
        assert {row["addressee_no"] for row in gone} == withdrawn

        with landing_lock(home, exclusive=False):
            build_vault(home, home.work, home.landing)
            landing = open_landing(home)
            seen = current_rows(landing, LAYOUTS["addressees"], ["addressee_no", "name"])
            landing.close()
        assert {row["addressee_no"]: row["name"] for row in seen} == holds
        vault = open_vault(home)
        assert dict(vault.execute("select addressee_no, name from vault.addressees").fetchall()) == holds
        vault.close()


def test_a_bad_row_of_a_full_extract_takes_nobody_out_of_the_vault(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    first = File(1, 1, True, ((KEYS[0], NAMES[0], GOOD), (KEYS[1], NAMES[0], GOOD)))
    second = File(2, 1, True, ((KEYS[0], NAMES[1], GOOD), (KEYS[1], NAMES[1], BAD)))
    for file in (first, second):
        (home.inbox / file.name).write_bytes(file.data)
        land(home, [home.inbox], AT)
    with landing_lock(home, exclusive=False):
        build_vault(home, home.work, home.landing)
    vault = open_vault(home)
    found = dict(vault.execute("select addressee_no, name from vault.addressees").fetchall())
    vault.close()
    assert found == {KEYS[0]: NAMES[1], KEYS[1]: NAMES[0]}


def test_a_full_extract_delivered_again_on_a_third_day_holds(tmp_path: Path) -> None:
    """A, B, A: the same bytes are another version on another day."""
    home = Home(tmp_path).create()
    row = ((KEYS[0], NAMES[0], GOOD),)
    other = ((KEYS[0], NAMES[1], GOOD),)
    for day, rows, name in ((1, row, NAMES[0]), (2, other, NAMES[1]), (3, row, NAMES[0])):
        file = File(day, 1, True, rows)
        (home.inbox / file.name).write_bytes(file.data)
        (offer,) = land(home, [home.inbox], datetime.combine(date(2026, 5, day), AT.time()))
        assert offer.status == "landed"
        assert [found["name"] for found in registers.current_rows(home, "addressees")] == [name]
