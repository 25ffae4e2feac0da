"""Spellings of one name are found by one another, and a column in the store folds as a text does here."""

from __future__ import annotations

from datetime import date

import jaconv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.people_search import _FROM, _TO, Sought, _loose_sql, loose, sought
from osame.errors import OsameError
from osame.stores import open_memory

KATAKANA = "".join(chr(code) for code in range(0x30A1, 0x30F5)) + "ー"
CONNECTION = open_memory()
KANA = st.text(st.sampled_from(KATAKANA), min_size=1, max_size=12)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20))
def test_a_column_folds_as_a_text_does(text: str) -> None:
    values = {"text": text, "fold_from": _FROM, "fold_to": _TO}
    assert CONNECTION.execute(f"select {_loose_sql('$text')}", values).fetchall() == [(loose(text),)]


@given(KANA)
def test_width_and_kind_of_kana_make_no_difference(text: str) -> None:
    for other in (jaconv.kata2hira(text), jaconv.z2h(text), f" {text[0]}　{text[1:]} "):
        assert loose(other) == loose(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("山﨑　太郎", "山崎太郎"),
        ("ﾔﾏｻﾞｷ ﾀﾛｳ", "やまさき・たろう"),
        ("ﾕｷﾐｼﾖｳﾃﾝ", "ユキミショウテン"),
        ("渡邊", "渡辺"),
        ("ヤマザキ", "ヤマサ\u3099キ"),  # as some systems write a file: the mark is a character of its own
        ("ﾊﾟｰﾄ", "は\u309aーと"),
        ("葛城", "葛\U000e0100城"),
        ("神田", "\ufa19田"),
        ("（株）ＡＢＣ", "(株)abc"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert loose(one) == loose(other)


def test_what_words_mean() -> None:
    assert sought(["雪見", "太郎", "S45.3.1"]) == Sought("雪見太郎", date(1970, 3, 1))
    assert sought(["090-1234-5678"]) == sought(["０９０（１２３４）５６７８"]) == Sought(phone="09012345678")
    assert sought(["1970-03-01", "ﾕｷﾐ", "0312345678"]) == Sought("ﾕｷﾐ", date(1970, 3, 1), "0312345678")
    for words in (["・"], [""], ["S45.3.1", "S45.3.2"]):
        with pytest.raises(OsameError):
            sought(words)
