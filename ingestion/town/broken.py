"""Files that must be refused, each made from a good one, with the finding that says why."""

from __future__ import annotations

import json
from pathlib import Path


def write_broken(files: Path, folder: Path, truth: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (truth / "broken.json").write_text(json.dumps({}), encoding="utf-8")
