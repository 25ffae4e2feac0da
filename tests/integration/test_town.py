"""The synthetic city: reproducible, complete, calibrated, readable, and true to itself."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ingestion.layout_catalog import load_layouts
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Refused
from ingestion.town import Town, make_town
from ingestion.town.cases import CASES
from ingestion.town.compared import WEEKS
from ingestion.town.settlements import SETTLEMENTS
from ingestion.town.year import LUMPS

KEY = (
    "tax_item_code",
    "tax_item_detail_code",
    "assessing_body_code",
    "instalment_body_code",
    "body_scope_code",
    "levy_year",
    "tax_year",
    "notice_no",
    "instalment_no",
)
PARTS = ("principal_yen", "reminder_fee_yen", "late_charge_yen", "overpaid_yen", "suspense_yen")


def sha256s(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def decode(path: Path) -> Decoded:
    return read(path.read_bytes(), Context(path.name, date(2026, 6, 1)), load_layouts())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return make_town(tmp_path_factory.mktemp("town"), population=500, years=3, seed=7)


@pytest.fixture(scope="module")
def decoded(town: Town) -> dict[str, Decoded]:
    return {path.name: decode(path) for path in sorted(town.files.iterdir())}


@pytest.fixture(scope="module")
def receipts(town: Town) -> pa.Table:
    return pq.read_table(town.truth / "receipts.parquet")


@pytest.fixture(scope="module")
def dues(town: Town) -> dict[str, dict[str, object]]:
    return {row["due_key"]: row for row in pq.read_table(town.truth / "dues.parquet").to_pylist()}


def landed(decoded: dict[str, Decoded], table: str) -> list[tuple[str, dict[str, object]]]:
    return [
        (name, row) for name, file in decoded.items() if table in file.tables for row in file.tables[table].to_pylist()
    ]


def due_key(row: dict[str, object]) -> str:
    return "-".join(str(row[part]) for part in KEY)


def test_the_same_arguments_give_the_same_bytes(town: Town, tmp_path: Path) -> None:
    again = make_town(tmp_path, population=500, years=3, seed=7)
    assert sha256s(again.folder) == sha256s(town.folder)


def test_another_seed_gives_another_town(town: Town, tmp_path: Path) -> None:
    other = make_town(tmp_path, population=500, years=1, seed=8)
    shared = set(sha256s(other.files).values()) & set(sha256s(town.files).values())
    assert not shared


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"population": 499}, "at least 500"),
        ({"years": 0}, "fiscal years"),
        ({"years": 13}, "fiscal years"),
        ({"last_fiscal_year": 2026}, "fiscal years"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, arguments: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_town(tmp_path, **arguments)


def test_every_case_is_there_in_the_smallest_town(town: Town) -> None:
    cases = town.summary["cases"]
    for case in (*CASES, *SETTLEMENTS):
        years = {"both": 3, "files": 1, "history": 2, "eve": 1}[case.when]
        assert cases.get(case.name, 0) >= years * case.minimum, case.name
    for name in (*LUMPS, "big_debtor", "unpaid", "late", "reminder_fee"):
        assert cases.get(name, 0) >= 1, name


def test_every_fate_and_every_kind_of_entry_is_there(town: Town, decoded: dict[str, Decoded]) -> None:
    assert all(count > 0 for count in town.summary["truth"]["fates"].values())
    kinds = {row["receipt_type_code"] for _, row in landed(decoded, "receipts")}
    assert kinds == set("1234567")
    store = {row["record_kind"] for _, row in landed(decoded, "convenience_receipts")}
    assert store == {"01", "02", "03", "12"}
    assert {row["result_code"] for _, row in landed(decoded, "direct_debit_results")} == set("0123489")
    assert {row["record_type_code"] for _, row in landed(decoded, "paid_slips")} == {"1", "6"}
    assert {row["event_type_code"] for _, row in landed(decoded, "assessments")} == set("12345")
    assert {"1", "2", "3", "7"} <= {row["slip_type_code"] for _, row in landed(decoded, "slips")}


def test_all_files_are_read_without_a_finding(decoded: dict[str, Decoded]) -> None:
    for name, file in decoded.items():
        assert not file.quarantined and not file.warnings, name


def test_broken_files_are_refused_with_the_expected_finding(town: Town) -> None:
    expected = json.loads((town.truth / "broken.json").read_text())
    assert {path.name for path in town.broken.iterdir()} == set(expected)
    for name, code in expected.items():
        with pytest.raises(Refused) as refused:
            decode(town.broken / name)
        assert code in {f.code for f in refused.value.findings}, name


PAYMENT_TABLES = {
    "receipts": "principal_yen",
    "paid_slips": "amount_yen",
    "convenience_receipts": "amount_yen",
    "eltax_receipts": "amount_yen",
    "mpn_receipts": "amount_yen",
    "direct_debit_requests": "amount_yen",
    "direct_debit_results": "amount_yen",
    "bank_statement_entries": "amount_yen",
    "decisions": "amount_yen",
    "overpayment_notices": "amount_yen",
}


def test_the_truth_names_every_payment_record_once(decoded: dict[str, Decoded], receipts: pa.Table) -> None:
    delivered = {(name, row["source_line"]) for table in PAYMENT_TABLES for name, row in landed(decoded, table)}
    told = list(zip(receipts["file_name"].to_pylist(), receipts["source_line"].to_pylist(), strict=True))
    assert set(told) == delivered
    keyed = list(zip(told, receipts["due_key"].to_pylist(), strict=True))
    assert len(keyed) == len(set(keyed))


def test_yen_are_conserved_per_file(decoded: dict[str, Decoded], receipts: pa.Table) -> None:
    """What a file's money records carry is what the truth hands out, to the yen."""
    carried: dict[tuple[str, int], int] = {}
    for table, column in PAYMENT_TABLES.items():
        for name, row in landed(decoded, table):
            extra = ("reminder_fee_yen", "late_charge_yen") if table == "receipts" else ()
            carried[name, row["source_line"]] = row[column] + sum(row[c] for c in extra)
            if table == "overpayment_notices":
                carried[name, row["source_line"]] *= -1
            if table == "decisions" and row["from_component_code"] != "4":
                carried[name, row["source_line"]] = 0  # from one due to another; interest is new money
    money = {"due", "suspense", "refund"}
    in_files: dict[str, int] = defaultdict(int)
    handed_out: dict[str, int] = defaultdict(int)
    seen = set()
    for row in receipts.to_pylist():
        handed_out[row["file_name"]] += sum(row[part] for part in PARTS)
        place = (row["file_name"], row["source_line"])
        if (row["fate"] in money or (row["fate"] == "offset" and "decisions" in place[0])) and place not in seen:
            seen.add(place)
            in_files[row["file_name"]] += carried[place]
    assert seen
    assert {n: y for n, y in handed_out.items() if y} == {n: y for n, y in in_files.items() if y}


def test_dues_are_the_sum_of_their_records(receipts: pa.Table, dues: dict[str, dict[str, object]]) -> None:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    for row in receipts.to_pylist():
        for part in PARTS:
            sums[row["due_key"]][part] += row[part]
    paid = {key for key, parts in sums.items() if key is not None and any(parts.values())}
    assert paid <= set(dues)
    for key, due in dues.items():
        assert sums[key]["principal_yen"] == due["principal_paid_yen"], key
        assert sums[key]["reminder_fee_yen"] == due["reminder_fee_paid_yen"], key
        assert sums[key]["late_charge_yen"] == due["late_charge_paid_yen"], key
        assert sums[key]["overpaid_yen"] == due["overpaid_yen"], key
        assert due["assessed_yen"] - due["principal_paid_yen"] == due["principal_balance_yen"] >= 0, key
        assert due["late_charge_yen"] >= due["late_charge_paid_yen"] >= 0, key
        assert due["late_charge_yen"] % 100 == 0, key


def test_dues_are_assessed_as_delivered(decoded: dict[str, Decoded], dues: dict[str, dict[str, object]]) -> None:
    assessed: dict[str, int] = defaultdict(int)
    when: dict[str, date] = {}
    for _, row in landed(decoded, "assessments"):
        assessed[due_key(row)] += row["delta_yen"]
        when[due_key(row)] = row["due_date"]
    assert {key: due["assessed_yen"] for key, due in dues.items()} == assessed
    assert {key: due["due_date"] for key, due in dues.items()} == when


def test_fees_follow_the_reminders_delivered(decoded: dict[str, Decoded], dues: dict[str, dict[str, object]]) -> None:
    sent = {due_key(row): row["reminder_fee_yen"] for _, row in landed(decoded, "reminders")}
    assert {key for key, due in dues.items() if due["reminder_fee_yen"]} == {k for k, fee in sent.items() if fee}
    open_long = [k for k, d in dues.items() if d["principal_balance_yen"] and d["due_date"] < date(2026, 4, 20)]
    assert open_long and set(open_long) <= set(sent)


def test_money_is_delivered_once_history_before_go_live(decoded: dict[str, Decoded], town: Town) -> None:
    go_live = date.fromisoformat(town.go_live)
    compared = f"receipts_{go_live + timedelta(weeks=WEEKS):%Y%m%d}.csv"  # 収納履歴 beside the files, to be compared
    entries = landed(decoded, "receipts")
    assert all((row["received_date"] >= go_live) == (name == compared) for name, row in entries)
    assert {name == compared for name, _ in entries} == {True, False}
    for table, column in (("paid_slips", "received_date"), ("convenience_receipts", "store_date")):
        days = [row[column] for _, row in landed(decoded, table)]
        assert days and min(days) >= go_live


def test_nothing_is_booked_after_the_day_it_is_looked_at(decoded: dict[str, Decoded], town: Town) -> None:
    as_of = date.fromisoformat(town.as_of)
    for table, column in (
        ("paid_slips", "posted_date"),
        ("eltax_receipts", "posted_date"),
        ("receipts", "posted_date"),
    ):
        assert max(row[column] for _, row in landed(decoded, table)) <= as_of
    finals = [r["transfer_date"] for _, r in landed(decoded, "convenience_receipts") if r["record_kind"] != "01"]
    assert max(day for day in finals if day) <= as_of


def test_paid_slips_name_slips_that_are_registered(decoded: dict[str, Decoded], receipts: pa.Table, town: Town) -> None:
    """Every slip that pays a due is in the register with that due; unknown ones are not."""
    registered: dict[str, set[str]] = defaultdict(set)
    payment_nos: dict[str, str] = {}
    for _, row in landed(decoded, "slips"):
        registered[row["slip_no"]].add(due_key(row))
        payment_nos[row["payment_no"]] = row["slip_no"]
    fates: dict[tuple[str, int], list[tuple[str, str | None]]] = defaultdict(list)
    for row in receipts.to_pylist():
        fates[row["file_name"], row["source_line"]].append((row["fate"], row["due_key"]))
    checked = 0
    for table in ("paid_slips", "convenience_receipts", "eltax_receipts", "mpn_receipts"):
        for name, row in landed(decoded, table):
            slip = row["slip_no"] if "slip_no" in row else payment_nos.get(row["payment_no"], "unknown")
            for fate, key in fates[name, row["source_line"]]:
                if fate == "suspense":
                    assert slip not in registered
                elif slip is not None and fate == "due":
                    checked += 1
                    assert key in registered[slip], (name, row["source_line"])
    assert checked > 1000


def test_statement_credits_are_the_channels_remittances(
    decoded: dict[str, Decoded], receipts: pa.Table, town: Town
) -> None:
    """The rules in town.json reproduce every bulk credit from the records that are money."""
    from ingestion.town.days import BusinessDays, number, to_date

    banks = BusinessDays(number(date(2025, 1, 1)), number(date(2026, 9, 1)))
    money = {
        (row["file_name"], row["source_line"])
        for row in receipts.to_pylist()
        if row["fate"] in ("due", "suspense")
    }  # fmt: skip
    expected: dict[tuple[str, date], int] = defaultdict(int)
    tables = {
        "cvs_120": "convenience_receipts",
        "cvs_dsk": "convenience_receipts",
        "zengin91_120": "direct_debit_results",
    }
    for rule in town.summary["remittance_rules"]:
        table = tables.get(rule["format"], rule["format"])
        for name, file in decoded.items():
            if file.layout.id != rule["format"] or table not in file.tables:
                continue
            groups = (
                {g["group_no"]: g for g in file.tables[f"{table}_groups"].to_pylist()}
                if f"{table}_groups" in file.tables
                else {}
            )
            for row in file.tables[table].to_pylist():
                if (name, row["source_line"]) not in money or _channel(rule["format"], row) != rule["channel_code"]:
                    continue
                header = groups.get(row.get("group_no"), {})
                day = row.get(rule["date_basis"]) or header[rule["date_basis"]]
                for _ in range(rule["business_days_after"]):
                    day = to_date(int(banks.after(number(day), 1)))
                payer = header["consignor_code"] if rule["format"] == "zengin91_120" else rule["payer_code"]
                expected[payer, day] += row["amount_yen"]
    as_of = date.fromisoformat(town.as_of)
    statement = receipts.filter(pc.equal(receipts["fate"], "remittance")).to_pylist()
    places = {(row["file_name"], row["source_line"]) for row in statement}
    credited = {
        (row["payer_code"], row["book_date"]): row["amount_yen"]
        for name, row in landed(decoded, "bank_statement_entries")
        if (name, row["source_line"]) in places
    }
    assert credited == {key: yen for key, yen in expected.items() if key[1] <= as_of}


def _channel(layout: str, row: dict[str, object]) -> str:
    if layout == "cvs_120":
        return "04"
    if layout == "cvs_dsk":
        return "02" if row["chain_code"] == "910" else "07"
    return "03" if layout == "zengin91_120" else str(row["channel_code"])


def test_debits_pay_when_the_bank_says_so(decoded: dict[str, Decoded], receipts: pa.Table) -> None:
    fates = {(row["file_name"], row["source_line"]): row["fate"] for row in receipts.to_pylist()}
    results = landed(decoded, "direct_debit_results")
    assert len([1 for _, row in results if row["result_code"] == "0"]) > 500
    for name, row in results:
        assert (fates[name, row["source_line"]] == "due") == (row["result_code"] == "0")


def test_statements_follow_one_another(decoded: dict[str, Decoded]) -> None:
    groups = [row for _, row in landed(decoded, "bank_statement_entries_groups")]
    for before, after in zip(groups, groups[1:], strict=False):
        assert before["closing_balance_yen"] == after["opening_balance_yen"]
    assert len(groups) >= 13


def test_records_sent_again_equal_the_first(decoded: dict[str, Decoded], receipts: pa.Table) -> None:
    by_place = {
        (name, row["source_line"]): row
        for table in ("paid_slips", "convenience_receipts", "eltax_receipts")
        for name, row in landed(decoded, table)
    }
    twins = [row for row in receipts.to_pylist() if row["same_as"]]
    assert len(twins) >= 8
    for row in twins:
        file, line = row["same_as"].rsplit(":", 1)
        first, again = dict(by_place[file, int(line)]), dict(by_place[row["file_name"], row["source_line"]])
        for volatile in ("source_line", "group_no"):
            first.pop(volatile, None), again.pop(volatile, None)
        assert first == again


def test_people_are_consistent_with_the_register(decoded: dict[str, Decoded], town: Town) -> None:
    people = {row["addressee_no"]: row for row in pq.read_table(town.truth / "people.parquet").to_pylist()}
    for _, row in landed(decoded, "addressees"):
        person = people[row["addressee_no"]]
        assert (row["name"], row["individual_no"], row["phone"]) == (
            person["name"],
            person["individual_no"],
            person["phone"],
        )


def test_a_town_of_one_year_is_all_files(tmp_path: Path) -> None:
    town = make_town(tmp_path, population=500, years=1, seed=3, last_fiscal_year=2024)
    assert not list(town.files.glob("receipts_*"))
    assert town.as_of == "2025-05-31"
    assert town.summary["truth"]["principal_yen"] > 0


def test_rates_channels_and_dues_are_those_of_a_real_city(tmp_path: Path) -> None:
    """松本市 2023: current 99.43 %, carried over 38.07 %; shares of channels and dues per person as in LAW.md §3.2."""
    summary = make_town(tmp_path, population=3000, years=3, seed=2).summary
    figures, channels = summary["calibration"], summary["channels"]
    assert 0.992 <= figures["current_rate"] <= 0.996
    assert 0.34 <= figures["carried_rate"] <= 0.42
    assert 0.10 <= figures["debtor_share"] <= 0.70
    assert 0.30 <= channels["03"] <= 0.40
    assert 0.40 <= channels["04"] + channels["06"] + channels["07"] <= 0.50
    assert 3.9 <= figures["dues_per_person_year"] <= 4.5
    assert summary["files"] <= 150


def test_business_days_reach_over_new_year() -> None:
    from ingestion.town.days import BusinessDays, number, to_date

    banks = BusinessDays(number(date(2024, 12, 1)), number(date(2025, 3, 1)))
    assert to_date(int(banks.roll(number(date(2024, 12, 31))))) == date(2025, 1, 6)
    assert to_date(int(banks.back(number(date(2025, 1, 5))))) == date(2024, 12, 27)
    assert to_date(int(banks.after(number(date(2024, 12, 27)), 1))) == date(2025, 1, 6)
    assert date(2025, 1, 6) - timedelta(days=10) == date(2024, 12, 27)
