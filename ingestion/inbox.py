"""The inbox: offers files to landing and puts each where it belongs afterwards.

Order of steps for one file, so that a crash between any two leaves a state from which the next run goes on:
land (one transaction) -> archive -> remove from the inbox. A file that landed but was not archived is found again as a
duplicate of itself and archived then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from ingestion import archive
from ingestion.decoded import Context
from ingestion.findings import Finding, Refused
from ingestion.landing import Landing, Offer, sha256_of
from ingestion.layout import Layout, load_layouts
from ingestion.reader import read
from warehouse.config import Home
from warehouse.connection import landing_lock, open_landing
from warehouse.errors import OsameError
from warehouse.wareki import format_wareki

_TEXT_SUFFIXES = (".reason.json", ".reason.txt")


@dataclass(frozen=True)
class Options:
    """What the caller says about the files: see ``Context``."""

    format: str | None = None
    business_date: date | None = None
    allow_missing_result_totals: bool = False
    now: Callable[[], datetime] = field(kw_only=True)
    on_step: Callable[[str], None] = field(kw_only=True, default=lambda _step: None)
    waiting: Callable[[], None] | None = field(kw_only=True, default=None)


def files_below(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those in the folders named, in the order of their names. Hidden files are work in progress.

    Raises:
        OsameError: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path))]
        elif path.is_file():
            found.append(path)
        else:
            raise OsameError(f"{path} does not exist", "name a file or a folder")
    return sorted(found, key=lambda p: (p.name, str(p)))


def _hidden(relative: Path) -> bool:
    """Work in progress: a file that is being written, or what Excel puts beside one that is open."""
    return any(part.startswith((".", "~$")) for part in relative.parts)


def ingest(home: Home, paths: list[Path], options: Options) -> Iterator[Offer]:
    """Offer files to landing, one transaction each; yields what became of each.

    Files below the inbox are moved (to the archive, or to ``rejected`` with a reason slip); files elsewhere are
    left where they are.
    """
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    with landing_lock(home, exclusive=True, waiting=options.waiting):
        connection = open_landing(home, read_only=False)
        try:
            landing = Landing(connection, layouts)
            archive.clear_partials(home)
            for path in files_below(paths):
                yield _offer(home, landing, layouts, path, options)
        finally:
            connection.close()


def readable_name(path: Path) -> str:
    """The name of a delivered file. One that is no UTF-8 (from a Windows disk or an archive) is read as CP932."""
    raw = os.fsencode(path.name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace")


def _offer(home: Home, landing: Landing, layouts: dict[str, Layout], path: Path, options: Options) -> Offer:
    data, name = path.read_bytes(), readable_name(path)
    at = options.now()
    options.on_step("read")
    sha256 = sha256_of(data)
    known = landing.landed_load(sha256)
    if known is not None and landing.is_no_extract(sha256):
        offer = landing.duplicate(data, name, at, known)
    else:
        context = Context(
            file_name=name,
            landed_on=at.date(),
            format=options.format,
            business_date=options.business_date,
            allow_missing_result_totals=options.allow_missing_result_totals,
            sent_requests=landing.sent_requests,
        )
        try:
            decoded = read(data, context, layouts)
            options.on_step("decoded")
            same = landing.landed_load(sha256, decoded)
            if same is None:
                offer = landing.land(decoded, data, name, at, options.on_step)
            else:
                offer = landing.duplicate(data, name, at, same)
        except Refused as refused:
            # Under a name that tells no version, what has landed is what has landed.
            offer = (
                landing.refuse(refused, data, name, at) if known is None else landing.duplicate(data, name, at, known)
            )
    options.on_step("recorded")
    _put_away(home, path, data, offer, at, options)
    return offer


def _put_away(home: Home, path: Path, data: bytes, offer: Offer, at: datetime, options: Options) -> None:
    if offer.status == "rejected":
        _reject(home, offer.file_name, data, offer, at)
    else:
        archive.store(home, data, offer.sha256, offer.file_name, at)
    options.on_step("put away")
    if path.resolve().is_relative_to(home.inbox):
        path.unlink()
        options.on_step("removed")


def _reject(home: Home, name: str, data: bytes, offer: Offer, at: datetime) -> None:
    """Put a refused file beside its reason slips: .json for programs, .txt in Japanese for the person who will call."""
    stem = home.rejected / archive.short_name(f"{offer.sha256[:12]}-{name}")
    archive.write_whole(stem, data)
    slip: dict[str, object] = {
        "file_name": name,
        "sha256": offer.sha256,
        "format": offer.format,
        "offered_at": at.isoformat(timespec="seconds"),
        "findings": [f.as_dict() for f in offer.findings],
    }
    archive.write_whole(
        stem.with_name(stem.name + _TEXT_SUFFIXES[0]),
        json.dumps(slip, ensure_ascii=False, indent=2).encode("utf-8"),
    )
    reasons = _slip_ja(slip, offer.findings, at)
    archive.write_whole(stem.with_name(stem.name + _TEXT_SUFFIXES[1]), reasons.encode("utf-8"))


def _slip_ja(slip: dict[str, object], findings: tuple[Finding, ...], at: datetime) -> str:
    lines = [
        "取込拒否票",
        f"ファイル名: {slip['file_name']}",
        f"受付日時: {format_wareki(at.date())} {at:%H時%M分}",
        f"形式: {slip['format'] or '不明'}",
        f"指摘: {len(findings)}件（このファイルは1件も取り込んでいません）",
        "",
    ]
    advice: dict[str, str] = {}
    for finding in findings:
        lines.append("・" + finding.japanese())
        advice.setdefault(finding.code, finding.kind.advice_ja)
    lines += ["", "対応:"] + [f"・[{code}] {text}" for code, text in advice.items()]
    return "\n".join(lines) + "\n"
