"""``osame vault-log``: who has been shown whom, and whether the log is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from osame.console import err, out, print_json, told
from osame.home import open_home

_SHOWN_ADDRESSEES = 3


def vault_log(
    addressee: Annotated[str | None, typer.Option(help="Only readings about this 宛名番号.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check that no line was changed or removed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")] = False,
) -> None:
    """Show who has read about people in the vault: when, whom, for what paper, and why.

    Exit code with --verify: 0 the log is whole; 1 something was changed, removed or cut off.

    Example: osame vault-log --verify
    """
    from ingestion.vault_log import entries, problems

    with told():
        home = open_home()
        found = problems(home) if verify else []
        shown = [entry for entry in entries(home) if addressee is None or addressee in entry["addressees"]]
    if as_json:
        print_json({"readings": shown, "problems": found} if verify else shown)
    else:
        for entry in [] if verify and addressee is None else shown:
            numbers = entry["addressees"]
            of = " of " if numbers else ""
            more = f" and {len(numbers) - _SHOWN_ADDRESSEES:,} more" if len(numbers) > _SHOWN_ADDRESSEES else ""
            protected = "  [protected addresses shown]" if entry["shows_protected"] else ""
            out.print(
                f"{entry['at']}  {entry['by']} ({entry['os_user']})  {entry['document']}  {entry['what']}"
                f"{of}{', '.join(numbers[:_SHOWN_ADDRESSEES])}{more}  {entry['reason']}{protected}",
                markup=False,
            )
        if verify and not found:
            out.print(f"readings: {len(shown):,}; every line follows the one before it")
    for problem in found:
        err.print(f"{home.logs}: {problem}", markup=False)
    if found:
        err.print("  -> compare logs/ with its backup; who could write there?")
        raise typer.Exit(1)
