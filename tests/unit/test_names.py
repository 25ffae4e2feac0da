"""Names: the key under which spellings are equal, similarity, and the form that banks take."""

from __future__ import annotations

import re
import unicodedata

import jaconv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.town.people import zengin_kana
from warehouse.names import alike, name_key, similarity, zengin_name

KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴァィゥェォッャュョヮー"
names = st.text(KANA, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("register", "bank"),
    [
        ("ヨーコ", "ﾖ-ｺ"),  # FORMATS §8: the long vowel is a hyphen
        ("キャノン", "ｷﾔﾉﾝ"),  # and small kana are large
        ("ヲカダ　キョウコ", "ｵｶﾀﾞ ｷﾖｳｺ"),
        ("やまだ　たろう", "ﾔﾏﾀﾞﾀﾛｳ"),
        ("ﾀﾅｶ･ﾏﾘｱ", "ﾀﾅｶ.ﾏﾘｱ"),
        ("メアリー　Ｓｍｉｔｈ", "ﾒｱﾘ- SMITH"),
        ("カブシキガイシャ　サンリクショウテン", "ｶ)ｻﾝﾘｸｼﾖｳﾃﾝ"),
        ("サンリクショウテン　カブシキガイシャ", "ｻﾝﾘｸｼﾖｳﾃﾝ(ｶ"),
        ("シャカイフクシホウジン　ヒカリエン　ホンブ", "ﾌｸ)ﾋｶﾘｴﾝﾎﾝﾌﾞ"),
        ("ユウゲンガイシャ　ア", "ｱ(ﾕ"),
    ],
)
def test_two_spellings_have_one_key(register: str, bank: str) -> None:
    assert name_key(register) == name_key(bank)


@pytest.mark.parametrize(
    ("one", "other"), [("ハタ", "バタ"), ("ハハ", "パパ"), ("オノ", "オオノ"), ("カア", "ア"), ("ヨコ", "ヨーコ")]
)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(names)
def test_the_key_does_not_depend_on_how_the_name_is_written(name: str) -> None:
    key = name_key(name)
    assert name_key(jaconv.z2h(name, kana=True)) == key
    assert name_key(jaconv.kata2hira(name)) == key
    assert name_key(f" {name[:2]}　{name[2:]} ") == key
    assert name_key(zengin_kana(name)) == key
    assert name_key(zengin_name(name, 60)) == key
    assert not re.search(r"[ｧ-ｰｦ\s]", key)


@given(st.lists(names, min_size=1, max_size=6), st.lists(names, min_size=1, max_size=6), st.integers(1, 100))
def test_alike_finds_every_pair_that_reaches_the_floor_and_no_other(
    one: list[str], many: list[str], floor: int
) -> None:
    keys, among = [name_key(n) for n in one], [name_key(n) for n in many]
    expected = {
        (i, j, similarity(a, b)) for i, a in enumerate(keys) for j, b in enumerate(among) if similarity(a, b) >= floor
    }
    assert set(alike(keys, among, floor)) == expected


@given(names, names)
def test_a_hundred_is_equality(one: str, other: str) -> None:
    assert (similarity(name_key(one), name_key(other)) == 100) == (name_key(one) == name_key(other))


@given(names, st.integers(1, 30))
def test_a_name_for_a_bank_is_in_its_characters_and_not_cut_before_a_mark(name: str, width: int) -> None:
    written = zengin_name(name, width)
    whole = zengin_name(name, 60)
    assert len(written) <= width
    assert whole.startswith(written)
    assert re.fullmatch(r"[ｱ-ﾝﾞﾟ\-]*", written)
    assert whole[len(written) : len(written) + 1] not in ("ﾞ", "ﾟ")
    assert unicodedata.normalize("NFKC", written).count("\u3099") == 0
