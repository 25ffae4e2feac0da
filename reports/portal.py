"""``published/index.html``: every run, newest first, searchable, from plain files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reports.errors import CatalogError
from reports.look import page, text
from reports.period import Period

STATES = {"finished": "完了", "failed": "失敗"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One run as the portal shows it."""

    title: str
    period: str
    started: str
    started_at: str
    as_of: str
    status: str
    state: str
    folder: str
    files: list[tuple[str, str]]
    warnings: list[str]
    error: str | None


def read_runs(published: Path) -> list[Entry]:
    """All runs below ``published``, newest first.

    Raises:
        CatalogError: a manifest that is no manifest.
    """
    entries = [_entry(path) for path in published.glob("*/*/manifest.json")]
    return sorted(entries, key=lambda entry: (entry.started_at, entry.folder), reverse=True)


def _entry(path: Path) -> Entry:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return _shown(path, manifest)
    except (ValueError, KeyError, TypeError) as error:
        raise CatalogError(f"{path}: not a manifest ({error!r})", "remove the folder, or restore it") from error


def _shown(path: Path, manifest: dict[str, Any]) -> Entry:
    folder = f"{path.parents[1].name}/{path.parent.name}"
    finished = manifest["status"] == "finished"
    names = sorted(manifest["outputs"], key=lambda name: (name != "index.html", name)) if finished else ["run.log"]
    span = manifest.get("period")
    as_of = manifest.get("as_of_date")
    return Entry(
        title=manifest["title_ja"],
        period=manifest.get("period_ja")
        or (text.period(Period(*map(date.fromisoformat, span.values()))) if span else ""),
        started=text.moment(datetime.fromisoformat(manifest["started_at"])),
        started_at=manifest["started_at"],
        as_of=text.wareki_day(date.fromisoformat(as_of)) if as_of else "",
        status=manifest["status"],
        state=STATES.get(manifest["status"], manifest["status"]),
        folder=folder,
        files=[(_label(name), f"{folder}/{name}") for name in [*names, "manifest.json"]],
        warnings=list(manifest["warnings"]),
        error=manifest["error"],
    )


def _span(days: dict[str, str]) -> Period:
    """The days of a report that was made before periods had names."""
    return Period(date.fromisoformat(days["first"]), date.fromisoformat(days["last"]))


def _label(name: str) -> str:
    labels = {"index.html": "報告書", "run.log": "記録（ログ）", "manifest.json": "作成記録"}
    return labels.get(name) or ("Excel" if name.endswith(".xlsx") else name)


def write(published: Path, now: datetime) -> Path:
    """Make the portal again from what is published, and put it in place in one step."""
    target = published / "index.html"
    html = page.render_template("portal.html", entries=read_runs(published), updated=text.moment(now))
    unfinished = published / f".index.{os.getpid()}.html"
    unfinished.write_text(html, encoding="utf-8")
    unfinished.replace(target)
    return target
