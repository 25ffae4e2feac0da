"""Files that come to be whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def write_whole(target: Path, *parts: bytes) -> None:
    """Write beside the target, flush to disk, rename: a reader sees the old state or the whole file."""
    partial = target.with_name(f".{target.name[:40]}.{os.getpid()}.partial")
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(fd, "wb") as handle:
            for part in parts:
                handle.write(part)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(target)
        _flush_folder(target.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    """The rename itself is on the disk before the delivered file is removed from the inbox."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_or_check(target: Path, text: str, arguments: Sequence[str], made_from: str) -> int:
    """Write a generated file, or with ``--check`` tell whether it is what it is made from. Returns the exit code."""
    if "--check" not in arguments:
        target.write_text(text, encoding="utf-8")
    elif not target.exists() or target.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{target} differs from {made_from} -- run: make sources\n")
        return 1
    return 0
