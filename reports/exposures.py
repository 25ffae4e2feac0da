"""``models/exposures.yml`` from the catalogue: which report reads which model, so that a change shows what it hurts.

``osame dbt ls --select fct_dues+ --resource-type exposure`` lists the reports that a change of a model reaches.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from osame.files import write_or_check
from osame.home import PROJECT
from reports.catalog import ReportEntry, load_catalog

TARGET = PROJECT / "models" / "exposures.yml"
_HEAD = "# Made from reports/catalog.yml and the notebooks by `make sources`: do not edit.\n"


def render() -> str:
    """The file's text."""
    content = {"version": 2, "exposures": [_exposure(entry) for entry in load_catalog().reports]}
    return _HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=140)


def _exposure(entry: ReportEntry) -> dict[str, Any]:
    return {
        "name": entry.id,
        "label": entry.title_ja,
        "type": "notebook",
        "description": f"notebooks/{entry.notebook}, for {entry.reader}",
        "owner": {"name": entry.owner},
        "depends_on": [f"ref('{table}')" for table in sorted(entry.tables)],
    }


def main(arguments: list[str], target: Path = TARGET) -> int:
    """Write the file, or with ``--check`` say whether it is what it should be."""
    return write_or_check(target, render(), arguments, "the catalogue and the notebooks")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
