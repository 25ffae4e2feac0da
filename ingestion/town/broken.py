"""Files that must be refused, each made from a good one by a single fault, with the finding that says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

WIDTH = 122  # a 120-byte record with CRLF
_STATEMENT = 202


def _cut(data: bytes, start: int, stop: int, new: bytes) -> bytes:
    return data[:start] + new + data[stop:]


def _without_first_data(data: bytes) -> bytes:
    return _cut(data, WIDTH, 2 * WIDTH, b"")


def _without_last_row(data: bytes) -> bytes:
    """Other bytes than the good file's, which would be known already."""
    return data[: data.rindex(b"\r\n", 0, len(data) - 2) + 2]


def _trailer(data: bytes) -> int:
    """Where the first trailer begins."""
    return next(at for at in range(0, len(data), WIDTH) if data[at : at + 1] == b"8")


def _trailer_first(data: bytes) -> bytes:
    at = _trailer(data)
    return data[:WIDTH] + data[at : at + WIDTH] + data[WIDTH:at] + data[at + WIDTH :]


def _total_changed(data: bytes) -> bytes:
    at = _trailer(data) + 7
    return _cut(data, at, at + 12, f"{int(data[at : at + 12]) + 1:012d}".encode())


def _other_digit(data: bytes) -> bytes:
    """The last digit of the first slip number, without its check digit."""
    at = WIDTH + 44
    return _cut(data, at, at + 1, b"%d" % ((int(data[at : at + 1]) + 1) % 10))


def _other_balance(data: bytes) -> bytes:
    at = len(data) - 2 * _STATEMENT + 40
    return _cut(data, at, at + 14, f"{int(data[at : at + 14]) + 1:014d}".encode())


def _amount(new: bytes) -> Callable[[bytes], bytes]:
    """Another amount in the first row of paid_slips."""

    def change(data: bytes) -> bytes:
        rows = data.split(b"\r\n")
        cells = rows[1].split(b",")
        cells[17] = new
        return b"\r\n".join([rows[0], b",".join(cells), *rows[2:]])

    return change


# broken file -> (the good file it is made from, the fault, the code of the finding that it must give)
FAULTS: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "result_cut_off_{date}.dat": ("zengin91_result", lambda d: d[: _trailer(d)], "ING-021"),
    "result_without_end_{date}.dat": ("zengin91_result", lambda d: d[:-WIDTH], "ING-022"),
    "result_record_missing_{date}.dat": ("zengin91_result", _without_first_data, "ING-040"),
    "result_total_differs_{date}.dat": ("zengin91_result", _total_changed, "ING-041"),
    "result_ebcdic_{date}.dat": ("zengin91_result", lambda d: _cut(d, 3, 4, b"1"), "ING-011"),
    "result_utf8_{date}.dat": ("zengin91_result", lambda d: d.decode("cp932").encode("utf-8"), "ING-012"),
    "result_byte_missing_{date}.dat": ("zengin91_result", lambda d: _cut(d, WIDTH + 60, WIDTH + 61, b""), "ING-010"),
    "result_out_of_order_{date}.dat": ("zengin91_result", _trailer_first, "ING-020"),
    "result_after_end_{date}.dat": ("zengin91_result", lambda d: d + d[:WIDTH], "ING-023"),
    "result_unknown_code_{date}.dat": ("zengin91_result", lambda d: _cut(d, WIDTH + 111, WIDTH + 112, b"5"), "ING-032"),
    "cvs_check_digit_{date}.dat": ("cvs", _other_digit, "ING-036"),
    "cvs_impossible_date_{date}.dat": ("cvs", lambda d: _cut(d, WIDTH + 3, WIDTH + 11, b"20250231"), "ING-033"),
    "statement_balance_{date}.dat": ("statement03", _other_balance, "ING-042"),
    "paid_slips_quote_{date}.csv": ("paid_slips", lambda d: d[:-2] + b'"\r\n1,"2', "ING-062"),
    "paid_slips_separator_{date}.csv": ("paid_slips", _amount(b'"1,200"'), "ING-030"),
    "paid_slips_negative_{date}.csv": ("paid_slips", _amount(b"-1200"), "ING-066"),
    "dsk_error_{date}.csv": ("dsk", lambda d: b"error:no data\r\n", "ING-068"),
    "dsk_bytes_{date}.csv": ("dsk", lambda d: d[:-20] + b"\xff\xff" + d[-18:], "ING-013"),
    "assessments_{date}_9.csv": ("assessments", lambda d: d.replace("税額".encode("cp932"), b"zeigaku", 1), "ING-060"),
    "assessments_undated.csv": ("assessments", _without_last_row, "ING-063"),
    "empty_{date}.dat": ("cvs", lambda d: b"", "ING-002"),
    "memo_{date}.txt": ("cvs", lambda d: "来月の予定".encode("cp932"), "ING-001"),
}


def write_broken(files: Path, folder: Path, truth: Path) -> None:
    """Writes the broken files; ``truth/broken.json`` names the finding expected of each."""
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, str] = {}
    for pattern, (kind, fault, code) in FAULTS.items():
        source = sorted(files.glob(f"{kind}_*"))[0]
        name = pattern.format(date=source.stem.split("_")[-1])
        (folder / name).write_bytes(fault(source.read_bytes()))
        expected[name] = code
    (truth / "broken.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")
