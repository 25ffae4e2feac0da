"""``osame layout``: an office's layouts, tried out before they are put to use. Needs no home, and writes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from osame.clock import today
from osame.console import out, parse_day, print_json, told, yen
from osame.errors import OsameError

app = typer.Typer(help="Layouts: one YAML for each file format.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]
_SHOWN_ROWS = 3
_SHOWN_FINDINGS = 10


@app.command()
def check(
    layout: Annotated[Path, typer.Argument(metavar="FILE.yml", help="The layout.")],
    samples: Annotated[list[Path] | None, typer.Argument(metavar="[SAMPLE]...", help="Files to read with it.")] = None,
    business_date: Annotated[
        str | None, typer.Option(help="業務日付 of the samples, if their names do not tell (default: today).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say everything that is wrong with a layout, and what it makes of sample files. Nothing lands.

    Of each sample: whether it would be recognised, records, yen, findings, and the first rows (personal values as ●).
    Exit code 0: nothing is wrong; 1: something is; 2: nothing was tried.

    Example: osame layout check data/layouts/our_bank.yml from-bank.dat
    """
    from ingestion.layout_catalog import LayoutProblems, check_layout

    with told():
        day = parse_day(business_date, "--business-date") if business_date else today()
        for path in [layout, *(samples or [])]:
            if not path.is_file():
                raise OsameError(f"{path} is no file", "name a layout, then sample files")
    try:
        checked = check_layout(layout)
    except LayoutProblems as error:
        told_layout: dict[str, Any] = {"layout": str(layout), "problems": list(error.problems), "samples": []}
        _finish(told_layout, as_json)
        return
    with told():
        found = [_sample(path, checked, day) for path in samples or []]
    described = {"id": checked.id, "title": checked.title_ja, "kind": checked.kind, "tables": checked.tables()}
    _finish({"layout": str(layout), **described, "problems": [], "samples": found}, as_json)


@app.command("list")
def list_layouts(as_json: Json = False) -> None:
    """List the layouts that files are read with: those shipped, this home's own, and those of it that are broken.

    Example: osame layout list
    """
    from ingestion.layout_catalog import broken_layouts, load_layouts
    from osame.home import open_home

    with told():
        folder = open_home().layouts
        shipped, layouts = load_layouts(), load_layouts(folder)
        broken = {b.id: b.problem for b in broken_layouts(folder)}
    rows: list[dict[str, Any]] = [
        {
            "id": name,
            "title": layouts[name].title_ja if name in layouts else None,
            "kind": layouts[name].kind if name in layouts else None,
            "tables": layouts[name].tables() if name in layouts else [],
            "is_own": layouts.get(name) != shipped.get(name) or name in broken,
            "problem": broken.get(name),
        }
        for name in sorted({*layouts, *broken})
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "[red]broken[/]" if row["problem"] else "own    " if row["is_own"] else "shipped"
        out.print(f"{mark}  {escape(row['id'])}  {escape(row['title'] or '')}  {', '.join(row['tables'])}")
        if row["problem"]:
            out.print(f"    {row['problem']}", markup=False)


def _sample(path: Path, layout: Any, day: date) -> dict[str, Any]:
    """What the layout makes of one file; whether it would be told from the others comes first."""
    from ingestion.inbox import crashed
    from ingestion.layout_catalog import load_layouts
    from ingestion.read import read
    from ingestion.readers.decoded import Context
    from ingestion.readers.findings import Refused

    data, context = path.read_bytes(), Context(path.name, day, format=layout.id, business_date=day)
    told_sample: dict[str, Any] = {
        "file": str(path),
        "recognised_as": _recognised(data, Context(path.name, day), {**load_layouts(), layout.id: layout}),
    }
    try:
        decoded = read(data, context, {layout.id: layout})
    except Refused as refused:
        return told_sample | {"findings": [f.as_dict() for f in refused.findings], "lines": _lines(refused.findings)}
    except Exception as error:  # a layout that nobody has tried may break a reader: that is what this is for
        return told_sample | {"findings": [crashed(error).as_dict()], "lines": _lines([crashed(error)])}
    findings = [finding for row in decoded.quarantined for finding in row.findings]
    return told_sample | {
        "records": decoded.records,
        "amount_yen": decoded.amount_yen,
        "quarantined": len(decoded.quarantined),
        "findings": [f.as_dict() for f in findings],
        "warnings": [f.as_dict() for f in decoded.warnings],
        "lines": _lines([*findings, *decoded.warnings]),
        "rows": _rows(decoded, layout),
    }


def _recognised(data: bytes, context: Any, layouts: dict[str, Any]) -> str | None:
    """The layout that a file would be read with unless one is named; None if it cannot be told."""
    from ingestion.readers.detect import detect
    from ingestion.readers.findings import Refused
    from ingestion.readers.workbook import is_workbook

    if is_workbook(data):  # told by its sheet, and only extracts are taken from one
        return None
    try:
        return detect(data, context, layouts).id
    except Refused:
        return None


def _rows(decoded: Any, layout: Any) -> list[dict[str, Any]]:
    """The first rows as they would land. A personal value is a dot, whatever its length."""
    from ingestion.readers.csv_cells import MASKED

    table = layout.table_for(decoded.role)
    personal = {column.name for column in layout.table_schemas()[table] if column.personal}
    return [
        {name: MASKED if name in personal and value is not None else value for name, value in row.items()}
        for row in decoded.tables[table].slice(0, _SHOWN_ROWS).to_pylist()
    ]


def _lines(findings: Any) -> list[str]:
    return [finding.english() for finding in findings]


def _finish(found: dict[str, Any], as_json: bool) -> None:
    """Print what was found, and leave with 1 if anything is wrong."""
    if as_json:
        samples = [{name: value for name, value in s.items() if name != "lines"} for s in found["samples"]]
        print_json(found | {"samples": samples})
    else:
        _show(found)
    if found["problems"] or any(sample["findings"] for sample in found["samples"]):
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    if found["problems"]:
        out.print(f"[red]broken[/]  {escape(found['layout'])}")
        for problem in found["problems"]:
            out.print(f"    {problem}", markup=False)
        return
    out.print(f"[green]sound[/]   {escape(found['layout'])}: {found['kind']}, lands in {', '.join(found['tables'])}")
    for sample in found["samples"]:
        mark = "[red]refused[/]" if "records" not in sample else "[green]read[/]   "
        out.print(
            f"{mark} {escape(sample['file'])}"
            + ("" if "records" not in sample else f"  {sample['records']:,} records  {yen(sample['amount_yen'])} yen")
            + (f"  [yellow]{sample['quarantined']:,} quarantined[/]" if sample.get("quarantined") else "")
        )
        if sample["recognised_as"] != found["id"]:
            known = sample["recognised_as"] or "nothing that is known"
            out.print(f"    without --format {found['id']} it would be taken for {known}", markup=False)
        for line in sample["lines"][:_SHOWN_FINDINGS]:
            out.print(f"    {line}", markup=False)
        if len(sample["lines"]) > _SHOWN_FINDINGS:
            out.print(f"    … and {len(sample['lines']) - _SHOWN_FINDINGS:,} more (--json has all)", markup=False)
        for row in sample.get("rows", []):
            values = "  ".join(f"{name}={value}" for name, value in row.items() if value is not None)
            out.print(f"    row  {values}", markup=False)
