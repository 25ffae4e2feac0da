"""Do the figures of a report agree with each other, and what must its reader know? Sentences in Japanese."""

from __future__ import annotations

from dataclasses import dataclass

from reports.look import text
from reports.period import Period
from reports.queries import DailyCollection, RunInfo


@dataclass(frozen=True, slots=True)
class Check:
    """Two sums that must be equal, in yen."""

    name: str
    left_yen: int
    right_yen: int

    @property
    def holds(self) -> bool:
        return self.left_yen == self.right_yen

    def sentence(self) -> str:
        """The outcome, in words."""
        if self.holds:
            return f"{self.name}: {text.yen(self.left_yen)}円で一致しています。"
        return (
            f"{self.name}: {text.yen(self.left_yen)}円と{text.yen(self.right_yen)}円で、"
            f"{text.yen(self.left_yen - self.right_yen)}円の差があります。"
        )


def checks(data: DailyCollection) -> list[Check]:
    """検算: every table against the key figure, and the key figure against the single payment records."""
    total = data.totals.collected_yen
    by_item = sum(line.collected_yen for line in data.by_year) + data.totals.suspense_yen
    return [
        Check("収納額と「税目別収納額」の合計", total, sum(line.collected_yen for line in data.by_tax_item)),
        Check("収納額と会計年度別の小計に不明金を加えた額", total, by_item),
        Check("収納額と「納付方法別収納額」の合計", total, sum(line.collected_yen for line in data.by_channel)),
        Check("収納額と「日別収納額」の合計", total, sum(line.collected_yen for line in data.by_day)),
        Check("収納額と収納明細（確定分）の金額の合計", total, data.final_receipts.yen),
    ]


def warnings(data: DailyCollection, info: RunInfo) -> list[str]:
    """What a reader must know before using the figures; empty when there is nothing."""
    return [
        *(f"検算が合いません。{check.sentence()}" for check in checks(data) if not check.holds),
        *period_warnings(data.period, info),
        *_money_warnings(data),
        *_file_warnings(data),
    ]


def period_warnings(period: Period, info: RunInfo) -> list[str]:
    """What a reader must know where the period goes beyond the build's day."""
    if period.first > info.as_of_date:
        return [f"対象期間は基準日（{text.wareki_day(info.as_of_date)}）より後です。"]
    if period.last > info.as_of_date:
        return [f"対象期間のうち基準日（{text.wareki_day(info.as_of_date)}）より後の日は、まだ含まれていません。"]
    return []


def _money_warnings(data: DailyCollection) -> list[str]:
    missing = [line for line in data.remittances if line.state == "missing"]
    unexpected = [line for line in data.remittances if line.state == "unexpected"]
    different = [line for line in data.remittances if line.state == "different"]
    found = []
    if missing:
        yen = sum(line.expected_yen - line.fee_yen for line in missing)
        found.append(f"入金が確認できない振込予定が{len(missing)}件（{text.yen(yen)}円）あります。")
    if unexpected:
        yen = sum(line.credited_yen or 0 for line in unexpected)
        found.append(f"予定のない入金が{len(unexpected)}件（{text.yen(yen)}円）あります。")
    if different:
        yen = sum(line.difference_yen for line in different)
        found.append(f"予定と金額の違う入金が{len(different)}件（差額の計{text.yen(yen)}円）あります。")
    if data.suspense_balance.count:
        found.append(
            f"科目の決まらない不明金が{text.count(data.suspense_balance.count)}件"
            f"（残高{text.yen(data.suspense_balance.yen)}円）あります。"
        )
    return found


def _file_warnings(data: DailyCollection) -> list[str]:
    refused = [load for load in data.loads if load.status == "rejected"]
    quarantined = sum(load.quarantined for load in data.loads)
    found = []
    if refused:
        found.append(f"受付を拒否したファイルが{len(refused)}件あります。")
    if quarantined:
        found.append(f"保留（隔離）した行が{text.count(quarantined)}行あります。")
    return found
