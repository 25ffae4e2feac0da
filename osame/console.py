"""What every command shares: consoles, JSON, and errors shown without a traceback."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from osame.clock import today, yesterday
from osame.errors import OsameError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; its keys are stable.")]

# One line per file and finding, however narrow the terminal: what is piped into a program must not be folded.
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output; its keys are stable."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"  # JSON has its own way to write 納
    sys.stdout.write(json.dumps(value, ensure_ascii=plain, indent=2, default=str) + "\n")


# What duckdb raises for a full disk, too little memory or a damaged store; a commit that cannot be written is a
# TransactionException. By name: a command that opens no store does not load duckdb.
_MACHINE = {
    "IOException",
    "FatalException",
    "InternalException",
    "SerializationException",
    "OutOfMemoryException",
    "TransactionException",
}


@contextmanager
def told() -> Iterator[None]:
    """Show an error that a user can mend as its sentence, and leave with its exit code."""
    try:
        yield
    except OsameError as error:
        err.print(f"[bold red]Error:[/] {_escape(str(error))}")
        raise typer.Exit(error.exit_code) from None
    except Exception as error:
        if not _is_of_the_machine(error):
            raise
        err.print(f"[bold red]Error:[/] {_escape(_of_the_machine(error))}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        err.print("interrupted; what was landed stays landed, everything else is as it was")
        raise typer.Exit(130) from None


def _is_of_the_machine(error: Exception) -> bool:
    kinds = type(error).__mro__
    return isinstance(error, OSError) or any(k.__module__.endswith("duckdb") and k.__name__ in _MACHINE for k in kinds)


def _of_the_machine(error: Exception) -> str:
    """A full disk, a missing permission, too little memory: what the system said, and what to do."""
    if isinstance(error, OSError):
        found = f"{error.filename or 'a file'}: {error.strerror or error}"
    else:
        found = " ".join(str(error).split())
    return (
        f"{found}\n  -> look at free space, permissions and memory (osame doctor), then run the same command again: "
        "each file is wholly landed or not at all, and the old warehouse stays until a new one is whole"
    )


def speak_utf8() -> None:
    """Names of files and what we say are UTF-8, whatever the locale: without it (LC_ALL=C), begin again with it.

    The mode of an interpreter cannot be changed while it runs, and it holds for file names, not only for the streams.
    What is no UTF-8 at all (the name of a file from elsewhere) is written with escapes.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def progress() -> Progress:
    """A progress bar on standard error; silent where nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def waits(what: str) -> Callable[[], None]:
    """Says once that this command waits, and for whom."""
    return lambda: err.print(f"{what}; waiting for it")


def parse_day(text: str, option: str) -> date:
    """An ISO or 和暦 date of the command line.

    Raises:
        OsameError: it is none.
    """
    from osame.dates import parse_date

    try:
        return parse_date(text)
    except ValueError as error:
        raise OsameError(f"{option}: {text!r} is no date ({error})", "write it like 2026-05-31 or R8.5.31") from None


def book_day(text: str | None, *, allow_future: bool) -> date:
    """The day of the books: as given, else the last day that is over in Japan.

    Raises:
        OsameError: it is no date, or has not come yet and that was not allowed.
    """
    if not text:
        return yesterday()
    day = parse_day(text, "--as-of")
    if day > today() and not allow_future:
        raise OsameError(
            f"--as-of {day} lies in the future: today is {today()} in Japan",
            "give a day that has come, or --allow-future to see what the books would be",
        )
    return day


def aligned(rows: Sequence[Sequence[str | int]]) -> list[str]:
    """Lines of which each column begins, or of yen ends, at the same place; a Japanese character takes two."""
    texts = [[yen(value) if isinstance(value, int) else value for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    is_yen = [any(isinstance(value, int) for value in column) for column in zip(*rows, strict=True)]
    lines = []
    for text in texts:
        cells = [
            " " * (width - cell_len(cell)) + cell if right else cell + " " * (width - cell_len(cell))
            for cell, width, right in zip(text, widths, is_yen, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def yen(amount: int | None) -> str:
    """Whole yen with separators; a dash where there is none."""
    return "-" if amount is None else f"{amount:,}"
