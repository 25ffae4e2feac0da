"""口座振替不能のお知らせ: a batch goes out without the payer who is missing in the vault; his letter comes later."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingestion.vault import build_vault
from osame.errors import OsameError
from osame.home import Home, open_home
from osame.locks import landing_lock
from reports.documents import debit_notice
from reports.documents.debit_notice import issue_letters
from tests.fixtures.office import act_of, hire, recording
from warehouse.collection import debit_failures
from warehouse.collection.debit_failures import TELL
from warehouse.office.records import record
from warehouse.settings import load_settings

AT, DAY = datetime(2026, 6, 10, 9), date(2026, 5, 31)


def failure(payer: str | None) -> dict[str, Any]:
    return {
        "addressee_no": payer,
        "debit_date": DAY,
        "amount_yen": 12_000,
        "result": "資金不足",
        "next_attempt_date": None,
        "is_paid": False,
        "levy_year": "2026",
        "notice_no": "0000000001",
        "instalment_no": "01",
        "due_date": DAY,
        "tax_item_name": "固定資産税",
    }


def vault_with(home: Home, *numbers: str) -> None:
    rows = [{"addressee_no": number, "name": f"納税 {number}", "resident_class_code": "1"} for number in numbers]
    hire(home)
    record(home, "addressees", rows, recording("addressees", at=AT))
    with landing_lock(home, exclusive=False):
        build_vault(home, home.work, home.landing)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    failures = [failure("A"), failure("B"), failure(None)]
    monkeypatch.setattr(debit_failures, "_failures", lambda _home, _day: (failures, date(2026, 6, 9), None))
    return open_home(tmp_path)


def issue(home: Home, *numbers: str) -> debit_notice.IssuedLetters:
    purpose = act_of(TELL, at=AT, reason="口座振替不能の通知")
    return issue_letters(home, load_settings(home), DAY, purpose, numbers)


def names(issued: debit_notice.IssuedLetters) -> list[str]:
    pages = ["".join(p.get_textpage().get_text_range().split()) for p in pypdfium2.PdfDocument(issued.issued.files[0])]
    return [name for name in ("A", "B") if any(f"納税{name}" in page for page in pages)]


def test_the_others_are_printed_and_the_missing_one_is_named_and_printed_later(home: Home) -> None:
    vault_with(home, "A")
    done = issue(home)
    assert (
        names(done),
        done.issued.manifest["count"],
        done.total_yen,
        done.failures.people.missing,
        done.failures.unknown,
    ) == (["A"], 1, 12_000, ("B",), 1)
    assert done.issued.manifest["missing"] == ["B"]
    vault_with(home, "B")
    later = issue(home, "B")
    assert (names(later), later.failures.people.missing) == (["B"], ())


def test_nobody_at_all_in_the_vault_is_refused(home: Home) -> None:
    vault_with(home, "Z")
    with pytest.raises(OsameError, match="addressees A, B are not in the vault"):
        issue(home)
    assert not home.documents.exists()


def test_who_is_not_to_be_told_is_refused(home: Home) -> None:
    vault_with(home, "A")
    with pytest.raises(OsameError, match="X, Y are not to be told"):
        issue(home, "Y", "A", "X")
