"""The archive: accepted files as delivered, each encrypted with a key derived from landing's (AES-GCM)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from osame.files import write_whole
from osame.home import PRIVATE, Home
from osame.keys import landing_key

_NONCE = 12
_NAME, _SUFFIX = 200, 20  # bytes of a file name, of 255; characters of a suffix


def _cipher(home: Home) -> AESGCM:
    """A key of its own for files, so that no key serves two ciphers."""
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"osame archive")
    return AESGCM(derive.derive(landing_key(home).encode("ascii")))


def find(home: Home, sha256: str) -> Path | None:
    """The archived file with this content, or None."""
    return next(iter(home.archive.glob(f"*/*/{sha256}-*")), None)


def archived(home: Home) -> Iterator[tuple[str, str]]:
    """Content (sha256) and name of every archived file."""
    for path in home.archive.glob("*/*/*"):
        if not path.name.startswith("."):
            sha256, _, name = path.name.partition("-")
            yield sha256, name


def store(home: Home, data: bytes, sha256: str, name: str, landed_at: datetime) -> Path:
    """Write a file into the archive: wholly, or not at all. Content that is there already is left as it is."""
    existing = find(home, sha256)
    if existing is not None:
        return existing
    month = home.archive / f"{landed_at:%Y}" / f"{landed_at:%m}"
    month.mkdir(parents=True, exist_ok=True)
    for folder in (month, month.parent):
        folder.chmod(PRIVATE)
    target = month / short_name(f"{sha256}-{name}")
    nonce = os.urandom(_NONCE)
    write_whole(target, nonce, _cipher(home).encrypt(nonce, data, sha256.encode("ascii")))
    return target


def fetch(home: Home, path: Path) -> bytes:
    """The bytes of an archived file as they were delivered.

    Raises:
        cryptography.exceptions.InvalidTag: the file or its key is not the one it was written with.
    """
    blob = path.read_bytes()
    sha256 = path.name.split("-", 1)[0]
    return _cipher(home).decrypt(blob[:_NONCE], blob[_NONCE:], sha256.encode("ascii"))


def short_name(name: str) -> str:
    """A file name that the disk takes with the slips' and the partial's endings: cut before its suffix if need be."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _SUFFIX:
        stem, dot, suffix = name, "", ""
    ending = _utf8(dot + suffix)
    whole = _utf8(stem)[: _NAME - len(ending)].decode("utf-8", "ignore").encode("utf-8") + ending
    return os.fsdecode(whole)  # UTF-8 on the disk whatever the locale of this process


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def clear_partials(home: Home) -> None:
    """Remove what a killed write has left behind. The caller is the only writer: it holds landing exclusively."""
    for folder in (home.archive, home.rejected):
        for partial in folder.rglob(".*.partial"):
            partial.unlink(missing_ok=True)
