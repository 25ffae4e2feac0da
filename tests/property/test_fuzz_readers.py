"""A small part of the fuzz in every test run: no reader crashes, hangs, or lands what the file does not say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest

from ingestion.read import read
from tests import fuzz
from tests.fixtures.fixed_files import LAYOUTS, context
from tests.fuzz import FORMATS, Case, Failure, cases, check_csv, check_fixed, check_workbook, run

COUNT = 60
SEED = 20251127


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_mutated_files_land_as_they_are_or_are_refused(kind: str) -> None:
    """``python -m tests.fuzz --case`` with the name in a failure runs that file alone."""
    ended = Counter(run(case) for case in cases(kind, COUNT * (len(FORMATS[kind]) if kind == "fixed" else 3), SEED))
    assert ended["landed"] > 5
    assert ended["refused"] > 5


def test_every_format_lands_unmutated_and_is_compared() -> None:
    """The second reading agrees on whole files, so that what it says of mutated ones means something."""
    for layout_id in FORMATS["fixed"]:
        data = fuzz.valid_fixed(layout_id, b"\n", False)
        check_fixed(data, read(data, context(), LAYOUTS))
    for layout_id in FORMATS["csv"]:
        data = fuzz.valid_csv(layout_id, "utf-8", "\r\n")
        decoded = read(data, context(file_name=f"{layout_id}_20250801.csv"), LAYOUTS)
        assert decoded.records + len(decoded.quarantined) == fuzz.ROWS
        check_csv(data, decoded)
    for layout_id in FORMATS["workbook"]:
        data = fuzz.valid_workbook(layout_id)
        decoded = read(data, context(file_name=f"{layout_id}_20250801.xlsx"), LAYOUTS)
        assert decoded.records > 0
        assert check_workbook(data, decoded)


def test_a_yen_too_many_would_be_found() -> None:
    data = fuzz.valid_fixed("zengin91_120", b"\n", False)
    decoded = read(data, context(), LAYOUTS)
    with pytest.raises(Failure, match="yen: landed 6001"):
        check_fixed(data, replace(decoded, amount_yen=decoded.amount_yen + 1))
    table = decoded.tables["direct_debit_results"]
    moved = table.set_column(table.column_names.index("amount_yen"), "amount_yen", pa.array([999, 2001, 3000]))
    with pytest.raises(Failure, match="amounts"):
        check_fixed(data, replace(decoded, tables=decoded.tables | {"direct_debit_results": moved}))
    csv = fuzz.valid_csv("paid_slips", "cp932", "\n")
    slips = read(csv, context(file_name="x.csv"), LAYOUTS)
    with pytest.raises(Failure, match="rows"):
        check_csv(
            csv, replace(slips, tables={"paid_slips": slips.tables["paid_slips"].slice(1)}, records=fuzz.ROWS - 1)
        )


def test_a_case_is_made_again_from_its_name() -> None:
    case = Case("csv", "assessments", 7, 3)
    assert fuzz.file_for(case)[0] == fuzz.file_for(Case("csv", "assessments", 7, 3))[0]
    assert fuzz.file_for(case)[0] != fuzz.file_for(Case("csv", "assessments", 8, 3))[0]
