"""Staging leaves out only what is known to be later: `day <= as_of_date()` alone would drop a row without its day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGING = sorted((ROOT / "models" / "staging").glob("*.sql")) + [
    ROOT / "warehouse" / "macros" / "landing" / "payments_by_el_no.sql"
]
KEPT = re.compile(r"\bcase\s+when .*?\bend\b", re.DOTALL)  # a value that is not there yet, beside its row


@pytest.mark.parametrize("path", STAGING, ids=lambda p: p.stem)
def test_a_filter_on_the_builds_day_keeps_what_has_no_day(path: Path) -> None:
    text = KEPT.sub("", path.read_text(encoding="utf-8"))
    assert not re.findall(r"<=? \{\{ as_of_date\(\) \}\}", text), f"{path.name}: write not_later(day)"
