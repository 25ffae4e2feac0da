"""A home outlives the installation that built it: the next one stands in another folder, and the old one is gone."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from osame.home import PROJECT, Home
from tests.fixtures.office import BuiltTown
from warehouse import build as builds

PARTS = ("models", "tests/dbt", "warehouse/macros", "warehouse/seeds", "ingestion/macros")
FILES = ("dbt_project.yml", "warehouse/profiles.yml")


def parsed_in(home: Home, monkeypatch: pytest.MonkeyPatch, project: Path) -> set[str]:
    """Where dbt, run by the installation in that folder, looks for the rows of the seeds."""
    monkeypatch.setattr(builds, "PROJECT", project)
    with builds.dbt_session(home, date(2026, 5, 31)) as (environment, arguments):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result: Any = dbtRunner().invoke(["--quiet", "--log-level", "none", "parse", *arguments])
    builds._forget_connection()
    assert result.success, result.exception
    return {node.root_path for node in result.result.nodes.values() if node.resource_type == "seed"}


def test_what_another_installation_has_parsed_is_parsed_anew(
    built_town: BuiltTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its seeds would be looked for in the folder that is gone: no build would ever succeed again."""
    home = Home(tmp_path / "home")
    left_out = shutil.ignore_patterns("archive", "warehouse.duckdb", "dbt")
    shutil.copytree(built_town.home.root, home.root, ignore=left_out)
    old = tmp_path / "old"
    for part in PARTS:
        shutil.copytree(PROJECT / part, old / part)
    for name in FILES:
        shutil.copy(PROJECT / name, old / name)
    assert parsed_in(home, monkeypatch, old) == {str(old)}
    shutil.rmtree(old)
    assert parsed_in(home, monkeypatch, PROJECT) == {str(PROJECT)}
