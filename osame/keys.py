"""The keys: one for landing and its archive, one for the vault, one for the codes on certificates."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from osame.errors import OsameError
from osame.home import Home

_PUBLIC_BITS = 0o077


def landing_key(home: Home) -> str:
    """Opens landing.duckdb and the archived files: ``OSAME_KEY``, else a key file made on first use."""
    return _given("OSAME_KEY") or _key_file(home.keys / "landing.key", home.landing, home.archive.glob("*/*/*"))


def vault_key(home: Home) -> str:
    """Opens vault.duckdb: ``OSAME_VAULT_KEY``, else a key file made on first use. Never equal to landing's key."""
    return _given("OSAME_VAULT_KEY") or _key_file(home.keys / "vault.key", home.vault)


def certificate_key(home: Home) -> str:
    """Makes the codes on certificates: ``OSAME_CERTIFICATE_KEY``, else a key file made on first use.

    Without it no paper that was issued can be verified any more, so it is not made anew once there are papers.
    """
    return _given("OSAME_CERTIFICATE_KEY") or _key_file(home.keys / "certificates.key", home.documents / "certificate")


def _given(variable: str) -> str | None:
    text = os.environ.get(variable)
    return _checked(text, variable) if text else None


def _checked(text: str, where: str) -> str:
    """A key is one line of printable ASCII, ours or the office's: anything else is another file in its place.

    Raises:
        OsameError: it is none. What stands there is not told.
    """
    if not (text.isascii() and text.isprintable()):
        raise OsameError(
            f"{where} holds no key: found bytes that are no printable ASCII, expected one line of it",
            "put the key file back from its backup",
        )
    return text


def _key_file(path: Path, store: Path, others: Iterable[Path] = ()) -> str:
    """Read a key file of mode 0600, or make it with 256 random bits.

    Raises:
        OsameError: the file is readable by others or holds no key, or it is gone and what it opens is there.
    """
    try:
        text = path.read_bytes().decode("latin-1").strip()
    except FileNotFoundError:
        needing = store if store.exists() else next(iter(others), None)
        if needing is not None:
            raise OsameError(
                f"{path} is missing, and {needing.name} exists and needs it",
                "put the key file back from its backup, or set OSAME_KEYS to its folder",
            ) from None
        return _make(path)
    if path.stat().st_mode & _PUBLIC_BITS:
        raise OsameError(f"{path} can be read by others than its owner", f"chmod 600 {path}")
    if not text:
        raise OsameError(f"{path} is empty", "put the key file back from its backup")
    return _checked(text, str(path))


def _make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(32)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as handle:
        handle.write(key + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(partial, path)  # fails if another process was first: then its key is the key
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
    finally:
        partial.unlink()
    return key
