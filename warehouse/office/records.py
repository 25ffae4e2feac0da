"""Staff records: each act is a small extract file that lands like everything else.

Here stands the lock that an act holds on its registers while it reads them and records what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestion.offer import Offer
from osame.act import Act
from osame.home import Home
from osame.locks import landing_lock, register_locks
from warehouse.office.by_hand import record_rows
from warehouse.office.permissions import require_permitted
from warehouse.office.registers import Row, text_of
from warehouse.office.rows import Rows


def write_record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Path:
    """Check rows as the reader will, and put them into the inbox, for the next ``osame ingest`` to land.

    Raises:
        OsameError: as ``Book.put_down``.
    """
    with register_locks(home, [register]):
        require_permitted(home, act)
        return Book(home, (register,), act).put_down(register, rows)


def record(home: Home, register: str, rows: Iterable[Row], act: Act) -> Offer:
    """Record rows of a register and land them at once, wholly or not at all. Others may record in it meanwhile.

    Raises:
        OsameError: as ``Book.record``.
    """
    texts = [{name: text_of(value) for name, value in row.items()} for row in rows]
    told = (act.permission.name, act.permission.title_ja)
    offer = record_rows(home, Rows(register, texts, act.by, act.reason, act.at.isoformat(), told))
    return Offer(**offer, findings=(), warnings=())


@dataclass(frozen=True)
class Book:
    """Registers that nobody else writes to while an act reads them and records what follows."""

    home: Home
    registers: tuple[str, ...]
    act: Act

    def record(self, register: str, rows: Iterable[Row]) -> Offer:
        """Record rows of one of the registers and land them.

        Raises:
            OsameError: as ``record_all``.
        """
        (offer,) = self.record_all({register: rows})
        return offer

    def put_down(self, register: str, rows: Iterable[Row]) -> Path:
        """Put rows of one of the registers into the inbox as one file, for the next ``osame ingest`` to land.

        Args:
            register: id of the extract.
            rows: values by column name; dates as ``date``, yen as ``int``; a column that is not named is blank.

        Returns:
            The file. Its name carries the place that it has among the versions of its day.

        Raises:
            OsameError: a value breaks the layout (the first are named); nothing is written.
        """
        from warehouse.office.record_files import put_down

        self._require_held(register)
        return put_down(self.home, register, rows, self.act)

    def record_all(self, rows: Mapping[str, Iterable[Row]]) -> list[Offer]:
        """Record rows of some of the registers and land them in one transaction: all, or nothing of them.

        Each is a file as a core system would deliver it, and its version is above every other of its keys: what was
        recorded last holds, whatever the clocks say. The file names who recorded it, and why, in ``loads.facts``.

        Raises:
            OsameError: a value breaks its layout, or it contradicts what has landed; nothing is recorded.
            StoreBusy: landing stayed in use; nothing is recorded.
        """

        from warehouse.office.recorder import recorder  # what decodes and lands; whoever only reads does not load it

        for register in rows:
            self._require_held(register)
        with landing_lock(self.home, exclusive=True), recorder(self.home) as desk:
            offers = desk.land(self.act, rows)
            desk.serve()
        return offers

    def _require_held(self, register: str) -> None:
        if register not in self.registers:
            raise RuntimeError(f"{register} is recorded without its lock; held are {', '.join(self.registers)}")


@contextmanager
def acting_on(home: Home, registers: Sequence[str], act: Act) -> Iterator[Book]:
    """Read what registers hold and record what follows, with nobody in between.

    Without it two people who pay, approve or number at once would both see what neither has recorded yet. Files of
    these registers that wait in the inbox (recorded with ``write_record``, or of the core system) land first, so that
    they count.

    Raises:
        OsameError: who acts may not.
        StoreBusy: somebody else acts on one of the registers for too long.
    """
    from ingestion.inbox import Options, ingest

    with register_locks(home, registers):
        require_permitted(home, act)
        waiting = sorted(path for name in registers for path in home.inbox.glob(f"{name}_*.csv"))
        if waiting:
            list(ingest(home, waiting, Options(now=lambda: act.at)))
        yield Book(home, tuple(registers), act)
