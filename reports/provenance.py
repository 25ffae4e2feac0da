"""Where the figures come from: the line below a report's title, and the block at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from reports.about import About
from reports.build_info import Watermark
from reports.catalog import ParameterValue
from reports.look import text
from reports.look.html import Html, join

SHOWN_FILES = 40
"""Files named on the page; the manifest has all of them."""


def parameters_sha256(parameters: Mapping[str, ParameterValue]) -> str:
    """One value for a set of parameters, whatever their order."""
    content = json.dumps(dict(parameters), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def facts(report: About) -> list[tuple[str, str]]:
    """The line below a report's title: the period or fiscal year, if it has one, and the two clocks."""
    return [
        *([("会計年度", report.period_name)] if "fiscal_year" in report.order.parameters else []),
        *([("対象期間", report.period_name)] if report.entry.has_period else []),
        ("基準日", text.wareki_day(report.as_of)),
        ("データの受付時点", text.moment(report.info.known_at)),
        ("作成", "試行（公表しない）" if report.is_trial else text.moment(report.made_at)),
    ]


def record(report: About, mark: Watermark, figures_sha256: str) -> list[tuple[str, str]]:
    """How this report was made, as label and value."""
    given = {name: value for name, value in report.order.parameters.items() if value != ""}
    labels = {parameter.name: parameter.label_ja for parameter in report.entry.parameters}
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


def block(report: About, mark: Watermark, figures_sha256: str, loads: Sequence[Mapping[str, str]]) -> Html:
    """作成記録 at the end of the page: how the report was made, and from which files."""
    rows = record(report, mark, figures_sha256)
    items = Html("").join(Html("<dt>{}</dt><dd>{}</dd>").format(name, value) for name, value in rows)
    made = Html('<section class="provenance" aria-label="作成記録"><dl>{}</dl></section>').format(items)
    return join(made, _files(loads)) if loads else made


def _files(loads: Sequence[Mapping[str, str]]) -> Html:
    items = Html("").join(
        Html('<li>{} <span class="mono">{}</span></li>').format(load["file_name"], load["sha256"])
        for load in loads[:SHOWN_FILES]
    )
    more = "" if len(loads) <= SHOWN_FILES else f"（うち{SHOWN_FILES}件を表示。全件は manifest.json にあります）"
    return Html(
        '<details class="provenance"><summary>この報告書の収納のもとになったファイル {}件{}</summary>'
        '<ol class="note">{}</ol></details>'
    ).format(len(loads), more, items)
