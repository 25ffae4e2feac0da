"""Which code this is."""

from __future__ import annotations

import subprocess
from importlib.metadata import version

from osame.home import CODE, IS_CHECKOUT


def code_version() -> str:
    """The commit that this code is at, or the installed version where there is no checkout."""
    if not IS_CHECKOUT:  # a folder above may be somebody's repository, but not ours
        return version("osame")
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(CODE), "rev-parse", "--short=12", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return version("osame")
    return done.stdout.strip()
