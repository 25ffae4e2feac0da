"""Where things are: the folders and stores below OSAME_HOME."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

CODE = Path(__file__).resolve().parent.parent  # where the packages are
IS_CHECKOUT = (CODE / "dbt_project.yml").exists()
PROJECT = CODE if IS_CHECKOUT else CODE / "osame" / "project"  # dbt's project and the notebooks
PRIVATE = 0o700
UNREADABLE_LIMITS: list[str] = []  # said when a store is opened: an import cannot say it in a sentence


def limit(variable: str, default: str, pattern: str) -> str:
    """A limit of the environment, or its default where that is unset or does not read (``UNREADABLE_LIMITS``)."""
    text = os.environ.get(variable) or default
    if re.fullmatch(pattern, text):
        return text
    UNREADABLE_LIMITS.append(f"{variable} is {text!r}, expected something like {default}")
    return default


@dataclass(frozen=True)
class Home:
    """One office's data: stores, folders and settings below ``root`` (``OSAME_HOME``, default ``./data``)."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def keys(self) -> Path:
        """Key files. ``OSAME_KEYS`` puts them on another disk than the data that they open."""
        folder = os.environ.get("OSAME_KEYS")
        return Path(folder) if folder else self.root / "keys"

    @property
    def layouts(self) -> Path:
        return self.root / "layouts"

    @property
    def law(self) -> Path:
        """Legal values that the office has added: what was announced after this version was made."""
        return self.root / "law"

    @property
    def work(self) -> Path:
        """Scratch of a running build; whatever is left there belongs to a run that was killed."""
        return self.root / "work"

    @property
    def documents(self) -> Path:
        """Documents that were issued. There are names in them: the portal does not list them."""
        return self.published / "documents"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def build_record(self) -> Path:
        """What became of the last build that was tried."""
        return self.logs / "last_build.json"

    @property
    def landing(self) -> Path:
        return self.root / "landing.duckdb"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def vault(self) -> Path:
        return self.root / "vault.duckdb"

    @property
    def settings_file(self) -> Path:
        return self.root / "osame.yml"

    def make_private(self, folder: Path) -> Path:
        """Make a folder of this home that only its owner may open. One that is so already is not touched."""
        folder.mkdir(parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != PRIVATE:
            folder.chmod(PRIVATE)
        return folder

    def create(self) -> Home:
        """Make the folders that are missing; those that hold delivered files or keys are 0700."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.published.mkdir(exist_ok=True)
        for folder in (self.inbox, self.archive, self.rejected, self.keys, self.work):
            self.make_private(folder)
        return self


def find_home(path: str | Path | None = None) -> Home:
    """The home at ``path``, else ``OSAME_HOME``, else ``./data``. Nothing is written: a reader needs no leave to."""
    return Home(Path(path or os.environ.get("OSAME_HOME") or "data").resolve())


def open_home(path: str | Path | None = None) -> Home:
    """The same home for a command that writes; its folders exist afterwards."""
    return find_home(path).create()
