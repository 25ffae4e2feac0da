"""osame calc: figures as published, JSON that stays, and refusals that say what to do."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from warehouse.commands.calc import app

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "late_charge_published.csv"
ITEM = {"豊橋市": "30", "品川区": "60", "宇都宮市FAQ": "10", "中央市(山梨)": "10"}
with GOLDEN.open(encoding="utf-8", newline="") as handle:
    PUBLISHED = list(csv.DictReader(handle))

LATE = ["late-charge", "--tax-item", "30", "--principal", "65000", "--due", "2021-05-31", "--paid", "2022-01-31"]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def replaced(option: str, value: str) -> list[str]:
    arguments = list(LATE)
    arguments[arguments.index(option) + 1] = value
    return arguments


@pytest.mark.parametrize("case", PUBLISHED, ids=[case["source"].split()[0] for case in PUBLISHED])
def test_published_examples(case: dict[str, str]) -> None:
    code, out, err = run(
        "late-charge", "--tax-item", ITEM[case["source"].split()[0]], "--principal", case["principal_yen"],
        "--due", case["due_date"], "--paid", case["paid_date"], "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert json.loads(out)["late_charge_yen"] == int(case["expected_late_charge_yen"])


def test_json_is_stable() -> None:
    keys = ("from", "to", "days", "phase", "base_yen", "rate_percent", "yen")
    code, out, _ = run(*LATE, "--json")
    assert code == 0
    assert json.loads(out) == {
        "tax_item": "30",
        "principal_yen": 65000,
        "due_date": "2021-05-31",
        "paid_date": "2022-01-31",
        "late_charge_yen": 3400,
        "segment_sum_yen": 3496,
        "segments": [
            dict(zip(keys, values, strict=True))
            for values in (
                ("2021-06-01", "2021-06-30", 30, "low", 65000, "2.5", 133),
                ("2021-07-01", "2021-12-31", 184, "high", 65000, "8.8", 2883),
                ("2022-01-01", "2022-01-31", 31, "high", 65000, "8.7", 480),
            )
        ],
        "notes": [],
    }


@pytest.mark.parametrize("due", ["R3.5.31", "令和3年5月31日", "20210531", "R03.05.31"])
def test_japanese_dates_are_taken(due: str) -> None:
    assert run(*replaced("--due", due), "--json") == run(*LATE, "--json")


def test_a_person_sees_the_parts() -> None:
    code, out, _ = run(*LATE)
    assert code == 0
    for text in (
        "固定資産税・都市計画税",
        "R3.6.1 ～ R3.6.30",
        "184日",
        "8.8%",
        "2,883円",
        "合計 3,496円",
        "延滞金 3,400円",
    ):
        assert text in out


def test_payments_and_no_charge_before_the_due_date() -> None:
    code, out, _ = run(
        *LATE[:3], "--principal", "60000", "--due", "2024-07-31", "--paid", "2025-03-31",
        "--payment", "R6.8.1:30,000", "--payment", "2024-08-01:10000", "--json",
    )  # fmt: skip
    assert code == 0
    assert [part["yen"] for part in json.loads(out)["segments"]] == [3, 39, 1010]
    code, out, _ = run(*replaced("--paid", "2021-05-01"))
    assert code == 0
    assert "延滞金 0円" in out


def test_a_due_date_on_a_holiday_is_noted_with_the_rolled_date() -> None:
    code, out, err = run(*replaced("--due", "2025-08-31")[:-1], "2025-12-31")
    assert code == 0
    assert "2025-09-01" in err and "日曜日" in err
    assert "R7.9.1 ～ R7.9.30" in out
    code, out, _ = run(*replaced("--due", "2025-08-31")[:-1], "2025-12-31", "--json")
    assert "2025-09-01" in json.loads(out)["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (replaced("--tax-item", "99"), "tax item: found '99', expected one of 10 "),
        (replaced("--principal", "-1"), "principal: found -1 yen, expected 0 or more"),
        (replaced("--principal", "12.5"), "--principal: found '12.5', expected whole yen"),
        (replaced("--principal", "６５０００"), "--principal: found '６５０００', expected whole yen"),
        (replaced("--due", "2025-02-30"), "--due: found '2025-02-30', expected a date"),
        (replaced("--due", "H31.5.31"), "--due: found 'H31.5.31', expected a date (平成 "),
        (replaced("--paid", "9999-12-31"), "--paid: found '9999-12-31', expected a year from 1950 to 2099"),
        (
            replaced("--paid", "2027-01-01"),
            "late_charge_rates.local_tax (延滞金の割合（地方税）): no value on 2027-01-01",
        ),
        (
            [*LATE, "--payment", "2022-02-01:100"],
            "payment of 2022-02-01: found a day after the last day, expected a day up",
        ),
        (
            [*LATE, "--payment", "2021-06-01:65001"],
            "payments: found 65001 yen, expected at most the principal, 65000 yen",
        ),
        ([*LATE, "--payment", "2021-06-01:0"], "payment of 2021-06-01: found 0 yen, expected more than 0"),
        ([*LATE, "--payment", "2021-06-01"], "--payment: found '2021-06-01', expected DATE:YEN"),
        (["fiscal-year", "--due-date", "R0.1.1"], "--due-date: found 'R0.1.1', expected a date"),
        (
            ["fiscal-year", "--due-date", "R7.3.31", "--received", "R7.4.1", "--arrears-cut", "x"],
            "--arrears-cut: found 'x'",
        ),
        (
            ["refund-interest", "--principal", "1", "--cause", "9", "--paid", "R6.7.1", "--decided", "R7.2.1"],
            "cause: found 9",
        ),
        (
            ["refund-interest", "--principal", "1", "--cause", "1", "--paid", "R6.7.1", "--decided", "R6.6.1"],
            "--decided: found",
        ),
    ],
)
def test_impossible_input_is_refused(arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert message in err
    assert "\n  -> " in err, "it says what to do next"
    assert "Traceback" not in err and not out


def test_fiscal_year() -> None:
    code, out, _ = run("fiscal-year", "--due-date", "R6.3.31", "--received", "2024-05-31", "--json")
    assert code == 0
    assert json.loads(out) == {
        "due_date": "2024-03-31",
        "tax_item": None,
        "due_fiscal_year": 2023,
        "rolled_due_date": "2024-04-01",
        "received_date": "2024-05-31",
        "receipt_fiscal_year": 2023,
        "is_carried_over": False,
    }
    code, out, _ = run("fiscal-year", "--due-date", "2025-06-10", "--tax-item", "11", "--received", "2025-06-10")
    assert code == 0
    assert "調定の会計年度: 令和6年度 (2024)" in out
    assert "収入の会計年度: 令和7年度 (2025)  滞納繰越分" in out


def test_refund_interest() -> None:
    arguments = ["--principal", "600000", "--cause", "4", "--paid", "R6.7.1", "--decided", "R7.2.14"]
    code, out, _ = run("refund-interest", *arguments, "--json")
    assert code == 0
    assert json.loads(out)["from_date"] == "2024-08-02"
    assert json.loads(out)["refund_interest_yen"] == 2900
    assert "還付加算金 2,900円" in run("refund-interest", *arguments)[1]


def test_help_documents_the_json() -> None:
    code, out, _ = run("late-charge", "--help")
    assert code == 0
    for key in ("late_charge_yen", "segment_sum_yen", "rate_percent"):
        assert key in out
