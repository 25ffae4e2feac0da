"""Who is meant by a name, a reading, a birth date or a telephone number: numbers of addressees, from the vault.

Spellings are compared loosely, for who stands at the counter does not know how a register writes him: width, hiragana
or katakana, small and voiced kana (in one character or two), spaces, points and long vowels make no difference, nor do
the commonest variants of kanji in names. Only the order of what is found depends on how close it is; nothing that fits
is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ingestion import vault_log
from ingestion.vault import require_vault
from osame.act import Act
from osame.dates import parse_date
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_vault

_PHONE = re.compile(r"0\d{8,10}")
_PHONE_SIGNS = re.compile(r"[-() 　‐−ー]")  # noqa: RUF001 - what people type between the digits

# Every kana as its unvoiced full-width katakana, by position; what has no counterpart goes.
_PLAIN = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_VOICED = dict(
    zip(
        "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴ",
        "カキクケコサシスセソタチツテトハヒフヘホハヒフヘホウ",
        strict=True,
    )
)
_SMALL = dict(
    zip("ァィゥェォッャュョヮヵヶヰヱヲ", "アイウエオツヤユヨワカケイエオ", strict=True)
)  # and what sounds alike
_HALF = dict(zip("ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝ", _PLAIN, strict=True)) | dict(
    zip("ｧｨｩｪｫｯｬｭｮ", "アイウエオツヤユヨ", strict=True)
)
# Selectors choose a variant (葛 with a stroke less); what typed a voiced mark apart leaves it where nothing bears it.
_SELECTORS = "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
_GOES = "ﾞﾟ゛゜\u3099\u309aー‐‑‒–—―−ｰ- 　\t.,・･、。'’()（）" + _SELECTORS  # noqa: RUF001
# Variants of kanji (異体字) that are frequent in names, each with the form that it is compared as.
_KANJI = {
    "高": "髙", "崎": "﨑碕嵜", "辺": "邊邉", "斉": "齊斎齋", "沢": "澤", "浜": "濱濵", "広": "廣", "国": "國",
    "桜": "櫻", "真": "眞", "恵": "惠", "栄": "榮", "竜": "龍", "島": "嶋嶌", "富": "冨", "寿": "壽",
    "徳": "德", "浅": "淺", "瀬": "瀨", "関": "關", "吉": "𠮷", "礼": "禮", "実": "實", "静": "靜",
    "黒": "黑", "薮": "藪籔", "桑": "桒", "館": "舘", "曽": "曾", "増": "增", "万": "萬", "条": "條",
    "学": "學", "芦": "蘆", "竹": "䇳", "柳": "栁", "峰": "峯", "松": "枩", "鉄": "鐵", "亀": "龜",
    "滝": "瀧", "渋": "澁", "豊": "豐",
}  # fmt: skip


def _folding() -> dict[str, str]:
    katakana = {one: one for one in _PLAIN} | _VOICED | _SMALL
    hiragana = {chr(ord(one) - 0x60): other for one, other in katakana.items()}
    half = {one: katakana[other] for one, other in _HALF.items()}
    ascii_wide = {chr(code + 0xFEE0): chr(code).upper() for code in range(0x21, 0x7F)}
    ascii_small = {chr(code): chr(code).upper() for code in range(0x61, 0x7B)}
    kanji = {variant: form for form, variants in _KANJI.items() for variant in variants}
    folded = ascii_wide | ascii_small | kanji | katakana | hiragana | half
    return {one: other for one, other in folded.items() if one != other and one not in _GOES}


_FOLD = _folding()
_FROM = "".join(_FOLD) + _GOES  # DuckDB's translate: what has no counterpart goes
_TO = "".join(_FOLD.values())
_TABLE = str.maketrans(_FOLD | dict.fromkeys(_GOES))


def loose(text: str) -> str:
    """A spelling without what makes no difference; the same as ``_loose_sql`` makes of a column."""
    return unicodedata.normalize("NFC", text).translate(_TABLE)


def _loose_sql(column: str) -> str:
    return f"translate(nfc_normalize({column}), $fold_from, $fold_to)"


@dataclass(frozen=True)
class Sought:
    """What is known of a person: any of these."""

    name: str | None = None
    birth_date: date | None = None
    phone: str | None = None


def sought(words: Sequence[str]) -> Sought:
    """What words mean: a date is a birth date, a number that begins with 0 a telephone, the rest a name or its kana.

    Raises:
        OsameError: nothing is left to look for, or a date or number is given twice.
    """
    names, dates, phones = [], [], []
    for word in words:
        digits = _PHONE_SIGNS.sub("", unicodedata.normalize("NFKC", word))
        day = _date(word)
        if day is not None:
            dates.append(day)
        elif _PHONE.fullmatch(digits):
            phones.append(digits)
        else:
            names.append(word)
    if len(dates) > 1 or len(phones) > 1:
        raise OsameError("two birth dates or two telephone numbers are given", "give one of each at most")
    name = "".join(names)
    if not (loose(name) or dates or phones):
        raise OsameError(f"{' '.join(words)!r} is no name, date or number", "give a name, its kana, a date or a phone")
    return Sought(name or None, dates[0] if dates else None, phones[0] if phones else None)


def _date(word: str) -> date | None:
    try:
        return parse_date(word)
    except ValueError:
        return None


def find_people(home: Home, what: Sought, act: Act) -> list[str]:
    """Numbers of those whom all that is known fits, the closest spelling first, after the search has been logged.

    A name is looked for at the beginning of 氏名 and 氏名カナ. Who else is read about is up to the caller, who has
    numbers only.

    Raises:
        OsameError: there is no vault.
    """
    require_vault(home)
    vault_log.append(home, act, "search", [], shows_protected=False)
    conditions = ["true"]
    values: dict[str, str | date] = {}
    if what.name is not None:
        values |= {"fold_from": _FROM, "fold_to": _TO, "loose": loose(what.name)}
        conditions.append(
            f"(starts_with({_loose_sql('name')}, $loose) or starts_with({_loose_sql('name_kana')}, $loose))"
        )
    if what.birth_date is not None:
        values["birth_date"] = what.birth_date
        conditions.append("birth_date = $birth_date")
    if what.phone is not None:
        values |= {"fold_from": _FROM, "fold_to": _TO, "phone": what.phone}
        conditions.append(f"regexp_replace({_loose_sql('phone')}, '[^0-9]', '', 'g') = $phone")
    closest = f"{_loose_sql('name')} <> $loose and {_loose_sql('name_kana')} <> $loose, " if what.name else ""
    vault = open_vault(home)
    try:
        rows = vault.execute(
            f"select addressee_no from vault.addressees where {' and '.join(conditions)} "
            f"order by {closest}addressee_no",
            values,
        ).fetchall()
    finally:
        vault.close()
    return [number for (number,) in rows]
