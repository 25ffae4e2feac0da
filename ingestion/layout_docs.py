"""Writes the tables of docs/formats.md from the layouts: ``python -m ingestion.layout_docs [--check]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ingestion.layout import Layout
from ingestion.layout_catalog import load_layouts

TARGET = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
BEGIN = "<!-- begin: written by python -m ingestion.layout_docs -->"
END = "<!-- end -->"

_DIRECTION = {"request": "依頼", "result": "結果"}


class MarkerError(Exception):
    """The page has no place for the tables."""


def render(layouts: dict[str, Layout]) -> str:
    """The tables as Markdown: fixed-length formats, payment files in CSV, extracts, and where positions come from."""
    fixed = [layout for layout in layouts.values() if layout.kind == "fixed"]
    payments = [layout for layout in layouts.values() if layout.kind == "csv" and not layout.extract]
    extracts = [layout for layout in layouts.values() if layout.extract]
    lines = [
        "### Fixed-length files",
        "",
        "| layout | title | bytes | characters | landing table | effect | one row is | personal columns |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {_link(layout)} | {_cell(layout.title_ja)} | {layout.width} | {layout.encoding} | {_tables(layout)} "
            f"| {_effects(layout)} | {_cell(layout.grain)} | {_personal(layout)} |"
            for layout in fixed
        ),
        "",
        "### Payment files in CSV",
        "",
        "| layout | title | landing table | effect | one row is | personal columns |",
        "|---|---|---|---|---|---|",
        *(
            f"| {_link(layout)} | {_cell(layout.title_ja)} | {_tables(layout)} | {_effects(layout)} "
            f"| {_cell(layout.grain)} "
            f"| {_personal(layout)} |"
            for layout in payments
        ),
        "",
        "### Extracts of the core systems",
        "",
        "| layout | title | landing table | effect | one row is | primary key | personal columns |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {_link(layout)} | {_cell(layout.title_ja)} | {_tables(layout)} | {_effects(layout)} "
            f"| {_cell(layout.grain)} "
            f"| {_key(layout)} | {_personal(layout)} |"
            for layout in extracts
        ),
        "",
        "### Where the positions of fixed-length files come from",
        "",
        *(f"* **{layout.id}**: {_cell(layout.source)}" for layout in fixed),
    ]
    return "\n".join(lines)


def replaced(page: str, tables: str) -> str:
    """The page with the tables between its markers.

    Raises:
        MarkerError: the markers are not there, each once and in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise MarkerError(f"expected once each, in this order: {BEGIN} {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def main(arguments: list[str], target: Path = TARGET) -> int:
    """Write the tables, or with --check only say whether they are as they should be."""
    page = target.read_text(encoding="utf-8")
    wanted = replaced(page, render(load_layouts()))
    if "--check" not in arguments:
        target.write_text(wanted, encoding="utf-8")
        return 0
    if page == wanted:
        return 0
    sys.stderr.write(f"{target} differs from the layouts -- run: python -m ingestion.layout_docs\n")
    return 1


def _link(layout: Layout) -> str:
    return f"[{layout.id}](../ingestion/layouts/{layout.id}.yml)"


def _tables(layout: Layout) -> str:
    if layout.roles is None:
        return f"`{layout.table}`"
    return ", ".join(f"`{table}` ({_DIRECTION.get(role, role)})" for role, table in layout.roles.tables.items())


def _effects(layout: Layout) -> str:
    return ", ".join(dict.fromkeys(effect or "books" for effect in layout.effects().values()))


def _key(layout: Layout) -> str:
    """The primary key; that of a due is nine columns, and named as one."""
    return ", ".join(_shortened(layout.primary_key))


def _shortened(key: list[str]) -> Iterator[str]:
    due = key[:9]
    if due[-2:] == ["notice_no", "instalment_no"]:
        yield "key of the due"
        key = key[9:]
    yield from (f"`{name}`" for name in key)


def _personal(layout: Layout) -> str:
    fields = [*layout.data_fields(), *layout.group_fields()]
    return "、".join(dict.fromkeys(field.label_ja for field in fields if field.personal)) or "-"


def _cell(text: str) -> str:
    """Text on one line, with what would end a table's cell escaped. Folded YAML leaves blanks after 。 and 、."""
    return " ".join(text.split()).replace("。 ", "。").replace("、 ", "、").replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
