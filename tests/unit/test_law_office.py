"""Legal values that an office adds in its home: later days only, checked like ours; and what stands until then."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from osame.act import Act
from osame.errors import OsameError
from osame.home import Home
from warehouse.collection import refunds
from warehouse.law import seeds
from warehouse.law.late_charge import late_charge
from warehouse.law.office import parameters_of, provisional_ja, rates_end, require_rates
from warehouse.law.parameters import PARAMETER_DIR, ParameterError, ParameterNotFoundError, load_parameters

RATES = "late_charge_rates/local_tax.yml"
NEXT = """  - from: 2027-01-01
    to: 2027-12-31
    value: {low: "3.0", high: "9.3"}
    basis:
      - law: 地方税法
        article: 附則第3条の2第1項
        instrument: 平均貸付割合 1.0%
        in_force_on: 2027-01-01
        url: https://www.example.jp/rates/2027
"""
IN_2027 = date(2027, 1, 31)


def added(home: Home, text: str, name: str = RATES) -> Path:
    path = home.law / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def ours(name: str = RATES) -> str:
    return (PARAMETER_DIR / name).read_text(encoding="utf-8")


def test_a_home_without_values_of_its_own_has_ours(tmp_path: Path) -> None:
    assert parameters_of(Home(tmp_path)) is load_parameters()
    assert seeds.differences(parameters_of(Home(tmp_path))) == {}


def test_later_days_extend_ours_for_python_and_for_sql(tmp_path: Path) -> None:
    added(Home(tmp_path), ours() + NEXT)
    params = parameters_of(Home(tmp_path))
    charged = late_charge(100_000, date(2026, 12, 25), IN_2027, rate_family="local_tax", params=params)
    assert [(str(s.to_date), s.rate_per_100000) for s in charged.segments] == [
        ("2026-12-31", 2_800),
        ("2027-01-25", 3_000),
        ("2027-01-31", 9_300),
    ]
    rows = seeds.differences(params)
    assert set(rows) == {"law_late_charge_rates"}
    mine = [r for r in rows["law_late_charge_rates"] if r["rate_family"] == "local_tax" and r["phase"] == "low"]
    assert [(r["valid_from"], r["rate_per_100000"]) for r in mine[-2:]] == [
        (date(2027, 1, 1), 3_000),
        (date(2028, 1, 1), None),
    ]
    with pytest.raises(ParameterNotFoundError):
        load_parameters().late_charge_rates("local_tax").at(IN_2027)


def test_a_file_may_hold_the_new_days_alone(tmp_path: Path) -> None:
    head, _, _ = ours().partition("values:\n")
    added(Home(tmp_path), head + "values:\n" + NEXT)
    assert parameters_of(Home(tmp_path)).late_charge_rates("local_tax").announced_to == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('low: "2.8"', 'low: "2.7"'), "2026-01-01 to 2026-12-31, but"),
        (("from: 2027-01-01", "from: 2027-02-01"), "no value between 2026-12-31 and 2027-02-01"),
        (('low: "3.0"', "low: 3.0"), "valid string"),
        (("        url: https://www.example.jp/rates/2027\n", ""), "needs a url"),
        (("id: late_charge_rates.local_tax", "id: late_charge_rates.other"), "must be"),
        (("from: 2000-01-01", "from: 1999-01-01"), "before the first value known"),
        (("unit: percent per year", "unit: [percent"), "not YAML"),
    ],
)
def test_a_value_is_checked_like_ours_and_contradicts_none(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = ours() + NEXT
    assert change[0] in text
    path = added(Home(tmp_path), text.replace(*change))
    with pytest.raises(ParameterError, match=said) as refused:
        parameters_of(Home(tmp_path))
    assert str(path) in refused.value.message


@pytest.mark.parametrize(
    "name", ["local_tax.yml", "late_charge_rates/local_tax.yaml", "late_charge_rates/x/local_tax.yml"]
)
def test_a_file_in_another_place_is_told_and_not_passed_over(tmp_path: Path, name: str) -> None:
    added(Home(tmp_path), ours() + NEXT, name)
    with pytest.raises(ParameterError, match="found a file here"):
        parameters_of(Home(tmp_path))


def test_what_is_no_parameter_is_told_with_all_else(tmp_path: Path) -> None:
    added(Home(tmp_path), ours().replace("local_tax", "village_tax"), "late_charge_rates/village_tax.yml")
    added(Home(tmp_path), "id: [", "slips/x.yml")
    with pytest.raises(ParameterError) as refused:
        parameters_of(Home(tmp_path))
    assert "village_tax is no parameter" in refused.value.message
    assert "x.yml: not YAML" in refused.value.message


def test_a_file_that_is_no_utf8_is_a_sentence(tmp_path: Path) -> None:
    path = added(Home(tmp_path), "")
    path.write_bytes("延滞金".encode("cp932"))
    with pytest.raises(ParameterError, match="not YAML in UTF-8"):
        parameters_of(Home(tmp_path))


def test_until_then_the_last_rate_is_used_only_if_settings_say_so_and_for_one_year(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(OsameError, match="2027-01-31") as refused:
        require_rates(parameters_of(home), IN_2027)
    assert "late_charge_rates.local_tax" in refused.value.message
    assert "refund_interest.rates" in refused.value.message
    home.settings_file.write_text("policies: {late_charge_rates_beyond: last_known}\n", encoding="utf-8")
    params = parameters_of(home)
    require_rates(params, date(2027, 12, 31))
    with pytest.raises(OsameError, match="2028-01-01"):
        require_rates(params, date(2028, 1, 1))
    assert params.late_charge_rates("local_tax").at(IN_2027).integer("low") == 2_800
    assert rates_end(params) == date(2026, 12, 31)  # announced
    assert provisional_ja(params, [("30", date(2026, 12, 31))]) is None
    said = provisional_ja(params, [("30", date(2026, 12, 31)), ("30", IN_2027)])
    assert said is not None
    assert said.startswith(
        "令和9年1月1日以後の延滞金の割合は未公表のため、令和8年12月31日の割合により仮に計算しています。"
    )


def test_an_announced_rate_takes_the_place_of_the_provisional_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.settings_file.write_text("policies: {late_charge_rates_beyond: last_known}\n", encoding="utf-8")
    added(home, ours() + NEXT)
    params = parameters_of(home)
    assert params.late_charge_rates("local_tax").at(IN_2027).integer("low") == 3_000
    assert provisional_ja(params, [("30", IN_2027)]) is None


def test_interest_is_paid_out_at_announced_rates_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the office added counts, a provisional one does not: money that has left has left."""
    told = {"amount_yen": 600_000, "interest_from_date": date(2026, 12, 2), "notified_date": date(2027, 1, 4)}
    told |= {"claimed_date": date(2027, 1, 5), "paid_date": None, "returned_date": None}
    monkeypatch.setattr(refunds, "refund_notices", lambda home: [told])
    monkeypatch.setattr(refunds, "_payments", lambda home, rows, paid, act: rows)
    act: Any = Act(refunds.CLAIM, "1001", "", datetime(2027, 1, 31))
    home = Home(tmp_path)
    home.settings_file.write_text("policies: {late_charge_rates_beyond: last_known}\n", encoding="utf-8")
    with pytest.raises(ParameterNotFoundError, match=r"refund_interest\.rates"):
        refunds.payments_due(home, IN_2027, IN_2027, act)
    name = "refund_interest/rates.yml"
    added(home, ours(name) + NEXT.replace('{low: "3.0", high: "9.3"}', '{rate: "1.5"}'), name)
    (row,) = refunds.payments_due(home, IN_2027, IN_2027, act)
    assert row["refund_interest_yen"] == 1_400  # 30 days at 1.3 % are 641, 31 at 1.5 % are 764


def test_what_is_set_off_waits_for_the_rates_of_its_day(tmp_path: Path) -> None:
    def of(payer: str, day: date, interest: int, component: str = refunds.PRINCIPAL) -> dict[str, Any]:
        return {payer: [{"suitable_date": day, "refund_interest_yen": interest, "component_code": component}]}

    last = date(2026, 12, 31)
    found = of("A", IN_2027, 100) | of("B", last, 100) | of("C", IN_2027, 0)
    found |= of("D", IN_2027, 0, refunds.LATE_CHARGE)
    home = Home(tmp_path)
    home.settings_file.write_text("policies: {late_charge_rates_beyond: last_known}\n", encoding="utf-8")
    assert refunds._without_rates(home, found) == {"A", "D"}
