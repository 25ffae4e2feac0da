"""Files that come to be whole or not at all."""

from __future__ import annotations

import os
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
