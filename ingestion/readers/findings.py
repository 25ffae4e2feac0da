"""What is wrong with a delivered file or row: one catalogue of codes, one sentence in each language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from osame.bilingual import Said, in_japanese, said


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: what it means (English and Japanese) and what to do next (both)."""

    meaning: str
    meaning_ja: str
    advice: str
    advice_ja: str


KINDS: dict[str, Kind] = {
    "ING-001": Kind(
        "no layout fits this file",
        "どの形式にも当てはまりません",
        "compare with the nearest layouts listed, name one with --format, or add a layout YAML",
        "送付元と、どの形式のファイルかを確認してください。初めて受け取る形式のときは、この票を添えて"
        "システム担当者に連絡してください",
    ),
    "ING-002": Kind(
        "the file is empty", "ファイルが空です", "ask the sender for it again", "送付元に再送を依頼してください"
    ),
    "ING-003": Kind(
        "the office's own layout of this format is broken",
        "この形式について職場で追加した定義に誤りがあり、使えません",
        "mend the layout (osame layout check FILE.yml), then deliver the file again",
        "この票を添えてシステム担当者に連絡してください。定義を直した後、同じファイルをもう一度取り込みます",
    ),
    "ING-004": Kind(
        "the file cannot be read",
        "ファイルを読み込めません",
        "give this user the file, or deliver it again; it stays where it is and is tried again by the next run",
        "ファイルの権限を確認するか、提出し直してください。ファイルは元の場所に残り、次回もう一度取り込みます",
    ),
    "ING-005": Kind(
        "the program failed while it read the file",
        "読込プログラムが異常終了しました",
        "report this line and the layout; the file stays where it is, and the others were not held up",
        "この行と形式の名前をシステム担当者に知らせてください。ファイルは元の場所に残ります",
    ),
    "ING-006": Kind(
        "what was decided about the file stands, but it could not be put away",
        "取込の結果は記録しましたが、ファイルを移動できません",
        "clear the way (a folder of that name, a permission), then run the same command again",
        "移動先の障害（同じ名前のフォルダ、権限など）を取り除き、もう一度取り込んでください",
    ),
    "ING-007": Kind(
        "a file without a single record, landed as such",
        "データが1件もありません（0件として受け入れました）",
        "nothing to do if there was nothing that day; otherwise ask the sender for the file again",
        "その日に何もなければ、このままで構いません。あるはずのときは、送付元に再送を依頼してください",
    ),
    "ING-008": Kind(
        "a full extract without rows, which would withdraw everything",
        "全件のファイルにデータが1件もありません（受け入れると全件が取消しになります）",
        "the export has most likely failed: run it again; if every row is really gone, deliver a differential file "
        "that withdraws them one by one (削除フラグ 1)",
        "出力の失敗と思われます。出力し直してください。本当に全件がなくなったときは、1件ずつ削除フラグを1とした"
        "差分のファイルを提出してください",
    ),
    "ING-010": Kind(
        "wrong record length",
        "レコード長が違います",
        "ask for the file in its fixed length, unconverted",
        "変換していない固定長のファイルの再送を依頼してください",
    ),
    "ING-011": Kind(
        "EBCDIC data",
        "EBCDIC のデータです",
        "ask for code class 0 (JIS)",
        "コード区分 0（JIS）での再送を依頼してください",
    ),
    "ING-012": Kind(
        "UTF-8 where one byte is one character",
        "1文字1バイトのはずが UTF-8 に変換されています",
        "ask for the original bytes; do not open and save the file in an editor",
        "元のバイト列での再送を依頼してください（エディタで保存し直さないでください）",
    ),
    "ING-013": Kind(
        "bytes that are no character",
        "文字として読めないバイトがあります",
        "ask the sender for the file again",
        "送付元に再送を依頼してください",
    ),
    "ING-014": Kind(
        "a workbook with something else than plain values",
        "ワークブックに、そのままでは読めない内容があります",
        "fill in the sheet that osame template makes, with values only",
        "配られた様式に値だけを記入し（貼り付けは「値の貼り付け」）、もう一度提出してください",
    ),
    "ING-015": Kind(
        "a zip archive",
        "zip です（中のファイルを取り出していません）",
        "unpack it and offer the files that are in it",
        "zip を展開し、中のファイルを1つずつ受入フォルダに置いてください",
    ),
    "ING-016": Kind(
        "a workbook that cannot be opened as it is",
        "このままでは開けないワークブックです",
        "open it in Excel, take the password off, save it as .xlsx and offer that",
        "Excel で開き、パスワードを外し、「Excel ブック（.xlsx）」として保存したものを提出してください",
    ),
    "ING-017": Kind(
        "a damaged workbook or archive",
        "ワークブック（又は zip）が壊れています",
        "open it in Excel and save it again; if Excel cannot open it either, ask the sender for it again",
        "Excel で開いて保存し直してください。Excel でも開けないときは、送付元に再送を依頼してください",
    ),
    "ING-018": Kind(
        "a workbook that is larger than is read",
        "ワークブックが大きすぎます",
        "copy the filled rows into a new template; a large extract comes as CSV",
        "記入した行だけを新しい様式に写して提出してください。件数の多いデータは CSV で出力してください",
    ),
    "ING-020": Kind(
        "wrong record order",
        "レコードの順序が違います",
        "ask the sender for the file again",
        "送付元に再送を依頼してください",
    ),
    "ING-021": Kind(
        "the trailer record is missing",
        "トレーラ・レコードがありません",
        "the file was probably cut off: ask for it again",
        "ファイルが途中で切れた可能性があります。再送を依頼してください",
    ),
    "ING-022": Kind(
        "the end record is missing",
        "エンド・レコードがありません",
        "the file was probably cut off: ask for it again",
        "ファイルが途中で切れた可能性があります。再送を依頼してください",
    ),
    "ING-023": Kind(
        "bytes after the end record",
        "エンド・レコードの後にデータがあります",
        "ask the sender for the file again",
        "送付元に再送を依頼してください",
    ),
    "ING-030": Kind(
        "not a number", "数字ではありません", "ask the sender to correct it", "送付元に訂正を依頼してください"
    ),
    "ING-031": Kind(
        "a character that is not allowed here",
        "使用できない文字です",
        "ask the sender to correct it",
        "送付元に訂正を依頼してください",
    ),
    "ING-032": Kind(
        "an unknown code",
        "定義されていないコードです",
        "ask the sender what the code means; if it is a new one, add it to the layout",
        "送付元にコードの意味を確認してください。新しいコードのときは、この票を添えてシステム担当者に連絡してください",
    ),
    "ING-033": Kind(
        "an impossible date", "ありえない日付です", "ask the sender to correct it", "送付元に訂正を依頼してください"
    ),
    "ING-034": Kind(
        "the year or era cannot be told",
        "年または元号を特定できません",
        "give --business-date YYYY-MM-DD",
        "ファイルの業務日付（何年何月何日の分か）を送付元に確認し、システム担当者に連絡してください",
    ),
    "ING-035": Kind(
        "a required value is blank",
        "必須の項目が空です",
        "ask the sender to fill it in",
        "送付元に訂正を依頼してください",
    ),
    "ING-036": Kind(
        "wrong check digit",
        "チェックディジットが違います",
        "ask the sender to correct it",
        "送付元に訂正を依頼してください",
    ),
    "ING-037": Kind(
        "a filler that is not blank",
        "空白であるべき予備欄に値があります",
        "nothing to do; if it comes again, ask the sender what stands there and check the layout",
        "このままで構いません。続くときは、予備欄の使い方を送付元に確認してください",
    ),
    "ING-038": Kind(
        "trailing spaces were stripped from a record",
        "レコード末尾の空白が取り除かれていました",
        "nothing to do; ask the sender to stop stripping them",
        "処理は続けます。末尾の空白を残すよう送付元に依頼してください",
    ),
    "ING-039": Kind(
        "a blank number, read as missing (not as 0)",
        "数値の項目が空白です（0 ではなく欠損として扱います）",
        "ask the sender to fill with zeros",
        "ゼロ埋めするよう送付元に依頼してください",
    ),
    "ING-040": Kind(
        "the count in the control record differs",
        "件数が合いません",
        "ask the sender for the file again",
        "送付元に再送を依頼してください",
    ),
    "ING-041": Kind(
        "the amount in the control record differs",
        "金額が合いません",
        "ask the sender for the file again",
        "送付元に再送を依頼してください",
    ),
    "ING-042": Kind(
        "opening balance and entries do not give the closing balance",
        "取引前残高と明細から取引後残高になりません",
        "ask the bank for the statement again",
        "金融機関に再送を依頼してください",
    ),
    "ING-050": Kind(
        "request or result cannot be told apart",
        "依頼データか結果データか判別できません",
        "check with the bank; if it is a result without result totals, land it again with "
        "--format and --allow-missing-result-totals",
        "依頼データか結果データかを金融機関に確認してください。結果合計のない結果データのときは、"
        "この票を添えてシステム担当者に連絡してください",
    ),
    "ING-051": Kind(
        "the same debit was already landed with another result code",
        "同じ振替が別の結果コードで取込済みです",
        "a person must decide with the bank which result is right",
        "どちらの結果が正しいか金融機関に確認してください",
    ),
    "ING-052": Kind(
        "keys that have landed before, written otherwise",
        "取込済みのキーと同じ番号が、違う書き方で入っています",
        "a spreadsheet may have taken their zeros: export the file again and do not open it before it is delivered; if "
        "those that landed are the wrong ones, withdraw them first (a file of them with 削除フラグ 1)",
        "表計算ソフトで先頭の 0 が失われた可能性があります。出力し直し、開かずに提出してください。"
        "取込済みの方が誤りのときは、先に削除フラグ 1 の行で取り消してください",
    ),
    "ING-060": Kind(
        "the header row differs from the layout",
        "見出し行が定められたものと違います",
        "export the file again with the headers of the layout; if the export has changed, change the layout",
        "定められた見出しで出力し直してください。出力の様式が変わったときは、この票を添えてシステム担当者に"
        "連絡してください",
    ),
    "ING-061": Kind(
        "wrong number of values in the row",
        "行の項目数が違います",
        "export the row again",
        "該当行を出力し直してください",
    ),
    "ING-062": Kind(
        "a quote is not closed",
        "引用符が閉じていません",
        "the file was probably cut off: export it again",
        "ファイルが途中で切れた可能性があります。出力し直してください",
    ),
    "ING-063": Kind(
        "the business date is not known",
        "業務日付が分かりません",
        "name the file <extract>_<YYYYMMDD>[_full][_<n>].csv or give --business-date",
        "ファイル名を「名称_年月日8桁.csv」（例: assessments_20250801.csv）とし、もう一度置いてください",
    ),
    "ING-064": Kind(
        "the same primary key twice in one file",
        "同じ主キーの行が1つのファイルに重複しています",
        "export one row per key",
        "主キーごとに1行で出力し直してください",
    ),
    "ING-065": Kind(
        "wrong length for its column",
        "桁数が違います",
        "a spreadsheet may have taken its zeros: export the row again and do not open the file before it is delivered",
        "表計算ソフトで先頭の 0 が失われた可能性があります。出力し直し、開かずに提出してください",
    ),
    "ING-066": Kind(
        "an amount with a sign that is not allowed",
        "金額の符号が正しくありません",
        "export the row again",
        "該当行を出力し直してください",
    ),
    "ING-067": Kind(
        "a value that the row needs is missing or contradicts another",
        "行の中の項目が不足しているか矛盾しています",
        "export the row again",
        "該当行を出力し直してください",
    ),
    "ING-068": Kind(
        "an error notice in place of data",
        "データではなくエラー通知です",
        "read the notice and ask the sender for the data",
        "通知の内容を確認し、送付元にデータを依頼してください",
    ),
    "ING-069": Kind(
        "a code that is not written as its layout asks",
        "コードの書き方が定められたものと違います",
        "a spreadsheet may have taken its zeros: export the file again and do not open it before it is delivered",
        "表計算ソフトで先頭の 0 が失われた可能性があります。出力し直し、開かずに提出してください",
    ),
    "ING-099": Kind(
        "more findings than are listed",
        "指摘が多いため一部だけを示しています",
        "correct the cause of those listed first",
        "まず一覧にある指摘の原因を直してください",
    ),
}


def one_of(values: Iterable[str]) -> Said:
    """That a value is one of some."""
    listed = ", ".join(values)
    return said(f"one of {listed}", f"{listed} のいずれか" if ", " in listed else listed)


def in_yen(amount: int) -> Said:
    """An amount of whole yen."""
    return said(f"{amount:,} yen", f"{amount:,}円")


def records_of(count: int) -> Said:
    """A number of records."""
    return said(f"{count:,} records", f"{count:,}件")


def rows_of(count: int) -> Said:
    """A number of rows."""
    return said(f"{count:,} rows", f"{count:,}行")


def size_of(count: int) -> Said:
    """A number of bytes."""
    return said(f"{count} bytes", f"{count}バイト")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, what was found, what was expected.

    line is the record or row number in the file, counted from 1 (None: the file as a whole);
    byte is the position in the record, counted from 1 (None where bytes mean nothing, as in CSV);
    field is the Japanese name of the item. ``found`` never holds a personal value: readers mask it.
    """

    code: str
    line: int | None
    byte: int | None
    field: str | None
    found: str
    expected: str

    def __post_init__(self) -> None:
        if self.code not in KINDS:
            raise KeyError(f"{self.code} is not in the catalogue of findings")

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    def english(self) -> str:
        where = "".join(
            part
            for part in (
                f"line {self.line}" if self.line is not None else "file",
                f", byte {self.byte}" if self.byte is not None else "",
                f", {self.field}" if self.field else "",
            )
        )
        return f"{where}  [{self.code}] {self.kind.meaning}: found {self.found}, expected {self.expected}"

    def japanese(self) -> str:
        where = "".join(
            part
            for part in (
                f"{self.line}行目" if self.line is not None else "ファイル全体",
                f" {self.byte}バイト目" if self.byte is not None else "",
                f" 「{in_japanese(self.field)}」" if self.field else "",
            )
        )
        found, expected = in_japanese(self.found), in_japanese(self.expected)
        return f"{where} [{self.code}] {self.kind.meaning_ja}。実際: {found} / 期待: {expected}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "meaning": self.kind.meaning, "advice": self.kind.advice}


class Refused(Exception):
    """A file that must not land. Carries every finding, and the format if it was recognised."""

    def __init__(self, findings: list[Finding], layout_id: str | None = None) -> None:
        super().__init__("; ".join(f.english() for f in findings[:3]))
        self.findings = findings
        self.layout_id = layout_id
