"""What has landed is in the books or has a reason not to be: counted from landing, whatever a model makes of it.

The evidence is damaged here by hand, as an office's own layout may have left it before such layouts were refused.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from osame.errors import BuildFailed
from osame.home import Home, open_home
from osame.locks import landing_lock
from osame.stores import open_landing
from tests.fixtures.office import count, deliver, land, tiny_files
from warehouse.build import build

AS_OF = date(2025, 12, 31)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A due, its slip, and a payment of it: landed, not built."""
    files = tmp_path / "files"
    files.mkdir()
    deliver(files, tiny_files())
    home = open_home(tmp_path / "home")
    offers = land(home, [files])
    assert [offer.status for offer in offers] == ["landed"] * 3
    return home


def damage(home: Home, sql: str) -> None:
    with landing_lock(home, exclusive=True):
        connection = open_landing(home, read_only=False)
        try:
            connection.execute(sql)
        finally:
            connection.close()


def test_money_without_its_day_of_booking_is_booked_on_the_day_that_it_was_received(home: Home) -> None:
    damage(home, "update landing.paid_slips set posted_date = null")
    built = build(home, AS_OF, with_vault=False)
    assert count(home, "select count(*) from fct_receipts where posted_date = date '2025-06-30'") == 1
    assert count(home, "select principal_yen from fct_receipts") == 25_000
    assert count(home, "select principal_balance_yen from fct_dues") == 0
    [warning] = [w for w in built.warnings if w.startswith("records_booked_on_another_day")]
    assert "source_file paid_slips_20250702.csv, source_line 2" in warning


def test_records_that_say_too_little_stop_the_build_and_are_named_with_file_and_line(home: Home) -> None:
    damage(home, "update landing.paid_slips set posted_date = null, received_date = null")
    damage(home, "update landing.assessments set assessed_date = null")
    with pytest.raises(BuildFailed) as caught:
        build(home, AS_OF, with_vault=False)
    told = caught.value.message
    assert "records_are_whole" in told
    assert "source_file paid_slips_20250702.csv, source_line 2, missing received_date, posted_date" in told
    assert "source_file assessments_20250401.csv, source_line 2, missing assessed_date" in told
    assert not home.warehouse.exists()


def test_money_that_no_model_takes_is_found_from_landing(home: Home) -> None:
    """A debit of which the bank does not say whether it was made is neither a payment nor a failure."""
    of_file = "select load_id from landing.loads where file_name like 'paid_slips%'"
    damage(
        home,
        f"""
        insert into landing.direct_debit_results (load_id, source_line, group_no, customer_no, result_code, amount_yen)
        select load_id, 3, 1, 'X', null, 700 from ({of_file});
        insert into landing.direct_debit_results_groups (load_id, group_no, consignor_code, debit_date)
        select load_id, 1, 'C', date '2025-06-30' from ({of_file})
        """,
    )
    with pytest.raises(BuildFailed) as caught:
        build(home, AS_OF, with_vault=False)
    told = caught.value.message
    assert "payment_records_conserved" in told
    assert "source_file paid_slips_20250702.csv, first_lost_line 3, delivered_count 2, kept_count 1" in told
    assert "yen_conservation" in told
    assert "2 of " in told.splitlines()[0], "no other test has anything to find"
