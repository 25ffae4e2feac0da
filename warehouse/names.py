"""Names as banks write them: a key for comparing kana, who among many is alike, and names for files that go out.

Banks write names in half-width kana without small kana and with a hyphen for the long vowel, and cut them off; the
register of addressees has them as people write them. Only keys are compared, and they are never stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import jaconv
import numpy as np
from rapidfuzz import fuzz, process

_TO_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_HYPHENS = re.compile("[ー‐‑‒–—―−ｰ]")  # noqa: RUF001 - the long vowel and all that is typed for it
_SPACES_AND_POINTS = re.compile(r"[\s.,・･]")
_FORMS = (
    "カブシキガイシャ", "カブシキカイシャ", "ユウゲンガイシャ", "ユウゲンカイシャ", "ゴウドウガイシャ",
    "ゴウドウカイシャ", "ゴウシガイシャ", "ゴウシカイシャ", "ゴウメイガイシャ", "ゴウメイカイシャ",
    "イッパンシャダンホウジン", "イッパンザイダンホウジン", "コウエキシャダンホウジン", "コウエキザイダンホウジン",
    "シャカイフクシホウジン", "シュウキョウホウジン", "ガッコウホウジン", "イリョウホウジンシャダン",
    "イリョウホウジンザイダン", "イリョウホウジン", "トクテイヒエイリカツドウホウジン",
)  # fmt: skip
# 法人略語 of the banks: ｶ) before, (ｶ behind, (ｶ) in between
_SHORT = "ｶ|ﾕ|ﾒ|ｼ|ﾄﾞ|ｲ|ｲｼﾔ|ｲｻﾞｲ|ｼﾔ|ｻﾞｲ|ｼﾕｳ|ｶﾞｸ|ﾌｸ|ﾄｸﾋ|ﾎｺﾞ|ﾄﾞｸ|ﾁﾄﾞｸ|ｿ"
_CHUNK = 64  # names compared at once: a row of scores for each, as wide as the register


def name_key(name: str) -> str:
    """The key under which two spellings of one name are equal (for comparing only, never to be stored or shown).

    NFKC, half-width kana in capitals, small kana as large, hyphens for the long vowel, ｦ as ｵ; without spaces, points
    and what says that it is a company.

    Source: 全銀協 AP-Ⅰ-12 付録1 (使用文字一覧), 法人略語.
    """
    text = jaconv.hira2kata(unicodedata.normalize("NFKC", name)).upper()
    text = _HYPHENS.sub("-", _SPACES_AND_POINTS.sub("", text))
    return _COMPANY.sub("", _half(text))


def _half(text: str) -> str:
    return str(jaconv.z2h(text.translate(_TO_LARGE), kana=True, ascii=True, digit=True)).replace("ｦ", "ｵ")


_LONG = "|".join(sorted((_half(form) for form in _FORMS), key=len, reverse=True))
_COMPANY = re.compile(rf"{_LONG}|^(?:{_SHORT})\)|\((?:{_SHORT})\)|\((?:{_SHORT})$")


def zengin_name(name: str, width: int) -> str:
    """A name as banks take it: half-width kana in capitals, no small kana, a hyphen for the long vowel.

    Cut to ``width`` characters, but not between a kana and its ﾞ or ﾟ. What banks do not take is left as it is.

    Source: 全銀協 AP-Ⅰ-12 付録1 (使用文字一覧).
    """
    text = _half(_HYPHENS.sub("-", jaconv.hira2kata(unicodedata.normalize("NFKC", name)).upper()))
    return text[:width] if text[width : width + 1] not in ("ﾞ", "ﾟ") else text[: width - 1]


def similarity(one: str, other: str) -> int:
    """How alike two keys are: 100 if and only if they are equal, 0 if they share nothing (indel distance)."""
    return int(fuzz.ratio(one, other))


def alike(keys: Sequence[str], among: Sequence[str], floor: int) -> Iterator[tuple[int, int, int]]:
    """Every pair of a key and another among many that reaches ``floor``: both positions and the similarity."""
    for start in range(0, len(keys), _CHUNK):
        part = keys[start : start + _CHUNK]
        scores = process.cdist(part, among, scorer=fuzz.ratio, score_cutoff=floor, dtype=np.float32)
        for row, column in zip(*np.nonzero(scores), strict=True):
            yield start + int(row), int(column), similarity(part[row], among[column])
