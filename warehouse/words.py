"""What codes are called: the seed ``code_words``, for whatever is read by people. Models join the same seed.

A domain is a column (``arrears_class``), or one of a table where columns of one name differ (``fct_dues.state``).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from osame.home import PROJECT

_SEED = PROJECT / "warehouse" / "seeds" / "code_words.csv"


def words(domain: str) -> Mapping[str, str]:
    """Code -> word, in the order in which the office lists them.

    Raises:
        KeyError: there is no such domain.
    """
    return MappingProxyType({code: word for code, (word, _) in _domains()[domain].items()})


def word(domain: str, code: object) -> str:
    """The word of a code; a code that has none is shown as it is."""
    found = _domains()[domain].get(_text(code))
    return str(code) if found is None else found[0]


def explained(domain: str, code: object) -> str:
    """The word of a code as a letter to somebody outside says it."""
    found = _domains()[domain].get(_text(code))
    return str(code) if found is None else found[1] or found[0]


def domain_of(column: str, tables: tuple[str, ...]) -> str | None:
    """The domain of a column that comes from one of ``tables``; None where its values are no codes."""
    names = [*(f"{table}.{column}" for table in tables), column]
    return next((name for name in names if name in _domains()), None)


def position(domain: str, code: object) -> int:
    """Where a code stands in the office's order; one that is not known comes last."""
    codes = list(_domains()[domain])
    return codes.index(_text(code)) if _text(code) in codes else len(codes)


def _text(code: object) -> str:
    return str(code).lower() if isinstance(code, bool) else str(code)


@lru_cache(maxsize=1)
def _domains() -> dict[str, dict[str, tuple[str, str]]]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    with _SEED.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            found.setdefault(row["domain"], {})[row["code"]] = (row["word"], row["explained"])
    return found
