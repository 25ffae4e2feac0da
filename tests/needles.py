"""What may be found nowhere but in landing and the vault: people's names, numbers and addresses, in every encoding."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import jaconv
import numpy as np
import pyarrow.parquet as pq

from ingestion.town.people import zengin_kana

_SPACE = "　"
_LONG = 5  # characters; a shorter name is part of other words
_PIECE = 1 << 22  # bytes that are searched at a time
_LONGEST = 128  # more than the longest needle has


def people_of(truth: Path) -> dict[str, list[str]]:
    """The people of a town, a list of each kind of value."""
    table = pq.read_table(truth / "people.parquet")
    return {
        name: sorted({v for v in table[name].to_pylist() if v})
        for name in table.column_names
        if name not in ("addressee_no", "birth_date")
    }


def needles(truth: Path) -> dict[str, set[bytes]]:
    """Byte strings of each kind of personal value that cannot occur by chance.

    Names and kana with the ideographic space and without it, in full and half width; in UTF-8 and CP932. Names need
    five characters or more together with the given name. Account numbers (seven digits) are left out: in text full of
    digits they occur by chance; see ``account_numbers``.
    """
    people = people_of(truth)
    names = [f for name in people["name"] for f in (name, name.replace(_SPACE, ""), name.replace(_SPACE, " "))]
    full = [f for kana in people["kana"] for f in (kana, kana.replace(_SPACE, ""), kana.replace(_SPACE, " "))]
    half = [f for kana in full for f in (zengin_kana(kana), jaconv.z2h(kana.replace(_SPACE, " "), kana=True))]
    half += people["bank_name"]
    kinds = {
        "name": names,
        "kana": full,
        "half-width kana": half,
        "individual number": people["individual_no"],
        "address": people["address"],
        "phone": [f for phone in people["phone"] for f in (phone, phone.replace("-", ""))],
    }
    return {kind: _encoded(values) for kind, values in kinds.items()}


def _encoded(values: Iterable[str]) -> set[bytes]:
    return {text.encode(encoding) for text in values if len(text) >= _LONG for encoding in ("utf-8", "cp932")}


def account_numbers(truth: Path) -> set[bytes]:
    return {number.encode() for number in people_of(truth)["account_no"]}


class Search:
    """Finds any of many byte strings, in one pass over the data: by their last four bytes, then in full."""

    def __init__(self, kinds: dict[str, set[bytes]]) -> None:
        self._by_end: dict[int, list[tuple[str, bytes]]] = {}
        for kind, wanted in kinds.items():
            for needle in wanted:
                self._by_end.setdefault(int.from_bytes(needle[-4:], "little"), []).append((kind, needle))
        self._ends = np.array(sorted(self._by_end), np.uint32)
        self._likely = np.zeros(1 << 16, bool)
        self._likely[self._ends & 0xFFFF] = True

    def find(self, data: bytes) -> dict[str, bytes]:
        """One needle of each kind that is in the data."""
        found: dict[str, bytes] = {}
        for start in range(0, len(data), _PIECE):
            self._find(data[start : start + _PIECE + _LONGEST], found)
        return found

    def _find(self, data: bytes, found: dict[str, bytes]) -> None:
        if len(data) < 4:
            return
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), 4)
        at = np.flatnonzero(self._likely[windows[:, 0] | windows[:, 1].astype(np.uint16) << 8])
        values = np.ascontiguousarray(windows[at]).view("<u4")[:, 0]
        sure = np.isin(values, self._ends)
        for position, value in zip(at[sure].tolist(), values[sure].tolist(), strict=True):
            for kind, needle in self._by_end[value]:
                if data.endswith(needle, max(0, position + 4 - _LONGEST), position + 4):
                    found.setdefault(kind, needle)
