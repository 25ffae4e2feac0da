"""Lands records: those of an act, and those that others have put down meanwhile.

The caller holds landing alone; opening and closing the store is dear, so whoever has it open serves all who wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion import archive
from ingestion.inbox import Options, offer_files
from ingestion.landing import Landing
from ingestion.layout import Layout
from ingestion.offer import A_MOMENT, Offer
from ingestion.readers.decoded import Decoded
from ingestion.readers.findings import Refused
from osame.act import Act, Permission
from osame.clock import now
from osame.errors import OsameError
from osame.home import Home
from osame.stores import open_landing
from warehouse.office import pending
from warehouse.office.limits import require_room
from warehouse.office.pending import Request
from warehouse.office.permissions import record_permission, require_permitted
from warehouse.office.record_files import csv_of, decoded_soundly, file_name, milliseconds
from warehouse.office.registers import Row, known_layouts, register_of, register_to_record, with_keys
from warehouse.office.rows import Rows

_FINDINGS = ("findings", "warnings")


@contextmanager
def recorder(home: Home) -> Iterator[Recorder]:
    """Landing, open to record. The caller holds ``landing_lock(exclusive=True)``."""
    connection = open_landing(home, read_only=False)
    try:
        layouts = known_layouts(home)
        yield Recorder(home, connection, Landing(connection, layouts), layouts)
    finally:
        connection.close()


@dataclass
class Recorder:
    """An open landing store, and what records are held against."""

    home: Home
    connection: duckdb.DuckDBPyConnection
    landing: Landing
    layouts: dict[str, Layout]
    _archived: list[Path] | None = None  # by the transaction that is open

    def land(self, act: Act, rows: Mapping[str, Iterable[Row]], facts: Mapping[str, Any] | None = None) -> list[Offer]:
        """Land rows of registers in one transaction: all, or nothing of them.

        Args:
            act: who does it.
            rows: by register and column name.
            facts: what ``loads.facts`` says of the act besides.

        Raises:
            OsameError: a value breaks its layout, or it contradicts what has landed.
        """
        day = act.at.date()
        files = []
        for name, of_register in rows.items():
            layout = register_of(self.home, name)
            data = csv_of(layout, of_register).encode("utf-8")
            files.append((data, decoded_soundly(layout, data, day)))
        with self._transaction():
            return [self._land(act, data, decoded, facts or {}) for data, decoded in files]

    def serve(self, number: str | None = None) -> None:
        """Land what others have put down; each is answered, whether it landed or was refused.

        Args:
            number: the caller's own request, which lands whatever becomes of the others.

        Raises:
            Exception: what went wrong with the caller's own, and is no refusal: a full disk, say.
        """
        new, before = pending.take_waiting(self.home)
        for request in before:
            offer = self._landed_before(request)
            if offer is None:
                new.append(request)
            else:
                pending.answer(self.home, request, {"offer": offer})
        try:
            self._serve(new)
        except Exception:
            # Not a refusal but the machine, or our fault; nothing of them landed. Each is tried again by the process
            # that put it down, which hears what is wrong with it, as this one does of its own.
            own = [request for request in new if request.number == number]
            if own and len(new) > 1:
                self._serve(own)
            elif own:
                raise

    def _serve(self, requests: list[Request]) -> None:
        self._land_files_of({request.content["register"] for request in requests})
        with self._transaction():
            answers = [self._answer(request) for request in requests]
        for request, answer in zip(requests, answers, strict=True):
            pending.answer(self.home, request, answer)

    def _answer(self, request: Request) -> dict[str, Any]:
        """What a refusal says is known before anything is written: it takes nothing of the others along."""
        rows = Rows(**request.content)
        try:
            if rows.permission is None:
                permission = record_permission(register_to_record(self.home, rows.register))
            else:
                permission = Permission(*rows.permission)
            act = Act(permission, rows.by, rows.reason, datetime.fromisoformat(rows.at))
            require_permitted(self.home, act, self.connection)
            (offer,) = self.land(act, {rows.register: map(with_keys, rows.rows)}, {"request": request.number})
        except OsameError as error:
            return {"refused": error.as_dict()}
        return {"offer": _said(offer)}

    def _landed_before(self, request: Request) -> dict[str, Any] | None:
        """A request that landed, and whose answer was lost with the process that landed it."""
        names = [name for name in Offer.__dataclass_fields__ if name not in _FINDINGS]
        row = self.connection.execute(
            f"select {', '.join(names)} from landing.loads where facts->'act'->>'request' = ?", [request.number]
        ).fetchone()
        return None if row is None else dict(zip(names, row, strict=True))

    def _land_files_of(self, registers: set[str]) -> None:
        """Files that wait in the inbox land first: those that were recorded without landing, or the core system's."""
        waiting = sorted(path for name in registers for path in self.home.inbox.glob(f"{name}_*.csv"))
        list(offer_files(self.home, self.landing, self.layouts, waiting, Options(now=now)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One of landing, and the archive's part in it. Within another it is a part of that one."""
        if self._archived is not None:
            yield
            return
        self._archived = []
        try:
            with self.landing.transaction():
                yield
        except BaseException:
            for path in self._archived:
                path.unlink(missing_ok=True)
            raise
        finally:
            self._archived = None

    def _land(self, act: Act, data: bytes, decoded: Decoded, facts: Mapping[str, Any]) -> Offer:
        layout, day, landing = decoded.layout, act.at.date(), self.landing
        last = landing.last_landed_at()
        landed_at = act.at if last is None else max(act.at, last + A_MOMENT)
        try:
            if layout.id == "decisions":
                require_room(self.home, self.connection, self.layouts, decoded.tables[layout.id].to_pylist())
            # A clock that was put back over midnight, or a file of a day to come: the act still comes after it.
            version_day = max(day, landing.last_business_date(decoded) or day)
            at_least = milliseconds(act.at) if version_day == day else 0
            number = max(at_least, landing.last_version(layout.table_for(None), version_day) + 1)
            name = file_name(layout.id, version_day, number)
            said = {"by": act.by, "reason": act.reason, "permission": act.permission.name, **facts}
            decoded = replace(
                decoded, business_date=version_day, sequence_no=number, facts=decoded.facts | {"act": said}
            )
            offer = landing.land(decoded, data, name, landed_at)
        except Refused as refused:
            listed = "; ".join(finding.english() for finding in refused.findings)
            raise OsameError(f"{layout.title_ja} ({layout.id}) was not recorded: {listed}", "mend the values") from None
        # Before the commit: evidence that has landed is in the archive too, whenever the machine stops.
        if self._archived is not None and archive.find(self.home, offer.sha256) is None:
            self._archived.append(archive.store(self.home, data, offer.sha256, name, landed_at))
        return offer


def _said(offer: Offer) -> dict[str, Any]:
    return {name: getattr(offer, name) for name in Offer.__dataclass_fields__ if name not in _FINDINGS}
