"""Documents: the same bytes for the same rows, no character that cannot be printed, an address where the window is."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from osame.act import Act, Permission
from osame.errors import OsameError
from osame.home import Home, open_home
from reports.documents import render as render_module
from reports.documents.publish import publish
from reports.documents.render import render, render_each, render_files, without_unprintable
from reports.portal import read_runs
from warehouse.settings import Settings, load_settings

AT = datetime(2026, 11, 23, 9, 30)
PAPER = """
#import "common.typ": *
#show: papers
#for-each-row(row => {
  letter-head(row.to, number: [雪収第1号], day: [令和8年11月23日])
  title[通知書]
  facts((("税目", "市県民税"), ("税額", [#yen(row.yen) 円])))
  listing(("期別", "税額"), ((1, 1234567), (2, -500)), total: ([計], none))
  appeal()
  contact()
})
"""
TO = {
    "postal_code": "999-0012",
    "lines": ["雪見市中央一丁目"],
    "name": "雪見太郎",
    "honorific": "様",
    "reference": "1",
    "withheld": False,
}
ROW = {"to": TO, "yen": 1234567}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path)


@pytest.fixture
def settings(home: Home) -> Settings:
    return load_settings(home)


@pytest.fixture(autouse=True)
def _own_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A letter that uses what common.typ offers, beside it in a folder of the test."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "paper.typ").write_text(PAPER, encoding="utf-8")
    (folder / "common.typ").write_bytes((render_module.TEMPLATES / "common.typ").read_bytes())
    monkeypatch.setattr(render_module, "TEMPLATES", folder)
    yield


def page_of(pdf: bytes) -> Any:
    """The text of the first page, with its places."""
    return pypdfium2.PdfDocument(pdf)[0].get_textpage()


def text_of(pdf: bytes) -> str:
    return str(page_of(pdf).get_text_range())


def changed(settings: Settings, **office: Any) -> Settings:
    return settings.model_copy(update={"office": settings.office.model_copy(update=office)})


def test_the_same_rows_give_the_same_bytes(home: Home, settings: Settings) -> None:
    first, again = (render("paper", [ROW, ROW], settings, home, AT) for _ in range(2))
    assert first == again
    assert render("paper", [ROW, ROW], settings, home, datetime(2026, 11, 24)) != first
    assert len(re.findall(rb"/Type\s*/Page\b", first)) == 2


def test_each_row_may_have_a_file_of_its_own(home: Home, settings: Settings) -> None:
    assert render_each("paper", [ROW, ROW], settings, home, AT) == [render("paper", [ROW], settings, home, AT)] * 2


def test_thousands_are_files_of_their_own_in_the_order_of_the_rows(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the other processes have the templates of the project
    due = {"fiscal_year": "", "tax_year": "", "tax_item": "", "instalment": "", "due_date": "", "pay_by": "", "day": ""}
    due |= {
        "principal_yen": 1,
        "reminder_fee_yen": 0,
        "late_charge_yen": 0,
        "total_yen": 1,
        "slip_no": "",
        "el_no": None,
    }
    due |= {"barcode_svg": None, "barcode_text": [], "qr_svg": None, "ocr_upper": "", "ocr_lower": ""}
    due["provisional"] = None
    monkeypatch.setattr(render_module, "PAPERS_A_FILE", 2)
    rows = [{"to": TO, **due, "notice_no": f"{number:010d}"} for number in range(5)]
    files = render_files("slip", rows, settings, home, AT)
    assert list(files) == ["slip-1.pdf", "slip-2.pdf", "slip-3.pdf"]
    assert files["slip-2.pdf"] == render("slip", rows[2:4], settings, home, AT)
    assert "0000000004" in text_of(files["slip-3.pdf"])
    said = "令和8年の割合で仮に計算しています"
    (paper,) = render_files("slip", [rows[0] | {"provisional": said}], settings, home, AT).values()
    assert said in text_of(paper) and said not in text_of(files["slip-1.pdf"])


def test_a_form_stands_below_the_first_sheet_of_each_paper_only(home: Home, settings: Settings) -> None:
    form, letter = (render_module.TEMPLATES / f"letter{end}.typ" for end in ("-form", ""))
    form.write_text('#import "common.typ": *\n#show: papers\n#letter-form("お知らせ")', encoding="utf-8")
    letter.write_text(
        '#import "common.typ": *\n#show: letters-on-form\n#for-each-row(row => {\n  on-form-head(row.to)\n'
        "  listing((none,), row.lines)\n})",
        encoding="utf-8",
    )
    papers = pypdfium2.PdfDocument(
        render(
            "letter", [{"to": TO, "lines": [[n] for n in range(60)]}, {"to": TO, "lines": [[1]]}], settings, home, AT
        )
    )
    pages = [page.get_textpage() for page in papers]
    assert [page.get_text_range().count("雪見市長") for page in pages] == [1, 0, 1]
    # The table of the first sheet ends above the contact: below its upper edge stands what a short letter has there.
    place, _ = pages[0].search("お問い合わせ先").get_next()
    edge = pages[0].get_charbox(place)[3]
    foot, short = (page.get_text_bounded(bottom=0, top=edge) for page in (pages[0], pages[2]))
    assert foot == short
    assert "電話" in foot


def test_what_is_printed(home: Home, settings: Settings) -> None:
    text = text_of(render("paper", [ROW], settings, home, AT))
    for words in (
        "1,234,567 円",
        "▲500",
        "－",
        "雪見市長",
        "（公印省略）",
        "〒999-0012",
        "様",
        "審査請求",
        "0299-00-0000",
    ):
        assert words in text, words
    assert "{" not in text


def test_the_address_stands_in_the_window(home: Home, settings: Settings) -> None:
    window = settings.office.window
    page = page_of(render("paper", [ROW], settings, home, AT))
    millimetre, sheet_mm = 72 / 25.4, 297
    for word in ("〒999-0012", "雪見市中央一丁目", "雪見太郎"):
        start, count = page.search(word).get_next()
        for place in range(start, start + count):
            left, bottom, right, top = (edge / millimetre for edge in page.get_charbox(place))
            assert window.left_mm <= left and right <= window.left_mm + window.width_mm, word
            assert window.top_mm <= sheet_mm - top and sheet_mm - bottom <= window.top_mm + window.height_mm, word


def test_a_withheld_address_is_not_sent(home: Home, settings: Settings, tmp_path: Path) -> None:
    row = {"to": TO | {"postal_code": None, "lines": [], "withheld": True}, "yen": None}
    text = text_of(render("paper", [row], settings, home, AT))
    assert "（窓口交付・送付不可）" in text and "〒999-0012" not in text


def test_a_seal_is_printed(home: Home, settings: Settings, tmp_path: Path) -> None:
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
    (home.root / "seal.svg").write_text(square, encoding="utf-8")
    pdf = render("paper", [ROW], changed(settings, seal=Path("seal.svg")), home, AT)
    assert "公印省略" not in text_of(pdf)
    with pytest.raises(OsameError, match=r"office\.seal: .*none\.png: No such file"):
        render("paper", [ROW], changed(settings, seal=Path("none.png")), home, AT)


# --- characters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["髙﨑𠮷男", "辻󠄀邉", "ﾕｷﾐ", "A b"])
def test_names_that_the_font_has(home: Home, settings: Settings, name: str) -> None:
    render("paper", [ROW | {"to": TO | {"name": name}}], settings, home, AT)


def test_a_character_that_no_font_has_stops_the_paper(home: Home, settings: Settings) -> None:
    odd = ROW | {"to": TO | {"name": "雪見\ue000郎"}}
    with pytest.raises(OsameError, match=r"1 of 3 papers have characters .*paper 2: U\+E000"):
        render("paper", [ROW, odd, ROW], settings, home, AT)
    rows, left = without_unprintable([ROW, odd, ROW], settings)
    assert (rows, left) == ([ROW, ROW], {1: ["\ue000"]})


@pytest.mark.parametrize(
    ("fonts", "said"),
    [
        ({"files": ["no_such_package:A.otf"]}, "no_such_package is not installed"),
        ({"files": ["pylopdf_fonts_jp:Gone.otf"]}, "does not exist"),
        ({"files": ["/no/such/font.ttf"]}, "does not exist"),
        ({"files": ["yaml:__init__.py"]}, "is no font file"),
        ({"text": ["Gothic of the City"]}, "no font file has the families Gothic of the City"),
    ],
)
def test_a_font_that_is_missing_is_named(home: Home, settings: Settings, fonts: dict[str, Any], said: str) -> None:
    own = changed(settings, fonts=settings.office.fonts.model_copy(update=fonts))
    with pytest.raises(OsameError, match=said) as caught:
        render("paper", [ROW], own, home, AT)
    assert "office.fonts" in caught.value.advice


def test_nothing_to_print_and_a_row_that_does_not_fit(home: Home, settings: Settings) -> None:
    with pytest.raises(OsameError, match="there is nothing to print"):
        render("paper", [], settings, home, AT)
    with pytest.raises(OsameError, match=r"paper\.typ: dictionary does not contain key .yen."):
        render("paper", [{"to": TO}], settings, home, AT)


# --- publishing --------------------------------------------------------------------------------------------------


def test_a_run_is_private_whole_and_never_replaced(home: Home) -> None:
    purpose = Act(Permission("notice", "通知"), "1234", "定例", AT)
    runs = [
        publish(
            home, purpose, {"notice.pdf": b"%PDF-1"}, count=1, as_of=date(2026, 11, 22), known_at=AT, vault_reads=[]
        )
        for _ in range(2)
    ]
    assert [run.folder.name for run in runs] == ["20261123-093000", "20261123-093000-2"]
    for run in runs:
        assert {path.name for path in run.folder.iterdir()} == {"notice.pdf", "manifest.json"}
        for folder in (run.folder, run.folder.parent, home.documents):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    manifest = json.loads((runs[0].folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["document"], manifest["count"], manifest["by"], manifest["as_of_date"]) == (
        "notice", 1, "1234", "2026-11-22"
    )  # fmt: skip
    assert read_runs(home.published) == []  # there are names in documents: the portal does not list them


def test_a_run_that_fails_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    purpose = Act(Permission("notice", "通知"), "1234", "定例", AT)
    with pytest.raises(OSError, match="No space"):
        publish(home, purpose, {"a.pdf": b""}, count=1, as_of=AT.date(), known_at=None, vault_reads=[])
    assert list((home.documents / "notice").iterdir()) == []
