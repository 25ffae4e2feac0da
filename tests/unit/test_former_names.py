"""Names that people know by heart, or have in their settings, keep their meaning when the code renames a thing."""

from __future__ import annotations

from pathlib import Path

from osame.cli import ALIASES, COMMANDS, load
from osame.home import open_home
from warehouse.settings import load_settings


def test_a_former_name_of_a_command_is_the_command() -> None:
    assert ALIASES["inquire"] == "standing"
    assert load("inquire").help == load("standing").help != load("trace").help
    assert not set(ALIASES) & set(COMMANDS)


def test_a_permission_of_a_former_name_still_restricts(tmp_path: Path) -> None:
    """Else an office's rule would be forgotten by the way, and everybody could look."""
    home = open_home(tmp_path)
    home.settings_file.write_text("permissions: {inquiry: [clerk], approve: [head]}\n", encoding="utf-8")
    assert load_settings(home).permissions == {"standing": ["clerk"], "approve": ["head"]}
    home.settings_file.write_text("permissions: {standing: [head], inquiry: [clerk]}\n", encoding="utf-8")
    assert load_settings(home).permissions == {"standing": ["head"]}, "the name of today goes before"
