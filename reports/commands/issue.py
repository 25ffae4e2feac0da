"""``osame issue``: documents on paper. Each module of ``reports.documents`` that has a function ``command`` is one.

Its name is the command's, the first paragraph of its docstring the help: read from the text, because Typst, fonts and
barcodes are loaded by the paper that is called, and by no other.
"""

from __future__ import annotations

import ast
import importlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from osame.cli import as_command
from osame.console import Json, out, print_json, told
from osame.home import open_home

_PAPERS = Path(__file__).parents[1] / "documents"
_COMMAND = "command"


@lru_cache(maxsize=1)
def papers() -> dict[str, str]:
    """Every paper that may be asked for, with what its command says of itself first."""
    found = {}
    for path in sorted(_PAPERS.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == _COMMAND:
                found[path.stem.replace("_", "-")] = (ast.get_docstring(node) or "").split("\n\n")[0]
    return found


class Papers(TyperGroup):
    """Lists papers by their files, and loads the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The list of what was issued, then the papers."""
        return [*super().list_commands(ctx), *papers()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What the list shows of a command."""
        if cmd_name in papers():
            return TyperCommand(cmd_name, help=papers()[cmd_name])
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, with its module."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.load(name) if name in papers() else command, rest

    def load(self, name: str) -> Any:
        """A paper's command; this imports its module."""
        module = importlib.import_module(f"reports.documents.{name.replace('-', '_')}")
        return as_command(name, getattr(module, _COMMAND))


app = typer.Typer(
    cls=Papers,
    help="Documents on paper (PDF), with who asked for them and why.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _issue() -> None: ...


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
