"""The inbox: offers files to landing and puts each where it belongs afterwards.

Order of steps for one file, so that a crash between any two leaves a state from which the next run goes on:
land (one transaction) -> archive -> remove from the inbox. A file that landed but was not archived is found again as a
duplicate of itself and archived then.

A file that cannot be read, or that a reader breaks on, fails alone and stays where it is: a night is not held up by one
file. What would fail every file alike (a full disk, a store that is in use or lost) stops the run.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from ingestion import archive
from ingestion.delivered import files_below, readable_name
from ingestion.landing import Landing
from ingestion.layout import Layout, LayoutError
from ingestion.layout_catalog import BrokenLayout, broken_layouts, load_layouts
from ingestion.offer import A_MOMENT, Offer, sha256_of
from ingestion.read import read
from ingestion.readers.decoded import Context, Decoded
from ingestion.readers.findings import Finding, Refused
from osame.bilingual import said
from osame.errors import OsameError
from osame.files import write_whole
from osame.home import Home
from osame.locks import is_landing_wanted, landing_lock
from osame.stores import open_landing, open_memory
from osame.wareki import format_wareki

_TEXT_SUFFIXES = (".reason.json", ".reason.txt")
# What the system says of one file or one name. Anything else (no space, a failing disk) is not of the file.
_OF_THE_FILE = {
    errno.EACCES,
    errno.EPERM,
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ENOTEMPTY,
    errno.EEXIST,
    errno.ELOOP,
    errno.ENXIO,
    errno.EINVAL,
    errno.EILSEQ,
    errno.ENAMETOOLONG,
    errno.EBUSY,
    errno.ESTALE,
    errno.EIO,
}
_LEFT = ("ING-004", "ING-005", "ING-006")
_OF_THE_STORE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.TransactionException,
    duckdb.ConnectionException,
)


class RunStopped(OsameError):
    """Something that would fail every file alike; the command can be run again."""

    exit_code = 1


@dataclass(frozen=True)
class Options:
    """What the caller says about the files: see ``Context``.

    ``dry_run``: read, check against landing and say what would become of each, and write nothing.
    """

    format: str | None = None
    business_date: date | None = None
    allow_missing_result_totals: bool = False
    dry_run: bool = False
    now: Callable[[], datetime] = field(kw_only=True)
    on_step: Callable[[str], None] = field(kw_only=True, default=lambda _step: None)
    waiting: Callable[[], None] | None = field(kw_only=True, default=None)


def is_left(offer: Offer) -> bool:
    """Whether a file is still where it was, to be offered again by the next run."""
    return any(finding.code in _LEFT for finding in offer.findings)


@dataclass(frozen=True)
class _Desk:
    """What every file of a run is held against."""

    home: Home
    landing: Landing
    layouts: dict[str, Layout]
    broken: list[BrokenLayout]
    options: Options
    earliest: datetime | None

    def landed_at(self, now: datetime) -> datetime:
        """Now, or where the clock is behind what has landed, a moment after that: what a build knew stays so."""
        return now if self.earliest is None else max(now, self.earliest)


def ingest(home: Home, paths: list[Path], options: Options) -> Iterator[Offer]:
    """Offer files to landing, one transaction each; yields what became of each.

    Files below the inbox are moved (to the archive, or to ``rejected`` with a reason slip); files elsewhere are
    left where they are, and so are those that failed.

    Raises:
        OsameError: something that would fail every file alike; those before it are landed, the others wait.
    """
    layouts = load_layouts(home.layouts if home.layouts.is_dir() else None)
    waiting: list[Path] | None = None
    while waiting is None or waiting:
        with _open(home, layouts, options) as landing:
            # Another process may have landed some while this one let it pass.
            waiting = files_below(paths) if waiting is None else list(filter(os.path.lexists, waiting))
            if not options.dry_run:
                archive.clear_partials(home)
            for offer in offer_files(home, landing, layouts, waiting, options):
                waiting = waiting[1:]
                yield offer
                if waiting and not options.dry_run and is_landing_wanted(home):
                    break  # let them: who reads a register or records a row does not wait for a night's files


def offer_files(
    home: Home, landing: Landing, layouts: dict[str, Layout], paths: list[Path], options: Options
) -> Iterator[Offer]:
    """Offer files to a landing store that the caller has open; see ``ingest``."""
    broken = broken_layouts(home.layouts if home.layouts.is_dir() else None)
    last = None if options.dry_run else landing.last_landed_at()
    desk = _Desk(home, landing, layouts, broken, options, None if last is None else last + A_MOMENT)
    for path in paths:
        yield _offer(desk, path)


@contextmanager
def _open(home: Home, layouts: dict[str, Layout], options: Options) -> Iterator[Landing]:
    """Landing to write to; in a dry run to read from, or an empty one in memory where there is none yet."""
    with landing_lock(home, exclusive=not options.dry_run, waiting=options.waiting):
        if options.dry_run and not home.landing.exists():
            connection = open_memory()
            connection.execute("attach ':memory:' as landing")
        else:
            connection = open_landing(home, read_only=options.dry_run)
        try:
            yield Landing(connection, layouts, rehearsal=options.dry_run and home.landing.exists())
        finally:
            connection.close()


def _offer(desk: _Desk, path: Path) -> Offer:
    name, now = readable_name(path), desk.options.now()
    at = desk.landed_at(now)
    try:
        data = _bytes_of(path)
    except OSError as error:
        _stop_unless_of_the_file(error)
        return _failed(
            name,
            b"",
            Finding("ING-004", None, None, None, _said(error), said("a file that can be read", "読み込めるファイル")),
        )
    desk.options.on_step("read")
    try:
        offer = _decide(desk, data, name, at, now.date())
    except Exception as error:
        _stop_unless_of_the_file(error)
        return _failed(name, data, crashed(error))
    desk.options.on_step("recorded")
    if desk.options.dry_run:
        return offer
    try:
        _put_away(desk.home, path, data, offer, at, desk.options)
    except OSError as error:
        _stop_unless_of_the_file(error)
        left = Finding("ING-006", None, None, None, _said(error), said("a place to put the file", "ファイルの移動先"))
        return replace(offer, findings=(left, *offer.findings))
    return offer


def _bytes_of(path: Path) -> bytes:
    """The content of a file, and of nothing else: a pipe would never end, a folder or a device is no delivery."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as handle:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "no file, but a folder, a pipe or a device", str(path))
        return handle.read()


def _decide(desk: _Desk, data: bytes, name: str, at: datetime, today: date) -> Offer:
    """Land, refuse, or tell that the content has landed before."""
    landing, options = desk.landing, desk.options
    sha256 = sha256_of(data)
    known = landing.landed_load(sha256)
    if known is not None and landing.is_no_extract(sha256):
        return landing.duplicate(data, name, at, known)
    context = Context(
        file_name=name,
        landed_on=today,
        format=options.format,
        business_date=options.business_date,
        allow_missing_result_totals=options.allow_missing_result_totals,
        sent_requests=landing.sent_requests,
    )
    try:
        decoded = _read(data, context, desk)
        options.on_step("decoded")
        same = landing.landed_load(sha256, decoded)
        if same is None:
            return landing.land(decoded, data, name, at, options.on_step)
        return landing.duplicate(data, name, at, same)
    except Refused as refused:
        # Under a name that tells no version, what has landed is what has landed.
        if known is not None:
            return landing.duplicate(data, name, at, known)
        return landing.refuse(refused, data, name, at)


def _read(data: bytes, context: Context, desk: _Desk) -> Decoded:
    """Read a file, but never by our layout where the office has its own of that id and it is broken.

    Raises:
        Refused: as ``read``, and ING-003 with what is wrong with the layout.
    """
    try:
        decoded = read(data, context, desk.layouts)
    except Refused as refused:
        # Of a file that no layout fits, any of the broken ones may be the one.
        broken = [b for b in desk.broken if refused.layout_id is None or _is_of(b, refused.layout_id, context)]
        if not broken:
            raise
        others = refused.findings if refused.layout_id is None else []
        raise Refused([*map(_of_broken, broken), *others], refused.layout_id) from None
    broken = [b for b in desk.broken if _is_of(b, decoded.layout.id, context)]
    if broken:
        raise Refused([_of_broken(b) for b in broken], decoded.layout.id)
    return decoded


def _is_of(broken: BrokenLayout, layout_id: str, context: Context) -> bool:
    return broken.id == layout_id or context.file_name.startswith(f"{broken.id}_")


def _of_broken(broken: BrokenLayout) -> Finding:
    return Finding(
        "ING-003", None, None, broken.path.name, broken.problem, said("a layout without these", "誤りのない形式の定義")
    )


def _failed(name: str, data: bytes, finding: Finding) -> Offer:
    """Nothing was decided about the file, and nothing recorded: it is tried again by the next run."""
    return Offer(name, sha256_of(data) if data else "", 0, "failed", None, None, 0, 0, 0, (finding,), ())


def _stop_unless_of_the_file(error: Exception) -> None:
    """Go on with the next file, or stop the run, which is for what would fail every file alike.

    Raises:
        OsameError: a full disk, or a store that is in use, lost or damaged.
    """
    if isinstance(error, OsameError) and not isinstance(error, LayoutError):
        raise error
    if isinstance(error, _OF_THE_STORE) or (isinstance(error, OSError) and error.errno not in _OF_THE_FILE):
        raise RunStopped(
            _said(error) if isinstance(error, OSError) else " ".join(str(error).split()),
            "look at free space, permissions and memory (osame doctor), then run the same command again: each file is "
            "wholly landed or not at all, and those that were not reached wait where they are",
        ) from error


def _said(error: OSError) -> str:
    where = f"{readable_name(Path(str(error.filename)))}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def crashed(error: Exception) -> Finding:
    """What failed and where in the program. Not what it says: a value of the file may be in it."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else ""
    return Finding(
        "ING-005", None, None, None, f"{type(error).__name__}{where}", said("a reader that ends", "正常に終わる読込み")
    )


def _put_away(home: Home, path: Path, data: bytes, offer: Offer, at: datetime, options: Options) -> None:
    if offer.status == "rejected":
        _reject(home, offer.file_name, data, offer, at)
    else:
        archive.store(home, data, offer.sha256, offer.file_name, at)
    options.on_step("put away")
    # Where the name stands, not what it links to; the inbox itself may be a link, to a share.
    if path.parent.resolve().is_relative_to(home.inbox.resolve()):
        path.unlink()
        options.on_step("removed")


def _reject(home: Home, name: str, data: bytes, offer: Offer, at: datetime) -> None:
    """Put a refused file beside its reason slips: .json for programs, .txt in Japanese for the person who will call."""
    stem = home.rejected / archive.short_name(f"{offer.sha256[:12]}-{name}")
    write_whole(stem, data)
    slip: dict[str, object] = {
        "file_name": name,
        "sha256": offer.sha256,
        "format": offer.format,
        "offered_at": at.isoformat(timespec="seconds"),
        "findings": [f.as_dict() for f in offer.findings],
    }
    write_whole(
        stem.with_name(stem.name + _TEXT_SUFFIXES[0]),
        json.dumps(slip, ensure_ascii=False, indent=2).encode("utf-8"),
    )
    reasons = _slip_ja(slip, offer.findings, at)
    write_whole(stem.with_name(stem.name + _TEXT_SUFFIXES[1]), reasons.encode("utf-8"))


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
