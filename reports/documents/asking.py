"""What the commands of all papers share: who asks and why, and whom a batch has left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from osame.console import err

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]
By = Annotated[str, typer.Option("--by", help="Staff number of who asks; logged.")]
Reason = Annotated[str, typer.Option("--reason", help="Why people are looked up, in words; logged.")]


def tell_missing(missing: Sequence[str], what: str) -> None:
    """Who was left out of a batch, and why; exit code 1 if somebody was, after the others have been issued."""
    for name in missing:
        err.print(f"[red]Left out:[/] {escape(name)} is not in the vault")
    if missing:
        err.print(
            f"{what}. -> land the addressees extract (宛名) that has them, run: osame build, and issue these again",
            markup=False,
        )
        raise typer.Exit(1)
