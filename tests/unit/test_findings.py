"""What a finding says: in English to operators, and in Japanese, all of it, to the office."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest

from ingestion.read import read
from ingestion.readers.collector import Collector
from ingestion.readers.findings import KINDS, Finding, Refused
from osame.bilingual import in_japanese, said
from tests.fixtures.csv_files import BROKEN, VALID, file_of, findings_of, refusal
from tests.fixtures.fixed_files import LAYOUTS, context, debits, landed, matrix, valid
from tests.fixtures.sheets import packed, parts_of, workbook
from tests.unit.test_fixed_broken import CASES

# Names of formats, programs, code sets and notations, which have no other name in Japanese.
NAMES = {
    "xlsx", "xlsb", "xls", "ods", "csv", "zip", "excel", "word", "powerpoint", "opendocument", "xml", "ebcdic", "jis",
    "utf", "mmdd", "hhmm", "yymmdd", "yyyymmdd", "full", "ufj", "request", "result", "true", "false", "error", "edi",
    "ing", "shift",
    *LAYOUTS, *{word for name in LAYOUTS for word in re.findall("[a-z]+", name)},
}  # fmt: skip
WORD = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z]{3,}(?![A-Za-z0-9_])")
PART = re.compile(r"[\w.\[\]/]+\.(xml|bin|rels)")


def english_in(text: str) -> list[str]:
    """Words of English in a text for the office; bytes of the file (in quotes) are no words."""
    told = PART.sub("", re.sub(r"'[^']*'", "", text))
    return [word for word in WORD.findall(told) if word.lower() not in NAMES]


def of(data: bytes, **known: object) -> list[Finding]:
    try:
        return read(data, context(**known), LAYOUTS).warnings
    except Refused as refused:
        return refused.findings


def all_findings() -> Iterator[Finding]:
    for case in CASES:
        broken = case.broken(matrix(valid(case.layout_id, line_end=b""), case.layout_id))
        yield from of(broken if isinstance(broken, bytes) else broken.tobytes(), format=case.format)
    for layout_id, row, change, _, _ in BROKEN:
        if change:
            others = [] if LAYOUTS[layout_id].extract else VALID[layout_id][0]
            yield from findings_of(layout_id, [row | change, *others])
    head = file_of(LAYOUTS["assessments"], [])
    yield from refusal(head + b"\xff\xff,1\n", "assessments")
    yield from refusal(b"", "assessments")
    yield from refusal(b"\n\n", "assessments")
    yield from refusal(b"error:no data", "cvs_dsk")
    yield from refusal(head.replace("税額".encode("cp932"), b"x", 1), "assessments")
    yield from refusal(head.replace("税額".encode("cp932"), "納期限".encode("cp932"), 1), "assessments")
    yield from refusal(b"1,2,3\n", "assessments")
    yield from refusal(head + b'"\n', "assessments")
    yield from refusal(head, "assessments", "調定.csv")
    yield from refusal(head, "assessments", "assessments_20250801_full.csv")
    yield from refusal(head + b'a"b,"c\n' * 150, "assessments")
    yield from of("来月の予定".encode("cp932"))
    yield from of(b"")
    yield from of(b"\r\n1911\r\n")
    yield from of(valid("zengin91_120").replace(b"191", b"193", 1))
    yield from of(valid("cvs_120").replace(b"91", b"92"))
    yield from of(b"\n" * 5_000 + b"191", format="zengin91_120")
    yield from of(debits("zengin91_120", "request"), format="zengin91_120:result")
    yield from of(debits("zengin91_120"), format="zengin91_120:nothing")
    yield from of(b"x", format="nothing")
    yield from of(debits("zengin91_120", line_end=b"").rstrip())
    stripped = b"\n".join(line.rstrip() for line in debits("municipal_350", line_end=b"\n").split(b"\n"))
    yield from of(stripped)
    for data in (packed({"a": ""}), b"PK\x03\x04", workbook([""], sheet1="<x"), packed(parts_of([]) | {"a": ""})):
        yield from of(data)
    rows = '<row r="1"><c r="A1"><f>1</f></c><c r="B1"><v>0.5</v></c><c r="C1" t="b"><v>1</v></c></row>'
    yield from of(workbook([rows]))
    yield from of(workbook(['<row r="2000000"/>']))
    records = matrix(valid("zengin91_120", line_end=b""), "zengin91_120")
    records[1, 50], records[2, 90], records[2, 114] = 0xB0, ord("7"), ord("X")
    yield from landed(records.tobytes(), "zengin91_120").warnings


def test_the_office_reads_japanese_only() -> None:
    found = list(all_findings())
    assert len({f.code for f in found}) > 30
    wrong = {f.japanese() for f in found if english_in(f.japanese())}
    assert wrong == set()


@pytest.mark.parametrize("code", sorted(KINDS))
def test_a_clerk_is_told_whom_to_ask_and_not_what_to_program(code: str) -> None:
    kind = KINDS[code]
    assert english_in(kind.meaning_ja + kind.advice_ja) == []
    for word in ("YAML", "--", "osame", "レイアウト"):
        assert word not in kind.meaning_ja + kind.advice_ja
    assert "ください" in kind.advice_ja or "構いません" in kind.advice_ja
    assert kind.meaning
    assert kind.advice


def test_words_in_two_languages_are_a_text_in_english() -> None:
    words = said("3 sheets", "シート3枚")
    assert (words, f"{words}", json.dumps([words]), in_japanese(words)) == (
        "3 sheets", "3 sheets", '["3 sheets"]', "シート3枚",
    )  # fmt: skip
    assert in_japanese(copy.deepcopy(words)) == "シート3枚"
    finding = Finding("ING-014", None, None, None, words, said("one", "1枚"))
    assert finding.as_dict()["found"] == "3 sheets"
    assert "実際: シート3枚 / 期待: 1枚" in finding.japanese()


def test_a_warning_counts_in_both_languages() -> None:
    collector = Collector()
    collector.warn("ING-037", np.array([2, 5]), 113, "ダミー", said("a value", "値"), said("spaces", "空白"))
    (warning,) = collector.warnings()
    assert (warning.line, warning.found, in_japanese(warning.found)) == (2, "a value (2 records)", "値（2件）")
