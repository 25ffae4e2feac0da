"""Every broken file that the decoders' tests know, offered to one office: all are refused and nothing lands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time
from pathlib import Path

import pytest

from ingestion.offer import Offer
from ingestion.readers.findings import KINDS
from osame.home import open_home
from tests.fixtures.csv_files import BROKEN, LAYOUTS, VALID, file_of, same_key
from tests.fixtures.fixed_files import FIXED, LANDED, matrix, valid
from tests.fixtures.office import BuiltTown, deliver, evidence, land, landing_rows, names
from tests.unit.test_fixed_broken import CASES

AT = datetime.combine(LANDED, time(9))


def fixed_files() -> dict[str, dict[str, bytes]]:
    """Broken fixed-length files, by the format that the case names ('' for none)."""
    found: dict[str, dict[str, bytes]] = {}
    for number, case in enumerate(CASES):
        broken = case.broken(matrix(valid(case.layout_id, line_end=b""), case.layout_id))
        data = broken if isinstance(broken, bytes) else broken.tobytes()
        found.setdefault(case.format or "", {})[f"{number:03d}-{case.layout_id}.dat"] = data
    for layout_id in FIXED:
        whole = valid(layout_id, line_end=b"\r\n")
        found[""] |= {f"cut-{layout_id}-{at}.dat": whole[: len(whole) * at // 4] for at in (1, 2, 3)}
    return found


def payment_csvs() -> dict[str, bytes]:
    """CSV payment files with one broken row: the whole file is refused."""
    return {
        f"{layout_id}_20250701_{number}.csv": broken_csv(number)
        for number, (layout_id, *_) in enumerate(BROKEN)
        if not LAYOUTS[layout_id].extract
    }


def broken_csv(number: int) -> bytes:
    layout_id, row, change, _, _ = BROKEN[number]
    broken = row | change
    good = [r for r in VALID[layout_id][0] if not same_key(layout_id, r, broken)]
    return file_of(LAYOUTS[layout_id], [broken, *good])


def test_no_broken_file_lands(built_town: BuiltTown, tmp_path: Path) -> None:
    home = open_home(tmp_path)
    offers: list[Offer] = []
    by_format = fixed_files()
    by_format[""] |= payment_csvs() | {p.name: p.read_bytes() for p in sorted(built_town.town.broken.iterdir())}
    expected = 0
    for layout, files in by_format.items():
        deliver(home.inbox, files)
        offers += land(home, [home.inbox], AT, format=layout or None)
        expected += len(files)
    assert expected > 120
    assert len(offers) == expected
    assert [o.file_name for o in offers if o.status != "rejected"] == []
    assert all(o.findings and o.findings[0].code in KINDS for o in offers)
    held = evidence(home)
    assert {table: len(rows) for table, rows in held.items() if rows} == {}
    assert len(held) > 20
    assert Counter(landing_rows(home, "select status from landing.loads")) == {("rejected",): expected}
    assert names(home.inbox.iterdir()) == []
    assert list(home.archive.iterdir()) == []
    slips = [p for p in home.rejected.iterdir() if p.name.endswith(".reason.txt")]
    assert len(slips) == expected
    assert all("対応:" in slip.read_text(encoding="utf-8") for slip in slips)


@pytest.mark.parametrize("twice", [False, True])
def test_a_broken_row_of_an_extract_is_held_and_the_rest_lands(tmp_path: Path, twice: bool) -> None:
    home = open_home(tmp_path)
    extracts = [n for n, (layout_id, *_) in enumerate(BROKEN) if LAYOUTS[layout_id].extract]
    deliver(home.inbox, {f"{BROKEN[n][0]}_20250701_{n + 1}.csv": broken_csv(n) for n in extracts})
    if twice:
        land(home, [home.inbox], AT)
        deliver(home.inbox, {f"{BROKEN[n][0]}_20250701_{n + 1}.csv": broken_csv(n) for n in extracts})
    offers = land(home, [home.inbox], AT)
    assert {o.status for o in offers} == {"duplicate" if twice else "landed"}
    held = evidence(home)
    in_files = sum(broken_csv(n).count(b"\r\n") - 1 for n in extracts)
    landed = sum(len(rows) for table, rows in held.items() if table not in ("loads", "quarantine"))
    assert len(held["quarantine"]) == len(extracts)
    assert landed + len(held["quarantine"]) == in_files
    assert {row[1] for row in held["quarantine"]} == {BROKEN[n][0] for n in extracts}
