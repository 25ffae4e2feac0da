"""Writes the dbt source YAML from the layouts: ``python -m warehouse.sources [--check]``.

Personal columns are not listed: what dbt does not know, no model puts out by accident.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from ingestion.landing import LOADS, QUARANTINE
from ingestion.layout import GROUP, LINEAGE, is_grouped, landing_schema
from ingestion.layout_catalog import load_layouts
from osame.files import write_or_check
from osame.home import PROJECT

TARGET = PROJECT / "models" / "staging" / "landing__sources.yml"

_HEAD = "# Generated from ingestion/layouts by `make sources`; do not edit.\n"
_LABELS = {
    "load_id": "取込番号（ファイル内容から決まる）",
    "source_line": "ファイル内の行番号",
    "group_no": "ヘッダ・グループ番号",
    "offer_no": "受付番号",
    "row_text": "行の原文",
}


def render() -> str:
    """The YAML text for the shipped layouts."""
    layouts = load_layouts()
    tables: list[dict[str, Any]] = [
        _table("loads", "取込ファイル: one row per file ever offered", dict(LOADS)),
        _table(
            "quarantine",
            "隔離行: one row per row that broke its contract",
            {name: sql for name, sql in QUARANTINE.items() if name != "row_text"},
        ),
    ]
    for name, columns in sorted(landing_schema(layouts).items()):
        lineage = dict(LINEAGE) | ({GROUP[0]: GROUP[1]} if is_grouped(name, layouts) else {})
        table = _table(name, _description(name), lineage)
        table["columns"] += [
            {
                "name": c.name,
                "data_type": c.sql_type,
                "description": c.label_ja + (f": {c.description}" if c.description else ""),
            }
            for c in columns
            if not c.personal
        ]
        tables.append(table)
    source = {
        "version": 2,
        "sources": [
            {
                "name": "landing",
                "database": "landing",
                "schema": "main",
                "description": "取込ストア: every accepted record as delivered (personal columns are not listed)",
                "tables": tables,
            }
        ],
    }
    return _HEAD + yaml.safe_dump(source, allow_unicode=True, sort_keys=False, width=140)


def _description(table: str) -> str:
    titles = []
    for layout in load_layouts().values():
        if table in layout.tables():
            titles.append(f"{layout.title_ja}: {layout.grain}")
        elif table.removesuffix("_groups") in layout.tables():
            titles.append(f"{layout.title_ja}: one row per header group")
    return " / ".join(titles)


def _table(name: str, description: str, columns: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "columns": [{"name": c, "data_type": sql, "description": _LABELS.get(c, c)} for c, sql in columns.items()],
    }


def main(arguments: list[str], target: Path = TARGET) -> int:
    """Write the file, or with ``--check`` say whether it is what it should be."""
    return write_or_check(target, render(), arguments, "the layouts")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
