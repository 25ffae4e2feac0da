"""Where the figures come from: the block at the end of each report and the sheet of its workbook."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from reports import checks, queries
from reports.catalog import Value
from reports.context import TRIAL, Report
from reports.look import text
from reports.look.html import Html, attention, escape, join, paragraph
from reports.look.workbook import Cover
from reports.queries import DailyCollection

SHOWN_FILES = 40
"""Files named on the page; the manifest has all of them."""


def parameters_sha256(parameters: Mapping[str, Value]) -> str:
    """One value for a set of parameters, whatever their order."""
    content = json.dumps(dict(parameters), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def facts(report: Report) -> list[tuple[str, str]]:
    """The line below a report's title: the period or fiscal year, if it has one, and the two clocks."""
    year = report.order.parameters.get("fiscal_year")
    return [
        *([("会計年度", text.fiscal_year(int(year)))] if year is not None else []),
        *([("対象期間", text.period(report.period))] if report.entry.has_period else []),
        ("基準日", text.wareki_day(report.as_of)),
        ("データの受付時点", text.moment(report.info.known_at)),
        ("作成", "試行（公表しない）" if report.order.run_id == TRIAL else text.moment(report.made_at)),
    ]


def heading(report: Report) -> Html:
    """City, title, period, as-of and known-at."""
    return text.heading(report.entry.title_ja, report.city, facts(report))


def record(report: Report, figures_sha256: str) -> list[tuple[str, str]]:
    """How this report was made, as label and value."""
    given = {name: value for name, value in report.order.parameters.items() if value != ""}
    labels = {parameter.name: parameter.label_ja for parameter in report.entry.parameters}
    mark = queries.watermark(report.connection)
    return [
        ("報告書", f"{report.entry.title_ja}（{report.entry.id}）"),
        ("実行番号", report.order.run_id),
        ("団体", f"{report.city}（団体コード {report.info.municipality_code}）"),
        ("担当・閲覧者", f"{report.entry.owner} ／ {report.entry.reader}"),
        ("指定した条件", "、".join(f"{labels[name]}＝{value}" for name, value in given.items()) or "なし（既定値）"),
        ("条件の照合値", parameters_sha256(report.order.parameters)),
        *facts(report),
        ("プログラムの版", f"報告書 {report.order.code_version} ／ データ {report.info.code_version}"),
        ("取込済ファイル（全体）", f"{text.count(mark.landed_files)}件　照合値 {mark.digest}"),
        ("数値の照合値", figures_sha256),
    ]


def block(report: Report, data: DailyCollection) -> Html:
    """The block at the end of the page."""
    return join(record_block(report, queries.figures_sha256(data)), _files(data))


def record_block(report: Report, figures_sha256: str) -> Html:
    """How this report was made, without its files."""
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in record(report, figures_sha256)
    )
    return Html(f'<section class="provenance" aria-label="作成記録"><dl>{items}</dl></section>')


def _files(data: DailyCollection) -> Html:
    feeding = [load for load in data.loads if load.fed_period]
    if not feeding:
        return text.note("この期間の収納のもとになったファイルはありません。")
    items = "".join(
        f'<li>{escape(load.file_name)} <span class="mono">{escape(load.sha256)}</span></li>'
        for load in feeding[:SHOWN_FILES]
    )
    more = "" if len(feeding) <= SHOWN_FILES else f"（うち{SHOWN_FILES}件を表示。全件は manifest.json にあります）"
    return Html(
        f'<details class="provenance"><summary>この期間の収納のもとになったファイル {len(feeding)}件{more}</summary>'
        f'<ol class="note">{items}</ol></details>'
    )


def warnings(report: Report, data: DailyCollection) -> Html:
    """注意事項 as a box, or the sentence that there is none."""
    found = checks.warnings(data, report.info)
    return attention(found) if found else paragraph("注意事項はありません。")


def cover(report: Report, data: DailyCollection) -> Cover:
    """What the workbook says about itself: the same 検算, warnings and record as the page."""
    remarks = [*(check.sentence() for check in checks.checks(data)), *checks.warnings(data, report.info)]
    return Cover(report.city, report.as_of, report.made_at, remarks, record(report, queries.figures_sha256(data)))


def proof(data: DailyCollection) -> Html:
    """検算: every table against the key figure, and the key figure against the payment records."""
    made = checks.checks(data)
    return text.proof([check.sentence() for check in made], all(check.holds for check in made))
