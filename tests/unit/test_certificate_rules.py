"""納税証明書: what may be certified, what is refused and why, at the boundary days of each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.law.certificates import Certifiable, Kind, Request, decide, first_certified_day
from warehouse.law.parameters import ParameterNotFoundError, load_parameters
from warehouse.office.standing import DueLine

D = date
ISSUED = D(2026, 6, 30)
DUE = DueLine(
    due_key="30-00-152994-152994-1-2026-2026-0000000216-01",
    addressee_no="0001000597",
    tax_item_code="30",
    tax_item_name="固定資産税・都市計画税",
    levy_year="2026",
    tax_year="2026",
    notice_no="0000000216",
    instalment_no="01",
    fiscal_year=2026,
    is_carried_over=False,
    first_assessed_date=D(2026, 4, 10),
    statutory_due_date=D(2026, 4, 30),
    due_date=D(2026, 4, 30),
    assessed_yen=60_000,
    principal_paid_yen=60_000,
    written_off_yen=0,
    reminder_fee_written_off_yen=0,
    late_charge_written_off_yen=0,
    reminder_fee_yen=0,
    reminder_fee_paid_yen=0,
    late_charge_yen=0,
    late_charge_paid_yen=0,
    provisional_paid_yen=0,
    overpaid_yen=0,
    last_received_date=D(2026, 4, 28),
    state="paid",
)
UNPAID = replace(DUE, principal_paid_yen=0, late_charge_yen=400, last_received_date=None, state="delinquent")
CAR = replace(
    DUE,
    due_key="40-00-152994-152994-1-2026-2026-0000000099-01",
    tax_item_code="40",
    tax_item_name="軽自動車税（種別割）",
    notice_no="0000000099",
    statutory_due_date=D(2026, 6, 1),
    due_date=D(2026, 6, 1),
    assessed_yen=10_800,
    principal_paid_yen=10_800,
    last_received_date=D(2026, 5, 20),
)


CARE = replace(DUE, due_key="k60", tax_item_code="60", tax_item_name="介護保険料")


def asked(kind: Kind, *dues: DueLine, on: date = ISSUED, **more: object) -> Certifiable:
    return decide(Request(kind, on, **more), dues)  # type: ignore[arg-type]


def codes(certifiable: Certifiable) -> list[str]:
    return [reason.code for reason in certifiable.refusals]


# ---- 滞納がないことの証明書


@pytest.mark.parametrize(
    ("due", "is_granted"),
    [
        (DUE, True),
        (UNPAID, False),
        (replace(UNPAID, due_date=ISSUED), True),  # on its due date a due is not past due
        (replace(UNPAID, due_date=ISSUED - timedelta(days=1)), False),
        (replace(UNPAID, due_date=ISSUED + timedelta(days=1), state="open"), True),
        (replace(DUE, late_charge_yen=1_000), False),  # the tax is paid, its late charge is not
        (replace(DUE, late_charge_yen=1_000, late_charge_paid_yen=1_000), True),
        (replace(DUE, reminder_fee_yen=100), False),
        (replace(UNPAID, provisional_paid_yen=60_000), False),  # 速報 is no payment yet
        (replace(DUE, assessed_yen=0, principal_paid_yen=0), True),  # reduced to nothing
        (replace(UNPAID, principal_paid_yen=59_999), False),
        (replace(UNPAID, tax_item_code="60"), True),  # 介護保険料 is no tax
        (replace(UNPAID, tax_item_code="50"), False),  # 国民健康保険税 is one
        (replace(UNPAID, due_date=D(2010, 4, 30)), False),  # the three years do not limit what is unpaid
    ],
)
def test_no_delinquency(due: DueLine, is_granted: bool) -> None:
    assert asked("no_delinquency", DUE, due).is_granted == is_granted


def test_every_delinquent_due_is_named_with_what_is_unpaid() -> None:
    other = replace(DUE, due_key="k2", late_charge_yen=2_300, late_charge_paid_yen=300, reminder_fee_yen=100)
    provisional = replace(UNPAID, due_key="k3", provisional_paid_yen=60_000)
    refused = asked("no_delinquency", DUE, UNPAID, other, provisional)
    assert [reason.english.split()[0] for reason in refused.refusals] == [UNPAID.due_key, "k2", "k3"]
    assert "unpaid tax 60,000 yen, late charge 400 yen" in refused.refusals[0].english
    assert "本税 60,000円、延滞金 400円" in refused.refusals[0].japanese
    assert "固定資産税・都市計画税 令和8年度分 第1期" in refused.refusals[0].japanese
    assert "unpaid reminder fee 100 yen, late charge 2,000 yen" in refused.refusals[1].english
    assert "速報 60,000円は確報が届くまで納付になりません" in refused.refusals[2].japanese
    assert not refused.lines


@given(
    days=st.integers(-400, 400),
    assessed=st.integers(0, 10**9),
    share=st.integers(0, 100),
    fee=st.sampled_from([0, 100]),
    charge=st.sampled_from([0, 1_000, 5_500]),
)
def test_no_delinquency_is_exactly_that_nothing_is_past_due_and_unpaid(
    days: int, assessed: int, share: int, fee: int, charge: int
) -> None:
    due = replace(
        DUE,
        due_date=ISSUED + timedelta(days=days),
        assessed_yen=assessed,
        principal_paid_yen=assessed * share // 100,
        reminder_fee_yen=fee,
        late_charge_yen=charge,
    )
    owed = assessed - assessed * share // 100 + fee + charge
    assert asked("no_delinquency", due).is_granted == (days >= 0 or owed == 0)


# ---- 納税証明書


@pytest.mark.parametrize(
    ("issued", "first"),
    [
        (D(2026, 3, 31), D(2022, 4, 1)),  # three years before lies in 令和4年度
        (D(2026, 4, 1), D(2023, 4, 1)),
        (D(2027, 3, 31), D(2023, 4, 1)),
        (D(2028, 2, 29), D(2024, 4, 1)),  # 2025-02-28
    ],
)
def test_the_first_day_that_may_be_certified(issued: date, first: date) -> None:
    assert first_certified_day(issued, load_parameters()) == first


@pytest.mark.parametrize(("statutory", "is_certified"), [(D(2023, 3, 31), False), (D(2023, 4, 1), True)])
def test_the_three_years_run_by_the_statutory_due_date(statutory: date, is_certified: bool) -> None:
    old = replace(DUE, tax_year="2022", statutory_due_date=statutory, due_date=D(2023, 5, 1))
    certifiable = asked("tax", old)
    assert certifiable.is_granted == is_certified
    if not is_certified:
        assert codes(certifiable) == ["too_old"]
        assert "令和5年4月1日より前" in certifiable.refusals[0].japanese


def test_of_older_years_only_what_is_unpaid_is_certified() -> None:
    old = replace(UNPAID, tax_year="2020", statutory_due_date=D(2020, 4, 30), due_date=D(2020, 4, 30))
    paid = replace(old, due_key="k2", principal_paid_yen=60_000, late_charge_yen=0)
    (line,) = asked("tax", replace(old, principal_paid_yen=20_000), paid).lines
    assert (line.assessed_yen, line.paid_yen, line.unpaid_overdue_yen) == (None, None, 40_000)


def test_a_line_adds_up_and_tells_what_is_due_from_what_is_not() -> None:
    coming = replace(
        UNPAID, due_key="k2", instalment_no="02", due_date=D(2026, 7, 31), statutory_due_date=D(2026, 7, 31)
    )
    late = replace(DUE, due_key="k3", instalment_no="03", late_charge_yen=1_200, reminder_fee_yen=100)
    certifiable = asked("tax", DUE, UNPAID, coming, late, CAR)
    house, car = certifiable.lines
    assert (house.tax_year, house.tax_item_code, car.tax_item_code) == (2026, "30", "40")
    assert (house.assessed_yen, house.paid_yen) == (240_000, 120_000)
    assert (house.unpaid_overdue_yen, house.unpaid_not_due_yen) == (60_000, 60_000)
    assert house.charges_unpaid_yen == 1_300  # the late charge of an open tax is not fixed and not in it
    assert house.statutory_due_dates == (D(2026, 4, 30), D(2026, 7, 31))


@pytest.mark.parametrize(
    ("years", "matters", "sheets"),
    [((2024,), ("amounts",), 1), ((2024, 2025), ("amounts",), 2), ((), ("amounts", "due_dates"), 6)],
)
def test_sheets_are_matters_times_years(years: tuple[int, ...], matters: tuple[str, ...], sheets: int) -> None:
    dues = [
        replace(DUE, tax_year=str(y), due_date=D(y, 4, 30), statutory_due_date=D(y, 4, 30)) for y in (2024, 2025, 2026)
    ]
    assert asked("tax", *dues, years=years, matters=matters).sheets == sheets


def test_unpaid_amounts_alone_are_one_sheet_whatever_the_years() -> None:
    dues = [replace(UNPAID, tax_year=str(y), statutory_due_date=D(y, 4, 30)) for y in (2018, 2019, 2020)]
    certifiable = asked("tax", *dues, matters=("amounts",))
    assert len(certifiable.lines) == 3
    assert certifiable.sheets == 1


def test_nothing_to_certify_is_refused() -> None:
    assert codes(asked("tax", DUE, years=(2025,))) == ["no_dues"]
    assert codes(asked("tax", DUE, tax_items=("40",))) == ["no_dues"]
    assert codes(asked("tax")) == ["no_dues"]


def test_what_is_no_local_tax_is_left_out_and_named() -> None:
    """納税証明書 is of 地方税 (20条の10): 介護保険料 is a charge under 介護保険法."""
    certifiable = asked("tax", DUE, CARE, replace(CARE, due_key="k61"))
    assert [line.tax_item_code for line in certifiable.lines] == ["30"]
    assert certifiable.tax_item_codes == ("30",)
    assert certifiable.left_out == ("60 介護保険料",)
    assert asked("tax", DUE).left_out == ()


def test_what_is_no_local_tax_is_refused_when_it_is_asked_for_by_name() -> None:
    for dues in ((DUE, CARE), (DUE,)):  # whether there is such a due or not
        refused = asked("tax", *dues, tax_items=("30", "60"))
        assert codes(refused) == ["no_local_tax"]
        assert "60 介護保険料 is no local tax" in refused.refusals[0].english
        assert "介護保険料は地方税ではない" in refused.refusals[0].japanese
    (nothing,) = asked("tax", CARE).refusals
    assert nothing.code == "no_dues" and "60 介護保険料 is no local tax" in nothing.english


def test_a_certificate_of_no_delinquency_covers_local_taxes_only() -> None:
    codes_covered = asked("no_delinquency", DUE, CARE).tax_item_codes
    params = load_parameters()
    assert codes_covered == tuple(code for code, item in params.tax_items.items() if item.is_local_tax)


# ---- 軽自動車税納税証明書（継続検査用）


@pytest.mark.parametrize(
    ("issued", "valid_until"),
    [
        (D(2026, 6, 2), D(2027, 5, 30)),  # 2027-05-31 is a Monday
        (D(2027, 5, 30), D(2027, 5, 30)),
    ],
)
def test_a_paid_vehicle_is_certified_until_the_day_before_the_next_due_date(issued: date, valid_until: date) -> None:
    certifiable = asked("light_vehicle", CAR, on=issued)
    found = (certifiable.valid_until, certifiable.notice_no, certifiable.paid_on)
    assert found == (valid_until, "0000000099", D(2026, 5, 20))


def test_the_next_due_date_moves_over_holidays() -> None:
    last_year = replace(CAR, tax_year="2025", due_date=D(2025, 6, 2))  # 2026-05-31 is a Sunday: due on June 1
    assert asked("light_vehicle", last_year, on=D(2026, 5, 31)).valid_until == D(2026, 5, 31)
    assert codes(asked("light_vehicle", last_year, on=D(2026, 6, 1))) == ["lapsed"]


def test_this_years_tax_that_is_not_due_yet_ends_last_years_proof() -> None:
    last_year = replace(CAR, due_key="k1", tax_year="2025", due_date=D(2025, 6, 2))
    coming = replace(CAR, principal_paid_yen=0, last_received_date=None)
    certifiable = asked("light_vehicle", last_year, coming, on=D(2026, 5, 20))
    assert certifiable.valid_until == D(2026, 5, 31)
    assert codes(asked("light_vehicle", last_year, coming, on=D(2026, 6, 1))) == ["lapsed"]  # its due date
    assert codes(asked("light_vehicle", last_year, coming, on=D(2026, 6, 2))) == ["delinquent"]


def test_other_taxes_do_not_matter_to_a_vehicle_and_other_vehicles_do() -> None:
    assert asked("light_vehicle", CAR, UNPAID).is_granted
    other = replace(CAR, due_key="k2", notice_no="0000000100", principal_paid_yen=0)
    assert codes(asked("light_vehicle", CAR, other)) == ["delinquent"]


def test_which_of_several_vehicles_must_be_said() -> None:
    other = replace(CAR, due_key="k2", notice_no="0000000100")
    refused = asked("light_vehicle", CAR, other)
    assert codes(refused) == ["several_vehicles"]
    assert "--notice-no: 0000000099, 0000000100" in refused.refusals[0].english
    assert asked("light_vehicle", CAR, other, notice_no="0000000100").notice_no == "0000000100"
    assert codes(asked("light_vehicle", CAR, notice_no="1")) == ["no_dues"]


def test_a_vehicle_whose_tax_was_waived_is_certified_and_one_with_an_unpaid_late_charge_is_not() -> None:
    assert asked(
        "light_vehicle", replace(CAR, assessed_yen=0, principal_paid_yen=0, last_received_date=None)
    ).is_granted
    assert codes(asked("light_vehicle", replace(CAR, late_charge_yen=1_000))) == ["delinquent"]


def test_a_day_before_the_rules_is_refused_with_the_name_of_the_parameter() -> None:
    with pytest.raises(ParameterNotFoundError, match=r"certificates\.no_delinquency"):
        asked("no_delinquency", DUE, on=D(1999, 12, 31))
