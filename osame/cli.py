"""``osame``: the command line, a table of its commands. A command's module is loaded when it is called.

Each command is thin; the work is in the modules that it names.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from osame.console import speak_utf8

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_DAY, _PEOPLE, _PAPER, _TOOLS = "Every day", "Staff and their decisions", "Papers and files that go out", "Tools"


class _NotNeeded(MetaPathFinder):
    """What libraries load if it is installed, each for a second, and no command uses, is not there for a command.

    DuckDB looks for pandas at the first parameter of a statement; jsonschema compiles a grammar of addresses that no
    notebook has.
    """

    names = ("pandas", "rfc3987_syntax")

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname in self.names:
            raise ModuleNotFoundError(f"no command needs {fullname}", name=fullname)


@dataclass(frozen=True)
class Command:
    """Where a command is: a function, or the Typer app of a group. ``help`` is the first paragraph of its own."""

    where: str
    panel: str
    help: str
    settings: dict[str, Any] | None = None


COMMANDS = {
    "ingest": Command(
        "ingestion.commands.ingest:ingest", _DAY, "Land delivered files: each wholly, once, or not at all."
    ),
    "build": Command(
        "warehouse.commands.build:build",
        _DAY,
        "Build the warehouse from landing and put it in place; readers see the old one until then.",
    ),
    "report": Command(
        "reports.commands.report:report", _DAY, "Make reports from the warehouse and print where they are."
    ),
    "status": Command(
        "reports.commands.health:status",
        _DAY,
        "Show what has landed, what is built and what waits. Exit code 1 if something needs to be looked at.",
    ),
    "standing": Command(
        "reports.commands.standing:standing",
        _DAY,
        "Show what a person, notice or due has to pay today: open dues first, then the paid ones, and the history.",
    ),
    "trace": Command(
        "warehouse.commands.trace:trace",
        _DAY,
        "Print the life of a yen: file and line, receipt, movements with their reasons, due, reports.",
    ),
    "sql": Command("warehouse.commands.sql:sql", _DAY, "Ask the warehouse, read-only."),
    "calc": Command("warehouse.commands.calc:app", _DAY, "Reckon an amount or a year by the law, with its parts."),
    "record": Command(
        "warehouse.commands.records:record",
        _PEOPLE,
        "Record one row of a register: checked like a delivered file, and landed whole.",
    ),
    "template": Command(
        "warehouse.commands.records:template",
        _PEOPLE,
        "Make an Excel sheet to fill in, instead of recording row by row. The inbox takes it like a CSV.",
    ),
    "decisions": Command("warehouse.commands.records:decisions", _PEOPLE, "List decisions: drafts first."),
    "approve": Command(
        "warehouse.commands.records:approve", _PEOPLE, "Approve drafts, all or none. Who drafted one cannot."
    ),
    "withdraw": Command(
        "warehouse.commands.records:withdraw",
        _PEOPLE,
        "Take decisions back, drafted or approved: after the next build nothing of them stands.",
    ),
    "draft-refunds": Command(
        "warehouse.commands.refunds:draft_refunds",
        _PEOPLE,
        "Draft offsets and refunds of the open overpayments: one decision for each payer, for another to approve.",
    ),
    "claim": Command(
        "warehouse.commands.refunds:claim", _PEOPLE, "Record that a payer claims the refund that he was told of."
    ),
    "refund-returned": Command(
        "warehouse.commands.refunds:refund_returned",
        _PEOPLE,
        "Record that the transfer of a refund came back (振込不能): it waits again, and the next file pays it.",
    ),
    "refunds": Command(
        "warehouse.commands.refunds:refunds",
        _PEOPLE,
        "List the refunds that payers were told of and that are not paid yet, or whose transfer came back.",
    ),
    "draft-closing": Command(
        "warehouse.commands.closing:draft_closing",
        _PEOPLE,
        "Draft the closing (決算) of a fiscal year as the last build has it, for another person to close.",
    ),
    "close": Command(
        "warehouse.commands.closing:close",
        _PEOPLE,
        "Close the books of a fiscal year (決算) as another person has drafted them.",
    ),
    "vault-log": Command(
        "ingestion.commands.vault_log:vault_log",
        _PEOPLE,
        "Show who has read about people in the vault: when, whom, for what paper, and why.",
    ),
    "issue": Command(
        "reports.commands.issue:app", _PAPER, "Documents on paper (PDF), with who asked for them and why."
    ),
    "verify-certificate": Command(
        "warehouse.commands.certificates:verify_certificate",
        _PAPER,
        "Tell whether a certificate is ours, and what it certified: compare that with the paper.",
    ),
    "withdraw-certificate": Command(
        "warehouse.commands.certificates:withdraw_certificate",
        _PAPER,
        "Take a certificate back: from now on it is not genuine. Its number is not given again.",
    ),
    "export": Command("warehouse.commands.export:app", _PAPER, "Files for banks."),
    "layout": Command("ingestion.commands.layouts:app", _TOOLS, "Layouts: one YAML for each file format."),
    "scenario": Command("warehouse.commands.scenario:app", _TOOLS, "Hand-written cases through the real models."),
    "doctor": Command(
        "reports.commands.health:doctor",
        _TOOLS,
        "Check this machine and home: what is missing or damaged, and what to do. Exit code 1 if something is.",
    ),
    "begin-landing": Command(
        "ingestion.commands.ingest:begin_landing",
        _TOOLS,
        "Begin an empty landing store where the one that was there is lost for good. One that is there is not touched.",
    ),
    "dbt": Command(
        "warehouse.commands.build:dbt",
        _TOOLS,
        "Run dbt with this home's settings and keys, into a scratch build that is not published.",
        _PASSED_ON,
    ),
    "demo": Command(
        "reports.commands.demo:demo",
        _TOOLS,
        "Make a fictional city, land its files, build, check every receipt against the truth, and make the report.",
    ),
}


ALIASES = {"inquire": "standing"}  # names that a command had before, for those who type them from memory


class CommandTable(TyperGroup):
    """Lists commands by the table, and loads the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What the list shows of a command."""
        entry = COMMANDS.get(ALIASES.get(cmd_name, cmd_name))
        return None if entry is None else TyperCommand(cmd_name, help=entry.help, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, with its module."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load(name), rest


def load(name: str) -> Any:
    """A command of the table, as click runs it; this imports its module."""
    name = ALIASES.get(name, name)
    entry = COMMANDS[name]
    module, _, attribute = entry.where.partition(":")
    return as_command(name, getattr(importlib.import_module(module), attribute), entry.settings)


def as_command(name: str, found: Any, settings: dict[str, Any] | None = None) -> Any:
    """A function, or the Typer app of a group, as click runs it under a name."""
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name, context_settings=settings)(found)
        found = alone
    command = get_command(found)
    command.name = name
    return command


app = typer.Typer(
    name="osame",
    cls=CommandTable,
    help="Osame (納め): from a bank's file to a report, for an office that collects a Japanese city's taxes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _osame() -> None: ...


def main() -> None:
    """Entry point of the console script."""
    speak_utf8()
    sys.meta_path.insert(0, _NotNeeded())
    app()


if __name__ == "__main__":
    main()
