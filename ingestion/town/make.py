"""Makes the town: every year in turn, the files as they are delivered, and the truth beside them."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ingestion.layout_catalog import load_layouts
from ingestion.town.broken import write_broken
from ingestion.town.city import (
    CITY_ACCOUNT,
    CITY_BANK,
    CITY_BANK_KANA,
    CITY_BRANCH,
    CITY_BRANCH_KANA,
    CITY_TAX,
    CONSIGNORS,
    DIRECT_DEBIT,
    HISTORY,
    MUNICIPALITY_CODE,
    MUNICIPALITY_NAME,
    PAID_SLIPS,
    TRANSFER,
)
from ingestion.town.compared import tell_differences, write_compared_history
from ingestion.town.days import BusinessDays, Ints, day, iso, ymd
from ingestion.town.deliver import CONSIGNOR_KANA, SMALL_TOWN, Delivery, write_history, write_payment_files
from ingestion.town.dues import is_city_tax
from ingestion.town.extracts import (
    ordinary_events,
    original_lines,
    story_events,
    story_lines,
    write_assessments,
    write_registers,
    write_reminders,
    write_slips,
)
from ingestion.town.oddities import sent_again, unknown_money
from ingestion.town.oracle import FIRST_YEAR, LAST_YEAR
from ingestion.town.payments import FATE, PAY, rows
from ingestion.town.people import make_payers, people_table
from ingestion.town.refunds import overpayments
from ingestion.town.statement import DEBIT_RULE, RULES, write_statements
from ingestion.town.story import Setting, Story
from ingestion.town.truth import Truth
from ingestion.town.year import Life, Year

SMALLEST = 500
_SUMMARY = "town.json"


@dataclass(frozen=True)
class Town:
    """What was made. Days are ISO dates; ``summary`` is also in ``town.json``."""

    folder: Path
    files: Path
    broken: Path
    truth: Path
    as_of: str
    go_live: str
    summary: dict[str, Any]


@dataclass
class Tally:
    """Figures of the local taxes that the town is calibrated to."""

    levied: int = 0
    paid: int = 0
    dues: int = 0
    by_channel: dict[int, int] | None = None


def make_town(
    folder: Path, population: int = 5000, years: int = 3, seed: int = 1, last_fiscal_year: int = 2025
) -> Town:
    """Writes the files of a synthetic city and their ground truth.

    The same arguments give the same bytes. ``folder/files`` is what banks and core systems deliver, ``folder/broken``
    what must be refused (the finding expected of each is in ``truth/broken.json``), ``folder/truth`` what every record
    and due really is, and ``folder/town.json`` the dates, the rules of remittance and the totals.

    Args:
        folder: made if missing; an earlier town in it is removed first.
        population: residents, at least 500 (below that not every case finds a due).
        years: fiscal years, the last one being ``last_fiscal_year``. Go-live of the payment files is its 1 April; money
            received earlier is delivered by the 収納履歴 extract.
        seed: of all randomness.
        last_fiscal_year: the town is looked at on 31 May of the following year.

    Raises:
        FileExistsError: the folder holds files, broken or truth of which no town.json says that a town made them.
        ValueError: fewer than 500 residents, or years for which the town has no rates.
    """
    first_year = last_fiscal_year - years + 1
    if population < SMALLEST:
        raise ValueError(f"population {population}: the town needs at least {SMALLEST} residents to show every case")
    if years < 1 or first_year < FIRST_YEAR or last_fiscal_year >= LAST_YEAR:
        raise ValueError(
            f"fiscal years {first_year} to {last_fiscal_year}: the town knows {FIRST_YEAR} to {LAST_YEAR - 1}"
        )
    setting = Setting(first_year, last_fiscal_year, day(last_fiscal_year, 4, 1), day(last_fiscal_year + 1, 5, 31))
    return _Builder(Path(folder), setting, population, seed).build()


def _make_room(folder: Path) -> None:
    """Removes an earlier town; files that no town made are left alone and stop the work."""
    made = (folder / _SUMMARY).exists()
    for part in ("files", "broken", "truth"):
        if (folder / part).exists() and not made:
            raise FileExistsError(f"{folder / part} exists and no town made it; name an empty folder")
        shutil.rmtree(folder / part, ignore_errors=True)


class _Builder:
    def __init__(self, folder: Path, setting: Setting, population: int, seed: int) -> None:
        self.folder, self.setting, self.population, self.seed = folder, setting, population, seed
        streams = np.random.SeedSequence(seed).spawn(7)
        self.rng = [np.random.default_rng(s) for s in streams]
        self.files = folder / "files"
        _make_room(folder)
        self.files.mkdir(parents=True)
        self.payers = make_payers(population, self.rng[0])
        self.banks = BusinessDays(day(setting.first_year - 1, 4, 1), setting.as_of + 150)
        self.truth = Truth(folder / "truth")
        weekly = population > SMALL_TOWN
        self.delivery = Delivery(self.files, load_layouts(), self.truth, self.payers, weekly, setting.as_of)
        self.story = Story(setting, self.payers, self.banks, self.rng[1])
        self.life = Life(self.story, self.rng[2], self.rng[5])
        self.filed: list[Ints] = []
        self.slip_lines: list[Ints] = []
        self.channel_counts: dict[int, int] = {}
        self.levied: dict[int, int] = {}
        self.due_count = 0
        self.ordinary_paid: dict[int, int] = {}

    def build(self) -> Town:
        waiting = np.zeros(0, PAY)
        for number in range(self.setting.first_year, self.setting.last_year + 1):
            waiting = self._year(self.life.live(number), waiting)
        self._closing()
        records = self._payment_files()
        statement = write_statements(
            self.delivery, records, self.story.deposits, self.setting.go_live, self.banks, self.rng[4]
        )
        write_slips(
            self.delivery, np.concatenate([*self.slip_lines, story_lines(self.story.slips)]), self.setting.go_live
        )
        write_registers(self.delivery, self.setting.first_year, self.setting.last_year, self.rng[4])
        self.story.office.write(self.delivery)
        self._tell_truth(records)
        write_broken(self.files, self.folder / "broken", self.truth.folder)
        return self._finish(statement)

    def _year(self, year: Year, waiting: Ints) -> Ints:
        """Writes a year's assessments, reminders and history; gives back what was received after it.

        The history of a year is extracted at the end of April, when the last of its money has been booked.
        """
        ordinary = year.dues[~year.strange]
        self.truth.ordinary_dues(ordinary, self.payers.addressee_no[ordinary["payer"]])
        self._count(year, ordinary)
        end = day(year.number + 1, 3, 31)
        dues = [d for payer in self.story.dues.values() for d in payer]
        events = [ordinary_events(ordinary), story_events(dues, year.number)]
        write_assessments(self.delivery, end, np.concatenate(events))
        write_reminders(self.delivery, self.story, year.number, end)
        payments = np.concatenate([waiting, year.payments])
        later = payments["received"] > end
        filed = payments["route"] != HISTORY
        self.filed.append(payments[filed])
        here = payments[~filed & ~later]
        told = rows(self.story.history.pop(year.number, []))
        write_history(self.delivery, f"receipts_{ymd(end + 30)}.csv", np.concatenate([here, told]))
        self._slip_lines(year, payments[filed])
        waiting_for_next: Ints = payments[~filed & later]
        return waiting_for_next

    def _slip_lines(self, year: Year, filed: Ints) -> None:
        """Slips in use after go-live: all of the last year, and those of earlier dues that were paid by file."""
        if year.number == self.setting.last_year:
            self.slip_lines.append(original_lines(year.dues))
            return
        paid = set(filed["slip"][filed["fate"] == FATE["due"]].tolist())
        if paid:
            lines = original_lines(year.dues)
            self.slip_lines.append(lines[np.isin(lines["slip"], list(paid))])

    def _count(self, year: Year, ordinary: Ints) -> None:
        city = is_city_tax(year.dues)
        self.levied[year.number] = int(year.dues["amount"][city].sum())
        self.ordinary_paid[year.number] = int(ordinary["amount"][is_city_tax(ordinary)].sum())
        self.due_count += len(year.dues)
        for channel, count in zip(*np.unique(ordinary["channel"], return_counts=True), strict=True):
            self.channel_counts[int(channel)] = self.channel_counts.get(int(channel), 0) + int(count)

    def _closing(self) -> None:
        """The closing period of the last year: lump sums, the last reminders, changes dated after 31 March."""
        self.life.bring_lumps()
        year, as_of = self.setting.last_year, self.setting.as_of
        dues = [d for payer in self.story.dues.values() for d in payer]
        for due in dues:
            self.story.remind(due, as_of + 1)
        write_reminders(self.delivery, self.story, year + 1, as_of)
        write_assessments(self.delivery, as_of, story_events(dues, year + 1))

    def _payment_files(self) -> Ints:
        scale = max(1, self.population // 5000)
        unknown = unknown_money(self.setting.last_year, scale, self.story.channels, 1 << 39, self.rng[3])
        told = rows(self.story.files)
        thin = (told["bank"] == 0) & (told["route"] == PAID_SLIPS)
        told["bank"][thin] = 140
        records = np.concatenate([*self.filed, told, unknown])
        order = np.lexsort((records["pid"], records["posted"]))
        unnumbered = order[records["serial"][order] == 0]
        records["serial"][unnumbered] = np.arange(1, len(unnumbered) + 1)
        again = sent_again(records, scale, self.rng[3])
        self.truth.watched = again["same_as"].copy()
        records = np.concatenate([records, again])
        write_payment_files(self.delivery, records)
        return records

    def _tell_truth(self, records: Ints) -> None:
        lots = [
            lot
            for payer, dues in self.story.dues.items()
            for lot in overpayments(dues, self.story.payments[payer], self.setting.as_of)
        ]
        payments = [p for payer in self.story.payments.values() for p in payer]
        if self.setting.first_year < self.setting.last_year:
            channels = {row.pid: row.channel for row in self.story.files}
            channels |= {payment.pid: TRANSFER for payment in self.story.deposits}
            filed = [(p, channels[p.pid]) for p in payments if p.pid in channels]
            write_compared_history(self.delivery, records, filed, self.setting.go_live, self.rng[6])
        else:
            tell_differences(self.delivery, [])
        self.truth.story(payments)
        self.truth.overpayments(lots)
        self.truth.repayments(payments)
        self.truth.story_dues([d for payer in self.story.dues.values() for d in payer], self.setting.as_of)
        pq.write_table(people_table(self.payers), self.truth.folder / "people.parquet")
        self.truth.close()

    # ---- figures ----
    def _finish(self, statement: dict[str, int]) -> Town:
        setting = self.setting
        cases: dict[str, int] = {}
        for payer in self.story.dues.values():
            for due in payer:
                cases[due.case] = cases.get(due.case, 0) + 1
        total = sum(self.channel_counts.values())
        summary = {
            "municipality_code": MUNICIPALITY_CODE,
            "municipality_name": MUNICIPALITY_NAME,
            "population": self.population,
            "seed": self.seed,
            "first_fiscal_year": setting.first_year,
            "last_fiscal_year": setting.last_year,
            "go_live": iso(setting.go_live),
            "as_of": iso(setting.as_of),
            "dues": self.due_count,
            "files": len(list(self.files.iterdir())),
            "truth": {"records": self.truth.totals["records"], "fates": self.truth.fates, **self.truth.totals},
            "calibration": self._calibration(),
            "channels": {f"{c:02d}": round(k / total, 4) for c, k in sorted(self.channel_counts.items())},
            "cases": dict(sorted(cases.items())),
            "remittance_rules": [asdict(rule) for rule in (*RULES.values(), DEBIT_RULE)],
            "direct_debits": {
                "consignors": {f"{item:02d}": str(code) for item, code in CONSIGNORS.items()},
                "consignor_name": CONSIGNOR_KANA,
                "bank_code": CITY_BANK,
                "bank_name": CITY_BANK_KANA,
                "branch_code": CITY_BRANCH,
                "branch_name": CITY_BRANCH_KANA,
                "account_no": CITY_ACCOUNT,
            },
            "statement": statement,
        }
        text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
        (self.folder / _SUMMARY).write_text(text, encoding="utf-8")
        (self.truth.folder / "summary.json").write_text(
            json.dumps(summary["truth"], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        return Town(
            self.folder,
            self.files,
            self.folder / "broken",
            self.truth.folder,
            iso(setting.as_of),
            iso(setting.go_live),
            summary,
        )

    def _calibration(self) -> dict[str, float | int]:
        """Local taxes of the last year, at the cut: current at the closing, carried over at 31 March."""
        last = self.setting.last_year
        start, closing, cut = day(last, 4, 1), day(last, 5, 31), day(last + 1, 3, 31)
        levied, paid, carried, caught_up, arrears, debtor = 0, self.ordinary_paid[last], 0, 0, 0, 0
        for due in (d for payer in self.story.dues.values() for d in payer if d.item in CITY_TAX):
            if due.levy_year == last:
                paid += due.principal
            else:
                since = closing if due.levy_year == last - 1 else start - 1
                before = sum(yen for when, yen in due.paid_by.items() if when <= since)
                carried += due.tax - before
                caught_up += sum(yen for when, yen in due.paid_by.items() if since < when <= cut)
            arrears += due.balance
            debtor += due.balance if due.case == "big_debtor" else 0
        changes = sum(
            d.tax - (d.events[0][1] if d.instalment < 20 else 0)
            for payer in self.story.dues.values()
            for d in payer
            if d.item in CITY_TAX and d.levy_year == last
        )
        levied = self.levied[last] + changes
        return {
            "current_levied_yen": levied,
            "current_paid_yen": paid,
            "current_rate": round(paid / levied, 5),
            "carried_in_yen": carried,
            "carried_paid_yen": caught_up,
            "carried_rate": round(caught_up / carried, 5) if carried else 0.0,
            "arrears_yen": arrears,
            "debtor_share": round(debtor / arrears, 5) if arrears else 0.0,
            "direct_debit_share": round(
                self.channel_counts.get(DIRECT_DEBIT, 0) / sum(self.channel_counts.values()), 4
            ),
            "dues_per_person_year": round(self.due_count / self.population / (last - self.setting.first_year + 1), 3),
        }
