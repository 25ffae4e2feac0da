"""Who pays: residents, owners who live elsewhere, and firms. All names, numbers and addresses are invented."""

from __future__ import annotations

from dataclasses import dataclass

import jaconv
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.town import digits
from ingestion.town.city import MUNICIPALITY_CODE, MUNICIPALITY_NAME, TAX_ITEMS
from ingestion.town.days import Ints

RESIDENT, ELSEWHERE, CORPORATION = 1, 2, 3
# surnames are put together from two parts, so that no real family is meant
_FIRST = (
    "雪ユキ 霧キリ 朝アサ 白シラ 永ナガ 深フカ 若ワカ 黒クロ 青アオ 石イシ 高タカ 古フル 水ミズ 星ホシ "
    "浅アサ 鶴ツル 柏カシワ 樫カシ 槇マキ 稲イナ"
)
_SECOND = "原ハラ 谷タニ 沢ザワ 村ムラ 田ダ 山ヤマ 川カワ 野ノ 島シマ 瀬セ 岡オカ 崎ザキ 塚ヅカ 浦ウラ 越ゴエ"
_GIVEN = (
    "一郎イチロウ 健太ケンタ 翔ショウ 亮介リョウスケ 修シュウ 俊介シュンスケ 誠マコト 豊ユタカ 匠タクミ "
    "純一ジュンイチ 京平キョウヘイ 勇気ユウキ 隆リュウ 清キヨシ 進ススム 花子ハナコ 京子キョウコ "
    "涼子リョウコ 順子ジュンコ 美優ミユ 千尋チヒロ 由紀ユキ 節子セツコ 笑ショウ 愛アイ 真央マオ 久美クミ "
    "ヨーコヨーコ メアリーメアリー 秋アキ"
)
_TRADES = (
    "製作所セイサクショ 工業コウギョウ 商店ショウテン 運輸ウンユ 建設ケンセツ 食品ショクヒン 酒造シュゾウ "
    "電機デンキ 印刷インサツ サービスサービス"
)
_AREAS = "本町 大手通 霧ヶ丘 白樺台 水沢 柏木 稲荷町 鶴見台 石坂 深谷町 若葉 星野町 朝日 浅野 高台 古町"


@dataclass(frozen=True)
class Payers:
    """One element per payer: residents first, then owners elsewhere, then firms.

    weakness is a fixed order of who falls behind (small: first). area is an index of 町字.
    items[code] are the payers of that tax item; debit[code] says which of them pay by direct debit.
    """

    count: int
    kind: npt.NDArray[np.int8]
    addressee_no: npt.NDArray[np.int64]
    weakness: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    items: dict[int, Ints]
    debit: dict[int, npt.NDArray[np.bool_]]
    name: pa.Array
    kana: pa.Array
    bank_name: pa.Array
    individual_no: pa.Array
    corporate_no: pa.Array
    birth_day: npt.NDArray[np.int32]
    sex: npt.NDArray[np.int8]
    area: npt.NDArray[np.int8]
    address: pa.Array
    phone: pa.Array
    bank_code: npt.NDArray[np.int64]
    bank_branch: npt.NDArray[np.int64]
    account_no: npt.NDArray[np.int64]

    def named(self, bank_name: str) -> list[int]:
        """All who have a name, as banks write it."""
        return [int(at) for at in np.flatnonzero(pc.equal(self.bank_name, bank_name))]


def _split(words: str) -> tuple[list[str], list[str]]:
    """Pairs written together, 漢字カナ, as two lists; a word in kana only is its own reading."""
    kanji, kana = [], []
    for word in words.split():
        half = len(word) // 2
        if word[:half] == word[half:] and len(word) % 2 == 0:
            cut = half
        else:
            cut = next(i for i, c in enumerate(word) if "ァ" <= c <= "ー" and c != "ヶ")
        kanji.append(word[:cut])
        kana.append(word[cut:])
    return kanji, kana


def zengin_kana(text: str) -> str:
    """Full-width kana in the form of bank files: half width, no small kana, a hyphen for the long vowel."""
    large = text.translate(str.maketrans("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ"))
    return str(jaconv.z2h(large, kana=True, ascii=True, digit=True)).replace("ｰ", "-").upper()


def make_payers(population: int, rng: np.random.Generator) -> Payers:
    elsewhere, firms = max(4, population // 25), max(8, population * 32 // 1000)
    count = population + elsewhere + firms
    kind = np.repeat(np.array([RESIDENT, ELSEWHERE, CORPORATION], np.int8), [population, elsewhere, firms])
    base = np.where(kind == RESIDENT, 1_000_000, np.where(kind == ELSEWHERE, 5_000_000, 9_000_000))
    within = np.arange(count) - np.where(kind == RESIDENT, 0, np.where(kind == ELSEWHERE, population, count - firms))
    items, debit = _items(kind, rng)
    name, kana, bank_name, sex = _names(kind, rng)
    area = rng.integers(0, len(_AREAS.split()), count).astype(np.int8)
    person = kind != CORPORATION
    numbers = digits.as_text(digits.individual_number(rng.choice(10**11, count, replace=False)))
    firm_numbers = digits.as_text(digits.corporate_number(700_000_000_000 + rng.choice(10**10, count, replace=False)))
    return Payers(
        count=count,
        kind=kind,
        addressee_no=base + within,
        weakness=rng.random(count),
        scale=rng.standard_normal(count),
        items=items,
        debit=debit,
        name=name,
        kana=kana,
        bank_name=bank_name,
        individual_no=pc.if_else(pa.array(person), numbers, pa.scalar(None, pa.string())),
        corporate_no=pc.if_else(pa.array(person), pa.scalar(None, pa.string()), firm_numbers),
        birth_day=np.where(person, rng.integers(-14_600, 13_800, count), 0).astype(np.int32),
        sex=np.where(person, sex, 0).astype(np.int8),
        area=area,
        address=_addresses(kind, area, rng),
        phone=_phones(count, rng),
        bank_code=np.array([140, 9900, 1280, 1281, 5])[rng.choice(5, count, p=[0.45, 0.2, 0.15, 0.1, 0.1])],
        bank_branch=rng.integers(1, 60, count),
        account_no=rng.integers(1_000_000, 10_000_000, count),
    )


def _items(
    kind: npt.NDArray[np.int8], rng: np.random.Generator
) -> tuple[dict[int, Ints], dict[int, npt.NDArray[np.bool_]]]:
    items, debit = {}, {}
    for item in TAX_ITEMS:
        share = np.array([0.0, item.persons, item.owners_elsewhere, item.corporations])[kind]
        chosen = rng.random(len(kind)) < share
        items[item.code] = np.flatnonzero(chosen)
        debit[item.code] = (rng.random(len(kind)) < item.debit_share)[items[item.code]]
    return items, debit


def _names(
    kind: npt.NDArray[np.int8], rng: np.random.Generator
) -> tuple[pa.Array, pa.Array, pa.Array, npt.NDArray[np.int8]]:
    first, second, given, trade = _split(_FIRST), _split(_SECOND), _split(_GIVEN), _split(_TRADES)
    n = len(kind)
    pick = [pa.array(rng.integers(0, len(words[0]), n)) for words in (first, second, given, trade)]
    corporate = pa.array(kind == CORPORATION)

    def taken(side: int, form: type | None = None) -> list[pa.Array]:
        return [
            pa.array([zengin_kana(w) if form else w for w in words[side]]).take(index)
            for words, index in zip((first, second, given, trade), pick, strict=True)
        ]

    def both(parts: list[pa.Array], space: str, company: str) -> pa.Array:
        person = pc.binary_join_element_wise(parts[0], parts[1], space, parts[2], "")
        firm = pc.binary_join_element_wise(company, parts[0], parts[1], parts[3], "")
        return pc.if_else(corporate, firm, person)

    sex = np.where(pick[2].to_numpy() < 15, 1, 2).astype(np.int8)
    kanji, kana, bank = taken(0), taken(1), taken(1, str)
    return (
        both(kanji, "　", "株式会社"),
        both(kana, "　", "カブシキガイシャ"),
        both(bank, " ", "ｶ)"),
        sex,
    )


def _addresses(kind: npt.NDArray[np.int8], area: npt.NDArray[np.int8], rng: np.random.Generator) -> pa.Array:
    n = len(kind)
    town = pa.array(np.where(kind == ELSEWHERE, "隣野市", MUNICIPALITY_NAME))
    chome = [pa.array(rng.integers(1, high, n)).cast(pa.string()) for high in (6, 60, 40)]
    return pc.binary_join_element_wise(
        town, pa.array(_AREAS.split()).take(pa.array(area)), chome[0], "丁目", chome[1], "番", chome[2], "号", ""
    )


def _phones(count: int, rng: np.random.Generator) -> pa.Array:
    """090-0…: numbers that nobody is given."""
    number = rng.choice(10**7, count, replace=False)
    return pc.binary_join_element_wise(
        "090",
        pc.binary_join_element_wise("0", digits.pad(number // 10_000, 3), ""),
        digits.pad(number % 10_000, 4),
        "-",
    )


def people_table(payers: Payers) -> pa.Table:
    """What must be found in no store, log or report but landing and vault."""
    return pa.table(
        {
            "addressee_no": digits.pad(payers.addressee_no, 10),
            "name": payers.name,
            "kana": payers.kana,
            "bank_name": payers.bank_name,
            "individual_no": payers.individual_no,
            "corporate_no": payers.corporate_no,
            "birth_date": pa.array(payers.birth_day, pa.int32(), mask=payers.kind == CORPORATION).cast(pa.date32()),
            "address": payers.address,
            "phone": payers.phone,
            "account_no": digits.pad(payers.account_no, 7),
        }
    )


def municipality(payers: Payers) -> pa.Array:
    return pc.if_else(pa.array(payers.kind == ELSEWHERE), "153001", MUNICIPALITY_CODE)
