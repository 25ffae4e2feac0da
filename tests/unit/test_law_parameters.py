"""The parameter files, their loader, and the seeds made from them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.fixtures.law_macros import LAW_SEEDS, law_database, seed_rows, seed_types
from warehouse.law import seeds
from warehouse.law.parameters import (
    PARAMETER_DIR,
    LawInputError,
    ParameterError,
    ParameterNotFoundError,
    load_parameters,
)

GOOD = """
id: late_charge_rates.trial
label_ja: 試験
description: a trial
unit: percent per year
last_verified_on: 2026-01-01
fields: {low: percent, high: percent}
values:
  - from: 2024-01-01
    to: 2024-12-31
    value: {low: "2.4", high: "8.7"}
    basis: [{law: 地方税法, article: 附則第3条の2, instrument: 告示, in_force_on: 2024-01-01, url: "https://example.jp/a"}]
  - from: 2025-01-01
    to: 2025-12-31
    value: {low: "2.4", high: "8.7"}
    basis: [{law: 地方税法, article: 附則第3条の2, instrument: 告示, in_force_on: 2025-01-01, url: "https://example.jp/a"}]
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "late_charge_rates" / "trial.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_good_file_loads(tmp_path: Path) -> None:
    rates = load_parameters(folder_with(tmp_path, GOOD))["late_charge_rates.trial"]
    assert rates.at(date(2025, 12, 31)).integer("high") == 8700
    assert [(p.first, p.last) for p in rates.rate_periods("low", merge_equal=True)] == [
        (date(2024, 1, 1), date(2025, 12, 31))
    ]
    assert len(rates.rate_periods("low", merge_equal=False)) == 2


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "label_ja: 試験",
            "label_ja: 試験\nlabels: x",
            r"trial\.yml: file: unexpected key labels; allowed keys are id, label_ja",
        ),
        (
            "from: 2025-01-01",
            "starting: 2025-01-01",
            r"values\.1: unexpected key starting; allowed keys are from, to, value",
        ),
        (
            "instrument: 告示, in_force_on: 2024",
            "page: 3, in_force_on: 2024",
            r"values\.0\.basis\.0: unexpected key page",
        ),
        ("from: 2025-01-01", "from: 2025-01-02", "no value between 2024-12-31 and 2025-01-02"),
        ("from: 2025-01-01", "from: 2024-12-31", "overlap: one ends on 2024-12-31, the next begins on 2024-12-31"),
        ("to: 2024-12-31\n", "\n", "overlap: one ends on 9999-12-31"),
        ("    to: 2025-12-31\n", "", "end the last period"),
        ("to: 2025-12-31", "to: 2024-06-01", "ends before it begins"),
        ('low: "2.4", high: "8.7"', 'low: 2.4, high: "8.7"', r"values\.0\.value\.low: Input should be a valid string"),
        ('low: "2.4", high: "8.7"', 'low: "2.4"', "but fields are"),
        ('low: "2.4"', 'low: "two"', "'two' is not a percent"),
        ('low: "2.4"', 'low: "2.40005"', "'2.40005' is not a percent"),
        ("https://example.jp/a", "https://example.jp/", "is a home page"),
        (', url: "https://example.jp/a"', "", "a confirmed basis needs a url"),
        ("id: late_charge_rates.trial", "id: rates.trial", "must be 'late_charge_rates.trial'"),
        ("fields: {low", "fields: {{low", "not YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_path(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in GOOD
    with pytest.raises(ParameterError, match=message) as error:
        load_parameters(folder_with(tmp_path, GOOD.replace(before, after, 1)))
    assert "trial.yml" in str(error.value)


def test_all_files_are_reported_at_once(tmp_path: Path) -> None:
    folder_with(tmp_path, GOOD.replace("unit:", "units:"))
    (tmp_path / "late_charge_rates" / "other.yml").write_text("id: x", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"(?s)other\.yml.*trial\.yml"):
        load_parameters(tmp_path)


def test_a_tax_item_needs_a_known_rate_family(tmp_path: Path) -> None:
    shutil.copytree(PARAMETER_DIR / "tax_items", tmp_path / "tax_items")
    with pytest.raises(ParameterError, match="unknown rate family 'local_tax'"):
        load_parameters(tmp_path)


def test_a_day_without_a_value_is_an_error_that_names_parameter_and_day() -> None:
    params = load_parameters()
    for parameter_id in ("late_charge_rates.local_tax", "refund_interest.rates"):
        assert params.at(date(2026, 12, 31))[parameter_id].last == date(2026, 12, 31)
        with pytest.raises(ParameterNotFoundError, match=rf"{parameter_id} .*no value on 2027-01-01"):
            params.at(date(2027, 1, 1))[parameter_id]
        with pytest.raises(ParameterNotFoundError, match="1999-12-31"):
            params[parameter_id].at(date(1999, 12, 31))


def test_unknown_names_are_errors_that_list_the_known() -> None:
    params = load_parameters()
    with pytest.raises(ParameterNotFoundError, match=r"(?s)no parameter 'late_charge\.rate'.*late_charge\.rounding"):
        params["late_charge.rate"]
    with pytest.raises(LawInputError, match="30 固定資産税"):
        params.tax_item("99")
    with pytest.raises(ParameterError, match="no bool field"):
        params.at(date(2025, 1, 1))["late_charge.rounding"].flag("base_unit_yen")


def test_every_value_cites_its_basis_and_memory_is_marked() -> None:
    params = load_parameters()
    for parameter in params:
        assert parameter.last_verified_on >= date(2026, 1, 1)
        for values in parameter.periods:
            assert values.basis
            for basis in values.basis:
                assert basis.url or basis.status == "to be confirmed"
                assert basis.status == "confirmed" or basis.note


def test_rates_follow_the_formula_of_the_law() -> None:
    """Since 2021: low = announced + 2, high = announced + 8.3, refund and extension = announced + 0.5 (points)."""
    params = load_parameters()
    for year, announced in ((2021, "0.5"), (2022, "0.4"), (2025, "0.4"), (2026, "0.8")):
        day, base = date(year, 7, 1), int(Decimal(announced) * 1000)
        at = params.at(day)
        assert at["late_charge_rates.local_tax"].integer("low") == base + 2000
        assert at["late_charge_rates.local_tax"].integer("high") == base + 8300
        assert at["late_charge_rates.sewer_contribution"].integer("high") == base + 8250
        assert at["refund_interest.rates"].integer("rate") == base + 500
        assert at["late_charge_rates.corporate_extension"].integer("low") == base + 500


# ---- seeds
def test_seeds_are_what_the_parameter_files_give(tmp_path: Path) -> None:
    assert seeds.drift() == []
    assert len(seeds.write(tmp_path)) == len(seeds.drift(tmp_path / "nowhere")) == 7
    (tmp_path / "tax_items.csv").write_text("changed by hand\n", encoding="utf-8")
    assert [path.name for path in seeds.drift(tmp_path)] == ["tax_items.csv"]
    assert [path.name for path in seeds.write(tmp_path)] == ["tax_items.csv"]
    assert seeds.drift(tmp_path) == []


def test_check_tells_of_drift_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seeds.main(["--check"]) == 0
    monkeypatch.setattr(seeds, "drift", lambda: [tmp_path / "law_rounding.csv"])
    assert seeds.main(["--check"]) == 1
    assert "law_rounding.csv: differs" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_seeds_and_python_agree_on_every_boundary_and_the_days_beside_it() -> None:
    params = load_parameters()
    for row in seed_rows("law_late_charge_rates"):
        first, last = date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"])
        rates = params.late_charge_rates(row["rate_family"])
        for day in (first, last):
            if row["rate_per_100000"]:
                assert rates.at(day).integer(row["phase"]) == int(row["rate_per_100000"])
            else:
                with pytest.raises(ParameterNotFoundError):
                    rates.at(day)


def test_rate_rows_leave_no_day_out_and_merge_equal_neighbours() -> None:
    rows = seed_rows("law_late_charge_rates")
    keys = sorted({(row["rate_family"], row["phase"]) for row in rows})
    assert ("local_tax", "low") in keys and ("sewer_contribution", "high") in keys
    for key in keys:
        mine = [row for row in rows if (row["rate_family"], row["phase"]) == key]
        assert mine[0]["valid_from"] == "0001-01-01"
        assert mine[-1]["valid_to"] == "9999-12-31"
        for before, after in zip(mine, mine[1:], strict=False):
            assert date.fromisoformat(before["valid_to"]) + timedelta(days=1) == date.fromisoformat(after["valid_from"])
            assert before["rate_per_100000"] != after["rate_per_100000"]


def test_declared_columns_are_the_columns() -> None:
    declared = yaml.safe_load((seeds.SEED_DIR / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    by_name = {seed["name"]: seed for seed in declared}
    for name in (*LAW_SEEDS, "law_refund_interest_rates"):
        columns = list(seed_rows(name)[0])
        assert columns == list(seed_types()[name]) == [column["name"] for column in by_name[name]["columns"]]
        assert all(column["description"][0] > "\u3000" for column in by_name[name]["columns"]), "label first"


def test_seeds_load_with_their_types() -> None:
    database = law_database()
    assert database.execute("select low_rate_months from tax_items where tax_item_code = '60'").fetchone() == (3,)
    assert database.execute("select count(*) from tax_items where is_city_tax").fetchone() == (5,)
    assert database.execute("select min(holiday_date), max(holiday_date) from law_holidays").fetchone() == (
        date(2000, 1, 1),
        date(2030, 12, 31),
    )


def test_a_second_rounding_rule_stops_the_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "parameters"
    shutil.copytree(PARAMETER_DIR, folder)
    path = folder / "late_charge" / "rounding.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["values"][0]["to"] = date(2029, 12, 31)
    content["values"].append({**content["values"][0], "from": date(2030, 1, 1), "to": date(2039, 12, 31)})
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParameterError, match=r"late_charge\.rounding: 2 periods"):
        seeds.render("law_rounding.csv", load_parameters(folder))
