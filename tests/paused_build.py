"""A build that waits before its first model until it is told to go on. Run as a program: nothing here is a test.

``python -m tests.paused_build HOME DAY`` prints ``paused``, and goes on when a line comes in.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import warehouse.build
from warehouse.config import open_home


def main(home: Path, day: date) -> None:
    run_dbt = warehouse.build._run_dbt

    def wait_first(*words: Any) -> Any:
        print("paused", flush=True)
        sys.stdin.readline()
        return run_dbt(*words)

    warehouse.build._run_dbt = wait_first
    warehouse.build.build(open_home(home), day, with_tests=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
