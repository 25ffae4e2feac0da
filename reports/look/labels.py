"""What a column is called: the first words of its description in the models' YAML, which analysts read too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import yaml

from osame.home import PROJECT
from osame.yaml_file import LOADER

_FOLDERS = ("models/marts", "warehouse/seeds")
_LABEL = re.compile(r"[^:：。]+")
_UNIT = re.compile(r"（円）|、円(?=）)")  # noqa: RUF001 - a table names its unit once, in its caption


def label_of(column: str, tables: Sequence[str]) -> str | None:
    """The label of a column that comes from one of ``tables``, without its unit; None if none of them has it.

    >>> label_of("carried_in_yen", ["fct_settlement_lines"])
    '繰越額'
    """
    labels = _labels()
    return next((labels[table, column] for table in tables if (table, column) in labels), None)


@lru_cache(maxsize=1)
def _labels() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for folder in _FOLDERS:
        for path in (PROJECT / folder).rglob("*.yml"):
            content = yaml.load(path.read_bytes(), Loader=LOADER)  # noqa: S506
            for table in [*content.get("models", []), *content.get("seeds", [])]:
                for column in table.get("columns", []):
                    first = _LABEL.match(str(column.get("description", "")))
                    if first is not None:
                        found[table["name"], column["name"]] = _UNIT.sub("", first.group())
    return found
