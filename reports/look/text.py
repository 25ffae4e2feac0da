"""Words and figures as an office worker reads them: Japanese, 和暦, separators, ▲ before a negative amount."""

from __future__ import annotations

from datetime import date, datetime

from osame.wareki import format_fiscal_year, format_wareki
from reports.look.html import Html, escape, paragraph
from reports.period import Period

WEEKDAYS = "月火水木金土日"
ARREARS_CLASSES = {"current": "現年", "carried_over": "滞繰", "none": "－"}
REMITTANCE_STATES = {
    "matched": "一致",
    "pending": "入金待ち",
    "missing": "入金なし",
    "different": "金額相違",
    "unexpected": "予定外",
}
LOAD_STATES = {"landed": "取込済", "rejected": "拒否", "duplicate": "重複（取込済）"}
DUE_STATES = {
    "paid": "完納",
    "principal_paid": "本税完納",
    "open": "納期未到来",
    "delinquent": "滞納",
    "written_off": "欠損",
    "cancelled": "取消",
}
KEY_KINDS = {"due": "期別キー", "addressee": "宛名番号", "notice": "通知書番号"}
NOTHING = "－"


def yen(amount: int | None) -> str:
    """Whole yen with separators; missing is －.

    >>> yen(-1234567)
    '▲1,234,567'
    """
    if amount is None:
        return NOTHING
    return f"{amount:,}".replace("-", "▲")


def count(number: int) -> str:
    """A number of things, with separators."""
    return yen(number)


def wareki_day(day: date | None) -> str:
    """令和8年5月1日; missing is －."""
    return NOTHING if day is None else format_wareki(day)


def short_day(day: date | None) -> str:
    """5月1日(金): inside a period that is written out elsewhere; missing is －."""
    return NOTHING if day is None else f"{day.month}月{day.day}日({WEEKDAYS[day.weekday()]})"


def moment(at: datetime) -> str:
    """令和8年6月1日 7時30分 (JST)."""
    return f"{wareki_day(at.date())} {at.hour}時{at.minute:02d}分"


def period(days: Period) -> str:
    """A whole month is named as one; any other period by its first and last day."""
    if days.is_month:
        return f"{month(days.first)}分"
    if days.first == days.last:
        return f"{wareki_day(days.first)}（{WEEKDAYS[days.first.weekday()]}）"
    return f"{wareki_day(days.first)}から{wareki_day(days.last)}まで"


def month(first: date) -> str:
    """令和8年5月, of its first day."""
    return format_wareki(first).removesuffix("1日")


def fiscal_year(year: int | None) -> str:
    """令和8年度."""
    return "会計年度なし" if year is None else format_fiscal_year(year)


def arrears_class(code: str) -> str:
    """現年 or 滞繰."""
    return ARREARS_CLASSES.get(code, code)


def tax_item(code: str | None, name: str | None) -> str:
    """The name of a tax item; money without one is suspense."""
    return "不明金（科目未定）" if code is None else name or code


def remittance_state(code: str) -> str:
    """一致, 入金待ち, 入金なし, 金額相違, 予定外."""
    return REMITTANCE_STATES.get(code, code)


def load_state(code: str) -> str:
    """取込済, 拒否, 重複."""
    return LOAD_STATES.get(code, code)


def due_state(code: str) -> str:
    """完納, 本税完納, 納期未到来, 滞納, 欠損, 取消."""
    return DUE_STATES.get(code, code)


def due_name(tax_item_name: str, tax_year: str, instalment_no: str) -> str:
    """A due as an officer calls it.

    >>> due_name("固定資産税・都市計画税", "2025", "02")
    '固定資産税・都市計画税 令和7年度 第2期'
    """
    return f"{tax_item_name} {format_fiscal_year(int(tax_year))} 第{int(instalment_no)}期"


def heading(title: str, city: str, facts: list[tuple[str, str]]) -> Html:
    """The head of a report: city, title, and a line of facts (period, dates)."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return Html(
        f'<header class="report-head"><p class="city">{escape(city)}</p>'
        f'<h1>{escape(title)}</h1><dl class="facts">{items}</dl></header>'
    )


def proof(sentences: list[str], holds: bool) -> Html:
    """検算: whether the sums agree, with each comparison."""
    lead = "検算：次のとおり、すべて一致しています。" if holds else "検算：一致しないものがあります。"
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return Html(f'<div class="proof{"" if holds else " broken"}"><p>{lead}</p><ul>{items}</ul></div>')


def note(sentence: str) -> Html:
    """A remark in small type below a table."""
    return paragraph(sentence, "note")
