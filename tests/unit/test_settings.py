"""Settings: defaults, what the office replaces, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from osame.errors import OsameError
from osame.home import Home, open_home
from warehouse.settings import Settings, load_settings


def settings_of(folder: Path, text: str, overrides: dict[str, Any] | None = None) -> Settings:
    (folder / "osame.yml").write_text(text, encoding="utf-8")
    return load_settings(Home(folder), overrides)


def test_defaults_hold_where_the_office_says_nothing(tmp_path: Path) -> None:
    settings = load_settings(Home(tmp_path))
    assert settings.policies.component_order == ["principal", "reminder_fee", "late_charge"]
    assert settings.go_live.default is None
    assert settings.customer_no["notice_no"] == (5, 10)
    assert settings == settings_of(tmp_path, "")


def test_a_part_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, "policies: {spread_order: newest_first}\ngo_live: {channels: {'04': 2025-04-01}}\n"
    )
    default = load_settings(Home(tmp_path / "none"))
    assert settings.policies.spread_order == "newest_first"
    assert settings.policies.arrears_cut == default.policies.arrears_cut
    assert settings.go_live.channels == {"04": date(2025, 4, 1)}
    assert settings.municipality == default.municipality


def test_overrides_come_last(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, "policies: {spread_order: newest_first}", {"policies": {"spread_order": "oldest_first"}}
    )
    assert settings.policies.spread_order == "oldest_first"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("go_life: {}", "go_life: Extra inputs are not permitted"),
        ("policies: {spread: x}", "policies.spread: Extra inputs are not permitted"),
        ("policies: {spread_order: at_random}", "policies.spread_order: Input should be"),
        ("policies: {arrears_cut: '04-30'}", "policies.arrears_cut"),
        ("policies: {component_order: [late_charge]}", "puts the principal first"),
        ("policies: {late_charge_assessment: when_fixed}", "only on_receipt is built"),
        ("municipality: {code: '1234'}", "municipality.code"),
        ("go_live: {default: 2025-02-30}", "day is out of range for month"),
        ("go_live: {default: soon}", "go_live.default"),
        ("remittances: [{source: pigeon, channel_code: '02'}]", "remittances.0.source"),
        ("remittances: [{source: eltax, channel_code: '06', fee_per_record_yen: -1}]", "fee_per_record_yen"),
        ("customer_no: {notice_no: [5]}", "customer_no.notice_no"),
        ("policies: [", "is not YAML in UTF-8"),
        ("policies: &p {spread_order: oldest_first}\nmatching: *p", "line 1 has an anchor"),
        ("[" * 100, "nested more than"),
        ("- policies", "names with values"),
        ("just words", "names with values"),
        ("policies: null", "policies"),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(OsameError) as refused:
        settings_of(tmp_path, text)
    assert said in str(refused.value)
    assert str(tmp_path / "osame.yml") in str(refused.value)


def test_a_file_saved_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "osame.yml").write_bytes("municipality: {name: 雪見市}".encode("cp932"))
    with pytest.raises(OsameError, match="is not YAML in UTF-8"):
        load_settings(Home(tmp_path))


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(OsameError) as refused:
        settings_of(tmp_path, "a: 1\nb: 2\nmunicipality: {code: x}\n")
    assert all(word in str(refused.value) for word in ("a: Extra", "b: Extra", "municipality.code"))


@pytest.mark.parametrize("source", ["deposit", "convenienc"])
def test_a_remittance_is_of_a_source_that_is_credited_in_bulk(tmp_path: Path, source: str) -> None:
    """A rule for deposits would settle money by itself."""
    home = open_home(tmp_path)
    home.settings_file.write_text(f'remittances: [{{source: {source}, channel_code: "08"}}]', encoding="utf-8")
    with pytest.raises(OsameError, match=f"found '{source}', expected one of paid_slip"):
        load_settings(home)
