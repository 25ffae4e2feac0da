"""Run one report: check everything first, execute in a hidden folder, publish whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import nbformat
import papermill
from plotly import offline

from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_warehouse
from reports import portal
from reports.about import Order
from reports.catalog import ParameterValue, ReportEntry, load_catalog
from reports.context import ORDER_FILE, RESULT_FILE, RUN_VARIABLE, check_warehouse, resolved
from reports.errors import ReportFailedError
from reports.kernel import kernel_manager_class
from reports.look import page
from reports.notebook import check_contract, code_cells, read_notebook, write_notebook
from reports.provenance import parameters_sha256

RUNNING = ".running-"
LOCK_FILE = ".lock"
EXECUTED_FILE = "executed.ipynb"
SOCKETS_LINK = "sockets"
_SOCKETS_PREFIX = "osame-"
LOG_FILE = "run.log"
MANIFEST_FILE = "manifest.json"
READ_ONLY = 0o444
MOST_RUNS_A_SECOND = 100
_COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of a run. ``status``: finished or failed; a failed run's folder holds a log and a manifest only."""

    report_id: str
    run_id: str
    status: str
    folder: Path
    outputs: tuple[str, ...]
    warnings: tuple[str, ...]
    error: str | None

    @property
    def page(self) -> Path:
        """What to open: the page, or the log of a failed run."""
        return self.folder / ("index.html" if self.status == "finished" else LOG_FILE)


def run_report(
    home: Home,
    report_id: str,
    parameters: Mapping[str, str],
    now: datetime,
    code_version: str,
) -> RunResult:
    """Make one report and publish it under ``published/<report id>/<run id>/``.

    Args:
        home: whose warehouse is read (read-only) and whose ``published`` is written.
        report_id: of the catalogue.
        parameters: as typed; defaults come from the catalogue.
        now: JST; the run id and the manifest tell it.
        code_version: of the programs, for the manifest.

    Returns:
        The result, also when the notebook failed: then ``status`` is ``failed`` and nothing but its log is published.

    Raises:
        UnknownReportError, ReportParameterError, CatalogError, WrongWarehouseError: before anything is run (exit
            code 2).
    """
    entry = load_catalog().get(report_id)
    values = entry.check(parameters)
    notebook = read_notebook(entry.notebook_path)
    check_contract(notebook, entry)
    with open_warehouse(home) as connection:
        info = check_warehouse(connection, entry, values)
        values = resolved(connection, entry, values, info)
    published = home.published.resolve()
    recover_interrupted(published, now)
    run = _start(published, entry, home, values, now, code_version)
    started = time.monotonic()

    def finished_at() -> datetime:
        return now + timedelta(seconds=round(time.monotonic() - started))

    try:
        _execute(run, notebook)
        result = _publish(run, _finished_content(run), finished_at())
    except Exception as error:  # whatever stopped it is told in the log and the portal
        result = _publish_failure(run, error, finished_at())
    portal.write(published, now)
    return result


@dataclass(frozen=True, slots=True)
class _Run:
    entry: ReportEntry
    order: Order
    folder: Path
    final: Path
    lock: IO[bytes]


@contextmanager
def _starting(published: Path) -> Iterator[None]:
    # Held only while run folders are made or cleared, so that no run takes another's fresh folder for a dead one.
    published.mkdir(parents=True, exist_ok=True)
    with (published / LOCK_FILE).open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _start(
    published: Path, entry: ReportEntry, home: Home, values: dict[str, ParameterValue], now: datetime, code_version: str
) -> _Run:
    base = f"{now:%Y%m%d-%H%M%S}-{parameters_sha256(values)[:8]}"
    with _starting(published):
        for number in range(1, MOST_RUNS_A_SECOND):
            run_id = base if number == 1 else f"{base}-{number}"
            folder = published / f"{RUNNING}{entry.id}-{run_id}"
            final = published / entry.id / run_id
            if not folder.exists() and not final.exists():
                break
        else:
            raise ReportFailedError(
                f"{entry.id}: {base} was run {MOST_RUNS_A_SECOND} times", "run it again in a second"
            )
        folder.mkdir()
        lock = (folder / LOCK_FILE).open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX)
        order = Order(entry.id, run_id, str(home.root.resolve()), values, now.isoformat(sep=" "), code_version)
        order.write(folder / ORDER_FILE)
    return _Run(entry, order, folder, final, lock)


def _execute(run: _Run, notebook: nbformat.NotebookNode) -> None:
    work = run.folder / "work"
    work.mkdir()
    source = work / run.entry.notebook
    write_notebook(notebook, source)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with _sockets(run.folder) as sockets:
        papermill.execute_notebook(
            source,
            run.folder / EXECUTED_FILE,
            parameters=dict(run.order.parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=work,
            execution_timeout=run.entry.time_limit_minutes * 60,
            kernel_manager_class=kernel_manager_class(work, sockets, {RUN_VARIABLE: str(run.folder / ORDER_FILE)}),
        )


@contextmanager
def _sockets(folder: Path) -> Iterator[Path]:
    """A private folder with a short path for the kernel's sockets, as long as the run lives.

    The path of a socket has at most 107 bytes, which a home may fill: so it is no folder of the home. A link in the
    run's own folder names it before it is made, by which whoever buries a killed run finds it.
    """
    target = Path(tempfile.gettempdir()) / f"{_SOCKETS_PREFIX}{secrets.token_hex(6)}"
    (folder / SOCKETS_LINK).symlink_to(target)
    target.mkdir(mode=0o700)
    try:
        yield target
    finally:
        _clear_sockets(folder)


def _clear_sockets(folder: Path) -> None:
    link = folder / SOCKETS_LINK
    if not link.is_symlink():
        return
    target = link.readlink()
    if target.name.startswith(_SOCKETS_PREFIX) and not target.is_symlink():
        shutil.rmtree(target, ignore_errors=True)
    link.unlink()


def _finished_content(run: _Run) -> dict[str, Any]:
    """What the notebook left behind, if its last cell has run and every output is there."""
    executed = read_notebook(run.folder / EXECUTED_FILE)
    result = run.folder / RESULT_FILE
    if code_cells(executed)[-1].execution_count is None or not result.exists():
        raise ReportFailedError("the last cell (done) has not run", "see that the last cell calls report.finish")
    content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    title = f"{content['title_ja']} {content['period_ja']}"
    html = page.page(executed, title, run.entry.outputs, content["warnings"])
    (run.folder / "index.html").write_text(html, encoding="utf-8")
    missing = [name for name in run.entry.outputs if not (run.folder / name).exists()]
    if missing:
        raise ReportFailedError(
            f"the notebook did not write {', '.join(missing)}", "write every output of the catalogue"
        )
    return content


def _publish(run: _Run, content: dict[str, Any], finished_at: datetime) -> RunResult:
    _provide_plotly(run.final.parents[1])
    outputs = {name: _sha256(run.folder / name) for name in run.entry.outputs}
    manifest = _manifest(run.order, "finished", finished_at) | content | {"outputs": outputs, "error": None}
    _seal(run, manifest, keep=set(outputs))
    return RunResult(
        run.entry.id, run.order.run_id, "finished", run.final, tuple(outputs), tuple(content["warnings"]), None
    )


def _publish_failure(run: _Run, cause: Exception, finished_at: datetime) -> RunResult:
    failure = _COLOUR_CODES.sub("", f"{type(cause).__name__}: {cause}").strip()
    (run.folder / LOG_FILE).write_text(failure + "\n", encoding="utf-8")
    # The last line says what stopped it; an OsameError of the notebook has its advice below that.
    said = [line for line in failure.splitlines() if not line.startswith("  -> ")]
    error = cause.message if isinstance(cause, OsameError) else said[-1]
    manifest = _manifest(run.order, "failed", finished_at)
    manifest |= {"title_ja": run.entry.title_ja, "warnings": [], "outputs": {}, "error": error}
    _seal(run, manifest, keep={LOG_FILE})
    return RunResult(run.entry.id, run.order.run_id, "failed", run.final, (), (), error)


def _seal(run: _Run, manifest: dict[str, Any], keep: set[str]) -> None:
    """Throw away what is not published, make the rest read-only, and move the folder into place in one step."""
    _write_manifest(run.folder, manifest)
    _clear(run.folder, keep | {MANIFEST_FILE})
    run.final.parent.mkdir(exist_ok=True)
    run.folder.rename(run.final)
    run.lock.close()


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    path = folder / MANIFEST_FILE
    path.unlink(missing_ok=True)
    path.write_text(content + "\n", encoding="utf-8")


def _clear(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name in keep:
            path.chmod(READ_ONLY)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _manifest(order: Order, status: str, finished_at: datetime | None) -> dict[str, Any]:
    return {
        "report_id": order.report_id,
        "run_id": order.run_id,
        "status": status,
        "parameters": order.parameters,
        "parameters_sha256": parameters_sha256(order.parameters),
        "code_version": order.code_version,
        "started_at": order.started_at,
        "finished_at": finished_at.isoformat(sep=" ") if finished_at else None,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _provide_plotly(published: Path) -> None:
    target = published / page.ASSETS / page.plotly_file_name()
    if target.exists():
        return
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_text(offline.get_plotlyjs(), encoding="utf-8")
    unfinished.chmod(READ_ONLY)
    unfinished.replace(target)


def recover_interrupted(published: Path, now: datetime) -> list[Path]:
    """Turn what killed runs have left into failed runs, so that nothing is hidden and nothing is in the way.

    A run holds a lock on its folder as long as it lives; a folder whose lock is free belongs to a dead one.
    """
    recovered = []
    with _starting(published):
        for folder in sorted(published.glob(f"{RUNNING}*")):
            with (folder / LOCK_FILE).open("ab") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                recovered.append(_bury(published, folder, now))
    return [path for path in recovered if path is not None]


def _bury(published: Path, folder: Path, now: datetime) -> Path | None:
    try:
        order = Order.read(folder / ORDER_FILE)
    except (OSError, ValueError, TypeError):
        # Killed before it had written what it was to do: there is no run to tell of.
        _clear_sockets(folder)
        shutil.rmtree(folder)
        return None
    _clear_sockets(folder)
    final = published / order.report_id / order.run_id
    (folder / LOG_FILE).write_text(f"the run was killed; found on {now:%Y-%m-%d %H:%M:%S}\n", encoding="utf-8")
    manifest = _manifest(order, "failed", None)
    manifest |= {"title_ja": order.report_id, "warnings": [], "outputs": {}, "error": "the run was killed"}
    _write_manifest(folder, manifest)
    _clear(folder, {LOG_FILE, MANIFEST_FILE})
    final.parent.mkdir(exist_ok=True)
    folder.rename(final)
    return final
