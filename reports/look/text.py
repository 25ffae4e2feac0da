"""Words and figures as an office worker reads them: Japanese, 和暦, separators, ▲ before a negative amount."""

from __future__ import annotations

from datetime import date, datetime

from osame.wareki import format_fiscal_year, format_wareki, format_wareki_short
from reports.look.html import Html, listed, paragraph
from reports.period import Period

WEEKDAYS = "月火水木金土日"
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


def short_wareki(day: date) -> str:
    """R8.5.1, as lists print it."""
    return format_wareki_short(day)


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


def short_month(first: date) -> str:
    """R8.5, of its first day."""
    return format_wareki_short(first).removesuffix(".1")


def fiscal_year(year: int | None) -> str:
    """令和8年度."""
    return "会計年度なし" if year is None else format_fiscal_year(year)


def due_name(tax_item_name: str, tax_year: str, instalment_no: str) -> str:
    """A due as an officer calls it.

    >>> due_name("固定資産税・都市計画税", "2025", "02")
    '固定資産税・都市計画税 令和7年度 第2期'
    """
    return f"{tax_item_name} {format_fiscal_year(int(tax_year))} 第{int(instalment_no)}期"


def heading(title: str, city: str, facts: list[tuple[str, str]]) -> Html:
    """The head of a report: city, title, and a line of facts (period, dates)."""
    items = Html("").join(Html("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in facts)
    return Html(
        '<header class="report-head"><p class="city">{}</p><h1>{}</h1><dl class="facts">{}</dl></header>'
    ).format(city, title, items)


def proof(sentences: list[str], holds: bool) -> Html:
    """検算: whether the sums agree, with each comparison."""
    lead = "検算：次のとおり、すべて一致しています。" if holds else "検算：一致しないものがあります。"
    return Html('<div class="proof{}"><p>{}</p><ul>{}</ul></div>').format(
        "" if holds else " broken", lead, listed("<li>{}</li>", sentences)
    )


def note(sentence: str) -> Html:
    """A remark in small type below a table."""
    return paragraph(sentence, "note")


def compared(name: str, yen_now: int, yen_before: int) -> str:
    """A figure beside an earlier one.

    >>> compared("前年度の同じ月まで", 1_300, 1_000)
    '前年度の同じ月までは1,000円で、300円の増です。'
    """
    difference = yen_now - yen_before
    return f"{name}は{yen(yen_before)}円で、{yen(abs(difference))}円の{'増' if difference >= 0 else '減'}です。"
