"""``osame issue``: documents on paper. Each document has a command here; the work is in the module that it names."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from warehouse.cli.output import out, print_json, told
from warehouse.config import open_home

app = typer.Typer(help="Documents on paper (PDF), with who asked for them and why.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]
By = Annotated[str, typer.Option("--by", help="Staff number of who asks; logged.")]
Reason = Annotated[str, typer.Option("--reason", help="Why people are looked up, in words; logged.")]


@app.command("list")
def list_issued(as_json: Json = False) -> None:
    """List the runs of documents that were issued, newest first.

    Example: osame issue list
    """
    with told():
        home = open_home()
        paths = sorted(home.documents.glob("*/*/manifest.json"), key=lambda p: (p.parent.name, str(p)), reverse=True)
        runs = [{**json.loads(path.read_text(encoding="utf-8")), "folder": str(path.parent)} for path in paths]
    if as_json:
        print_json(runs)
        return
    for run in runs:
        out.print(
            f"{run['issued_at']}  {run['document']}  {run['count']:,} papers  {run['by']}  {run['reason']}  "
            f"{run['folder']}",
            markup=False,
        )
    if not runs:
        out.print("no document has been issued yet")
